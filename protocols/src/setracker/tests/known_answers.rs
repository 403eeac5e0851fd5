//! The sample frames of the specification (section 7), both ways where both sides are known.

use super::super::frame::{seal, split, unescape};
use super::super::message::{Message, Position};
use super::super::{decode, encode, explain, report};
use super::cut;
use crate::event::{Event, Report, Value};

const R4: &[u8] = b"[3G*4700222306*011F*UD2,120316,140444,A,48.779045,N, 9.1574736,E,0.57,12.8,0.0,7,28,77,0,0,00000000,2,2,262,1,21041,9067,121,21041,5981,116,5,WG-Superlativ,34:31:c4:c8:a9:22,-67,EasyBox-28E858,18:83:bf:28:e8:f4,-70,MoMaXXg,be:05:43:b7:19:15,-72,MoMaXX2,bc:05:43:b7:19:15,-72,Gastzugang,18:83:bf:28:e8:f5,-72]";
const R5: &[u8] = b"[ZJ*014111001332708*0075*0064*AL,040418,052156,A,22.536207,N,113.938673,E,0,0,0,5,100,82,1000,50,00100000,1,255,460,0,9340,3663,35]";
const R6: &[u8] = b"[3G*6430073509*00E7*UD2,241016,081622,V,09.951861,N,-84.1422119,W,0.00,0.0,0.0,0,39,94,0,0,00000000,1,0,712,3,2007,18961,123,4,Luz,00:23:6a:34:ee:76,-70,familia,b0:c5:54:b9:90:ef,-78,fam salas delgado,fc:b4:e6:5d:50:ea,-81,QWERTY,c8:3a:35:43:0f:e8,-93]";
const R7: &[u8] = b"[3G*2104134718*00A1*UD_WCDMA,161019,134938,A,43.373367,N,71.157615,W,22.0,350.206,279.717,17,28,79,0,0,00000000,1,1,310,410,23999,132013696,28,1,Home2,60:45:cb:cb:34:68,-93,8.263865]";
const R9: &[u8] = b"[CS*1234567890*000e*TK,#!AMR\x7d\x01\x7d\x02\x7d\x03\x7d\x04\x7d\x05\xff]";

fn message(frame: &[u8]) -> Message<'_> {
    assert_eq!(cut(frame), (vec![frame.to_vec()], 0));
    assert_eq!(explain::explain(frame).problem, None);
    decode::uplink(split(frame).unwrap().1).unwrap()
}

fn position(frame: &[u8]) -> Position {
    match message(frame) {
        Message::Position(position) | Message::Alarm(position) => position,
        other => panic!("{other:?}"),
    }
}

fn told(frame: &[u8]) -> Report {
    report::report(&position(frame), "2100-01-01T00:00:00Z".parse().unwrap())
}

#[test]
fn r1_s3_texts() {
    let texts = [
        ("5678901234", "好123", &b"[3G*5678901234*0018*MESSAGE,597D003100320033]"[..]),
        ("9705141740", "Позвоните в офис", b"[3G*9705141740*0048*MESSAGE,041F043E04370432043E043D043804420435002004320020043E044404380441]"),
    ];
    for (id, text, frame) in texts {
        assert_eq!(seal("3G", id, None, encode::text(text).as_bytes()), frame);
        assert_eq!(decode::text(split(frame).unwrap().1).as_deref(), Some(text));
    }
}

#[test]
fn r2_r3_r8_s1_s2_receipt_keep_alive_and_answers() {
    assert_eq!(message(b"[3G*5678901234*0007*MESSAGE]"), Message::Receipt);
    let alive = Message::Alive { values: [Some(0), Some(10), Some(100)] };
    assert_eq!(message(b"[3G*4700186508*000B*LK,0,10,100]"), alive);
    assert_eq!(message(b"[3G*8800000015*0003*TKQ]"), Message::VoiceQuery);
    assert_eq!(seal("3G", "4700186508", None, b"LK"), &b"[3G*4700186508*0002*LK]"[..]);
    let answer = seal("ZJ", "014111001332708", Some("0075"), b"AL");
    assert_eq!(answer, &b"[ZJ*014111001332708*0075*0002*AL]"[..]);
}

#[test]
fn r4_stored_position_with_a_blank() {
    let report = told(R4);
    let fix = report.fix.unwrap();
    assert_eq!(report.time, "2016-03-12T14:04:44Z".parse().ok());
    assert_eq!((fix.latitude, fix.longitude, fix.valid), (48.779_045, 9.157_473_6, true));
    assert_eq!((fix.speed, fix.course, fix.altitude), (Some(0.57), Some(12.8), Some(0.0)));
    assert_eq!((fix.satellites, report.archived), (Some(7), true));
    let values = [("signal_level", 28), ("battery_level", 77), ("steps", 0), ("rolls", 0)];
    assert_eq!(report.attributes, values.map(|(name, value)| (name.into(), Value::Int(value))));
}

#[test]
fn r5_alarm_in_a_frame_with_an_index() {
    assert!(matches!(message(R5), Message::Alarm(_)));
    let report = told(R5);
    let alarm = ("alarm".into(), Value::Text("tamper".to_owned()));
    assert!(report.attributes.contains(&alarm) && !report.archived);
    assert_eq!(report.fix.unwrap().longitude, 113.938_673);
}

#[test]
fn r6_r7_hemispheres_whatever_the_sign() {
    let fix = told(R6).fix.unwrap();
    assert_eq!((fix.latitude, fix.longitude, fix.valid), (9.951_861, -84.142_211_9, false));
    let fix = told(R7).fix.unwrap();
    assert_eq!((fix.latitude, fix.longitude, fix.valid), (43.373_367, -71.157_615, true));
    assert_eq!((fix.speed, fix.course, fix.altitude), (Some(22.0), Some(350.206), Some(279.717)));
}

#[test]
fn r9_voice_clip() {
    let Message::Voice(clip) = message(R9) else { panic!("no clip") };
    assert_eq!(unescape(clip), b"#!AMR}[],*\xff");
    // Its length counts the content after unescaping.
    let (head, content) = split(R9).unwrap();
    assert_eq!((head.length, unescape(content).len()), (14, 14));
}

#[test]
fn a_position_that_ends_early_says_where() {
    let error = decode::uplink(b"UD,120316,140444,A,48.7").unwrap_err();
    assert_eq!((error.field, error.offset), ("N or S", 24));
    assert_eq!(decode::uplink(b"UD,120316,140444,X").unwrap_err().field, "validity");
}

#[test]
fn alarms_have_neutral_names() {
    let mut names = report::ALARMS.into_iter().map(|(_, name)| name);
    assert!(names.all(crate::vocabulary::is_alarm));
}

#[test]
fn only_a_lone_pulse_is_a_number() {
    let pulse = |word: &[u8], values: &[u8]| report::health(word, values);
    assert_eq!(pulse(b"heart", b"72"), Event::Info(vec![("heart_rate".into(), Value::Int(72))]));
    let raw = |name: &'static str, values: &str| {
        Event::Info(vec![(name.into(), Value::Text(values.to_owned()))])
    };
    assert_eq!(pulse(b"heart", b"72,80"), raw("health_heart", "72,80"));
    assert_eq!(pulse(b"bphrt", b"120"), raw("health_bphrt", "120"));
}
