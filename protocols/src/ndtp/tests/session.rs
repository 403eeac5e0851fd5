//! Rules of the session that no whole dialogue in `fixtures/` is needed for.

use std::sync::Arc;
use std::time::Duration;

use super::super::message::{Body, Content, Nph, Npl, Packet, Receipt, Text};
use super::super::options::OPTIONS;
use super::super::session::NdtpSession;
use super::super::{encode, markup, report};
use super::{bytes, frames};
use crate::effect::{CloseReason, DeliveryStage, DeliveryToken, Effect, Effects, Evidence};
use crate::event::{DriverMessage, Event, Fix, Report, Value};
use crate::framing::{Limits, Rejection};
use crate::options::DeviceOptions;
use crate::session::{Admission, Downlink, Lane, Now, Profile, SecretCheck, Session};
use crate::text::Charset;

/// A session and its clock.
struct Dialogue {
    session: NdtpSession,
    now: Now,
}

impl Dialogue {
    fn online(options: &[(&str, &str)]) -> Self {
        let now = Now { monotonic: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
        let mut dialogue = Self { session: NdtpSession::new(&Limits::default()), now };
        let asked = dialogue.frame(&bytes(frames::R1));
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
        let [Effect::Transmit(result), Effect::Online { .. }, Effect::Record { ack, .. }] =
            fx.as_slice()
        else {
            panic!("{fx:?}");
        };
        assert_eq!(result[..], bytes(frames::S1));
        assert!(ack.is_empty());
        dialogue
    }

    fn frame(&mut self, frame: &[u8]) -> Vec<Effect> {
        let mut fx = Effects::new();
        // What is wrong shows in the effects; that it is counted is checked where it matters.
        drop(self.session.handle_frame(frame, self.now, &mut fx));
        fx.drain().collect()
    }

    fn nph(&mut self, service: u16, kind: u16, request: u32, body: Body<'_>) -> Vec<Effect> {
        let npl = Npl { flags: 2, kind: 2, peer: 0x400, request: 0 };
        let nph = Nph { service, kind, flags: 0, request };
        self.frame(&encode::packet(&Packet { npl, content: Content::Nph(nph, body) }))
    }

    fn send(&mut self, serial: u32, content: crate::session::Content) -> Vec<Effect> {
        let token = DeliveryToken(serial.into());
        let mut fx = Effects::new();
        let downlink = Downlink { token, serial, repeat: false, content };
        self.session.handle_downlink(Lane(0), downlink, self.now, &mut fx);
        fx.drain().collect()
    }

    fn text(&mut self, serial: u32) -> Vec<Effect> {
        let content = crate::session::Content::Text { text: "Call".to_owned(), part: 1, parts: 1 };
        self.send(serial, content)
    }

    fn result(&mut self, request: u32, message: u16, result: u32) -> Vec<DeliveryStage> {
        let receipt = Receipt { fragment: 0, result, message };
        stages(&self.nph(5, 102, request, Body::Receipt(receipt)))
    }

    fn says(&mut self, message: u16, script: &str) -> DriverMessage {
        let text = Charset::Windows1251.encode(script).bytes;
        let text = Text { message, fragment: 0x8000, device: 0, content: 1, text: &text };
        match self.nph(5, 100, message.into(), Body::Text(text)).into_iter().next() {
            Some(Effect::Record { events, .. }) => match events.into_iter().next() {
                Some(Event::Message(message)) => message,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

fn stages(effects: &[Effect]) -> Vec<DeliveryStage> {
    let stage = |effect: &Effect| match effect {
        Effect::Delivery { stage, .. } => Some(*stage),
        _ => None,
    };
    effects.iter().filter_map(stage).collect()
}

const ACCEPTED: DeliveryStage = DeliveryStage::Confirmed(Evidence::Accepted);

#[test]
fn one_text_is_outstanding_at_a_time() {
    let mut dialogue = Dialogue::online(&[]);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
    assert_eq!(stages(&dialogue.text(1)), [DeliveryStage::Transmitted]);
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    assert_eq!(stages(&dialogue.text(2)), [DeliveryStage::TimedOut], "given back at once");
    assert_eq!(dialogue.result(1, 1, 0), [ACCEPTED]);
    assert_eq!((dialogue.session.window(Lane(0)), dialogue.session.poll_timeout()), (1, None));
}

#[test]
fn only_a_result_with_both_numbers_counts() {
    let mut dialogue = Dialogue::online(&[]);
    dialogue.text(0x1_0005);
    assert_eq!(dialogue.result(0x1_0005, 6, 0), []);
    assert_eq!(dialogue.result(5, 6, 0), []);
    // Of another connection: same message number, another serial.
    assert_eq!(dialogue.result(5, 5, 0), [ACCEPTED]);
    assert_eq!(dialogue.session.window(Lane(0)), 0, "that was not the outstanding one");
    assert_eq!(dialogue.result(0x1_0005, 5, 0), [ACCEPTED]);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
}

#[test]
fn refusals_are_final_unless_busy_or_told_otherwise() {
    let refused = |code, retry| DeliveryStage::Refused { code, retry };
    for (options, result, expected) in [
        (&[][..], 1, refused(1, true)),
        (&[], 100, refused(100, false)),
        (&[], u32::MAX, refused(u16::MAX, false)),
        (&[("retry_refused", "true")], 100, refused(100, true)),
    ] {
        let mut dialogue = Dialogue::online(options);
        dialogue.text(9);
        assert_eq!(dialogue.result(9, 9, result), [expected]);
    }
}

#[test]
fn a_terminal_without_a_display_gets_no_text() {
    let mut dialogue = Dialogue::online(&[("display", "false")]);
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    assert_eq!(stages(&dialogue.text(1)), [DeliveryStage::TimedOut]);
}

fn question(labels: &[&str]) -> crate::session::Content {
    let answers = (1..).zip(labels).map(|(id, label)| (id, (*label).to_owned())).collect();
    crate::session::Content::Question { text: "Ready?".to_owned(), answers }
}

#[test]
fn buttons_are_those_of_the_text_they_name_or_of_the_newest() {
    let mut dialogue = Dialogue::online(&[]);
    dialogue.send(1, question(&["yes", "no"]));
    dialogue.result(1, 1, 0);
    dialogue.send(2, question(&["left", "right"]));
    dialogue.result(2, 2, 0);
    dialogue.text(3);
    let mut says = |message, script| {
        let DriverMessage { text, reply_to, .. } = dialogue.says(message, script);
        (text, reply_to)
    };
    let answer = |text: &str, serial| (text.to_owned(), serial);
    assert_eq!(says(50, "btn1"), answer("left", Some(2)));
    assert_eq!(says(51, "no"), answer("no", None));
    // Of buttons the raw form is kept beside the message.
    let mut raw = |message, script: &[u8]| {
        let text = Text { message, fragment: 0x8000, device: 0, content: 1, text: script };
        let effects = dialogue.nph(5, 100, 1, Body::Text(text));
        let [Effect::Record { events, .. }] = &effects[..] else {
            panic!("{effects:?}");
        };
        let (Event::Message(message), kept) = (&events[0], events.get(1)) else {
            panic!("{events:?}");
        };
        let kept =
            kept.is_some_and(|kept| matches!(kept, Event::Unhandled { raw, .. } if raw == script));
        assert_eq!(kept, script.ends_with(b"/>") || script.ends_with(b"</btn2>"));
        (message.text.clone(), message.reply_to)
    };
    assert_eq!(raw(52, b"<ID>1</ID><btn2/>"), answer("no", Some(1)));
    assert_eq!(raw(53, b"<ID>1</ID><btn2>nope</btn2>"), answer("nope", Some(1)));
    assert_eq!(raw(54, b"<ID>2</ID>slow"), answer("slow", Some(2)));
    assert_eq!(raw(2, b"<ID>2</ID>slow"), answer("slow", None));
}

#[test]
fn a_button_without_a_question_is_its_name() {
    let mut dialogue = Dialogue::online(&[]);
    let message = dialogue.says(1, "btn2");
    assert_eq!((message.text.as_str(), message.reply_to), ("btn2", None));
}

#[test]
fn only_the_newest_texts_are_remembered() {
    let mut dialogue = Dialogue::online(&[]);
    for serial in 1..=40 {
        dialogue.send(serial, question(&["yes"]));
        dialogue.result(serial, u16::try_from(serial).unwrap(), 0);
    }
    assert_eq!(dialogue.says(99, "btn1").reply_to, Some(40));
    let script = markup::from_device(1, "late", Charset::Windows1251);
    let script = String::from_utf8(script).unwrap();
    assert_eq!(markup::read(&script).id, Some(1));
    assert_eq!(dialogue.says(98, &script).reply_to, None);
}

#[test]
fn too_many_bad_frames_end_the_connection() {
    let mut dialogue = Dialogue::online(&[]);
    let reason = Rejection::Checksum { expected: 1, found: 2 };
    let mut fx = Effects::new();
    for _ in 0..Limits::default().max_bad_frames {
        dialogue.session.handle_rejected(&[], reason, dialogue.now, &mut fx);
    }
    assert_eq!(fx.as_slice(), [Effect::Close(CloseReason::TooManyErrors)]);
    assert_eq!(dialogue.frame(&bytes(frames::R2)), []);
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
    let mut attributes = vec![
        ("battery_v".into(), Value::Float(4.06)),
        ("track_m".into(), Value::Int(12)),
        ("pdop".into(), Value::Int(2)),
        ("alarm".into(), Value::Text("sos".to_owned())),
    ];
    let others = [
        ("adc1", 22),
        ("adc2", 67),
        ("adc3", 0),
        ("adc4", 0),
        ("inputs", 5),
        ("outputs", 1),
        ("counter1", 0),
        ("counter2", 0),
        ("counter3", 0),
        ("counter4", 0),
        ("track_length", 24_999),
        ("signal", 31),
        ("gps_state", 0),
        ("acceleration", 0),
    ];
    attributes.extend(others.map(|(name, value)| (name.into(), Value::Int(value))));
    attributes.push(("power_v".into(), Value::Float(24.0)));
    let time = Some("2025-10-06T08:15:30Z".parse().unwrap());
    let mut dialogue = Dialogue::online(&[]);
    for (kind, archived) in [(100, true), (101, false)] {
        let report = Report { time, fix: Some(fix), archived, attributes: attributes.clone() };
        let body = Body::Navigation(report::navigation(&report));
        let effects = dialogue.nph(1, kind, 1, body);
        let [Effect::Record { events, .. }] = &effects[..] else {
            panic!("{effects:?}");
        };
        assert_eq!(events[..], [Event::Report(report)]);
    }
}
