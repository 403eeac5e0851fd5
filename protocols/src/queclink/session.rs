//! The platform's side of the dialogue (sections 2, 4 and 5).
//!
//! ```text
//! Login ──frame that names a device──▶ Asking ──known──▶ Online ──20 bad frames──▶ Closed
//!   ▲                 │ unknown, blocked                                              ▲
//!   └─ others: ───────┘───────────────────────────────────────────────────────────────┘
//!      not answered
//! ```
//!
//! The frame that names the device is data as well: it waits for the admission and is then treated like any other.

use std::time::Duration;

use bytes::Bytes;

use super::message::{Class, DataCommand, HexFrame, Message, ProFrame, Sentence};
use super::navigator::Tunnel;
use super::options::Settings;
use super::{attributes, blocks, decode, encode, hex, pro, serial};
use crate::effect::{
    CloseReason, DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt,
};
use crate::event::{DriverMessage, Event, Origin, RepeatKey, Report, Value};
use crate::framing::{Limits, Rejection};
use crate::session::{
    Admission, Credentials, Downlink, Lane, Now, SecretCheck, Session, SessionError,
};

/// The only device of a connection.
pub(super) const LANE: Lane = Lane(0);
/// How long a numbered text stays recognisable as a repeat: devices keep reports for days.
const REPEAT_WINDOW_SECONDS: u32 = 7 * 24 * 3600;
/// The same for a text without a number.
const UNNUMBERED_WINDOW_SECONDS: u32 = 60;
/// [`DeliveryStage::Refused`] code: no password is known for the device's type.
const NO_PASSWORD: u16 = 1;

/// The session.
#[derive(Debug)]
pub(super) struct QueclinkSession {
    state: State,
    bad_frames: u32,
    max_bad_frames: u32,
}

#[derive(Debug)]
enum State {
    /// Nobody has said who it is.
    Login,
    /// The host is asked; the frame waits.
    Asking { identity: String, frame: Vec<u8> },
    /// The device is admitted.
    Online(Box<Online>),
    /// Nothing leaves any more.
    Closed,
}

#[derive(Debug)]
pub(super) struct Online {
    identity: String,
    pub(super) settings: Settings,
    /// The device's type, from the version of its last sentence.
    pub(super) device_type: Vec<u8>,
    outstanding: Option<Outstanding>,
    pub(super) navigator: Tunnel,
}

/// The text that waits for its acknowledgement.
#[derive(Debug)]
struct Outstanding {
    token: DeliveryToken,
    serial: u16,
    command: Bytes,
    deadline: Duration,
    repeats: u8,
}

/// The identity that a frame names, in normal form.
fn identity(message: &Message<'_>) -> Option<String> {
    match message {
        Message::Sentence(sentence) => {
            Some(String::from_utf8_lossy(sentence.id).to_ascii_uppercase())
        }
        Message::Hex(frame) => hex::identity(frame),
        Message::Pro(frame) => pro::identity(frame),
        Message::ServerAck { .. } | Message::Data(_) | Message::Command(_) => None,
    }
}

impl QueclinkSession {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { state: State::Login, bad_frames: 0, max_bad_frames: limits.max_bad_frames }
    }

    fn close(&mut self, reason: CloseReason, fx: &mut Effects) {
        self.state = State::Closed;
        fx.push(Effect::Close(reason));
    }

    fn strike(&mut self, fx: &mut Effects) {
        self.bad_frames = self.bad_frames.saturating_add(1);
        if self.bad_frames >= self.max_bad_frames && !matches!(self.state, State::Closed) {
            self.close(CloseReason::TooManyErrors, fx);
        }
    }

    fn before_login(&mut self, frame: &[u8], fx: &mut Effects) -> Result<(), SessionError> {
        let Some(identity) = identity(&decode::message(frame)?) else {
            let message = "frame without an identity";
            return Err(SessionError::Unexpected { message, state: "login" });
        };
        let credentials =
            Credentials { identity: identity.clone(), aliases: Vec::new(), secret: None };
        self.state = State::Asking { identity, frame: frame.to_vec() };
        fx.push(Effect::Authenticate { lane: LANE, credentials });
        Ok(())
    }
}

impl Session for QueclinkSession {
    fn handle_frame(
        &mut self,
        frame: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let outcome = match &mut self.state {
            State::Login => self.before_login(frame, fx),
            State::Asking { .. } => {
                Err(SessionError::Unexpected { message: "frame", state: "admission" })
            }
            State::Online(online) => online.handle(frame, now, fx),
            State::Closed => return Ok(()),
        };
        match outcome {
            Ok(()) => self.bad_frames = 0,
            Err(_) => self.strike(fx),
        }
        outcome
    }

    fn handle_rejected(&mut self, _raw: &[u8], _reason: Rejection, _now: Now, fx: &mut Effects) {
        // Not acknowledged, so that a device that waits for it sends it again.
        self.strike(fx);
    }

    fn handle_admission(&mut self, lane: Lane, admission: Admission, now: Now, fx: &mut Effects) {
        let State::Asking { identity, frame } = &mut self.state else {
            return;
        };
        let profile = match admission {
            Admission::Known(profile) if profile.secret != SecretCheck::Differs => profile,
            // The protocol has no word for it.
            Admission::Known(_) => {
                let reason = "a password is configured, but Queclink devices present none";
                fx.push(Effect::Refuse { lane, reason });
                return self.close(CloseReason::NotAdmitted, fx);
            }
            Admission::Unknown | Admission::Blocked => {
                return self.close(CloseReason::NotAdmitted, fx);
            }
        };
        let frame = std::mem::take(frame);
        let mut online = Box::new(Online {
            identity: std::mem::take(identity),
            settings: Settings::read(&profile.options),
            device_type: Vec::new(),
            outstanding: None,
            navigator: Tunnel::of(&profile.options),
        });
        fx.push(Effect::Online { lane });
        // What is wrong with it beyond its head is found only now; the next frame may be better.
        let taken = online.handle(&frame, now, fx);
        online.meet_navigator(now, fx);
        self.state = State::Online(online);
        if taken.is_err() {
            self.strike(fx);
        }
    }

    fn handle_downlink(&mut self, lane: Lane, downlink: Downlink, now: Now, fx: &mut Effects) {
        match &mut self.state {
            State::Online(online) if online.window() > 0 => online.take(downlink, now, fx),
            State::Closed => {}
            // Not asked for: the window is 0. Given back at once, so that it is not forgotten here.
            _ => fx.push(Effect::Delivery {
                lane,
                receipt: Receipt::Token(downlink.token),
                stage: DeliveryStage::TimedOut,
            }),
        }
    }

    fn handle_timeout(&mut self, now: Now, fx: &mut Effects) {
        if let State::Online(online) = &mut self.state {
            online.expire(now, fx);
            online.navigator_timeout(now, fx);
        }
    }

    fn window(&self, _lane: Lane) -> usize {
        match &self.state {
            State::Online(online) => online.window(),
            _ => 0,
        }
    }

    fn poll_timeout(&self) -> Option<Duration> {
        match &self.state {
            State::Online(online) => online.poll_timeout(),
            _ => None,
        }
    }
}

impl Online {
    fn window(&self) -> usize {
        let terminal = usize::from(self.settings.display && self.outstanding.is_none());
        self.navigator_window().unwrap_or(terminal)
    }

    fn poll_timeout(&self) -> Option<Duration> {
        let answer = self.outstanding.as_ref().map(|text| text.deadline);
        answer.into_iter().chain(self.navigator_deadline()).min()
    }

    fn handle(&mut self, frame: &[u8], now: Now, fx: &mut Effects) -> Result<(), SessionError> {
        let message = decode::message(frame)?;
        if identity(&message).is_some_and(|found| found != self.identity) {
            let message = "frame of another device";
            return Err(SessionError::Unexpected { message, state: "online" });
        }
        match message {
            Message::Sentence(sentence) => self.sentence(&sentence, now, fx),
            Message::Hex(frame) => self.hex(&frame, fx),
            Message::Pro(frame) => self.pro(&frame, fx)?,
            Message::ServerAck { .. } | Message::Data(_) | Message::Command(_) => {
                let message = "platform's frame";
                return Err(SessionError::Unexpected { message, state: "online" });
            }
        }
        Ok(())
    }

    fn sentence(&mut self, sentence: &Sentence<'_>, now: Now, fx: &mut Effects) {
        if !sentence.version.is_empty() {
            self.device_type = sentence.device_type().to_ascii_uppercase();
        }
        let count = sentence.count();
        let quoted = |yes: bool| count.filter(|_| yes).map(encode::server_ack).unwrap_or_default();
        match (sentence.class, sentence.kind) {
            (Class::Ack, b"GTHBD") => {
                if let Some(count) = count {
                    fx.transmit(encode::heartbeat_ack(sentence.version, count));
                }
            }
            (Class::Ack, b"GTDAT") if self.navigator.is_there() => {
                // The tracker took a packet; what the navigator makes of it, it says itself.
                let ack = quoted(self.settings.sack_ack);
                if !ack.is_empty() {
                    fx.transmit(ack);
                }
            }
            (Class::Report | Class::Buffered, b"GTDTT") if self.navigator.is_there() => {
                let ack = quoted(self.settings.sack);
                self.hear(sentence, ack, now, fx);
            }
            (Class::Ack, kind) => {
                if kind == b"GTDAT" {
                    self.acknowledged(sentence, fx);
                }
                let answer = attributes::attributes(sentence, None);
                let ack = quoted(self.settings.sack_ack);
                fx.record(LANE, vec![Event::Info(answer)], ack, Bytes::new());
            }
            (class, _) => {
                let events = self.events(sentence, class == Class::Buffered);
                fx.record(LANE, events, quoted(self.settings.sack), Bytes::new());
            }
        }
    }

    /// Positions, what else the sentence says, and the driver's text.
    fn events(&self, sentence: &Sentence<'_>, archived: bool) -> Vec<Event> {
        let blocks = blocks::blocks(sentence.content());
        let mut attributes = attributes::attributes(sentence, blocks.last());
        let text = serial::bytes(sentence)
            .and_then(|bytes| self.serial_data(sentence, &bytes, &mut attributes));
        let mut events = Vec::with_capacity(blocks.len() + 1);
        let last = blocks.len().saturating_sub(1);
        for (index, block) in blocks.iter().enumerate() {
            // What the sentence says is about its last position.
            let attributes =
                if index == last { std::mem::take(&mut attributes) } else { Vec::new() };
            events.push(Event::Report(Report {
                time: block.time,
                fix: block.fix,
                archived,
                attributes,
            }));
        }
        // The name of the report alone says no more than the text.
        if blocks.is_empty() && (text.is_none() || attributes.len() > 1) {
            events.push(Event::Info(attributes));
        }
        events.extend(text);
        events
    }

    /// The driver's text, if that is what came from the serial port; anything else becomes an attribute.
    fn serial_data(
        &self,
        sentence: &Sentence<'_>,
        bytes: &[u8],
        attributes: &mut Vec<(std::borrow::Cow<'static, str>, Value)>,
    ) -> Option<Event> {
        let text = serial::text(bytes);
        let fuel = text.as_deref().and_then(serial::fuel);
        let prefix = self.settings.driver_prefix.as_str();
        let said = text.as_deref().filter(|_| fuel.is_none());
        let said = said.and_then(|text| text.strip_prefix(prefix)).map(str::trim);
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            return Some(driver_text(sentence, said.to_owned()));
        }
        if let Some(level) = fuel {
            attributes.push(("fuel_sensor".into(), Value::Float(level)));
        }
        let data = Value::Bytes(Bytes::copy_from_slice(bytes));
        attributes.push(("serial_data".into(), data));
        None
    }

    fn hex(&self, frame: &HexFrame<'_>, fx: &mut Effects) {
        let ack = match hex::count(frame) {
            Some(count) if self.settings.binary_sack => encode::server_ack(count.as_bytes()),
            _ => Bytes::new(),
        };
        fx.record(LANE, hex::events(frame), ack, Bytes::new());
    }

    fn pro(&self, frame: &ProFrame<'_>, fx: &mut Effects) -> Result<(), SessionError> {
        if frame.heartbeat {
            // No answer to it is documented.
            return Ok(());
        }
        let events = pro::events(frame)?;
        let ack = match pro::count(frame) {
            Some(count) if self.settings.sack => encode::server_ack(count.as_bytes()),
            _ => Bytes::new(),
        };
        fx.record(LANE, events, ack, Bytes::new());
        Ok(())
    }

    /// `+ACK:GTDAT`: about the text in flight, or one of an earlier connection.
    fn acknowledged(&mut self, sentence: &Sentence<'_>, fx: &mut Effects) {
        // Name, serial: the serial is the last field before the send time.
        let serial = sentence.content().last().filter(|serial| serial.len() == 4);
        let serial = serial
            .and_then(|serial| u16::from_str_radix(std::str::from_utf8(serial).ok()?, 16).ok());
        let Some(serial) = serial.filter(|_| self.settings.display) else {
            return;
        };
        let receipt = match self.outstanding.take_if(|text| text.serial == serial) {
            Some(text) => Receipt::Token(text.token),
            None => Receipt::Serial { serial: serial.into(), bits: 16 },
        };
        delivery(receipt, DeliveryStage::Confirmed(Evidence::Accepted), fx);
    }

    pub(super) fn send(&mut self, downlink: &Downlink, now: Now, fx: &mut Effects) {
        let token = downlink.token;
        let Some(password) = self.settings.password(&self.device_type) else {
            let stage = DeliveryStage::Refused { code: NO_PASSWORD, retry: false };
            return delivery(Receipt::Token(token), stage, fx);
        };
        // The device's numbers have 16 bits, the host's serials are unique in them.
        let serial = (downlink.serial & 0xffff) as u16;
        let command = encode::data(&DataCommand {
            password: password.as_bytes(),
            kind: self.settings.data_type.as_bytes(),
            data: self.settings.data(&downlink.content),
            need_ack: self.settings.need_ack.as_bytes(),
            serial: format!("{serial:04X}").as_bytes(),
        });
        fx.transmit(command.clone());
        delivery(Receipt::Token(token), DeliveryStage::Transmitted, fx);
        let deadline = now.monotonic.saturating_add(self.settings.answer_limit);
        self.outstanding = Some(Outstanding { token, serial, command, deadline, repeats: 0 });
    }

    fn expire(&mut self, now: Now, fx: &mut Effects) {
        let repeats = self.settings.repeats;
        let limit = self.settings.answer_limit;
        let Some(text) = self.outstanding.as_mut().filter(|text| text.deadline <= now.monotonic)
        else {
            return;
        };
        if text.repeats < repeats {
            text.repeats += 1;
            text.deadline = now.monotonic.saturating_add(limit);
            return fx.transmit(text.command.clone());
        }
        if let Some(text) = self.outstanding.take() {
            delivery(Receipt::Token(text.token), DeliveryStage::TimedOut, fx);
        }
    }
}

/// A driver's text; count and send time make a repeat recognisable.
fn driver_text(sentence: &Sentence<'_>, text: String) -> Event {
    let number = |field: Option<&[u8]>, radix| {
        field.and_then(|field| u64::from_str_radix(std::str::from_utf8(field).ok()?, radix).ok())
    };
    let repeat = match (number(sentence.send_time(), 10), number(sentence.count(), 16)) {
        // 14 digits and 16 bits: less than 64 bits.
        (Some(time), Some(count)) => RepeatKey::Numbered {
            key: time.wrapping_mul(1 << 16).wrapping_add(count),
            window_seconds: REPEAT_WINDOW_SECONDS,
        },
        _ => RepeatKey::TextOnly { window_seconds: UNNUMBERED_WINDOW_SECONDS },
    };
    Event::Message(DriverMessage {
        text,
        device_time: None,
        repeat,
        reply_to: None,
        origin: Origin::Driver,
    })
}

fn delivery(receipt: Receipt, stage: DeliveryStage, fx: &mut Effects) {
    fx.push(Effect::Delivery { lane: LANE, receipt, stage });
}
