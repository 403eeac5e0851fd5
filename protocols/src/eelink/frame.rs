//! Cutting the stream into packages and datagrams (specification, section 1), and closing our own.
//!
//! A frame is one whole package with its mark, or one whole datagram: header and the packages in it.

use bytes::Bytes;
use memchr::memchr2;

use crate::framing::{Cut, Framer, FramingError, Limits, Noise, Rejection};

/// Mark of a package.
const MARK: [u8; 2] = [0x67, 0x67];
/// Mark of a datagram: `EL`.
const DATAGRAM: [u8; 2] = *b"EL";
/// Mark, id and size of a package.
const HEAD: usize = 5;
/// Mark, size, check sum and IMEI of a datagram.
const DATAGRAM_HEAD: usize = 14;
/// Largest size that is believed.
const MAX_SIZE: usize = 8192;
/// Bytes of a rejected frame that are handed out.
const REJECTED_HEAD: usize = 256;

/// One package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Package<'a> {
    /// Package id.
    pub(super) id: u8,
    /// The sender's sequence number.
    pub(super) sequence: u16,
    /// What stands behind the sequence number.
    pub(super) content: &'a [u8],
    /// Where the content begins in the frame.
    pub(super) offset: usize,
}

/// The check sum of a datagram, over everything behind it: rotated left by one bit before each byte is added.
pub(super) fn check_sum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0_u16, |sum, &byte| sum.rotate_left(1).wrapping_add(byte.into()))
}

/// The IMEI of a datagram, BCD; `None` for a package.
pub(super) fn datagram_imei(frame: &[u8]) -> Option<[u8; 8]> {
    if !frame.starts_with(&DATAGRAM) {
        return None;
    }
    frame.get(6..)?.first_chunk().copied()
}

/// The packages of a frame, up to the first that is not whole.
pub(super) fn packages(frame: &[u8]) -> impl Iterator<Item = Package<'_>> {
    let mut at = if frame.starts_with(&DATAGRAM) { DATAGRAM_HEAD } else { 0 };
    std::iter::from_fn(move || {
        let package = frame.get(at..).and_then(split)?;
        let package = Package { offset: at + HEAD + 2, ..package };
        at = package.offset + package.content.len();
        Some(package)
    })
}

/// The package at the front.
fn split(bytes: &[u8]) -> Option<Package<'_>> {
    let &[m0, m1, id, s0, s1, q0, q1, ref rest @ ..] = bytes else { return None };
    let size = usize::from(u16::from_be_bytes([s0, s1])).checked_sub(2)?;
    let content = rest.get(..size)?;
    let sequence = u16::from_be_bytes([q0, q1]);
    ([m0, m1] == MARK).then_some(Package { id, sequence, content, offset: HEAD + 2 })
}

/// One package as it goes on the wire.
pub(super) fn seal(id: u8, sequence: u16, content: &[u8]) -> Bytes {
    let mut wire = Vec::with_capacity(content.len() + HEAD + 2);
    wire.extend_from_slice(&MARK);
    wire.push(id);
    wire.extend_from_slice(&u16::try_from(content.len() + 2).unwrap_or(u16::MAX).to_be_bytes());
    wire.extend_from_slice(&sequence.to_be_bytes());
    wire.extend_from_slice(content);
    wire.into()
}

/// Packages in a datagram of this device.
pub(super) fn seal_datagram(imei: [u8; 8], packages: &[u8]) -> Bytes {
    let covered = [&imei, packages].concat();
    let mut wire = Vec::with_capacity(covered.len() + 6);
    wire.extend_from_slice(&DATAGRAM);
    wire.extend_from_slice(&u16::try_from(covered.len() + 2).unwrap_or(u16::MAX).to_be_bytes());
    wire.extend_from_slice(&check_sum(&covered).to_be_bytes());
    wire.extend_from_slice(&covered);
    wire.into()
}

/// The framer.
#[derive(Debug)]
pub(super) struct EelinkFramer {
    max_size: usize,
    /// Bytes since the last valid frame that belong to none.
    noise: Noise,
    /// A frame was seen: the peer speaks this protocol.
    started: bool,
}

impl EelinkFramer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { max_size: limits.max_frame.min(MAX_SIZE), noise: Noise::new(limits), started: false }
    }

    fn rejected<'a>(
        &mut self,
        frame: &'a [u8],
        reason: Rejection,
    ) -> Result<Cut<'a>, FramingError> {
        self.started = true;
        self.noise.skip(frame.len())?;
        Ok(Cut::rejected(frame.len(), frame.get(..REJECTED_HEAD).unwrap_or(frame), reason))
    }

    fn valid<'a>(&mut self, frame: &'a [u8]) -> Result<Cut<'a>, FramingError> {
        self.noise.reset();
        self.started = true;
        Ok(Cut::valid(frame.len(), frame))
    }
}

impl Framer for EelinkFramer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        let (head, size, least) = match *input {
            [0x67, 0x67, _, high, low, ..] => (HEAD, u16::from_be_bytes([high, low]), 2),
            [b'E', b'L', high, low, ..] => (4, u16::from_be_bytes([high, low]), 10),
            [] | [0x67] | [b'E'] | [0x67, 0x67, ..] | [b'E', b'L', ..] => return Ok(Cut::WAIT),
            // Line ends and zeros are put up with; anything else is another protocol's.
            [first, ..] if !self.started && !matches!(first, 0 | b'\r' | b'\n' | 0x67 | b'E') => {
                return Err(FramingError::Foreign { first });
            }
            // Up to the next byte that can begin a frame.
            [_, ref behind @ ..] => {
                let run = memchr2(MARK[0], DATAGRAM[0], behind);
                return self.noise.skip(run.map_or(input.len(), |at| at + 1));
            }
        };
        let size = usize::from(size);
        let whole = head + size;
        if size < least || whole > self.max_size {
            // Marks occur in contents too: the search goes on behind the head.
            return self.rejected(input.get(..head).unwrap_or(input), Rejection::Malformed);
        }
        let Some(frame) = input.get(..whole) else {
            return Ok(Cut::WAIT);
        };
        if let [b'E', b'L', _, _, s0, s1, covered @ ..] = frame {
            let (expected, found) = (check_sum(covered), u16::from_be_bytes([*s0, *s1]));
            if expected != found {
                let (expected, found) = (expected.into(), found.into());
                return self.rejected(frame, Rejection::Checksum { expected, found });
            }
        }
        self.valid(frame)
    }
}
