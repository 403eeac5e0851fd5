//! Packets as types: what is on the wire, borrowed from the frame. Numbers are little-endian unless said otherwise.

use bytes::Bytes;

/// Packet headers.
pub(super) mod header {
    /// Records, commands, answers.
    pub(crate) const MAIN: u8 = 0x01;
    /// Confirmation of another packet.
    pub(crate) const CONFIRMATION: u8 = 0x02;
    /// Garmin FMI bytes.
    pub(crate) const GARMIN: u8 = 0x06;
    /// Part of a photo; three bytes long, the confirmation of one.
    pub(crate) const PHOTO: u8 = 0x07;
    /// Compressed records.
    pub(crate) const COMPRESSED: u8 = 0x08;
}

/// Bit of the length field that says that the device's archive holds more.
pub(super) const ARCHIVE: u16 = 0x8000;

/// A packet.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Packet<'a> {
    /// 0x01.
    Main(Main<'a>),
    /// 0x02: checksum of the packet that is confirmed.
    Confirmation(u16),
    /// 0x06.
    Garmin(&'a [u8]),
    /// 0x07.
    Photo {
        /// Number of the part.
        part: u8,
        /// Bytes of the picture; none in the last part.
        data: &'a [u8],
    },
    /// 0x08.
    Compressed {
        /// The records.
        records: Vec<Compressed<'a>>,
        /// From the value of the first tag of unknown length on; empty if all are known.
        rest: &'a [u8],
    },
}

/// Content of a main packet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Main<'a> {
    /// The device's archive holds records that have not been sent: these come from there.
    pub(super) archive: bool,
    /// The tags of all records, in wire order.
    pub(super) tags: Vec<Tag<'a>>,
    /// From the first tag of unknown length on; empty if all are known.
    pub(super) rest: &'a [u8],
}

impl<'a> Main<'a> {
    /// The records, at least one tag each: tags ascend within one, so a tag that does not begins the next.
    pub(super) fn records(&self) -> impl Iterator<Item = &[Tag<'a>]> {
        self.tags.chunk_by(|tag, next| tag.id < next.id)
    }
}

/// One tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// What it is.
    pub(super) id: u8,
    /// Its value, without the length that some have.
    pub(super) value: &'a [u8],
}

/// One record of a compressed packet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Compressed<'a> {
    /// What every record has.
    pub(super) minimal: Minimal,
    /// The tags that were listed for it.
    pub(super) tags: Vec<Tag<'a>>,
}

/// The minimal data set: 80 bits, high bit first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Minimal {
    /// First bit; not interpreted.
    pub(super) flag: bool,
    /// Second of the year, UTC (25 bits).
    pub(super) second: u32,
    /// The position is not good (1 bit).
    pub(super) invalid: bool,
    /// 360/2²² of a degree, from −180 (22 bits).
    pub(super) longitude: u32,
    /// 180/2²¹ of a degree, from −90 (21 bits).
    pub(super) latitude: u32,
    /// Alarm (1 bit).
    pub(super) alarm: bool,
    /// What is left of the last byte (9 bits).
    pub(super) rest: u16,
}

/// A command, or the answer to one, with its number (tags E0 and E1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// IMEI of the device, 15 digits; `None` if it never said.
    pub(super) imei: Option<Bytes>,
    /// Number of the device (tag 04).
    pub(super) device: u16,
    /// Number of the command.
    pub(super) number: u32,
    /// What to do, or what came of it; at most 255 bytes.
    pub(super) text: Vec<u8>,
}

/// A number of one to four bytes, low one first.
#[inline]
pub(super) fn number(value: &[u8]) -> i64 {
    value.iter().rev().fold(0, |number, &byte| (number << 8) | i64::from(byte))
}
