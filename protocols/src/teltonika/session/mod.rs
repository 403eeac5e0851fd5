//! The platform's side of the dialogue (specification 1 and 3).
//!
//! ```text
//! Login ──IMEI──▶ Asking ──known──▶ Online ──20 bad frames──▶ Closed
//!                   │ unknown, blocked, other secret             ▲
//!                   └─────────────────── 00 ─────────────────────┘
//! ```
//!
//! AVL frames are acknowledged after the commit with the number of their records, with 0 if they could not be stored. Message
//! codecs are never acknowledged: there is nothing for it in the protocol, and devices take the count for a broken message.

mod navigator;
mod serial;
mod texts;

use std::time::Duration;

use bytes::Bytes;

use self::texts::Texts;
use super::decode::{self, Records};
use super::driver::DriverSeat;
use super::envelope::{self, MessageCodec};
use super::message::{Codec, NOT_WELCOME, WELCOME, accepted};
use super::options::Settings;
use super::report::Plausible;
use crate::effect::{CloseReason, DeliveryStage, Effect, Effects, Receipt};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::event::Event;
use crate::framing::{Limits, Rejection};
use crate::garmin::{Fmi, Switches};
use crate::session::{
    Admission, Credentials, Downlink, Lane, Now, SecretCheck, Session, SessionError,
};

/// The only device of a connection.
const LANE: Lane = Lane(0);

/// The session.
#[derive(Debug)]
pub(super) struct TeltonikaSession {
    state: State,
    bad_frames: u32,
    max_bad_frames: u32,
}

#[derive(Debug)]
enum State {
    /// Nothing but the handshake counts.
    Login,
    /// The host is asked who this is.
    Asking { imei: String },
    /// The device is admitted.
    Online(Box<Online>),
    /// Nothing leaves any more.
    Closed,
}

/// A device that is admitted.
#[derive(Debug)]
struct Online {
    imei: String,
    settings: Settings,
    driver: DriverSeat,
    texts: Texts,
    /// The dialogue with the navigator on the serial port.
    navigator: Option<Box<Fmi>>,
}

impl TeltonikaSession {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { state: State::Login, bad_frames: 0, max_bad_frames: limits.max_bad_frames }
    }

    fn close(&mut self, reason: CloseReason, fx: &mut Effects) {
        self.state = State::Closed;
        fx.push(Effect::Close(reason));
    }

    fn refuse(&mut self, reason: Option<&'static str>, fx: &mut Effects) {
        fx.transmit(Bytes::from_static(NOT_WELCOME));
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

    fn login(&mut self, frame: &[u8], fx: &mut Effects) -> Result<(), SessionError> {
        if decode::codec(frame).is_some() && frame.starts_with(&[0; 4]) {
            return Err(SessionError::Unexpected { message: "frame", state: "login" });
        }
        match decode::handshake(frame) {
            Ok(imei) => {
                self.state = State::Asking { imei: imei.to_owned() };
                let credentials =
                    Credentials { identity: imei.to_owned(), aliases: Vec::new(), secret: None };
                fx.push(Effect::Authenticate { lane: LANE, credentials });
                Ok(())
            }
            Err(error) => {
                self.refuse(Some("the handshake holds no IMEI"), fx);
                Err(error.into())
            }
        }
    }
}

impl Session for TeltonikaSession {
    fn handle_frame(
        &mut self,
        frame: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let outcome = match &mut self.state {
            State::Login => self.login(frame, fx),
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

    /// No answer: the device repeats what it gets none for.
    fn handle_rejected(&mut self, _raw: &[u8], _reason: Rejection, _now: Now, fx: &mut Effects) {
        self.strike(fx);
    }

    fn handle_admission(&mut self, lane: Lane, admission: Admission, now: Now, fx: &mut Effects) {
        let State::Asking { imei } = &mut self.state else {
            return;
        };
        let profile = match admission {
            Admission::Known(profile) => profile,
            Admission::Unknown | Admission::Blocked => return self.refuse(None, fx),
        };
        if profile.secret == SecretCheck::Differs {
            let reason = "a secret is configured, and these devices present none";
            return self.refuse(Some(reason), fx);
        }
        let online = Online {
            imei: std::mem::take(imei),
            settings: Settings::read(&profile.options),
            driver: DriverSeat::default(),
            texts: Texts::new(now),
            navigator: Switches::of(&profile.options).map(|own| Box::new(Fmi::new(LANE, own))),
        };
        self.state = State::Online(Box::new(online));
        fx.transmit(Bytes::from_static(WELCOME));
        fx.push(Effect::Online { lane });
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
            online.texts.expire(now, fx);
            online.navigator_timeout(now, fx);
        }
    }

    fn window(&self, lane: Lane) -> usize {
        match &self.state {
            State::Online(online) if lane == LANE => online.window(),
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
    fn handle(&mut self, frame: &[u8], now: Now, fx: &mut Effects) -> Result<(), SessionError> {
        if !frame.starts_with(&[0; 4]) {
            return self.handshake_again(frame, fx);
        }
        let id = decode::codec(frame).unwrap_or(0);
        if let Some(codec) = Codec::by_id(id) {
            return self.avl(frame, codec, now, fx);
        }
        match MessageCodec::by_id(id) {
            Some(codec) => {
                for message in envelope::unwrap(frame, codec)? {
                    self.message(&message, now, fx);
                }
                Ok(())
            }
            // Codec 7 and what may come: not stored, so not acknowledged.
            None => Err(unknown_codec().into()),
        }
    }

    /// A device that missed the answer asks again; nobody else may.
    fn handshake_again(&self, frame: &[u8], fx: &mut Effects) -> Result<(), SessionError> {
        if decode::handshake(frame)? == self.imei {
            fx.transmit(Bytes::from_static(WELCOME));
            return Ok(());
        }
        fx.transmit(Bytes::from_static(NOT_WELCOME));
        Err(SessionError::Unexpected { message: "handshake of another IMEI", state: "online" })
    }

    /// Records and their acknowledgement: all of them or none.
    fn avl(
        &mut self,
        frame: &[u8],
        codec: Codec,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let records = decode::records(frame, codec, self.settings.extended_io)?;
        let count = records.count;
        let events = self.events(records, now)?;
        fx.record(LANE, events, accepted(count), accepted(0));
        self.texts.data_packet(count, &self.settings, now, fx);
        self.meet_navigator(now, fx);
        Ok(())
    }

    fn events(&mut self, mut records: Records<'_>, now: Now) -> Result<Vec<Event>, DecodeError> {
        let mut events = Vec::with_capacity(usize::from(records.count) + 1);
        let mut seat = self.driver.clone();
        let plausible = Plausible::at(now.wall);
        while let Some(record) = records.next_record()? {
            let time = record.time(plausible);
            events.push(Event::Report(record.report(time, self.settings.naming)));
            let change = seat.change(&self.settings.driver_ids, &record, time);
            events.extend(change.map(Event::Driver));
        }
        self.driver = seat;
        Ok(events)
    }
}

const fn unknown_codec() -> DecodeError {
    let (message, field) = ("frame", "codec id");
    DecodeError { message, field, offset: 8, kind: DecodeErrorKind::Invalid }
}
/// Writes a message behind the answers to all records before it: a unit that waits for the number of records that were taken reads
/// a preamble as the number 0, and sends them again.
fn in_turn(message: Bytes, fx: &mut Effects) {
    fx.record(LANE, Vec::new(), message.clone(), message);
}
