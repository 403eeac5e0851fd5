//! The frames of the specification, section 9, by their numbers.

/// IMEI handshake.
pub(super) const T1: &str = "\
    00 0f 33 35 36 33 30 37 30 34 32 34 34 31 30 31 33 \
    ";
/// Codec 8, one record.
pub(super) const T2: &str = "\
    00 00 00 00 00 00 00 36 08 01 00 00 01 6b 40 d8 ea 30 01 00 00 00 00 00 00 00 00 00 00 00 \
    00 00 00 00 01 05 02 15 03 01 01 01 42 5e 0f 01 f1 00 00 60 1a 01 4e 00 00 00 00 00 00 00 \
    00 01 00 00 c7 cf \
    ";
/// Codec 8, two records.
pub(super) const T3: &str = "\
    00 00 00 00 00 00 00 43 08 02 00 00 01 6b 40 d5 7b 48 01 00 00 00 00 00 00 00 00 00 00 00 \
    00 00 00 00 01 01 01 01 00 00 00 00 00 00 01 6b 40 d5 c1 98 01 00 00 00 00 00 00 00 00 00 \
    00 00 00 00 00 00 01 01 01 01 01 00 00 00 02 00 00 25 2c \
    ";
/// Codec 8 Extended, one record.
pub(super) const T4: &str = "\
    00 00 00 00 00 00 00 4a 8e 01 00 00 01 6b 41 2c ee 00 01 00 00 00 00 00 00 00 00 00 00 00 \
    00 00 00 00 00 01 00 05 00 01 00 01 01 00 01 00 11 00 1d 00 01 00 10 01 5e 2c 88 00 02 00 \
    0b 00 00 00 00 35 44 c8 7a 00 0e 00 00 00 00 1d d7 e0 6a 00 00 01 00 00 29 94 \
    ";
/// Codec 8 Extended with iButton (IO 78) and barcode (IO 264, X-byte).
pub(super) const T5: &str = "\
    00 00 00 00 00 00 00 43 8e 01 00 00 01 9b c0 c6 9b 40 01 0f 14 f6 50 20 9c ca 80 00 6f 00 \
    d6 09 00 36 00 4e 00 04 00 02 00 ef 01 00 f0 01 00 00 00 00 00 01 00 4e e7 00 00 19 4a 2f \
    21 01 00 01 01 08 00 06 51 52 2d 30 30 37 01 00 00 24 a6 \
    ";
/// Codec 16, two records.
pub(super) const T6: &str = "\
    00 00 00 00 00 00 00 5f 10 02 00 00 01 6b db c7 83 30 00 00 00 00 00 00 00 00 00 00 00 00 \
    00 00 00 00 00 0b 05 04 02 00 01 00 00 03 00 02 00 0b 00 27 00 42 56 3a 00 00 00 00 01 6b \
    db c7 87 18 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 0b 05 04 02 00 01 00 00 03 \
    00 02 00 0b 00 26 00 42 56 3a 00 00 02 00 00 5f b3 \
    ";
/// Codec 12 command "getinfo".
pub(super) const T7: &str = "\
    00 00 00 00 00 00 00 0f 0c 01 05 00 00 00 07 67 65 74 69 6e 66 6f 01 00 00 43 12 \
    ";
/// Codec 12 response.
pub(super) const T8: &str = "\
    00 00 00 00 00 00 00 37 0c 01 06 00 00 00 2f 44 49 31 3a 31 20 44 49 32 3a 30 20 44 49 33 \
    3a 30 20 41 49 4e 31 3a 30 20 41 49 4e 32 3a 31 36 39 32 34 20 44 4f 31 3a 30 20 44 4f 32 \
    3a 31 01 00 00 66 e3 \
    ";
/// Codec 12 carrying FMI to a Garmin (type 0x07), A604 text.
pub(super) const T9: &str = "\
    00 00 00 00 00 00 00 36 0c 01 07 00 00 00 2e 10 a1 28 2a 00 88 59 cb 43 04 00 00 00 00 00 \
    30 39 00 00 00 00 00 00 00 00 00 00 00 00 43 61 6c 6c 20 64 69 73 70 61 74 63 68 00 c5 10 \
    03 01 00 00 97 76 \
    ";
/// Codec 12 carrying FMI from a Garmin (type 0x06), A604 receipt.
pub(super) const T10: &str = "\
    00 00 00 00 00 00 00 30 0c 01 06 00 00 00 28 10 06 02 a1 00 57 10 03 10 a1 1a 2b 00 88 59 \
    cb 43 04 01 00 00 00 00 30 39 00 00 00 00 00 00 00 00 00 00 00 00 bd 10 03 01 00 00 c6 67 \
    ";
/// Codec 12 to the serial port (type 0x0E), ASCII text line.
pub(super) const T11: &str = "\
    00 00 00 00 00 00 00 17 0c 01 0e 00 00 00 0f 43 61 6c 6c 20 64 69 73 70 61 74 63 68 0d 0a \
    01 00 00 dd 48 \
    ";
/// Codec 13 serial data with timestamp.
pub(super) const T12: &str = "\
    00 00 00 00 00 00 00 13 0d 01 06 00 00 00 0b 0a 81 c3 20 67 65 74 69 6e 66 6f 01 00 00 1d \
    6b \
    ";
/// Codec 14 command "getver".
pub(super) const T13: &str = "\
    00 00 00 00 00 00 00 16 0e 01 05 00 00 00 0e 03 52 09 30 81 45 22 51 67 65 74 76 65 72 01 \
    00 00 d2 c1 \
    ";
/// Codec 14 NACK (IMEI does not match).
pub(super) const T14: &str = "\
    00 00 00 00 00 00 00 10 0e 01 11 00 00 00 08 03 52 09 30 85 69 82 06 01 00 00 70 6b \
    ";
/// Codec 15 serial data with timestamp and IMEI.
pub(super) const T15: &str = "\
    00 00 00 00 00 00 00 21 0f 01 0b 00 00 00 19 69 68 a5 88 03 52 09 30 85 69 82 06 47 61 74 \
    65 20 33 20 6f 70 65 6e 0d 0a 01 00 00 99 1a \
    ";
/// Codec 12 configuration command.
pub(super) const T16: &str = "\
    00 00 00 00 00 00 00 17 0c 01 05 00 00 00 0f 73 65 74 70 61 72 61 6d 20 32 30 32 30 3a 30 \
    01 00 00 b4 47 \
    ";
/// UDP datagram, Codec 8.
pub(super) const T17: &str = "\
    00 3d ca fe 01 05 00 0f 33 35 32 30 39 33 30 38 36 34 30 33 36 35 35 08 01 00 00 01 6b 4f \
    81 5b 30 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 03 02 15 03 01 01 01 42 5d bc \
    00 00 01 \
    ";
/// UDP acknowledgement.
pub(super) const T18: &str = "\
    00 05 ca fe 01 05 01 \
    ";
/// Keep-alive byte.
pub(super) const T19: &str = "\
    ff \
    ";
