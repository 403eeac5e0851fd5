//! Tracker protocols as pure state machines.
//!
//! This crate does no I/O, reads no clock and never panics on any bytes. Bytes and time go in, effects come out:
//!
//! 1. a [`Framer`] cuts the stream into frames ([`framing`]),
//! 2. a decoder parses one complete frame ([`DecodeError`] says message, field and offset),
//! 3. a [`Session`] keeps the dialogue and pushes [`Effects`]: bytes to write, events to store with the acknowledgement that may
//!    be written only after the commit, receipts for texts.
//!
//! Protocols are listed once, in [`registry`]. `README.md` beside this crate tells how to add one.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod eelink;
mod effect;
mod egts;
mod error;
mod event;
mod explain;
mod framing;
mod galileosky;
mod garmin;
mod gt06;
mod iw;
mod jt808;
mod ndtp;
mod options;
mod profile;
mod protocol;
mod queclink;
pub mod registry;
mod session;
mod setracker;
mod single;
mod taip;
pub mod teltonika;
mod terminal;
#[cfg(test)]
mod testing;
pub mod text;
pub mod vocabulary;
mod wialon_combine;
mod wialon_ips;
pub mod wire;

pub use effect::{CloseReason, DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt};
pub use error::{DecodeError, DecodeErrorKind};
pub use event::{
    Attributes, DriverIdentity, DriverMessage, Event, Fix, Origin, RepeatKey, Report, Value,
};
pub use explain::{Explanation, Field};
pub use framing::{Cut, Frame, Framer, FramingError, Limits, Rejection};
pub use options::{DeviceOptions, OptionError, OptionKind, OptionSpec};
pub use profile::{Delivered, DeviceProfile};
pub use protocol::{Detection, Protocol, ProtocolInfo};
pub use session::{
    Admission, Content, Credentials, Downlink, Lane, Now, Profile, SecretCheck, Session,
    SessionError,
};
pub use terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};
