//! The sample packets of the specification (section 6), both ways where both sides are known.

use super::super::message::{Answer, Battery, Command, Gps, Login, Message, Report, Status, kind};
use super::super::{decode, encode, frame::seal, frame::split};
use super::{bytes, events, report_of};
use crate::event::{Event, Value};
use crate::wire::bcd;

fn decoded(hex: &str) -> (u8, u16, bool) {
    let packet = bytes(hex);
    let parts = split(&packet).unwrap();
    (parts.kind, parts.serial, parts.long)
}

#[test]
fn r1_and_s1_login_and_its_answer() {
    let wire = bytes("787811010864717003664467100f190a0002c6d20d0a");
    let (packet, message) = decode::uplink(&wire).unwrap();
    let imei = [0x08, 0x64, 0x71, 0x70, 0x03, 0x66, 0x44, 0x67];
    let login = Login { imei, model_and_zone: Some([0x10, 0x0f, 0x19, 0x0a]) };
    assert_eq!((packet.serial, message), (2, Message::Login(login)));
    assert_eq!(bcd::sixteen("864717003664467"), imei);
    assert_eq!(seal(kind::LOGIN, &encode::login(&login), 2, false), wire);
    assert_eq!(seal(kind::LOGIN, &[], 2, false), bytes("787805010002eb470d0a"));
}

#[test]
fn r2_position_with_a_cell() {
    let wire =
        bytes("787821120c010c0f151fcf027ac8840c4657ec00140001cc00287d001f720001000f53a00d0a");
    let report = report_of(&wire);
    assert_eq!(report.time, "2012-01-12T15:21:31Z".parse().ok());
    let fix = report.fix.unwrap();
    assert!((fix.latitude - 23.111_753).abs() < 1e-6 && (fix.longitude - 114.409_233).abs() < 1e-6);
    assert_eq!(
        (fix.valid, fix.speed, fix.course, fix.satellites),
        (true, Some(0.0), Some(0.0), Some(15))
    );
    let cell = [("cell1.mcc", 460), ("cell1.mnc", 0), ("cell1.lac", 10365), ("cell1.id", 8050)];
    assert_eq!(report.attributes, cell.map(|(name, value)| (name.into(), Value::Int(value))));
}

#[test]
fn r3_position_in_the_south_west() {
    let report = report_of(&bytes("787819100e010903230ec803ae32a60653cded00180000020072feb70d0a"));
    let fix = report.fix.unwrap();
    assert!((fix.latitude + 34.304_377).abs() < 1e-6 && (fix.longitude + 58.975_278).abs() < 1e-6);
    assert_eq!((report.time, fix.satellites), ("2014-01-09T03:35:14Z".parse().ok(), Some(8)));
}

#[test]
fn r4_and_s2_commands() {
    let relay = Command { flag: 0, text: b"Relay,1#", language: None };
    let text = Command { flag: 0x0102_0304, text: b"Gate 4, call office", language: Some(2) };
    for (command, serial, hex) in [
        (relay, 0, "787812800c0000000052656c61792c312300009dee0d0a"),
        (text, 85, "78781f8017010203044761746520342c2063616c6c206f66666963650002005551db0d0a"),
    ] {
        let wire = bytes(hex);
        assert_eq!(decode::command(&wire), Ok(Some(command)));
        assert_eq!(seal(kind::COMMAND, &encode::command(&command), serial, false), wire);
    }
}

#[test]
fn r5_to_r8_answers() {
    let short = "787829152100000000526573746f7265206675656c20737570706c793a2053756363657373210002014077ce0d0a";
    let wide =
        "797900262100000000020043006f006d006d0061006e00640020006500720072006f0072002100236e850d0a";
    let ascii = "7979007121000000000143757272656e7420706f736974696f6e214c61743a4e35342e3733393333322c4c6f6e3a4532352e3237333237302c436f757273653a3132362e35332c53706565643a302e303030302c4461746554696d653a323031372d30352d3236202031303a32373a3437000bbee30d0a";
    let padded = "787866150000000000416c726561647920696e20746865207374617465206f66206675656c20737570706c7920746f20726573756d652c74686520636f6d6d616e64206973206e6f742072756e6e696e672100000000000000000000000000000000000001001981e50d0a";
    let texts = [
        (short, "Restore fuel supply: Success!"),
        (wide, "Command error!"),
        (
            ascii,
            "Current position!Lat:N54.739332,Lon:E25.273270,Course:126.53,Speed:0.0000,DateTime:2017-05-26  10:27:47",
        ),
        (padded, "Already in the state of fuel supply to resume,the command is not running!"),
    ];
    for (hex, text) in texts {
        let wire = bytes(hex);
        let (_, message) = decode::uplink(&wire).unwrap();
        assert_eq!(message, Message::Answer(Answer { flag: 0, text: text.into() }));
        let said = (std::borrow::Cow::from("command_answer"), Value::Text(text.to_owned()));
        let told = |event: &Event| matches!(event, Event::Info(info) if info.contains(&said));
        assert!(events(&wire).iter().any(told), "{text}");
    }
    assert_eq!(
        [short, wide, ascii, padded].map(decoded),
        [(0x15, 320, false), (0x21, 35, true), (0x21, 11, true), (0x15, 25, false)]
    );
    let answer = Answer { flag: 0, text: "Restore fuel supply: Success!".into() };
    assert_eq!(seal(kind::ANSWER, &encode::answer(&answer), 320, false), bytes(short));
}

#[test]
fn an_alarm_names_what_the_byte_and_the_status_say() {
    let gps =
        Gps { satellites: 9, latitude: 1_800_000, longitude: 1_800_000, speed: 5, course: 0x1400 };
    // Status: ignition, SOS; alarm byte: overspeed.
    let status = Status { info: 0b0010_0010, battery: Battery::Level(3), signal: 2 };
    let time = Some([25, 10, 6, 8, 15, 30]);
    let report =
        Report { time, gps: Some(gps), status: Some(status), alarm: Some(6), ..Report::default() };
    let wire = seal(kind::ALARM, &encode::position(kind::ALARM, &report), 1, false);
    let expected = [
        ("ignition", Value::Bool(true)),
        ("battery_level", Value::Int(50)),
        ("signal", Value::Int(2)),
        ("alarm", Value::Text("overspeed".to_owned())),
        ("alarm", Value::Text("sos".to_owned())),
    ];
    assert_eq!(report_of(&wire).attributes, expected.map(|(name, value)| (name.into(), value)));
}

#[test]
fn alarms_have_neutral_names() {
    let mut names = (0..=255).filter_map(super::super::report::alarm_name);
    assert!(names.all(crate::vocabulary::is_alarm));
}
