//! The sample packages of the specification (section 6), both ways where both sides are known.

use super::super::frame::{packages, seal, seal_datagram};
use super::super::message::{Instruction, Login, Message, id};
use super::super::{decode, encode};
use super::{bytes, events, reports};
use crate::event::{Event, Fix, Value};
use crate::wire::bcd;
use crate::wire::cursor::Cursor;

fn fix(hex: &str) -> (Fix, Vec<(String, Value)>) {
    let report = reports(&bytes(hex)).remove(0);
    let attributes = report.attributes.into_iter().map(|(name, value)| (name.into_owned(), value));
    (report.fix.unwrap(), attributes.collect())
}

fn near(fix: Fix, latitude: f64, longitude: f64) -> bool {
    (fix.latitude - latitude).abs() < 1e-6 && (fix.longitude - longitude).abs() < 1e-6
}

#[test]
fn r1_s1_s2_login_and_its_answers() {
    let wire = bytes("676701000c002603541880486128290120");
    let package = packages(&wire).next().unwrap();
    let login = Login { imei: bcd::sixteen("354188048612829"), version2: false };
    assert_eq!((package.sequence, decode::uplink(&package)), (38, Ok(Message::Login(login))));
    assert_eq!(seal(id::LOGIN, 38, &[]), bytes("67670100020026"));
    let answer = encode::login_answer("2026-03-15T12:00:00Z".parse().unwrap());
    assert_eq!(seal(id::LOGIN, 38, &answer), bytes("6767010009002669b69f40000100"));
}

#[test]
fn r2_position_of_the_old_form() {
    let wire = "676702001c02b259ae7387fcd360d6034332b2000000028f000a4f64002eb10101";
    let (fix, attributes) = fix(wire);
    assert!(near(fix, -29.586_654, 30.408_632) && fix.valid);
    assert_eq!(reports(&bytes(wire))[0].time, "2017-09-05T09:51:03Z".parse().ok());
    let cell = [("mcc", 655), ("mnc", 10), ("lac", 20324), ("id", 11953)];
    assert_eq!(attributes, cell.map(|(part, n)| (format!("cell1.{part}"), Value::Int(n))));
}

#[test]
fn r3_position_of_the_new_form_in_a_datagram() {
    let wire = "454c0050eae2035254407167747167671200410021590bd93803026b940d0c3952ad0021000000000501cc0001a53f0170f0ab1305890f11000000000000c2d0001c001600000000000000000000000000000000";
    let (fix, attributes) = fix(wire);
    assert!(near(fix, 22.558_158, 113.935_172) && fix.valid);
    assert_eq!((fix.altitude, fix.satellites), (Some(33.0), Some(5)));
    let has = |name: &str, value| attributes.contains(&(name.to_owned(), value));
    assert!(has("cell1.mcc", Value::Int(460)) && has("cell1.id", Value::Int(24_178_859)));
    assert!(has("battery_v", Value::Float(3.857)) && has("odometer_km", Value::Float(49.872)));
    assert!(!attributes.iter().any(|(name, _)| name.starts_with("temperature")), "no sensor");
    // The same header closes the same packages.
    let frame = bytes(wire);
    assert_eq!(seal_datagram(bcd::sixteen("352544071677471"), &frame[14..]), frame);
}

#[test]
fn r4_warning_with_wifi() {
    let (fix, attributes) = fix(
        "676714002b00515784cc24130246479b07d05a06001800010000060195039f046100002cc52f6466b391604a49020089",
    );
    assert!(near(fix, 21.200_157, 72.830_581) && fix.valid);
    assert_eq!((fix.speed, fix.satellites), (Some(1.0), Some(6)));
    assert!(attributes.contains(&("alarm".to_owned(), Value::Text("sos".to_owned()))));
}

#[test]
fn r5_r6_r7_s3_s4_instructions() {
    let cases = [
        (
            0,
            1,
            0,
            "Lat:N31.83955,Lon:W82.61346,Course:0.00,Speed:0.00km/h,DateTime:2017-12-02 11:29:43",
            "676780005a000001000000004c61743a4e33312e38333935352c4c6f6e3a5738322e36313334362c436f757273653a302e30302c53706565643a302e30306b6d2f682c4461746554696d653a323031372d31322d30322031313a32393a3433",
        ),
        (0, 1, 0, "RELAY,1#", "676780000f0000010000000052454c41592c3123"),
        (7, 2, 1234, "Позвоните", "6767800019000702000004d2d09fd0bed0b7d0b2d0bed0bdd0b8d182d0b5"),
        (0x31, 2, 1234, "OK", "6767800009003102000004d24f4b"),
    ];
    for (sequence, kind, unique_id, text, hex) in cases {
        let wire = bytes(hex);
        let instruction = Instruction { kind, unique_id, text: text.into() };
        assert_eq!(seal(id::INSTRUCTION, sequence, &encode::instruction(&instruction)), wire);
        let package = packages(&wire).next().unwrap();
        let mut cursor = Cursor::inside("", package.content, package.offset);
        assert_eq!(decode::instruction(&mut cursor), Ok(instruction));
    }
    let datagram = bytes("454c001eb41a0123456789012345676780000f0000010000000052454c41592c3123");
    assert_eq!(seal_datagram(bcd::sixteen("123456789012345"), &bytes(cases[1].4)), datagram);
    // The position in an answer counts as one.
    let (found, _) = fix(cases[0].4);
    assert!(near(found, 31.839_55, -82.613_46));
}

#[test]
fn a_status_says_what_is_known() {
    let told = |status: u16| match &events(&seal(id::HEARTBEAT, 1, &status.to_be_bytes()))[..] {
        [Event::Info(list)] => list.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(told(0b0000_0001), []);
    assert_eq!(told(0b0000_0100), [], "on, but not known");
    let expected = [("ignition", true), ("relay", false), ("charging", true)];
    let expected = expected.map(|(name, value)| (name.into(), Value::Bool(value)));
    assert_eq!(told(0b1_1010_0110), expected);
}

#[test]
fn alarms_have_neutral_names() {
    let mut names = (0..=255).filter_map(super::super::report::alarm_name);
    assert!(names.all(crate::vocabulary::is_alarm));
}
