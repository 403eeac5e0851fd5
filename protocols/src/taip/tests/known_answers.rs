//! The sample frames of the specification, section 7, both ways.

use super::super::message::{Message, Rule};
use super::super::{decode, encode, escape, garmin, time};
use super::read;
use crate::event::Value;

fn message(frame: &str) -> Message<'_> {
    let content = frame.trim_start_matches('>').trim_end_matches('<');
    decode::message(content.as_bytes()).unwrap()
}

const R4: &str = r">SMTP010050T\03\FA\1B\FF;ROUTE=4<";
const R5: &str = ">REV001447147509+2578250-0802813901519512;ID=356612020083541<";
const R6: &str = ">REV001958003965+0307178+1016144900031532;IO=300;SV=8;BL=4159;CF=8161,C,13;AD=14145;IX=10233040;FF=0,0,0,0;VO=338578;ID=357042063052352<";
const R7: &str = ">RPV03874+3477708-0923453100029212;ID=0017;*71<";
const R8: &str = ">RGP041120190000-3137454-064075520001883004D50;ID=8385;#IP0:0080;*19<";
const R9: &str = ">RUV0000,NT003,190826125922,00111595,39K40156,0B36 F,203 V,V1.5,JMAK,0,0,0,;ID=FWHS;#0004;*03<";

#[test]
fn messages_come_back_as_they_were() {
    for frame in [
        ">STXHello world<",
        ">RTXHello world<",
        r">RTX\02Test message...\03<",
        R4,
        R5,
        R6,
        R7,
        R8,
        R9,
        ">QVR<",
        ">RVR; Antares4G 4.0.6<",
        ">RER07:SAM2<",
        ">SAK;ID=8385;#IP0:0080<",
        ">ACK;ID=FWHS;#0004;*7B<",
    ] {
        assert_eq!(encode::message(&message(frame)), frame.as_bytes(), "{frame}");
    }
}

#[test]
fn texts_and_their_escapes() {
    assert_eq!(encode::text(b"Hello world"), &b">STXHello world<"[..]);
    assert_eq!(encode::text(b";Gate 4 < A1 > B2"), &br">STX\3BGate 4 \3C A1 \3E B2<"[..]);
    assert_eq!(escape::escape(b"\x02a\\b*\xf1"), br"\02a\5Cb\2A\F1");
    let typed = message(r">RTX\02Test message...\03<");
    assert_eq!(escape::unescape(typed.data), b"\x02Test message...\x03");
    // The older generation's letters; two hexadecimal digits go before.
    assert_eq!(escape::unescape(br"\a\b\e\f\n\r\t\\\s\y\z"), b"\x07\x08\x1b\x0c\n\r\t\\;><");
    assert_eq!(escape::unescape(br"\BF\bF\b0\q\"), b"\xbf\x08F\x080\\q\\");
}

#[test]
fn positions_by_week() {
    let report = read(message(R5).data_with_name().as_bytes());
    let fix = report.fix.unwrap();
    assert_eq!((fix.latitude, fix.longitude, fix.valid), (25.782_5, -80.281_39, true));
    assert_eq!((fix.speed, fix.course), (Some(15.0 * 1.609_344), Some(195.0)));
    assert_eq!(report.time.unwrap().to_string(), "2007-10-01T13:11:49Z");
    assert_eq!(report.attributes, [("event_code".into(), Value::Int(0))]);
}

impl Message<'_> {
    /// Name and data.
    fn data_with_name(&self) -> String {
        format!("{}{}", self.name.escape_ascii(), self.data.escape_ascii())
    }
}

#[test]
fn tags_by_neutral_names() {
    let report = read(R6.trim_matches(['<', '>']).as_bytes());
    assert_eq!(report.time.unwrap().to_string(), "2017-07-16T01:06:05Z");
    let fix = report.fix.unwrap();
    assert_eq!((fix.latitude, fix.longitude), (3.071_78, 101.614_49));
    assert_eq!((fix.course, fix.satellites), (Some(315.0), Some(8)));
    let value = |name: &str| {
        let found = report.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    assert_eq!(value("battery_v"), Some(Value::Float(4.159)));
    assert_eq!(value("odometer_km"), Some(Value::Float(338.578)));
    assert_eq!(value("adc1"), Some(Value::Int(14_145)));
    assert_eq!(value("IO"), Some(Value::Text("300".to_owned())));
    assert_eq!(value("ID"), None);
}

#[test]
fn positions_by_the_second_of_the_day() {
    let report = read(R7.trim_matches(['<', '>']).as_bytes());
    assert_eq!(report.time.unwrap().to_string(), "2026-01-01T01:04:34Z");
    let fix = report.fix.unwrap();
    assert_eq!((fix.latitude, fix.longitude, fix.valid), (34.777_08, -92.345_31, true));
    // The nearest day, which may be yesterday or tomorrow.
    for (now, second, then) in [
        ("2026-01-01T00:10:00Z", 86_000, "2025-12-31T23:53:20Z"),
        ("2026-01-01T23:59:00Z", 10, "2026-01-02T00:00:10Z"),
        ("2026-01-01T23:59:00Z", 86_399, "2026-01-01T23:59:59Z"),
    ] {
        let found = time::of_day(second, now.parse().unwrap()).unwrap();
        assert_eq!(found.to_string(), then, "{now}");
    }
    assert_eq!(time::of_day(86_400, jiff::Timestamp::UNIX_EPOCH), None);
}

#[test]
fn positions_with_a_date() {
    let report = read(R8.trim_matches(['<', '>']).as_bytes());
    assert_eq!(report.time.unwrap().to_string(), "2020-11-04T19:00:00Z");
    let fix = report.fix.unwrap();
    assert_eq!((fix.latitude, fix.longitude, fix.valid), (-31.374_54, -64.075_52, true));
    assert_eq!((fix.speed, fix.course), (Some(0.0), Some(188.0)));
    let inputs = (std::borrow::Cow::from("inputs"), Value::Int(0x4d));
    assert!(report.attributes.contains(&inputs));
    // Degrees and minutes, as one unit writes them.
    let report = read(b"RGP041120190000-3852.9306-06204.88560001883004D50");
    let fix = report.fix.unwrap();
    assert!((fix.latitude + 38.882_176_67).abs() < 1e-8, "{}", fix.latitude);
    assert!((fix.longitude + 62.081_426_67).abs() < 1e-8, "{}", fix.longitude);
}

#[test]
fn kilometres_of_one_maker() {
    let report = read(b"RUV03150,NT003,190826131748-2353539-046680190600009FFDE0006,0");
    assert_eq!(report.time.unwrap().to_string(), "2019-08-26T13:17:48Z");
    assert_eq!(report.fix.unwrap().speed, Some(60.0));
}

#[test]
fn weeks_roll_over_but_not_into_the_future() {
    let now = Some("2026-01-01T00:00:00Z".parse().unwrap());
    let of = |week| time::of_week(week, 0, 0, now).unwrap().to_string();
    assert_eq!(of(1599), "2010-08-29T00:00:00Z");
    assert_eq!(of(1300), "2024-07-21T00:00:00Z");
    assert_eq!(of(2400), "2026-01-04T00:00:00Z");
    assert_eq!(time::of_week(1, 7, 0, now), None);
    assert_eq!(time::of_week(1, 0, 86_400, now), None);
    let moment = "2025-10-06T08:15:30Z".parse().unwrap();
    let (week, day, second) = time::week_of(moment);
    let number = |value| u32::try_from(value).unwrap();
    assert_eq!(time::of_week(number(week), number(day), number(second), now), Some(moment));
}

#[test]
fn answers_to_indexes() {
    assert_eq!(message(R8).rule, Some(Rule::A));
    assert_eq!(message(R9).rule, Some(Rule::B));
    let answer = |frame, id, rule| encode::index_answer(&message(frame), id, rule).unwrap();
    assert_eq!(answer(R8, "8385", Rule::A), &b">SAK;ID=8385;#IP0:0080<"[..]);
    // As a public server answers, whatever the device's rule; and by the device's.
    assert_eq!(answer(R9, "FWHS", Rule::A), &b">ACK;ID=FWHS;#0004;*7B<"[..]);
    assert_eq!(answer(R9, "FWHS", Rule::B), &b">ACK;ID=FWHS;#0004;*51<"[..]);
    // In the order that the device uses.
    let first = ">RCQ09000000000000-3460365-058381460000007F0000000000000115000FFFF1099;#0000;ID=555224;*05<";
    let answered = answer(first, "555224", Rule::A);
    assert!(answered.starts_with(b">ACK;#0000;ID=555224;*"), "{answered:?}");
    assert_eq!(encode::index_answer(&message(R7), "0017", Rule::A), None);
    // Joined without a separator.
    let joined = message(">REV001447147509+2578250-0802813901519512;ID=1;#7AD7*51<");
    assert_eq!(joined.index.map(|(index, _)| index), Some(&b"#7AD7"[..]));
}

#[test]
fn garmin_bytes_travel_in_hexadecimal() {
    // FMI carriers specification, C5, C6 and C7.
    let receipt =
        message(">RFM.,A11A2B0080B7EE420401000043374131000000000000000000000000;ID=0123<");
    let fmi = garmin::unwrap(&receipt).unwrap();
    assert_eq!((fmi.len(), fmi[0], usize::from(fmi[1])), (28, 0xa1, fmi.len() - 2));
    assert_eq!(receipt.tag(b"ID"), Some(&b"0123"[..]));
    let receipt = garmin::unwrap(&message(">SFM.,A106250007000000<"));
    assert_eq!(receipt, Some(vec![0xa1, 6, 0x25, 0, 7, 0, 0, 0]));
    assert_eq!(garmin::unwrap(&message(">SFM.,0A023200<")), Some(vec![0x0a, 2, 0x32, 0]));
    assert_eq!(garmin::unwrap(&message(">RFM.,DISCONNECT<")), None);
}

#[test]
fn events_are_numbers_if_they_are_decimal() {
    let event = |digits: &str| {
        let frame = format!("RGP041120190000-3137454-064075520001883004D{digits}");
        read(frame.as_bytes()).attributes.pop().unwrap()
    };
    assert_eq!(event("50"), ("event_code".into(), Value::Int(50)));
    assert_eq!(event("5A"), ("event_letters".into(), Value::Text("5A".to_owned())));
}
