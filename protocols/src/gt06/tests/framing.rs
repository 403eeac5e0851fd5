//! Packets in a stream that is not as it should be.

use super::super::frame::{Gt06Framer, checksum, seal, split};
use super::super::message::kind;
use super::cut;
use crate::framing::{Framer, FramingError, Limits, Rejection};

#[test]
fn the_checksum_is_x25() {
    assert_eq!(checksum(b"123456789"), 0x906e);
}

#[test]
fn a_length_that_reaches_into_the_next_packets_costs_only_its_own() {
    let good =
        [seal(kind::HEARTBEAT, &[0x46, 6, 4, 0, 2], 2, false), seal(kind::TIME, &[], 3, true)];
    for longer in [1, 5, 20] {
        let mut bad = seal(kind::HEARTBEAT, &[0x46, 6, 4, 0, 2], 1, false).to_vec();
        bad[2] += longer;
        let stream = [&bad[..], &good[0], &good[1], &good[0], &good[0]].concat();
        let (packets, _) = cut(&stream);
        assert_eq!(packets.len(), 4, "{longer}");
        assert_eq!(packets[..2], [good[0].to_vec(), good[1].to_vec()], "{longer}");
    }
}

#[test]
fn stop_bits_inside_a_packet_do_not_end_it() {
    let inner = [b"\x0d\x0a".as_slice(), &[0x78, 0x78, 1]].concat();
    let packet = seal(0x99, &inner, 7, false);
    assert_eq!(cut(&packet), (vec![packet.to_vec()], 0));
}

#[test]
fn a_long_packet_has_two_bytes_of_length() {
    let content = vec![0x41; 300];
    let packet = seal(kind::ANSWER_LONG, &content, 7, false);
    let parts = split(&packet).unwrap();
    assert_eq!(
        (parts.kind, parts.content, parts.serial, parts.long),
        (0x21, &content[..], 7, true)
    );
    assert_eq!(cut(&packet).0, [packet.to_vec()]);
}

#[test]
fn a_length_beyond_the_limit_is_not_waited_for() {
    let limits = Limits { max_frame: 100, ..Limits::default() };
    let mut framer = Gt06Framer::new(&limits);
    let mut scratch = Vec::new();
    let cut = framer.cut(b"\x79\x79\x01\x00", &mut scratch).unwrap().frame;
    assert!(matches!(cut, Some(crate::Frame::Rejected { reason: Rejection::Malformed, .. })));
}

#[test]
fn another_protocol_is_recognised_at_its_first_byte() {
    let mut framer = Gt06Framer::new(&Limits::default());
    let error = framer.cut(b"GET / HTTP/1.1", &mut Vec::new()).unwrap_err();
    assert_eq!(error, FramingError::Foreign { first: b'G' });
}
