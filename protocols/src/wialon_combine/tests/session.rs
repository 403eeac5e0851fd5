//! Rules of the session that no whole dialogue in `fixtures/` is needed for.

use std::sync::Arc;
use std::time::Duration;

use super::super::WialonCombine;
use super::super::decode::Integers;
use super::super::encode;
use super::super::message::Group;
use super::super::message::{
    Data, Message, Packet, Parameter, ParameterValue, Position, Record, SubRecord,
};
use super::super::options::OPTIONS;
use super::super::report;
use super::super::session::CombineSession;
use super::bytes;
use crate::effect::{CloseReason, DeliveryStage, DeliveryToken, Effect, Effects, Evidence};
use crate::event::{Event, Fix, Report, Value};
use crate::framing::{Limits, Rejection};
use crate::options::DeviceOptions;
use crate::protocol::Protocol;
use crate::session::{Admission, Content, Downlink, Lane, Now, Profile, SecretCheck, Session};
use crate::text::TextRefusal;

/// A session and its clock.
struct Dialogue {
    session: CombineSession,
    now: Now,
}

impl Dialogue {
    fn new() -> Self {
        let now = Now { monotonic: Duration::ZERO, wall: "2025-10-06T08:20:00Z".parse().unwrap() };
        Self { session: CombineSession::new(&Limits::default()), now }
    }

    fn online(options: &[(&str, &str)]) -> Self {
        let mut dialogue = Self::new();
        let asked = dialogue.frame(&bytes("2424000000000a013000030e42598b46ec767f"));
        assert!(matches!(asked[..], [Effect::Authenticate { .. }]), "{asked:?}");
        let options = DeviceOptions::parse(OPTIONS, options.iter().copied()).unwrap();
        let profile = Profile {
            options: Arc::new(options),
            secret: SecretCheck::NoneNeeded,
            issued_code: String::new(),
        };
        let mut fx = Effects::new();
        let known = Admission::Known(profile);
        dialogue.session.handle_admission(Lane(0), known, dialogue.now, &mut fx);
        assert!(matches!(fx.as_slice(), [Effect::Transmit(_), Effect::Online { .. }]));
        dialogue
    }

    fn frame(&mut self, frame: &[u8]) -> Vec<Effect> {
        let mut fx = Effects::new();
        // What is wrong shows in the effects; that it is counted is checked where it matters.
        drop(self.session.handle_frame(frame, self.now, &mut fx));
        fx.drain().collect()
    }

    fn data(&mut self, seq: u16, time: u32, parts: Vec<SubRecord<'_>>) -> Vec<Effect> {
        let packet = Packet::Data(Data { records: vec![Record { time, parts }], unknown: None });
        self.frame(&encode::message(&Message::Packet { seq, packet }, Integers::Document))
    }

    fn events(&mut self, parts: Vec<SubRecord<'_>>) -> Vec<Event> {
        match self.data(7, 1_759_738_800, parts).into_iter().next() {
            Some(Effect::Record { events, .. }) => events,
            other => panic!("{other:?}"),
        }
    }

    fn text(&mut self, token: u64) -> Vec<Effect> {
        let content = Content::Text { text: "Call".to_owned(), part: 1, parts: 1 };
        let token = DeliveryToken(token);
        let mut fx = Effects::new();
        let downlink = Downlink { token, serial: 1, repeat: false, content };
        self.session.handle_downlink(Lane(0), downlink, self.now, &mut fx);
        fx.drain().collect()
    }
}

fn stages(effects: &[Effect]) -> Vec<DeliveryStage> {
    let stage = |effect: &Effect| match effect {
        Effect::Delivery { stage, .. } => Some(*stage),
        _ => None,
    };
    effects.iter().filter_map(stage).collect()
}

const INFERRED: DeliveryStage = DeliveryStage::Confirmed(Evidence::Inferred);
const SAID: u32 = 1_759_738_805;

fn position(latitude: i32, satellites: u8) -> SubRecord<'static> {
    let (longitude, speed, course, height, hdop) = (37_000_000, 10, 20, -30, 90);
    SubRecord::Position(Position { latitude, longitude, speed, course, height, satellites, hdop })
}

#[test]
fn texts_are_off_where_nobody_has_chosen_a_way() {
    let mut dialogue = Dialogue::online(&[]);
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    assert_eq!(stages(&dialogue.text(1)), [DeliveryStage::TimedOut]);
    let plan = WialonCombine.plan_text("Call", &DeviceOptions::defaults(OPTIONS));
    assert_eq!(plan, Err(TextRefusal::NotSupported));
}

#[test]
fn one_text_is_outstanding_at_a_time() {
    let mut dialogue = Dialogue::online(&[("text_downlink", "framed")]);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
    assert_eq!(stages(&dialogue.text(1)), [DeliveryStage::Transmitted]);
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    assert_eq!(stages(&dialogue.text(2)), [DeliveryStage::TimedOut], "given back at once");
    let said = dialogue.data(1, SAID, vec![SubRecord::Text(b"OK")]);
    assert_eq!(stages(&said), [INFERRED]);
    assert_eq!((dialogue.session.window(Lane(0)), dialogue.session.poll_timeout()), (1, None));
}

#[test]
fn a_message_that_comes_again_answers_no_second_text() {
    let mut dialogue = Dialogue::online(&[("text_downlink", "framed")]);
    dialogue.text(1);
    let said = |dialogue: &mut Dialogue, seq| {
        let effects = dialogue.data(seq, SAID, vec![SubRecord::Text(b"OK")]);
        assert!(matches!(effects[0], Effect::Record { .. }), "it is recorded every time");
        stages(&effects)
    };
    assert_eq!(said(&mut dialogue, 1), [INFERRED]);
    dialogue.text(2);
    assert_eq!(said(&mut dialogue, 1), [], "our answer was lost");
    assert_eq!(said(&mut dialogue, 2), [INFERRED]);
}

#[test]
fn a_text_in_the_named_parameter_answers_like_a_message() {
    let options = [("text_downlink", "framed"), ("text_parameter", "3")];
    let mut dialogue = Dialogue::online(&options);
    dialogue.text(1);
    let list = |number| {
        let value = ParameterValue::Text(b"OK");
        let list = vec![Parameter { number, scale: 0, value }];
        vec![SubRecord::Parameters { group: Group::Custom, list }]
    };
    assert_eq!(stages(&dialogue.data(1, SAID, list(2))), []);
    assert_eq!(stages(&dialogue.data(2, SAID, list(3))), [INFERRED]);
}

#[test]
fn unknown_packets_and_server_frames_confirm_nothing() {
    let options = [("text_downlink", "raw"), ("receipt", "next_packet")];
    let mut dialogue = Dialogue::online(&options);
    dialogue.text(1);
    for frame in ["2424 05 0002 0003 616263 b012", "4040 00 0001", "2424 01 0001 0002 0000 0000"] {
        assert_eq!(stages(&dialogue.frame(&bytes(frame))), [], "{frame}");
    }
    assert_eq!(stages(&dialogue.frame(&bytes("2424 02 0009"))), [INFERRED]);
}

#[test]
fn positions_that_are_none_do_not_fail_a_packet() {
    let mut dialogue = Dialogue::online(&[]);
    let events = dialogue.events(vec![position(90_000_001, 9), position(55_000_000, 2)]);
    let [Event::Report(off_globe), Event::Report(weak)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(off_globe.fix, None);
    let fix = weak.fix.unwrap();
    assert_eq!((fix.valid, fix.latitude, fix.altitude), (false, 55.0, Some(-30.0)));
}

#[test]
fn values_are_scaled_and_what_is_no_number_is_left_out() {
    let mut dialogue = Dialogue::online(&[]);
    let list = [
        (1, 3, ParameterValue::I32(-12_345)),
        (2, 0, ParameterValue::F32(f32::NAN)),
        (3, 0, ParameterValue::F64(f64::INFINITY)),
        (4, 0, ParameterValue::U64(u64::MAX)),
        (5, 0, ParameterValue::F32(12.59)),
    ];
    let list = list.map(|(number, scale, value)| Parameter { number, scale, value }).to_vec();
    let events = dialogue.events(vec![SubRecord::Parameters { group: Group::Adc, list }]);
    let [Event::Report(report)] = &events[..] else {
        panic!("{events:?}");
    };
    let found: Vec<_> = report.attributes.iter().map(|(name, value)| (&name[..], value)).collect();
    assert_eq!(
        found,
        [
            ("adc1", &Value::Float(-12.345)),
            ("adc4", &Value::Float(18_446_744_073_709_551_615.0)),
            ("adc5", &Value::Float(12.59)),
        ]
    );
}

#[test]
fn a_message_without_a_time_has_none() {
    let mut dialogue = Dialogue::online(&[]);
    let effects = dialogue.data(1, 0, vec![position(55_000_000, 9), SubRecord::Text(b"hi")]);
    let [Effect::Record { events, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    let [Event::Report(report), Event::Message(message)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!((report.time, message.device_time), (None, None));
}

#[test]
fn a_driver_code_of_zero_is_no_driver() {
    let mut dialogue = Dialogue::online(&[]);
    let code = |value| {
        let list = vec![Parameter { number: 1, scale: 0, value }];
        vec![SubRecord::Parameters { group: Group::Driver, list }]
    };
    assert_eq!(dialogue.events(code(ParameterValue::U64(0))).len(), 1);
    let events = dialogue.events(code(ParameterValue::Text(b"0A1B")));
    assert!(matches!(&events[1], Event::Driver(driver) if driver.id.as_deref() == Some("0A1B")));
}

#[test]
fn too_many_bad_frames_end_the_connection() {
    let mut dialogue = Dialogue::online(&[]);
    let reason = Rejection::Checksum { expected: 1, found: 2 };
    let mut fx = Effects::new();
    let raw = bytes("2424 01 0005 0002 0000 0000");
    for _ in 0..Limits::default().max_bad_frames {
        dialogue.session.handle_rejected(&raw, reason, dialogue.now, &mut fx);
    }
    let effects: Vec<_> = fx.drain().collect();
    assert_eq!(effects.last(), Some(&Effect::Close(CloseReason::TooManyErrors)));
    assert_eq!(dialogue.frame(&bytes("2424 02 0009")), []);
}

#[test]
fn a_packet_beyond_the_limit_is_answered_with_not_stored() {
    let mut dialogue = Dialogue::online(&[]);
    let mut fx = Effects::new();
    let head = bytes("2424 01 0005 8004 0000");
    let reason = Rejection::TooLong { limit: 256 * 1024 };
    dialogue.session.handle_rejected(&head, reason, dialogue.now, &mut fx);
    let [Effect::Record { events, ack, .. }] = fx.as_slice() else {
        panic!("{fx:?}");
    };
    assert!(events.is_empty());
    assert_eq!(ack[..], bytes("4040 03 0005"));
}

#[test]
fn what_a_terminal_reports_comes_back() {
    let fix = Fix {
        valid: true,
        latitude: -33.5,
        longitude: -70.25,
        altitude: Some(-12.0),
        speed: Some(61.0),
        course: Some(152.0),
        satellites: Some(9),
    };
    let attributes = vec![
        ("hdop".into(), Value::Float(0.9)),
        ("inputs".into(), Value::Int(5)),
        ("outputs".into(), Value::Int(1)),
        ("param7".into(), Value::Int(-5)),
        ("fuel_sensor1".into(), Value::Float(52.3)),
        ("adc2".into(), Value::Float(12.59)),
    ];
    let time = Some("2025-10-06T08:15:30Z".parse().unwrap());
    let report = Report { time, fix: Some(fix), archived: false, attributes };
    let record = report::record(&report);
    let mut dialogue = Dialogue::online(&[]);
    let effects = dialogue.data(1, record.time, record.parts);
    let [Effect::Record { events, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(events[..], [Event::Report(report)]);
}
