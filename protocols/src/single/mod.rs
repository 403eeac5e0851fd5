//! The platform's side of a connection that belongs to one device: what is the same in every protocol of that kind.
//!
//! ```text
//! Stranger ──frame that names it──▶ Asking ──known──▶ Online ──bad frames in a row, refused──▶ Closed
//!    ▲  │ refused                     │ unknown, blocked, wrong secret                          ▲
//!    │  └─────────────────────────────┴─────────────────────────────────────────────────────────┘
//!    └── anything else: dropped
//! ```
//!
//! A protocol brings a [`Dialect`]: how a device names itself, what its frames mean and how a text is written. [`SingleSession`]
//! keeps the state, counts bad frames and hands texts over; [`Texts`] keeps the text that waits for its receipt.

#[cfg(test)]
mod tests;
mod texts;
mod words;

use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;

pub(crate) use self::texts::{Patience, Texts, number};
pub(crate) use self::words::{ErrorWords, one_line, words};
use crate::effect::{CloseReason, DeliveryStage, Effect, Effects, Receipt};
use crate::error::DecodeError;
use crate::framing::{Limits, Rejection};
use crate::options::DeviceOptions;
use crate::session::{
    Admission, Credentials, Downlink, Lane, Now, SecretCheck, Session, SessionError,
};

/// The only device of a connection.
pub(crate) const LANE: Lane = Lane(0);
/// [`DeliveryStage::Refused`] code of a text for a device that has nothing to show it on.
pub(crate) const NO_DISPLAY: u16 = 0xfffe;

/// What a protocol knows that its session does not; its value is an admitted device.
pub(crate) trait Dialect: Debug + Send + Sized {
    /// Whether the frame that names the device also reports something: it is then handled once the device is admitted.
    const NAMED_BY_DATA: bool = false;
    /// What is said of a device whose secret is not the configured one.
    const WRONG_SECRET: &'static str = "a password is configured, and this protocol has none";

    /// What the answer to a login needs to know of it.
    type Login: Debug + Send;

    /// Who sent this frame: the device is not admitted.
    ///
    /// # Errors
    /// The frame names nobody, or makes no sense.
    fn identify(frame: &[u8], fx: &mut Effects) -> Result<(Credentials, Self::Login), Fault>;

    /// The device is admitted with these options: the answer to its login is written here. Says how long its texts wait, too.
    fn admitted(
        login: Self::Login,
        options: &DeviceOptions,
        now: Now,
        fx: &mut Effects,
    ) -> (Self, Patience);

    /// The device is not admitted: the answer to its login is written here, before the connection is closed.
    fn denied(login: Self::Login, denial: Denial, fx: &mut Effects) {
        let _ = (login, denial, fx);
    }

    /// A frame of this device, or of one that has not said who it is, is delimited but invalid. It is counted in any case.
    fn rejected(device: Option<&Self>, raw: &[u8], reason: Rejection, fx: &mut Effects) {
        let _ = (device, raw, reason, fx);
    }

    /// A frame of the admitted device.
    ///
    /// # Errors
    /// The frame makes no sense.
    fn uplink(
        &mut self,
        frame: &[u8],
        texts: &mut Texts,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), Fault>;

    /// Whether the device is offered texts at all.
    fn takes_texts(&self) -> bool {
        true
    }

    /// A text as it goes on the wire.
    ///
    /// # Errors
    /// The device cannot take it: the [`DeliveryStage::Refused`] code.
    fn compose(&mut self, downlink: &Downlink, now: Now) -> Result<Bytes, u16>;
}

/// Why a device is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    /// Unknown or blocked.
    Stranger,
    /// Its secret is not the configured one.
    WrongSecret,
}

/// What is wrong with a frame.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It makes no sense: too many of these in a row close the connection.
    Bad(SessionError),
    /// The connection is closed at once.
    Refused {
        /// Why, in the operator's words.
        reason: &'static str,
        /// If it makes no sense either.
        error: Option<SessionError>,
    },
}

impl From<SessionError> for Fault {
    fn from(error: SessionError) -> Self {
        Self::Bad(error)
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self::Bad(error.into())
    }
}

/// Credentials of a device that has nothing but its identity.
pub(crate) const fn named(identity: String) -> Credentials {
    Credentials { identity, aliases: Vec::new(), secret: None }
}

/// A session of one device.
#[derive(Debug)]
pub(crate) struct SingleSession<D: Dialect> {
    state: State<D>,
    bad_frames: u32,
    max_bad_frames: u32,
}

#[derive(Debug)]
enum State<D: Dialect> {
    /// The device has not said who it is.
    Stranger,
    /// The host is asked; the frame waits if it also reports something.
    Asking { login: Box<D::Login>, frame: Option<Box<[u8]>> },
    /// The device is admitted.
    Online(Box<Online<D>>),
    /// Nothing leaves any more.
    Closed,
}

#[derive(Debug)]
struct Online<D> {
    device: D,
    texts: Texts,
}

impl<D: Dialect> SingleSession<D> {
    pub(crate) const fn new(limits: &Limits) -> Self {
        Self { state: State::Stranger, bad_frames: 0, max_bad_frames: limits.max_bad_frames }
    }

    /// Bytes of the session of an admitted device, without what its fields point to.
    #[cfg(test)]
    pub(crate) const fn size() -> usize {
        size_of::<Self>() + size_of::<Online<D>>()
    }

    fn close(&mut self, reason: CloseReason, fx: &mut Effects) {
        self.state = State::Closed;
        fx.push(Effect::Close(reason));
    }

    fn refuse(&mut self, reason: &'static str, fx: &mut Effects) {
        fx.push(Effect::Refuse { lane: LANE, reason });
        self.close(CloseReason::NotAdmitted, fx);
    }

    fn strike(&mut self, fx: &mut Effects) {
        self.bad_frames = self.bad_frames.saturating_add(1);
        if self.bad_frames >= self.max_bad_frames && !matches!(self.state, State::Closed) {
            self.close(CloseReason::TooManyErrors, fx);
        }
    }

    fn ask(&mut self, frame: &[u8], fx: &mut Effects) -> Result<(), Fault> {
        let (credentials, login) = D::identify(frame, fx)?;
        let frame = D::NAMED_BY_DATA.then(|| frame.into());
        self.state = State::Asking { login: Box::new(login), frame };
        fx.push(Effect::Authenticate { lane: LANE, credentials });
        Ok(())
    }

    fn counted(
        &mut self,
        outcome: Result<(), Fault>,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        match outcome {
            Ok(()) => {
                self.bad_frames = 0;
                Ok(())
            }
            Err(Fault::Bad(error)) => {
                self.strike(fx);
                Err(error)
            }
            Err(Fault::Refused { reason, error }) => {
                self.refuse(reason, fx);
                error.map_or(Ok(()), Err)
            }
        }
    }
}

impl<D: Dialect> Session for SingleSession<D> {
    fn handle_frame(
        &mut self,
        frame: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let outcome = match &mut self.state {
            State::Stranger => self.ask(frame, fx),
            State::Asking { .. } => {
                Err(SessionError::Unexpected { message: "frame", state: "admission" }.into())
            }
            State::Online(online) => online.uplink(frame, now, fx),
            State::Closed => return Ok(()),
        };
        self.counted(outcome, fx)
    }

    fn handle_rejected(&mut self, raw: &[u8], reason: Rejection, _now: Now, fx: &mut Effects) {
        match &self.state {
            State::Stranger => D::rejected(None, raw, reason, fx),
            State::Online(online) => D::rejected(Some(&online.device), raw, reason, fx),
            State::Asking { .. } | State::Closed => {}
        }
        self.strike(fx);
    }

    fn handle_admission(&mut self, lane: Lane, admission: Admission, now: Now, fx: &mut Effects) {
        let (login, frame) = match std::mem::replace(&mut self.state, State::Closed) {
            State::Asking { login, frame } => (*login, frame),
            other => {
                self.state = other;
                return;
            }
        };
        let profile = match admission {
            Admission::Known(profile) => profile,
            Admission::Unknown | Admission::Blocked => {
                D::denied(login, Denial::Stranger, fx);
                return self.close(CloseReason::NotAdmitted, fx);
            }
        };
        if profile.secret == SecretCheck::Differs {
            D::denied(login, Denial::WrongSecret, fx);
            return self.refuse(D::WRONG_SECRET, fx);
        }
        let (device, patience) = D::admitted(login, &profile.options, now, fx);
        let mut online = Box::new(Online { device, texts: Texts::new(patience) });
        fx.push(Effect::Online { lane });
        let outcome = frame.map(|frame| online.uplink(&frame, now, fx));
        self.state = State::Online(online);
        if let Some(outcome) = outcome {
            // There is no caller here to tell what is wrong with it; it counts all the same.
            drop(self.counted(outcome, fx));
        }
    }

    fn handle_downlink(&mut self, lane: Lane, downlink: Downlink, now: Now, fx: &mut Effects) {
        let stage = match &mut self.state {
            State::Online(online) if online.window() > 0 => {
                match online.device.compose(&downlink, now) {
                    Ok(bytes) => return online.texts.send(&downlink, bytes, now, fx),
                    Err(code) => DeliveryStage::Refused { code, retry: false },
                }
            }
            State::Closed => return,
            // Not asked for: the window is 0. Given back at once, so that it is not forgotten here.
            _ => DeliveryStage::TimedOut,
        };
        fx.push(Effect::Delivery { lane, receipt: Receipt::Token(downlink.token), stage });
    }

    fn handle_timeout(&mut self, now: Now, fx: &mut Effects) {
        if let State::Online(online) = &mut self.state {
            online.texts.expire(now, fx);
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
            State::Online(online) => online.texts.poll_timeout(),
            _ => None,
        }
    }
}

impl<D: Dialect> Online<D> {
    fn uplink(&mut self, frame: &[u8], now: Now, fx: &mut Effects) -> Result<(), Fault> {
        self.texts.awake();
        self.device.uplink(frame, &mut self.texts, now, fx)
    }

    fn window(&self) -> usize {
        if self.device.takes_texts() { self.texts.window() } else { 0 }
    }
}
