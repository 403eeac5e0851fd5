//! The packets as values, in the specification's words. No logic.

use std::borrow::Cow;

use crate::event::Attributes;

/// Protocol numbers (specification, section 2).
pub(super) mod kind {
    pub(crate) const LOGIN: u8 = 0x01;
    pub(crate) const POSITION_GPS: u8 = 0x10;
    pub(crate) const POSITION_11: u8 = 0x11;
    pub(crate) const POSITION: u8 = 0x12;
    pub(crate) const HEARTBEAT: u8 = 0x13;
    pub(crate) const ANSWER: u8 = 0x15;
    pub(crate) const ALARM: u8 = 0x16;
    pub(crate) const ADDRESS: u8 = 0x17;
    pub(crate) const CELL_ALARM: u8 = 0x19;
    pub(crate) const ADDRESS_GPS: u8 = 0x1a;
    pub(crate) const ANSWER_LONG: u8 = 0x21;
    pub(crate) const POSITION_22: u8 = 0x22;
    pub(crate) const HEARTBEAT_23: u8 = 0x23;
    pub(crate) const POSITION_24: u8 = 0x24;
    pub(crate) const POSITION_DATED: u8 = 0x25;
    pub(crate) const ALARM_26: u8 = 0x26;
    pub(crate) const ALARM_FENCE: u8 = 0x27;
    pub(crate) const POSITION_32: u8 = 0x32;
    pub(crate) const POSITION_34: u8 = 0x34;
    pub(crate) const STATE_36: u8 = 0x36;
    pub(crate) const POSITION_37: u8 = 0x37;
    pub(crate) const POSITION_CARD: u8 = 0x61;
    pub(crate) const MODULES: u8 = 0x70;
    pub(crate) const COMMAND: u8 = 0x80;
    pub(crate) const TIME: u8 = 0x8a;
    pub(crate) const INFORMATION: u8 = 0x94;
    pub(crate) const EVENT: u8 = 0x95;
    pub(crate) const ADDRESS_97: u8 = 0x97;
    pub(crate) const SERIAL_DATA: u8 = 0x9b;
    pub(crate) const POSITION_4G: u8 = 0xa0;
    pub(crate) const STEPS: u8 = 0xa3;
    pub(crate) const CELL_ALARM_4G: u8 = 0xa5;
    pub(crate) const PERIPHERAL: u8 = 0xf2;
}

/// One packet of a device.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message<'a> {
    /// 0x01 from the device.
    Login(Login),
    /// 0x13, 0x23, some 0x36.
    Heartbeat(Report<'a>),
    /// A position, or an alarm with or without one.
    Report(Report<'a>),
    /// What a device says of itself: 0x94, 0x9B and others.
    Information(Report<'a>),
    /// 0x15 and 0x21: the answer to a command.
    Answer(Answer<'a>),
    /// 0x8A from the device.
    TimeRequest,
    /// A packet that is not interpreted.
    Other,
}

/// 0x01: eight BCD bytes, the first digit is 0; then, from most devices, type and zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Login {
    /// BCD.
    pub(super) imei: [u8; 8],
    /// Model code, zone and language.
    pub(super) model_and_zone: Option<[u8; 4]>,
}

/// A position and what stands behind it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Report<'a> {
    /// Year − 2000, month, day, hour, minute, second, on the device's clock.
    pub(super) time: Option<[u8; 6]>,
    /// The time is in Unix seconds instead.
    pub(super) unix_time: Option<u32>,
    /// Position.
    pub(super) gps: Option<Gps>,
    /// Metres.
    pub(super) altitude: Option<i16>,
    /// Cell.
    pub(super) cell: Option<Cell>,
    /// Status, battery, signal.
    pub(super) status: Option<Status>,
    /// Ignition, where it does not come with the status.
    pub(super) ignition: Option<bool>,
    /// Sent late, from the device's memory.
    pub(super) archived: bool,
    /// Alarm codes: of the alarm byte and of 0x95.
    pub(super) alarm: Option<u8>,
    /// Card or key of a driver.
    pub(super) card: Option<Cow<'a, str>>,
    /// What single models add, by neutral names.
    pub(super) extras: Attributes,
}

/// The position part (specification, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Gps {
    /// Satellites.
    pub(super) satellites: u8,
    /// Degrees × 1 800 000, without sign.
    pub(super) latitude: u32,
    /// Degrees × 1 800 000, without sign.
    pub(super) longitude: u32,
    /// km/h.
    pub(super) speed: u8,
    /// Course in bits 0–9; 10 north, 11 west, 12 fixed.
    pub(super) course: u16,
}

/// A cell of the telephone network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cell {
    pub(super) mcc: u16,
    pub(super) mnc: u16,
    pub(super) lac: u32,
    pub(super) id: u64,
}

/// Terminal information, battery and signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Status {
    /// Bits: 0 armed, 1 ignition, 2 charging, 3–5 alarm, 6 positioned, 7 oil and power cut.
    pub(super) info: u8,
    /// Battery.
    pub(super) battery: Battery,
    /// Signal, in the device's unit: 0–4, or per cent.
    pub(super) signal: u8,
}

/// How full the battery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Battery {
    /// 0 (empty) to 6 (full).
    Level(u8),
    /// Per cent.
    Percent(u8),
    /// Hundredths of a volt.
    CentiVolts(u16),
}

impl Default for Battery {
    fn default() -> Self {
        Self::Level(0)
    }
}

/// 0x15, 0x21.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    /// Flag of the command.
    pub(super) flag: u32,
    /// What the device says.
    pub(super) text: Cow<'a, str>,
}

/// 0x80.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Command<'a> {
    /// Comes back in the answer.
    pub(super) flag: u32,
    /// The command.
    pub(super) text: &'a [u8],
    /// 1 Chinese, 2 English; not in all dialects.
    pub(super) language: Option<u16>,
}
