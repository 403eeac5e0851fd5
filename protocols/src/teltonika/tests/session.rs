//! Rules of the session that no whole dialogue in `fixtures/` is needed for.

use bytes::Bytes;

use std::sync::Arc;
use std::time::Duration;

use super::super::encode::{self, NewRecord};
use super::super::envelope::{self, kind};
use super::super::frame::enclose;
use super::super::message::Codec;
use super::super::options::OPTIONS;
use super::super::session::TeltonikaSession;
use super::super::{Teltonika, terminal::TeltonikaTerminal};
use super::bytes;
use super::samples::{T1, T2, T3, T7};
use crate::effect::{
    CloseReason, DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt,
};
use crate::event::{Event, RepeatKey};
use crate::framing::{Limits, Rejection};
use crate::options::DeviceOptions;
use crate::protocol::Protocol;
use crate::session::{Admission, Content, Downlink, Lane, Now, Profile, SecretCheck, Session};
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings};
use crate::text::TextRefusal;

/// A session and its clock.
struct Dialogue {
    session: TeltonikaSession,
    now: Now,
}

fn options(pairs: &[(&str, &str)]) -> DeviceOptions {
    DeviceOptions::parse(OPTIONS, pairs.iter().copied()).unwrap()
}

impl Dialogue {
    fn online(pairs: &[(&str, &str)]) -> Self {
        let wall = "2025-10-06T08:20:00Z".parse().unwrap();
        let now = Now { monotonic: Duration::from_secs(100), wall };
        let mut dialogue = Self { session: TeltonikaSession::new(&Limits::default()), now };
        let asked = dialogue.frame(&bytes(T1));
        assert!(matches!(asked[..], [Effect::Authenticate { .. }]), "{asked:?}");
        let profile = Profile {
            options: Arc::new(options(pairs)),
            secret: SecretCheck::NoneNeeded,
            issued_code: String::new(),
        };
        let mut fx = Effects::new();
        dialogue.session.handle_admission(Lane(0), Admission::Known(profile), now, &mut fx);
        assert!(matches!(fx.as_slice(), [Effect::Transmit(_), Effect::Online { .. }]));
        dialogue
    }

    fn frame(&mut self, frame: &[u8]) -> Vec<Effect> {
        let mut fx = Effects::new();
        // What is wrong shows in the effects; that it is counted is checked where it matters.
        drop(self.session.handle_frame(frame, self.now, &mut fx));
        fx.drain().collect()
    }

    fn events(&mut self, frame: &[u8]) -> Vec<Event> {
        let events = self.frame(frame).into_iter().filter_map(|effect| match effect {
            Effect::Record { events, ack, nack, .. } => {
                assert!(ack.is_empty() && nack.is_empty(), "messages are not acknowledged");
                Some(events)
            }
            _ => None,
        });
        events.flatten().collect()
    }

    fn text(&mut self, token: u64, text: &str) -> Vec<Effect> {
        let content = Content::Text { text: text.to_owned(), part: 1, parts: 1 };
        let token = DeliveryToken(token);
        let mut fx = Effects::new();
        let downlink = Downlink { token, serial: 1, repeat: false, content };
        self.session.handle_downlink(Lane(0), downlink, self.now, &mut fx);
        fx.drain().collect()
    }

    /// Time passes, and is handled where the session asked for it.
    fn wait(&mut self, seconds: u64) -> Vec<Effect> {
        let end = self.now.monotonic + Duration::from_secs(seconds);
        let mut fx = Effects::new();
        while let Some(at) = self.session.poll_timeout().filter(|&at| at <= end) {
            self.now.monotonic = at;
            self.session.handle_timeout(self.now, &mut fx);
        }
        self.now.monotonic = end;
        fx.drain().collect()
    }

    fn window(&self) -> usize {
        self.session.window(Lane(0))
    }
}

fn stage(token: u64, stage: DeliveryStage) -> Effect {
    let receipt = Receipt::Token(DeliveryToken(token));
    Effect::Delivery { lane: Lane(0), receipt, stage }
}

const ACCEPTED: DeliveryStage = DeliveryStage::Confirmed(Evidence::Accepted);
const TERMINAL: &[(&str, &str)] =
    &[("text", "serial"), ("serial", "text"), ("receipt_line", "ACK"), ("refusal_line", "NAK")];

fn up(words: &str) -> Vec<u8> {
    envelope::wrap12(kind::RESPONSE, words.as_bytes())
}

#[test]
fn texts_wait_for_the_backlog() {
    let mut dialogue = Dialogue::online(TERMINAL);
    assert_eq!(dialogue.window(), 0);
    dialogue.wait(2);
    dialogue.frame(&bytes(T3));
    dialogue.wait(2);
    assert_eq!(dialogue.window(), 0, "records came two seconds ago");
    dialogue.wait(1);
    assert_eq!(dialogue.window(), 1);

    let mut dialogue = Dialogue::online(TERMINAL);
    dialogue.frame(&bytes(T2));
    assert_eq!(dialogue.window(), 1, "a packet of one record is no backlog");

    let mut dialogue = Dialogue::online(TERMINAL);
    for second in 0..60 {
        assert_eq!(dialogue.window(), 0, "{second} s");
        dialogue.frame(&bytes(T3));
        dialogue.wait(1);
    }
    assert_eq!(dialogue.window(), 1, "some devices always send several records");
    dialogue.frame(&bytes(T3));
    assert_eq!(dialogue.window(), 1);
}

#[test]
fn a_text_is_not_lost_while_records_keep_coming_nor_kept_for_ever() {
    let mut dialogue = Dialogue::online(TERMINAL);
    dialogue.frame(&bytes(T2));
    dialogue.text(1, "Call");
    for _ in 0..11 {
        assert_eq!(dialogue.wait(50), []);
        dialogue.frame(&bytes(T3));
    }
    // Ten times the limit of a minute.
    assert_eq!(dialogue.wait(50), [stage(1, DeliveryStage::TimedOut)]);
    assert_eq!(dialogue.window(), 1);
}

#[test]
fn a_text_that_was_not_asked_for_is_given_back() {
    let mut dialogue = Dialogue::online(TERMINAL);
    assert_eq!(dialogue.text(1, "Call"), [stage(1, DeliveryStage::TimedOut)]);
    // A device without a display, and one on which a text would be run as a command.
    for pairs in [&[][..], &[("text", "command")], &[("text", "serial")]] {
        let mut dialogue = Dialogue::online(pairs);
        dialogue.wait(3);
        let refused = DeliveryStage::Refused { code: 0, retry: false };
        assert_eq!(dialogue.text(1, "cpureset"), [stage(1, refused)], "{pairs:?}");
    }
}

#[test]
fn texts_are_refused_where_they_would_do_harm_or_nothing() {
    let plan = |pairs: &[(&str, &str)]| Teltonika.plan_text("Call", &options(pairs)).map(|_| ());
    assert_eq!(plan(&[]), Err(TextRefusal::NotSupported));
    assert_eq!(plan(&[("text", "command")]), Err(TextRefusal::NotSupported));
    assert_eq!(
        plan(&[("text", "command"), ("command_prefix", "  ")]),
        Err(TextRefusal::NotSupported)
    );
    assert_eq!(plan(&[("text", "command"), ("command_prefix", "lcd ")]), Ok(()));
    assert_eq!(plan(&[("text", "serial")]), Err(TextRefusal::NotSupported));
    assert_eq!(plan(&[("text", "serial"), ("receipt_line", "ACK")]), Ok(()));
    assert_eq!(plan(&[("text", "serial"), ("receipt", "write")]), Ok(()));
}

/// A message that is written behind all answers.
fn in_turn(frame: Vec<u8>) -> Effect {
    let frame = Bytes::from(frame);
    Effect::Record { lane: Lane(0), events: Vec::new(), ack: frame.clone(), nack: frame }
}

#[test]
fn a_text_and_its_prefix_fit_a_command() {
    let pairs = [("text", "command"), ("command_prefix", "lcd "), ("max_text", "64")];
    let text = "word ".repeat(60);
    let plan = Teltonika.plan_text(&text, &options(&pairs)).unwrap();
    let mut dialogue = Dialogue::online(&pairs);
    dialogue.wait(3);
    let parts = u16::try_from(plan.parts()).unwrap();
    for part in 1..=parts {
        let piece = plan.part(&text, usize::from(part) - 1).to_owned();
        let content = Content::Text { text: piece, part, parts };
        let token = DeliveryToken(part.into());
        let mut fx = Effects::new();
        let downlink = Downlink { token, serial: 1, repeat: false, content };
        dialogue.session.handle_downlink(Lane(0), downlink, dialogue.now, &mut fx);
        let [Effect::Record { ack: frame, .. }, _] = fx.as_slice() else { panic!("{fx:?}") };
        let messages = envelope::unwrap(frame, envelope::MessageCodec::C12).unwrap();
        let command = String::from_utf8(messages[0].payload.to_vec()).unwrap();
        assert!(command.len() <= 64 && command.starts_with("lcd ("), "{command}");
        let effects = dialogue.frame(&up("ok"));
        assert!(effects.contains(&stage(part.into(), ACCEPTED)), "{effects:?}");
    }
    assert!(parts > 4);
}

#[test]
fn a_line_end_in_a_text_never_ends_the_line() {
    let mut dialogue =
        Dialogue::online(&[("text", "serial"), ("receipt", "write"), ("line_end", "lf")]);
    dialogue.wait(3);
    let effects = dialogue.text(1, "one\r\ntwo\nthree\rfour");
    let frame = envelope::wrap12(kind::SERIAL, b"one two three four\n");
    assert_eq!(effects[0], in_turn(frame));
}

#[test]
fn options_choose_type_and_line_end() {
    for (end, expected) in [("crlf", "Call\r\n"), ("cr", "Call\r"), ("none", "Call")] {
        let pairs =
            [("text", "serial"), ("receipt", "write"), ("line_end", end), ("port_type", "9")];
        let mut dialogue = Dialogue::online(&pairs);
        dialogue.wait(3);
        let frame = envelope::wrap12(9, expected.as_bytes());
        assert_eq!(dialogue.text(1, "Call")[0], in_turn(frame), "{end}");
    }
}

#[test]
fn blank_responses_and_lines_are_nothing_anybody_said() {
    let mut dialogue = Dialogue::online(&[("text", "serial"), ("receipt_line", "ACK")]);
    dialogue.wait(3);
    dialogue.text(1, "Call");
    // With no refusal line set, an empty payload refuses nothing.
    assert!(matches!(dialogue.events(&up(""))[..], [Event::Unhandled { kind: 0x0c06, .. }]));
    assert_eq!(dialogue.window(), 0);
    assert_eq!(dialogue.frame(&up("ACK\r\n")), [stage(1, ACCEPTED)]);

    let mut dialogue = Dialogue::online(TERMINAL);
    assert_eq!(dialogue.frame(&up("\r\n \r\n")), []);
    let pairs = [("text", "command"), ("command_prefix", "lcd ")];
    let mut dialogue = Dialogue::online(&pairs);
    dialogue.wait(3);
    dialogue.text(1, "Call");
    assert_eq!(dialogue.frame(&up("")), [stage(1, ACCEPTED)]);
}

#[test]
fn a_time_that_is_none_does_not_make_texts_repeats() {
    let mut dialogue = Dialogue::online(TERMINAL);
    // The first half of a time in milliseconds, as an old description has it.
    let message = envelope::Message {
        codec: envelope::MessageCodec::C13,
        kind: kind::RESPONSE,
        time: Some(0x16c),
        imei: None,
        payload: b"ok\r\n",
    };
    let events = dialogue.events(&envelope::wrap(&message));
    let [Event::Message(said)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(said.device_time, None);
    assert_eq!(said.repeat, RepeatKey::TextOnly { window_seconds: 60 });
}

#[test]
fn the_fifth_group_of_codec_8_is_read_where_the_option_says_so() {
    let mut frame = encode::avl(Codec::C8, &[NewRecord::default()]);
    let data = frame.split_off(8);
    let inner = &data[..data.len() - 5];
    let with_group = [inner, &[1, 200], &[7; 16], &[1]].concat();
    let frame = enclose(&with_group);
    let mut standard = Dialogue::online(&[]);
    assert_eq!(standard.frame(&frame), []);
    let mut extended = Dialogue::online(&[("extended_io", "true")]);
    let effects = extended.frame(&frame);
    let [Effect::Record { events, ack, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(&ack[..], [0, 0, 0, 1]);
    let [Event::Report(report)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(report.attributes[0].0, "io_200");
}

#[test]
fn a_frame_that_cannot_be_read_changes_nothing() {
    let key = |key: u8| NewRecord { io: vec![(78, vec![key; 8])], ..NewRecord::default() };
    let good = encode::avl(Codec::C8, &[key(1)]);
    let mut two = encode::avl(Codec::C8, &[key(2), key(2)]);
    let cut = two.split_off(8);
    let mut dialogue = Dialogue::online(&[]);
    let drivers = |effects: &[Effect]| {
        let all = effects.iter().filter_map(|effect| match effect {
            Effect::Record { events, .. } => Some(events),
            _ => None,
        });
        all.flatten().filter(|event| matches!(event, Event::Driver(_))).count()
    };
    // Its first record is whole, its second is not.
    assert_eq!(dialogue.frame(&enclose(&cut[..cut.len() - 10])), []);
    assert_eq!(drivers(&dialogue.frame(&good)), 1);
    assert_eq!(drivers(&dialogue.frame(&good)), 0);
}

#[test]
fn too_many_bad_frames_close() {
    let mut dialogue = Dialogue::online(&[]);
    let mut fx = Effects::new();
    let reason = Rejection::Malformed;
    for _ in 0..19 {
        dialogue.session.handle_rejected(&[], reason, dialogue.now, &mut fx);
    }
    assert!(fx.is_empty());
    // A good one in between begins anew.
    dialogue.frame(&bytes(T2));
    for _ in 0..20 {
        dialogue.session.handle_rejected(&[], reason, dialogue.now, &mut fx);
    }
    assert_eq!(fx.drain().collect::<Vec<_>>(), [Effect::Close(CloseReason::TooManyErrors)]);
    assert_eq!((dialogue.frame(&bytes(T2)), dialogue.window()), (Vec::new(), 0));
}

#[test]
fn a_terminal_answers_each_text_the_way_it_came() {
    let imei = "356307042441013";
    let settings =
        TerminalSettings { identity: imei.to_owned(), secret: None, dialect: Some("8e".into()) };
    let mut terminal = TeltonikaTerminal::new(settings);
    let now = Now { monotonic: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
    let mut handle = |input: TerminalInput<'_>| {
        let mut fx = Vec::new();
        terminal.handle(input, now, &mut fx);
        fx
    };
    let shown = |token, text: &str| vec![TerminalEffect::Text { token, text: text.to_owned() }];
    let sent = |frame: Vec<u8>| vec![TerminalEffect::Transmit(frame.into())];
    let answer = |token, outcome| TerminalInput::Answer { token, outcome };
    assert_eq!(handle(TerminalInput::Frame(&bytes(T7))), shown(1, "getinfo"));
    let line = envelope::wrap12(kind::SERIAL, b"Call\r\n");
    assert_eq!(handle(TerminalInput::Frame(&line)), shown(2, "Call"));
    let named = envelope::wrap14(kind::COMMAND, envelope::pack(imei), b"getver");
    assert_eq!(handle(TerminalInput::Frame(&named)), shown(3, "getver"));
    let other = envelope::pack("352093081452251");
    let wrong = envelope::wrap14(kind::COMMAND, other, b"getver");
    let refused = sent(envelope::wrap14(kind::WRONG_IMEI, other, b""));
    assert_eq!(handle(TerminalInput::Frame(&wrong)), refused);
    assert_eq!(handle(answer(1, Outcome::Confirm)), sent(up("Text shown")));
    assert_eq!(handle(answer(1, Outcome::Refuse)), []);
    assert_eq!(handle(answer(2, Outcome::Confirm)), sent(up("ACK\r\n")));
    assert_eq!(handle(answer(2, Outcome::Refuse)), sent(up("NAK\r\n")));
    let mine = envelope::pack(imei);
    let confirmed = envelope::wrap14(kind::RESPONSE, mine, b"Text shown");
    assert_eq!(handle(answer(3, Outcome::Confirm)), sent(confirmed));
    let no = envelope::wrap14(kind::WRONG_IMEI, mine, b"");
    assert_eq!(handle(answer(3, Outcome::Refuse)), sent(no));
    assert_eq!(handle(answer(4, Outcome::Confirm)), []);
}
