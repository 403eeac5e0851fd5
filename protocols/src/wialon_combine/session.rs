//! The platform's side of the dialogue (specification 2 to 6).
//!
//! ```text
//! Login ──type 0──▶ Asking ──known, secret fits──▶ Online ──20 bad frames──▶ Closed
//!   │                 │ unknown, blocked, wrong secret                         ▲
//!   └── anything else ┴────────────────── code 1, code 2 ──────────────────────┘
//! ```
//!
//! Answers to data stand in the [`Effect::Record`] whose commit they wait for; only those to logins and keep-alives are written at
//! once.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::decode::{self, Integers};
use super::encode::answer;
use super::frame::{CHECKSUM, Header};
use super::message::{Key, Login, MAX_IDENTITY, Message, Packet, code};
use super::options::{Settings, TextForm};
use super::report;
use crate::effect::{
    CloseReason, DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt,
};
use crate::event::{DriverMessage, Event};
use crate::framing::{Limits, Rejection};
use crate::session::{
    Admission, Credentials, Downlink, Lane, Now, SecretCheck, Session, SessionError,
};

/// The only device of a connection.
const LANE: Lane = Lane(0);
/// Digits of an IMEI: as a number it loses its leading zeros (specification 3).
const IMEI_DIGITS: usize = 15;
/// [`Event::Unhandled`] kinds from here on are packet types; below, sub-record types.
const UNKNOWN_PACKET: u32 = 0x1_0000;
/// A driver's message so much older than the text is from the device's memory, not an answer. Clocks differ, but not by more.
const STALE_SECONDS: i64 = 300;

/// The session.
#[derive(Debug)]
pub(super) struct CombineSession {
    state: State,
    bad_frames: u32,
    max_bad_frames: u32,
}

#[derive(Debug)]
enum State {
    /// Nothing but a login counts.
    Login,
    /// The host is asked who this is.
    Asking { seq: u16, identity: String },
    /// The device is admitted.
    Online(Box<Online>),
    /// Nothing leaves any more.
    Closed,
}

#[derive(Debug)]
struct Online {
    identity: String,
    settings: Settings,
    outstanding: Option<Outstanding>,
    /// Number and checksum of the last data packet: the same again is a device that missed the answer (specification 2).
    last_data: Option<(u16, [u8; CHECKSUM])>,
}

/// The text that waits for its receipt.
#[derive(Debug, Clone, Copy)]
struct Outstanding {
    token: DeliveryToken,
    deadline: Duration,
    sent: Timestamp,
}

impl CombineSession {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { state: State::Login, bad_frames: 0, max_bad_frames: limits.max_bad_frames }
    }

    fn close(&mut self, reason: CloseReason, fx: &mut Effects) {
        self.state = State::Closed;
        fx.push(Effect::Close(reason));
    }

    fn refuse(&mut self, code: u8, seq: u16, reason: Option<&'static str>, fx: &mut Effects) {
        fx.transmit(answer(code, seq));
        if let Some(reason) = reason {
            fx.push(Effect::Refuse { lane: LANE, reason });
        }
        self.close(CloseReason::NotAdmitted, fx);
    }

    fn strike(&mut self, fx: &mut Effects) {
        self.bad_frames = self.bad_frames.saturating_add(1);
        if self.bad_frames >= self.max_bad_frames && !matches!(self.state, State::Closed) {
            self.close(CloseReason::TooManyErrors, fx);
        }
    }

    fn before_login(&mut self, frame: &[u8], fx: &mut Effects) -> Result<(), SessionError> {
        let Some(seq) = seq(frame) else {
            return Err(NOT_A_PACKET);
        };
        match decode::message(frame, Integers::Document) {
            Ok(Message::Packet { seq, packet: Packet::Login(login) }) => {
                self.ask(seq, &login, fx);
                Ok(())
            }
            Ok(_) => {
                self.refuse(code::NOT_AUTHORISED, seq, Some("data before the login"), fx);
                Err(SessionError::Unexpected { message: "packet", state: "login" })
            }
            Err(error) => {
                self.refuse(code::NOT_AUTHORISED, seq, Some("the login has no usable id"), fx);
                Err(error.into())
            }
        }
    }

    fn ask(&mut self, seq: u16, login: &Login<'_>, fx: &mut Effects) {
        let Some((identity, aliases)) = identity(&login.id) else {
            return self.refuse(code::NOT_AUTHORISED, seq, Some("the login has no usable id"), fx);
        };
        self.state = State::Asking { seq, identity: identity.clone() };
        let secret = login.password.as_ref().map(written);
        let credentials = Credentials { identity, aliases, secret };
        fx.push(Effect::Authenticate { lane: LANE, credentials });
    }
}

const NOT_A_PACKET: SessionError =
    SessionError::Unexpected { message: "what only a server sends", state: "any" };

/// The number of a packet, for its answer; `None` for what no device sends.
fn seq(frame: &[u8]) -> Option<u16> {
    match Header::read(frame)?.0 {
        Header::Packet { seq, .. } | Header::KeepAlive { seq } => Some(seq),
        Header::Answer { .. } | Header::Command { .. } => None,
    }
}

/// A key as people write it.
fn written(key: &Key<'_>) -> String {
    match key {
        Key::U16(number) => number.to_string(),
        Key::U32(number) => number.to_string(),
        Key::U64(number) => number.to_string(),
        Key::Text(text) => String::from_utf8_lossy(text).into_owned(),
    }
}

/// Identity and aliases; `None` if it is none.
fn identity(id: &Key<'_>) -> Option<(String, Vec<String>)> {
    let identity = written(id).trim().to_owned();
    if identity.is_empty() || identity.len() > MAX_IDENTITY || identity == "0" {
        return None;
    }
    let padded = match id {
        Key::U64(number) if identity.len() < IMEI_DIGITS => vec![format!("{number:0IMEI_DIGITS$}")],
        _ => Vec::new(),
    };
    Some((identity, padded))
}

impl Session for CombineSession {
    fn handle_frame(
        &mut self,
        frame: &[u8],
        _now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let outcome = match &mut self.state {
            State::Login => self.before_login(frame, fx),
            State::Asking { .. } => {
                Err(SessionError::Unexpected { message: "packet", state: "admission" })
            }
            State::Online(online) => online.handle(frame, fx),
            State::Closed => return Ok(()),
        };
        match outcome {
            Ok(()) => self.bad_frames = 0,
            Err(_) => self.strike(fx),
        }
        outcome
    }

    fn handle_rejected(&mut self, raw: &[u8], reason: Rejection, _now: Now, fx: &mut Effects) {
        let code = match reason {
            Rejection::Checksum { .. } => code::BAD_CHECKSUM,
            _ => code::NOT_STORED,
        };
        match (&self.state, seq(raw)) {
            (State::Closed, _) => return,
            (State::Online(_), Some(seq)) => Online::say(code, seq, fx),
            (State::Login, Some(seq)) => fx.transmit(answer(code, seq)),
            _ => {}
        }
        self.strike(fx);
    }

    fn handle_admission(&mut self, lane: Lane, admission: Admission, _now: Now, fx: &mut Effects) {
        let State::Asking { seq, identity } = &mut self.state else {
            return;
        };
        let seq = *seq;
        let profile = match admission {
            Admission::Known(profile) => profile,
            Admission::Unknown | Admission::Blocked => {
                return self.refuse(code::NOT_AUTHORISED, seq, None, fx);
            }
        };
        if profile.secret == SecretCheck::Differs {
            return self.refuse(code::WRONG_PASSWORD, seq, Some("wrong password"), fx);
        }
        let online = Online {
            identity: std::mem::take(identity),
            settings: Settings::read(&profile.options),
            outstanding: None,
            last_data: None,
        };
        self.state = State::Online(Box::new(online));
        fx.transmit(answer(code::STORED, seq));
        fx.push(Effect::Online { lane });
    }

    fn handle_downlink(&mut self, lane: Lane, downlink: Downlink, now: Now, fx: &mut Effects) {
        let sent = match &mut self.state {
            State::Online(online) => online.send(&downlink, now, fx),
            State::Closed => return,
            _ => false,
        };
        if !sent {
            // Not asked for: the window is 0. Given back at once, so that it is not forgotten here.
            let receipt = Receipt::Token(downlink.token);
            fx.push(Effect::Delivery { lane, receipt, stage: DeliveryStage::TimedOut });
        }
    }

    fn handle_timeout(&mut self, now: Now, fx: &mut Effects) {
        if let State::Online(online) = &mut self.state
            && let Some(text) = online.outstanding.take_if(|text| text.deadline <= now.monotonic)
        {
            delivery(text.token, DeliveryStage::TimedOut, fx);
        }
    }

    fn window(&self, _lane: Lane) -> usize {
        match &self.state {
            State::Online(online) => usize::from(online.ready()),
            _ => 0,
        }
    }

    fn poll_timeout(&self) -> Option<Duration> {
        match &self.state {
            State::Online(online) => online.outstanding.as_ref().map(|text| text.deadline),
            _ => None,
        }
    }
}

impl Online {
    fn handle(&mut self, frame: &[u8], fx: &mut Effects) -> Result<(), SessionError> {
        let Some(seq) = seq(frame) else {
            return Err(NOT_A_PACKET);
        };
        let packet = match decode::message(frame, self.settings.integers) {
            Ok(Message::Packet { packet, .. }) => packet,
            Ok(_) => return Err(NOT_A_PACKET),
            Err(error) => {
                Self::say(code::NOT_STORED, seq, fx);
                return Err(error.into());
            }
        };
        match packet {
            Packet::Login(login) => return self.login_again(seq, &login, fx),
            Packet::KeepAlive => {
                fx.transmit(answer(code::STORED, seq));
                self.confirm_by(None, fx);
            }
            Packet::Data(data) => {
                let events = report::events(&data, &self.settings);
                let this = frame.last_chunk().map(|sum| (seq, *sum));
                let repeat = std::mem::replace(&mut self.last_data, this) == this;
                let said = newest_message(&events).filter(|_| !repeat);
                let (ack, nack) = (answer(code::STORED, seq), answer(code::NOT_STORED, seq));
                fx.record(LANE, events, ack, nack);
                self.confirm_by(said, fx);
            }
            Packet::Unknown { kind, body } => {
                let event = report::unhandled(UNKNOWN_PACKET + u32::from(kind), body);
                let refusal = answer(code::NOT_STORED, seq);
                fx.record(LANE, vec![event], refusal.clone(), refusal);
            }
        }
        Ok(())
    }

    /// An answer that keeps its place behind the answers that wait for a commit.
    fn say(code: u8, seq: u16, fx: &mut Effects) {
        let answer = answer(code, seq);
        fx.record(LANE, Vec::new(), answer.clone(), answer);
    }

    /// Only the first login counts; the same one again is a device that missed the answer.
    fn login_again(
        &self,
        seq: u16,
        login: &Login<'_>,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        if identity(&login.id).is_some_and(|(identity, _)| identity == self.identity) {
            fx.transmit(answer(code::STORED, seq));
            return Ok(());
        }
        fx.transmit(answer(code::NOT_AUTHORISED, seq));
        Err(SessionError::Unexpected { message: "login of another id", state: "online" })
    }

    fn ready(&self) -> bool {
        self.outstanding.is_none() && self.settings.form != TextForm::Off
    }

    /// `false` if there is no way to send it now.
    fn send(&mut self, downlink: &Downlink, now: Now, fx: &mut Effects) -> bool {
        let bytes: Option<Bytes> = self.settings.downlink(&downlink.content, now.wall);
        let Some(bytes) = bytes.filter(|_| self.outstanding.is_none()) else {
            return false;
        };
        fx.transmit(bytes);
        delivery(downlink.token, DeliveryStage::Transmitted, fx);
        let deadline = now.monotonic.saturating_add(self.settings.answer_limit);
        self.outstanding = Some(Outstanding { token: downlink.token, deadline, sent: now.wall });
        true
    }

    /// A packet of the device came, perhaps with a driver's message: is it what makes the text delivered?
    fn confirm_by(&mut self, said: Option<Option<Timestamp>>, fx: &mut Effects) {
        let by_packet = self.settings.next_packet_confirms;
        let confirms = |text: &mut Outstanding| {
            let fresh = |time: Option<Timestamp>| {
                let age = |time: Timestamp| text.sent.as_second().saturating_sub(time.as_second());
                time.is_none_or(|time| age(time) <= STALE_SECONDS)
            };
            by_packet || said.is_some_and(fresh)
        };
        if let Some(text) = self.outstanding.take_if(confirms) {
            delivery(text.token, DeliveryStage::Confirmed(Evidence::Inferred), fx);
        }
    }
}

/// The time of the newest driver's message among `events`, if there is one.
fn newest_message(events: &[Event]) -> Option<Option<Timestamp>> {
    let messages = events.iter().filter_map(|event| match event {
        Event::Message(DriverMessage { device_time, .. }) => Some(*device_time),
        _ => None,
    });
    messages.max()
}

fn delivery(token: DeliveryToken, stage: DeliveryStage, fx: &mut Effects) {
    fx.push(Effect::Delivery { lane: LANE, receipt: Receipt::Token(token), stage });
}
