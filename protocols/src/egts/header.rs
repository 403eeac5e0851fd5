//! The transport header (section 2): what it says, whether it can be trusted, and how it is written.

use bytes::{BufMut as _, Bytes, BytesMut};
use crc::{CRC_16_IBM_3740, Crc, Table};

use super::message::code;

/// CRC-8 of the header: polynomial 0x31, initial value 0xFF, not reflected. Seldom more than 15 bytes.
const HEADER_CRC: Crc<u8> = Crc::<u8>::new(&crc::Algorithm {
    width: 8,
    poly: 0x31,
    init: 0xff,
    refin: false,
    refout: false,
    xorout: 0,
    check: 0xf7,
    residue: 0,
});
/// CRC-16 of the body: polynomial 0x1021, initial value 0xFFFF, not reflected.
static BODY_CRC: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_IBM_3740);

/// The only protocol version.
pub(super) const VERSION: u8 = 1;
/// Length of a header without route fields, its CRC included.
pub(super) const SHORT: usize = 11;
/// Length of a header with route fields.
pub(super) const LONG: usize = 16;
/// Longest body (section 2).
pub(super) const MAX_BODY: usize = 65_517;

/// Flag bit: route fields are there.
const ROUTED: u8 = 0x20;
/// Flag bits: encryption algorithm.
const ENCRYPTION: u8 = 0x18;
/// Flag bit: the body is compressed.
const COMPRESSED: u8 = 0x04;
/// Flag bits that no version 1 packet has.
const PREFIX: u8 = 0xc0;

/// Packet types.
pub(super) mod packet {
    /// Answers a packet.
    pub(in crate::egts) const RESPONSE: u8 = 0;
    /// Carries records.
    pub(in crate::egts) const APPDATA: u8 = 1;
    /// Carries records behind a signature.
    pub(in crate::egts) const SIGNED_APPDATA: u8 = 2;
}

/// Route fields: between systems of several dispatchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    /// PRA: sender.
    pub(super) sender: u16,
    /// RCA: recipient.
    pub(super) recipient: u16,
    /// TTL: hops left.
    pub(super) hops: u8,
}

impl Route {
    /// The way back, with all the hops that two neighbours of a small net may need.
    pub(super) const fn back(self) -> Self {
        Self { sender: self.recipient, recipient: self.sender, hops: 15 }
    }
}

/// A transport header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// SKID: key number.
    pub(super) key: u8,
    /// Flags as received: route, encryption, compression, priority.
    pub(super) flags: u8,
    /// HL.
    pub(super) length: usize,
    /// HE, reserved.
    pub(super) encoding: u8,
    /// FDL: length of the body.
    pub(super) body: usize,
    /// PID.
    pub(super) id: u16,
    /// PT.
    pub(super) kind: u8,
    /// Route fields.
    pub(super) route: Option<Route>,
}

/// What the beginning of a packet is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Too few bytes.
    Short,
    /// A header in good order.
    Good(Header),
    /// The header's CRC does not fit: nothing in it can be trusted, its length neither.
    Damaged {
        /// Computed.
        expected: u8,
        /// Carried.
        found: u8,
    },
    /// Not a header of version 1: result code that says what is wrong (section 2.1).
    Foreign(u8),
}

/// Judges the beginning of a packet (section 2.1, steps 1 to 3) as soon as enough bytes are there.
pub(super) fn start(input: &[u8]) -> Start {
    if let Some(code) = foreign(input) {
        // What can be seen from the first bytes is answered with the packet's number, which is further back.
        return if input.len() < SHORT { Start::Short } else { Start::Foreign(code) };
    }
    let Some(&[_, key, flags, length, encoding, f0, f1, p0, p1, kind]) = input.first_chunk() else {
        return Start::Short;
    };
    let length = usize::from(length);
    let Some((&found, covered)) = input.get(..length).and_then(<[u8]>::split_last) else {
        return Start::Short;
    };
    let expected = header_crc(covered);
    if expected != found {
        return Start::Damaged { expected, found };
    }
    let route = match covered.get(10..) {
        Some(&[s0, s1, r0, r1, hops]) => Some(Route {
            sender: u16::from_le_bytes([s0, s1]),
            recipient: u16::from_le_bytes([r0, r1]),
            hops,
        }),
        _ => None,
    };
    Start::Good(Header {
        key,
        flags,
        length,
        encoding,
        body: usize::from(u16::from_le_bytes([f0, f1])),
        id: u16::from_le_bytes([p0, p1]),
        kind,
        route,
    })
}

/// What shows in `input`, however short, that it is no header of version 1.
pub(super) fn foreign(input: &[u8]) -> Option<u8> {
    if input.first().is_some_and(|&version| version != VERSION) {
        return Some(code::UNSUPPORTED_PROTOCOL);
    }
    let &flags = input.get(2)?;
    if flags & PREFIX != 0 {
        return Some(code::UNSUPPORTED_PROTOCOL);
    }
    let &length = input.get(3)?;
    let expected = if flags & ROUTED != 0 { LONG } else { SHORT };
    (usize::from(length) != expected).then_some(code::WRONG_HEADER)
}

impl Header {
    /// Length of the whole packet.
    pub(super) const fn total(&self) -> usize {
        self.length + self.body + if self.body > 0 { 2 } else { 0 }
    }

    /// Why a packet with this header is not processed (section 2.1, steps 4, 7 and 8, and section 10).
    pub(super) fn refusal(&self) -> Option<u8> {
        match self {
            Self { route: Some(Route { hops: 0, .. }), .. } => Some(code::HOPS_EXHAUSTED),
            Self { flags, .. } if flags & ENCRYPTION != 0 => Some(code::DECRYPTION),
            Self { flags, .. } if flags & COMPRESSED != 0 => Some(code::WRONG_DATA),
            Self { kind: packet::RESPONSE..=packet::SIGNED_APPDATA, .. } => None,
            _ => Some(code::UNSUPPORTED_TYPE),
        }
    }
}

/// CRC-8 of what stands before it in a header.
pub(super) fn header_crc(covered: &[u8]) -> u8 {
    HEADER_CRC.checksum(covered)
}

/// CRC-16 of a body.
pub(super) fn body_crc(body: &[u8]) -> u16 {
    BODY_CRC.checksum(body)
}

/// One packet as it goes on the wire. A body beyond [`MAX_BODY`] is cut off there; nothing in this folder makes one.
pub(super) fn seal(kind: u8, id: u16, route: Option<Route>, body: &[u8]) -> Bytes {
    let body = body.get(..MAX_BODY).unwrap_or(body);
    let mut packet = BytesMut::with_capacity(LONG + body.len() + 2);
    let (flags, length) = if route.is_some() { (ROUTED, LONG) } else { (0, SHORT) };
    packet.put_slice(&[VERSION, 0, flags, u8::try_from(length).unwrap_or(0), 0]);
    packet.put_u16_le(u16::try_from(body.len()).unwrap_or(0));
    packet.put_u16_le(id);
    packet.put_u8(kind);
    if let Some(route) = route {
        packet.put_u16_le(route.sender);
        packet.put_u16_le(route.recipient);
        packet.put_u8(route.hops);
    }
    let crc = header_crc(&packet);
    packet.put_u8(crc);
    if !body.is_empty() {
        packet.put_slice(body);
        packet.put_u16_le(body_crc(body));
    }
    packet.freeze()
}

/// A packet that was damaged on its way, as far as it can be answered: its number.
pub(super) fn claimed_id(raw: &[u8]) -> Option<u16> {
    raw.get(7..9)?.first_chunk().map(|id| u16::from_le_bytes(*id))
}
