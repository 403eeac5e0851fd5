//! Contents of frames as values, in the specification's words. No logic.

use jiff::Timestamp;

/// One content of a device.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message<'a> {
    /// `LK`: alive, with steps, rolls and battery from most devices.
    Alive {
        /// Steps, rolls, battery in per cent, as far as they are there.
        values: [Option<u32>; 3],
    },
    /// `UD`, `UD2`, `UD_LTE`, …; `WT`.
    Position(Position),
    /// `AL`, `AL_LTE`, …
    Alarm(Position),
    /// `TKQ`, `TKQ2`: is a voice clip waiting?
    VoiceQuery,
    /// `TK,…`: a voice clip, still escaped.
    Voice(&'a [u8]),
    /// `CONFIG,…`: settings after boot.
    Config(&'a [u8]),
    /// `heart`, `bphrt`, `oxygen`, …
    Health {
        /// What is measured.
        word: &'a [u8],
        /// The values.
        values: &'a [u8],
    },
    /// `MESSAGE`: the receipt of a text.
    Receipt,
    /// The result of a command, or a word that is not interpreted.
    Other,
}

/// Words that report somebody's health (specification, section 2).
pub(super) const HEALTH: [&[u8]; 7] =
    [b"heart", b"bphrt", b"oxygen", b"PULSE", b"BLOOD", b"TEMP", b"btemp2"];

/// A position (specification, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Position {
    /// From the device's memory (`UD2`).
    pub(super) stored: bool,
    /// UTC.
    pub(super) time: Option<Timestamp>,
    /// `A`: current and good.
    pub(super) fixed: bool,
    /// Degrees, north and east positive.
    pub(super) place: Option<(f64, f64)>,
    /// km/h.
    pub(super) speed: Option<f64>,
    /// Degrees.
    pub(super) course: Option<f64>,
    /// Metres.
    pub(super) altitude: Option<f64>,
    /// Count.
    pub(super) satellites: Option<u32>,
    /// Per cent.
    pub(super) signal: Option<u32>,
    /// Per cent.
    pub(super) battery: Option<u32>,
    /// Count.
    pub(super) steps: Option<u32>,
    /// Times that the wearer turned over.
    pub(super) rolls: Option<u32>,
    /// Bits.
    pub(super) status: Option<u32>,
}
