//! Garmin FMI through the tracker: `>RFM.,hex;…<` up and, in the same form, `>SFM.,hex<` down (FMI carriers specification,
//! section 5).
//!
//! A word instead of digits says that the navigator was unplugged, or that it is ready.
//!
//! The bytes are packet id, size and payload: the tracker adds and removes framing, checksum and stuffing, and acknowledges on
//! the cable.

use bytes::Bytes;

use super::encode;
use super::message::Message;

/// What stands before the digits.
const MARK: &[u8] = b".,";

/// The bytes of an `RFM` or `SFM`; `None` for anything else, such as the word that the cable was unplugged.
pub(crate) fn unwrap(message: &Message<'_>) -> Option<Vec<u8>> {
    let ([b'R' | b'S', b'F', b'M'], Some(digits)) = (message.name, message.data.strip_prefix(MARK))
    else {
        return None;
    };
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() || pairs.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| u8::try_from(nibble(high)? * 16 + nibble(low)?).ok()).collect()
}

/// A whole frame with a packet for the navigator.
pub(crate) fn wrap(packet: &[u8]) -> Bytes {
    encode::plain(&[&b"SFM"[..], &digits(packet)].concat())
}

/// The data of an `RFM` or `SFM` with this packet.
pub(crate) fn digits(packet: &[u8]) -> Vec<u8> {
    let digits = packet.iter().flat_map(|byte| format!("{byte:02X}").into_bytes());
    MARK.iter().copied().chain(digits).collect()
}

/// Whether a word of the tracker says that the navigator was unplugged; any other says that it is ready.
pub(crate) fn unplugged(message: &Message<'_>) -> bool {
    memchr::memmem::find(message.data, b"DISCONNECT").is_some()
}
