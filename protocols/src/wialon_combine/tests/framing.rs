//! The framer on whole, broken and hostile streams, and the listener's question whose they are.

use super::super::decode::Integers;
use super::super::encode;
use super::super::frame::{CombineFramer, detect};
use super::super::message::{Data, Message, Packet, Picture, Record, SubRecord};
use super::bytes;
use crate::framing::{FramingError, Limits, Rejection};
use crate::protocol::Detection;
use crate::testing::{self, Cuts, Seen};

const LOGIN: &str = "2424000000000a013000030e42598b46ec767f";
const KEEP_ALIVE: &str = "2424020003";
const IO: &str =
    "2424010004002068e37bb002010352938f023eaace003d009800910e005a0200000005000000012ff0";

fn cut_all_ways(stream: &[u8], limits: &Limits) -> Cuts {
    testing::cut_all_ways(CombineFramer::new, stream, limits)
}

fn valid(hex: &str) -> Seen {
    Seen::Valid(bytes(hex))
}

#[test]
fn packets_back_to_back() {
    let stream = bytes(&[LOGIN, KEEP_ALIVE, IO, KEEP_ALIVE, IO].concat());
    let (seen, left) = cut_all_ways(&stream, &Limits::default());
    assert_eq!(seen, [LOGIN, KEEP_ALIVE, IO, KEEP_ALIVE, IO].map(valid));
    assert_eq!(left, Ok(0));
}

#[test]
fn what_a_server_sends_is_cut_too() {
    let command = "4040ff001068e37bb0006f7574707574303d310d0aa81a";
    let mut stream = bytes(&["4040000000", command].concat());
    stream.extend_from_slice(b"#M#hello\r\n");
    stream.extend_from_slice(&bytes("4040040007"));
    let (seen, left) = cut_all_ways(&stream, &Limits::default());
    let line = Seen::Valid(b"#M#hello\r\n".to_vec());
    assert_eq!(seen, [valid("4040000000"), valid(command), line, valid("4040040007")]);
    assert_eq!(left, Ok(0));
}

#[test]
fn a_wrong_checksum_keeps_the_stream_in_step() {
    let mut bad = bytes(IO);
    bad[20] ^= 1;
    let stream = [&bad[..], &bytes(KEEP_ALIVE)].concat();
    let (seen, left) = cut_all_ways(&stream, &Limits::default());
    let [Seen::Rejected(raw, Rejection::Checksum { found: 0x2ff0, .. }), second] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!((raw, second, left), (&bad, &valid(KEEP_ALIVE), Ok(0)));
}

#[test]
fn without_a_head_behind_a_packet_the_stream_is_lost() {
    for behind in ["00", "24 25", "40 40 00 0000", "23 4d 23"] {
        let stream = [bytes(LOGIN), bytes(behind)].concat();
        let (seen, left) = cut_all_ways(&stream, &Limits::default());
        assert_eq!(seen, [valid(LOGIN)], "{behind}");
        assert!(matches!(left, Err(FramingError::Garbage { .. })), "{behind}: {left:?}");
    }
    for start in ["16 03 01", "24 41", "23 4c 23"] {
        let (seen, left) = cut_all_ways(&bytes(start), &Limits::default());
        assert!(seen.is_empty() && matches!(left, Err(FramingError::Foreign { .. })), "{start}");
    }
}

#[test]
fn a_packet_beyond_the_limit_is_skipped_not_kept() {
    let picture = Picture { index: 0, last: 0, name: b"a", data: &[0x24; 300] };
    let records = vec![Record { time: 1, parts: vec![SubRecord::Picture(picture)] }];
    let packet = Packet::Data(Data { records, unknown: None });
    let long = encode::message(&Message::Packet { seq: 9, packet }, Integers::Document);
    let stream = [&long[..], &bytes(KEEP_ALIVE)].concat();
    let limits = Limits { max_frame: 200, ..Limits::default() };
    let (seen, left) = cut_all_ways(&stream, &limits);
    let too_long = Seen::Rejected(stream[..7].to_vec(), Rejection::TooLong { limit: 200 });
    assert_eq!((seen, left), (vec![too_long, valid(KEEP_ALIVE)], Ok(0)));
}

#[test]
fn a_length_that_nobody_means_ends_the_connection() {
    let (seen, left) = cut_all_ways(&bytes("2424 01 0001 ffffffff 00"), &Limits::default());
    assert!(seen.is_empty());
    assert_eq!(left, Err(FramingError::Oversize { declared: 0x7fff_ffff, limit: 256 * 1024 }));
    let line = [&bytes("4040000000")[..], b"#", &[b'a'; 300]].concat();
    let limits = Limits { max_frame: 200, ..Limits::default() };
    assert!(matches!(
        testing::cut(CombineFramer::new, &line, 1, &limits).1,
        Err(FramingError::Oversize { .. })
    ));
}

#[test]
fn a_login_is_known_by_more_than_its_head() {
    for login in [
        LOGIN,
        "24240000000019014433353230393330383132333435363700736563726574004c95",
        "2424 8000 0000 8000000a 01 30 00030e42598b46ec 0000",
    ] {
        let login = bytes(login);
        let first = (1..=login.len()).find(|&end| detect(&login[..end]) == Detection::Yes);
        assert!(first.is_some_and(|end| end < 16), "{first:?}");
        for end in 1..first.unwrap() {
            assert_eq!(detect(&login[..end]), Detection::Maybe, "{end} bytes");
        }
    }
    // Another protocol's head, a keep-alive, data, an answer, an absurd length, no version, no identity.
    for other in [
        "2424 4132",
        "2424 02 0000",
        "2424 01 0000 0020 01 30",
        "4040 00 0000",
        "2424 00 0000 7fff 01 30",
        "2424 00 0000 0002 01 30",
        "2424 00 0000 000a 00 30",
        "2424 00 0000 000a 01 00",
        "2424 00 0000 000a 01 35",
    ] {
        assert_eq!(detect(&bytes(other)), Detection::No, "{other}");
    }
}
