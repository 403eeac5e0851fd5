//! The platform's side of a connection that belongs to one device: what is the same in every protocol of that kind.
//!
//! ```text
//! Stranger ──frame that names it──▶ Asking ──known──▶ Online ──bad frames in a row──▶ Closed
//!    ▲                                │ unknown, blocked, wrong secret                  ▲
//!    └── anything else: dropped       └─────────────────────────────────────────────────┘
//! ```
//!
//! A protocol brings a [`Dialect`]: how a device names itself, what its frames mean and how a text is written. [`SingleSession`]
//! keeps the state, counts bad frames and hands texts over; [`Texts`] keeps the text that waits for its receipt.

#[cfg(test)]
mod tests;
mod texts;
mod words;

use std::time::Duration;

use bytes::Bytes;

pub(crate) use self::texts::{Patience, Texts, number};
pub(crate) use self::words::{ErrorWords, one_line, words};
use crate::effect::{CloseReason, DeliveryStage, Effect, Effects, Receipt};
use crate::framing::{Limits, Rejection};
use crate::options::DeviceOptions;
use crate::session::{
    Admission, Credentials, Downlink, Lane, Now, SecretCheck, Session, SessionError,
};

/// The only device of a connection.
pub(crate) const LANE: Lane = Lane(0);
/// [`DeliveryStage::Refused`] code of a text for a device that has nothing to show it on.
pub(crate) const NO_DISPLAY: u16 = 0xfffe;

/// What a protocol knows that its session does not.
pub(crate) trait Dialect: Send {
    /// Whether the frame that names the device also reports something: it is then handled once the device is admitted.
    const NAMED_BY_DATA: bool = false;

    /// The identity in a frame of a device that is not admitted.
    ///
    /// # Errors
    /// The frame names nobody, or makes no sense.
    fn identify(&mut self, frame: &[u8]) -> Result<String, SessionError>;

    /// The device is admitted with these options: the answer to its login is written here. Returns how long its texts wait.
    fn admitted(&mut self, options: &DeviceOptions, now: Now, fx: &mut Effects) -> Patience;

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
    ) -> Result<(), SessionError>;

    /// A text as it goes on the wire; `None` if the device has nothing to show it on.
    fn compose(&mut self, downlink: &Downlink) -> Option<Bytes>;
}

/// A session of one device.
#[derive(Debug)]
pub(crate) struct SingleSession<D> {
    dialect: D,
    state: State,
    texts: Texts,
    bad_frames: u32,
    max_bad_frames: u32,
}

#[derive(Debug)]
enum State {
    /// The device has not said who it is.
    Stranger,
    /// The host is asked; the frame waits if it also reports something.
    Asking { frame: Option<Box<[u8]>> },
    /// The device is admitted.
    Online,
    /// Nothing leaves any more.
    Closed,
}

impl<D: Dialect> SingleSession<D> {
    pub(crate) fn new(dialect: D, limits: &Limits) -> Self {
        Self {
            dialect,
            state: State::Stranger,
            texts: Texts::default(),
            bad_frames: 0,
            max_bad_frames: limits.max_bad_frames,
        }
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

    fn ask(&mut self, frame: &[u8], fx: &mut Effects) -> Result<(), SessionError> {
        let identity = self.dialect.identify(frame)?;
        self.state = State::Asking { frame: D::NAMED_BY_DATA.then(|| frame.into()) };
        let credentials = Credentials { identity, aliases: Vec::new(), secret: None };
        fx.push(Effect::Authenticate { lane: LANE, credentials });
        Ok(())
    }

    fn counted(
        &mut self,
        outcome: Result<(), SessionError>,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        match outcome {
            Ok(()) => self.bad_frames = 0,
            Err(_) => self.strike(fx),
        }
        outcome
    }
}

impl<D: Dialect> Session for SingleSession<D> {
    fn handle_frame(
        &mut self,
        frame: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let outcome = match self.state {
            State::Stranger => self.ask(frame, fx),
            State::Asking { .. } => {
                Err(SessionError::Unexpected { message: "frame", state: "admission" })
            }
            State::Online => {
                self.texts.awake();
                self.dialect.uplink(frame, &mut self.texts, now, fx)
            }
            State::Closed => return Ok(()),
        };
        self.counted(outcome, fx)
    }

    fn handle_rejected(&mut self, _raw: &[u8], _reason: Rejection, _now: Now, fx: &mut Effects) {
        self.strike(fx);
    }

    fn handle_admission(&mut self, lane: Lane, admission: Admission, now: Now, fx: &mut Effects) {
        let State::Asking { frame } = &mut self.state else {
            return;
        };
        let frame = frame.take();
        let profile = match admission {
            Admission::Known(profile) => profile,
            Admission::Unknown | Admission::Blocked => {
                return self.close(CloseReason::NotAdmitted, fx);
            }
        };
        if profile.secret == SecretCheck::Differs {
            let reason = "a password is configured, and this protocol has none";
            fx.push(Effect::Refuse { lane, reason });
            return self.close(CloseReason::NotAdmitted, fx);
        }
        self.state = State::Online;
        let patience = self.dialect.admitted(&profile.options, now, fx);
        self.texts = Texts::new(patience);
        fx.push(Effect::Online { lane });
        if let Some(frame) = frame {
            // There is no caller here to tell what is wrong with it; it counts all the same.
            let outcome = self.dialect.uplink(&frame, &mut self.texts, now, fx);
            drop(self.counted(outcome, fx));
        }
    }

    fn handle_downlink(&mut self, lane: Lane, downlink: Downlink, now: Now, fx: &mut Effects) {
        let receipt = Receipt::Token(downlink.token);
        match self.state {
            State::Online if self.texts.window() > 0 => match self.dialect.compose(&downlink) {
                Some(bytes) => self.texts.send(&downlink, bytes, now, fx),
                None => {
                    let stage = DeliveryStage::Refused { code: NO_DISPLAY, retry: false };
                    fx.push(Effect::Delivery { lane, receipt, stage });
                }
            },
            State::Closed => {}
            // Not asked for: the window is 0. Given back at once, so that it is not forgotten here.
            _ => fx.push(Effect::Delivery { lane, receipt, stage: DeliveryStage::TimedOut }),
        }
    }

    fn handle_timeout(&mut self, now: Now, fx: &mut Effects) {
        if matches!(self.state, State::Online) {
            self.texts.expire(now, fx);
        }
    }

    fn window(&self, _lane: Lane) -> usize {
        match self.state {
            State::Online => self.texts.window(),
            _ => 0,
        }
    }

    fn poll_timeout(&self) -> Option<Duration> {
        match self.state {
            State::Online => self.texts.poll_timeout(),
            _ => None,
        }
    }
}
