//! Cutting, and telling a connection's protocol.

use super::super::frame::{GalileoskyFramer, detect};
use super::hex;
use crate::framing::{Cut, Framer, FramingError, Limits};
use crate::protocol::Detection;

const HEAD: &str = "01 17 00 01 82 02 12 03 383638333435303332303635303030 04 32 00 AE 9B";

fn cut(input: &[u8]) -> Result<Option<usize>, FramingError> {
    let (mut framer, mut scratch) = (GalileoskyFramer::new(&Limits::default()), Vec::new());
    let cut = framer.cut(input, &mut scratch)?;
    Ok((cut != Cut::WAIT).then_some(cut.consumed))
}

#[test]
fn lengths_are_low_byte_first_and_their_top_bit_is_not_length() {
    assert_eq!(cut(&[0x01, 0x00, 0x80, 0x20, 0x00]), Ok(Some(5)));
    assert_eq!(cut(&[0x01, 0x01, 0x80, 0x20, 0x00]), Ok(None));
    assert_eq!(cut(&[0x02, 0x34]), Ok(None));
    assert_eq!(cut(&[0x02, 0x34, 0x12, 0x02]), Ok(Some(3)));
}

#[test]
fn a_length_beyond_the_limit_ends_a_stream() {
    assert_eq!(cut(&[0x01, 0x00, 0x3f]), Ok(None), "a satellite modem's, perhaps");
    assert_eq!(cut(&hex("01 00 3f 01 00 1d")), Err(FramingError::Foreign { first: 1 }));
    assert_eq!(cut(&hex("06 00 3f")), Err(FramingError::Foreign { first: 6 }));
    let mut framer = GalileoskyFramer::new(&Limits::default());
    framer.cut(&hex("02 00 00"), &mut Vec::new()).unwrap();
    assert_eq!(
        framer.cut(&hex("06 00 3f"), &mut Vec::new()),
        Err(FramingError::Oversize { declared: 0x3f05, limit: 4096 })
    );
}

#[test]
fn other_bytes_are_another_protocol_or_noise() {
    assert_eq!(cut(b"#L#"), Err(FramingError::Foreign { first: b'#' }));
    let limits = Limits { max_garbage: 4, ..Limits::default() };
    let mut framer = GalileoskyFramer::new(&limits);
    framer.cut(&hex("02 00 00"), &mut Vec::new()).unwrap();
    for _ in 0..4 {
        assert_eq!(framer.cut(&[0xff], &mut Vec::new()), Ok(Cut::skip(1)));
    }
    assert_eq!(
        framer.cut(&[0xff], &mut Vec::new()),
        Err(FramingError::Garbage { skipped: 5, limit: 4 })
    );
}

#[test]
fn a_head_packet_is_told_from_egts_and_others() {
    for (start, detection) in [
        ("01", Detection::Maybe),
        ("01 17 00", Detection::Maybe),
        ("01 17 00 01 82 02 12", Detection::Maybe),
        (HEAD, Detection::Yes),
        ("01 20 00 03 31", Detection::Yes),
        ("01 20 00 03 41", Detection::No),
        ("01 cf 03 04 46 ba", Detection::Maybe),
        ("01 cf 03 04 46 ba 10", Detection::Yes),
        ("01 20 83 02 12 03 38", Detection::Yes),
        // EGTS: protocol version, key, flags, length of the header.
        ("01 00 00 0b 00", Detection::No),
        ("01 00 03 0b", Detection::No),
        ("01 00 03 10", Detection::No),
        // A satellite modem.
        ("01 00 3f 01 00 1c", Detection::No),
        ("00 0f 33 35", Detection::No),
        ("7e 01 02", Detection::No),
    ] {
        assert_eq!(detect(&hex(start)), detection, "{start}");
    }
}
