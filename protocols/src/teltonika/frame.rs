//! Cutting the stream (specification 1 and 1.1): the handshake, keep-alive bytes, frames with their checksum.
//!
//! Both directions look alike at a glance; the first byte tells them apart, because a device begins with the high byte of a
//! length, which is 0, or with keep-alives, and the platform begins with its answer to the handshake, which is 1. (An answer of 0
//! comes alone and looks like the first byte of a length: a device that is refused sees the connection close.)
//!
//! ```text
//! device    FF* | len u16 | IMEI     then   FF | 0 u32 | L u32 | L bytes | CRC u32
//! platform  01                       then   accepted u32  or  0 u32 | L u32 | L bytes | CRC u32
//! ```
//!
//! A frame is handed out whole, from its first byte to its checksum.

use crate::framing::{Cut, Framer, FramingError, Limits, Rejection};

/// Keep-alive byte between frames.
pub(super) const KEEP_ALIVE: u8 = 0xff;
/// First byte of a TLS handshake.
const TLS: u8 = 0x16;
/// Preamble and length.
pub(super) const HEAD: usize = 8;
/// The checksum's field.
pub(super) const TAIL: usize = 4;
/// Codec id and the two counts.
const MIN_DATA: usize = 3;
/// Largest L that is accepted (specification 1.1: image chunks have 2 kB).
const MAX_DATA: usize = 64 * 1024;
/// Bytes of an IMEI in the handshake; 15 in practice.
pub(super) const IMEI_LENGTHS: std::ops::RangeInclusive<usize> = 8..=32;

static ARC: crc::Crc<u16, crc::Table<16>> = crc::Crc::<u16, crc::Table<16>>::new(&crc::CRC_16_ARC);

/// CRC-16/ARC, which the vendor calls CRC-16/IBM.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    ARC.checksum(bytes)
}

/// What the checksum covers: from the codec id to the second count. Empty if `frame` is too short to be one.
pub(super) fn data(frame: &[u8]) -> &[u8] {
    frame.len().checked_sub(TAIL).and_then(|end| frame.get(HEAD..end)).unwrap_or(&[])
}

/// Puts preamble, length and checksum around `data`.
pub(super) fn enclose(data: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEAD + data.len() + TAIL);
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(data);
    frame.extend_from_slice(&u32::from(checksum(data)).to_be_bytes());
    frame
}

/// The framer.
#[derive(Debug)]
pub(super) struct TeltonikaFramer {
    max_data: usize,
    max_garbage: usize,
    side: Side,
    /// Keep-alives since the last frame.
    garbage: usize,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Nobody has said anything.
    Stranger,
    /// The device.
    Device,
    /// The platform, after its answer to the handshake.
    Platform,
}

impl TeltonikaFramer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            max_data: limits.max_frame.saturating_sub(HEAD + TAIL).min(MAX_DATA),
            max_garbage: limits.max_garbage,
            side: Side::Stranger,
            garbage: 0,
        }
    }

    fn keep_alives<'a>(&mut self, input: &[u8]) -> Result<Cut<'a>, FramingError> {
        let run = input.iter().take_while(|&&byte| byte == KEEP_ALIVE).count();
        self.garbage = self.garbage.saturating_add(run);
        if self.garbage > self.max_garbage {
            return Err(FramingError::Garbage { skipped: self.garbage, limit: self.max_garbage });
        }
        Ok(Cut::skip(run))
    }

    /// `len u16 | IMEI`.
    fn handshake<'a>(&mut self, input: &'a [u8], length: usize) -> Cut<'a> {
        match input.get(..2 + length) {
            Some(frame) => {
                self.side = Side::Device;
                self.garbage = 0;
                Cut::valid(frame.len(), frame)
            }
            None => Cut::WAIT,
        }
    }

    /// `0 u32 | L u32 | L bytes | CRC u32`.
    fn frame<'a>(&mut self, input: &'a [u8]) -> Result<Cut<'a>, FramingError> {
        let Some(&[a, b, c, d]) = input.get(4..).and_then(<[u8]>::first_chunk) else {
            return Ok(Cut::WAIT);
        };
        let declared = u32::from_be_bytes([a, b, c, d]) as usize;
        if declared > self.max_data {
            return Err(FramingError::Oversize { declared, limit: self.max_data });
        }
        let whole = HEAD + declared + TAIL;
        let Some(frame) = input.get(..whole) else {
            return Ok(Cut::WAIT);
        };
        self.garbage = 0;
        if declared < MIN_DATA {
            let reason = Rejection::TooShort { found: declared, minimum: MIN_DATA };
            return Ok(Cut::rejected(whole, frame, reason));
        }
        let expected = u32::from(checksum(data(frame)));
        let found = frame.last_chunk().map_or(0, |sum| u32::from_be_bytes(*sum));
        Ok(match expected == found {
            true => Cut::valid(whole, frame),
            false => Cut::rejected(whole, frame, Rejection::Checksum { expected, found }),
        })
    }

    /// From the platform: a count of records, or a frame. A count of 0 and a preamble begin alike; what follows the length of a
    /// frame is a message codec, what follows a count is another count or another preamble.
    fn downlink<'a>(&mut self, input: &'a [u8]) -> Result<Cut<'a>, FramingError> {
        let Some((count, behind)) = input.split_first_chunk::<4>() else {
            return Ok(Cut::WAIT);
        };
        if *count == [0; 4] {
            match behind {
                [_, _, _, _, 0x0c..=0x0f, ..] => return self.frame(input),
                [_, _, _, _, _, ..] => {}
                _ => return Ok(Cut::WAIT),
            }
        }
        Ok(Cut::valid(4, input.get(..4).unwrap_or(input)))
    }
}

/// Whether this is the beginning of a handshake. It may come again, from a device that missed the answer; behind frames it must look
/// right, because a stream out of step is full of small numbers.
fn handshakes(side: Side, length: usize, imei: &[u8]) -> bool {
    let imei = imei.get(..length).unwrap_or(imei);
    IMEI_LENGTHS.contains(&length)
        && (side == Side::Stranger || imei.iter().all(u8::is_ascii_digit))
}

impl Framer for TeltonikaFramer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        match (self.side, input) {
            (_, []) => Ok(Cut::WAIT),
            (Side::Platform, _) => self.downlink(input),
            (_, [KEEP_ALIVE, ..]) => self.keep_alives(input),
            (_, [0] | [0, 0] | [0, 0, 0]) => Ok(Cut::WAIT),
            (_, [0, 0, 0, 0, ..]) => self.frame(input),
            (side, &[0, length, ref imei @ ..]) if handshakes(side, length.into(), imei) => {
                Ok(self.handshake(input, length.into()))
            }
            (Side::Stranger, [1, ..]) => {
                self.side = Side::Platform;
                Ok(Cut::valid(1, input.get(..1).unwrap_or(input)))
            }
            // Among others a TLS handshake on a plain port (specification 1.3).
            (Side::Stranger, &[first, ..]) | (_, &[first @ TLS, ..]) => {
                Err(FramingError::Foreign { first })
            }
            // Handshake, frames and keep-alives are all that a device says; nothing else marks where to go on.
            (Side::Device, _) => Err(FramingError::Garbage { skipped: 1, limit: 0 }),
        }
    }
}
