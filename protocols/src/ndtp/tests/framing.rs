//! The framer on whole, broken and hostile streams, and the listener's question whose they are.

use super::super::frame::{NdtpFramer, detect};
use super::{bytes, frames};
use crate::framing::{FramingError, Limits, Rejection};
use crate::protocol::Detection;
use crate::testing::{self, Cuts, Seen};

fn cut_all_ways(stream: &[u8], limits: &Limits) -> Cuts {
    testing::cut_all_ways(NdtpFramer::new, stream, limits)
}

fn valid(hex: &str) -> Seen {
    Seen::Valid(bytes(hex))
}

#[test]
fn packets_of_both_sides_back_to_back() {
    let all = [frames::R1, frames::S1, frames::R2, frames::R3, frames::R4, frames::R5];
    let (seen, left) = cut_all_ways(&bytes(&all.concat()), &Limits::default());
    assert_eq!((seen, left), (all.map(valid).into(), Ok(0)));
}

#[test]
fn bytes_before_a_signature_are_skipped() {
    let stream = bytes(&["00 7e 0d", frames::R1, "7e 00 7e", frames::R2, "0d0a"].concat());
    let (seen, left) = cut_all_ways(&stream, &Limits::default());
    assert_eq!((seen, left), (vec![valid(frames::R1), valid(frames::R2)], Ok(0)));
    let (seen, left) = cut_all_ways(&bytes("00 7e"), &Limits::default());
    assert_eq!((seen, left), (vec![], Ok(1)), "it may be half a signature");
}

#[test]
fn a_stream_without_packets_ends() {
    let limits = Limits { max_garbage: 100, ..Limits::default() };
    let (seen, left) = testing::cut(NdtpFramer::new, &[b'a'; 300], 30, &limits);
    assert_eq!((seen, left), (vec![], Err(FramingError::Garbage { skipped: 120, limit: 100 })));
}

#[test]
fn a_wrong_checksum_keeps_the_stream_in_step() {
    let mut bad = bytes(frames::R2);
    bad[40] ^= 1;
    let stream = [&bad[..], &bytes(frames::R6)].concat();
    let (seen, left) = cut_all_ways(&stream, &Limits::default());
    let [Seen::Rejected(raw, Rejection::Checksum { found: 0x6bd2, .. }), second] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!((raw, second, left), (&bad, &valid(frames::R6), Ok(0)));
}

#[test]
fn without_a_checksum_and_encrypted_nothing_is_compared() {
    for flags in [0, 1, 3, 4] {
        let mut frame = bytes(frames::R2);
        (frame[4], frame[6]) = (flags, 0);
        let (seen, _) = cut_all_ways(&frame, &Limits::default());
        assert_eq!(seen, [Seen::Valid(frame)], "flags {flags}");
    }
}

#[test]
fn a_packet_beyond_the_limit_is_skipped_not_kept() {
    let stream = bytes(&[frames::R4, frames::R6].concat());
    let limits = Limits { max_frame: 100, ..Limits::default() };
    let too_long = Seen::Rejected(stream[..15].to_vec(), Rejection::TooLong { limit: 100 });
    let (seen, left) = cut_all_ways(&stream, &limits);
    assert_eq!((seen, left), (vec![too_long, valid(frames::R6)], Ok(0)));
}

#[test]
fn a_login_is_known_by_its_headers() {
    let login = bytes(frames::R1);
    for end in 1..=login.len() {
        let expected = if end < 19 { Detection::Maybe } else { Detection::Yes };
        assert_eq!(detect(&login[..end]), expected, "{end} bytes");
    }
    // A result, real-time data, a terminal of JT/T 808 behind an idle delimiter, other first bytes.
    for other in [
        frames::S1,
        frames::R2,
        "7e7e 0002 0000 013912345678 0001 1a 7e",
        "7e7e 0102 000c 013912345678 0001",
        "7e02",
        "2424",
    ] {
        assert_eq!(detect(&bytes(other)), Detection::No, "{other}");
    }
}
