//! The framer on what the streams of real devices hold, and on what attackers send.

use super::super::frame::IpsFramer;
use crate::framing::{Frame, Framer, FramingError, Limits, Rejection};

/// A frame, owned.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Valid(Vec<u8>),
    Rejected(Vec<u8>, Rejection),
}

fn valid(bytes: impl AsRef<[u8]>) -> Seen {
    Seen::Valid(bytes.as_ref().to_vec())
}

fn small() -> Limits {
    Limits { max_frame: 64, max_garbage: 16, ..Limits::default() }
}

/// Everything that comes out when `stream` arrives in pieces of `step` bytes, and what is left in the buffer.
fn cut(stream: &[u8], step: usize, limits: &Limits) -> (Vec<Seen>, Result<usize, FramingError>) {
    let mut framer = IpsFramer::new(limits);
    let (mut buffer, mut scratch, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    for piece in stream.chunks(step) {
        buffer.extend_from_slice(piece);
        loop {
            let cut = match framer.cut(&buffer, &mut scratch) {
                Ok(cut) => cut,
                Err(error) => return (seen, Err(error)),
            };
            match cut.frame {
                Some(Frame::Valid(frame)) => seen.push(valid(frame)),
                Some(Frame::Rejected { raw, reason }) => {
                    seen.push(Seen::Rejected(raw.to_vec(), reason));
                }
                None => {}
            }
            match cut.consumed {
                0 => break,
                consumed => drop(buffer.drain(..consumed)),
            }
        }
        assert!(scratch.capacity() <= limits.max_frame);
    }
    (seen, Ok(buffer.len()))
}

fn cut_whole(stream: &[u8], limits: &Limits) -> (Vec<Seen>, Result<usize, FramingError>) {
    let whole = cut(stream, stream.len().max(1), limits);
    for step in [1, 2, 3, 7] {
        assert_eq!(cut(stream, step, limits).0, whole.0, "in pieces of {step}");
    }
    whole
}

#[test]
fn line_ends_of_all_kinds_leave_nothing_behind() {
    let (seen, left) =
        cut_whole(b"#P#\r\n\0#P#\n\0\r\n  #M#a b\r\nreset 1\r\n\0", &Limits::default());
    assert_eq!(seen, [valid("#P#"), valid("#P#"), valid("#M#a b"), valid("reset 1")]);
    assert_eq!(left, Ok(0));
}

#[test]
fn binary_bytes_behind_a_line_may_look_like_lines() {
    let stream = b"#I#7;0;0;NA;NA;a;FFFF\r\n#P#\r\n\xff\0#T#7;3;0\n\r\n\n#US#0\r\n#P#\r\n";
    let (seen, left) = cut_whole(stream, &Limits::default());
    assert_eq!(
        seen,
        [
            valid(b"#I#7;0;0;NA;NA;a;FFFF\r\n#P#\r\n\xff\0"),
            valid(b"#T#7;3;0\n\r\n\n"),
            valid(b"#US#0\r\n"),
            valid("#P#"),
        ]
    );
    assert_eq!(left, Ok(0));
}

#[test]
fn what_is_too_long_is_skipped_and_the_next_packet_found() {
    let too_long = Rejection::TooLong { limit: 64 };
    let line = [b"#M#", "x".repeat(100).as_bytes(), b"\r\n#P#\r\n"].concat();
    let (seen, left) = cut_whole(&line, &small());
    assert_eq!(seen, [Seen::Rejected(line[..66].to_vec(), too_long), valid("#P#")]);
    assert_eq!(left, Ok(0));

    let head = b"#I#500;2;9;NA;NA;a;FFFF";
    let picture = [&head[..], b"\r\n", &[b'\n'; 500], b"#P#\r\n"].concat();
    let (seen, left) = cut_whole(&picture, &small());
    assert_eq!(seen, [Seen::Rejected(head.to_vec(), too_long), valid("#P#")]);
    assert_eq!(left, Ok(0));

    let container = [&[0xff, 0x2c, 0x01][..], &[0x78; 300], b"#P#\r\n"].concat();
    let (seen, left) = cut_whole(&container, &small());
    assert_eq!(seen, [Seen::Rejected(vec![0xff, 0x2c, 0x01], too_long), valid("#P#")]);
    assert_eq!(left, Ok(0));
}

#[test]
fn a_picture_that_would_take_hours_to_skip_ends_the_connection() {
    let (seen, end) = cut_whole(b"#I#4000000000;0;0;NA;NA;a\r\n", &Limits::default());
    assert_eq!((seen.len(), end.is_err()), (0, true));
}

fn container(content: &[u8]) -> Vec<u8> {
    let stream = miniz_oxide::deflate::compress_to_vec_zlib(content, 9);
    let length = u16::try_from(stream.len()).unwrap();
    [&[0xff], &length.to_le_bytes()[..], &stream].concat()
}

#[test]
fn containers_hold_one_packet() {
    let long = format!("#M#{}\r\n", "слово,".repeat(3000));
    let picture = b"#I#3;0;0;NA;NA;a\r\n\r\n\n";
    let stream = [
        container(b"#P#"),
        container(b"#P#\r\n\0"),
        b"#P#\r\n".to_vec(),
        container(long.as_bytes()),
        container(picture),
    ]
    .concat();
    let (seen, left) = cut_whole(&stream, &Limits::default());
    let expected =
        [valid("#P#"), valid("#P#"), valid("#P#"), valid(long.trim_end()), valid(picture)];
    assert_eq!(seen, expected);
    assert_eq!(left, Ok(0));
}

#[test]
fn containers_with_anything_else_are_rejected() {
    let mut broken = container(b"#M#some words that are some words;1234");
    *broken.last_mut().unwrap() ^= 1;
    let mut longer = container(b"#P#");
    longer.push(0);
    longer[1] += 1;
    for (bytes, reason) in [
        (broken, Rejection::Compression),
        (longer, Rejection::Compression),
        (container(&[b'a'; 1_000_000]), Rejection::Compression),
        (container(b"#P#\r\n#P#\r\n"), Rejection::Malformed),
        (container(b"\r\n"), Rejection::Malformed),
        (container(b"#I#3;0;0;NA;NA;a\r\n\r"), Rejection::Malformed),
    ] {
        let stream = [&bytes[..], b"#P#\r\n"].concat();
        let (seen, left) = cut_whole(&stream, &Limits::default());
        let raw = bytes[..bytes.len().min(256)].to_vec();
        assert_eq!(seen, [Seen::Rejected(raw, reason), valid("#P#")]);
        assert_eq!(left, Ok(0));
    }
}

#[test]
fn a_bomb_takes_no_more_memory_than_the_limit() {
    // A megabyte in a kilobyte; `cut` checks the memory behind each piece.
    let limits = Limits { max_frame: 5000, ..Limits::default() };
    let (seen, _) = cut_whole(&container(&[b'a'; 1_000_000]), &limits);
    assert!(matches!(&seen[..], [Seen::Rejected(_, Rejection::Compression)]));
}

#[test]
fn other_protocols_and_endless_filler_end_the_connection() {
    let (_, end) = cut_whole(b"\x16\x03\x01\x02\0", &Limits::default());
    assert_eq!(end, Err(FramingError::Foreign { first: 0x16 }));
    let (_, end) = cut(&[0; 17], 1, &small());
    assert_eq!(end, Err(FramingError::Garbage { skipped: 17, limit: 16 }));
    let (_, end) = cut(&[&[b'x'; 70][..], &vec![b'x'; 17 << 20]].concat(), 1 << 20, &small());
    assert!(matches!(end, Err(FramingError::Oversize { .. })));
}
