//! The platform's side of the dialogue (specification 4, 5 and 8).
//!
//! ```text
//! Login ──L──▶ Asking ──known, secret fits──▶ Online ──20 bad frames──▶ Closed
//!   ▲            │ unknown, blocked, wrong secret                         ▲
//!   └── others ──┘────────────────── AL 0, AL 01 ─────────────────────────┘
//! ```
//!
//! Answers to data stand in the [`Effect::Record`] whose commit they wait for, refusals of data in empty records, so that the
//! device, which counts answers, sees them in the order of its packets. Only `AP` and `AL` are written at once.

use std::time::Duration;

use bytes::Bytes;

use super::decode::{self, CRC};
use super::encode::{self, answer};
use super::frame::{Parts, split};
use super::message::{BlackBox, Login, Packet, Record, Version};
use super::options::{ReceiptRule, Settings};
use super::refusal::refusal;
use super::report;
use crate::effect::{
    CloseReason, DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt,
};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::event::Event;
use crate::framing::{Limits, Rejection};
use crate::session::{
    Admission, Credentials, Downlink, Lane, Now, SecretCheck, Session, SessionError,
};

/// The only device of a connection.
const LANE: Lane = Lane(0);
/// Bytes of a packet that nobody interprets that are handed on.
const UNHANDLED_HEAD: usize = 1024;
/// [`DeliveryStage::Refused`] codes: the device said `0`, or twice `01`.
const REFUSED: u16 = 0;
const REFUSED_CHECKSUM: u16 = 1;

/// The session.
#[derive(Debug)]
pub(super) struct IpsSession {
    state: State,
    bad_frames: u32,
    max_bad_frames: u32,
}

#[derive(Debug)]
enum State {
    /// Nothing but `L` counts.
    Login,
    /// The host is asked who this is.
    Asking { version: Version, identity: String },
    /// The device is admitted.
    Online(Box<Online>),
    /// Nothing leaves any more.
    Closed,
}

#[derive(Debug)]
struct Online {
    version: Version,
    identity: String,
    settings: Settings,
    outstanding: Option<Outstanding>,
    /// Number of the last block of the tachograph file announced by `IT`.
    last_block: Option<u32>,
}

/// The text that waits for its receipt.
#[derive(Debug)]
struct Outstanding {
    token: DeliveryToken,
    deadline: Duration,
    line: Bytes,
    resent: bool,
}

impl IpsSession {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { state: State::Login, bad_frames: 0, max_bad_frames: limits.max_bad_frames }
    }

    fn close(&mut self, reason: CloseReason, fx: &mut Effects) {
        self.state = State::Closed;
        fx.push(Effect::Close(reason));
    }

    /// Refuses a login with this `AL` code.
    fn refuse(&mut self, code: &'static str, reason: Option<&'static str>, fx: &mut Effects) {
        fx.transmit(answer("AL", code));
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
        let parts = split(frame).filter(|parts| parts.prefix.is_empty());
        let login = match parts {
            Some(parts) if parts.kind == b"L" => decode::body(&parts, Version::V1),
            Some(parts) => {
                // Nothing it sends is taken: a device that counts answers gets the refusing one.
                if let Some(refusal) = refusal(&parts, "ASD", None) {
                    fx.transmit(refusal);
                }
                return Err(SessionError::Unexpected { message: "packet", state: "login" });
            }
            None => return Err(not_a_packet().into()),
        };
        match login {
            Ok(Packet::Login(login)) => {
                self.ask(&login, fx);
                Ok(())
            }
            Ok(_) => Err(SessionError::Bug("a login that decodes to something else")),
            Err(error) if error.field == CRC => {
                self.refuse("10", Some("the login's checksum is wrong"), fx);
                Err(error.into())
            }
            Err(error) => {
                self.refuse("0", Some("the login has no usable id"), fx);
                Err(error.into())
            }
        }
    }

    fn ask(&mut self, login: &Login<'_>, fx: &mut Effects) {
        let identity = String::from_utf8_lossy(login.id).into_owned();
        self.state = State::Asking { version: login.version, identity: identity.clone() };
        let secret = login.password.map(|secret| String::from_utf8_lossy(secret).into_owned());
        let credentials = Credentials { identity, aliases: Vec::new(), secret };
        fx.push(Effect::Authenticate { lane: LANE, credentials });
    }
}

impl Session for IpsSession {
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
        if matches!(self.state, State::Closed) {
            return;
        }
        let parts = split(raw).filter(|parts| parts.prefix.is_empty());
        if let (State::Online(online), Rejection::TooLong { .. }, Some(parts)) =
            (&self.state, reason, parts)
            && let Some(refusal) = refusal(&parts, online.settings.sd_answer, None)
        {
            online.say(refusal, fx);
        }
        self.strike(fx);
    }

    fn handle_admission(&mut self, lane: Lane, admission: Admission, _now: Now, fx: &mut Effects) {
        let State::Asking { version, identity } = &mut self.state else {
            return;
        };
        let profile = match admission {
            Admission::Known(profile) => profile,
            Admission::Unknown | Admission::Blocked => return self.refuse("0", None, fx),
        };
        if profile.secret == SecretCheck::Differs {
            return self.refuse("01", Some("wrong password"), fx);
        }
        let online = Online {
            version: *version,
            identity: std::mem::take(identity),
            settings: Settings::read(&profile.options),
            outstanding: None,
            last_block: None,
        };
        self.state = State::Online(Box::new(online));
        fx.transmit(answer("AL", 1));
        fx.push(Effect::Online { lane });
    }

    fn handle_downlink(&mut self, lane: Lane, downlink: Downlink, now: Now, fx: &mut Effects) {
        match &mut self.state {
            State::Online(online) if online.outstanding.is_none() => {
                online.send(&downlink, now, fx)
            }
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
        }
    }

    fn window(&self, _lane: Lane) -> usize {
        match &self.state {
            State::Online(online) => usize::from(online.outstanding.is_none()),
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
        let parts = split(frame).filter(|parts| parts.prefix.is_empty());
        let Some(parts) = parts else {
            return Err(not_a_packet().into());
        };
        let packet = match decode::body(&parts, self.version) {
            Ok(packet) => packet,
            Err(error) => {
                if let Some(refusal) = refusal(&parts, self.settings.sd_answer, Some(&error)) {
                    self.say(refusal, fx);
                }
                return Err(error.into());
            }
        };
        match packet {
            Packet::Login(login) => return self.login_again(&login, fx),
            Packet::Ping => fx.transmit(answer("AP", "")),
            Packet::ShortData(record) => self.data(&record, self.settings.sd_answer, fx),
            Packet::Data(record) => self.data(&record, "AD", fx),
            Packet::BlackBox(black_box) => self.black_box(&black_box, fx),
            Packet::Message(text) => self.message(text, fx),
            Packet::Picture(picture) => {
                let done = picture.index == picture.last;
                self.file(&parts, "AI", picture.index, done, fx);
            }
            Packet::TachographFile(file) => {
                self.last_block = Some(file.last);
                let code = u8::from(self.settings.acknowledge_files);
                self.unhandled(&parts, answer("AIT", code), fx);
            }
            Packet::TachographBlock(block) => {
                let done = self.last_block == Some(block.index);
                self.file(&parts, "AT", block.index, done, fx);
            }
            Packet::Answer(text) if text.kind == b"AM" => return self.answered(text.code, fx),
            // Questions and files go the other way, as do the other answers; 2.1's video packets are nobody's business here.
            _ => self.unhandled(&parts, Bytes::new(), fx),
        }
        if matches!(parts.kind, b"P" | b"SD" | b"D" | b"B" | b"I" | b"IT" | b"T") {
            self.alive(fx);
        }
        Ok(())
    }

    /// An answer that keeps its place behind the answers that wait for a commit.
    fn say(&self, answer: Bytes, fx: &mut Effects) {
        fx.record(LANE, Vec::new(), answer.clone(), answer);
    }

    /// Only the first login counts; the same one again is a device that missed the answer.
    fn login_again(&mut self, login: &Login<'_>, fx: &mut Effects) -> Result<(), SessionError> {
        if String::from_utf8_lossy(login.id) == self.identity {
            self.version = login.version;
            fx.transmit(answer("AL", 1));
            return Ok(());
        }
        fx.transmit(answer("AL", 0));
        Err(SessionError::Unexpected { message: "L login of another id", state: "online" })
    }

    fn data(&self, record: &Record<'_>, kind: &'static str, fx: &mut Effects) {
        let mut events = Vec::with_capacity(2);
        report::events(record, false, self.settings.charset, &mut events);
        // -1, "wrong structure", is the only refusal that does not blame a value.
        fx.record(LANE, events, answer(kind, 1), answer(kind, -1));
    }

    fn black_box(&self, black_box: &BlackBox<'_>, fx: &mut Effects) {
        let mut events = Vec::with_capacity(black_box.records.len());
        for record in &black_box.records {
            report::events(record, true, self.settings.charset, &mut events);
        }
        fx.record(LANE, events, answer("AB", black_box.records.len()), answer("AB", 0));
    }

    fn message(&self, words: &[u8], fx: &mut Effects) {
        let words = report::text(words, self.settings.charset);
        let mut events = Vec::new();
        if !words.trim().is_empty() {
            events.push(report::message(words));
        }
        fx.record(LANE, events, answer("AM", 1), answer("AM", 0));
    }

    /// One block of a file, dropped.
    fn file(
        &self,
        parts: &Parts<'_>,
        kind: &'static str,
        index: u32,
        done: bool,
        fx: &mut Effects,
    ) {
        if !self.settings.acknowledge_files {
            return self.say(answer(kind, format_args!("{index};0")), fx);
        }
        let block = format!("#{kind}#{index};1\r\n");
        let whole = if done { format!("#{kind}#1\r\n") } else { String::new() };
        self.unhandled(parts, (block + &whole).into(), fx);
    }

    /// Counted, its line kept in part.
    fn unhandled(&self, parts: &Parts<'_>, ack: Bytes, fx: &mut Effects) {
        let kind = parts.kind.iter().fold(0, |kind, &letter| (kind << 8) | u32::from(letter));
        let raw = parts.body.get(..UNHANDLED_HEAD).unwrap_or(parts.body);
        let event = Event::Unhandled { kind, raw: Bytes::copy_from_slice(raw) };
        fx.record(LANE, vec![event], ack, Bytes::new());
    }

    fn send(&mut self, downlink: &Downlink, now: Now, fx: &mut Effects) {
        let text = self.settings.encode(&downlink.content);
        let line = Bytes::from(encode::packet(&Packet::Message(&text), self.version));
        let token = downlink.token;
        fx.transmit(line.clone());
        delivery(token, DeliveryStage::Transmitted, fx);
        if self.settings.receipt == ReceiptRule::Write {
            return delivery(token, DeliveryStage::Confirmed(Evidence::Inferred), fx);
        }
        let deadline = now.monotonic.saturating_add(self.settings.answer_limit);
        self.outstanding = Some(Outstanding { token, deadline, line, resent: false });
    }

    /// A packet that proves that the connection lives.
    fn alive(&mut self, fx: &mut Effects) {
        if self.settings.receipt == ReceiptRule::NextPacket
            && let Some(text) = self.outstanding.take()
        {
            delivery(text.token, DeliveryStage::Confirmed(Evidence::Inferred), fx);
        }
    }

    /// `AM` from the device: about the one outstanding text, or about nothing (specification 5.1).
    fn answered(&mut self, code: &[u8], fx: &mut Effects) -> Result<(), SessionError> {
        let Some(mut text) = self.outstanding.take() else {
            return Ok(());
        };
        let retry = self.settings.retry_refused;
        match code {
            b"1" => delivery(text.token, DeliveryStage::Confirmed(Evidence::Accepted), fx),
            b"0" => delivery(text.token, DeliveryStage::Refused { code: REFUSED, retry }, fx),
            b"01" if text.resent => {
                let stage = DeliveryStage::Refused { code: REFUSED_CHECKSUM, retry };
                delivery(text.token, stage, fx);
            }
            b"01" => {
                text.resent = true;
                fx.transmit(text.line.clone());
                self.outstanding = Some(text);
            }
            _ => {
                // It may still answer properly; if not, the time limit ends it.
                self.outstanding = Some(text);
                let kind = DecodeErrorKind::Invalid;
                let (message, field) = ("AM answer", "code");
                return Err(DecodeError { message, field, offset: 0, kind }.into());
            }
        }
        Ok(())
    }

    fn expire(&mut self, now: Now, fx: &mut Effects) {
        if let Some(text) = self.outstanding.take_if(|text| text.deadline <= now.monotonic) {
            delivery(text.token, DeliveryStage::TimedOut, fx);
        }
    }
}

fn delivery(token: DeliveryToken, stage: DeliveryStage, fx: &mut Effects) {
    fx.push(Effect::Delivery { lane: LANE, receipt: Receipt::Token(token), stage });
}

const fn not_a_packet() -> DecodeError {
    DecodeError { message: "packet", field: "type", offset: 0, kind: DecodeErrorKind::Invalid }
}
