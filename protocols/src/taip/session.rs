//! The platform's side of the dialogue (sections 2, 4 and 5).
//!
//! ```text
//! Login ──frame with an identity──▶ Asking ──known──▶ Online ──20 bad frames──▶ Closed
//!   ▲                │ unknown, blocked                                            ▲
//!   └─ others: ──────┘─────────────────────────────────────────────────────────────┘
//!      not answered, every third asked who it is
//!
//! a text: ──STX──▶ waits for RTX, RER ──20 s──▶ QVR ──▶ waits for RVR ──20 s──▶ given back
//! ```

use std::time::Duration;

use bytes::Bytes;

use super::message::{Message, Rule};
use super::options::Settings;
use super::{decode, encode, escape, garmin, report};
use crate::effect::{
    CloseReason, DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt,
};
use crate::event::{DriverMessage, Event, Origin, RepeatKey};
use crate::framing::{Limits, Rejection};
use crate::garmin::carrier::{self, NO_ANSWERS};
use crate::garmin::{Fmi, Switches};
use crate::session::{
    Admission, Credentials, Downlink, Lane, Now, SecretCheck, Session, SessionError,
};

/// The only device of a connection.
const LANE: Lane = Lane(0);
/// Frames without an identity after which the device is asked for it.
const ANONYMOUS: u32 = 3;
/// How long a text with an index stays recognisable as a repeat: devices repeat for a minute or six, then pause.
const REPEAT_WINDOW_SECONDS: u32 = 3600;
/// The same for a text without one.
const UNNUMBERED_WINDOW_SECONDS: u32 = 60;

/// The session.
#[derive(Debug)]
pub(super) struct TaipSession {
    state: State,
    bad_frames: u32,
    max_bad_frames: u32,
}

#[derive(Debug)]
enum State {
    /// Nobody has said who it is, in so many frames.
    Login(u32),
    /// The host is asked; the frame waits.
    Asking { identity: String, frame: Vec<u8> },
    /// The device is admitted.
    Online(Box<Online>),
    /// Nothing leaves any more.
    Closed,
}

#[derive(Debug)]
struct Online {
    identity: String,
    settings: Settings,
    /// How the device computes checksums.
    rule: Rule,
    outstanding: Option<Outstanding>,
    /// Probes that have not been answered: they are in order.
    probes: u32,
    /// When the device was last heard, or probed because it was not.
    heard: Duration,
    /// The dialogue with the navigator behind the tracker.
    navigator: Option<Box<Fmi>>,
}

/// The text that waits for its receipt.
#[derive(Debug)]
struct Outstanding {
    token: DeliveryToken,
    bytes: Vec<u8>,
    deadline: Duration,
    probed: bool,
}

/// The identity that a message names.
fn identity(message: &Message<'_>) -> Option<String> {
    let tagged = message.tag(b"ID").and_then(decode::identity);
    let answered = || (message.name == *b"RID").then(|| decode::identity(message.data)).flatten();
    tagged.or_else(answered)
}

impl TaipSession {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { state: State::Login(0), bad_frames: 0, max_bad_frames: limits.max_bad_frames }
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
        let message = decode::message(frame)?;
        let Some(identity) = identity(&message) else {
            if let State::Login(anonymous) = &mut self.state {
                *anonymous = anonymous.saturating_add(1);
                if *anonymous % ANONYMOUS == 0 {
                    fx.transmit(encode::plain(b"QID"));
                }
            }
            let message = "frame without an identity";
            return Err(SessionError::Unexpected { message, state: "login" });
        };
        let secret = message.tag(b"KY").map(|key| String::from_utf8_lossy(key).into_owned());
        let credentials = Credentials { identity: identity.clone(), aliases: Vec::new(), secret };
        self.state = State::Asking { identity, frame: frame.to_vec() };
        fx.push(Effect::Authenticate { lane: LANE, credentials });
        Ok(())
    }
}

impl Session for TaipSession {
    fn handle_frame(
        &mut self,
        frame: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let outcome = match &mut self.state {
            State::Login(_) => self.before_login(frame, fx),
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
        // Not answered, so that the device sends it again.
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
                let reason = "wrong password, or none (KY=)";
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
            rule: Rule::default(),
            outstanding: None,
            probes: 0,
            heard: now.monotonic,
            navigator: Switches::of(&profile.options).map(|own| Box::new(Fmi::new(LANE, own))),
        });
        fx.push(Effect::Online { lane });
        // What is wrong with it beyond its identity is found only now; the next frame may be better.
        let taken = online.handle(&frame, now, fx);
        online.navigate(NO_ANSWERS, fx, |navigator, fx| navigator.start(now, fx));
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
            State::Online(online) => {
                let text = online.outstanding.as_ref().map(|text| text.deadline);
                let navigator =
                    online.navigator.as_ref().and_then(|navigator| navigator.deadline());
                [text, online.silent_at(), navigator].into_iter().flatten().min()
            }
            _ => None,
        }
    }
}

impl Online {
    fn window(&self) -> usize {
        match &self.navigator {
            Some(navigator) => navigator.window(),
            None => usize::from(self.settings.display && self.outstanding.is_none()),
        }
    }

    /// Sends something, through the navigator if there is one.
    fn take(&mut self, downlink: Downlink, now: Now, fx: &mut Effects) {
        if self.navigator.is_some() {
            self.navigate(NO_ANSWERS, fx, |navigator, fx| navigator.downlink(downlink, now, fx));
        } else {
            self.send(&downlink, now, fx);
        }
    }

    /// `RFM`: a packet of the navigator, or a word about it.
    fn hear(&mut self, message: &Message<'_>, now: Now, fx: &mut Effects) {
        let Some(packet) = garmin::unwrap(message) else {
            self.record(vec![unhandled(message, message.data)], message, false, fx);
            let gone = garmin::unplugged(message);
            return self.navigate(NO_ANSWERS, fx, |navigator, fx| match gone {
                true => navigator.detached(now, fx),
                false => navigator.attached(now, fx),
            });
        };
        let answer = encode::index_answer(message, &self.identity, self.rule).unwrap_or_default();
        self.navigate((answer, Bytes::new()), fx, |navigator, fx| {
            // What is wrong with it has been kept; a noisy line is no fault of the connection.
            drop(navigator.receive(&packet, now, fx));
        });
    }

    fn navigate(
        &mut self,
        answers: (Bytes, Bytes),
        fx: &mut Effects,
        what: impl FnOnce(&mut Fmi, &mut Effects),
    ) {
        let wrap = |packet: Bytes| garmin::wrap(&packet);
        carrier::with(&mut self.navigator, answers, wrap, fx, what);
    }

    /// When the device has been silent for long enough to be probed.
    fn silent_at(&self) -> Option<Duration> {
        self.settings.keepalive.map(|wait| self.heard.saturating_add(wait))
    }

    fn handle(&mut self, frame: &[u8], now: Now, fx: &mut Effects) -> Result<(), SessionError> {
        let message = decode::message(frame)?;
        if identity(&message).is_some_and(|found| found != self.identity) {
            let message = "frame of another device";
            return Err(SessionError::Unexpected { message, state: "online" });
        }
        self.heard = now.monotonic;
        self.rule = message.rule.unwrap_or(self.rule);
        match &message.name {
            b"RTX" => self.text(&message, fx),
            b"RER" => self.error(&message, fx),
            b"RVR" => self.probed(fx),
            b"RID" => {}
            b"RFM" if self.navigator.is_some() => self.hear(&message, now, fx),
            b"RAL" | b"RCP" | b"RLN" => self.record(Vec::new(), &message, true, fx),
            [b'R', ..] => match report::report(&message, Some(now.wall)) {
                Some(report) => self.record(vec![Event::Report(report?)], &message, true, fx),
                None => self.record(vec![unhandled(&message, frame)], &message, false, fx),
            },
            _ => {
                let message = "platform's message";
                return Err(SessionError::Unexpected { message, state: "online" });
            }
        }
        Ok(())
    }

    /// Stores events; an index is answered, a report without one by the bare identity.
    fn record(&self, events: Vec<Event>, message: &Message<'_>, report: bool, fx: &mut Effects) {
        let bare = || match report && self.settings.bare_ack {
            true => Bytes::copy_from_slice(self.identity.as_bytes()),
            false => Bytes::new(),
        };
        let ack = encode::index_answer(message, &self.identity, self.rule).unwrap_or_else(bare);
        if !(events.is_empty() && ack.is_empty()) {
            fx.record(LANE, events, ack, Bytes::new());
        }
    }

    /// The echo of the text under way, or what the driver typed.
    fn text(&mut self, message: &Message<'_>, fx: &mut Effects) {
        let bytes = escape::unescape(message.data);
        if let Some(text) = self.outstanding.take_if(|text| text.bytes == bytes) {
            let confirmed = DeliveryStage::Confirmed(Evidence::Accepted);
            delivery(text.token, confirmed, fx);
            return self.record(Vec::new(), message, false, fx);
        }
        let events = match self.settings.decode(&bytes) {
            Some(text) if text.trim().is_empty() => Vec::new(),
            Some(text) => vec![driver_text(message, text)],
            None => vec![unhandled(message, &bytes)],
        };
        self.record(events, message, false, fx);
    }

    /// `RERnn:command`: about the text under way, if the command is its.
    fn error(&mut self, message: &Message<'_>, fx: &mut Effects) {
        let mut parts = message.data.splitn(2, |&byte| byte == b':');
        let code = parts.next().and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
        let of_text = parts.next().is_some_and(|command| command.starts_with(b"STX"));
        if of_text && let Some(text) = self.outstanding.take() {
            let stage = DeliveryStage::Refused { code: code.unwrap_or(0), retry: false };
            delivery(text.token, stage, fx);
        }
        self.record(vec![unhandled(message, message.data)], message, false, fx);
    }

    /// `RVR`: the answer to the oldest probe. That to the newest, if it was sent after the text, is its receipt.
    fn probed(&mut self, fx: &mut Effects) {
        self.probes = self.probes.saturating_sub(1);
        if self.probes == 0
            && self.settings.probe_receipt
            && let Some(text) = self.outstanding.take_if(|text| text.probed)
        {
            delivery(text.token, DeliveryStage::Confirmed(Evidence::Inferred), fx);
        }
    }

    fn send(&mut self, downlink: &Downlink, now: Now, fx: &mut Effects) {
        let bytes = self.settings.encode(&downlink.content);
        fx.transmit(encode::text(&bytes));
        let token = downlink.token;
        delivery(token, DeliveryStage::Transmitted, fx);
        let deadline = now.monotonic.saturating_add(self.settings.answer_limit);
        self.outstanding = Some(Outstanding { token, bytes, deadline, probed: false });
    }

    fn probe(&mut self, now: Now, fx: &mut Effects) {
        self.probes = self.probes.saturating_add(1);
        self.heard = now.monotonic;
        fx.transmit(encode::plain(b"QVR"));
    }

    fn expire(&mut self, now: Now, fx: &mut Effects) {
        let limit = self.settings.answer_limit;
        let probe_receipt = self.settings.probe_receipt;
        match self.outstanding.as_mut().filter(|text| text.deadline <= now.monotonic) {
            Some(text) if probe_receipt && !text.probed => {
                text.probed = true;
                text.deadline = now.monotonic.saturating_add(limit);
                self.probe(now, fx);
            }
            Some(text) => {
                let token = text.token;
                self.outstanding = None;
                delivery(token, DeliveryStage::TimedOut, fx);
            }
            None => {}
        }
        if self.silent_at().is_some_and(|at| at <= now.monotonic) {
            self.probe(now, fx);
        }
        self.navigate(NO_ANSWERS, fx, |navigator, fx| {
            if navigator.deadline().is_some_and(|at| at <= now.monotonic) {
                navigator.timeout(now, fx);
            }
        });
    }
}

/// A driver's text; an index makes a repeat recognisable.
fn driver_text(message: &Message<'_>, text: String) -> Event {
    let repeat = match message.index {
        Some((index, _)) => RepeatKey::Numbered {
            key: index.iter().fold(0, |key: u64, &byte| key.rotate_left(8) ^ u64::from(byte)),
            window_seconds: REPEAT_WINDOW_SECONDS,
        },
        None => RepeatKey::TextOnly { window_seconds: UNNUMBERED_WINDOW_SECONDS },
    };
    Event::Message(DriverMessage {
        text,
        device_time: None,
        repeat,
        reply_to: None,
        origin: Origin::Driver,
    })
}

/// Kept as it is, by its three letters; of Garmin's the bytes themselves.
fn unhandled(message: &Message<'_>, raw: &[u8]) -> Event {
    let kind = message.name.iter().fold(0, |kind, &letter| (kind << 8) | u32::from(letter));
    let raw = garmin::unwrap(message).map_or_else(|| Bytes::copy_from_slice(raw), Bytes::from);
    Event::Unhandled { kind, raw }
}

fn delivery(token: DeliveryToken, stage: DeliveryStage, fx: &mut Effects) {
    fx.push(Effect::Delivery { lane: LANE, receipt: Receipt::Token(token), stage });
}
