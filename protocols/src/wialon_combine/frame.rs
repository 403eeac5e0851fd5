//! Cutting the stream (specification 1, 2, 6.2 and 7).
//!
//! A frame is a whole packet, answer or command, with its checksum, which is verified here. The head's two bytes occur inside data:
//! only the length says where a packet ends, and where no head follows the stream is lost.

use crate::wire::number::{be_u8, be_u16};
use memchr::memchr;
use nom::IResult;

use super::message::{code, kind};
use super::number;
use crate::framing::{Cut, Framer, FramingError, Limits, Rejection};
use crate::protocol::Detection;

/// First bytes of a packet from a device.
pub(super) const PACKET_HEAD: [u8; 2] = [0x24, 0x24];
/// First bytes of what a server sends.
pub(super) const SERVER_HEAD: [u8; 2] = [0x40, 0x40];
/// Bytes of a checksum.
pub(super) const CHECKSUM: usize = 2;
/// Largest packet beyond the limit that is skipped to stay in step; a longer one ends the connection.
const MAX_SKIPPED: usize = 1024 * 1024;

static ARC: crc::Crc<u16, crc::Table<16>> = crc::Crc::<u16, crc::Table<16>>::new(&crc::CRC_16_ARC);

/// CRC-16/ARC; stored high byte first, unlike in most formats that use it.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    ARC.checksum(bytes)
}

/// What stands before the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// From a device, with length and checksum.
    Packet { kind: u16, seq: u16, length: u32 },
    /// From a device: nothing follows.
    KeepAlive { seq: u16 },
    /// From a server: nothing follows.
    Answer { code: u8, seq: u16 },
    /// From a server, with length and checksum.
    Command { length: u32 },
}

impl Header {
    /// The header at the front of `input`, and its size; `None`: more bytes are needed. The head is taken for granted.
    pub(super) fn read(input: &[u8]) -> Option<(Self, usize)> {
        let parsed = if input.starts_with(&SERVER_HEAD) { server(input) } else { device(input) };
        let (rest, header) = parsed.ok()?;
        Some((header, input.len() - rest.len()))
    }

    /// Bytes of content, if content and checksum follow.
    const fn length(self) -> Option<u32> {
        match self {
            Self::Packet { length, .. } | Self::Command { length } => Some(length),
            Self::KeepAlive { .. } | Self::Answer { .. } => None,
        }
    }
}

fn device(input: &[u8]) -> IResult<&[u8], Header> {
    let (rest, _) = be_u16(input)?;
    let (rest, kind) = number::short(rest)?;
    let (rest, seq) = be_u16(rest)?;
    if kind == kind::KEEP_ALIVE {
        return Ok((rest, Header::KeepAlive { seq }));
    }
    // Of a type that nobody knows it is presumed that it has what the other two have.
    let (rest, length) = number::long(rest)?;
    Ok((rest, Header::Packet { kind, seq, length }))
}

fn server(input: &[u8]) -> IResult<&[u8], Header> {
    let (rest, _) = be_u16(input)?;
    let (rest, code) = be_u8(rest)?;
    if code == code::COMMAND {
        let (rest, length) = number::long(rest)?;
        return Ok((rest, Header::Command { length }));
    }
    let (rest, seq) = be_u16(rest)?;
    Ok((rest, Header::Answer { code, seq }))
}

/// Who wrote the stream: its first byte says it, and it does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Device,
    Server,
}

/// The framer.
#[derive(Debug)]
pub(super) struct CombineFramer {
    max_frame: usize,
    side: Option<Side>,
    /// Bytes of an oversized packet that are still to be thrown away.
    skip: usize,
}

impl CombineFramer {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { max_frame: limits.max_frame, side: None, skip: 0 }
    }

    fn framed<'a>(&mut self, input: &'a [u8]) -> Result<Cut<'a>, FramingError> {
        let Some((header, size)) = Header::read(input) else {
            return Ok(Cut::WAIT);
        };
        let Some(length) = header.length() else {
            return Ok(Cut::valid(size, input.get(..size).unwrap_or(input)));
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let behind = length.saturating_add(CHECKSUM);
        let whole = size.saturating_add(behind);
        if whole > self.max_frame {
            let limit = self.max_frame;
            if whole > MAX_SKIPPED {
                return Err(FramingError::Oversize { declared: length, limit });
            }
            self.skip = behind;
            let head = input.get(..size).unwrap_or(input);
            return Ok(Cut::rejected(size, head, Rejection::TooLong { limit }));
        }
        let Some((content, sum)) =
            input.get(..whole).and_then(<[u8]>::split_last_chunk::<CHECKSUM>)
        else {
            return Ok(Cut::WAIT);
        };
        let frame = input.get(..whole).unwrap_or(input);
        let (found, expected) = (u16::from_be_bytes(*sum), checksum(content));
        if found == expected {
            return Ok(Cut::valid(whole, frame));
        }
        let reason = Rejection::Checksum { expected: expected.into(), found: found.into() };
        Ok(Cut::rejected(whole, frame, reason))
    }

    /// A command without a frame: one line.
    fn line<'a>(&self, input: &'a [u8]) -> Result<Cut<'a>, FramingError> {
        let window = input.get(..self.max_frame).unwrap_or(input);
        match memchr(b'\n', window) {
            Some(at) => Ok(Cut::valid(at + 1, window.get(..=at).unwrap_or(window))),
            None if window.len() < self.max_frame => Ok(Cut::WAIT),
            None => Err(FramingError::Oversize { declared: input.len(), limit: self.max_frame }),
        }
    }
}

impl Framer for CombineFramer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        let Some(&first) = input.first() else {
            return Ok(Cut::WAIT);
        };
        if self.skip > 0 {
            let here = self.skip.min(input.len());
            self.skip -= here;
            return Ok(Cut::skip(here));
        }
        let head = match (self.side, first) {
            (None | Some(Side::Device), 0x24) => PACKET_HEAD,
            (None | Some(Side::Server), 0x40) => SERVER_HEAD,
            (Some(Side::Server), b'#') => return self.line(input),
            (None, _) => return Err(FramingError::Foreign { first }),
            // The length of the packet before was wrong.
            (Some(_), _) => return Err(FramingError::Garbage { skipped: 1, limit: 0 }),
        };
        match input.get(..2) {
            None => return Ok(Cut::WAIT),
            Some(found) if found == head => {}
            Some(_) if self.side.is_none() => return Err(FramingError::Foreign { first }),
            Some(_) => return Err(FramingError::Garbage { skipped: 2, limit: 0 }),
        }
        self.side = Some(if head == PACKET_HEAD { Side::Device } else { Side::Server });
        self.framed(input)
    }
}

/// Whether a connection that begins with `start` can be ours: it begins with a login, version below 16, with an identity and
/// password of known types. Other protocols begin with `$$` too, so all of this is looked at.
pub(super) fn detect(start: &[u8]) -> Detection {
    let shared = start.len().min(PACKET_HEAD.len());
    if start.get(..shared) != PACKET_HEAD.get(..shared) {
        return Detection::No;
    }
    match start.get(2) {
        None | Some(0 | 0x80) => {}
        Some(_) => return Detection::No,
    }
    let Some((header, size)) = Header::read(start) else {
        return Detection::Maybe;
    };
    match header {
        Header::Packet { kind: kind::LOGIN, length: 4..=1024, .. } => {}
        _ => return Detection::No,
    }
    match start.get(size..).unwrap_or_default() {
        [] => Detection::Maybe,
        [1..=15] => Detection::Maybe,
        [1..=15, flags, ..] if (1..=4).contains(&(flags >> 4)) && flags & 0x0f <= 4 => {
            Detection::Yes
        }
        _ => Detection::No,
    }
}
