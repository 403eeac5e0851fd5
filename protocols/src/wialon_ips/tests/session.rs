//! Rules of the session that no whole dialogue in `fixtures/` is needed for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::frame::checksum;
use super::super::options::OPTIONS;
use super::super::{WialonIps, session::IpsSession};
use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt};
use crate::event::{Event, RepeatKey, Value};
use crate::framing::{Limits, Rejection};
use crate::options::DeviceOptions;
use crate::protocol::{Detection, Protocol};
use crate::session::{Admission, Content, Downlink, Lane, Now, Profile, SecretCheck, Session};

/// A session and its effects.
struct Dialogue {
    session: IpsSession,
    now: Now,
}

impl Dialogue {
    fn online(login: &str, options: &[(&str, &str)]) -> Self {
        let now = Now { monotonic: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
        let mut dialogue = Self { session: IpsSession::new(&Limits::default()), now };
        let asked = dialogue.frame(login);
        assert!(matches!(asked[..], [Effect::Authenticate { .. }]), "{asked:?}");
        let options = DeviceOptions::parse(OPTIONS, options.iter().copied()).unwrap();
        let profile = Profile {
            options: Arc::new(options),
            secret: SecretCheck::NoneNeeded,
            issued_code: String::new(),
        };
        let mut fx = Effects::new();
        dialogue.session.handle_admission(Lane(0), Admission::Known(profile), now, &mut fx);
        assert!(matches!(fx.as_slice(), [Effect::Transmit(_), Effect::Online { .. }]));
        dialogue
    }

    fn v1(options: &[(&str, &str)]) -> Self {
        Self::online("#L#353451048036030;NA", options)
    }

    fn v2(options: &[(&str, &str)]) -> Self {
        Self::online("#L#2.0;352093081234567;pass1;92B2", options)
    }

    fn frame(&mut self, frame: &str) -> Vec<Effect> {
        let mut fx = Effects::new();
        // What is wrong shows in the effects; that it is counted is checked where it matters.
        drop(self.session.handle_frame(frame.as_bytes(), self.now, &mut fx));
        fx.drain().collect()
    }

    /// The answer to a frame: of its only record.
    fn answer(&mut self, frame: &str) -> String {
        match &self.frame(frame)[..] {
            [Effect::Record { ack, .. }] => String::from_utf8(ack.to_vec()).unwrap(),
            other => panic!("{frame}: {other:?}"),
        }
    }

    fn events(&mut self, frame: &str) -> Vec<Event> {
        match self.frame(frame).into_iter().next() {
            Some(Effect::Record { events, .. }) => events,
            other => panic!("{frame}: {other:?}"),
        }
    }

    fn text(&mut self, token: u64, text: &str) -> Vec<Effect> {
        let content = Content::Text { text: text.to_owned(), part: 1, parts: 1 };
        let token = DeliveryToken(token);
        let mut fx = Effects::new();
        let downlink = Downlink { token, serial: 1, repeat: false, content };
        self.session.handle_downlink(Lane(0), downlink, self.now, &mut fx);
        fx.drain().collect()
    }
}

fn transmit(line: &str) -> Effect {
    Effect::Transmit(Bytes::copy_from_slice(line.as_bytes()))
}

fn stage(token: u64, stage: DeliveryStage) -> Effect {
    let receipt = Receipt::Token(DeliveryToken(token));
    Effect::Delivery { lane: Lane(0), receipt, stage }
}

const INFERRED: DeliveryStage = DeliveryStage::Confirmed(Evidence::Inferred);

#[test]
fn every_field_has_its_refusal() {
    let good = "061025;081530;5544.6025;N;03739.6834;E;60;152;145;14;0.9;1;0;12.5;NA;pwr:2:27.94";
    let mut dialogue = Dialogue::v1(&[]);
    assert_eq!(dialogue.answer(&format!("#D#{good}")), "#AD#1\r\n");
    for (field, bad, code) in [
        (0, "320125", "0"),
        (1, "256000", "0"),
        (2, "x", "10"),
        (3, "E", "10"),
        (5, "?", "10"),
        (6, "fast", "11"),
        (7, "x", "11"),
        (8, "x", "11"),
        (9, "-3", "12"),
        (10, "x", "12"),
        (11, "-1", "13"),
        (12, "4294967296", "13"),
        (13, "1,x", "14"),
        (15, "pwr", "15"),
    ] {
        let mut fields: Vec<_> = good.split(';').collect();
        fields[field] = bad;
        let answer = dialogue.answer(&format!("#D#{}", fields.join(";")));
        assert_eq!(answer, format!("#AD#{code}\r\n"), "field {field}");
    }
    assert_eq!(dialogue.answer("#D#061025;081530;5544.6025;N"), "#AD#-1\r\n");
    assert_eq!(dialogue.answer("#SD#x;081530"), "#ASD#0\r\n");
    assert_eq!(dialogue.answer("#SD#NA"), "#ASD#-1\r\n");
}

#[test]
fn every_packet_has_its_checksum_refusal() {
    let mut dialogue = Dialogue::v2(&[]);
    for (frame, answer) in [
        ("#SD#NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;1234", "#ASD#13\r\n"),
        ("#D#NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;;NA;a:3:b;1234", "#AD#16\r\n"),
        ("#D#NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;;NA;a:3:b", "#AD#16\r\n"),
        ("#B#NA;NA;NA;NA;NA;NA;NA;NA;NA;NA|1234", "#AB#\r\n"),
        ("#M#hello;1234", "#AM#01\r\n"),
        ("#I#3;7;9;NA;NA;a.jpg;1234\r\nabc", "#AI#7;01\r\n"),
        ("#I#", "#AI#NA;0\r\n"),
        ("#IT#NA;NA;driver;code;4;1234", "#AIT#01\r\n"),
        ("#T#code;3;2;1234\r\nabc", "#AT#2;01\r\n"),
    ] {
        let effects = dialogue.frame(frame);
        let [Effect::Record { events, ack, nack, .. }] = &effects[..] else {
            panic!("{frame}: {effects:?}");
        };
        assert!(events.is_empty() && ack == nack, "{frame}");
        assert_eq!(ack, answer.as_bytes(), "{frame}");
    }
}

#[test]
fn checksums_are_compared_as_numbers() {
    let mut dialogue = Dialogue::v2(&[]);
    let sum = checksum(b"hello;");
    for written in [format!("{sum:04X}"), format!("{sum:x}"), format!("0x{sum:X}")] {
        assert_eq!(dialogue.answer(&format!("#M#hello;{written}")), "#AM#1\r\n");
    }
    let bare = checksum(b"hello");
    assert_eq!(dialogue.answer(&format!("#M#hello;{bare:04X}")), "#AM#1\r\n");
}

fn words(events: &[Event]) -> Vec<&str> {
    let words = events.iter().filter_map(|event| match event {
        Event::Message(message) => Some(message.text.as_str()),
        _ => None,
    });
    words.collect()
}

#[test]
fn a_text_without_its_checksum_is_taken_and_one_with_a_damaged_checksum_is_not() {
    let mut dialogue = Dialogue::v2(&[]);
    for text in ["hello", "a;b is not hexadecimal", "see gate 8206", ";"] {
        assert_eq!(words(&dialogue.events(&format!("#M#{text}"))), [text]);
    }
    for damaged in ["a;b;8Z06", "a;b:8206", "a;b;8206x", "a;b;8206#P#"] {
        assert_eq!(dialogue.answer(&format!("#M#{damaged}")), "#AM#01\r\n", "{damaged}");
    }
}

#[test]
fn texts_are_utf8_or_the_devices_old_charset() {
    let cp1251 = b"#M#\xcf\xf0\xe8\xe5\xf5\xe0\xeb";
    let gbk = b"#M#\xc7\xb0\xb7\xbd";
    for (options, frame, text) in [
        (&[][..], &cp1251[..], "Приехал"),
        (&[], "#M#Приехал".as_bytes(), "Приехал"),
        (&[("charset", "gbk")], gbk, "前方"),
        (&[("charset", "gbk")], "#M#前方".as_bytes(), "前方"),
    ] {
        let mut dialogue = Dialogue::v1(options);
        let mut fx = Effects::new();
        dialogue.session.handle_frame(frame, dialogue.now, &mut fx).unwrap();
        let Some(Effect::Record { events, .. }) = fx.drain().next() else {
            panic!("no record");
        };
        assert_eq!(words(&events), [text]);
    }
    assert_eq!(words(&Dialogue::v1(&[]).events("#M#a\0b\u{7}c")), ["abc"]);
}

#[test]
fn an_empty_text_is_acknowledged_and_not_stored() {
    let mut dialogue = Dialogue::v1(&[]);
    assert_eq!(dialogue.events("#M#"), []);
    assert_eq!(dialogue.answer("#M#  "), "#AM#1\r\n");
}

#[test]
fn texts_in_records_carry_their_records_time() {
    let mut dialogue = Dialogue::v1(&[]);
    let none = "NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;;NA";
    let body = format!(
        "061025;081600;NA;{none};a:1:1,text:3:at the gate, waiting,b:3:x|NA;NA;NA;{none};text:3:undated"
    );
    let effects = dialogue.frame(&format!("#B#{body}"));
    let [Effect::Record { events, ack, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(ack, &b"#AB#2\r\n"[..]);
    assert_eq!(words(events), ["at the gate, waiting", "undated"]);
    let [Event::Report(first), Event::Message(dated), Event::Report(_), Event::Message(undated)] =
        &events[..]
    else {
        panic!("{events:?}");
    };
    assert!(first.archived && first.time == dated.device_time);
    let names: Vec<_> = first.attributes.iter().map(|(name, _)| name.as_ref()).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(matches!(dated.repeat, RepeatKey::Numbered { key: 1_759_738_560, .. }));
    assert_eq!(undated.device_time, None);
    assert!(matches!(undated.repeat, RepeatKey::TextOnly { .. }));
}

#[test]
fn a_black_box_is_stored_without_what_cannot_be_read() {
    let mut dialogue = Dialogue::v1(&[]);
    let good = "NA;NA;NA;NA;NA;NA;NA;NA;NA;NA";
    assert_eq!(dialogue.answer(&format!("#B#{good}|nonsense|{good}|")), "#AB#2\r\n");
    assert_eq!(dialogue.answer("#B#nonsense"), "#AB#0\r\n");
}

#[test]
fn alarms_drivers_and_cells_have_neutral_names() {
    let none = "NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA";
    let parameters = "SOS:1:1,mcc:1:250,cell_id2:1:7,ign:1:,my.name:2:1.5,hw:3:V4.5";
    let events = Dialogue::v1(&[]).events(&format!("#D#{none};1,NA,3;0100000A1B2C;{parameters}"));
    let [Event::Report(report), Event::Driver(driver)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(driver.id.as_deref(), Some("0100000A1B2C"));
    let expected = [
        ("adc1", Value::Float(1.0)),
        ("adc3", Value::Float(3.0)),
        ("driver_key", Value::Text("0100000A1B2C".to_owned())),
        ("alarm", Value::Text("sos".to_owned())),
        ("cell1.mcc", Value::Int(250)),
        ("cell2.id", Value::Int(7)),
        ("ign", Value::Text(String::new())),
        ("my.name", Value::Float(1.5)),
        ("hw", Value::Text("V4.5".to_owned())),
    ];
    let found = report.attributes.iter().map(|(name, value)| (name.as_ref(), value.clone()));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn what_devices_call_as_they_like_does_not_take_neutral_names() {
    let none = "NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;;NA";
    let parameters = "ignition:1:1,bat:1:130,fuel2:2:4.5,battery:1:3,power_v:3:high,moving:1:7";
    let events = Dialogue::v1(&[]).events(&format!("#D#{none};{parameters}"));
    let [Event::Report(report)] = &events[..] else { panic!("{events:?}") };
    let expected = [
        ("ignition", Value::Bool(true)),
        ("param.battery_level", Value::Int(130)),
        ("fuel_sensor2", Value::Float(4.5)),
        ("param.battery", Value::Int(3)),
        ("param.power_v", Value::Text("high".to_owned())),
        ("param.moving", Value::Int(7)),
    ];
    let found = report.attributes.iter().map(|(name, value)| (name.as_ref(), value.clone()));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn a_position_off_the_globe_is_none_and_few_satellites_make_no_valid_one() {
    let mut dialogue = Dialogue::v1(&[]);
    let mut fix = |lat: &str, sats: &str| {
        let events = dialogue.events(&format!("#SD#NA;NA;{lat};N;03739.6834;E;1,6;2;3;{sats}"));
        match &events[..] {
            [Event::Report(report)] => report.fix.map(|fix| (fix.valid, fix.speed)),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(fix("9544.60", "9"), None);
    assert_eq!(fix("5544.60", "2"), Some((false, Some(1.6))));
    assert_eq!(fix("5544.60", "NA"), Some((true, Some(1.6))));
}

#[test]
fn files_are_acknowledged_or_refused_and_dropped() {
    let mut dialogue = Dialogue::v1(&[]);
    assert_eq!(dialogue.answer("#I#3;0;1;NA;NA;a.jpg\r\nabc"), "#AI#0;1\r\n");
    assert_eq!(dialogue.answer("#I#3;1;1;NA;NA;a.jpg\r\nabc"), "#AI#1;1\r\n#AI#1\r\n");
    assert_eq!(dialogue.answer("#IT#NA;NA;driver;code;1"), "#AIT#1\r\n");
    assert_eq!(dialogue.answer("#T#code;3;0\r\nabc"), "#AT#0;1\r\n");
    assert_eq!(dialogue.answer("#T#code;3;1\r\nabc"), "#AT#1;1\r\n#AT#1\r\n");
    let events = dialogue.events("#I#3;1;1;NA;NA;a.jpg\r\nabc");
    let raw = Bytes::from_static(b"3;1;1;NA;NA;a.jpg");
    assert_eq!(events, [Event::Unhandled { kind: u32::from(b'I'), raw }]);
    let mut dialogue = Dialogue::v1(&[("files", "refuse")]);
    assert_eq!(dialogue.answer("#I#3;0;1;NA;NA;a.jpg\r\nabc"), "#AI#0;0\r\n");
    assert_eq!(dialogue.answer("#IT#NA;NA;driver;code;1"), "#AIT#0\r\n");
}

#[test]
fn oversized_packets_are_refused_in_their_own_words() {
    let mut dialogue = Dialogue::v1(&[("sd_answer", "AD")]);
    for (raw, answer) in [
        ("#M#xxxxx", "#AM#0\r\n"),
        ("#B#061025;08", "#AB#0\r\n"),
        ("#SD#061025;08", "#AD#-1\r\n"),
        ("#I#50000000;4;9;NA;NA;a", "#AI#4;0\r\n"),
    ] {
        let mut fx = Effects::new();
        let reason = Rejection::TooLong { limit: 10 };
        dialogue.session.handle_rejected(raw.as_bytes(), reason, dialogue.now, &mut fx);
        let [Effect::Record { events, ack, .. }] = fx.as_slice() else {
            panic!("{raw}: {fx:?}");
        };
        assert!(events.is_empty());
        assert_eq!(ack, answer.as_bytes());
    }
}

#[test]
fn one_text_at_a_time_and_the_answer_is_about_it() {
    let mut dialogue = Dialogue::v2(&[]);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
    let sent = dialogue.text(7, "a;b");
    assert_eq!(sent, [transmit("#M#a;b;8206\r\n"), stage(7, DeliveryStage::Transmitted)]);
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    // A text of the driver is a text, not an answer; a ping is nothing either.
    assert_eq!(dialogue.answer("#M#ok;ABCD"), "#AM#01\r\n");
    assert_eq!(dialogue.answer("#M#ok"), "#AM#1\r\n");
    assert_eq!(dialogue.frame("#P#"), [transmit("#AP#\r\n")]);
    let confirmed = DeliveryStage::Confirmed(Evidence::Accepted);
    assert_eq!(dialogue.frame("#AM#1"), [stage(7, confirmed)]);
    assert_eq!(dialogue.frame("#AM#1"), []);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
}

#[test]
fn a_refused_text_is_refused_for_good_unless_the_operator_says_otherwise() {
    for (options, retry) in [(&[][..], false), (&[("retry_refused", "true")], true)] {
        let mut dialogue = Dialogue::v1(options);
        dialogue.text(7, "a");
        let refused = stage(7, DeliveryStage::Refused { code: 0, retry });
        assert_eq!(dialogue.frame("#AM#0"), [refused]);
    }
}

#[test]
fn a_checksum_complaint_repeats_the_text_once() {
    let mut dialogue = Dialogue::v1(&[]);
    dialogue.text(7, "a");
    assert_eq!(dialogue.frame("#AM#01"), [transmit("#M#a\r\n")]);
    let refused = stage(7, DeliveryStage::Refused { code: 1, retry: false });
    assert_eq!(dialogue.frame("#AM#01"), [refused]);
}

#[test]
fn an_unanswered_text_times_out() {
    let mut dialogue = Dialogue::v1(&[("answer_seconds", "10")]);
    dialogue.text(7, "a");
    assert_eq!(dialogue.session.poll_timeout(), Some(Duration::from_secs(10)));
    let mut fx = Effects::new();
    dialogue.now.monotonic = Duration::from_secs(9);
    dialogue.session.handle_timeout(dialogue.now, &mut fx);
    assert!(fx.is_empty());
    dialogue.now.monotonic = Duration::from_secs(10);
    dialogue.session.handle_timeout(dialogue.now, &mut fx);
    assert_eq!(fx.as_slice(), [stage(7, DeliveryStage::TimedOut)]);
    assert_eq!((dialogue.session.poll_timeout(), dialogue.session.window(Lane(0))), (None, 1));
    assert_eq!(dialogue.frame("#AM#1"), []);
}

#[test]
fn devices_that_never_answer_confirm_by_going_on_or_at_once() {
    let mut dialogue = Dialogue::v1(&[("receipt", "next_packet")]);
    dialogue.text(7, "a");
    assert!(matches!(dialogue.frame("#M#b")[..], [Effect::Record { .. }]));
    assert_eq!(dialogue.frame("#P#"), [transmit("#AP#\r\n"), stage(7, INFERRED)]);
    dialogue.text(8, "a");
    let effects = dialogue.frame("#SD#NA;NA;NA;NA;NA;NA;NA;NA;NA;NA");
    assert_eq!(effects[1..], [stage(8, INFERRED)]);

    let mut dialogue = Dialogue::v1(&[("receipt", "write")]);
    let written = stage(7, DeliveryStage::Transmitted);
    assert_eq!(dialogue.text(7, "a"), [transmit("#M#a\r\n"), written, stage(7, INFERRED)]);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
}

#[test]
fn a_text_for_the_device_is_one_line_within_its_limit() {
    let mut dialogue = Dialogue::v1(&[("charset", "cp1251")]);
    let sent = dialogue.text(7, "Gate #4\r\nПо\nтом\r");
    let expected = b"#M#Gate  4 \xcf\xee \xf2\xee\xec\r\n";
    assert_eq!(sent[0], Effect::Transmit(Bytes::from_static(expected)));

    let options = DeviceOptions::parse(OPTIONS, [("max_text", "32")]).unwrap();
    let text = "Turn left at gate #4,\r\nthen wait\rfor the\r\nforeman\r\n".repeat(9);
    let plan = WialonIps.plan_text(&text, &options).unwrap();
    let parts = u16::try_from(plan.parts()).unwrap();
    let mut whole = String::new();
    for index in 0..plan.parts() {
        let part = plan.part(&text, index);
        whole.push_str(part);
        let content =
            Content::Text { text: part.to_owned(), part: u16::try_from(index + 1).unwrap(), parts };
        let bytes = super::super::options::Settings::read(&options).encode(&content);
        assert!(bytes.len() <= 32 && !bytes.contains(&b'\n'), "{}", bytes.escape_ascii());
        assert!(bytes.starts_with(format!("({}/{parts}) ", index + 1).as_bytes()));
    }
    assert_eq!(whole, text);
}

#[test]
fn a_question_is_sent_as_a_text_with_its_answers() {
    let content =
        Content::Question { text: "Free?".to_owned(), answers: vec![(1, "yes".to_owned())] };
    let settings = super::super::options::Settings::read(&DeviceOptions::defaults(OPTIONS));
    assert_eq!(settings.encode(&content), b"Free? 1=yes");
}

#[test]
fn the_first_login_counts() {
    let mut dialogue = Dialogue::v1(&[]);
    assert_eq!(dialogue.frame("#L#353451048036030;NA"), [transmit("#AL#1\r\n")]);
    assert_eq!(dialogue.frame("#L#other;NA"), [transmit("#AL#0\r\n")]);
}

#[test]
fn nonsense_is_put_up_with_for_a_while() {
    let mut dialogue = Dialogue::v1(&[]);
    for _ in 0..19 {
        assert_eq!(dialogue.frame("nonsense"), []);
    }
    assert_eq!(dialogue.frame("#P#"), [transmit("#AP#\r\n")]);
    for _ in 0..19 {
        assert_eq!(dialogue.frame("nonsense"), []);
    }
    assert!(matches!(dialogue.frame("nonsense")[..], [Effect::Close(_)]));
    assert_eq!(dialogue.frame("#P#"), []);
}

#[test]
fn strangers_get_refusals_and_nothing_else() {
    let mut session = IpsSession::new(&Limits::default());
    let now = Now { monotonic: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
    for (frame, answer) in [
        ("#SD#NA;NA;NA;NA;NA;NA;NA;NA;NA;NA", Some("#ASD#-1\r\n")),
        ("#B#NA;NA;NA;NA;NA;NA;NA;NA;NA;NA", Some("#AB#0\r\n")),
        ("#M#hello", Some("#AM#0\r\n")),
        ("#P#", None),
        ("#AM#1", None),
        ("GET / HTTP/1.1", None),
    ] {
        let mut fx = Effects::new();
        session.handle_frame(frame.as_bytes(), now, &mut fx).unwrap_err();
        let expected: Vec<_> = answer.into_iter().map(transmit).collect();
        assert_eq!(fx.as_slice(), expected, "{frame}");
    }
}

#[test]
fn detection_waits_for_the_third_byte() {
    for (start, detection) in [
        (&b"#"[..], Detection::Maybe),
        (b"#L", Detection::Maybe),
        (b"#L#2", Detection::Yes),
        (b"#P#", Detection::No),
        (b"\xff\x1b\x00", Detection::Maybe),
        (b"\xff\x1b\x00\x78\x01", Detection::Yes),
        (b"\xff\x1b\x00\x79", Detection::No),
        (b"\x7e\x01", Detection::No),
    ] {
        assert_eq!(WialonIps.detect(start), detection, "{}", start.escape_ascii());
    }
}
