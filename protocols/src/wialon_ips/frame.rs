//! Cutting the stream: lines, compressed containers, packets with binary bytes behind their line (specification 1, 4.6 and 7).
//!
//! A frame is one line without its line end, or, for the packets that carry binary bytes (`I`, `T`, `US`, `UC`), the line, its
//! line end and the bytes. The content of a container comes out like a line. Checksums belong to the packets, not to the
//! framing: whether there is one depends on the dialect, which only the session knows.

use memchr::memchr;
use nom::Parser;
use nom::bytes::complete::{tag, take_while, take_while_m_n};
use nom::combinator::rest;

use super::inflate::inflate;
use crate::framing::{Cut, Framer, FramingError, Limits, Noise, Rejection};

/// First byte of a compressed container.
const CONTAINER: u8 = 0xff;
/// Mark and length of a container.
const CONTAINER_HEAD: usize = 3;
/// Bytes of a rejected frame that are handed out: enough to see what it was and to answer it.
const REJECTED_HEAD: usize = 256;
/// Most bytes of one oversized packet that are skipped to stay in step; a longer one ends the connection.
const MAX_SKIPPED: u64 = 16 * 1024 * 1024;

static ARC: crc::Crc<u16, crc::Table<16>> = crc::Crc::<u16, crc::Table<16>>::new(&crc::CRC_16_ARC);

/// CRC-16/ARC (specification 3).
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    ARC.checksum(bytes)
}

/// A running checksum, for looking at many prefixes of the same bytes.
pub(super) fn digest() -> crc::Digest<'static, u16, crc::Table<16>> {
    ARC.digest()
}

/// The pieces of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// What stands before the first `#`: empty over TCP, version and identity over UDP (specification 6).
    pub(super) prefix: &'a [u8],
    /// Packet type: one to three capital letters.
    pub(super) kind: &'a [u8],
    /// What stands between the second `#` and the line end.
    pub(super) body: &'a [u8],
    /// Binary bytes behind the line, of the packets that have them.
    pub(super) binary: &'a [u8],
}

/// Splits a frame; `None` for a line that is not a packet (a plain command, or noise).
pub(super) fn split(frame: &[u8]) -> Option<Parts<'_>> {
    let capital = |byte: u8| byte.is_ascii_uppercase();
    let of_prefix = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    let (_, (prefix, _, kind, _, body)) =
        (take_while(of_prefix), tag("#"), take_while_m_n(1, 3, capital), tag("#"), rest)
            .parse_complete(frame)
            .map_err(|_: nom::Err<nom::error::Error<&[u8]>>| ())
            .ok()?;
    let mut parts = Parts { prefix, kind, body, binary: &[] };
    if size_field(kind).is_some()
        && let Some(end) = memchr(b'\n', body)
    {
        let (line, binary) = body.split_at_checked(end + 1)?;
        parts.body = trim_line_end(line);
        parts.binary = binary;
    }
    Some(parts)
}

/// Which field of such a packet holds the number of binary bytes; `None` for packets without any.
fn size_field(kind: &[u8]) -> Option<usize> {
    match kind {
        b"I" | b"US" | b"UC" => Some(0),
        b"T" => Some(1),
        _ => None,
    }
}

/// How many binary bytes follow this line. `None`: it is no packet with binary bytes, or does not say how many.
fn binary_size(line: &[u8]) -> Option<u64> {
    let parts = split(line)?;
    let field = parts.body.split(|&byte| byte == b';').nth(size_field(parts.kind)?)?;
    std::str::from_utf8(field.trim_ascii()).ok()?.parse().ok()
}

fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Bytes that devices put between lines.
fn is_filler(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\r' | b'\n' | b' ')
}

/// The framer.
#[derive(Debug)]
pub(super) struct IpsFramer {
    max_frame: usize,
    skip: Skip,
    /// Front bytes of the input known to hold no line feed: a line that trickles in is searched once.
    scanned: usize,
    /// Bytes since the last valid frame that belong to none.
    noise: Noise,
    /// A frame was seen: the peer speaks this protocol.
    started: bool,
}

/// What is being thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skip {
    Nothing,
    /// The rest of an oversized line, of which so many bytes are still put up with.
    Line(u64),
    /// The rest of an oversized binary part.
    Bytes(u64),
}

impl IpsFramer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            max_frame: limits.max_frame,
            skip: Skip::Nothing,
            scanned: 0,
            noise: Noise::new(limits),
            started: false,
        }
    }

    fn valid<'a>(&mut self, consumed: usize, frame: &'a [u8]) -> Cut<'a> {
        self.noise.reset();
        (self.scanned, self.started) = (0, true);
        Cut::valid(consumed, frame)
    }

    fn rejected<'a>(&mut self, consumed: usize, raw: &'a [u8], reason: Rejection) -> Cut<'a> {
        (self.scanned, self.started) = (0, true);
        Cut::rejected(consumed, raw.get(..REJECTED_HEAD).unwrap_or(raw), reason)
    }

    const fn too_long(&self) -> Rejection {
        Rejection::TooLong { limit: self.max_frame }
    }

    /// Throws away what [`Skip`] says.
    fn skip_on<'a>(&mut self, input: &[u8]) -> Result<Cut<'a>, FramingError> {
        match self.skip {
            Skip::Nothing => Ok(Cut::WAIT),
            Skip::Line(left) => {
                let end = memchr(b'\n', input).map(|at| at + 1);
                let here = end.unwrap_or(input.len());
                let Some(left) = left.checked_sub(here as u64) else {
                    return Err(FramingError::Oversize {
                        declared: usize::try_from(MAX_SKIPPED).unwrap_or(usize::MAX),
                        limit: self.max_frame,
                    });
                };
                self.skip = if end.is_some() { Skip::Nothing } else { Skip::Line(left) };
                Ok(Cut::skip(here))
            }
            Skip::Bytes(left) => {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                let left = left.saturating_sub(here as u64);
                self.skip = if left == 0 { Skip::Nothing } else { Skip::Bytes(left) };
                Ok(Cut::skip(here))
            }
        }
    }

    fn skip_bytes(&mut self, count: u64) {
        self.skip = if count == 0 { Skip::Nothing } else { Skip::Bytes(count) };
    }

    /// A line, with its binary bytes if the packet has any.
    fn line<'a>(&mut self, input: &'a [u8]) -> Result<Cut<'a>, FramingError> {
        // Line and line end.
        let reach = self.max_frame.saturating_add(2);
        let window = input.get(..reach).unwrap_or(input);
        let found = window.get(self.scanned..).and_then(|unseen| memchr(b'\n', unseen));
        let Some(at) = found.map(|at| at + self.scanned) else {
            if input.len() >= reach {
                self.skip = Skip::Line(MAX_SKIPPED);
                return Ok(self.rejected(reach, window, self.too_long()));
            }
            self.scanned = window.len();
            return Ok(Cut::WAIT);
        };
        let end = at + 1;
        let line = trim_line_end(window.get(..end).unwrap_or(window));
        if line.len() > self.max_frame {
            return Ok(self.rejected(end, line, self.too_long()));
        }
        let Some(declared) = binary_size(line) else {
            return Ok(self.valid(end, line));
        };
        if declared > MAX_SKIPPED {
            let declared = usize::try_from(declared).unwrap_or(usize::MAX);
            return Err(FramingError::Oversize { declared, limit: self.max_frame });
        }
        let whole = end.saturating_add(usize::try_from(declared).unwrap_or(usize::MAX));
        if whole > self.max_frame {
            self.skip_bytes(declared);
            return Ok(self.rejected(end, line, self.too_long()));
        }
        self.scanned = at;
        match input.get(..whole) {
            Some(frame) => Ok(self.valid(whole, frame)),
            None => Ok(Cut::WAIT),
        }
    }

    /// `FF`, length (two bytes, low one first), zlib stream with one packet.
    fn container<'a>(&mut self, input: &'a [u8], scratch: &'a mut Vec<u8>) -> Cut<'a> {
        let &[_, low, high, ref rest @ ..] = input else {
            return Cut::WAIT;
        };
        let length = usize::from(u16::from_le_bytes([low, high]));
        if length > self.max_frame {
            self.skip_bytes(length as u64);
            let head = input.get(..CONTAINER_HEAD).unwrap_or(input);
            return self.rejected(CONTAINER_HEAD, head, self.too_long());
        }
        let Some(stream) = rest.get(..length) else {
            return Cut::WAIT;
        };
        let consumed = CONTAINER_HEAD + length;
        let whole = input.get(..consumed).unwrap_or(input);
        if let Err(reason) = inflate(stream, self.max_frame, scratch) {
            return self.rejected(consumed, whole, reason);
        }
        match one_packet(scratch) {
            Some(frame) => self.valid(consumed, frame),
            None => self.rejected(consumed, whole, Rejection::Malformed),
        }
    }
}

/// The one packet that a container holds, with or without its line end; `None` if that is not what is in it.
fn one_packet(content: &[u8]) -> Option<&[u8]> {
    let end = memchr(b'\n', content).map_or(content.len(), |at| at + 1);
    let (line, behind) = content.split_at_checked(end)?;
    let line = trim_line_end(line);
    match binary_size(line) {
        Some(declared) => (declared == behind.len() as u64).then_some(content),
        None => (!line.is_empty() && behind.iter().all(|&byte| is_filler(byte))).then_some(line),
    }
}

impl Framer for IpsFramer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        let Some(&first) = input.first() else {
            return Ok(Cut::WAIT);
        };
        if self.skip != Skip::Nothing {
            return self.skip_on(input);
        }
        match first {
            CONTAINER => Ok(self.container(input, scratch)),
            filler if is_filler(filler) => {
                let run = input.iter().take_while(|&&byte| is_filler(byte)).count();
                self.noise.skip(run)
            }
            // No line begins with a control character: a TLS handshake, a binary protocol, or a stream out of step.
            0..0x20 if !self.started => Err(FramingError::Foreign { first }),
            0..0x20 => self.noise.skip(1),
            _ => self.line(input),
        }
    }
}
