//! Who is let in (section 8.2): registration, authentication, and what comes without either.

use protocols::{Admission, CloseReason, Event, Lane, Limits, Value};

use crate::jt808_bench::*;

const WRONG: u8 = 1;

fn secured(options: &[(&str, &str)]) -> Host {
    match Host::known(options) {
        Host::Known { options, .. } => Host::Known { options, secret: Some("SECRET") },
        host => host,
    }
}

fn online(out: &[Out]) -> usize {
    out.iter().filter(|out| matches!(out, Out::Online(_))).count()
}

fn closed(out: &[Out]) -> Option<CloseReason> {
    out.iter().find_map(|out| if let Out::Closed(reason) = out { Some(*reason) } else { None })
}

/// Body of F1: a 2013 registration.
fn registration() -> Vec<u8> {
    bytes(
        "001f0073797a6800007777772e6a74743830382e636f6d0000000000003736353433323101b2e24131323334",
    )
}

#[test]
fn a_terminal_registers_and_authenticates_with_the_code_it_was_given() {
    let mut peer = Peer::new(Host::known(&[]));
    let out = peer.feed(&frame(0x0100, PHONE, 7, &registration()));
    let Out::Asked(credentials) = &out[0] else { panic!("{out:?}") };
    assert_eq!(
        (credentials.identity.as_str(), credentials.secret.as_deref()),
        ("13912345678", None)
    );
    assert_eq!(credentials.aliases, [PHONE]);
    let answer = &sent(&out)[0];
    assert_eq!((answer.id, answer.body.as_slice()), (0x8100, &b"\0\x07\0G7Q2Z8"[..]));
    assert_eq!(online(&out), 0, "a registration alone brings nobody online");
    assert_eq!(peer.window(), 0);

    let out = peer.feed(&frame(0x0102, PHONE, 8, b"G7Q2Z8"));
    assert_eq!((online(&out), answers(&out)), (1, vec![(8, 0x0102, 0)]));
    // What the registration told is kept once it is online.
    let events = events(&out);
    let [Event::Info(info)] = events.as_slice() else { panic!("{events:?}") };
    let value = |name: &str| info.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    assert_eq!(value("plate"), Some(Value::Text("测A1234".to_owned())));
    assert_eq!(value("manufacturer"), Some(Value::Text("yzh".to_owned())));

    // Again: the same answer, never "already registered"; it stays online.
    let out = peer.feed(&frame(0x0100, PHONE, 9, &registration()));
    assert_eq!(sent(&out)[0].body, b"\0\x09\0G7Q2Z8");
    peer.wait(1);
    assert_eq!(peer.window(), 1);
    let out = peer.feed(&frame(0x0102, PHONE, 10, b"G7Q2Z8"));
    assert_eq!(answers(&out), [(10, 0x0102, 0)]);
}

#[test]
fn a_2011_terminal_gets_its_code_with_a_nul() {
    let mut peer = Peer::new(Host::known(&[]));
    // F2.
    let wire = "7e01000023013912344321007b000b0002696431323361626364656667684944313233343501b8ca4a2d313233343531317e";
    let out = peer.feed(&bytes(wire));
    assert_eq!(sent(&out)[0].body, b"\0\x7b\0G7Q2Z8\0");
}

#[test]
fn a_registration_in_fragments_is_one_registration() {
    let mut peer = Peer::new(Host::known(&[]));
    let parts = [
        "7e010060240100000000013912344329000000030001000b00026964393837363534333231747970653030313233343536373831323334353637277e",
        "7e010060240100000000013912344329000100030002383837363534333231494430303030313233343536373831323334353637383837363534357e",
        "7e0100600e010000000001391234432900020003000333323101b8ca4a2d313233343539347e",
    ];
    let out = peer.feed(&bytes(parts[0]));
    assert_eq!(answers(&out), [(0, 0x0100, 0)]);
    // Out of order.
    assert_eq!(answers(&peer.feed(&bytes(parts[2]))), [(2, 0x0100, 0)]);
    let out = peer.feed(&bytes(parts[1]));
    let answer = &sent(&out)[0];
    assert_eq!((answer.id, answer.body.as_slice()), (0x8100, &b"\0\x01\0G7Q2Z8"[..]));
}

#[test]
fn a_known_phone_needs_no_code_unless_one_is_configured() {
    type Options = &'static [(&'static str, &'static str)];
    // Options, whether a code is configured, code shown, admitted.
    let cases: [(Options, bool, &[u8], bool); 9] = [
        (&[], false, b"some other platform's", true),
        (&[], false, b"", true),
        (&[], false, b"G7Q2Z8\0\0", true),
        (&[], true, b"SECRET", true),
        (&[], true, b"WRONG", false),
        (&[("auth", "open")], true, b"WRONG", false),
        (&[("auth", "strict")], false, b"WRONG", false),
        (&[("auth", "strict")], false, b"", false),
        (&[("auth", "strict")], false, b"G7Q2Z8", true),
    ];
    for (options, configured, code, admitted) in cases {
        let host = if configured { secured(options) } else { Host::known(options) };
        let mut peer = Peer::new(host);
        let out = peer.feed(&frame(0x0102, PHONE, 1, code));
        assert_eq!(online(&out) == 1, admitted, "{options:?} {configured} {code:?}");
        assert_eq!(answers(&out), [(1, 0x0102, if admitted { 0 } else { WRONG })]);
        assert_eq!(out.contains(&Out::Refused("wrong authentication code")), !admitted);
    }
}

#[test]
fn any_message_of_a_known_phone_stands_for_the_authentication() {
    let mut peer = Peer::new(Host::known(&[]));
    let out = peer.feed(&frame(0x0002, PHONE, 5, &[]));
    assert_eq!((online(&out), answers(&out)), (1, vec![(5, 0x0002, 0)]));
    // Nobody asks again.
    let out = peer.feed(&[frame(0x0002, PHONE, 6, &[]), frame(0x0301, PHONE, 7, &[1])].concat());
    assert!(!out.iter().any(|out| matches!(out, Out::Asked(_))));
    assert_eq!(events(&out).len(), 1);
}

#[test]
fn after_a_registration_the_next_message_is_enough() {
    let mut peer = Peer::new(Host::known(&[]));
    peer.feed(&frame(0x0100, PHONE, 1, &registration()));
    let out = peer.feed(&frame(0x0301, PHONE, 2, &[1]));
    assert_eq!((online(&out), events(&out).len(), answers(&out)), (1, 2, vec![(2, 0x0301, 0)]));
}

#[test]
fn without_authentication_nothing_is_stored_where_it_is_demanded() {
    for host in [Host::known(&[("auth", "strict")]), secured(&[]), Host::Unknown, Host::Blocked] {
        let mut peer = Peer::new(host);
        for serial in 1..=10_u16 {
            let out = peer.feed(&frame(0x0301, PHONE, serial, &[1]));
            assert_eq!((answers(&out), events(&out).len()), (vec![(serial, 0x0301, WRONG)], 0));
            assert_eq!(closed(&out), (serial == 10).then_some(CloseReason::NotAdmitted));
        }
    }
}

#[test]
fn who_does_not_authenticate_in_time_is_closed() {
    let mut peer = Peer::new(Host::known(&[("auth", "strict")]));
    peer.feed(&frame(0x0002, PHONE, 1, &[]));
    assert_eq!(peer.wait(59), []);
    assert_eq!(closed(&peer.wait(1)), Some(CloseReason::LoginTimeout));
    let mut peer = Peer::new(Host::known(&[("auth", "strict")]));
    peer.feed(&frame(0x0002, PHONE, 1, &[]));
    peer.feed(&frame(0x0102, PHONE, 2, b"G7Q2Z8"));
    assert_eq!(peer.wait(120), []);
}

#[test]
fn three_wrong_codes_in_ten_minutes_close() {
    let mut peer = Peer::new(secured(&[]));
    for serial in 1..=3 {
        let out = peer.feed(&frame(0x0102, PHONE, serial, b"WRONG"));
        assert_eq!(answers(&out), [(serial, 0x0102, WRONG)]);
        assert_eq!(closed(&out).is_some(), serial == 3);
    }
}

#[test]
fn an_unknown_terminal_is_told_so_and_may_be_provisioned_meanwhile() {
    let mut peer = Peer::new(Host::Unknown);
    let out = peer.feed(&frame(0x0100, PHONE, 3, &registration()));
    assert_eq!(sent(&out)[0].body, [0, 3, 4]);
    peer.wait(20);
    peer.host = Host::known(&[]);
    let out = peer.feed(&frame(0x0100, PHONE, 4, &registration()));
    assert_eq!(sent(&out)[0].body, b"\0\x04\0G7Q2Z8");
    assert_eq!(online(&peer.feed(&frame(0x0102, PHONE, 5, b"G7Q2Z8"))), 1);
    assert_eq!(peer.wait(100), []);

    let mut peer = Peer::new(Host::Unknown);
    peer.feed(&frame(0x0100, PHONE, 3, &registration()));
    assert_eq!(closed(&peer.wait(30)), Some(CloseReason::NotAdmitted));
}

#[test]
fn a_terminal_that_was_removed_goes_offline_when_it_registers_again() {
    let mut peer = Peer::online(&[]);
    peer.host = Host::Blocked;
    let out = peer.feed(&frame(0x0100, PHONE, 9, &registration()));
    assert!(out.contains(&Out::Offline(0)));
    assert_eq!((sent(&out)[0].body.as_slice(), peer.window()), (&[0, 9, 4][..], 0));
}

#[test]
fn logout_takes_the_terminal_offline_and_closes_after_a_while() {
    let mut peer = Peer::online(&[]);
    let out = peer.feed(&frame(0x0003, PHONE, 2, &[]));
    assert_eq!((answers(&out), out.contains(&Out::Offline(0))), (vec![(2, 3, 0)], true));
    assert_eq!(closed(&peer.wait(5)), Some(CloseReason::LoggedOut));
    // Coming back cancels it.
    let mut peer = Peer::online(&[]);
    peer.feed(&frame(0x0003, PHONE, 2, &[]));
    assert_eq!(online(&peer.feed(&frame(0x0102, PHONE, 3, b"G7Q2Z8"))), 1);
    assert_eq!(peer.wait(60), []);
}

#[test]
fn a_relay_carries_several_terminals() {
    const OTHER: &str = "013800138000";
    let mut peer = Peer::online(&[]);
    let out = peer.feed(&frame(0x0102, OTHER, 1, b"G7Q2Z8"));
    assert!(out.contains(&Out::Online(1)));
    assert_eq!(sent(&out)[0].address, bytes(OTHER));
    let out = peer.feed(&[frame(0x0301, OTHER, 2, &[1]), frame(0x0301, PHONE, 2, &[1])].concat());
    let lanes: Vec<_> = out
        .iter()
        .filter_map(|out| if let Out::Stored(lane, _) = out { Some(*lane) } else { None })
        .collect();
    assert_eq!(lanes, [1, 0]);
    // One that logs out does not take the other with it; nor does one that does not answer.
    peer.feed(&frame(0x0003, OTHER, 3, &[]));
    assert_eq!(closed(&peer.wait(60)), None);
    assert_eq!((peer.session.window(Lane(0)), peer.session.window(Lane(1))), (1, 0));
}

#[test]
fn terminals_on_one_connection_are_limited() {
    let mut limits = Limits::default();
    limits.max_lanes = 2;
    let mut peer = Peer::with_limits(Host::known(&[]), &limits);
    for (phone, fits) in [
        ("013800138000", true),
        ("013800138001", true),
        ("013800138002", false),
        ("013800138000", true),
    ] {
        let out = peer.feed(&frame(0x0002, phone, 1, &[]));
        assert_eq!(answers(&out).len(), usize::from(fits), "{phone}");
        assert_eq!(out.iter().any(|out| matches!(out, Out::Error(_))), !fits);
    }
}

#[test]
fn a_hexadecimal_phone_is_looked_up_as_an_imei_too() {
    let mut peer = Peer::new(Host::Unknown);
    let out = peer.feed(&frame(0x0102, "0b3a73ce2ff2", 1, b""));
    let Out::Asked(credentials) = &out[0] else { panic!() };
    assert_eq!(credentials.identity, "0b3a73ce2ff2");
    assert_eq!(credentials.aliases, ["b3a73ce2ff2", "123456789012347"]);
    // The IMEI of a 2019 authentication is another name.
    let body = [&b"\x04CODE123456789012345"[..], &[0; 20]].concat();
    let out = peer.feed(&frame(0x0102, PHONE_2019, 1, &body));
    let Out::Asked(credentials) = &out[0] else { panic!() };
    assert_eq!(
        (credentials.identity.as_str(), credentials.secret.as_deref()),
        ("13912345678", Some("CODE"))
    );
    assert_eq!(credentials.aliases, [PHONE_2019, "123456789012345"]);
}

#[test]
fn answers_copy_the_header_of_the_terminal() {
    // O2: bit 14 set on a legacy header. F7: 2019. K1's phone: legacy.
    let mut peer = Peer::new(Host::known(&[]));
    let out = peer.feed(&bytes("7e0102400c01003000068109024a3130303330303030363831857e"));
    let wire = out
        .iter()
        .find_map(|out| if let Out::Sent(wire) = out { Some(wire) } else { None })
        .unwrap();
    assert_eq!(wire[1..11], bytes("80014005010030000681"));
    let mut peer = Peer::new(Host::known(&[]));
    let body = "7e0102402f010000000001729984173800000b3137323939383431373338313233343536373839303132333435332e372e31350000000000000000000000000000227e";
    let answer = &sent(&peer.feed(&bytes(body)))[0];
    assert_eq!(
        (answer.properties & 0x4000, answer.address.as_slice()),
        (0x4000, &bytes("0100000000017299841738")[..])
    );
    let mut peer = Peer::new(Host::known(&[]));
    let answer = &sent(&peer.feed(&frame(0x0102, PHONE, 0, b"")))[0];
    assert_eq!((answer.properties & 0x4000, answer.address.as_slice()), (0, &bytes(PHONE)[..]));
}

#[test]
fn headers_of_downlinks_can_be_forced() {
    let mut peer = Peer::new(Host::known(&[("header", "2019")]));
    let answer = &sent(&peer.feed(&frame(0x0102, PHONE, 0, b"")))[0];
    assert_eq!(
        (answer.properties & 0x4000, answer.address.as_slice()),
        (0x4000, &bytes("0100000000013912345678")[..])
    );
    let mut peer = Peer::new(Host::known(&[("header_flag", "1")]));
    let out = peer.feed(&frame(0x0102, PHONE, 0, b""));
    let wire = out
        .iter()
        .find_map(|out| if let Out::Sent(wire) = out { Some(wire) } else { None })
        .unwrap();
    assert_eq!(wire[1..5], bytes("80014005"));
}

#[test]
fn the_time_is_told_to_anybody() {
    let mut peer = Peer::new(Host::Unknown);
    let ask = |peer: &mut Peer, id| sent(&peer.feed(&frame(id, PHONE_2019, 1, &[]))).remove(0);
    let answer = ask(&mut peer, 0x0004);
    assert_eq!((answer.id, answer.body), (0x8004, bytes("260921103000")));
    let answer = ask(&mut peer, 0x0109);
    assert_eq!((answer.id, answer.body), (0x8109, bytes("07ea09150a1e00")));
    let answer = ask(&mut peer, 0x0105);
    assert_eq!((answer.id, answer.body), (0x8005, 1_789_986_600_u32.to_be_bytes().to_vec()));
    let mut peer = Peer::new(Host::known(&[("time_answer", "local")]));
    peer.feed(&frame(0x0002, PHONE_2019, 1, &[]));
    assert_eq!(ask(&mut peer, 0x0004).body, bytes("260921183000"));
}

#[test]
fn more_than_twenty_bad_frames_in_a_row_close() {
    let wrong = bytes("7e0003000001234567890000018c7e");
    let mut peer = Peer::online(&[]);
    assert_eq!(peer.feed(&wrong.repeat(20)), []);
    peer.feed(&frame(0x0002, PHONE, 1, &[]));
    assert_eq!(peer.feed(&wrong.repeat(20)), []);
    assert_eq!(peer.feed(&wrong), [Out::Closed(CloseReason::TooManyErrors)]);
}

#[test]
fn an_answer_nobody_asked_for_changes_nothing() {
    let mut peer = Peer::new(Host::known(&[]));
    let mut fx = protocols::Effects::new();
    peer.session.handle_admission(Lane(0), Admission::Unknown, peer.now(), &mut fx);
    peer.session.handle_admission(Lane(9), Admission::Blocked, peer.now(), &mut fx);
    assert!(fx.is_empty());
}
