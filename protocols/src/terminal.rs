//! The device's side of a protocol: what a simulated terminal does.
//!
//! Same shape as [`crate::Session`]: inputs in, effects out, time as an argument. The simulator decides how the terminal
//! behaves (confirm, refuse, stay silent, repeat); the terminal only knows how its protocol says it.

use std::time::Duration;

use bytes::Bytes;

use crate::event::Report;
use crate::session::Now;

/// A simulated device.
pub trait Terminal: Send {
    /// One input. Effects are appended to `fx`.
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>);

    /// When [`TerminalInput::Timeout`] is wanted next.
    fn poll_timeout(&self) -> Option<Duration> {
        None
    }
}

/// Who the simulated device is and how it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalSettings {
    /// Identity (phone, IMEI, unit id).
    pub identity: String,
    /// Password or authentication code, if it has one.
    pub secret: Option<String>,
    /// Dialect in the protocol's words (edition, version); `None`: the protocol's most common one.
    pub dialect: Option<String>,
}

/// What happens to a simulated device.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum TerminalInput<'a> {
    /// The TCP connection stands: start to log in.
    Connected,
    /// A frame from the platform, as the framer cut it.
    Frame(&'a [u8]),
    /// Time to show signs of life.
    Heartbeat,
    /// A position to report.
    Report(&'a Report),
    /// The driver typed something.
    Say(&'a str),
    /// How to answer a text that came as [`TerminalEffect::Text`]. Repeating it repeats the answer.
    Answer {
        /// The text's token.
        token: u64,
        /// What to answer.
        outcome: Outcome,
    },
    /// The device is switched off properly.
    Logout,
    /// The time of [`Terminal::poll_timeout`].
    Timeout,
}

/// How a device answers a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Confirm it.
    Confirm,
    /// Refuse it.
    Refuse,
}

/// What a simulated device does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TerminalEffect {
    /// Write bytes to the platform.
    Transmit(Bytes),
    /// The platform accepted the login.
    Online,
    /// The platform refused the login.
    Refused(String),
    /// A text (or part of one) arrived; answer with [`TerminalInput::Answer`].
    Text {
        /// Name it by this.
        token: u64,
        /// What the display shows.
        text: String,
    },
    /// The platform acknowledged what the device sent, oldest unacknowledged of this kind first.
    Acked(Uplink),
    /// The platform said that it could not store it.
    Nacked(Uplink),
    /// Close the connection.
    Close,
}

/// Kinds of uplink that a platform acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uplink {
    /// A sign of life.
    Heartbeat,
    /// A position.
    Report,
    /// A driver text.
    Text,
    /// Anything else.
    Other,
}
