//! Rules of the session that no whole dialogue in `fixtures/` is needed for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::frame::{carried, seal};
use super::super::message::Command;
use super::super::options::OPTIONS;
use super::super::session::GalileoskySession;
use super::super::{Galileosky, encode};
use super::hex;
use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt};
use crate::event::{Event, Origin};
use crate::framing::Limits;
use crate::options::DeviceOptions;
use crate::protocol::Protocol;
use crate::session::{Admission, Content, Downlink, Lane, Now, Profile, SecretCheck, Session};
use crate::text::TextRefusal;

const IMEI: &str = "863591023517372";

struct Dialogue {
    session: GalileoskySession,
    now: Now,
}

impl Dialogue {
    fn online(options: &[(&str, &str)]) -> Self {
        let wall = "2025-10-06T08:20:00Z".parse().unwrap();
        let now = Now { monotonic: Duration::ZERO, wall };
        let mut dialogue = Self { session: GalileoskySession::new(&Limits::default()), now };
        dialogue.frame(&main(&[&[0x03], IMEI.as_bytes(), &[0x04, 7, 0]].concat()));
        let options = DeviceOptions::parse(OPTIONS, options.iter().copied()).unwrap();
        let profile = Profile {
            options: Arc::new(options),
            secret: SecretCheck::NoneNeeded,
            issued_code: String::new(),
        };
        let mut fx = Effects::new();
        dialogue.session.handle_admission(Lane(0), Admission::Known(profile), now, &mut fx);
        assert!(matches!(fx.as_slice(), [Effect::Online { .. }, Effect::Record { .. }]), "{fx:?}");
        dialogue
    }

    fn frame(&mut self, frame: &[u8]) -> Vec<Effect> {
        let mut fx = Effects::new();
        // What is wrong shows in the effects; that it is counted is checked where it matters.
        drop(self.session.handle_frame(frame, self.now, &mut fx));
        fx.drain().collect()
    }

    /// The events and the answer of a frame's only record.
    fn record(&mut self, frame: &[u8]) -> (Vec<Event>, Bytes) {
        match self.frame(frame).pop() {
            Some(Effect::Record { events, ack, nack, .. }) => {
                assert!(nack.is_empty());
                (events, ack)
            }
            other => panic!("{other:?}"),
        }
    }

    fn text(&mut self, serial: u32, text: &str) -> Vec<Effect> {
        let content = Content::Text { text: text.to_owned(), part: 1, parts: 1 };
        let mut fx = Effects::new();
        let downlink = Downlink { token: DeliveryToken(9), serial, repeat: false, content };
        self.session.handle_downlink(Lane(0), downlink, self.now, &mut fx);
        fx.drain().collect()
    }
}

fn main(body: &[u8]) -> Bytes {
    seal(0x01, false, body).unwrap()
}

fn answer(number: u32, text: &str) -> Bytes {
    let imei = Some(IMEI.into());
    let text = text.as_bytes().to_vec();
    encode::command(&Command { imei, device: 7, number, text }).unwrap()
}

fn stages(effects: &[Effect]) -> Vec<(Receipt, DeliveryStage)> {
    let of_delivery = |effect: &Effect| match effect {
        Effect::Delivery { receipt, stage, .. } => Some((*receipt, *stage)),
        _ => None,
    };
    effects.iter().filter_map(of_delivery).collect()
}

const TOKEN: Receipt = Receipt::Token(DeliveryToken(9));
const DISPLAY: &[(&str, &str)] = &[("display", "true")];

#[test]
fn packets_are_confirmed_by_their_checksum_and_garmin_is_not() {
    let mut dialogue = Dialogue::online(&[]);
    let packet = main(&hex("10 01 00 20 8A 7A E3 68"));
    let (events, ack) = dialogue.record(&packet);
    let [low, high] = carried(&packet).to_le_bytes();
    assert_eq!(ack, [0x02, low, high][..]);
    assert!(matches!(events[..], [Event::Report(_)]), "{events:?}");

    let garmin = seal(0x06, false, b"fmi").unwrap();
    let raw = Bytes::from_static(b"fmi");
    assert_eq!(dialogue.record(&garmin), (vec![Event::Unhandled { kind: 6, raw }], Bytes::new()));
}

#[test]
fn photos_are_confirmed_as_the_profile_says() {
    for (options, header) in [(&[][..], 0x07), (&[("photo_ack", "02")], 0x02)] {
        let mut dialogue = Dialogue::online(options);
        let photo = seal(0x07, false, &[0, 0xff, 0xd8]).unwrap();
        let (events, ack) = dialogue.record(&photo);
        let [low, high] = carried(&photo).to_le_bytes();
        assert_eq!(ack, [header, low, high][..]);
        assert!(matches!(events[..], [Event::Unhandled { kind: 7, .. }]), "{events:?}");
    }
}

#[test]
fn an_unknown_tag_loses_nothing() {
    let mut dialogue = Dialogue::online(&[]);
    let (events, ack) = dialogue.record(&main(&hex("10 01 00 20 8A 7A E3 68 5B 01 02")));
    let raw = Bytes::from_static(&[0x5b, 1, 2]);
    assert!(matches!(events[0], Event::Report(_)), "{events:?}");
    assert_eq!(events[1], Event::Unhandled { kind: 0x015b, raw });
    assert!(!ack.is_empty());
}

#[test]
fn a_value_that_is_cut_off_is_not_acknowledged() {
    let mut dialogue = Dialogue::online(&[]);
    assert_eq!(dialogue.frame(&main(&hex("10 01 00 20 8A 7A"))), []);
    assert_eq!(dialogue.frame(&seal(0x08, false, &[0; 9]).unwrap()), []);
}

#[test]
fn another_imei_on_the_same_connection_is_not_taken() {
    let mut dialogue = Dialogue::online(&[]);
    let other = main(&[&[0x03], &b"863591023517373"[..], &[0x10, 1, 0]].concat());
    assert_eq!(dialogue.frame(&other), []);
    let same = main(&[&[0x03], IMEI.as_bytes(), &[0x10, 1, 0]].concat());
    assert_eq!(dialogue.frame(&same).len(), 1);
}

#[test]
fn a_device_with_a_number_only_is_known_by_it() {
    let mut session = GalileoskySession::new(&Limits::default());
    let now = Now { monotonic: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
    let mut fx = Effects::new();
    session.handle_frame(&main(&hex("10 01 00")), now, &mut fx).unwrap_err();
    assert!(fx.is_empty());
    session.handle_frame(&main(&hex("04 46 BA 10 01 00")), now, &mut fx).unwrap();
    let asked = match fx.as_slice() {
        [Effect::Authenticate { credentials, .. }] => credentials.identity.as_str(),
        other => panic!("{other:?}"),
    };
    assert_eq!(asked, "47686");
}

#[test]
fn a_tracker_without_a_display_takes_no_texts() {
    let mut dialogue = Dialogue::online(&[]);
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    assert_eq!(stages(&dialogue.text(1, "hello")), [(TOKEN, DeliveryStage::TimedOut)]);
    let options = DeviceOptions::defaults(OPTIONS);
    assert_eq!(Galileosky.plan_text("hello", &options), Err(TextRefusal::NotSupported));
    // What it says all the same is kept, and confirms nothing.
    let effects = dialogue.frame(&answer(1, "OUT(3..0) = 1110"));
    let [Effect::Record { events, .. }] = &effects[..] else { panic!("{effects:?}") };
    let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((message.reply_to, message.origin), (Some(1), Origin::Device));
}

#[test]
fn a_text_is_a_command_and_the_answer_with_its_number_confirms_it() {
    let options = [DISPLAY, &[("command_prefix", "show ")]].concat();
    let mut dialogue = Dialogue::online(&options);
    let sent = dialogue.text(0x0001_0002, "Gate\n4");
    let expected = encode::command(&Command {
        imei: Some(IMEI.into()),
        device: 7,
        number: 0x0001_0002,
        text: b"show Gate 4".to_vec(),
    });
    assert_eq!(sent[0], Effect::Transmit(expected.unwrap()));
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    // An answer to something else: perhaps of an earlier connection.
    let confirmed = DeliveryStage::Confirmed(Evidence::Accepted);
    let late = Receipt::Serial { serial: 1, bits: 32 };
    assert_eq!(stages(&dialogue.frame(&answer(1, "OK"))), [(late, confirmed)]);
    assert_eq!(stages(&dialogue.frame(&answer(0x0001_0002, "OK"))), [(TOKEN, confirmed)]);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
}

#[test]
fn an_answer_that_begins_with_an_error_word_refuses() {
    for (options, answered, refused) in [
        (DISPLAY.to_vec(), "Unknown command", true),
        (DISPLAY.to_vec(), "ERROR 5", true),
        (DISPLAY.to_vec(), "no error", false),
        ([DISPLAY, &[("error_words", "nix,")]].concat(), "error", false),
        ([DISPLAY, &[("error_words", "nix,")]].concat(), "Nix da", true),
    ] {
        let mut dialogue = Dialogue::online(&options);
        dialogue.text(3, "hello");
        let stage = match refused {
            true => DeliveryStage::Refused { code: 1, retry: false },
            false => DeliveryStage::Confirmed(Evidence::Accepted),
        };
        assert_eq!(stages(&dialogue.frame(&answer(3, answered))), [(TOKEN, stage)], "{answered}");
    }
}

#[test]
fn a_command_holds_its_prefix_and_its_part() {
    let prefix = "p".repeat(64);
    let pairs = [("display", "true"), ("max_text", "255"), ("command_prefix", prefix.as_str())];
    let options = DeviceOptions::parse(OPTIONS, pairs).unwrap();
    let text = "Turn left at gate 4, then wait for the foreman. ".repeat(40);
    let plan = Galileosky.plan_text(&text, &options).unwrap();
    let settings = super::super::options::Settings::read(&options);
    let parts = u16::try_from(plan.parts()).unwrap();
    assert!(parts > 1);
    let mut whole = String::new();
    for part in 1..=parts {
        let text = plan.part(&text, usize::from(part) - 1);
        whole.push_str(text);
        let command = settings.command(&Content::Text { text: text.to_owned(), part, parts });
        assert!(command.len() <= 255 && command.ends_with(text.as_bytes()), "{part}");
        assert!(command.starts_with(format!("{prefix}({part}/{parts}) ").as_bytes()));
    }
    assert_eq!(whole, text);
}

#[test]
fn an_unanswered_command_times_out_and_is_not_sent_twice() {
    let mut dialogue = Dialogue::online(&[("display", "true"), ("answer_seconds", "10")]);
    dialogue.text(3, "hello");
    assert_eq!(dialogue.session.poll_timeout(), Some(Duration::from_secs(10)));
    dialogue.now.monotonic = Duration::from_secs(10);
    let mut fx = Effects::new();
    dialogue.session.handle_timeout(dialogue.now, &mut fx);
    assert_eq!(fx.as_slice().len(), 1);
    assert_eq!(stages(fx.as_slice()), [(TOKEN, DeliveryStage::TimedOut)]);
    assert_eq!((dialogue.session.poll_timeout(), dialogue.session.window(Lane(0))), (None, 1));
}

#[test]
fn nonsense_is_put_up_with_for_a_while() {
    let mut dialogue = Dialogue::online(&[]);
    let bad = main(&[0x20, 1]);
    for _ in 0..19 {
        assert_eq!(dialogue.frame(&bad), []);
    }
    assert!(matches!(dialogue.frame(&bad)[..], [Effect::Close(_)]));
    assert_eq!(dialogue.frame(&main(&hex("10 01 00"))), []);
}
