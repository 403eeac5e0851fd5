//! Cutting, checksums, and telling a connection's protocol.

use super::super::Taip;
use super::super::frame::{TaipFramer, checksum};
use super::super::message::Rule;
use super::frames;
use crate::framing::{Framer, FramingError, Limits};
use crate::protocol::{Detection, Protocol};

#[test]
fn the_rules_differ_by_the_star() {
    let covered = b"RPV03874+3477708-0923453100029212;ID=0017;";
    assert_eq!((checksum(covered, Rule::A), checksum(covered, Rule::B)), (0x71, 0x5b));
}

#[test]
fn frames_are_what_stands_between_the_signs() {
    let (seen, left) = frames(b"12345\r\n>QVR<>RVR; x< \n>RTXa<\0>STX");
    let expected = ["QVR", "RVR; x", "RTXa"].map(str::to_owned);
    assert_eq!((seen, left), (expected.to_vec(), 4));
}

#[test]
fn a_new_beginning_ends_what_has_no_end() {
    assert_eq!(frames(b">REV;ID=Test\r\n>QVR<").0, ["REV;ID=Test", "QVR"]);
}

#[test]
fn blanks_at_the_end_belong_to_a_text() {
    assert_eq!(frames(b">RTXa <>RTXb \r\n>QVR<").0, ["RTXa ", "RTXb", "QVR"]);
}

#[test]
fn either_checksum_is_right_and_no_other() {
    let frame = |sum: &str| format!(">RPV03874+3477708-0923453100029212;ID=0017;*{sum}<");
    for (sum, right) in [("71", true), ("5B", true), ("5b", true), ("70", false), ("00", false)] {
        let seen = frames(frame(sum).as_bytes()).0;
        assert_eq!(!seen[0].starts_with("rejected"), right, "{sum}: {seen:?}");
    }
    // What is no checksum is none.
    assert_eq!(frames(b">RTXa*b<").0, ["RTXa*b"]);
}

#[test]
fn an_oversized_frame_is_skipped_to_its_end() {
    let long = [&b">RTX"[..], &[b'x'; 3000], b"<>QVR<"].concat();
    assert_eq!(frames(&long).0, ["rejected: frame is longer than 1024 bytes", "QVR"]);
    let unended = [&b">RTX"[..], &[b'x'; 3000], b">QVR<"].concat();
    assert_eq!(frames(&unended).0, ["rejected: frame is longer than 1024 bytes", "QVR"]);
    let full = [&b">"[..], &[b'x'; 1024], b"<"].concat();
    assert_eq!(frames(&full).0[0].len(), 1024);
}

#[test]
fn endless_noise_ends_a_connection() {
    let limits = Limits { max_garbage: 10, ..Limits::default() };
    let mut framer = TaipFramer::new(&limits);
    assert_eq!(
        framer.cut(&[b'x'; 11], &mut Vec::new()),
        Err(FramingError::Garbage { skipped: 11, limit: 10 })
    );
}

#[test]
fn a_report_tells_the_protocol() {
    for (start, detection) in [
        (&b">"[..], Detection::Maybe),
        (b"\r\n>R", Detection::Maybe),
        (b">RE", Detection::Maybe),
        (b">REV", Detection::Yes),
        (b"\r\n>RPV", Detection::Yes),
        (b">QVR", Detection::No),
        (b">rev", Detection::No),
        (b"#L#", Detection::No),
        (b"+RESP", Detection::No),
    ] {
        assert_eq!(Taip.detect(start), detection, "{}", start.escape_ascii());
    }
}
