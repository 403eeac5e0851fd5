//! The sample frames of the specification (section 6), both ways where both sides are known.

use super::super::frame::{Prefix, seal};
use super::super::message::{Heartbeat, Message, Receipt, State};
use super::super::{decode, encode, explain, report};
use super::cut;
use crate::event::{Event, Value};
use crate::framing::Limits;

const R3: &str =
    "TRVAP01080524A2232.9806N11404.9355E000.1061830323.8706000908000102,460,0,9520,3671#";

/// The frame without its end, as the framer hands it out.
fn cut_out(wire: &str) -> &str {
    let frame = wire.strip_suffix('#').unwrap();
    assert_eq!(cut(wire.as_bytes(), &Limits::default()), (vec![frame.to_owned()], 0));
    assert_eq!(explain::explain(wire.as_bytes()).problem, None, "{wire}");
    frame
}

fn message(wire: &str) -> Message<'_> {
    decode::uplink(cut_out(wire).as_bytes()).unwrap().1
}

#[test]
fn r1_s1_login_and_its_answer() {
    assert_eq!(message("IWAP00353456789012345#"), Message::Login { imei: "353456789012345" });
    let now = "2026-03-15T12:00:00Z".parse().unwrap();
    let answer = seal(Prefix::Iw, "BP00", &encode::login_answer(now, 0));
    assert_eq!(answer, "IWBP00,20260315120000,0#");
    cut_out("IWBP00,20260315120000,0#");
}

#[test]
fn r2_r6_s2_heartbeats_and_their_answer() {
    let state = State { signal: 60, satellites: 9, battery: 80, ignition: 0 };
    let walked = Heartbeat { state, steps: Some(5555), rolls: Some(30) };
    let wire = "IWAP03,06000908000102,5555,30#";
    assert_eq!(message(wire), Message::Heartbeat(walked));
    assert_eq!(seal(Prefix::Iw, "AP03", &encode::heartbeat(&walked)), wire);
    let state = State { signal: 80, satellites: 0, battery: 70, ignition: 0 };
    let resting = Heartbeat { state, steps: Some(22), rolls: Some(0) };
    assert_eq!(message("IWAP03,08000007000001,00022,00#"), Message::Heartbeat(resting));
    assert_eq!(seal(Prefix::Iw, "BP03", ""), "IWBP03#");
}

#[test]
fn r3_position_without_separators() {
    let Message::Position(position) = message(R3) else { panic!("no position") };
    let report = report::report(&position, Prefix::Trv, "2100-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(report.time, "2008-05-24T06:18:30Z".parse().ok());
    let fix = report.fix.unwrap();
    assert!((fix.latitude - 22.549_676_67).abs() < 1e-8);
    assert!((fix.longitude - 114.082_258_33).abs() < 1e-8);
    assert_eq!(
        (fix.valid, fix.speed, fix.course, fix.satellites),
        (true, Some(0.1), Some(323.87), Some(9))
    );
    let number = |name: &'static str, value| (name.into(), Value::Int(value));
    assert_eq!(
        report.attributes,
        [
            number("signal", 60),
            number("battery_level", 80),
            ("ignition".into(), Value::Bool(false)),
            number("cell1.mcc", 460),
            number("cell1.mnc", 0),
            number("cell1.lac", 9520),
            number("cell1.id", 3671),
        ]
    );
    assert_eq!(seal(Prefix::Trv, "AP01", &encode::position(&position)), R3);
}

#[test]
fn r4_answer_to_a_command() {
    assert_eq!(message("IWAPXL,080835#"), Message::CommandAnswer);
    assert_eq!(message("IWAPXL,08083#"), Message::Other);
    assert_eq!(message("IWAP14,080835,1#"), Message::CommandAnswer);
    assert_eq!(message("TRVAP14,460,0,9520,3671#"), Message::Other);
}

#[test]
fn r5_heart_rate() {
    let Message::Health(values) = message("IWAP49,68#") else { panic!("no measurement") };
    let heart = vec![("heart_rate".into(), Value::Int(68))];
    assert_eq!(report::health(&values), Event::Info(heart));
}

#[test]
fn s3_s5_texts_and_s4_receipt() {
    for (serial, text, wire) in [
        (
            80835,
            "are you ok?",
            "IWBP40,353456789012345,080835,00610072006500200079006F00750020006F006B003F#",
        ),
        (
            80836,
            "Перезвони мне",
            "IWBP40,353456789012345,080836,041F04350440043504370432043E043D04380020043C043D0435#",
        ),
    ] {
        let data = encode::text("353456789012345", serial, text);
        assert_eq!(seal(Prefix::Iw, "BP40", &data), wire);
        assert_eq!(decode::text(cut_out(wire).as_bytes()), Some((serial, text.to_owned())));
    }
    let receipt = Receipt { serial: Some(80835), ok: true };
    assert_eq!(message("IWAP40,080835,1#"), Message::Receipt(receipt));
    assert_eq!(seal(Prefix::Iw, "AP40", &encode::receipt(receipt)), "IWAP40,080835,1#");
    let failed = Receipt { serial: Some(80835), ok: false };
    assert_eq!(message("IWAP40,080835,0#"), Message::Receipt(failed));
    assert_eq!(message("IWAP40,080835#"), Message::Receipt(receipt));
    assert_eq!(message("IWAP40#"), Message::Receipt(Receipt { serial: None, ok: true }));
}

#[test]
fn minutes_have_any_number_of_decimals() {
    let wire =
        "IWAP01080524A2232.98N11404.93551234E000.1061830323.8706000908000102123,460,0,9520,3671#";
    let Message::Position(position) = message(wire) else { panic!("no position") };
    assert!((position.latitude - 22.549_666_67).abs() < 1e-8);
    assert!((position.longitude - 114.082_258_54).abs() < 1e-8);
    assert_eq!(position.cell, [460, 0, 9520, 3671].map(Some));
}

#[test]
fn an_error_says_where() {
    let error = decode::uplink(b"IWAP01080524A2232.9806X").unwrap_err();
    assert_eq!((error.field, error.offset), ("latitude", 13));
    let error =
        decode::uplink(b"IWAP01080524A2232.9806N11404.9355E000.1061830323.87060").unwrap_err();
    assert_eq!((error.field, error.offset), ("satellites", 54));
}

#[test]
fn alarms_have_neutral_names() {
    let mut names = (0..1000).filter_map(report::alarm_name);
    assert!(names.all(crate::vocabulary::is_alarm));
}

#[test]
fn percentages_that_cannot_be_are_left_out() {
    let Event::Info(found) = report::health(&[("battery_level", 255.0), ("heart_rate", 68.0)])
    else {
        panic!("no measurements");
    };
    assert_eq!(found, [("heart_rate".into(), Value::Int(68))]);
}
