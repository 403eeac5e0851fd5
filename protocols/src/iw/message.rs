//! Frames as values, in the specification's words. No logic.

use jiff::Timestamp;

/// One frame of a device.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message<'a> {
    /// `AP00`.
    Login {
        /// Digits.
        imei: &'a str,
    },
    /// `AP03`, `CP01`.
    Heartbeat(Heartbeat),
    /// `AP01`, `AP10`, `YP03`, `YP14`.
    Position(Position),
    /// `AP49`, `APHT`, `APHP`, `AP50`: names and values of measurements.
    Health(Vec<(&'static str, f64)>),
    /// `AP40`: the receipt of a text.
    Receipt(Receipt),
    /// The answer to a command that somebody sent.
    CommandAnswer,
    /// A word that is not interpreted.
    Other,
}

/// Signal, satellites, battery and what follows (specification, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State {
    /// In the device's unit, up to 100.
    pub(super) signal: u32,
    /// Count.
    pub(super) satellites: u32,
    /// Per cent.
    pub(super) battery: u32,
    /// Ignition of a tracker; filled up with any digit by watches.
    pub(super) ignition: u32,
}

/// `AP03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Heartbeat {
    pub(super) state: State,
    /// Count.
    pub(super) steps: Option<u32>,
    /// Times that the wearer turned over.
    pub(super) rolls: Option<u32>,
}

/// A position.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Position {
    /// UTC.
    pub(super) time: Option<Timestamp>,
    /// `A`: valid.
    pub(super) fixed: bool,
    /// Degrees, north positive.
    pub(super) latitude: f64,
    /// Degrees, east positive.
    pub(super) longitude: f64,
    /// km/h.
    pub(super) speed: f64,
    /// Degrees.
    pub(super) course: f64,
    pub(super) state: State,
    /// MCC, MNC, LAC, cell.
    pub(super) cell: [Option<u32>; 4],
    /// `AP10`: what happened.
    pub(super) alarm: Option<u32>,
}

/// `AP40`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    /// Serial number of the text; not from all firmware.
    pub(super) serial: Option<u32>,
    /// The text was taken.
    pub(super) ok: bool,
}
