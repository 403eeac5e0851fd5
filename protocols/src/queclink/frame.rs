//! Framing: sentences up to `$` or NUL, and two binary forms with lengths and checksums (section 1).

use memchr::{memchr_iter, memchr2};

use crate::framing::{Cut, Framer, FramingError, Limits, Rejection};
use crate::protocol::Detection;

/// Longest frame (section 1).
const MAX_FRAME: usize = 2048;
/// Bytes of an oversized frame that are handed out.
const REJECTED_HEAD: usize = 256;
/// Heads of sentences before which a missing end is assumed.
const HEADS: [&[u8]; 3] = [b"+RESP:", b"+BUFF:", b"+ACK:"];
/// Heads of all sentences, in either direction.
const TEXT: [&[u8]; 6] = [b"+RESP:", b"+BUFF:", b"+ACK:", b"+SACK:", b"+NACK:", b"AT+GT"];
/// Heads of the HEX form, and where each holds its length: offset and number of bytes.
const HEX: [(&[u8; 4], usize, usize); 14] = [
    (b"+RSP", 9, 2),
    (b"+BSP", 9, 2),
    (b"+EVT", 9, 2),
    (b"+BVT", 9, 2),
    (b"+CAN", 9, 2),
    (b"+DAT", 9, 2),
    (b"+INF", 7, 2),
    (b"+BNF", 7, 2),
    (b"+CRD", 6, 2),
    (b"+BRD", 6, 2),
    (b"+LGN", 6, 2),
    (b"+ACK", 6, 1),
    (b"+HBD", 5, 1),
    (b"+ATI", 4, 1),
];
/// Header, checksum and line end of the HEX form.
const HEX_MIN: usize = 12;
/// A heartbeat of Protocol Pro, the shortest frame there is.
const PRO_MIN: usize = 20;

static CCITT: crc::Crc<u16, crc::Table<16>> =
    crc::Crc::<u16, crc::Table<16>>::new(&crc::CRC_16_IBM_3740);
static NRSC: crc::Crc<u8, crc::Table<16>> = crc::Crc::<u8, crc::Table<16>>::new(&crc::CRC_8_NRSC_5);

/// CRC-16/CCITT-FALSE, of the HEX form.
pub(super) fn checksum16(bytes: &[u8]) -> u16 {
    CCITT.checksum(bytes)
}

/// CRC-8 with polynomial 31 and initial value FF, of Protocol Pro.
pub(super) fn checksum8(bytes: &[u8]) -> u8 {
    NRSC.checksum(bytes)
}

/// What a frame is, as far as its first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A sentence.
    Text,
    /// The HEX form: where its length stands.
    Hex(usize, usize),
    /// Protocol Pro: how many bytes its length has.
    Pro(usize),
}

/// The form of what begins here: `Err(true)` if more bytes may tell, `Err(false)` if it is none.
pub(super) fn form(start: &[u8]) -> Result<Form, bool> {
    match *start {
        [b'+' | b'-', 0x00, ..] => return Ok(Form::Pro(2)),
        [b'+', 0x10, ..] => return Ok(Form::Pro(1)),
        [b'-'] => return Err(true),
        _ => {}
    }
    if TEXT.iter().any(|head| start.starts_with(head)) {
        return Ok(Form::Text);
    }
    for (head, offset, width) in HEX {
        // The text head of an answer goes on with a colon.
        let text = head == b"+ACK" && matches!(start.get(4), None | Some(b':'));
        if start.starts_with(head) && !text {
            return Ok(Form::Hex(offset, width));
        }
    }
    let possible = TEXT.iter().any(|head| head.starts_with(start))
        || HEX.iter().any(|(head, ..)| head.starts_with(start));
    Err(possible)
}

/// The framer.
#[derive(Debug)]
pub(super) struct QueclinkFramer {
    max_frame: usize,
    max_garbage: usize,
    /// Front bytes known to hold no end: a sentence that trickles in is searched once.
    scanned: usize,
    /// Bytes since the last frame that belong to none.
    garbage: usize,
    /// The rest of an oversized sentence is being thrown away.
    skipping: bool,
    /// A frame was seen: the peer speaks this protocol.
    started: bool,
}

impl QueclinkFramer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            max_frame: limits.max_frame.min(MAX_FRAME),
            max_garbage: limits.max_garbage,
            scanned: 0,
            garbage: 0,
            skipping: false,
            started: false,
        }
    }

    fn noise<'a>(&mut self, bytes: usize) -> Result<Cut<'a>, FramingError> {
        self.garbage = self.garbage.saturating_add(bytes);
        if self.garbage > self.max_garbage {
            return Err(FramingError::Garbage { skipped: self.garbage, limit: self.max_garbage });
        }
        Ok(Cut::skip(bytes))
    }

    fn valid<'a>(&mut self, consumed: usize, frame: &'a [u8]) -> Cut<'a> {
        (self.scanned, self.garbage, self.started) = (0, 0, true);
        Cut::valid(consumed, frame)
    }

    fn rejected<'a>(&mut self, consumed: usize, raw: &'a [u8], reason: Rejection) -> Cut<'a> {
        (self.scanned, self.started) = (0, true);
        Cut::rejected(consumed, raw.get(..REJECTED_HEAD).unwrap_or(raw), reason)
    }

    /// A sentence up to its end, or up to the head of the next one where its end is missing.
    fn text<'a>(&mut self, input: &'a [u8]) -> Cut<'a> {
        let reach = self.max_frame.saturating_add(1);
        let window = input.get(..reach).unwrap_or(input);
        let unseen = window.get(self.scanned..).unwrap_or_default();
        let end = memchr2(b'$', 0, unseen).map(|at| at + self.scanned);
        let searched = window.get(..end.unwrap_or(window.len())).unwrap_or(window);
        // A head may have begun in what was searched before.
        let from = self.scanned.saturating_sub(16).max(1);
        if let Some(next) = missing_end(searched, from) {
            return self.valid(next, input.get(..next).unwrap_or_default());
        }
        match end {
            Some(end) => self.valid(end + 1, input.get(..end).unwrap_or_default()),
            None if input.len() >= reach => {
                self.skipping = true;
                let limit = self.max_frame;
                self.rejected(window.len(), window, Rejection::TooLong { limit })
            }
            None => {
                self.scanned = window.len();
                Cut::WAIT
            }
        }
    }

    /// A binary frame of `total` bytes, if it is there and `check` accepts it.
    fn binary<'a>(
        &mut self,
        input: &'a [u8],
        total: usize,
        check: fn(&[u8]) -> Result<(), Rejection>,
    ) -> Result<Cut<'a>, FramingError> {
        if total > self.max_frame {
            return Err(FramingError::Oversize { declared: total, limit: self.max_frame });
        }
        let Some(frame) = input.get(..total) else {
            return Ok(Cut::WAIT);
        };
        Ok(match check(frame) {
            Ok(()) => self.valid(total, frame),
            Err(reason) => self.rejected(total, frame, reason),
        })
    }
}

/// Where a sentence ends without an end: behind a count, before the head of the next one.
fn missing_end(window: &[u8], from: usize) -> Option<usize> {
    let candidates = memchr_iter(b'+', window.get(from..)?).map(|at| at + from);
    candidates.into_iter().find(|&at| {
        let (before, behind) = window.split_at(at);
        let complete = match before {
            [.., b',', a, b, c, d] => [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()),
            _ => false,
        };
        complete && HEADS.iter().any(|head| behind.starts_with(head))
    })
}

/// Line end and CRC-16 of the HEX form.
fn check_hex(frame: &[u8]) -> Result<(), Rejection> {
    let Some((covered, &[high, low, b'\r', b'\n'])) = frame.split_last_chunk() else {
        return Err(Rejection::Malformed);
    };
    let found = u16::from_be_bytes([high, low]);
    let expected = checksum16(covered.get(4..).unwrap_or_default());
    if found == expected {
        return Ok(());
    }
    Err(Rejection::Checksum { expected: expected.into(), found: found.into() })
}

/// End and CRC-8 of Protocol Pro.
fn check_pro(frame: &[u8]) -> Result<(), Rejection> {
    let Some((covered, &[found, b'$'])) = frame.split_last_chunk() else {
        return Err(Rejection::Malformed);
    };
    let expected = checksum8(covered);
    if found == expected {
        return Ok(());
    }
    Err(Rejection::Checksum { expected: expected.into(), found: found.into() })
}

/// The number in `width` bytes at `offset`, if they are there.
fn length(input: &[u8], offset: usize, width: usize) -> Option<usize> {
    let bytes = input.get(offset..offset + width)?;
    Some(bytes.iter().fold(0, |number, &byte| (number << 8) | usize::from(byte)))
}

impl Framer for QueclinkFramer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        let Some(&first) = input.first() else {
            return Ok(Cut::WAIT);
        };
        if self.skipping {
            let end = memchr2(b'$', 0, input).map(|at| at + 1);
            self.skipping = end.is_none();
            return self.noise(end.unwrap_or(input.len()));
        }
        if matches!(first, b'\r' | b'\n' | 0) {
            let filler = |byte: &&u8| matches!(**byte, b'\r' | b'\n' | 0);
            return self.noise(input.iter().take_while(filler).count());
        }
        match form(input) {
            Ok(Form::Text) => Ok(self.text(input)),
            Ok(Form::Hex(offset, width)) => match length(input, offset, width) {
                Some(total) if total < HEX_MIN => self.noise(4),
                Some(total) => self.binary(input, total, check_hex),
                None => Ok(Cut::WAIT),
            },
            Ok(Form::Pro(width)) => match length(input, 2, width) {
                Some(total) if total < PRO_MIN => self.noise(2),
                Some(total) => self.binary(input, total, check_pro),
                None => Ok(Cut::WAIT),
            },
            Err(true) => Ok(Cut::WAIT),
            Err(false) if self.started => self.noise(1),
            Err(false) => Err(FramingError::Foreign { first }),
        }
    }
}

/// A connection begins with a sentence or a binary frame of a device.
pub(super) fn detect(start: &[u8]) -> Detection {
    match form(start) {
        Ok(Form::Text) if HEADS.iter().any(|head| start.starts_with(head)) => Detection::Yes,
        Ok(Form::Text) | Err(false) => Detection::No,
        Ok(Form::Hex(offset, width)) => declared(start, offset, width, HEX_MIN),
        Ok(Form::Pro(width)) => declared(start, 2, width, PRO_MIN),
        // Commands go the other way.
        Err(true) if start.first() == Some(&b'A') => Detection::No,
        Err(true) => Detection::Maybe,
    }
}

fn declared(start: &[u8], offset: usize, width: usize, least: usize) -> Detection {
    match length(start, offset, width) {
        None => Detection::Maybe,
        Some(total) if (least..=MAX_FRAME).contains(&total) => Detection::Yes,
        Some(_) => Detection::No,
    }
}
