//! The framer on what the streams of real devices hold, and on what attackers send.

use super::super::frame::IpsFramer;
use crate::framing::{FramingError, Limits, Rejection};
use crate::testing::{self, Cuts, Seen};

fn valid(bytes: impl AsRef<[u8]>) -> Seen {
    Seen::Valid(bytes.as_ref().to_vec())
}

fn small() -> Limits {
    Limits { max_frame: 64, max_garbage: 16, ..Limits::default() }
}

fn cut_whole(stream: &[u8], limits: &Limits) -> Cuts {
    testing::cut_all_ways(IpsFramer::new, stream, limits)
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
    let (_, end) = testing::cut(IpsFramer::new, &[0; 17], 1, &small());
    assert_eq!(end, Err(FramingError::Garbage { skipped: 17, limit: 16 }));
    let (_, end) = testing::cut(
        IpsFramer::new,
        &[&[b'x'; 70][..], &vec![b'x'; 17 << 20]].concat(),
        1 << 20,
        &small(),
    );
    assert!(matches!(end, Err(FramingError::Oversize { .. })));
}
