//! Messages in fragments (section 6.1).

use protocols::{Event, Limits};

use crate::jt808_bench::*;

/// A driver's text of 40 bytes in GBK, as the body of 0x6006, in four pieces cut inside characters.
const TEXT: &str = "前方两公里拥堵请绕行到第二仓库卸货谢谢你";

fn pieces() -> Vec<Vec<u8>> {
    let body = [&[0][..], &encoding_rs::GBK.encode(TEXT).0].concat();
    assert_eq!(body.len(), 41);
    body.chunks(12).map(<[u8]>::to_vec).collect()
}

fn part(serial: u16, index: u16) -> Vec<u8> {
    fragment(0x6006, PHONE, serial, 4, index, &pieces()[usize::from(index - 1)])
}

fn texts(out: &[Out]) -> Vec<String> {
    let texts = events(out).into_iter().filter_map(|event| match event {
        Event::Message(message) => Some(message.text),
        _ => None,
    });
    texts.collect()
}

/// Indexes that 0x8003 asks for, with the serial it quotes, in either form.
fn asked(out: &[Out]) -> Vec<(u16, Vec<u16>)> {
    let word = |bytes: &[u8]| u16::from_be_bytes([bytes[0], bytes[1]]);
    let requests = sent(out).into_iter().filter(|down| down.id == 0x8003);
    requests
        .map(|down| {
            let head = if down.body.len() % 2 == 0 { 4 } else { 3 };
            (word(&down.body), down.body[head..].chunks(2).map(word).collect())
        })
        .collect()
}

#[test]
fn in_order_out_of_order_with_gaps_and_repeats() {
    let orders: [&[(u16, u16)]; 5] = [
        &[(10, 1), (11, 2), (12, 3), (13, 4)],
        &[(13, 4), (11, 2), (10, 1), (12, 3)],
        &[(10, 1), (20, 2), (35, 3), (47, 4)],
        &[(10, 1), (10, 1), (11, 2), (11, 2), (12, 3), (13, 4)],
        &[(0xfffe, 1), (0xffff, 2), (0, 3), (1, 4)],
    ];
    for order in orders {
        let mut peer = Peer::online(&[]);
        let (last, before) = order.split_last().unwrap();
        for (serial, index) in before {
            let out = peer.feed(&part(*serial, *index));
            assert_eq!(
                (answers(&out), texts(&out).len()),
                (vec![(*serial, 0x6006, 0)], 0),
                "{order:?}"
            );
        }
        let out = peer.feed(&part(last.0, last.1));
        assert_eq!(
            (answers(&out), texts(&out)),
            (vec![(last.0, 0x6006, 0)], vec![TEXT.to_owned()]),
            "{order:?}"
        );
        assert_eq!(peer.session.poll_timeout(), None, "nothing is kept");
    }
}

#[test]
fn other_messages_may_come_between() {
    let mut peer = Peer::online(&[]);
    peer.feed(&part(10, 1));
    assert_eq!(answers(&peer.feed(&frame(0x0002, PHONE, 11, &[]))), [(11, 2, 0)]);
    peer.feed(&part(12, 2));
    // Another terminal's fragments are another message.
    let foreign = fragment(0x6006, "013800138000", 12, 4, 3, b"xx");
    peer.feed(&foreign);
    peer.feed(&part(13, 3));
    assert_eq!(texts(&peer.feed(&part(14, 4))), [TEXT]);
}

#[test]
fn the_completing_fragment_is_answered_by_the_store() {
    let mut peer = Peer::online(&[]);
    for index in 1..=3 {
        peer.feed(&part(10 + index, index));
    }
    peer.broken_store = true;
    assert_eq!(answers(&peer.feed(&part(14, 4))), [(14, 0x6006, 1)]);
}

#[test]
fn what_is_missing_is_asked_for_and_filled() {
    let mut peer = Peer::online(&[]);
    peer.feed(&part(10, 1));
    peer.feed(&part(13, 4));
    assert_eq!(peer.wait(4), []);
    assert_eq!(asked(&peer.wait(1)), [(10, vec![2, 3])]);
    peer.feed(&part(11, 2));
    assert_eq!(asked(&peer.wait(5)), [(10, vec![3])]);
    assert_eq!(texts(&peer.feed(&part(12, 3))), [TEXT]);
    assert_eq!(peer.wait(120), []);
}

#[test]
fn without_the_first_fragment_its_serial_is_computed() {
    let mut peer = Peer::online(&[]);
    peer.feed(&part(1, 3));
    assert_eq!(asked(&peer.wait(5)), [(0xffff, vec![1, 2, 4])]);
}

#[test]
fn the_request_has_the_form_of_the_edition() {
    let mut peer = Peer::new(Host::known(&[]));
    peer.feed(&frame(0x0002, PHONE_2019, 1, &[]));
    peer.wait(1);
    peer.feed(&fragment(0x6006, PHONE_2019, 2, 2, 1, b"\0x"));
    let request = sent(&peer.wait(5)).remove(0);
    assert_eq!((request.id, request.body), (0x8003, vec![0, 2, 0, 1, 0, 2]));
    let mut peer = Peer::online(&[]);
    peer.feed(&part(10, 1));
    assert_eq!(sent(&peer.wait(5)).remove(0).body, [0, 10, 3, 0, 2, 0, 3, 0, 4]);
    // 2011 does not know the request.
    let mut peer = Peer::online(&[("body", "2011")]);
    peer.feed(&part(10, 1));
    assert_eq!(peer.wait(300), []);
}

#[test]
fn what_never_comes_is_given_up_after_a_minute() {
    let mut peer = Peer::online(&[]);
    peer.feed(&part(10, 1));
    let requests: Vec<_> = (0..60).flat_map(|_| asked(&peer.wait(1))).collect();
    assert_eq!(requests.len(), 3);
    assert_eq!(peer.session.poll_timeout(), None);
    // The rest alone is no message any more.
    let out: Vec<_> = (2..=4).flat_map(|index| peer.feed(&part(10 + index, index))).collect();
    assert_eq!(texts(&out).len(), 0);
}

#[test]
fn another_first_fragment_begins_another_message() {
    let mut peer = Peer::online(&[]);
    peer.feed(&fragment(0x6006, PHONE, 1, 2, 1, b"\0old"));
    peer.feed(&fragment(0x6006, PHONE, 5, 2, 1, b"\0new"));
    assert_eq!(texts(&peer.feed(&fragment(0x6006, PHONE, 6, 2, 2, b"er"))), ["newer"]);
    assert_eq!(texts(&peer.feed(&fragment(0x6006, PHONE, 2, 2, 2, b"est"))), ["oldest"]);
}

#[test]
fn nonsense_is_answered_as_wrong_and_one_of_one_is_whole() {
    let mut peer = Peer::online(&[]);
    for (total, index) in [(0, 0), (0, 1), (2, 0), (2, 3), (1, 2)] {
        let out = peer.feed(&fragment(0x6006, PHONE, 9, total, index, b"\0x"));
        assert_eq!(answers(&out), [(9, 0x6006, 2)], "{index} of {total}");
        assert!(out.iter().any(|out| matches!(out, Out::Error(_))));
    }
    assert_eq!(texts(&peer.feed(&fragment(0x6006, PHONE, 9, 1, 1, b"\0x"))), ["x"]);
}

#[test]
fn memory_for_half_received_messages_is_bounded() {
    let mut limits = Limits::default();
    limits.max_reassembly = 10_000;
    let mut peer = Peer::with_limits(Host::known(&[]), &limits);
    let mut refused = 0;
    for index in 1..=100_u16 {
        let out = peer.feed(&fragment(0x6006, PHONE, index, 200, index, &[0x41; 1000]));
        refused += usize::from(answers(&out) == [(index, 0x6006, 1)]);
    }
    assert_eq!(refused, 91, "nine of 1 000 bytes and their overhead fit");
    // So is their number.
    let mut peer = Peer::online(&[]);
    let answered: Vec<_> = (0..70_u16)
        .flat_map(|id| answers(&peer.feed(&fragment(0x0d00 + id, PHONE, id, 2, 1, b"x"))))
        .collect();
    assert_eq!(answered.iter().filter(|(.., result)| *result == 0).count(), 64);
    let out = peer.feed(&fragment(0x6006, PHONE, 1, 3000, 1, b"x"));
    assert_eq!(answers(&out), [(1, 0x6006, 1)]);
}

#[test]
fn a_header_that_lost_its_fragment_bit_is_still_a_fragment() {
    let mut peer = Peer::online(&[]);
    let k12 = bytes("7e0900000701391234567800400002000141504152542d31377e");
    assert_eq!(answers(&peer.feed(&k12)), [(0x40, 0x0900, 0)]);
    let out = peer.feed(&fragment(0x0900, PHONE, 0x41, 2, 2, b"!"));
    assert!(
        matches!(events(&out).as_slice(), [Event::Unhandled { kind: 0x0900, raw }] if raw == "APART-1!")
    );
}

#[test]
fn pictures_in_fragments_are_acknowledged_and_not_kept() {
    let mut limits = Limits::default();
    limits.max_reassembly = 10_000;
    let mut peer = Peer::with_limits(Host::known(&[]), &limits);
    let head = [&[0, 0, 0, 7, 0, 0, 1, 1][..], &[0; 28], &[0xff; 900]].concat();
    for index in 1..=99_u16 {
        let body = if index == 1 { head.clone() } else { vec![0xaa; 1000] };
        let out = peer.feed(&fragment(0x0801, PHONE, index, 100, index, &body));
        assert_eq!(answers(&out), [(index, 0x0801, 0)]);
    }
    let out = peer.feed(&fragment(0x0801, PHONE, 100, 100, 100, &[1; 10]));
    let down = sent(&out);
    assert_eq!(
        (answers(&out), down[1].id, down[1].body.as_slice()),
        (vec![(100, 0x0801, 0)], 0x8800, &[0, 0, 0, 7][..])
    );
    assert!(events(&out).is_empty());
}
