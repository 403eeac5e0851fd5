//! Rules of the session that no whole dialogue in `fixtures/` is needed for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::Taip;
use super::super::options::{OPTIONS, Settings};
use super::super::session::TaipSession;
use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt};
use crate::event::{Event, RepeatKey};
use crate::framing::Limits;
use crate::options::DeviceOptions;
use crate::protocol::Protocol;
use crate::session::{Admission, Content, Downlink, Lane, Now, Profile, SecretCheck, Session};
use crate::text::TextRefusal;

const DISPLAY: (&str, &str) = ("display", "true");
const QUIET: (&str, &str) = ("keepalive_seconds", "0");
const TOKEN: Receipt = Receipt::Token(DeliveryToken(9));
const CONFIRMED: DeliveryStage = DeliveryStage::Confirmed(Evidence::Accepted);
const REPORT: &str = "REV001447147509+2578250-0802813901519512";

struct Dialogue {
    session: TaipSession,
    now: Now,
}

impl Dialogue {
    fn online(options: &[(&str, &str)]) -> Self {
        let wall = "2025-10-06T08:20:00Z".parse().unwrap();
        let now = Now { monotonic: Duration::ZERO, wall };
        let mut dialogue = Self { session: TaipSession::new(&Limits::default()), now };
        let asked = dialogue.frame("RLN;ID=0017");
        assert!(matches!(asked[..], [Effect::Authenticate { .. }]), "{asked:?}");
        let options = DeviceOptions::parse(OPTIONS, options.iter().copied()).unwrap();
        let profile = Profile {
            options: Arc::new(options),
            secret: SecretCheck::NoneNeeded,
            issued_code: String::new(),
        };
        let mut fx = Effects::new();
        dialogue.session.handle_admission(Lane(0), Admission::Known(profile), now, &mut fx);
        assert!(matches!(fx.as_slice()[0], Effect::Online { .. }));
        dialogue
    }

    fn frame(&mut self, frame: &str) -> Vec<Effect> {
        let mut fx = Effects::new();
        // What is wrong shows in the effects; that it is counted is checked where it matters.
        drop(self.session.handle_frame(frame.as_bytes(), self.now, &mut fx));
        fx.drain().collect()
    }

    /// What acknowledges a frame: of its only record.
    fn ack(&mut self, frame: &str) -> String {
        match &self.frame(frame)[..] {
            [Effect::Record { ack, nack, .. }] => {
                assert!(nack.is_empty());
                String::from_utf8(ack.to_vec()).unwrap()
            }
            other => panic!("{frame}: {other:?}"),
        }
    }

    fn events(&mut self, frame: &str) -> Vec<Event> {
        match self.frame(frame).pop() {
            Some(Effect::Record { events, .. }) => events,
            other => panic!("{frame}: {other:?}"),
        }
    }

    fn text(&mut self, text: &str) -> Vec<Effect> {
        let content = Content::Text { text: text.to_owned(), part: 1, parts: 1 };
        let mut fx = Effects::new();
        let downlink = Downlink { token: DeliveryToken(9), serial: 1, repeat: false, content };
        self.session.handle_downlink(Lane(0), downlink, self.now, &mut fx);
        fx.drain().collect()
    }

    fn at(&mut self, seconds: u64) -> Vec<Effect> {
        self.now.monotonic = Duration::from_secs(seconds);
        let mut fx = Effects::new();
        self.session.handle_timeout(self.now, &mut fx);
        fx.drain().collect()
    }
}

fn transmit(text: &str) -> Effect {
    Effect::Transmit(Bytes::copy_from_slice(text.as_bytes()))
}

fn stages(effects: &[Effect]) -> Vec<(Receipt, DeliveryStage)> {
    let of_delivery = |effect: &Effect| match effect {
        Effect::Delivery { receipt, stage, .. } => Some((*receipt, *stage)),
        _ => None,
    };
    effects.iter().filter_map(of_delivery).collect()
}

#[test]
fn reports_are_answered_by_index_or_by_the_bare_identity() {
    let mut dialogue = Dialogue::online(&[]);
    assert_eq!(dialogue.ack(REPORT), "0017");
    assert_eq!(dialogue.ack("RAL19500+00230+00012;ID=0017"), "0017");
    assert_eq!(dialogue.ack(&format!("{REPORT};ID=0017;#IP1:089F")), ">SAK;ID=0017;#IP1:089F<");
    let answer = dialogue.ack(&format!("{REPORT};#LOG:DECB"));
    assert!(answer.starts_with(">ACK;ID=0017;#LOG:DECB;*"), "{answer}");
    let mut dialogue = Dialogue::online(&[("bare_ack", "false")]);
    assert_eq!(dialogue.ack(REPORT), "");
}

#[test]
fn answers_are_signed_by_the_devices_rule() {
    // The rule is remembered from a frame with a checksum: here the stars are, and are not, in it.
    for (sum, answer) in [("72", ">ACK;ID=0017;#0001;*72<"), ("58", ">ACK;ID=0017;#0001;*58<")] {
        let mut dialogue = Dialogue::online(&[]);
        dialogue.frame(&format!("RLN;ID=0017;*{sum}"));
        assert_eq!(dialogue.ack("RLN;ID=0017;#0001"), answer);
    }
}

#[test]
fn texts_errors_and_answers_are_not_acknowledged_without_an_index() {
    let mut dialogue = Dialogue::online(&[]);
    assert_eq!(dialogue.ack("RTXhello"), "");
    assert_eq!(dialogue.ack("RER07:SAM2"), "");
    assert_eq!(dialogue.ack("RXY1"), "");
    assert_eq!(dialogue.frame("RVR; Antares4G 4.0.6"), []);
    assert_eq!(dialogue.frame("RID0017"), []);
    assert!(dialogue.ack("RTXhello;#0004").starts_with(">ACK;ID=0017;#0004;*"));
}

#[test]
fn an_echo_confirms_and_is_no_driver_text() {
    let mut dialogue = Dialogue::online(&[DISPLAY]);
    let sent = dialogue.text("Gate 4; <now>");
    assert_eq!(sent[0], transmit(r">STXGate 4\3B \3Cnow\3E<"));
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    let events = dialogue.events("RTXwhich one?");
    assert!(matches!(&events[..], [Event::Message(message)] if message.text == "which one?"));
    // The device may escape in its own way.
    assert_eq!(stages(&dialogue.frame(r"RTXGate 4\s \znow\y")), [(TOKEN, CONFIRMED)]);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
    // The same words again are the driver's.
    let events = dialogue.events(r"RTXGate 4\s \znow\y");
    assert!(matches!(&events[..], [Event::Message(message)] if message.text == "Gate 4; <now>"));
}

#[test]
fn an_error_about_the_text_refuses_it() {
    let mut dialogue = Dialogue::online(&[DISPLAY]);
    dialogue.text("hello");
    assert_eq!(stages(&dialogue.frame("RER07:SAM2")), []);
    let refused = DeliveryStage::Refused { code: 7, retry: false };
    assert_eq!(stages(&dialogue.frame("RER07:STXhello")), [(TOKEN, refused)]);
}

#[test]
fn a_probe_sent_after_the_text_is_its_receipt() {
    let mut dialogue = Dialogue::online(&[DISPLAY, QUIET]);
    dialogue.text("hello");
    // Not an answer to anything that was sent after the text.
    assert_eq!(dialogue.frame("RVR; x"), []);
    assert_eq!(dialogue.at(19), []);
    assert_eq!(dialogue.at(20), [transmit(">QVR<")]);
    let inferred = DeliveryStage::Confirmed(Evidence::Inferred);
    assert_eq!(stages(&dialogue.frame("RVR; x")), [(TOKEN, inferred)]);
    // No answer to the probe either.
    dialogue.text("hello");
    assert_eq!(dialogue.at(40), [transmit(">QVR<")]);
    assert_eq!(stages(&dialogue.at(60)), [(TOKEN, DeliveryStage::TimedOut)]);
    // The lost probe's answer, late, is not about the next text.
    dialogue.text("hello");
    assert_eq!(dialogue.at(80), [transmit(">QVR<")]);
    assert_eq!(dialogue.frame("RVR; x"), []);
    assert_eq!(stages(&dialogue.frame("RVR; x")), [(TOKEN, inferred)]);
}

#[test]
fn without_the_probe_rule_only_an_echo_counts() {
    let mut dialogue = Dialogue::online(&[DISPLAY, QUIET, ("probe_receipt", "false")]);
    dialogue.text("hello");
    assert_eq!(dialogue.frame("RVR; x"), []);
    assert_eq!(stages(&dialogue.at(20)), [(TOKEN, DeliveryStage::TimedOut)]);
}

#[test]
fn silence_is_probed() {
    let mut dialogue = Dialogue::online(&[("keepalive_seconds", "60")]);
    assert_eq!(dialogue.session.poll_timeout(), Some(Duration::from_secs(60)));
    assert_eq!(dialogue.at(60), [transmit(">QVR<")]);
    assert_eq!(dialogue.at(100), []);
    dialogue.frame("RVR; x");
    assert_eq!(dialogue.session.poll_timeout(), Some(Duration::from_secs(160)));
}

#[test]
fn texts_of_the_terminal() {
    for (options, frame, text) in [
        (&[][..], r"RTX\02Test message...\03", Some("Test message...")),
        (&[], r"RTXSe\F1al", Some("Señal")),
        (&[("charset", "cp1251")], r"RTX\CE\CA", Some("ОК")),
        (&[], r"RTXa\0D\0Ab", Some("a\nb")),
        (&[], r"RTXa\01b", None),
    ] {
        let events = Dialogue::online(options).events(frame);
        let said = events.iter().find_map(|event| match event {
            Event::Message(message) => Some(message.text.as_str()),
            _ => None,
        });
        assert_eq!(said, text, "{frame}");
        let raw = events.iter().any(|event| matches!(event, Event::Unhandled { .. }));
        assert_eq!(raw, text.is_none(), "{frame}");
    }
    assert_eq!(Dialogue::online(&[]).frame("RTX"), []);
}

#[test]
fn an_index_makes_a_repeat_recognisable() {
    let mut dialogue = Dialogue::online(&[]);
    let mut key = |frame: &str| match &dialogue.events(frame)[..] {
        [Event::Message(message)] => message.repeat.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(key("RTXok;#0004"), key("RTXok;#0004"));
    assert_ne!(key("RTXok;#0004"), key("RTXok;#0005"));
    assert!(matches!(key("RTXok"), RepeatKey::TextOnly { .. }));
}

#[test]
fn garmin_bytes_are_kept() {
    let events = Dialogue::online(&[]).events("RFM.,A106250007000000;ID=0017");
    let raw = Bytes::from_static(&[0xa1, 6, 0x25, 0, 7, 0, 0, 0]);
    assert_eq!(events, [Event::Unhandled { kind: 0x52_46_4d, raw }]);
}

#[test]
fn who_does_not_say_who_it_is_is_asked() {
    let mut dialogue =
        Dialogue { session: TaipSession::new(&Limits::default()), now: Dialogue::online(&[]).now };
    assert_eq!(dialogue.frame(REPORT), []);
    assert_eq!(dialogue.frame("RTXhello"), []);
    assert_eq!(dialogue.frame(REPORT), [transmit(">QID<")]);
    let asked = dialogue.frame("RID356612020083541");
    let [Effect::Authenticate { credentials, .. }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(credentials.identity, "356612020083541");
}

#[test]
fn another_device_and_our_own_words_are_not_taken() {
    let mut dialogue = Dialogue::online(&[]);
    assert_eq!(dialogue.frame(&format!("{REPORT};ID=0018")), []);
    assert_eq!(dialogue.frame("STXhello"), []);
    assert_eq!(dialogue.frame("REV00"), []);
}

#[test]
fn a_tracker_without_a_terminal_takes_no_texts() {
    let mut dialogue = Dialogue::online(&[]);
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    assert_eq!(stages(&dialogue.text("hello")), [(TOKEN, DeliveryStage::TimedOut)]);
    let options = DeviceOptions::defaults(OPTIONS);
    assert_eq!(Taip.plan_text("hello", &options), Err(TextRefusal::NotSupported));
}

#[test]
fn a_text_is_cut_into_parts_that_fit() {
    let options =
        DeviceOptions::parse(OPTIONS, [DISPLAY, ("max_text", "50"), ("charset", "latin1")])
            .unwrap();
    let text = "Mañana a las 8; puerta 4 <norte>, después € 5 ".repeat(9);
    let plan = Taip.plan_text(&text, &options).unwrap();
    let settings = Settings::read(&options);
    let parts = u16::try_from(plan.parts()).unwrap();
    let mut whole = String::new();
    for part in 1..=parts {
        let text = plan.part(&text, usize::from(part) - 1);
        whole.push_str(text);
        let bytes = settings.encode(&Content::Text { text: text.to_owned(), part, parts });
        assert!(bytes.len() <= 50, "{}", bytes.escape_ascii());
    }
    assert_eq!(whole, text);
}

#[test]
fn nonsense_is_put_up_with_for_a_while() {
    let mut dialogue = Dialogue::online(&[]);
    for _ in 0..19 {
        assert_eq!(dialogue.frame("nonsense"), []);
    }
    assert!(matches!(dialogue.frame("nonsense")[..], [Effect::Close(_)]));
    assert_eq!(dialogue.frame(REPORT), []);
}
