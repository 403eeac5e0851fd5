//! Cutting the stream into frames (specification, section 1), and closing our own.
//!
//! A frame is everything from `[` to its `]`. Lengths are often wrong and contents may hold brackets, so the end is, in this order:
//! before the beginning of another frame, where the length says, or where brackets balance.

use bytes::Bytes;
use memchr::memmem;

use crate::framing::{Cut, Framer, FramingError, Limits, Noise, Rejection};

/// Longest id; 18 digits were seen.
const MAX_ID: usize = 20;
/// Bytes of a rejected frame that are handed out.
const REJECTED_HEAD: usize = 256;
/// Brackets, the longest content and the longest head.
const MAX_FRAME: usize = 0xffff + 40;

/// What stands in front of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'a> {
    /// Two letters or digits of the maker.
    pub(super) maker: &'a [u8],
    /// The device.
    pub(super) id: &'a [u8],
    /// Four hexadecimal digits, from some makers.
    pub(super) index: Option<&'a [u8]>,
    /// Bytes of content, as declared.
    pub(super) length: usize,
    /// Bytes up to the content.
    pub(super) size: usize,
}

/// What the front of the input is.
enum Front<'a> {
    /// A whole head.
    Head(Head<'a>),
    /// The beginning of one.
    Partial,
    /// Not a head, which shows in the byte with this number.
    Bad(usize),
}

/// One part of a head: bytes that `fit`, up to a `*`.
enum Part<'a> {
    Whole(&'a [u8], usize),
    Partial,
    Bad(usize),
}

fn part(input: &[u8], from: usize, max: usize, fit: impl Fn(&u8) -> bool) -> Part<'_> {
    let rest = input.get(from..).unwrap_or_default();
    let length = rest.iter().take(max).take_while(|byte| fit(byte)).count();
    let end = from + length;
    match input.get(end) {
        None => Part::Partial,
        Some(b'*') if length > 0 => Part::Whole(rest.get(..length).unwrap_or_default(), end + 1),
        Some(_) => Part::Bad(end),
    }
}

fn hexadecimal(digits: &[u8]) -> Option<usize> {
    let value = |sum: usize, digit: &u8| Some(sum * 16 + char::from(*digit).to_digit(16)? as usize);
    (digits.len() == 4).then(|| digits.iter().try_fold(0, value))?
}

/// The head at the front of `input`.
fn front(input: &[u8]) -> Front<'_> {
    let mut at = 1;
    let mut parts: [&[u8]; 4] = [&[]; 4];
    let limits = [2, MAX_ID, 4, 4];
    for (number, (slot, max)) in parts.iter_mut().zip(limits).enumerate() {
        let found = match number {
            0 | 1 => part(input, at, max, u8::is_ascii_alphanumeric),
            _ => part(input, at, max, u8::is_ascii_hexdigit),
        };
        match found {
            Part::Bad(_) if number == 3 => break,
            Part::Partial => return Front::Partial,
            Part::Bad(bad) => return Front::Bad(bad),
            Part::Whole(bytes, behind) => {
                // A content can begin with hexadecimal digits, but not with four of them and an asterisk.
                if number == 3 && bytes.len() != 4 {
                    break;
                }
                (*slot, at) = (bytes, behind);
            }
        }
    }
    let [maker, id, third, fourth] = parts;
    let (index, length) = if fourth.is_empty() { (None, third) } else { (Some(third), fourth) };
    match (hexadecimal(length), maker.len()) {
        (Some(length), 2) => Front::Head(Head { maker, id, index, length, size: at }),
        _ => Front::Bad(at.saturating_sub(1)),
    }
}

/// Takes a frame apart: head and content.
pub(super) fn split(frame: &[u8]) -> Option<(Head<'_>, &[u8])> {
    match (frame, front(frame)) {
        (&[b'[', ref inner @ .., b']'], Front::Head(head)) => {
            Some((head, inner.get(head.size - 1..)?))
        }
        _ => None,
    }
}

/// One frame as it goes on the wire.
pub(super) fn seal(maker: &str, id: &str, index: Option<&str>, content: &[u8]) -> Bytes {
    let index = index.map(|index| format!("{index}*")).unwrap_or_default();
    let mut wire = format!("[{maker}*{id}*{index}{:04X}*", content.len()).into_bytes();
    wire.extend_from_slice(content);
    wire.push(b']');
    wire.into()
}

/// Undoes the escapes of binary content.
pub(super) fn unescape(content: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(content.len());
    let mut rest = content;
    while let [first, behind @ ..] = rest {
        let escaped = match (first, behind.first()) {
            (0x7d, Some(1)) => Some(0x7d),
            (0x7d, Some(2)) => Some(b'['),
            (0x7d, Some(3)) => Some(b']'),
            (0x7d, Some(4)) => Some(b','),
            (0x7d, Some(5)) => Some(b'*'),
            _ => None,
        };
        plain.push(escaped.unwrap_or(*first));
        rest = behind.get(usize::from(escaped.is_some())..).unwrap_or_default();
    }
    plain
}

/// The framer.
#[derive(Debug)]
pub(super) struct SetrackerFramer {
    max_frame: usize,
    /// Bytes since the last valid frame that belong to none.
    noise: Noise,
    /// A frame was seen: the peer speaks this protocol.
    started: bool,
}

impl SetrackerFramer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            max_frame: limits.max_frame.min(MAX_FRAME),
            noise: Noise::new(limits),
            started: false,
        }
    }

    fn rejected<'a>(
        &mut self,
        input: &'a [u8],
        consumed: usize,
        reason: Rejection,
    ) -> Result<Cut<'a>, FramingError> {
        self.started = true;
        self.noise.skip(consumed)?;
        let raw = input.get(..consumed.min(REJECTED_HEAD)).unwrap_or(input);
        Ok(Cut::rejected(consumed, raw, reason))
    }

    fn valid<'a>(&mut self, input: &'a [u8], end: usize) -> Result<Cut<'a>, FramingError> {
        self.noise.reset();
        self.started = true;
        Ok(Cut::valid(end, input.get(..end).unwrap_or(input)))
    }

    /// A frame whose head is whole.
    fn body<'a>(&mut self, input: &'a [u8], head: Head<'_>) -> Result<Cut<'a>, FramingError> {
        let last = head.size + head.length;
        let too_long = Rejection::TooLong { limit: self.max_frame };
        if last >= self.max_frame {
            return self.rejected(input, head.size, too_long);
        }
        if let Some(end) = next_frame(input, head.size).filter(|&end| end <= last) {
            return self.valid(input, end);
        }
        match input.get(last) {
            None => return Ok(Cut::WAIT),
            Some(b']') => return self.valid(input, last + 1),
            Some(_) => {}
        }
        // The length is wrong.
        let window = input.get(..self.max_frame).unwrap_or(input);
        let balanced = balance(window, head.size);
        let end = [balanced, next_frame(window, head.size)].into_iter().flatten().min();
        match end {
            Some(end) => self.valid(input, end),
            None if window.len() == self.max_frame => self.rejected(input, window.len(), too_long),
            None => Ok(Cut::WAIT),
        }
    }
}

/// Where another frame begins behind a `]`: `][`, two letters or digits, an asterisk.
fn next_frame(input: &[u8], from: usize) -> Option<usize> {
    let rest = input.get(from..)?;
    memmem::find_iter(rest, b"][").map(|at| from + at + 1).find(|&at| {
        let maker = |byte: &u8| byte.is_ascii_alphanumeric();
        matches!(input.get(at + 1..at + 4), Some([a, b, b'*']) if maker(a) && maker(b))
    })
}

/// Behind the first `]` that no `[` of the content opened.
fn balance(input: &[u8], from: usize) -> Option<usize> {
    let mut open = 0_u32;
    for (at, byte) in input.iter().enumerate().skip(from) {
        match byte {
            b'[' => open = open.saturating_add(1),
            b']' if open == 0 => return Some(at + 1),
            b']' => open -= 1,
            _ => {}
        }
    }
    None
}

impl Framer for SetrackerFramer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        match input.first() {
            None => Ok(Cut::WAIT),
            Some(b'[') => match front(input) {
                Front::Partial => Ok(Cut::WAIT),
                Front::Head(head) => self.body(input, head),
                Front::Bad(at) => {
                    // The byte may be the beginning of a frame.
                    let again = input.get(at) == Some(&b'[');
                    let consumed = if again { at } else { at + 1 };
                    self.rejected(input, consumed.max(1), Rejection::Malformed)
                }
            },
            Some(&first) if !self.started && !matches!(first, 0 | b'\r' | b'\n' | b' ') => {
                Err(FramingError::Foreign { first })
            }
            Some(_) => self.noise.skip(memchr::memchr(b'[', input).unwrap_or(input.len())),
        }
    }
}
