//! The packets as values, in the specification's words. No logic; texts stay bytes, because only the device's options say in
//! which charset they are.

/// NPL packet types (specification 1).
pub(super) mod npl {
    pub(in super::super) const ERROR: u8 = 1;
    pub(in super::super) const NPH: u8 = 2;
    pub(in super::super) const DEBUG: u8 = 3;
}

/// NPH services (specification 2).
pub(super) mod service {
    pub(in super::super) const GENERIC: u16 = 0;
    pub(in super::super) const NAVIGATION: u16 = 1;
    pub(in super::super) const EXTERNAL_DEVICE: u16 = 5;
}

/// NPH packet types, by service.
pub(super) mod kind {
    /// Of every service.
    pub(in super::super) const RESULT: u16 = 0;
    pub(in super::super) const LOGIN: u16 = 100;
    pub(in super::super) const HISTORY: u16 = 100;
    pub(in super::super) const REAL_TIME: u16 = 101;
    pub(in super::super) const TITLE_DATA: u16 = 100;
    pub(in super::super) const DEVICE_RESULT: u16 = 102;
}

/// Result codes (specification 2).
pub(super) mod code {
    pub(in super::super) const OK: u32 = 0;
    pub(in super::super) const BUSY: u32 = 1;
    pub(in super::super) const NOT_SUPPORTED: u32 = 100;
    pub(in super::super) const NOT_AVAILABLE: u32 = 102;
    pub(in super::super) const BAD_FORMAT: u32 = 200;
    pub(in super::super) const BAD_LENGTH: u32 = 201;
    pub(in super::super) const NOT_AUTHORISED: u32 = 303;
    pub(in super::super) const DATABASE_ERROR: u32 = 400;
}

/// The only known kind of title data (specification 5).
pub(super) const MESSAGE_SCRIPT: u32 = 1;
/// Fragment word of a text that is one packet: number 0, last.
pub(super) const WHOLE: u16 = 0x8000;

/// NPL header without what the bytes themselves say: length and checksum (specification 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Npl {
    /// Bit 0 encrypted, bit 1 checksum present, bit 2 delayed.
    pub(super) flags: u16,
    /// One of [`npl`].
    pub(super) kind: u8,
    /// Whom it is for: 0 the server, 0x400 and above clients and devices.
    pub(super) peer: u32,
    /// Of this layer; means nothing to anybody.
    pub(super) request: u16,
}

/// NPH header (specification 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nph {
    /// One of [`service`].
    pub(super) service: u16,
    /// One of [`kind`].
    pub(super) kind: u16,
    /// Bit 0: a result is wanted.
    pub(super) flags: u16,
    /// Comes back in the result.
    pub(super) request: u32,
}

/// One packet of either direction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Packet<'a> {
    pub(super) npl: Npl,
    pub(super) content: Content<'a>,
}

/// What the NPL layer carries.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content<'a> {
    /// Type 1: what was wrong with a packet of ours.
    Error(u32),
    /// Type 2.
    Nph(Nph, Body<'a>),
    /// Type 3, and whatever is encrypted.
    Other(&'a [u8]),
}

/// Data of an NPH packet.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body<'a> {
    /// Type 0 of any service.
    Result(u32),
    /// Service 0, type 100.
    Login(Login<'a>),
    /// Service 1, type 100 (history) and 101 (real time).
    Navigation(Navigation<'a>),
    /// Service 5, type 100, either way.
    Text(Text<'a>),
    /// Service 5, type 102: what became of a text.
    Receipt(Receipt),
    /// Any other.
    Other(&'a [u8]),
}

/// Service 0, type 100 (specification 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Login<'a> {
    /// Major and minor.
    pub(super) version: (u16, u16),
    /// Of unknown meaning.
    pub(super) flags: u16,
    /// Device address.
    pub(super) address: u32,
    /// Largest packet that the device takes; 0: it does not say.
    pub(super) max_packet: u32,
    /// IMEI (15 digits) and IMSI (15 digits), without the NUL.
    pub(super) ids: &'a [u8],
}

/// Cells of a navigation packet (specification 4).
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Navigation<'a> {
    /// The cells that could be read.
    pub(super) cells: Vec<Cell<'a>>,
    /// Where reading had to stop: cells have no length.
    pub(super) unknown: &'a [u8],
}

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    /// Number of this cell among its equals.
    pub(super) index: u8,
    /// What it holds.
    pub(super) content: CellContent<'a>,
}

/// Content of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellContent<'a> {
    /// Type 0.
    Position(Position),
    /// Type 2.
    State(State),
    /// Type 8.
    Fuel(Fuel),
    /// Of another type with known length.
    Raw {
        /// The type.
        kind: u8,
        /// What follows type and index.
        bytes: &'a [u8],
    },
}

/// Cell 0, in the units of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Unix seconds.
    pub(super) time: u32,
    /// Degrees × 10 000 000; the hemisphere is in the flags.
    pub(super) longitude: u32,
    /// Degrees × 10 000 000; the hemisphere is in the flags.
    pub(super) latitude: u32,
    /// 0x80 valid, 0x40 east, 0x20 north.
    pub(super) flags: u8,
    /// Backup battery, 20 mV.
    pub(super) battery: u8,
    /// km/h.
    pub(super) speed: u16,
    /// km/h, average or maximum.
    pub(super) other_speed: u16,
    /// Degrees clockwise from north.
    pub(super) course: u16,
    /// Metres.
    pub(super) track: u16,
    /// Metres.
    pub(super) altitude: i16,
    /// Count.
    pub(super) satellites: u8,
    /// Position dilution of precision.
    pub(super) pdop: u8,
}

/// Cell 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// Analogue inputs.
    pub(super) analogue: [u16; 4],
    /// Digital inputs, a bit each.
    pub(super) inputs: u8,
    /// Digital outputs, a bit each.
    pub(super) outputs: u8,
    /// Counters of the inputs.
    pub(super) counters: [u16; 4],
    /// In no stated unit.
    pub(super) track: u32,
    pub(super) gsm_level: u8,
    pub(super) gps_state: u8,
    pub(super) acceleration: u8,
    /// 200 mV.
    pub(super) supply: u8,
}

/// Cell 8: a fuel level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fuel {
    /// 0: the levels are valid.
    pub(super) state: u8,
    pub(super) millimetres: u16,
    /// 0: only the millimetres are known.
    pub(super) litres: u16,
    pub(super) reserved: u8,
}

/// Service 5, type 100 (specification 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text<'a> {
    /// Number of the message, of the side that sends it.
    pub(super) message: u16,
    /// Bits 0 to 14 number from 0, bit 15 last.
    pub(super) fragment: u16,
    /// 0: the display.
    pub(super) device: u32,
    /// [`MESSAGE_SCRIPT`], or something that is no text.
    pub(super) content: u32,
    /// Markup.
    pub(super) text: &'a [u8],
}

/// Service 5, type 102.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    /// The text's fragment word, or 0.
    pub(super) fragment: u16,
    /// One of [`code`].
    pub(super) result: u32,
    /// The text's message number.
    pub(super) message: u16,
}
