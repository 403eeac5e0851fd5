//! The sample frames of the specification, section 7, both ways.

use super::super::message::{Class, DataCommand, Message, Sentence};
use super::super::{decode, encode, hex as hex_form, pro, serial};
use super::{Dialogue, events, hex, reports, values};
use crate::effect::Effect;
use crate::event::{Event, Value};

const R1: &[u8] = b"AT+GTDAT=gv300,1,,data to the serial port,,,,,0017$";
const R2: &[u8] = b"+ACK:GTDAT,060100,135790246811220,,0017,20090214093254,11F0$";
const R3: &[u8] = b"+RESP:GTDAT,271102,867162029332640,6979,T22H59,20240426115205,2683$";
const S1: &[u8] = b"+SACK:2683$";
const S2: &[u8] = b"+ACK:GTHBD,1A0401,135790246811220,,20100214093254,11F1$";
const S3: &[u8] = b"+SACK:GTHBD,1A0401,11F1$";
const R4: &[u8] = b"+RESP:GTERI,358803,862364030335589,gv200,00000002,,10,1,1,42.5,132,2150.4,43.516551,17.661988,20240818171932,0420,0004,F23D,31EF,00,17363.6,,,91,,00,00,2,0,20240818171940,91F1$";
const R5: &[u8] = b"+RESP:GTDTT,410502,864802030541621,,,,1,35,45637561747261636b0d0a434f4d422c302c39342e302c2d312e302c2c2c4844430d0a,20230421034626,EA2E$";
const R6: &[u8] = b"+BUFF:GTFRI,210101,863286020016706,,,10,1,1,,,,49.903915,40.391669,20140818105815,,,,,,,,,,,210100,,,,,000C$";
const S4: &[u8] = b"AT+GTDAT=gv300w,1,,Gate 4 - call office,1,,,,00A3$";
const S5: &[u8] = b"+ACK:GTDAT,270B01,867162027893742,gv300w,00A3,20240726234401,4D01$";

fn sentence(frame: &[u8]) -> Sentence<'_> {
    match decode::message(frame).unwrap() {
        Message::Sentence(sentence) => sentence,
        other => panic!("{other:?}"),
    }
}

#[test]
fn texts_to_the_serial_port() {
    for (frame, password, data, need_ack, serial) in [
        (R1, "gv300", "data to the serial port", "", "0017"),
        (S4, "gv300w", "Gate 4 - call office", "1", "00A3"),
    ] {
        let command = DataCommand {
            password: password.as_bytes(),
            kind: b"1",
            data: data.as_bytes().to_vec(),
            need_ack: need_ack.as_bytes(),
            serial: serial.as_bytes(),
        };
        assert_eq!(encode::data(&command), frame);
        assert_eq!(decode::message(frame), Ok(Message::Data(command)));
    }
}

#[test]
fn data_may_hold_commas() {
    let Ok(Message::Data(command)) = decode::message(b"AT+GTDAT=gv300,2,,a,b,,c,,,,,0017$") else {
        panic!();
    };
    assert_eq!((command.data, command.kind), (b"a,b,,c".to_vec(), &b"2"[..]));
    for bad in [&b"AT+GTDAT=gv300,1,,a,,,,0017"[..], b"AT+GTDAT=gv300,1,,a,,,,,17", b"AT+GTDAT="] {
        assert!(decode::message(bad).is_err(), "{}", bad.escape_ascii());
    }
}

#[test]
fn sentences_come_back_as_they_were() {
    for frame in [R2, R3, S2, R4, R5, R6, S5] {
        assert_eq!(encode::sentence(&sentence(frame)), frame);
    }
}

#[test]
fn answers_and_heartbeats() {
    let answer = sentence(R2);
    assert_eq!((answer.class, answer.kind), (Class::Ack, &b"GTDAT"[..]));
    assert_eq!(answer.content(), [&b""[..], b"0017"]);
    assert_eq!((answer.count(), answer.device_type()), (Some(&b"11F0"[..]), &b"06"[..]));

    let count = &b"11F1"[..];
    assert_eq!(decode::message(S3), Ok(Message::ServerAck { heartbeat: true, count }));
    assert_eq!(encode::heartbeat_ack(b"1A0401", b"11F1"), S3);
    let dialogue = Dialogue::online(S2, &[]);
    assert_eq!(dialogue.first[1..], [Effect::Transmit(S3.into())]);
}

#[test]
fn serial_data_short_and_acknowledged() {
    let dialogue = Dialogue::online(R3, &[]);
    let Effect::Record { events, ack, .. } = &dialogue.first[1] else { panic!() };
    assert_eq!(ack, S1);
    let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(message.text, "T22H59");
    let count = &b"2683"[..];
    assert_eq!(decode::message(S1), Ok(Message::ServerAck { heartbeat: false, count }));
}

#[test]
fn serial_data_long_with_a_position() {
    let frame = b"+RESP:GTDAT,270100,135790246811220,,0,,,Yes, at gate 4,1,4.3,92,70.0,121.354335,31.222073,20090214013254,0460,0000,18d8,6141,00,,,,,20090214093254,11F0$";
    let events = events(&Dialogue::online(frame, &[]).first);
    let [Event::Report(report), Event::Message(message)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(message.text, "Yes, at gate 4");
    assert_eq!(report.fix.unwrap().longitude, 121.354_335);
}

#[test]
fn serial_data_in_hexadecimal() {
    let bytes = serial::bytes(&sentence(R5)).unwrap();
    assert_eq!(bytes, b"Ecuatrack\r\nCOMB,0,94.0,-1.0,,,HDC\r\n");
    // A sensor's line is not the driver's.
    let events = events(&Dialogue::online(R5, &[]).first);
    assert!(matches!(events[..], [Event::Info(_)]), "{events:?}");
    assert_eq!(values(&events, "fuel_sensor"), [&Value::Float(94.0)]);
}

#[test]
fn a_garmin_frame_in_serial_data_comes_out_whole() {
    // FMI carriers specification, C14.
    let frame = |length: &str| {
        format!(
            "+RESP:GTDTT,410502,864802030541624,,,,1,{length},10A11A2B0080B7EE420401000043374131000000000000000000000000C21003,20250801000003,0A1B$"
        )
    };
    assert_eq!(serial::bytes(&sentence(frame("31").as_bytes())), None);
    let fmi = hex("10A11A2B0080B7EE420401000043374131000000000000000000000000C21003");
    let right = frame("32");
    assert_eq!(serial::bytes(&sentence(right.as_bytes())), Some(fmi));
    // It is not printable: kept, and no driver's text.
    let events = events(&Dialogue::online(right.as_bytes(), &[]).first);
    assert!(matches!(events[..], [Event::Info(_)]), "{events:?}");
    assert_eq!(values(&events, "serial_data").len(), 1);
}

#[test]
fn positions_live_and_late() {
    let live = events(&Dialogue::online(R4, &[]).first);
    let [report] = &reports(&live)[..] else { panic!("{live:?}") };
    let fix = report.fix.unwrap();
    assert_eq!((fix.longitude, fix.latitude), (43.516_551, 17.661_988));
    assert_eq!((fix.speed, fix.course, fix.altitude), (Some(42.5), Some(132.0), Some(2150.4)));
    assert_eq!(report.time.unwrap().to_string(), "2024-08-18T17:19:32Z");
    assert!(fix.valid && !report.archived);
    assert_eq!(values(&live, "cell1.mcc"), [&Value::Int(420)]);
    assert_eq!(values(&live, "cell1.id"), [&Value::Int(0x31ef)]);
    assert_eq!(values(&live, "odometer_km"), [&Value::Float(17_363.6)]);

    let late = events(&Dialogue::online(R6, &[]).first);
    let [report] = &reports(&late)[..] else { panic!("{late:?}") };
    let fix = report.fix.unwrap();
    assert!(report.archived);
    assert_eq!((fix.longitude, fix.latitude, fix.speed), (49.903_915, 40.391_669, None));
}

#[test]
fn accuracy_zero_is_an_old_position() {
    let frame = b"+RESP:GTIGF,270302,867162025085234,,3519,0,0.0,92,111.2,-116.867638,32.450321,20180327070835,0334,0020,2B24,52CC3DE,00,,243.1,20180327070837,2A98$";
    let events = events(&Dialogue::online(frame, &[]).first);
    assert!(!reports(&events)[0].fix.unwrap().valid);
    assert_eq!(values(&events, "ignition"), [&Value::Bool(false)]);
}

#[test]
fn imeis_of_binary_frames_are_pairs_of_digits() {
    let ack = hex("2B41434B02EF244B03050318564F5F0300520A0400002807E30418020918BBCA4CD10D0A");
    let heartbeat = hex("2B484244EF204B03060319564F5F0300520A0407E3041A082D010455D37B0D0A");
    let report = hex(
        "2b5253500700fc1fbf005d4501020209563254030003430564377e42071001000000000000007eff75a151025c6a8107e10801081a2a02680003189c1ac500000000000002100700000000000000000007e1080108241019e17ebe0d0a",
    );
    for (frame, id, count) in [
        (&ack, "867995030082104", "BBCA"),
        (&heartbeat, "867995030082104", "0455"),
        (&report, "865084030003675", "19E1"),
    ] {
        let Ok(Message::Hex(frame)) = decode::message(frame) else { panic!() };
        assert_eq!(hex_form::identity(&frame).as_deref(), Some(id));
        assert_eq!(hex_form::count(&frame).as_deref(), Some(count));
    }
    let Ok(Message::Hex(frame)) = decode::message(&report) else { panic!() };
    let events = hex_form::events(&frame);
    let [report] = &reports(&events)[..] else { panic!("{events:?}") };
    let fix = report.fix.unwrap();
    assert_eq!((fix.longitude, fix.latitude, fix.valid), (-9.068_207, 39.611_009, false));
    assert_eq!(report.time.unwrap().to_string(), "2017-08-01T08:26:42Z");
    assert_eq!(values(&events, "power_v"), [&Value::Float(14.206)]);
}

#[test]
fn an_event_has_its_own_fields_before_the_position() {
    let frame = hex(
        "2B4556540D00FE5FBF00644B03050318564F5F0300520A0455000000000100221900001CC7010000000000F8006906FB404901E5D43B07E3041805103A04600000550BB96900000000000000000000000000000000000007E30418051102BE1D62A20D0A",
    );
    let Ok(Message::Hex(frame)) = decode::message(&frame) else { panic!() };
    let events = hex_form::events(&frame);
    let [report] = &reports(&events)[..] else { panic!("{events:?}") };
    let fix = report.fix.unwrap();
    assert_eq!((fix.longitude, fix.latitude), (117.129_289, 31.839_291));
    assert_eq!(report.time.unwrap().to_string(), "2019-04-24T05:16:58Z");
    assert_eq!(values(&events, "ignition"), [&Value::Bool(true)]);
    assert_eq!(values(&events, "battery_level"), [&Value::Int(85)]);
}

#[test]
fn protocol_pro_heartbeat_and_report() {
    let heartbeat = hex("2B 10 18 01 23 45 67 89 01 23 45 80 01 00 07 00 5E 36 2F 5A 10 F2 14 24");
    let Ok(Message::Pro(frame)) = decode::message(&heartbeat) else { panic!() };
    assert!(frame.heartbeat);
    assert_eq!(pro::identity(&frame).as_deref(), Some("123456789012345"));
    assert_eq!(pro::count(&frame).as_deref(), Some("10F2"));
    let report = hex(
        "2b000038000865134050947226820300030000216a908d67247f5000521619fa8b85e702ab64326a908d670000050082000aa51da13d0424",
    );
    let dialogue = Dialogue::online(&report, &[]);
    let Effect::Record { events, ack, .. } = &dialogue.first[1] else { panic!() };
    assert_eq!(ack, &b"+SACK:A13D$"[..]);
    let fix = reports(events)[0].fix.unwrap();
    assert_eq!((fix.longitude, fix.latitude), (-91.519_513, 44.786_738));
    assert_eq!((fix.course, fix.altitude, fix.satellites), (Some(130.0), Some(272.5), Some(29)));
}

#[test]
fn alarms_have_neutral_names() {
    let mut names = super::super::attributes::ALARMS.into_iter().map(|(_, name)| name);
    assert!(names.all(crate::vocabulary::is_alarm));
}
