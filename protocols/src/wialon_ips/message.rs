//! The packets as values, in the specification's words. No logic; texts stay bytes, because only the device's options say in
//! which charset they are.

use jiff::Timestamp;

/// What the login decided (specification 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// 1.1: no checksums.
    V1,
    /// 2.0 and later: checksums.
    V2,
}

/// Most records of one black box that are read (specification 4.4).
pub(super) const MAX_RECORDS: usize = 5000;
/// Most parameters of one record that are kept (specification 4.3).
pub(super) const MAX_PARAMETERS: usize = 200;
/// Longest identity in bytes; the specification names none, an IMEI has 15.
pub(super) const MAX_IDENTITY: usize = 64;

/// One packet of either direction.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Packet<'a> {
    /// `L`: login.
    Login(Login<'a>),
    /// `P`: ping.
    Ping,
    /// `SD`: short data.
    ShortData(Record<'a>),
    /// `D`: extended data.
    Data(Record<'a>),
    /// `B`: records from the device's memory.
    BlackBox(BlackBox<'a>),
    /// `M`: a text, either way.
    Message(&'a [u8]),
    /// `QI`: the server asks for a picture.
    PictureRequest,
    /// `I`: one block of a picture.
    Picture(Picture<'a>),
    /// `QT`: the server asks for a tachograph file of this driver.
    TachographRequest(&'a [u8]),
    /// `IT`: a tachograph file is going to follow.
    TachographFile(TachographFile<'a>),
    /// `T`: one block of a tachograph file.
    TachographBlock(TachographBlock<'a>),
    /// `US`: firmware for the device.
    Firmware(&'a [u8]),
    /// `UC`: configuration for the device.
    Configuration(&'a [u8]),
    /// `AL`, `AP`, `ASD`, …: the answer to another packet.
    Answer(Answer<'a>),
    /// A line without `#…#`: a command of the device's maker.
    Command(&'a [u8]),
    /// A packet of a type that the specification does not explain.
    Unknown {
        /// Its type.
        kind: &'a [u8],
        /// Its body.
        body: &'a [u8],
    },
}

/// `L` (specification 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Login<'a> {
    /// What the packet itself shows: every later packet follows it.
    pub(super) version: Version,
    /// IMEI, serial number or free id.
    pub(super) id: &'a [u8],
    /// `None`: none (`NA`, `N/A` or empty).
    pub(super) password: Option<&'a [u8]>,
}

/// One record: the body of `SD` or `D` (specification 4.2 and 4.3). `None` everywhere is `NA`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Record<'a> {
    /// When, UTC. `None`: use the server's time.
    pub(super) time: Option<Timestamp>,
    /// Where.
    pub(super) position: Option<Position>,
    /// km/h.
    pub(super) speed: Option<f64>,
    /// Degrees clockwise from north.
    pub(super) course: Option<f64>,
    /// Metres.
    pub(super) altitude: Option<f64>,
    /// Count.
    pub(super) satellites: Option<u16>,
    /// What only `D` has.
    pub(super) extended: Option<Extended<'a>>,
}

/// Degrees, north and east positive; not necessarily on the globe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

/// The second half of a `D` body.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Extended<'a> {
    /// Horizontal dilution of precision.
    pub(super) hdop: Option<f64>,
    /// Digital inputs, a bit each.
    pub(super) inputs: Option<u32>,
    /// Digital outputs, a bit each.
    pub(super) outputs: Option<u32>,
    /// Analogue inputs in the device's unit.
    pub(super) adc: Vec<Option<f64>>,
    /// Driver key (iButton).
    pub(super) driver_key: Option<&'a [u8]>,
    /// Named values.
    pub(super) parameters: Vec<Parameter<'a>>,
}

/// `name:type:value`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parameter<'a> {
    /// Not empty, without space, comma, colon.
    pub(super) name: &'a [u8],
    /// Typed value.
    pub(super) value: ParameterValue<'a>,
}

/// Value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ParameterValue<'a> {
    /// Type 1.
    Integer(i64),
    /// Type 2.
    Double(f64),
    /// Type 3, and what types 1 and 2 hold when it is not a number.
    String(&'a [u8]),
}

/// `B` (specification 4.4).
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct BlackBox<'a> {
    /// The records that could be read.
    pub(super) records: Vec<Record<'a>>,
    /// Records that could not.
    pub(super) unreadable: usize,
}

/// `I` (specification 4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Picture<'a> {
    /// Number of this block, from 0.
    pub(super) index: u32,
    /// Number of the last block.
    pub(super) last: u32,
    /// When it was taken.
    pub(super) time: Option<Timestamp>,
    /// File name.
    pub(super) name: &'a [u8],
    /// The block.
    pub(super) data: &'a [u8],
}

/// `IT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TachographFile<'a> {
    /// When it was made.
    pub(super) time: Option<Timestamp>,
    /// Whose it is.
    pub(super) driver: &'a [u8],
    /// Names the file in the `T` packets.
    pub(super) code: &'a [u8],
    /// Number of the last block, from 0.
    pub(super) last: u32,
}

/// `T`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TachographBlock<'a> {
    /// The file's name.
    pub(super) code: &'a [u8],
    /// Number of this block, from 0.
    pub(super) index: u32,
    /// The block.
    pub(super) data: &'a [u8],
}

/// Answers to packets: `A` and the type of what is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    /// The whole type, `AL` for example.
    pub(super) kind: &'a [u8],
    /// What stands behind it: a code, a count, or nothing.
    pub(super) code: &'a [u8],
}
