//! Texts down and what becomes of them (sections 12 and 15).

use protocols::{
    CloseReason, Content, DeliveryStage, DeliveryToken, DeviceOptions, Event, Evidence, Origin,
    Receipt,
};

use crate::jt808_bench::*;

/// K1: the text, as it must be on the wire.
const TEXT: &str = "前方2公里拥堵,请绕行";
const K1: &str = "7e8300001501391234567800100cc7b0b7bd32b9abc0efd3b5b6c22cc7ebc8c6d0d0d47e";
const K2: &str =
    "7e83004016010000000001391234567800100f01c7b0b7bd32b9abc0efd3b5b6c22cc7ebc8c6d0d0947e";
const CONFIRMED: DeliveryStage = DeliveryStage::Confirmed(Evidence::Accepted);

fn of(token: u64, stage: DeliveryStage) -> Out {
    Out::Delivery(Receipt::Token(DeliveryToken(token)), stage)
}

fn late(serial: u32, stage: DeliveryStage) -> Out {
    Out::Delivery(Receipt::Serial { serial, bits: 16 }, stage)
}

fn refused(code: u16, retry: bool) -> DeliveryStage {
    DeliveryStage::Refused { code, retry }
}

/// The terminal answers message `id` with `serial`.
fn answer(peer: &mut Peer, serial: u16, id: u16, result: u8) -> Vec<Out> {
    peer.feed(&frame(0x0001, PHONE, 0x900, &receipt(serial, id, result)))
}

/// A 2019 terminal that is online and may get texts.
fn online_2019(options: &[(&str, &str)]) -> Peer {
    let mut peer = Peer::new(Host::known(options));
    peer.feed(&frame(0x0002, PHONE_2019, 1, &[]));
    peer.wait(1);
    peer
}

#[test]
fn a_text_is_sent_and_confirmed_once() {
    let mut peer = Peer::online(&[]);
    let out = peer.text(7, 0x10, TEXT);
    assert_eq!(out, [Out::Sent(bytes(K1)), of(7, DeliveryStage::Transmitted)]);
    assert_eq!(peer.window(), 0, "one text in flight");
    assert_eq!(answer(&mut peer, 0x10, 0x8300, 0), [of(7, CONFIRMED)]);
    assert_eq!(peer.window(), 1);
    // It confirms twice, as some do.
    assert_eq!(answer(&mut peer, 0x10, 0x8300, 0), []);
}

#[test]
fn a_2019_terminal_gets_the_type_byte() {
    let mut peer = online_2019(&[]);
    assert_eq!(peer.text(7, 0x10, TEXT)[0], Out::Sent(bytes(K2)));
}

#[test]
fn nothing_is_sent_in_the_first_second() {
    let mut peer = Peer::new(Host::known(&[]));
    peer.feed(&frame(0x0102, PHONE, 0, b"G7Q2Z8"));
    assert_eq!(peer.window(), 0);
    assert!(peer.session.poll_timeout().is_some());
    peer.wait(1);
    assert_eq!((peer.window(), peer.session.poll_timeout()), (1, None));
    let mut peer = Peer::new(Host::known(&[("first_text_delay_ms", "0")]));
    peer.feed(&frame(0x0102, PHONE, 0, b"G7Q2Z8"));
    assert_eq!(peer.window(), 1);
}

#[test]
fn an_unanswered_text_is_repeated_three_times_and_then_the_connection_is_dead() {
    let mut peer = Peer::online(&[]);
    peer.text(7, 0x10, TEXT);
    for wait in [10, 20, 60] {
        assert_eq!(peer.wait(wait - 1), []);
        assert_eq!(peer.wait(1), [Out::Sent(bytes(K1))], "after {wait} s");
    }
    assert_eq!(peer.wait(59), []);
    let end = [of(7, DeliveryStage::TimedOut), Out::Closed(CloseReason::Unresponsive)];
    assert_eq!(peer.wait(1), end);
}

#[test]
fn after_a_reconnect_the_same_serial_is_the_same_frame() {
    let mut first = Peer::online(&[]);
    let before = first.text(7, 0x1_0010, TEXT);
    drop(first);
    let mut second = Peer::online(&[]);
    assert_eq!(second.text(7, 0x1_0010, TEXT), before);
    assert_eq!(answer(&mut second, 0x10, 0x8300, 0), [of(7, CONFIRMED)]);
}

#[test]
fn a_confirmation_over_a_newer_connection_counts_once() {
    let mut peer = Peer::online(&[]);
    assert_eq!(answer(&mut peer, 0x10, 0x8300, 0), [late(0x10, CONFIRMED)]);
    assert_eq!(answer(&mut peer, 0x10, 0x8300, 0), []);
    // Also as the very first message of that connection, which lets it in.
    let mut peer = Peer::new(Host::known(&[]));
    let out = answer(&mut peer, 0x10, 0x8300, 0);
    assert!(out.contains(&Out::Online(0)) && out.contains(&late(0x10, CONFIRMED)));
    assert!(sent(&out).is_empty(), "an answer is never answered");
}

#[test]
fn a_late_confirmation_does_not_touch_the_text_in_flight() {
    let mut peer = Peer::online(&[]);
    peer.text(8, 0x11, "next");
    assert_eq!(answer(&mut peer, 0x10, 0x8300, 0), [late(0x10, CONFIRMED)]);
    assert_eq!(answer(&mut peer, 0x11, 0x8300, 0), [of(8, CONFIRMED)]);
}

#[test]
fn results_mean_what_the_table_says() {
    for (result, stage) in [
        (0, CONFIRMED),
        (4, CONFIRMED),
        (1, refused(1, true)),
        (2, refused(2, true)),
        (0xff, refused(0xff, true)),
    ] {
        let mut peer = Peer::online(&[]);
        peer.text(7, 0x10, TEXT);
        assert_eq!(answer(&mut peer, 0x10, 0x8300, result), [of(7, stage)], "{result}");
        assert_eq!(peer.window(), 1);
        let mut peer = Peer::online(&[]);
        assert_eq!(answer(&mut peer, 0x10, 0x8300, result), [late(0x10, stage)], "{result}");
    }
}

#[test]
fn an_unsupported_layout_is_followed_by_the_other_one() {
    // Legacy header: first without, then with type byte; the finding is remembered.
    let mut peer = Peer::online(&[]);
    peer.text(7, 0x10, "hi");
    let again = answer(&mut peer, 0x10, 0x8300, 3);
    let down = &sent(&again)[0];
    assert_eq!((down.serial, down.body.as_slice()), (0x10, &b"\x0f\x01hi"[..]));
    assert_eq!(answer(&mut peer, 0x10, 0x8300, 0), [of(7, CONFIRMED)]);
    assert_eq!(sent(&peer.text(8, 0x11, "hi"))[0].body, b"\x0f\x01hi");
    // 2019 header: the other way round; nothing left to try.
    let mut peer = online_2019(&[]);
    peer.text(7, 0x10, "hi");
    let no = frame(0x0001, PHONE_2019, 9, &receipt(0x10, 0x8300, 3));
    assert_eq!(sent(&peer.feed(&no))[0].body, b"\x0chi");
    assert_eq!(peer.feed(&no), [of(7, refused(3, false))]);
    // Set by the operator: nothing is tried.
    let mut peer = Peer::online(&[("text_layout", "legacy")]);
    peer.text(7, 0x10, "hi");
    assert_eq!(answer(&mut peer, 0x10, 0x8300, 3), [of(7, refused(3, false))]);
}

#[test]
fn layouts_flags_and_endings_can_be_set() {
    let body =
        |options: &[(&str, &str)]| sent(&Peer::online(options).text(1, 1, "a\nb")).remove(0).body;
    assert_eq!(body(&[]), b"\x0ca\nb");
    assert_eq!(body(&[("text_layout", "typed")]), b"\x0f\x01a\nb");
    assert_eq!(
        body(&[("text_layout", "typed"), ("text_type", "2"), ("text_flag", "5")]),
        b"\x05\x02a\nb"
    );
    assert_eq!(body(&[("text_flag", "1"), ("nul_end", "true")]), b"\x01a\nb\0");
    assert_eq!(body(&[("line_break", "space")]), b"\x0ca b");
    let utf8 = sent(&Peer::online(&[("charset", "utf8")]).text(1, 1, "ß")).remove(0).body;
    assert_eq!(utf8, "\x0cß".as_bytes());
    let out = Peer::online(&[("text_layout", "legacy"), ("text_flag", "4")]).text(1, 0x7e, "~{}");
    assert_eq!(out[0], Out::Sent(bytes("7e83000004013912345678007d02047d027b7d01b57e")), "K15");
}

#[test]
fn loose_answers_count_only_where_they_are_allowed() {
    for (serial, id) in [(0, 0x8300), (0x10, 0)] {
        let mut peer = Peer::online(&[]);
        peer.text(7, 0x10, TEXT);
        assert_eq!(answer(&mut peer, serial, id, 0), [of(7, CONFIRMED)]);
        assert_eq!(answer(&mut peer, serial, id, 0), [], "and once only");
        let mut peer = Peer::online(&[("loose_match", "false")]);
        peer.text(7, 0x10, TEXT);
        assert!(!answer(&mut peer, serial, id, 0).contains(&of(7, CONFIRMED)));
        assert_eq!(peer.window(), 0);
    }
    let mut peer = Peer::online(&[]);
    peer.text(7, 0x10, TEXT);
    for (serial, id) in [(0x10, 0x8301), (0x11, 0), (0, 0x8301)] {
        assert_eq!(answer(&mut peer, serial, id, 0), []);
    }
    // Extra bytes behind the result.
    let long = [receipt(0x10, 0x8300, 0), vec![1, 2]].concat();
    assert_eq!(peer.feed(&frame(0x0001, PHONE, 1, &long)), [of(7, CONFIRMED)]);
}

#[test]
fn an_encrypted_answer_confirms_nothing() {
    let mut peer = Peer::online(&[]);
    peer.text(7, 0x10, TEXT);
    let out = peer.feed(&raw_frame(0x0001, PHONE, 1, &receipt(0x10, 0x8300, 0), 0x0400, &[]));
    assert_eq!(out, []);
    assert_eq!(peer.window(), 0);
}

#[test]
fn serials_wrap_in_both_directions() {
    let mut peer = Peer::online(&[]);
    for (serial, wire) in [(0x1_ffff_u32, 0xffff_u16), (0x2_0000, 0)] {
        assert_eq!(sent(&peer.text(1, serial, "x"))[0].serial, wire);
        assert_eq!(answer(&mut peer, wire, 0x8300, 0), [of(1, CONFIRMED)]);
    }
    // One answer, the authentication's, has been given.
    for expected in 1..=0x1_0001_u32 {
        let uplink = u16::try_from(expected & 0xffff).unwrap();
        let out = peer.feed(&frame(0x0002, PHONE, uplink, &[]));
        assert_eq!((sent(&out)[0].serial, answers(&out)), (uplink, vec![(uplink, 2, 0)]));
    }
}

#[test]
fn texts_of_all_alphabets_arrive_whole() {
    let specs = jt808().info().options;
    let samples: [(&str, &str); 6] = [
        ("前方2公里拥堵,请绕行", "前方2公里拥堵,请绕行"),
        ("Приехал на склад", "Приехал на склад"),
        ("café", "café"),
        ("Straße 5 €", "Strasse 5 EUR"),
        ("ok 🚚", "ok ?"),
        ("~{}~{}~{}", "~{}~{}~{}"),
    ];
    for (text, shown) in samples {
        for repeat in [1, 400] {
            let (text, shown) = (text.repeat(repeat), shown.repeat(repeat));
            for max_text in ["16", "128", "500", "1021"] {
                let pairs = [("max_text", max_text)];
                let options = DeviceOptions::parse(specs, pairs).unwrap();
                let plan = jt808().plan_text(&text, &options).unwrap();
                let (mut peer, mut found) = (Peer::online(&pairs), String::new());
                for index in 0..plan.parts() {
                    let (part, parts) =
                        (u16::try_from(index + 1).unwrap(), u16::try_from(plan.parts()).unwrap());
                    let content =
                        Content::Text { text: plan.part(&text, index).to_owned(), part, parts };
                    let down = sent(&peer.downlink(1, part.into(), content)).remove(0);
                    assert!(down.body.len() <= 1 + max_text.parse::<usize>().unwrap());
                    let bytes = &down.body[1..];
                    let (piece, broken) = encoding_rs::GBK.decode_without_bom_handling(bytes);
                    assert!(!broken);
                    let label =
                        if parts > 1 { format!("({part}/{parts}) ") } else { String::new() };
                    found.push_str(piece.strip_prefix(&label).unwrap());
                    answer(&mut peer, part, 0x8300, 0);
                }
                assert_eq!(found, shown, "{max_text}");
            }
        }
    }
}

#[test]
fn a_text_that_fits_no_frame_is_given_back_or_fragmented() {
    let long = "x".repeat(2500);
    let mut peer = Peer::online(&[]);
    assert_eq!(peer.text(7, 0x10, &long), [of(7, refused(0xffff, true))]);
    assert_eq!(peer.window(), 1);

    let confirming: [fn(u16) -> u16; 3] = [|first| first, |first| first + 2, |first| first + 1];
    for quoted in confirming {
        let mut peer = Peer::online(&[("fragments", "true"), ("max_text", "4000")]);
        let parts = sent(&peer.text(7, 0x10, &long));
        assert_eq!(parts.len(), 3);
        let first = parts[0].serial;
        assert_eq!(
            parts.iter().map(|part| part.serial).collect::<Vec<_>>(),
            [first, first + 1, first + 2]
        );
        assert!(parts.iter().all(|part| part.properties & 0x2000 != 0));
        let joined: Vec<u8> = parts.into_iter().flat_map(|part| part.body).collect();
        assert_eq!(joined, format!("\x0c{long}").into_bytes());
        assert_eq!(answer(&mut peer, quoted(first), 0x8300, 0), [of(7, CONFIRMED)]);
    }
}

#[test]
fn fragments_are_sent_again_when_asked_for_and_when_unanswered() {
    let mut peer = Peer::online(&[("fragments", "true"), ("max_text", "4000")]);
    let out = peer.text(7, 0x10, &"x".repeat(2500));
    let wires: Vec<_> = out.iter().filter(|out| matches!(out, Out::Sent(_))).cloned().collect();
    let first = sent(&out)[0].serial;
    let wanted = [&first.to_be_bytes()[..], &[0, 2, 0, 1, 0, 3]].concat();
    assert_eq!(peer.feed(&frame(0x0005, PHONE, 1, &wanted)), [wires[0].clone(), wires[2].clone()]);
    let other = [&(first + 9).to_be_bytes()[..], &[0, 1, 0, 1]].concat();
    assert_eq!(peer.feed(&frame(0x0005, PHONE, 2, &other)), []);
    assert_eq!(peer.wait(10), wires);
}

#[test]
fn a_question_is_confirmed_and_later_answered() {
    let mut peer = Peer::online(&[]);
    let answers_to = vec![(1, "是".to_owned()), (2, "否".to_owned())];
    let out = peer.downlink(
        7,
        0x40,
        Content::Question { text: "是否到达?".to_owned(), answers: answers_to },
    );
    // K8a, but for the flag: only speaking.
    assert_eq!(
        sent(&out)[0].body,
        [&[8][..], &bytes("09cac7b7f1b5bdb4ef3f010002cac7020002b7f1")].concat()
    );
    assert_eq!(answer(&mut peer, 0x40, 0x8302, 0), [of(7, CONFIRMED)]);
    peer.wait(3600);
    let out = peer.feed(&frame(0x0302, PHONE, 0x111, &bytes("004001")));
    let events = events(&out);
    let [Event::Message(message)] = events.as_slice() else { panic!("{out:?}") };
    assert_eq!(
        (message.text.as_str(), message.reply_to, message.origin),
        ("是", Some(0x40), Origin::Driver)
    );
    assert_eq!(answers(&out), [(0x111, 0x0302, 0)]);
    assert!(!out.iter().any(|out| matches!(out, Out::Delivery(..))), "it was delivered before");
}

#[test]
fn an_answer_to_a_question_confirms_it_and_may_quote_a_wrong_serial() {
    let question = |peer: &mut Peer| {
        let answers = vec![(1, "yes".to_owned()), (2, "no".to_owned())];
        peer.downlink(7, 0x40, Content::Question { text: "?".to_owned(), answers });
    };
    let text = |out: &[Out]| match events(out).as_slice() {
        [Event::Message(message)] => (message.text.clone(), message.reply_to),
        other => panic!("{other:?}"),
    };
    let mut peer = Peer::online(&[]);
    question(&mut peer);
    let out = peer.feed(&frame(0x0302, PHONE, 1, &bytes("004002")));
    assert_eq!(
        (text(&out), out.contains(&of(7, CONFIRMED))),
        (("no".to_owned(), Some(0x40)), true)
    );
    // Exactly one question is open: that one is meant.
    let mut peer = Peer::online(&[]);
    question(&mut peer);
    let out = peer.feed(&frame(0x0302, PHONE, 1, &bytes("000002")));
    assert_eq!(text(&out), ("no".to_owned(), Some(0x40)));
    // A question of an earlier connection.
    let mut peer = Peer::online(&[]);
    let out = peer.feed(&frame(0x0302, PHONE, 1, &bytes("004002")));
    assert_eq!(
        (text(&out), out.contains(&late(0x40, CONFIRMED))),
        (("answer 2".to_owned(), Some(0x40)), true)
    );
}

#[test]
fn an_unsupported_question_is_asked_in_plain_words() {
    let mut peer = Peer::online(&[]);
    let answers = vec![(1, "yes".to_owned()), (2, "no".to_owned())];
    peer.downlink(7, 0x40, Content::Question { text: "Arrived?".to_owned(), answers });
    let out = answer(&mut peer, 0x40, 0x8302, 3);
    let down = &sent(&out)[0];
    assert_eq!(
        (down.id, down.serial, down.body.as_slice()),
        (0x8300, 0x40, &b"\x0cArrived?\n1: yes\n2: no"[..])
    );
    assert_eq!(answer(&mut peer, 0x40, 0x8300, 0), [of(7, CONFIRMED)]);
}

#[test]
fn a_question_that_is_too_long_for_its_field_is_a_text() {
    let mut peer = Peer::online(&[]);
    let question = "?".repeat(256);
    let answers = vec![(1, "yes".to_owned())];
    let down = sent(&peer.downlink(7, 0x40, Content::Question { text: question.clone(), answers }))
        .remove(0);
    assert_eq!((down.id, down.body), (0x8300, format!("\x0c{question}\n1: yes").into_bytes()));
}

#[test]
fn vendors_text_answers_confirm_by_their_serial() {
    // K6 quotes serial 0x10; before and without a general answer.
    let k6 = bytes("7e130000060139123456780105001065365230007e");
    let mut peer = Peer::online(&[]);
    peer.text(7, 0x10, TEXT);
    let out = peer.feed(&k6);
    assert!(out.contains(&of(7, CONFIRMED)));
    assert_eq!(answers(&out), [(0x105, 0x1300, 0)]);
    assert_eq!(
        answer(&mut peer, 0x10, 0x8300, 0),
        [],
        "the general answer comes too late to count"
    );
    // 0x6006 quotes nothing: only by option.
    let k7b = bytes("7e60060005013912345678010700cad5b5bd427e");
    for (options, counts) in [(&[][..], false), (&[("text_report_confirms", "true")], true)] {
        let mut peer = Peer::online(options);
        peer.text(7, 0x10, TEXT);
        assert_eq!(peer.feed(&k7b).contains(&of(7, CONFIRMED)), counts);
    }
}

#[test]
fn canned_answers_are_offered_before_the_first_text() {
    let mut peer = Peer::new(Host::known(&[("events", "1=到达;2=Loading")]));
    assert_eq!(sent(&peer.feed(&frame(0x0102, PHONE, 0, b"G7Q2Z8"))).len(), 1);
    let offered = sent(&peer.wait(1)).remove(0);
    assert_eq!((offered.id, offered.body), (0x8301, bytes("01020104b5bdb4ef02074c6f6164696e67")));
    let out = peer.feed(&frame(0x0301, PHONE, 5, &[1]));
    assert!(matches!(events(&out).as_slice(), [Event::Message(message)] if message.text == "到达"));
    // A 2011 terminal that does not like the form gets the other one, once.
    let mut peer = Peer::new(Host::known(&[("events", "1=到达"), ("body", "2011")]));
    peer.feed(&frame(0x0102, PHONE, 0, b"G7Q2Z8"));
    let serial = sent(&peer.wait(1))[0].serial;
    let again = sent(&answer(&mut peer, serial, 0x8301, 2)).remove(0);
    assert_eq!(again.body, bytes("0101010104b5bdb4ef"), "K9b");
    assert_eq!(answer(&mut peer, serial, 0x8301, 2), []);
}
