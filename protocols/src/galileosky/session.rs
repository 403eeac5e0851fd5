//! The platform's side of the dialogue (section 4).
//!
//! ```text
//! Login ──packet with an identity──▶ Asking ──known──▶ Online ──20 bad frames──▶ Closed
//!   ▲              │ unknown, blocked                                              ▲
//!   └─ others: ────┘───────────────────────────────────────────────────────────────┘
//!      not answered
//! ```
//!
//! The packet that names the device holds records as well: it waits for the admission and is then treated like any other.

use std::time::Duration;

use bytes::Bytes;

use super::frame::{carried, confirmation};
use super::message::{Command, Main, Packet, header};
use super::options::Settings;
use super::{decode, encode, garmin, report, tags};
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
/// Bytes of a packet that nobody interprets that are handed on.
const UNHANDLED_HEAD: usize = 1024;
/// Kinds of [`Event::Unhandled`] from here on are tags, with the tag in the low byte; below, packet headers.
const UNKNOWN_TAG: u32 = 0x0100;
/// How long an answer to a command stays recognisable as a repeat.
const ANSWER_WINDOW_SECONDS: u32 = 24 * 3600;
/// [`DeliveryStage::Refused`] code: the answer begins with an error word.
const REFUSED: u16 = 1;

/// The session.
#[derive(Debug)]
pub(super) struct GalileoskySession {
    state: State,
    bad_frames: u32,
    max_bad_frames: u32,
}

#[derive(Debug)]
enum State {
    /// Nobody has said who it is.
    Login,
    /// The host is asked; the packet waits.
    Asking(Asking),
    /// The device is admitted.
    Online(Box<Online>),
    /// Nothing leaves any more.
    Closed,
}

#[derive(Debug)]
struct Asking {
    identity: Identity,
    packet: Vec<u8>,
}

/// Who the device says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    imei: Option<String>,
    device: Option<u16>,
}

#[derive(Debug)]
struct Online {
    identity: Identity,
    settings: Settings,
    outstanding: Option<Outstanding>,
    /// The dialogue with the navigator that the tracker relays.
    navigator: Option<Box<Fmi>>,
}

/// The text that waits for its answer.
#[derive(Debug)]
struct Outstanding {
    token: DeliveryToken,
    number: u32,
    deadline: Duration,
}

impl Identity {
    /// The identity that a packet names.
    fn of(main: &Main<'_>) -> Option<Self> {
        main.records().find_map(|record| {
            let (imei, device) = decode::identity(record);
            (imei.is_some() || device.is_some()).then_some(Self { imei, device })
        })
    }

    fn name(&self) -> String {
        let number = || self.device.map(|number| number.to_string());
        self.imei.clone().or_else(number).unwrap_or_default()
    }
}

impl GalileoskySession {
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
        let identity = match decode::packet(frame)? {
            Packet::Main(main) => Identity::of(&main),
            _ => None,
        };
        let Some(identity) = identity else {
            let message = "packet without an identity";
            return Err(SessionError::Unexpected { message, state: "login" });
        };
        let credentials =
            Credentials { identity: identity.name(), aliases: Vec::new(), secret: None };
        self.state = State::Asking(Asking { identity, packet: frame.to_vec() });
        fx.push(Effect::Authenticate { lane: LANE, credentials });
        Ok(())
    }
}

impl Session for GalileoskySession {
    fn handle_frame(
        &mut self,
        frame: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let outcome = match &mut self.state {
            State::Login => self.before_login(frame, fx),
            State::Asking(_) => {
                Err(SessionError::Unexpected { message: "packet", state: "admission" })
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
        let State::Asking(asking) = &mut self.state else {
            return;
        };
        let profile = match admission {
            Admission::Known(profile) if profile.secret != SecretCheck::Differs => profile,
            // The protocol has no word for it.
            Admission::Known(_) => {
                let reason = "a password is configured, but Galileosky devices have none";
                fx.push(Effect::Refuse { lane, reason });
                return self.close(CloseReason::NotAdmitted, fx);
            }
            Admission::Unknown | Admission::Blocked => {
                return self.close(CloseReason::NotAdmitted, fx);
            }
        };
        let packet = std::mem::take(&mut asking.packet);
        let mut online = Box::new(Online {
            identity: asking.identity.clone(),
            settings: Settings::read(&profile.options),
            outstanding: None,
            navigator: Switches::of(&profile.options).map(|own| Box::new(Fmi::new(LANE, own))),
        });
        fx.push(Effect::Online { lane });
        // It was decoded before: nothing in it is an error.
        let taken = online.handle(&packet, now, fx);
        debug_assert!(taken.is_ok(), "{taken:?}");
        online.navigate(fx, |navigator, fx| navigator.start(now, fx));
        self.state = State::Online(online);
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
            State::Online(online) => online.poll_timeout(),
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

    fn poll_timeout(&self) -> Option<Duration> {
        let answer = self.outstanding.as_ref().map(|text| text.deadline);
        let navigator = self.navigator.as_ref().and_then(|navigator| navigator.deadline());
        answer.into_iter().chain(navigator).min()
    }

    fn expire(&mut self, now: Now, fx: &mut Effects) {
        if let Some(text) = self.outstanding.take_if(|text| text.deadline <= now.monotonic) {
            delivery(Receipt::Token(text.token), DeliveryStage::TimedOut, fx);
        }
        self.navigate(fx, |navigator, fx| {
            if navigator.deadline().is_some_and(|at| at <= now.monotonic) {
                navigator.timeout(now, fx);
            }
        });
    }

    /// Sends something, through the navigator if there is one.
    fn take(&mut self, downlink: Downlink, now: Now, fx: &mut Effects) {
        match self.navigator {
            Some(_) => self.navigate(fx, |navigator, fx| navigator.downlink(downlink, now, fx)),
            None => self.send(&downlink, now, fx),
        }
    }

    /// Does something with the dialogue with the navigator; its packets travel in packets of their own, which nobody confirms.
    fn navigate(&mut self, fx: &mut Effects, what: impl FnOnce(&mut Fmi, &mut Effects)) {
        // What a navigator takes always fits.
        let wrap = |bytes: Bytes| garmin::wrap(&bytes).unwrap_or_default();
        carrier::with(&mut self.navigator, NO_ANSWERS, wrap, fx, what);
    }

    fn handle(&mut self, frame: &[u8], now: Now, fx: &mut Effects) -> Result<(), SessionError> {
        let mut events = Vec::new();
        let mut ack = confirmation(header::CONFIRMATION, carried(frame));
        match decode::packet(frame)? {
            Packet::Main(main) => {
                self.check_identity(&main)?;
                self.main(&main, now, &mut events, fx);
            }
            Packet::Compressed { records, rest } => {
                for record in &records {
                    report::compressed(record, now.wall, &mut events);
                }
                unknown_tags(rest, header::COMPRESSED.into(), &mut events);
            }
            Packet::Garmin(bytes) if self.navigator.is_some() => {
                self.navigate(fx, |navigator, fx| {
                    // What is wrong with it has been kept; a noisy line is no fault of the connection.
                    drop(navigator.receive(bytes, now, fx));
                });
                return Ok(());
            }
            Packet::Garmin(fmi) => {
                unknown_tags(fmi, header::GARMIN.into(), &mut events);
                ack = Bytes::new();
            }
            Packet::Photo { data, .. } => {
                unknown_tags(data, header::PHOTO.into(), &mut events);
                ack = confirmation(self.settings.photo_ack, carried(frame));
            }
            Packet::Confirmation(_) => {
                // A tracker may confirm a command as a packet; what counts is its answer.
                return Ok(());
            }
        }
        fx.record(LANE, events, ack, Bytes::new());
        Ok(())
    }

    /// Only the first identity counts.
    fn check_identity(&mut self, main: &Main<'_>) -> Result<(), SessionError> {
        let Some(found) = Identity::of(main) else {
            return Ok(());
        };
        match (&self.identity.imei, found.imei) {
            (Some(known), Some(found)) if *known != found => {
                let message = "packet of another IMEI";
                return Err(SessionError::Unexpected { message, state: "online" });
            }
            // It was admitted under its number; commands want the IMEI as well.
            (None, Some(found)) => self.identity.imei = Some(found),
            _ => {}
        }
        self.identity.device = found.device.or(self.identity.device);
        Ok(())
    }

    fn main(&mut self, main: &Main<'_>, now: Now, events: &mut Vec<Event>, fx: &mut Effects) {
        for record in main.records() {
            let answer = decode::command(record);
            if answer.is_none() || record.iter().any(|tag| !tags::of_command(tag.id)) {
                report::events(record, main.archive, now.wall, events);
            }
            if let Some(answer) = answer {
                self.answered(&answer, events, fx);
            }
        }
        let tag = main.rest.first().copied().unwrap_or(0);
        unknown_tags(main.rest, UNKNOWN_TAG | u32::from(tag), events);
    }

    /// The answer to a command: about the text in flight, or one of an earlier connection.
    fn answered(&mut self, answer: &Command, events: &mut Vec<Event>, fx: &mut Effects) {
        let text = self.settings.decode(&answer.text);
        if self.settings.display {
            let in_flight = self.outstanding.take_if(|text| text.number == answer.number);
            let receipt = match in_flight {
                Some(in_flight) => Receipt::Token(in_flight.token),
                None => Receipt::Serial { serial: answer.number, bits: 32 },
            };
            let stage = match self.settings.refuses(&text) {
                true => DeliveryStage::Refused { code: REFUSED, retry: false },
                false => DeliveryStage::Confirmed(Evidence::Accepted),
            };
            delivery(receipt, stage, fx);
        }
        if text.trim().is_empty() {
            return;
        }
        events.push(Event::Message(DriverMessage {
            text,
            device_time: None,
            repeat: RepeatKey::Numbered {
                key: answer.number.into(),
                window_seconds: ANSWER_WINDOW_SECONDS,
            },
            reply_to: Some(answer.number),
            origin: Origin::Device,
        }));
    }

    fn send(&mut self, downlink: &Downlink, now: Now, fx: &mut Effects) {
        let command = Command {
            imei: self.identity.imei.clone().map(Into::into),
            device: self.identity.device.unwrap_or(0),
            number: downlink.serial,
            text: self.settings.command(&downlink.content),
        };
        let token = downlink.token;
        let Some(packet) = encode::command(&command) else {
            let stage = DeliveryStage::Refused { code: 0, retry: false };
            return delivery(Receipt::Token(token), stage, fx);
        };
        fx.transmit(packet);
        delivery(Receipt::Token(token), DeliveryStage::Transmitted, fx);
        let deadline = now.monotonic.saturating_add(self.settings.answer_limit);
        self.outstanding = Some(Outstanding { token, number: downlink.serial, deadline });
    }
}

/// Keeps bytes that nobody interprets, up to a bound.
fn unknown_tags(raw: &[u8], kind: u32, events: &mut Vec<Event>) {
    if let Some(head) = raw.get(..UNHANDLED_HEAD).or(Some(raw)).filter(|head| !head.is_empty()) {
        events.push(Event::Unhandled { kind, raw: Bytes::copy_from_slice(head) });
    }
}

fn delivery(receipt: Receipt, stage: DeliveryStage, fx: &mut Effects) {
    fx.push(Effect::Delivery { lane: LANE, receipt, stage });
}
