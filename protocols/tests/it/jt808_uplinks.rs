//! What an accepted terminal reports, and how it is answered (sections 8.3, 11 and 14).

use protocols::{DriverMessage, Event, Origin, RepeatKey, Report, Value};

use crate::jt808_bench::*;

fn text(out: &[Out]) -> DriverMessage {
    match events(out).as_slice() {
        [Event::Message(message)] => message.clone(),
        other => panic!("{other:?}"),
    }
}

fn reports(out: &[Out]) -> Vec<Report> {
    let reports = events(out).into_iter().filter_map(|event| match event {
        Event::Report(report) => Some(report),
        _ => None,
    });
    reports.collect()
}

fn value<'a>(report: &'a Report, name: &str) -> Option<&'a Value> {
    report.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value)
}

/// A location body: alarm, status, latitude, longitude, altitude, speed, direction, time, items.
fn location(alarm: u32, status: u32, at: (u32, u32), time: &str, items: &str) -> Vec<u8> {
    let numbers = [alarm, status, at.0, at.1].map(u32::to_be_bytes).concat();
    [numbers, bytes("0138003c005a"), bytes(time), bytes(items)].concat()
}

const HERE: (u32, u32) = (22_644_830, 114_029_380);
const TIME: &str = "260921183000";

fn report(status: u32, at: (u32, u32), time: &str) -> Report {
    let mut peer = Peer::online(&[]);
    reports(&peer.feed(&frame(0x0200, PHONE, 1, &location(0, status, at, time, "")))).remove(0)
}

#[test]
fn a_location_in_neutral_words() {
    let items = "0104000000640202007d300118310109 2504000000ff 2b0400020001 0602800a eb020102";
    let mut peer = Peer::online(&[]);
    let out = peer.feed(&frame(0x0200, PHONE, 1, &location(0x21, 3, HERE, TIME, items)));
    assert_eq!(answers(&out), [(1, 0x0200, 0)]);
    let report = reports(&out).remove(0);
    let fix = report.fix.unwrap();
    assert_eq!((fix.valid, fix.latitude, fix.longitude), (true, 22.644_83, 114.029_38));
    assert_eq!(
        (fix.altitude, fix.speed, fix.course, fix.satellites),
        (Some(312.0), Some(6.0), Some(90.0), Some(9))
    );
    assert_eq!(report.time.unwrap().to_string(), "2026-09-21T10:30:00Z");
    assert!(!report.archived);
    for (name, expected) in [
        ("ignition", Value::Bool(true)),
        ("status_bits", Value::Int(3)),
        ("alarm_bits", Value::Int(0x21)),
        ("odometer_km", Value::Float(10.0)),
        ("fuel_l", Value::Float(12.5)),
        ("signal", Value::Int(24)),
        ("vehicle_signals", Value::Int(255)),
        ("adc0", Value::Int(1)),
        ("adc1", Value::Int(2)),
        ("cabin_temperature_c", Value::Int(-10)),
        ("item_EB", Value::Bytes(vec![1, 2].into())),
    ] {
        assert_eq!(value(&report, name), Some(&expected), "{name}");
    }
    let alarms: Vec<_> = report
        .attributes
        .iter()
        .filter(|(name, _)| name == "alarm")
        .map(|(_, value)| value)
        .collect();
    assert_eq!(
        alarms,
        [&Value::Text("sos".to_owned()), &Value::Text("gnss_antenna_open".to_owned())]
    );
}

#[test]
fn south_west_below_the_sea_and_nowhere() {
    let fix = report(0b1110, HERE, TIME).fix.unwrap();
    assert_eq!((fix.latitude, fix.longitude, fix.valid), (-22.644_83, -114.029_38, true));
    assert!(!report(0, HERE, TIME).fix.unwrap().valid);
    assert!(!report(0x22, HERE, TIME).fix.unwrap().valid, "encrypted coordinates");
    assert_eq!(report(2, (0, 0), TIME).fix, None);
    assert_eq!(report(2, (116_307_629, 40_058_359), TIME).fix, None, "off the globe");
    let mut body = location(0, 2, HERE, TIME, "");
    body[16..18].copy_from_slice(&65_526_u16.to_be_bytes());
    let out = Peer::online(&[]).feed(&frame(0x0200, PHONE, 1, &body));
    assert_eq!(reports(&out)[0].fix.unwrap().altitude, Some(-10.0));
}

#[test]
fn times_that_are_none() {
    let time = |bcd: &str| report(2, HERE, bcd).time.map(|time| time.to_string());
    assert_eq!(time("070113102041").as_deref(), Some("2007-01-13T02:20:41Z"));
    for none in [
        "000000000000",
        "000101000005",
        "26132118300a",
        "260931183000",
        "261321183000",
        "260923183001",
    ] {
        assert_eq!(time(none), None, "{none}");
    }
    assert_eq!(
        time("260922183000").as_deref(),
        Some("2026-09-22T10:30:00Z"),
        "a day ahead is believed"
    );
    let mut peer = Peer::online(&[("time_offset", "0")]);
    let out = peer.feed(&frame(0x0200, PHONE, 1, &location(0, 2, HERE, "260921103000", "")));
    assert_eq!(reports(&out)[0].time.unwrap().to_string(), "2026-09-21T10:30:00Z");
}

#[test]
fn broken_items_do_not_fail_the_frame_and_a_short_body_does() {
    let mut peer = Peer::online(&[]);
    let out = peer.feed(&frame(0x0200, PHONE, 1, &location(0, 2, HERE, TIME, "300118ff20aabb")));
    assert_eq!(
        (answers(&out), value(&reports(&out)[0], "signal")),
        (vec![(1, 0x0200, 0)], Some(&Value::Int(24)))
    );
    let out = peer.feed(&frame(0x0200, PHONE, 2, &location(0, 2, HERE, "2609211830", "")));
    assert_eq!((answers(&out), events(&out).len()), (vec![(2, 0x0200, 2)], 0));
    assert!(out.contains(&Out::Error(
        "location 0x0200: field time at offset 34: ends too early".to_owned()
    )));
}

#[test]
fn bits_that_an_edition_does_not_define_have_no_name() {
    let named = |phone: &str, alarm: u32| {
        let mut peer = Peer::new(Host::known(&[]));
        let out = peer.feed(&frame(0x0200, phone, 1, &location(alarm, 1 << 22, HERE, TIME, "")));
        let report = reports(&out).remove(0);
        (
            report.attributes.iter().filter(|(name, _)| name == "alarm").count(),
            value(&report, "moving").cloned(),
        )
    };
    assert_eq!(named(PHONE, 0x8001_8000), (1, None));
    assert_eq!(named(PHONE_2019, 0x8001_8000), (2, Some(Value::Bool(true))));
}

#[test]
fn batches_are_one_record_with_one_answer() {
    let body = location(0, 3, HERE, TIME, "");
    let item = [&[0, 28][..], &body].concat();
    for (kind, archived) in [(0, false), (1, true)] {
        let batch = [&[0, 2, kind][..], &item, &item].concat();
        let out = Peer::online(&[]).feed(&frame(0x0704, PHONE, 4, &batch));
        assert_eq!(answers(&out), [(4, 0x0704, 0)]);
        let reports = reports(&out);
        assert_eq!((reports.len(), reports[1].archived), (2, archived));
    }
}

#[test]
fn answers_to_queries_are_reports_and_information() {
    let mut peer = Peer::online(&[]);
    // F36.
    let body = bytes(
        "0000000000000000000201000f9005bbd430000000000000070113102041010400000000eb16000c00b28995062412035796032900060089ffffffff",
    );
    let out = peer.feed(&frame(0x0201, PHONE, 1, &body));
    assert_eq!((reports(&out).len(), answers(&out)), (1, vec![(1, 0x0201, 0)]));
    let out = peer.feed(&frame(
        0x0104,
        PHONE,
        2,
        &bytes("0044 02 00000001 04 0000003c 0000f001 02 abcd"),
    ));
    let Event::Info(info) = &events(&out)[0] else { panic!() };
    assert_eq!(info[0], ("heartbeat_interval_s".into(), Value::Int(60)));
    assert_eq!(info[1], ("parameter_F001".into(), Value::Bytes(vec![0xab, 0xcd].into())));
    // The body of F38.
    let body = bytes(
        "00ff3838383838434b31303043000000000000000000000000000000000000000000000000313030303439330000000000000000000000000000000000000000000000898603249475600329000748572d56322e350e434b313030432d4a542d5630323402 20",
    );
    let out = peer.feed(&frame(0x0107, PHONE, 3, &body));
    let Event::Info(info) = &events(&out)[0] else { panic!() };
    assert!(info.contains(&("iccid".into(), Value::Text("89860324947560032900".to_owned()))));
    assert!(info.contains(&("firmware".into(), Value::Text("CK100C-JT-V024".to_owned()))));
}

#[test]
fn driver_texts_carry_what_makes_a_repeat_recognisable() {
    let mut peer = Peer::online(&[]);
    let key =
        |id: u64, serial: u64| RepeatKey::Numbered { key: id << 16 | serial, window_seconds: 600 };
    // K7a and K7b: UTF-16 and GBK.
    let message = text(&peer.feed(&bytes("7e6006000501391234567801060165365230647e")));
    assert_eq!((message.text.as_str(), message.origin), ("收到", Origin::Driver));
    assert_eq!(
        (message.repeat, message.reply_to, message.device_time),
        (key(0x6006, 0x106), None, None)
    );
    assert_eq!(text(&peer.feed(&bytes("7e60060005013912345678010700cad5b5bd427e"))).text, "收到");
    // K6, and the same with an odd byte behind.
    let message = text(&peer.feed(&bytes("7e130000060139123456780105001065365230007e")));
    assert_eq!(
        (message.text.as_str(), message.reply_to, message.repeat),
        ("收到", Some(0x10), key(0x1300, 0x105))
    );
    assert_eq!(text(&peer.feed(&frame(0x1300, PHONE, 1, &bytes("00106536523000")))).text, "收到");
    // Q3: an event without a list.
    assert_eq!(text(&peer.feed(&frame(0x0301, PHONE, 9, &[5]))).text, "event 5");
    // F31: a vendor's sentence.
    let sentence = [&b"\x40\0\x18"[..], b"GTSL|6|1|0|10218094|1|\r\n"].concat();
    let message = text(&peer.feed(&frame(0x0900, PHONE, 10, &sentence)));
    assert_eq!((message.text.as_str(), message.origin), ("GTSL|6|1|0|10218094|1|", Origin::Device));
    assert_eq!(text(&peer.feed(&frame(0x0900, PHONE, 11, b"\xf0OK"))).origin, Origin::Device);
    // Binary data of the same types are no words.
    for body in [&b"\xf0\x01\x02"[..], b"\x40\0\x18short", b"\x41HELLO"] {
        assert!(matches!(
            events(&peer.feed(&frame(0x0900, PHONE, 12, body))).as_slice(),
            [Event::Unhandled { .. }]
        ));
    }
}

#[test]
fn a_text_in_the_style_of_a_command_soon_after_one_is_the_machines() {
    let version = [&[0][..], b"<VER:1.0>"].concat();
    let mut peer = Peer::online(&[]);
    assert_eq!(text(&peer.feed(&frame(0x6006, PHONE, 1, &version))).origin, Origin::Driver);
    peer.text(1, 1, "<VER?>");
    assert_eq!(text(&peer.feed(&frame(0x6006, PHONE, 2, &version))).origin, Origin::Device);
    assert_eq!(text(&peer.feed(&frame(0x6006, PHONE, 3, b"\0on my way"))).origin, Origin::Driver);
    peer.feed(&frame(0x0001, PHONE, 4, &receipt(1, 0x8300, 0)));
    peer.wait(61);
    assert_eq!(text(&peer.feed(&frame(0x6006, PHONE, 5, &version))).origin, Origin::Driver);
}

#[test]
fn drivers_come_and_go() {
    let mut peer = Peer::online(&[]);
    let out = peer.feed(&frame(0x0702, PHONE, 1, &bytes("02221102152004")));
    assert!(
        matches!(events(&out).as_slice(), [Event::Driver(driver)] if !driver.present && driver.id.is_none())
    );
    // O4: a wrong length field and binary dates; handled, answered, and counted.
    let out = peer.feed(&bytes("7e0702003a016067308681006d0218061b0f362e000753696d626132326777313233000000000000000000000000000000044341524407e8061be27e"));
    let events = events(&out);
    let Some(Event::Driver(driver)) = events.first() else { panic!("{out:?}") };
    assert_eq!((driver.id.as_deref(), driver.name.as_deref()), (Some("gw123"), Some("Simba22")));
    assert!(out.iter().any(|out| matches!(out, Out::Error(_))));
}

#[test]
fn nothing_is_acknowledged_that_is_not_stored() {
    let mut peer = Peer::online(&[]);
    peer.broken_store = true;
    let body = location(0, 3, HERE, TIME, "");
    for (id, body) in [
        (0x0200, body.clone()),
        (0x0704, [&[0, 1, 0, 0, 28][..], &body].concat()),
        (0x0301, vec![1]),
        (0x0302, vec![0, 1, 1]),
        (0x6006, b"\0hi".to_vec()),
        (0x1300, vec![0, 1, 0x65, 0x36]),
        (0x0702, bytes("02221102152004")),
        (0x0900, b"\x41x".to_vec()),
        (0x0d01, vec![1]),
    ] {
        assert_eq!(answers(&peer.feed(&frame(id, PHONE, 1, &body))), [(1, id, 1)], "{id:#06x}");
    }
}

#[test]
fn every_message_is_answered_as_the_table_says() {
    let mut peer = Peer::online(&[]);
    for id in [
        0x0002, 0x0506, 0x0700, 0x0705, 0x0802, 0x0805, 0x0901, 0x0304, 0x6007, 0x1007, 0x0108,
        0x0303, 0x0701, 0x0800,
    ] {
        let out = peer.feed(&frame(id, PHONE, 1, &[0; 8]));
        assert_eq!(answers(&out), [(1, id, 0)], "{id:#06x}");
    }
    assert_eq!(answers(&peer.feed(&frame(0x0d01, PHONE, 1, &[1]))), [(1, 0x0d01, 3)]);
    assert_eq!(answers(&peer.feed(&frame(0xe001, PHONE, 1, &[1]))), [(1, 0xe001, 3)]);
    let mut tolerant = Peer::online(&[("ack_unknown", "ok")]);
    assert_eq!(answers(&tolerant.feed(&frame(0x0d01, PHONE, 1, &[1]))), [(1, 0x0d01, 0)]);
    // Never answered: answers, RSA keys, what only platforms send, relatives.
    for id in [0x0001, 0x0a00, 0x8001, 0x8300, 0xf001, 0x5501, 0x5502] {
        assert_eq!(sent(&peer.feed(&frame(id, PHONE, 1, &[0; 132]))), [], "{id:#06x}");
        assert_eq!(sent(&peer.feed(&frame(id, PHONE, 1, &[]))), [], "{id:#06x}");
    }
    // A body that does not parse.
    assert_eq!(answers(&peer.feed(&frame(0x0302, PHONE, 1, &[0]))), [(1, 0x0302, 2)]);
}

#[test]
fn encrypted_messages_are_kept_and_not_supported() {
    let mut peer = Peer::online(&[]);
    let k11 = bytes("7e030104100139123456780032000102030405060708090a0b0c0d0e0f147e");
    let out = peer.feed(&k11);
    assert_eq!(answers(&out), [(0x32, 0x0301, 3)]);
    assert!(
        matches!(events(&out).as_slice(), [Event::Unhandled { kind: 0x0301, raw }] if raw.len() == 28)
    );
    assert!(out.iter().any(|out| matches!(out, Out::Error(_))));
    // From a stranger nothing is kept, and nobody is asked.
    let out = Peer::new(Host::known(&[])).feed(&k11);
    assert_eq!((answers(&out), events(&out).len()), (vec![(0x32, 0x0301, 3)], 0));
}

#[test]
fn many_frames_in_one_read_are_answered_in_order() {
    let mut peer = Peer::online(&[]);
    let stream: Vec<u8> =
        (1..=50_u16).flat_map(|serial| frame(0x0301, PHONE, serial, &[1])).collect();
    let serials: Vec<_> =
        answers(&peer.feed(&stream)).into_iter().map(|(serial, ..)| serial).collect();
    assert_eq!(serials, (1..=50).collect::<Vec<_>>());
}

proptest::proptest! {
    /// Random bodies in good frames: nothing panics, and a stranger's are never stored.
    #[test]
    fn no_bytes_disturb_a_session(
        frames in proptest::collection::vec((proptest::prelude::any::<u16>(), proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80), 0_u8..4), 1..30),
        known: bool,
    ) {
        let mut peer = Peer::new(if known { Host::known(&[]) } else { Host::Unknown });
        for (id, body, kind) in frames {
            let id = if kind == 0 { id } else { [0x0001, 0x0100, 0x0102, 0x0200, 0x0302, 0x0702, 0x0704, 0x0900][usize::from(id % 8)] };
            let wire = match kind {
                1 => fragment(id, PHONE, 1, u16::from(body.len() as u8 % 5), u16::from(body.len() as u8 % 4), &body),
                2 => frame(id, PHONE_2019, 1, &body),
                _ => frame(id, PHONE, 1, &body),
            };
            let out = peer.feed(&wire);
            proptest::prop_assert!(known || events(&out).is_empty());
            if out.iter().any(|out| matches!(out, Out::Closed(_))) {
                break;
            }
            peer.wait(1);
        }
    }
}
