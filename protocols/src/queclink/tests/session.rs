//! Rules of the session that no whole dialogue in `fixtures/` is needed for.

use std::time::Duration;

use bytes::Bytes;

use super::super::Queclink;
use super::super::options::{OPTIONS, Settings};
use super::super::session::QueclinkSession;
use super::{Dialogue, events, hex, values};
use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt};
use crate::event::{Event, RepeatKey, Value};
use crate::framing::Limits;
use crate::options::DeviceOptions;
use crate::protocol::Protocol;
use crate::session::{Content, Downlink, Lane, Now, Session};
use crate::text::TextRefusal;

const HEARTBEAT: &[u8] = b"+ACK:GTHBD,060100,135790246811220,,20100214093254,11F1";
const DISPLAY: (&str, &str) = ("display", "true");
const TOKEN: Receipt = Receipt::Token(DeliveryToken(9));

impl Dialogue {
    fn text(&mut self, serial: u32, text: &str) -> Vec<Effect> {
        let content = Content::Text { text: text.to_owned(), part: 1, parts: 1 };
        let mut fx = Effects::new();
        let downlink = Downlink { token: DeliveryToken(9), serial, repeat: false, content };
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

fn stages(effects: &[Effect]) -> Vec<(Receipt, DeliveryStage)> {
    let of_delivery = |effect: &Effect| match effect {
        Effect::Delivery { receipt, stage, .. } => Some((*receipt, *stage)),
        _ => None,
    };
    effects.iter().filter_map(of_delivery).collect()
}

fn acks(effects: &[Effect]) -> Vec<Bytes> {
    let of_record = |effect: &Effect| match effect {
        Effect::Record { ack, .. } => Some(ack.clone()),
        _ => None,
    };
    effects.iter().filter_map(of_record).collect()
}

#[test]
fn reports_are_acknowledged_by_their_count_as_it_is_written() {
    let report = |tail: &str| format!("+RESP:GTPNA,060100,135790246811220,,20250516120427{tail}");
    for (tail, ack) in [(",01ab", "+SACK:01ab$"), (",0121", "+SACK:0121$"), ("", ""), (",121", "")]
    {
        let mut dialogue = Dialogue::online(HEARTBEAT, &[]);
        assert_eq!(acks(&dialogue.frame(report(tail).as_bytes())), [ack], "{tail}");
    }
    let mut dialogue = Dialogue::online(HEARTBEAT, &[("sack", "false")]);
    assert_eq!(acks(&dialogue.frame(report(",0121").as_bytes())), [""]);
}

#[test]
fn answers_to_commands_are_acknowledged_only_where_configured() {
    let answer = b"+ACK:GTRTO,060100,135790246811220,,VER,FFFF,20161006053520,0C19";
    for (options, ack) in [(&[][..], ""), (&[("sack_ack", "true")], "+SACK:0C19$")] {
        let mut dialogue = Dialogue::online(HEARTBEAT, options);
        let effects = dialogue.frame(answer);
        assert_eq!(acks(&effects), [ack]);
        let report = Value::Text("GTRTO".to_owned());
        assert_eq!(values(&events(&effects), "report"), [&report]);
    }
}

#[test]
fn binary_reports_are_acknowledged_only_where_configured() {
    let report = hex(
        "2b5253500700fc1fbf005d4501020209563254030003430564377e42071001000000000000007eff75a151025c6a8107e10801081a2a02680003189c1ac500000000000002100700000000000000000007e1080108241019e17ebe0d0a",
    );
    for (options, ack) in [(&[][..], ""), (&[("binary_sack", "true")], "+SACK:19E1$")] {
        assert_eq!(acks(&Dialogue::online(&report, options).first), [ack]);
    }
}

#[test]
fn a_text_goes_out_with_its_serial_and_the_password_of_the_type() {
    for (version, options, sent) in [
        ("060100", &[DISPLAY][..], "AT+GTDAT=gv300,1,,Gate 4; cost 5 EUR,,,,,0017$"),
        (
            "270B01",
            &[DISPLAY, ("need_ack", "1"), ("data_type", "2")],
            "AT+GTDAT=gv300w,2,,Gate 4; cost 5 EUR,1,,,,0017$",
        ),
        (
            "FF0100",
            &[DISPLAY, ("password", "secret")],
            "AT+GTDAT=secret,1,,Gate 4; cost 5 EUR,,,,,0017$",
        ),
    ] {
        let heartbeat = format!("+ACK:GTHBD,{version},135790246811220,,20100214093254,11F1");
        let mut dialogue = Dialogue::online(heartbeat.as_bytes(), options);
        // The host's serials are wider.
        let effects = dialogue.text(0x0002_0017, "Gate 4,\r\ncost 5 €");
        let expected = sent.replace("4; ", "4;  ").replace(";  cost", "; cost");
        assert_eq!(effects[0], Effect::Transmit(expected.into()), "{version}");
        assert_eq!(stages(&effects), [(TOKEN, DeliveryStage::Transmitted)]);
    }
}

#[test]
fn a_type_without_a_known_password_refuses() {
    let heartbeat = b"+ACK:GTHBD,FF0100,135790246811220,,20100214093254,11F1";
    let mut dialogue = Dialogue::online(heartbeat, &[DISPLAY]);
    let refused = DeliveryStage::Refused { code: 1, retry: false };
    assert_eq!(stages(&dialogue.text(1, "hello")), [(TOKEN, refused)]);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
}

#[test]
fn a_tracker_without_a_terminal_takes_no_texts() {
    let mut dialogue = Dialogue::online(HEARTBEAT, &[]);
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    assert_eq!(stages(&dialogue.text(1, "hello")), [(TOKEN, DeliveryStage::TimedOut)]);
    let options = DeviceOptions::defaults(OPTIONS);
    assert_eq!(Queclink.plan_text("hello", &options), Err(TextRefusal::NotSupported));
}

#[test]
fn serials_are_matched_strictly() {
    let mut dialogue = Dialogue::online(HEARTBEAT, &[DISPLAY]);
    dialogue.text(0x17, "hello");
    let answer =
        |serial: &str| format!("+ACK:GTDAT,060100,135790246811220,,{serial},20090214093254,11F0");
    let confirmed = DeliveryStage::Confirmed(Evidence::Accepted);
    let late = Receipt::Serial { serial: 0x18, bits: 16 };
    assert_eq!(stages(&dialogue.frame(answer("0018").as_bytes())), [(late, confirmed)]);
    assert_eq!(stages(&dialogue.frame(answer("17").as_bytes())), []);
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    assert_eq!(stages(&dialogue.frame(answer("0017").as_bytes())), [(TOKEN, confirmed)]);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
}

#[test]
fn an_unanswered_text_is_repeated_with_its_serial_and_then_given_back() {
    let mut dialogue = Dialogue::online(HEARTBEAT, &[DISPLAY]);
    let sent = dialogue.text(0x17, "hello");
    assert_eq!(dialogue.at(29), []);
    for seconds in [30, 60, 90] {
        assert_eq!(dialogue.at(seconds)[..], sent[..1], "{seconds}");
    }
    assert_eq!(stages(&dialogue.at(120)), [(TOKEN, DeliveryStage::TimedOut)]);
    assert_eq!((dialogue.session.poll_timeout(), dialogue.session.window(Lane(0))), (None, 1));
}

#[test]
fn what_counts_as_the_drivers_text() {
    let frame = |data: &str| {
        format!("+RESP:GTDAT,060100,135790246811220,,{data},20240426115205,2683").into_bytes()
    };
    for (prefix, data, text) in [
        ("", "Yes, at gate 4", Some("Yes, at gate 4")),
        ("", " COMB,0,94.0,-1.0,,,HDC", None),
        ("", "\u{1}\u{2}", None),
        ("", "", None),
        ("M:", "M: on my way", Some("on my way")),
        ("M:", "T22H59", None),
    ] {
        let mut dialogue = Dialogue::online(HEARTBEAT, &[("driver_prefix", prefix)]);
        let events = events(&dialogue.frame(&frame(data)));
        let said = events.iter().find_map(|event| match event {
            Event::Message(message) => Some(message.text.as_str()),
            _ => None,
        });
        assert_eq!(said, text, "{data}");
        let kept = values(&events, "serial_data").len();
        assert_eq!(kept, usize::from(text.is_none()), "{data}");
    }
}

#[test]
fn a_repeat_has_the_same_key() {
    let frame = |count: &str| {
        format!("+RESP:GTDAT,060100,135790246811220,,ok,20240426115205{count}").into_bytes()
    };
    let mut dialogue = Dialogue::online(HEARTBEAT, &[]);
    let mut key = |count: &str| {
        let events = events(&dialogue.frame(&frame(count)));
        match &events[..] {
            [Event::Message(message)] => message.repeat.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(key(",2683"), key(",2683"));
    assert_ne!(key(",2683"), key(",2684"));
    assert!(matches!(key(""), RepeatKey::TextOnly { .. }));
}

#[test]
fn a_text_is_cut_into_parts_that_fit() {
    let pairs = [DISPLAY, ("max_text", "24")];
    let options = DeviceOptions::parse(OPTIONS, pairs).unwrap();
    let text = "Turn left, at the gate; €5 to pay\r\nand wait ".repeat(9);
    let plan = Queclink.plan_text(&text, &options).unwrap();
    let settings = Settings::read(&options);
    let parts = u16::try_from(plan.parts()).unwrap();
    let mut whole = String::new();
    for part in 1..=parts {
        let text = plan.part(&text, usize::from(part) - 1);
        whole.push_str(text);
        let data = settings.data(&Content::Text { text: text.to_owned(), part, parts });
        assert!(data.len() <= 24, "{}", data.escape_ascii());
        assert!(!data.iter().any(|byte| matches!(byte, b',' | b'$' | b'\n')));
    }
    assert_eq!(whole, text);
}

#[test]
fn another_device_on_the_same_connection_is_not_taken() {
    let mut dialogue = Dialogue::online(HEARTBEAT, &[]);
    let other = b"+RESP:GTPNA,060100,135790246811221,,20250516120427,0121";
    assert_eq!(dialogue.frame(other), []);
}

#[test]
fn frames_without_an_identity_open_nothing() {
    let now = Now { monotonic: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
    let mut session = QueclinkSession::new(&Limits::default());
    for frame in [&b"+SACK:1234"[..], b"AT+GTRTO=gv300", b"+RESP:GTFRI,1,2", b"+NACK:APN,1"] {
        let mut fx = Effects::new();
        session.handle_frame(frame, now, &mut fx).unwrap_err();
        assert!(fx.is_empty());
    }
}

#[test]
fn nonsense_is_put_up_with_for_a_while() {
    let mut dialogue = Dialogue::online(HEARTBEAT, &[]);
    for _ in 0..19 {
        assert_eq!(dialogue.frame(b"+RESP:GT"), []);
    }
    assert!(matches!(dialogue.frame(b"+RESP:GT")[..], [Effect::Close(_)]));
    assert_eq!(dialogue.frame(HEARTBEAT), []);
}
