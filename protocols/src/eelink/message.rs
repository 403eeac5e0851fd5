//! The packages as values, in the specification's words. No logic.

use std::borrow::Cow;

/// Package ids (specification, sections 2 to 4).
pub(super) mod id {
    pub(crate) const LOGIN: u8 = 0x01;
    pub(crate) const OLD_POSITION: u8 = 0x02;
    pub(crate) const HEARTBEAT: u8 = 0x03;
    pub(crate) const OLD_WARNING: u8 = 0x04;
    pub(crate) const OLD_STATE: u8 = 0x05;
    pub(crate) const OLD_SMS: u8 = 0x06;
    pub(crate) const OBD: u8 = 0x07;
    pub(crate) const POSITION: u8 = 0x12;
    pub(crate) const WARNING: u8 = 0x14;
    pub(crate) const REPORT: u8 = 0x15;
    pub(crate) const SMS: u8 = 0x16;
    pub(crate) const INSTRUCTION: u8 = 0x80;
}

/// One package of a device.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message<'a> {
    /// 0x01.
    Login(Login),
    /// 0x03, 0x07: the status alone.
    Status(u16),
    /// 0x02, 0x04, 0x05, 0x12, 0x14, 0x15.
    Report(Report),
    /// 0x06, 0x16: an SMS that the tracker received.
    Sms(Sms<'a>),
    /// 0x80: the answer to an instruction.
    Answer(Instruction<'a>),
    /// A package that is not interpreted.
    Other,
}

/// 0x01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Login {
    /// BCD, the first digit is 0.
    pub(super) imei: [u8; 8],
    /// The login is one of version 2, whose answer is longer.
    pub(super) version2: bool,
}

/// A position and what stands behind it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Report {
    /// Unix seconds.
    pub(super) time: u32,
    /// Position.
    pub(super) gps: Option<Gps>,
    /// Cells: the one in use first.
    pub(super) cells: Vec<Cell>,
    /// 0x04, 0x14: warning code.
    pub(super) warning: Option<u8>,
    /// 0x05, 0x15: report or state code.
    pub(super) code: Option<u8>,
    /// Status bits.
    pub(super) status: Option<u16>,
    /// What else 0x02 and 0x12 carry.
    pub(super) sensors: Sensors,
}

/// Position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Gps {
    /// Current and good, where the position itself says.
    pub(super) fixed: Option<bool>,
    /// Degrees × 1 800 000, north positive.
    pub(super) latitude: i32,
    /// Degrees × 1 800 000, east positive.
    pub(super) longitude: i32,
    /// Metres.
    pub(super) altitude: Option<i16>,
    /// km/h.
    pub(super) speed: u16,
    /// Degrees.
    pub(super) course: u16,
    /// Satellites.
    pub(super) satellites: Option<u8>,
}

/// A cell of the telephone network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cell {
    pub(super) mcc: u16,
    pub(super) mnc: u16,
    pub(super) lac: u16,
    pub(super) id: u32,
}

/// Values behind the status, as far as the device sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sensors {
    /// Millivolts.
    pub(super) battery: Option<u16>,
    /// Analogue inputs, in the device's unit.
    pub(super) analogues: [Option<u16>; 2],
    /// Signal, of the old form.
    pub(super) signal: Option<u16>,
    /// Metres.
    pub(super) mileage: Option<u32>,
    /// 1/256 °C.
    pub(super) temperature1: Option<i16>,
    /// 1/16 °C.
    pub(super) temperature2: Option<i16>,
}

/// 0x06, 0x16.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sms<'a> {
    /// Where and when it was received.
    pub(super) report: Report,
    /// Number of the sender.
    pub(super) number: Cow<'a, str>,
    /// Text.
    pub(super) text: Cow<'a, str>,
}

/// 0x80 of either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction<'a> {
    /// 1 command, 2 text message.
    pub(super) kind: u8,
    /// Comes back in the answer.
    pub(super) unique_id: u32,
    /// Command, text or answer.
    pub(super) text: Cow<'a, str>,
}
