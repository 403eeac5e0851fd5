//! Framing (section 2): delimiters, escapes and the checksum, both ways.
//!
//! A frame travels as `7E header body checksum 7E`; inside, `7E` is written `7D 02` and `7D` is written `7D 01`. What the
//! framer hands out is **header and body, unescaped, without the checksum byte**, which is verified here and carries nothing
//! else; [`seal`] is the way back.

use bytes::Bytes;

use super::header::{Address, Fragment, Style};
use super::message::id;
use crate::framing::{Cut, Framer, FramingError, Limits, Noise, Rejection};
use crate::protocol::Detection;

/// Both ends of every frame.
pub(crate) const DELIMITER: u8 = 0x7e;
/// Introduces an escaped byte.
const ESCAPE: u8 = 0x7d;
/// Shortest unescaped frame, checksum included: an empty body behind a legacy header.
const MIN_SEGMENT: usize = 13;
/// Longest segment kept while its end is awaited (the longest regular one has 2090 bytes).
const MAX_SEGMENT: usize = 4096;
/// Longest body of one frame.
pub(crate) const MAX_BODY: usize = 1023;
/// Body bytes of each fragment we send (section 6.2).
const FRAGMENT_BODY: usize = 1000;

/// Cuts at every `7E`, so that several, shared and idle delimiters are all the same to it (section 2.1).
#[derive(Debug)]
pub(crate) struct Jt808Framer {
    max_segment: usize,
    /// Bytes since the last valid frame that belong to none.
    noise: Noise,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but (perhaps) the beginning of another protocol's first words has been seen.
    Fresh,
    /// Looking for a delimiter: before the first one, or inside a segment that is too long.
    Seeking,
    /// The byte before the input was a delimiter or belonged to the noise before one.
    InStep,
}

impl Jt808Framer {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            max_segment: limits.max_frame.min(MAX_SEGMENT),
            noise: Noise::new(limits),
            state: State::Fresh,
        }
    }

    /// A whole segment: frame, rejected frame or noise.
    fn judge<'a>(
        &mut self,
        segment: &'a [u8],
        consumed: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        let frame = match memchr::memchr(ESCAPE, segment) {
            None => segment,
            Some(first) => {
                unescape(segment, first, scratch);
                scratch.as_slice()
            }
        };
        let (Some((&found, content)), MIN_SEGMENT..) = (frame.split_last(), frame.len()) else {
            return self.noise.skip(consumed);
        };
        let expected = checksum(content);
        if expected != found {
            self.noise.count(consumed)?;
            let reason = Rejection::Checksum { expected: expected.into(), found: found.into() };
            return Ok(Cut::rejected(consumed, frame, reason));
        }
        self.noise.reset();
        Ok(Cut::valid(consumed, content))
    }
}

impl Framer for Jt808Framer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        if self.state == State::Fresh {
            match opening(input) {
                Opening::Ours => self.state = State::Seeking,
                Opening::Unclear => return Ok(Cut::WAIT),
                Opening::Foreign(first) => return Err(FramingError::Foreign { first }),
            }
        }
        if self.state == State::Seeking {
            match memchr::memchr(DELIMITER, input) {
                None => return self.noise.skip(input.len()),
                Some(at) => {
                    self.state = if at == 0 { State::InStep } else { return self.noise.skip(at) }
                }
            }
        }
        let idle = input.iter().take_while(|&&byte| byte == DELIMITER).count();
        let rest = input.get(idle..).unwrap_or_default();
        match memchr::memchr(DELIMITER, rest) {
            None if rest.len() > self.max_segment => {
                self.state = State::Seeking;
                self.noise.skip(input.len())
            }
            None if idle > 0 => self.noise.skip(idle),
            None => Ok(Cut::WAIT),
            Some(length) => {
                // The closing delimiter goes with the frame: nothing of an idle connection stays behind.
                let consumed = idle + length + 1;
                if length > self.max_segment {
                    return self.noise.skip(consumed);
                }
                self.noise.count(idle)?;
                self.judge(rest.get(..length).unwrap_or_default(), consumed, scratch)
            }
        }
    }
}

enum Opening {
    Ours,
    Unclear,
    Foreign(u8),
}

/// First words of protocols that are pointed at this port by mistake (section 2.1, rule 7).
const FOREIGN: &[&[u8]] = &[
    b"(",
    b"*",
    b"$",
    b"[",
    b"\x78\x78",
    b"GET ",
    b"POST ",
    b"PUT ",
    b"HEAD ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
];

fn opening(input: &[u8]) -> Opening {
    let Some(&first) = input.first() else { return Opening::Unclear };
    let mut unclear = false;
    for words in FOREIGN {
        if input.starts_with(words) {
            return Opening::Foreign(first);
        }
        unclear |= words.starts_with(input);
    }
    if unclear { Opening::Unclear } else { Opening::Ours }
}

/// XOR of all bytes.
pub(crate) fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// Undoes the escapes of `segment`, whose first `7D` is at `first`. What follows a `7D` without being `01` or `02` leaves the
/// `7D` as it is (section 2.1, rule 4): some terminals forget to escape.
fn unescape(segment: &[u8], first: usize, out: &mut Vec<u8>) {
    out.clear();
    out.reserve(segment.len());
    let (mut rest, mut next) = (segment, Some(first).filter(|&at| at < segment.len()));
    while let Some(at) = next {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let (byte, taken) = match escape.get(1) {
            Some(1) => (ESCAPE, 2),
            Some(2) => (DELIMITER, 2),
            _ => (ESCAPE, 1),
        };
        out.push(byte);
        rest = escape.get(taken..).unwrap_or_default();
        next = memchr::memchr(ESCAPE, rest);
    }
    out.extend_from_slice(rest);
}

fn escape(mut bytes: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr2(DELIMITER, ESCAPE, bytes) {
        let (plain, special) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
        out.extend_from_slice(plain);
        let code = if special.first() == Some(&DELIMITER) { 2 } else { 1 };
        out.extend_from_slice(&[ESCAPE, code]);
        bytes = special.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(bytes);
}

/// What precedes the body of a frame that we send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing {
    /// Whom it is for (or from, on the terminal's side): decides the header's form.
    pub(crate) address: Address,
    /// Message id.
    pub(crate) id: u16,
    /// Serial of this frame.
    pub(crate) serial: u16,
    /// Package item.
    pub(crate) fragment: Option<Fragment>,
}

/// One frame as it goes on the wire. A body beyond [`MAX_BODY`] belongs to [`seal_parts`].
pub(crate) fn seal(outgoing: &Outgoing, body: &[u8]) -> Bytes {
    let body = body.get(..MAX_BODY).unwrap_or(body);
    let (header, length) = header(outgoing, body.len());
    let header = header.get(..length).unwrap_or_default();
    let sum = checksum(header) ^ checksum(body);
    let special =
        |bytes: &[u8]| bytes.iter().filter(|&&byte| matches!(byte, DELIMITER | ESCAPE)).count();
    // Exactly as large as needed: then it becomes `Bytes` without another allocation.
    let size = 3 + header.len() + body.len() + special(header) + special(body) + special(&[sum]);
    let mut wire = Vec::with_capacity(size);
    wire.push(DELIMITER);
    escape(header, &mut wire);
    escape(body, &mut wire);
    escape(&[sum], &mut wire);
    wire.push(DELIMITER);
    wire.into()
}

/// How many frames [`seal_parts`] makes of a body of `length` bytes.
pub(crate) fn parts(length: usize) -> u16 {
    if length <= MAX_BODY {
        1
    } else {
        u16::try_from(length.div_ceil(FRAGMENT_BODY)).unwrap_or(u16::MAX)
    }
}

/// A message as one frame or, where the body is too long for one, as fragments with consecutive serials from
/// `outgoing.serial` (section 6.2).
pub(crate) fn seal_parts(outgoing: &Outgoing, body: &[u8]) -> Vec<Bytes> {
    if body.len() <= MAX_BODY {
        return vec![seal(outgoing, body)];
    }
    let total = parts(body.len());
    body.chunks(FRAGMENT_BODY)
        .zip(1..=total)
        .map(|(part, index)| {
            let serial = outgoing.serial.wrapping_add(index - 1);
            seal(&Outgoing { serial, fragment: Some(Fragment { total, index }), ..*outgoing }, part)
        })
        .collect()
}

/// The header's bytes (section 3.1) and how many of the array they are.
fn header(outgoing: &Outgoing, body: usize) -> ([u8; 21], usize) {
    let Outgoing { address, id, serial, fragment } = *outgoing;
    let mut bytes = [0; 21];
    let mut length = 0;
    let mut put = |part: &[u8]| {
        for (slot, byte) in bytes.iter_mut().skip(length).zip(part) {
            *slot = *byte;
        }
        length += part.len();
    };
    let flags = u16::from(fragment.is_some()) << 13 | u16::from(address.flag) << 14;
    put(&id.to_be_bytes());
    put(&(u16::try_from(body).unwrap_or(0x3ff) & 0x3ff | flags).to_be_bytes());
    if address.style == Style::V2019 {
        put(&[address.version]);
    }
    put(address.phone.raw(address.style));
    put(&serial.to_be_bytes());
    if let Some(Fragment { total, index }) = fragment {
        put(&total.to_be_bytes());
        put(&index.to_be_bytes());
    }
    (bytes, length)
}

/// Whether a connection that begins with `start` can be ours. Other protocols have the same delimiter, so the answer is only
/// "yes" once a header makes sense or a checksum is right.
pub(crate) fn detect(start: &[u8]) -> Detection {
    match ndtp(start) {
        Detection::Yes => return Detection::No,
        Detection::Maybe => return Detection::Maybe,
        Detection::No => {}
    }
    // Line ends before the first delimiter occur (section 19, O8).
    let noise = start.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
    let start = start.get(noise..).unwrap_or_default();
    match start.first() {
        None => return Detection::Maybe,
        Some(&DELIMITER) => {}
        Some(_) => return Detection::No,
    }
    let mut segments =
        start.split(|&byte| byte == DELIMITER).filter(|segment| !segment.is_empty()).peekable();
    let mut scratch = Vec::new();
    while let Some(segment) = segments.next() {
        let whole = segments.peek().is_some() || start.last() == Some(&DELIMITER);
        let first = memchr::memchr(ESCAPE, segment).unwrap_or(segment.len());
        unescape(segment, first, &mut scratch);
        match (whole, scratch.len()) {
            (true, MIN_SEGMENT..) if checksum(&scratch) == 0 => return Detection::Yes,
            // A first frame that was damaged on its way is still one of ours.
            (_, 12..) if plausible(&scratch) => return Detection::Yes,
            (_, 12..) => return Detection::No,
            _ => {}
        }
    }
    Detection::Maybe
}

/// Whether this is the login of NDTP, which begins like two delimiters: length, flags, checksum, packet type 2, peer address 0, request,
/// service 0, type 100. A header of ours can look like it only for a phone that ends with 02000000, and only up to the service.
fn ndtp(start: &[u8]) -> Detection {
    match start {
        [DELIMITER, DELIMITER, _, _, 0..=7, 0, _, _, 2, 0, 0, 0, 0, _, _, rest @ ..] => {
            const LOGIN: [u8; 4] = [0, 0, 100, 0];
            match rest.first_chunk() {
                Some(&LOGIN) => Detection::Yes,
                Some(_) => Detection::No,
                None if LOGIN.starts_with(rest) => Detection::Maybe,
                None => Detection::No,
            }
        }
        // Too few bytes for a header of ours, too.
        [DELIMITER, DELIMITER, _, _, 0..=7, 0, _, _, 2, 0, 0, 0, 0, ..] => Detection::Maybe,
        _ => Detection::No,
    }
}

/// Whether `header` can be the beginning of an uplink's header: a terminal's id, no reserved bits, a known encryption.
fn plausible(header: &[u8]) -> bool {
    let &[id0, id1, bits, ..] = header else { return false };
    let id = u16::from_be_bytes([id0, id1]);
    let standard =
        matches!(id, 0x0001..=0x0fff | 0x1000..=0x1fff | 0x6000..=0x6fff | 0xe000..=0xefff);
    id::RELATIVES.contains(&id) || (standard && bits & 0x98 == 0)
}

#[cfg(test)]
#[path = "tests/frame.rs"]
mod tests;
