//! Packages in a stream that is not as it should be.

use super::super::frame::{EelinkFramer, check_sum, packages, seal, seal_datagram};
use super::super::message::id;
use super::cut;
use crate::framing::{Framer, FramingError, Limits};

#[test]
fn several_packages_follow_each_other() {
    let stream =
        [seal(id::HEARTBEAT, 1, &[0, 7]), seal(0x1b, 2, b"gg"), seal(id::HEARTBEAT, 3, &[])];
    let frames: Vec<_> = stream.iter().map(|package| package.to_vec()).collect();
    assert_eq!(cut(&stream.concat()), (frames, 0));
}

#[test]
fn a_size_out_of_bounds_makes_the_search_go_on() {
    let good = seal(id::HEARTBEAT, 1, &[0, 7]);
    for head in [&b"gg\x12\xff\xff"[..], b"gg\x12\x00\x01", b"EL\xff\xff", b"EL\x00\x09"] {
        let (frames, rejected) = cut(&[head, &good].concat());
        assert_eq!((frames, rejected), (vec![good.to_vec()], 1), "{}", head.escape_ascii());
    }
}

#[test]
fn a_datagram_holds_packages_and_ends_where_they_stop_making_sense() {
    let imei = [3, 0x52, 9, 0x30, 0x81, 0x23, 0x45, 0x67];
    let inner = [seal(id::HEARTBEAT, 1, &[0, 7]).to_vec(), b"gg\x03\x00\xff".to_vec()].concat();
    let datagram = seal_datagram(imei, &inner);
    assert_eq!(cut(&datagram).0, [datagram.to_vec()]);
    let found: Vec<_> = packages(&datagram).map(|package| (package.id, package.sequence)).collect();
    assert_eq!(found, [(id::HEARTBEAT, 1)]);
    assert_eq!(datagram[4..6], check_sum(&datagram[6..]).to_be_bytes());
}

#[test]
fn another_protocol_is_recognised_at_its_first_byte() {
    let mut framer = EelinkFramer::new(&Limits::default());
    let error = framer.cut(b"\x16\x03\x01", &mut Vec::new()).unwrap_err();
    assert_eq!(error, FramingError::Foreign { first: 0x16 });
}
