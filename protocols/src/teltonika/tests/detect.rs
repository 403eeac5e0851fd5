//! Which connections are of this protocol.

use super::super::Teltonika;
use super::bytes;
use super::samples::{T1, T2};
use crate::protocol::{Detection, Protocol};

#[test]
fn a_connection_begins_with_the_imei() {
    let whole = bytes(T1);
    assert_eq!(Teltonika.detect(&whole), Detection::Yes);
    for length in 1..whole.len() {
        assert_eq!(Teltonika.detect(&whole[..length]), Detection::Maybe, "{length}");
    }
    let early = [&[0xff, 0xff], &whole[..]].concat();
    assert_eq!(Teltonika.detect(&early), Detection::Yes);
    assert_eq!(Teltonika.detect(&[&whole[..], &bytes(T2)].concat()), Detection::Yes);
}

#[test]
fn nothing_else_does() {
    for start in [
        &b"\x00\x0f35a"[..],
        b"\x00\x00\x00\x00",
        b"\x00\x07123",
        b"\x00\x21123",
        b"#L#",
        b"\x7e",
        b"\x01",
        b"\x16\x03\x01",
        b"\xff\x12\x00\x78\xda",
        &[0xff; 17],
    ] {
        assert_eq!(Teltonika.detect(start), Detection::No, "{}", start.escape_ascii());
    }
}
