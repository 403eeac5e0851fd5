//! Cutting the stream into packets (specification, section 1), and closing packets of our own.
//!
//! A frame is one whole packet, from its start bits to its stop bits, with the checksum verified.

use bytes::Bytes;
use memchr::{memchr2, memmem};

use crate::framing::{Cut, Framer, FramingError, Limits, Noise, Rejection};

/// Start bits of a packet with a length of one byte.
const SHORT: [u8; 2] = [0x78, 0x78];
/// Start bits of a packet with a length of two bytes.
const LONG: [u8; 2] = [0x79, 0x79];
/// Stop bits.
const STOP: [u8; 2] = [0x0d, 0x0a];
/// Longest packet that is waited for. Photographs come in blocks of a few kilobytes.
const MAX_PACKET: usize = 8192;
/// Smallest length field: protocol number, serial, checksum.
const MIN_LENGTH: usize = 5;
/// Bytes of a rejected packet that are handed out.
const REJECTED_HEAD: usize = 256;

static X25: crc::Crc<u16, crc::Table<16>> =
    crc::Crc::<u16, crc::Table<16>>::new(&crc::CRC_16_IBM_SDLC);

/// CRC-16/X-25.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    X25.checksum(bytes)
}

/// The parts of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    /// Protocol number.
    pub(super) kind: u8,
    /// What stands between protocol number and serial.
    pub(super) content: &'a [u8],
    /// Where the content begins in the frame.
    pub(super) offset: usize,
    /// The sender's serial.
    pub(super) serial: u16,
    /// The packet has a length of two bytes.
    pub(super) long: bool,
}

/// Takes a frame apart; `None` if it is not a whole packet.
pub(super) fn split(frame: &[u8]) -> Option<Packet<'_>> {
    let (start, rest) = frame.split_first_chunk()?;
    let long = *start == LONG;
    let offset = if long { 5 } else { 4 };
    let (&kind, rest) = rest.get(offset - 3..)?.split_first()?;
    let (content, tail) = rest.split_at_checked(rest.len().checked_sub(6)?)?;
    let &[high, low, _, _, STOP_0, STOP_1] = tail else { return None };
    let serial = u16::from_be_bytes([high, low]);
    Some(Packet { kind, content, offset, serial, long })
}

const STOP_0: u8 = STOP[0];
const STOP_1: u8 = STOP[1];

/// One packet as it goes on the wire: `long`, or as short as its content allows.
pub(super) fn seal(kind: u8, content: &[u8], serial: u16, long: bool) -> Bytes {
    let length = content.len() + MIN_LENGTH;
    let mut wire = Vec::with_capacity(length + 6);
    match u8::try_from(length) {
        Ok(length) if !long => {
            wire.extend_from_slice(&SHORT);
            wire.push(length);
        }
        _ => {
            wire.extend_from_slice(&LONG);
            wire.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    wire.push(kind);
    wire.extend_from_slice(content);
    wire.extend_from_slice(&serial.to_be_bytes());
    let sum = checksum(wire.get(2..).unwrap_or_default());
    wire.extend_from_slice(&sum.to_be_bytes());
    wire.extend_from_slice(&STOP);
    wire.into()
}

/// The framer.
#[derive(Debug)]
pub(super) struct Gt06Framer {
    max_packet: usize,
    /// Bytes since the last valid frame that belong to none.
    noise: Noise,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No packet was seen: the peer may speak another protocol.
    Fresh,
    /// The input begins between packets.
    InStep,
    /// The rest of a packet whose length is wrong, up to stop bits; whether the first of them was just seen.
    Seeking { carriage_return: bool },
}

impl Gt06Framer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            max_packet: limits.max_frame.min(MAX_PACKET),
            noise: Noise::new(limits),
            state: State::Fresh,
        }
    }

    fn rejected<'a>(
        &mut self,
        packet: &'a [u8],
        reason: Rejection,
    ) -> Result<Cut<'a>, FramingError> {
        self.noise.skip(packet.len())?;
        Ok(Cut::rejected(packet.len(), packet.get(..REJECTED_HEAD).unwrap_or(packet), reason))
    }

    /// A packet whose length is wrong: what there is of it is rejected, the rest skipped.
    fn misfit<'a>(&mut self, head: &'a [u8]) -> Result<Cut<'a>, FramingError> {
        self.state = State::Seeking { carriage_return: false };
        self.rejected(head, Rejection::Malformed)
    }

    fn seek<'a>(&mut self, input: &[u8], after: bool) -> Result<Cut<'a>, FramingError> {
        let mut carriage_return = after;
        for (at, &byte) in input.iter().enumerate() {
            if carriage_return && byte == STOP[1] {
                self.state = State::InStep;
                return self.noise.skip(at + 1);
            }
            carriage_return = byte == STOP[0];
        }
        self.state = State::Seeking { carriage_return };
        self.noise.skip(input.len())
    }

    /// A packet as long as it says.
    fn judge<'a>(&mut self, packet: &'a [u8]) -> Result<Cut<'a>, FramingError> {
        self.state = State::InStep;
        let Some((body, [covered_end @ .., STOP_0, STOP_1])) = packet.split_last_chunk::<4>()
        else {
            return match inner_end(packet) {
                // The length reaches into packets behind this one.
                Some(end) => self.noise.skip(end),
                None => self.misfit(packet),
            };
        };
        let expected = checksum(body.get(2..).unwrap_or_default());
        let found = u16::from_be_bytes(*covered_end);
        if expected != found {
            let (expected, found) = (expected.into(), found.into());
            return self.rejected(packet, Rejection::Checksum { expected, found });
        }
        self.noise.reset();
        Ok(Cut::valid(packet.len(), packet))
    }
}

/// Where start bits, or the first half of them, stand behind stop bits inside `packet`.
fn inner_end(packet: &[u8]) -> Option<usize> {
    let mut ends = memmem::find_iter(packet, &STOP).map(|at| at + 2);
    ends.find(|&end| {
        let behind = packet.get(end..).unwrap_or_default();
        matches!(behind, [0x78] | [0x79] | [0x78, 0x78, ..] | [0x79, 0x79, ..])
    })
}

impl Framer for Gt06Framer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        if let (State::Seeking { carriage_return }, false) = (self.state, input.is_empty()) {
            return self.seek(input, carriage_return);
        }
        let (length, head) = match *input {
            [] | [0x78] | [0x79] | [0x78, 0x78] | [0x79, 0x79] | [0x79, 0x79, _] => {
                return Ok(Cut::WAIT);
            }
            [0x78, 0x78, length, ..] => (usize::from(length), 3),
            [0x79, 0x79, high, low, ..] => (usize::from(u16::from_be_bytes([high, low])), 4),
            // Line ends and zeros occur before the login; anything else is another protocol's.
            [first, ..]
                if self.state == State::Fresh
                    && !matches!(first, 0 | b'\r' | b'\n' | 0x78 | 0x79) =>
            {
                return Err(FramingError::Foreign { first });
            }
            // Up to the next byte that can begin a packet.
            [_, ref behind @ ..] => {
                let run = memchr2(SHORT[0], LONG[0], behind);
                return self.noise.skip(run.map_or(input.len(), |at| at + 1));
            }
        };
        let whole = head + length + 2;
        if length < MIN_LENGTH || whole > self.max_packet {
            return self.misfit(input.get(..head).unwrap_or(input));
        }
        match input.get(..whole) {
            Some(packet) => self.judge(packet),
            None => Ok(Cut::WAIT),
        }
    }
}
