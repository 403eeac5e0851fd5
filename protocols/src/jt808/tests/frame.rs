use proptest::prelude::*;

use super::*;
use crate::framing::Frame;
use crate::jt808::tests::{Sample, bytes, cut_in, sample, samples};

fn escaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    escape(bytes, &mut out);
    out
}

fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    unescape(bytes, memchr::memchr(ESCAPE, bytes).unwrap_or(bytes.len()), &mut out);
    out
}

/// Also the row of kind `frame` in `fixtures/jt808/frames.jsonl`.
#[test]
fn the_standards_escape_example() {
    let (plain, wire) = (bytes("307e087d55"), bytes("307d02087d0155"));
    assert_eq!(escaped(&plain), wire);
    assert_eq!(unescaped(&wire), plain);
}

#[test]
fn a_lone_escape_stays_as_it_is() {
    assert_eq!(unescaped(&bytes("7d037d")), bytes("7d037d"));
    assert_eq!(unescaped(&bytes("7d7d01")), bytes("7d7d"));
}

#[test]
fn all_samples_in_one_stream_are_cut_the_same_however_they_arrive() {
    let stream: Vec<u8> = samples().into_iter().flat_map(|sample| sample.wire).collect();
    let whole = cut_in(&stream, &[usize::MAX]).unwrap();
    // 97 samples, two of them with two frames; O6 is the one with a wrong checksum.
    assert_eq!((whole.len(), whole.iter().filter(|frame| frame.is_err()).count()), (99, 1));
    assert_eq!(cut_in(&stream, &[1]).unwrap(), whole);
    for size in 2..64 {
        assert_eq!(cut_in(&stream, &[size]).unwrap(), whole, "reads of {size}");
    }
}

#[test]
fn nothing_of_an_idle_connection_stays_behind() {
    let mut framer = Jt808Framer::new(&Limits::default());
    let (wire, mut scratch) = (sample("F9"), Vec::new());
    let cut = framer.cut(&wire, &mut scratch).unwrap();
    assert_eq!(cut.consumed, wire.len());
    assert_eq!(framer.cut(&[DELIMITER; 9], &mut scratch).unwrap(), Cut::skip(9));
}

#[test]
fn a_frame_without_escapes_is_borrowed() {
    let mut framer = Jt808Framer::new(&Limits::default());
    let (wire, mut scratch) = (sample("F12"), Vec::new());
    assert!(
        matches!(framer.cut(&wire, &mut scratch).unwrap().frame, Some(Frame::Valid(frame)) if frame.len() == 12)
    );
    assert!(scratch.is_empty() && scratch.capacity() == 0);
}

#[test]
fn a_segment_without_end_is_skipped_to_the_next_delimiter() {
    let stream = [&[DELIMITER][..], &[0x55; 5000], &sample("F12"), &sample("F9")].concat();
    for sizes in [&[usize::MAX][..], &[1], &[4096], &[4097]] {
        assert_eq!(cut_in(&stream, sizes).unwrap().len(), 2, "{sizes:?}");
    }
}

#[test]
fn garbage_ends_the_connection_and_a_valid_frame_forgives_it() {
    let limit = Limits::default().max_garbage;
    for filler in [DELIMITER, 0x55] {
        let garbage = vec![filler; limit + 1];
        for sizes in [&[usize::MAX][..], &[1000]] {
            let error = cut_in(&garbage, sizes).unwrap_err();
            assert!(matches!(error, FramingError::Garbage { .. }));
        }
    }
    let half = [vec![0x55; limit / 2], sample("F12")].concat();
    assert_eq!(cut_in(&half.repeat(3), &[777]).unwrap().len(), 3);
    // Frames with a wrong checksum are no excuse.
    let wrong = sample("O6").repeat(limit / 15 + 1);
    assert!(matches!(cut_in(&wrong, &[usize::MAX]), Err(FramingError::Garbage { .. })));
}

#[test]
fn other_protocols_are_told_apart_by_their_first_bytes() {
    for start in ["(0123", "*HQ,", "$$", "[3G*", "xx\x01", "GET / HTTP/1.1", "POST /"] {
        assert!(
            matches!(cut_in(start.as_bytes(), &[1]), Err(FramingError::Foreign { .. })),
            "{start}"
        );
        assert_eq!(detect(start.as_bytes()), Detection::No, "{start}");
    }
    let noise = [b"x\r\nGE\n".to_vec(), sample("F12")].concat();
    assert_eq!(cut_in(&noise, &[1]).unwrap().len(), 1);
    // Later such bytes are only noise.
    let later = [sample("F12"), b"GET / HTTP/1.1\r\n".to_vec(), sample("F12")].concat();
    assert_eq!(cut_in(&later, &[3]).unwrap().into_iter().flatten().count(), 2);
}

#[test]
fn a_connection_is_recognised_by_its_first_header() {
    // O6 has a wrong checksum, O7 and O8 are streams.
    let up = |sample: &&Sample| matches!(sample.wire[1], 0..8 | 0x60) && sample.tag != "O6";
    for sample in samples().iter().filter(up) {
        let mut seen = Detection::Maybe;
        for end in 1..=sample.wire.len() {
            let now = detect(&sample.wire[..end]);
            assert_ne!(now, Detection::No, "{} at {end}", sample.tag);
            assert!(seen == Detection::Maybe || now == Detection::Yes, "{} at {end}", sample.tag);
            seen = now;
        }
        assert_eq!(seen, Detection::Yes, "{}", sample.tag);
    }
    assert_eq!(detect(b"\r\n\x7e\x7e"), Detection::Maybe);
    assert_eq!(detect(&[DELIMITER, 0xff, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Detection::No);
}

#[test]
fn ndtp_begins_with_two_delimiters_and_is_another_protocol() {
    // Its login says 10 or 59 bytes of body: the former would be a terminal's message id.
    for length in [10, 59] {
        let mut login =
            [&[DELIMITER, DELIMITER, length][..], &[0, 2, 0, 0x0e, 0x54, 2], &[0; 8]].concat();
        login.extend_from_slice(&[100, 0, 1, 0, 0, 0]);
        for end in 1..=login.len() {
            let expected = if end < 19 { Detection::Maybe } else { Detection::No };
            assert_eq!(detect(&login[..end]), expected, "{end} bytes");
        }
    }
    // A heartbeat behind an idle delimiter, of the phone that looks most like it.
    let content = [0, 2, 0, 0, 1, 0x39, 2, 0, 0, 0, 0, 0];
    let heartbeat =
        [&[DELIMITER, DELIMITER], &content[..], &[checksum(&content), DELIMITER]].concat();
    assert_eq!(detect(&heartbeat), Detection::Yes);
}

proptest! {
    #[test]
    fn escaping_comes_back(plain in proptest::collection::vec(prop_oneof![Just(0x7e), Just(0x7d), any::<u8>()], 0..200)) {
        let wire = escaped(&plain);
        prop_assert!(!wire.contains(&DELIMITER));
        prop_assert_eq!(unescaped(&wire), plain);
    }

    #[test]
    fn no_bytes_disturb_the_framer(
        stream in proptest::collection::vec(prop_oneof![Just(0x7e), Just(0x7d), Just(1), Just(2), any::<u8>()], 0..3000),
        sizes in proptest::collection::vec(1_usize..300, 1..20),
    ) {
        let whole = cut_in(&stream, &[usize::MAX]);
        let pieces = cut_in(&stream, &sizes);
        prop_assert_eq!(whole.is_ok(), pieces.is_ok());
        prop_assert_eq!(whole.ok(), pieces.ok());
    }
}
