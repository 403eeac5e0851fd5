//! Framing: packets by header and length, verified by their checksum, which stays in the frame because answers quote it.

use bytes::{BufMut, Bytes, BytesMut};

use super::message::{ARCHIVE, header};
use super::tags;
use crate::framing::{Cut, Framer, FramingError, Limits, Rejection};
use crate::protocol::Detection;

/// Header and length.
pub(super) const HEAD: usize = 3;
/// The checksum.
pub(super) const CHECKSUM: usize = 2;
/// A confirmation: header and the checksum of what it confirms.
const CONFIRMATION: usize = 3;
/// Largest packet: the manual says 1000 bytes for records; photos come near it.
const MAX_PACKET: usize = 4096;
/// What stands behind the length of a satellite modem's packet: its first element, 28 bytes of identification.
const SATELLITE: [u8; 3] = [0x01, 0x00, 0x1c];

static MODBUS: crc::Crc<u16, crc::Table<16>> =
    crc::Crc::<u16, crc::Table<16>>::new(&crc::CRC_16_MODBUS);

/// CRC-16/MODBUS over `bytes`.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    MODBUS.checksum(bytes)
}

/// A whole packet around `body`; `None` if it is too long for one.
pub(super) fn seal(header: u8, archive: bool, body: &[u8]) -> Option<Bytes> {
    let length = u16::try_from(body.len()).ok().filter(|length| length & ARCHIVE == 0)?;
    let mut packet = BytesMut::with_capacity(HEAD + body.len() + CHECKSUM);
    packet.put_u8(header);
    packet.put_u16_le(if archive { length | ARCHIVE } else { length });
    packet.put_slice(body);
    packet.put_u16_le(checksum(&packet));
    Some(packet.freeze())
}

/// The three bytes that confirm a packet with this checksum.
pub(super) fn confirmation(header: u8, checksum: u16) -> Bytes {
    let [low, high] = checksum.to_le_bytes();
    Bytes::copy_from_slice(&[header, low, high])
}

/// The checksum at the end of a packet.
pub(super) fn carried(packet: &[u8]) -> u16 {
    packet.last_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

/// The framer.
#[derive(Debug)]
pub(super) struct GalileoskyFramer {
    max_frame: usize,
    max_garbage: usize,
    /// Bytes since the last packet that belong to none.
    garbage: usize,
    /// A packet was seen: the peer speaks this protocol.
    started: bool,
}

impl GalileoskyFramer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            max_frame: limits.max_frame.min(MAX_PACKET),
            max_garbage: limits.max_garbage,
            garbage: 0,
            started: false,
        }
    }

    fn noise<'a>(&mut self, first: u8) -> Result<Cut<'a>, FramingError> {
        if !self.started {
            return Err(FramingError::Foreign { first });
        }
        self.garbage = self.garbage.saturating_add(1);
        if self.garbage > self.max_garbage {
            return Err(FramingError::Garbage { skipped: self.garbage, limit: self.max_garbage });
        }
        Ok(Cut::skip(1))
    }

    /// A packet of `total` bytes if it is there and its checksum is right.
    fn packet<'a>(&mut self, input: &'a [u8], total: usize) -> Cut<'a> {
        let Some(packet) = input.get(..total) else {
            return Cut::WAIT;
        };
        let covered = packet.get(..total - CHECKSUM).unwrap_or_default();
        let (expected, found) = (checksum(covered), carried(packet));
        self.started = true;
        if expected != found {
            let reason = Rejection::Checksum { expected: expected.into(), found: found.into() };
            return Cut::rejected(total, packet, reason);
        }
        self.garbage = 0;
        Cut::valid(total, packet)
    }

    /// What a satellite modem sends: big-endian length, no checksum.
    fn satellite<'a>(&mut self, input: &'a [u8]) -> Option<Cut<'a>> {
        let &[header::MAIN, high, low, ref rest @ ..] = input else {
            return None;
        };
        if !rest.starts_with(&SATELLITE) {
            return None;
        }
        let total = HEAD + usize::from(u16::from_be_bytes([high, low]));
        if total > self.max_frame {
            return None;
        }
        self.started = true;
        Some(match input.get(..total) {
            Some(packet) => Cut::rejected(total, packet, Rejection::Malformed),
            None => Cut::WAIT,
        })
    }
}

impl Framer for GalileoskyFramer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        let Some(&first) = input.first() else {
            return Ok(Cut::WAIT);
        };
        match first {
            header::MAIN | header::GARMIN | header::PHOTO | header::COMPRESSED => {}
            header::CONFIRMATION => {
                self.started = true;
                return Ok(match input.get(..CONFIRMATION) {
                    Some(packet) => Cut::valid(CONFIRMATION, packet),
                    None => Cut::WAIT,
                });
            }
            _ => return self.noise(first),
        }
        if let Some(cut) = self.satellite(input) {
            return Ok(cut);
        }
        let &[_, low, high, ..] = input else {
            return Ok(Cut::WAIT);
        };
        let declared = usize::from(u16::from_le_bytes([low, high]) & !ARCHIVE);
        let total = HEAD + declared + CHECKSUM;
        if total <= self.max_frame {
            return Ok(self.packet(input, total));
        }
        // It may still be a satellite modem's.
        if first == header::MAIN && input.len() < HEAD + SATELLITE.len() {
            return Ok(Cut::WAIT);
        }
        match self.started {
            true => Err(FramingError::Oversize { declared: total, limit: self.max_frame }),
            false => Err(FramingError::Foreign { first }),
        }
    }
}

/// A connection begins with a main packet whose tags, in ascending order, lead to an IMEI or a device number. (EGTS begins with
/// 01 as well, but has its header's length, 0B or 10, where the first tag stands.)
pub(super) fn detect(start: &[u8]) -> Detection {
    if start.first() != Some(&header::MAIN) {
        return Detection::No;
    }
    let &[_, low, high, ref body @ ..] = start else {
        return Detection::Maybe;
    };
    let declared = usize::from(u16::from_le_bytes([low, high]) & !ARCHIVE);
    if !(HEAD..=MAX_PACKET).contains(&declared) {
        return Detection::No;
    }
    let mut rest = body;
    for version in [0x01, 0x02] {
        match *rest {
            [tag] | [tag, _] if tag == version => return Detection::Maybe,
            [tag, _, ref behind @ ..] if tag == version => rest = behind,
            _ => {}
        }
    }
    identified(rest)
}

/// Whether an identity stands here.
fn identified(body: &[u8]) -> Detection {
    match *body {
        [] | [tags::IMEI] => Detection::Maybe,
        [tags::IMEI, ref digits @ ..] => {
            let mut digits = digits.iter().take(15);
            if digits.all(u8::is_ascii_digit) { Detection::Yes } else { Detection::No }
        }
        [tags::DEVICE] | [tags::DEVICE, _] | [tags::DEVICE, _, _] => Detection::Maybe,
        [tags::DEVICE, _, _, next, ..] => {
            // The next tag, or the checksum of a packet that holds nothing else.
            if next > tags::DEVICE { Detection::Yes } else { Detection::No }
        }
        _ => Detection::No,
    }
}
