//! What a device reported, in words that no protocol owns.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;

/// One thing a device reported.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A text from the driver (also a canned answer or a button).
    Message(DriverMessage),
    /// Position and state.
    Report(Report),
    /// A driver identified or left.
    Driver(DriverIdentity),
    /// What the device says about itself: parameters, properties, firmware, status.
    Info(Attributes),
    /// Something recognised but not interpreted; kept, counted, never an error.
    Unhandled {
        /// The protocol's message id or packet type.
        kind: u32,
        /// The body.
        raw: Bytes,
    },
}

/// A text from the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverMessage {
    /// The text.
    pub text: String,
    /// When it was written, by the device's clock, if the protocol says.
    pub device_time: Option<Timestamp>,
    /// What makes a repeat of this message recognisable.
    pub repeat: RepeatKey,
    /// Serial of the downlink it answers, if the protocol says.
    pub reply_to: Option<u32>,
    /// Who wrote it.
    pub origin: Origin,
}

/// How a repeat of a driver message (the device missed our acknowledgement) is told from a new one with the same words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepeatKey {
    /// The device numbers its messages or dates them to the second: the same key within `window_seconds` is a repeat. The host
    /// combines it with the text.
    Numbered {
        /// Serial, id or time, in any stable form.
        key: u64,
        /// How long the key stays significant.
        window_seconds: u32,
    },
    /// Nothing but the words: the same text within `window_seconds` is a repeat only if it comes over another connection than
    /// the first copy, because on one connection the device has our answer.
    TextOnly {
        /// How long.
        window_seconds: u32,
    },
}

/// Who wrote an uplink text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The driver.
    Driver,
    /// Probably the machine: the answer to a command.
    Device,
}

/// Position and state at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Device time with its zone resolved; `None`: not given or implausible, use the time of receipt.
    pub time: Option<Timestamp>,
    /// Position; `None` without one.
    pub fix: Option<Fix>,
    /// Sent late from the device's memory.
    pub archived: bool,
    /// Everything else, by neutral name where there is one.
    pub attributes: Attributes,
}

/// A position, WGS-84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// The device says that the position is current and good.
    pub valid: bool,
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// Metres above sea level.
    pub altitude: Option<f32>,
    /// km/h.
    pub speed: Option<f32>,
    /// Degrees clockwise from north.
    pub course: Option<f32>,
    /// Satellites used.
    pub satellites: Option<u16>,
}

impl Fix {
    /// Whether the coordinates lie on the globe. Values off the globe occur in the field and must not fail a frame, but they
    /// are not a position.
    #[must_use]
    pub fn on_globe(&self) -> bool {
        (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude)
    }
}

/// Named values in the order in which the device sent them; names may repeat.
pub type Attributes = Vec<(Cow<'static, str>, Value)>;

/// A named value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// Whole number.
    Int(i64),
    /// Number with decimals, in the unit that the name says.
    Float(f64),
    /// Text.
    Text(String),
    /// Opaque bytes.
    Bytes(Bytes),
}

/// A driver came or left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverIdentity {
    /// On duty (card in) or off.
    pub present: bool,
    /// Card, key or licence number.
    pub id: Option<String>,
    /// Name as the card has it.
    pub name: Option<String>,
    /// When, by the device's clock.
    pub time: Option<Timestamp>,
}
