//! The packets as values, in the specification's words. No logic; texts stay bytes, because only the device's options say in
//! which charset they are.

/// Longest identity in bytes; the specification names none, an IMEI has 15.
pub(super) const MAX_IDENTITY: usize = 64;
/// Most parameters of one list that are kept; a real frame has 14. The count has 15 bits.
pub(super) const MAX_PARAMETERS: usize = 1000;

/// Packet types (specification 1).
pub(super) mod kind {
    pub(in super::super) const LOGIN: u16 = 0;
    pub(in super::super) const DATA: u16 = 1;
    pub(in super::super) const KEEP_ALIVE: u16 = 2;
}

/// Codes of the server's answer (specification 2).
pub(super) mod code {
    pub(in super::super) const STORED: u8 = 0;
    pub(in super::super) const NOT_AUTHORISED: u8 = 1;
    pub(in super::super) const WRONG_PASSWORD: u8 = 2;
    pub(in super::super) const NOT_STORED: u8 = 3;
    pub(in super::super) const BAD_CHECKSUM: u8 = 4;
    /// No answer, but a command for the device.
    pub(in super::super) const COMMAND: u8 = 255;
}

/// Anything that is on the wire, either way.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message<'a> {
    /// Device to server.
    Packet {
        /// 0 to 65 535, wraps; comes back in the answer.
        seq: u16,
        /// The content.
        packet: Packet<'a>,
    },
    /// Server to device: about a packet.
    Answer {
        /// One of [`code`], not [`code::COMMAND`].
        code: u8,
        /// Of the packet.
        seq: u16,
    },
    /// Server to device (specification 6.2).
    Command(Command<'a>),
    /// Server to device, without a frame: a line of Wialon IPS 1.1, without its line end.
    Line(&'a [u8]),
}

/// Content of a packet from the device.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Packet<'a> {
    /// Type 0.
    Login(Login<'a>),
    /// Type 1.
    Data(Data<'a>),
    /// Type 2.
    KeepAlive,
    /// Any other type.
    Unknown {
        /// The type.
        kind: u16,
        /// What it carries.
        body: &'a [u8],
    },
}

/// Type 0 (specification 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Login<'a> {
    /// 1 in all documents.
    pub(super) version: u16,
    /// Who.
    pub(super) id: Key<'a>,
    /// Type 0: none.
    pub(super) password: Option<Key<'a>>,
}

/// Identity or password, in one of four forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key<'a> {
    /// Type 1.
    U16(u16),
    /// Type 2.
    U32(u32),
    /// Type 3.
    U64(u64),
    /// Type 4, without its NUL.
    Text(&'a [u8]),
}

/// Type 1 (specification 4).
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Data<'a> {
    /// Oldest first, by custom.
    pub(super) records: Vec<Record<'a>>,
    /// Where reading had to stop: sub-records have no length.
    pub(super) unknown: Option<Unknown<'a>>,
}

/// One message of a data packet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record<'a> {
    /// Unix seconds.
    pub(super) time: u32,
    /// Its sub-records.
    pub(super) parts: Vec<SubRecord<'a>>,
}

/// A sub-record that nobody can read, and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unknown<'a> {
    /// Its type.
    pub(super) kind: u16,
    /// The rest of the packet.
    pub(super) rest: &'a [u8],
}

/// One sub-record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SubRecord<'a> {
    /// Types 0 and 5 to 10.
    Parameters {
        /// Which of them.
        group: Group,
        /// The list, at most [`MAX_PARAMETERS`] of it.
        list: Vec<Parameter<'a>>,
    },
    /// Type 1.
    Position(Position),
    /// Type 2: a bit each.
    Io {
        /// Digital inputs.
        inputs: u32,
        /// Digital outputs.
        outputs: u32,
    },
    /// Type 3.
    Picture(Picture<'a>),
    /// Type 4.
    Cells(Vec<Cell>),
    /// Type 12: what the driver typed, without its NUL.
    Text(&'a [u8]),
}

/// What a list of parameters is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// Type 0.
    Custom,
    /// Type 5.
    Fuel,
    /// Type 6.
    Temperature,
    /// Type 7.
    Can,
    /// Type 8.
    Counter,
    /// Type 9.
    Adc,
    /// Type 10.
    Driver,
}

/// Type 1, in the units of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Millionths of a degree, north positive.
    pub(super) latitude: i32,
    /// Millionths of a degree, east positive.
    pub(super) longitude: i32,
    /// km/h.
    pub(super) speed: u16,
    /// Degrees clockwise from north.
    pub(super) course: u16,
    /// Metres.
    pub(super) height: i16,
    /// Count.
    pub(super) satellites: u8,
    /// Hundredths.
    pub(super) hdop: u16,
}

/// Type 3: one block of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Picture<'a> {
    /// Number of this block, from 0.
    pub(super) index: u16,
    /// Number of the last block.
    pub(super) last: u16,
    /// File name, without its NUL.
    pub(super) name: &'a [u8],
    /// The block.
    pub(super) data: &'a [u8],
}

/// Type 4: one mobile cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) mcc: u16,
    pub(super) mnc: u16,
    pub(super) lac: u16,
    pub(super) id: u16,
    /// In no stated unit.
    pub(super) rx_level: u16,
    /// Timing advance.
    pub(super) timing_advance: u16,
}

/// One parameter (specification 5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parameter<'a> {
    /// The device's own number for it, 15 bits.
    pub(super) number: u16,
    /// An integer is divided by ten to this power, 0 to 7.
    pub(super) scale: u8,
    /// The value.
    pub(super) value: ParameterValue<'a>,
}

/// Value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ParameterValue<'a> {
    /// Type 0.
    U8(u8),
    /// Type 1.
    U16(u16),
    /// Type 2.
    U32(u32),
    /// Type 3.
    U64(u64),
    /// Type 4.
    I8(i8),
    /// Type 5, or 6 of a device that exchanges the two.
    I32(i32),
    /// Type 6, or 5 of a device that exchanges the two.
    I16(i16),
    /// Type 7.
    I64(i64),
    /// Type 8.
    F32(f32),
    /// Type 9.
    F64(f64),
    /// Type 10, without its NUL.
    Text(&'a [u8]),
}

/// A command (specification 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Command<'a> {
    /// Unix seconds.
    pub(super) time: u32,
    /// 0: text.
    pub(super) kind: u16,
    /// As it stands, with its line end.
    pub(super) text: &'a [u8],
}
