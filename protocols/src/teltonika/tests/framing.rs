//! The framer, from both sides.

use super::super::frame::{TeltonikaFramer, enclose};
use super::samples::{T1, T2, T7, T19};
use super::{bytes, cut_all};
use crate::framing::{Cut, Frame, Framer, FramingError, Limits};

fn all(stream: &[u8]) -> (Vec<String>, Result<usize, FramingError>) {
    cut_all(stream, &Limits::default())
}

fn stream(parts: &[&str]) -> Vec<u8> {
    parts.iter().flat_map(|part| bytes(part)).collect()
}

#[test]
fn keep_alives_are_skipped_wherever_a_frame_may_begin() {
    let (seen, end) = all(&stream(&[T19, T19, T1, T19, T2, "ffff", T2, T19]));
    assert_eq!((seen, end), (vec!["17 bytes".into(), "66 bytes".into(), "66 bytes".into()], Ok(0)));
}

#[test]
fn nothing_but_frames_follows_the_handshake() {
    for (behind, error) in [
        ("0007", FramingError::Garbage { skipped: 1, limit: 0 }),
        ("000f 313233 00", FramingError::Garbage { skipped: 1, limit: 0 }),
        ("01", FramingError::Garbage { skipped: 1, limit: 0 }),
        ("000001", FramingError::Garbage { skipped: 1, limit: 0 }),
        ("1603", FramingError::Foreign { first: 0x16 }),
    ] {
        let (seen, end) = all(&stream(&[T1, behind]));
        assert_eq!((seen, end), (vec!["17 bytes".into()], Err(error)), "{behind}");
    }
}

#[test]
fn a_handshake_may_come_again() {
    let (seen, end) = all(&stream(&[T1, T1, T2]));
    assert_eq!((seen, end), (vec!["17 bytes".into(), "17 bytes".into(), "66 bytes".into()], Ok(0)));
}

#[test]
fn what_is_no_handshake_belongs_to_somebody_else() {
    for (start, first) in
        [("160301", 0x16), ("0007", 0), ("0021", 0), ("7e", 0x7e), ("234c23", 0x23)]
    {
        assert_eq!(
            all(&bytes(start)),
            (Vec::new(), Err(FramingError::Foreign { first })),
            "{start}"
        );
    }
}

#[test]
fn a_length_beyond_the_limit_ends_the_connection_before_it_is_waited_for() {
    let (_, end) = all(&stream(&[T1, "00000000 00010001"]));
    assert_eq!(end, Err(FramingError::Oversize { declared: 65_537, limit: 65_536 }));
    let (_, end) = all(&stream(&[T1, "00000000 00010000"]));
    assert_eq!(end, Ok(8));
    let tight = Limits { max_frame: 100, ..Limits::default() };
    let (_, end) = cut_all(&stream(&[T1, "00000000 00000059"]), &tight);
    assert_eq!(end, Err(FramingError::Oversize { declared: 89, limit: 88 }));
}

#[test]
fn a_frame_too_short_for_a_codec_is_rejected_and_the_stream_goes_on() {
    let (seen, end) = all(&stream(&[T1, "00000000 00000002 0800 0000 0000", T2]));
    assert_eq!(seen[1..], ["frame of 2 bytes is shorter than 3", "66 bytes"]);
    assert_eq!(end, Ok(0));
}

#[test]
fn the_checksums_field_has_four_bytes() {
    let mut frame = bytes(T2);
    let at = frame.len() - 4;
    frame[at] = 1;
    let (seen, _) = all(&[bytes(T1), frame].concat());
    assert_eq!(seen[1], "checksum is 0x100c7cf, expected 0xc7cf");
}

#[test]
fn endless_keep_alives_are_ended() {
    let limits = Limits { max_garbage: 100, ..Limits::default() };
    let (_, end) = cut_all(&[0xff; 101], &limits);
    assert_eq!(end, Err(FramingError::Garbage { skipped: 101, limit: 100 }));
    let whole = [&[0xff; 100], &bytes(T1)[..], &[0xff; 100]].concat();
    assert_eq!(cut_all(&whole, &limits), (vec!["17 bytes".into()], Ok(0)));
}

/// What a device reads from a platform.
fn downlink(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut framer = TeltonikaFramer::new(&Limits::default());
    let (mut scratch, mut seen, mut rest) = (Vec::new(), Vec::new(), stream);
    loop {
        match framer.cut(rest, &mut scratch).unwrap() {
            Cut { consumed: 0, .. } => return seen,
            Cut { consumed, frame } => {
                rest = &rest[consumed..];
                if let Some(Frame::Valid(frame)) = frame {
                    seen.push(frame.to_vec());
                }
            }
        }
    }
}

#[test]
fn a_device_tells_counts_from_commands() {
    let parts = ["01", "00000002", T7, "00000000", "00000001", "00000000", T7, T7, "000000ff"];
    let expected: Vec<_> = parts.iter().map(|part| bytes(part)).collect();
    assert_eq!(downlink(&stream(&parts)), expected);
    // A count of nothing could be a preamble until more comes.
    assert_eq!(downlink(&stream(&["01", "00000000"])), [bytes("01")]);
}

#[test]
fn an_enclosed_frame_is_a_frame() {
    let (seen, end) = all(&[bytes(T1), enclose(&[8, 0, 0])].concat());
    assert_eq!((seen[1].as_str(), end), ("15 bytes", Ok(0)));
}
