//! Packets in streams, checksums, and how the protocol is recognised.

use proptest::prelude::*;

use super::{cut_in, sample, samples};
use crate::egts::frame::{EgtsFramer, detect};
use crate::egts::header::{Header, Route, Start, body_crc, header_crc, packet, seal, start};
use crate::framing::{Cut, Framer, FramingError, Limits, Rejection};
use crate::protocol::Detection;

#[test]
fn checksums_are_those_of_section_2() {
    assert_eq!(body_crc(b"123456789"), 0x29b1);
    // The header CRC's check value, on a header that is none.
    let mut header = b"123456789".to_vec();
    assert_eq!(header_crc(&header), 0xf7);
    header[0] ^= 1;
    assert_ne!(header_crc(&header), 0xf7);
}

#[test]
fn every_sample_is_a_packet_however_it_is_cut() {
    let stream: Vec<u8> = samples().into_iter().flat_map(|sample| sample.bytes).collect();
    let whole = cut_in(&stream, &[usize::MAX]).unwrap();
    let expected: Vec<_> = samples().into_iter().map(|sample| Ok(sample.bytes)).collect();
    assert_eq!(whole, expected);
    for pieces in [&[1][..], &[7], &[16, 1, 300]] {
        assert_eq!(cut_in(&stream, pieces).unwrap(), expected, "{pieces:?}");
    }
}

#[test]
fn a_header_says_what_the_listing_says() {
    let Start::Good(header) = start(&sample("S14")) else { panic!("no header") };
    let route = Some(Route { sender: 10, recipient: 20, hops: 5 });
    let expected = Header {
        key: 0,
        flags: 0x20,
        length: 16,
        encoding: 0,
        body: 21,
        id: 7,
        kind: packet::APPDATA,
        route,
    };
    assert_eq!(header, expected);
    let Start::Good(header) = start(&sample("R7")) else { panic!("no header") };
    assert_eq!((header.flags, header.id, header.total()), (2, 4608, 61));
}

#[test]
fn a_damaged_body_leaves_the_stream_in_step() {
    let mut damaged = sample("R6");
    damaged[20] ^= 0x40;
    let stream = [damaged, sample("S11")].concat();
    let frames = cut_in(&stream, &[5]).unwrap();
    assert!(matches!(frames[..], [Err(Rejection::Checksum { .. }), Ok(_)]), "{frames:?}");
}

#[test]
fn a_damaged_header_ends_the_stream() {
    for (at, bit) in [(5, 1), (7, 4), (9, 2), (10, 0x80)] {
        let mut damaged = sample("R6");
        damaged[at] ^= bit;
        let stream = [damaged, sample("S11")].concat();
        let frames = cut_in(&stream, &[9]).unwrap();
        assert!(matches!(frames[..], [Err(Rejection::Checksum { .. })]), "{at}: {frames:?}");
    }
    // A length that is none, a route that is none, a prefix.
    for (at, value) in [(3, 12), (3, 16), (2, 0x20), (2, 0x40), (0, 2)] {
        let mut damaged = sample("R6");
        damaged[at] = value;
        let stream = [sample("S11"), damaged].concat();
        let frames = cut_in(&stream, &[9]).unwrap();
        assert!(matches!(frames[..], [Ok(_), Err(Rejection::Malformed)]), "{at}: {frames:?}");
    }
    let foreign = cut_in(b"\x7e\x01\x00", &[1]);
    assert_eq!(foreign, Err(FramingError::Foreign { first: 0x7e }));
}

#[test]
fn a_packet_beyond_the_limit_is_skipped_not_kept() {
    let long = seal(packet::APPDATA, 1, None, &[0; 1000]);
    let stream = [&long[..], &sample("S11")].concat();
    let limits = Limits { max_frame: 500, ..Limits::default() };
    let mut framer = EgtsFramer::new(&limits);
    let (mut buffer, mut scratch, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    for piece in stream.chunks(100) {
        buffer.extend_from_slice(piece);
        loop {
            let Cut { consumed, frame } = framer.cut(&buffer, &mut scratch).unwrap();
            seen.extend(frame.map(|frame| format!("{frame:?}").contains("TooLong { limit: 500 }")));
            if consumed == 0 {
                break;
            }
            buffer.drain(..consumed);
        }
        assert!(buffer.len() <= 100);
    }
    assert_eq!(seen, [true, false]);
}

#[test]
fn it_is_recognised_by_version_header_length_and_header_crc() {
    for tag in ["R1", "R4", "S11", "S14"] {
        let sample = sample(tag);
        let known = usize::from(sample[3]);
        for length in 1..sample.len() {
            let expected = if length < known { Detection::Maybe } else { Detection::Yes };
            assert_eq!(detect(&sample[..length]), expected, "{tag} {length}");
        }
    }
    // Galileosky begins with 01, a length whose high bit means archive, and a tag.
    let galileosky = super::bytes("01208001a40201033836333539313032");
    let lengths: Vec<_> = (1..=galileosky.len()).map(|n| detect(&galileosky[..n])).collect();
    assert_eq!(lengths[..2], [Detection::Maybe, Detection::Maybe]);
    assert!(lengths[2..].iter().all(|&found| found == Detection::No), "{lengths:?}");
    // One whose length and first tag look like a header has no header's CRC.
    let alike = super::bytes("0117000b0204003201f4010000");
    assert_eq!(detect(&alike[..10]), Detection::Maybe);
    assert_eq!(detect(&alike), Detection::No);
    assert_eq!(detect(b"#L#"), Detection::No);
}

proptest! {
    #[test]
    fn what_is_sealed_is_cut_again(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        id in any::<u16>(),
        kind in 0_u8..3,
        route in proptest::option::of((any::<u16>(), any::<u16>(), any::<u8>())),
        piece in 1_usize..40,
    ) {
        let route = route.map(|(sender, recipient, hops)| Route { sender, recipient, hops });
        let sealed = seal(kind, id, route, &body);
        let frames = cut_in(&sealed, &[piece]).unwrap();
        prop_assert_eq!(&frames, &[Ok(sealed.to_vec())]);
        let Start::Good(header) = start(&sealed) else { panic!("no header") };
        prop_assert_eq!((header.id, header.kind, header.route), (id, kind, route));
        prop_assert_eq!(header.body, body.len());
    }
}
