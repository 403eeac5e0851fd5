//! The platform's side of the dialogue (specification 2 to 7).
//!
//! ```text
//! Login ──service 0 type 100──▶ Asking ──known──▶ Online ──20 bad frames──▶ Closed
//!   ▲  │                          │ unknown, blocked, secret missing          ▲
//!   └──┘ anything else: dropped   └──────────── result 303 ───────────────────┘
//! ```
//!
//! Results of what is stored stand in the [`Effect::Record`] whose commit they wait for; all others are written at once.

use std::time::Duration;

use bytes::Bytes;

use super::decode;
use super::delivery::{LANE, Texts};
use super::encode;
use super::frame::ENCRYPTED;
use super::markup;
use super::message::{
    Body, Content, Login, MESSAGE_SCRIPT, Nph, Npl, Packet, Receipt as DeviceResult, Text, code,
    kind, service,
};
use super::options::Settings;
use super::report;
use crate::effect::{CloseReason, DeliveryStage, Effect, Effects, Receipt};
use crate::event::{DriverMessage, Event, Origin, RepeatKey, Value};
use crate::framing::{Limits, Rejection};
use crate::session::{
    Admission, Credentials, Downlink, Lane, Now, SecretCheck, Session, SessionError,
};
use crate::text::Charset;

/// Digits of IMEI and IMSI.
const ID_DIGITS: usize = 15;
/// NPH flag: a result is wanted.
pub(super) const WANTS_RESULT: u16 = 1;
/// How long the number of a driver's message stays significant: terminals count from 1 again when they are switched on.
const REPEAT_WINDOW_SECONDS: u32 = 600;

/// The session.
#[derive(Debug)]
pub(super) struct NdtpSession {
    state: State,
    bad_frames: u32,
    max_bad_frames: u32,
}

#[derive(Debug)]
enum State {
    /// Nothing but a login counts.
    Login,
    /// The host is asked who this is.
    Asking(Box<Asking>),
    /// The device is admitted.
    Online(Box<Online>),
    /// Nothing leaves any more.
    Closed,
}

/// A login that waits for its result.
#[derive(Debug)]
struct Asking {
    npl: Npl,
    nph: Nph,
    identity: String,
    max_packet: u32,
    /// What the login says beside the identity.
    info: Event,
}

#[derive(Debug)]
struct Online {
    identity: String,
    settings: Settings,
    texts: Texts,
}

/// IMEI and IMSI of a login, where they are there.
fn ids<'a>(login: &Login<'a>) -> (Option<&'a str>, Option<&'a str>) {
    let digits = |from: usize| {
        let digits = login.ids.get(from..from + ID_DIGITS)?;
        let digits = std::str::from_utf8(digits).ok()?;
        digits.bytes().all(|digit| digit.is_ascii_digit()).then_some(digits)
    };
    (digits(0), digits(ID_DIGITS))
}

/// Identity and aliases; `None` if the login names nobody.
fn identity(login: &Login<'_>) -> Option<(String, Vec<String>)> {
    let address = (login.address != 0).then(|| login.address.to_string());
    match ids(login).0 {
        Some(imei) => Some((imei.to_owned(), address.into_iter().collect())),
        None => Some((address?, Vec::new())),
    }
}

fn info(login: &Login<'_>) -> Event {
    let (major, minor) = login.version;
    let mut list = vec![
        ("protocol_version".into(), Value::Text(format!("{major}.{minor}"))),
        ("device_address".into(), Value::Int(login.address.into())),
        ("max_packet".into(), Value::Int(login.max_packet.into())),
    ];
    if let Some(imsi) = ids(login).1 {
        list.push(("imsi".into(), Value::Text(imsi.to_owned())));
    }
    Event::Info(list)
}

impl NdtpSession {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { state: State::Login, bad_frames: 0, max_bad_frames: limits.max_bad_frames }
    }

    fn close(&mut self, reason: CloseReason, fx: &mut Effects) {
        self.state = State::Closed;
        fx.push(Effect::Close(reason));
    }

    fn refuse(&mut self, answer: Bytes, reason: Option<&'static str>, fx: &mut Effects) {
        if !answer.is_empty() {
            fx.transmit(answer);
        }
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

    fn handle(&mut self, frame: &[u8], fx: &mut Effects) -> Result<(), SessionError> {
        let packet = decode::packet(frame);
        if packet.as_ref().is_ok_and(|packet| packet.npl.flags & ENCRYPTED != 0) {
            self.refuse(Bytes::new(), Some("the terminal encrypts; how is not published"), fx);
            return Ok(());
        }
        match &mut self.state {
            State::Login => self.before_login(&packet?, fx),
            State::Asking(_) => {
                Err(SessionError::Unexpected { message: "packet", state: "admission" })
            }
            State::Online(online) => match packet {
                Ok(packet) => online.handle(&packet, fx),
                Err(error) => {
                    refuse_malformed(frame, fx);
                    Err(error.into())
                }
            },
            State::Closed => Ok(()),
        }
    }

    fn before_login(&mut self, packet: &Packet<'_>, fx: &mut Effects) -> Result<(), SessionError> {
        let Content::Nph(nph, Body::Login(login)) = &packet.content else {
            return Err(SessionError::Unexpected { message: "packet", state: "login" });
        };
        let Some((identity, aliases)) = identity(login) else {
            let answer = encode::result(&packet.npl, nph, code::NOT_AUTHORISED);
            self.refuse(answer, Some("the login has neither IMEI nor device address"), fx);
            return Ok(());
        };
        self.state = State::Asking(Box::new(Asking {
            npl: packet.npl,
            nph: *nph,
            identity: identity.clone(),
            max_packet: login.max_packet,
            info: info(login),
        }));
        let credentials = Credentials { identity, aliases, secret: None };
        fx.push(Effect::Authenticate { lane: LANE, credentials });
        Ok(())
    }
}

/// Answers a packet whose data makes no sense, if it wants an answer; nothing of it is stored.
fn refuse_malformed(frame: &[u8], fx: &mut Effects) {
    if let Some((npl, nph)) = decode::headers(frame)
        && nph.flags & WANTS_RESULT != 0
    {
        let answer = encode::result(&npl, &nph, code::BAD_FORMAT);
        fx.record(LANE, Vec::new(), answer.clone(), answer);
    }
}

impl Session for NdtpSession {
    fn handle_frame(
        &mut self,
        frame: &[u8],
        _now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let outcome = self.handle(frame, fx);
        match outcome {
            Ok(()) => self.bad_frames = 0,
            Err(_) => self.strike(fx),
        }
        outcome
    }

    /// A damaged packet is dropped: the device sends it again when its result does not come.
    fn handle_rejected(&mut self, _raw: &[u8], _why: Rejection, _now: Now, fx: &mut Effects) {
        self.strike(fx);
    }

    fn handle_admission(&mut self, lane: Lane, admission: Admission, _now: Now, fx: &mut Effects) {
        let asking = match std::mem::replace(&mut self.state, State::Closed) {
            State::Asking(asking) => *asking,
            other => {
                self.state = other;
                return;
            }
        };
        let answer = |code| encode::result(&asking.npl, &asking.nph, code);
        let profile = match admission {
            Admission::Known(profile) => profile,
            Admission::Unknown | Admission::Blocked => {
                return self.refuse(answer(code::NOT_AUTHORISED), None, fx);
            }
        };
        if profile.secret == SecretCheck::Differs {
            let reason = Some("the device has no password to present, but one is configured");
            return self.refuse(answer(code::NOT_AUTHORISED), reason, fx);
        }
        fx.transmit(answer(code::OK));
        fx.push(Effect::Online { lane });
        fx.record(lane, vec![asking.info], Bytes::new(), Bytes::new());
        self.state = State::Online(Box::new(Online {
            identity: asking.identity,
            settings: Settings::read(&profile.options),
            texts: Texts::new(asking.max_packet),
        }));
    }

    fn handle_downlink(&mut self, lane: Lane, downlink: Downlink, now: Now, fx: &mut Effects) {
        match &mut self.state {
            State::Online(online) if online.ready() => {
                online.texts.send(&downlink, &online.settings, now, fx);
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
            online.texts.expire(&online.settings, now, fx);
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
            State::Online(online) => online.texts.deadline(),
            _ => None,
        }
    }
}

impl Online {
    const fn ready(&self) -> bool {
        self.settings.display && self.texts.idle()
    }

    fn handle(&mut self, packet: &Packet<'_>, fx: &mut Effects) -> Result<(), SessionError> {
        let (nph, body) = match &packet.content {
            Content::Nph(nph, body) => (nph, body),
            Content::Error(code) => {
                keep(packet, &code.to_le_bytes(), fx);
                return Ok(());
            }
            Content::Other(bytes) => {
                keep(packet, bytes, fx);
                return Ok(());
            }
        };
        let answer = |code| match nph.flags & WANTS_RESULT {
            0 => Bytes::new(),
            _ => encode::result(&packet.npl, nph, code),
        };
        match body {
            Body::Login(login) => return self.login_again(packet, nph, login, fx),
            Body::Navigation(navigation) => {
                let archived = nph.kind == kind::HISTORY;
                let events = report::events(navigation, archived, &self.settings);
                fx.record(LANE, events, answer(code::OK), answer(code::DATABASE_ERROR));
            }
            Body::Text(text) => self.said(packet, nph, text, fx),
            Body::Receipt(result) => {
                self.texts.device_result(nph, *result, &self.settings, fx);
                let answer = answer(code::OK);
                if !answer.is_empty() {
                    fx.transmit(answer);
                }
            }
            Body::Result(code) if nph.service == service::EXTERNAL_DEVICE => {
                self.texts.plain_result(nph, *code, &self.settings, fx);
            }
            // Nothing else that we send wants a result.
            Body::Result(_) => {}
            Body::Other(bytes) => {
                let kind = u32::from(nph.service) << 16 | u32::from(nph.kind);
                let answer = match self.settings.ack_unknown {
                    true => answer(code::OK),
                    false => answer(code::NOT_SUPPORTED),
                };
                fx.record(LANE, vec![report::unhandled(kind, bytes)], answer.clone(), answer);
            }
        }
        Ok(())
    }

    /// Only the first login counts; the same one again is a device that missed the result.
    fn login_again(
        &self,
        packet: &Packet<'_>,
        nph: &Nph,
        login: &Login<'_>,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        if identity(login).is_some_and(|(identity, _)| identity == self.identity) {
            fx.transmit(encode::result(&packet.npl, nph, code::OK));
            return Ok(());
        }
        fx.transmit(encode::result(&packet.npl, nph, code::NOT_AUTHORISED));
        Err(SessionError::Unexpected { message: "login of another identity", state: "online" })
    }

    /// Section 6: a text of the driver, or something that is none. Its receipt is due whether or not it asks for a result.
    fn said(&self, packet: &Packet<'_>, nph: &Nph, text: &Text<'_>, fx: &mut Effects) {
        let receipt = |result| {
            let Text { message, fragment, .. } = *text;
            encode::receipt(&packet.npl, nph, DeviceResult { fragment, result, message })
        };
        let mut events = Vec::with_capacity(2);
        let script = plain(text.text, self.settings.charset);
        let reading = markup::read(&script);
        if text.content == MESSAGE_SCRIPT {
            events.extend(self.message(nph, text, &reading));
        }
        if text.content != MESSAGE_SCRIPT || reading.marked || events.is_empty() {
            let kind = u32::from(nph.service) << 16 | u32::from(nph.kind);
            events.push(report::unhandled(kind, text.text));
        }
        fx.record(LANE, events, receipt(code::OK), receipt(code::DATABASE_ERROR));
    }

    /// `None` if it holds no words and names no button.
    fn message(&self, nph: &Nph, text: &Text<'_>, reading: &markup::Reading) -> Option<Event> {
        let (reply_to, label) = self.texts.answered(text.message, reading.id, reading.button);
        let named = reading.button.map(|button| format!("btn{button}"));
        let words = match (label, named) {
            // The button's name, or nothing, stands for what the button says.
            (Some(label), Some(name)) if reading.text.is_empty() || reading.text == name => {
                label.to_owned()
            }
            (_, Some(name)) if reading.text.is_empty() => name,
            _ if reading.text.is_empty() => return None,
            _ => reading.text.clone(),
        };
        let key = u64::from(text.message) << 32 | u64::from(nph.request);
        Some(Event::Message(DriverMessage {
            text: words,
            device_time: None,
            repeat: RepeatKey::Numbered { key, window_seconds: REPEAT_WINDOW_SECONDS },
            reply_to,
            origin: Origin::Driver,
        }))
    }
}

/// A text as the device wrote it, without control characters other than line feed and tab.
pub(super) fn plain(bytes: &[u8], charset: Charset) -> String {
    let text = charset.decode(bytes);
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Keeps what is not NPH: the kind is the NPL type in the upper byte.
fn keep(packet: &Packet<'_>, bytes: &[u8], fx: &mut Effects) {
    let kind = u32::from(packet.npl.kind) << 24;
    fx.record(LANE, vec![report::unhandled(kind, bytes)], Bytes::new(), Bytes::new());
}
