//! The dialogue with one peer, platform side.
//!
//! A session is a state machine without I/O: inputs are the `handle_*` methods, everything it wants done goes into
//! [`Effects`], in order. Time is an argument.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::effect::{DeliveryToken, Effects};
use crate::framing::Rejection;
use crate::options::DeviceOptions;

/// The platform's side of one connection.
///
/// The driver calls one `handle_*` at a time and carries out the effects before the next. After an effect
/// [`crate::Effect::Close`] it calls nothing more.
pub trait Session: Send {
    /// A frame arrived.
    ///
    /// # Errors
    /// [`SessionError`] for what is worth counting; the connection stays open (a session that wants to close says so with an
    /// effect).
    fn handle_frame(
        &mut self,
        frame: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError>;

    /// A delimited but invalid frame arrived: where a NAK is built, and where strikes are counted.
    fn handle_rejected(&mut self, raw: &[u8], reason: Rejection, now: Now, fx: &mut Effects);

    /// The answer to an [`crate::Effect::Authenticate`]. It arrives before any further frame is handed over.
    fn handle_admission(&mut self, lane: Lane, admission: Admission, now: Now, fx: &mut Effects);

    /// A text to send; only called while [`Session::window`] of the lane is positive.
    fn handle_downlink(&mut self, lane: Lane, downlink: Downlink, now: Now, fx: &mut Effects);

    /// The time that [`Session::poll_timeout`] named is reached (or passed: the driver's timer is coarse, up to a second).
    fn handle_timeout(&mut self, now: Now, fx: &mut Effects);

    /// The gateway is going to close the connection: say goodbye if the protocol has a word for it.
    fn handle_shutdown(&mut self, now: Now, fx: &mut Effects) {
        let _ = (now, fx);
    }

    /// How many more downlinks this lane can take now. 0 while it is not online, waits for a receipt, or must not be disturbed.
    fn window(&self, lane: Lane) -> usize;

    /// When [`Session::handle_timeout`] is wanted next, on the clock of [`Now::monotonic`].
    fn poll_timeout(&self) -> Option<Duration>;
}

/// The two clocks: timers use one, records the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Time since an arbitrary fixed moment; never goes back.
    pub monotonic: Duration,
    /// Calendar time.
    pub wall: Timestamp,
}

/// One device on this connection. 0 unless the peer is a relay for many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Lane(pub u16);

/// Who a device says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The identity under which the device is known, in the protocol's normal form.
    pub identity: String,
    /// Other forms under which an operator may have entered it, tried in order.
    pub aliases: Vec<String>,
    /// Password or authentication code, if the device presented one.
    pub secret: Option<String>,
}

/// The host's answer to a login. The session decides what follows: it alone knows its protocol's words and policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// The device is known.
    Known(Profile),
    /// No such device.
    Unknown,
    /// Known, but the operator or its tariff blocked it.
    Blocked,
}

/// What the host knows about an admitted device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The device's options.
    pub options: Arc<DeviceOptions>,
    /// How the presented secret compares with the configured one or, where none is configured, with `issued_code`.
    pub secret: SecretCheck,
    /// The authentication code that the host issues to this device: stable, 12 letters and digits.
    pub issued_code: String,
}

/// Outcome of comparing a presented secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretCheck {
    /// The device presented none, and none is configured.
    NoneNeeded,
    /// The device presented one, but the operator configured none and it is not the issued code.
    NoneConfigured,
    /// It matches the configured secret or, where none is configured, the issued code.
    Matches,
    /// It differs from the configured secret, or is missing though one is configured.
    Differs,
}

/// One thing to send to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downlink {
    /// Comes back in the receipts.
    pub token: DeliveryToken,
    /// Number of this part, unique among the device's last 65 536 and persisted before this call: protocols that number their
    /// messages put it on the wire (modulo their width), so that a receipt can be matched after a crash and a repeat is
    /// recognisable.
    pub serial: u32,
    /// This serial has been written to the device before.
    pub repeat: bool,
    /// What to send.
    pub content: Content,
}

/// Content of a downlink.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// A text, or one part of a long one.
    Text {
        /// The part's text.
        text: String,
        /// Number of this part, from 1.
        part: u16,
        /// Number of parts.
        parts: u16,
    },
    /// A question with answers to choose from.
    Question {
        /// The question.
        text: String,
        /// Answers: id and text.
        answers: Vec<(u8, String)>,
    },
}

/// An input the session could not make sense of. Counted and logged by the driver; never fatal by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A message body does not parse.
    #[error(transparent)]
    Decode(#[from] crate::DecodeError),
    /// A message that makes no sense in this state.
    #[error("{message} in state {state}")]
    Unexpected {
        /// Message name.
        message: &'static str,
        /// State name.
        state: &'static str,
    },
    /// A bound of [`crate::Limits`] was reached.
    #[error("limit reached: {0}")]
    Limit(&'static str),
    /// A mistake of ours.
    #[error("internal error: {0}")]
    Bug(&'static str),
}
