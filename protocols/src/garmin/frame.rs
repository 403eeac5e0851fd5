//! The serial link's framing (section 1): DLE stuffing and checksum, both ways, with and without.
//!
//! A packet is handed out as **packet id, size, payload**, unstuffed, without the checksum, which is verified here. That is also
//! the *stripped* form in which some trackers carry packets, because they do the serial line's part themselves.

use memchr::memchr;

use crate::framing::{Cut, Rejection};

const DLE: u8 = 0x10;
const ETX: u8 = 0x03;
/// Longest packet on the wire: every byte of size, payload and checksum doubled.
pub(crate) const MAX_FRAME: usize = 518;

/// Which form a packet has inside the carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As on the serial line.
    Full,
    /// Packet id, size, payload.
    Stripped,
}

/// A packet: id and payload of at most 255 bytes; what is longer is cut.
pub(crate) fn seal(id: u8, payload: &[u8], form: Form) -> Vec<u8> {
    let size = u8::try_from(payload.len()).unwrap_or(u8::MAX);
    let payload = payload.get(..size.into()).unwrap_or_default();
    let mut frame = Vec::with_capacity(payload.len() + 8);
    if form == Form::Stripped {
        frame.extend_from_slice(&[id, size]);
        frame.extend_from_slice(payload);
        return frame;
    }
    frame.extend_from_slice(&[DLE, id]);
    let check = payload.iter().fold(id.wrapping_add(size), |sum, byte| sum.wrapping_add(*byte));
    for &byte in [size].iter().chain(payload).chain(&[check.wrapping_neg()]) {
        frame.push(byte);
        if byte == DLE {
            frame.push(DLE);
        }
    }
    frame.extend_from_slice(&[DLE, ETX]);
    frame
}

/// Takes at most one packet off the front of the serial stream, by the rules of [`crate::Framer`] (section 1.2).
pub(crate) fn cut<'a>(input: &'a [u8], scratch: &'a mut Vec<u8>) -> Cut<'a> {
    match memchr(DLE, input) {
        None => return Cut::skip(input.len()),
        Some(0) => {}
        Some(at) => return Cut::skip(at),
    }
    let id = match input.get(1) {
        None => return Cut::WAIT,
        // A doubled DLE is no beginning; the next one may be.
        Some(&DLE) => return Cut::skip(1),
        // The tail of a broken packet.
        Some(&ETX) => return Cut::skip(2),
        Some(&id) => id,
    };
    scratch.clear();
    scratch.push(id);
    let (mut at, mut left) = (2, 1_usize);
    while left > 0 {
        match unstuffed(input, at) {
            Unstuffed::Byte(byte, width) => {
                at += width;
                left -= 1;
                if scratch.len() == 1 {
                    // The payload of this size and the checksum follow.
                    left = usize::from(byte) + 1;
                }
                scratch.push(byte);
            }
            Unstuffed::More => return Cut::WAIT,
            Unstuffed::Broken(end) => return Cut::rejected(end, scratch, Rejection::Malformed),
        }
    }
    match input.get(at..).unwrap_or_default() {
        [] | [DLE] => return Cut::WAIT,
        [DLE, ETX, ..] => at += 2,
        // The size was wrong: somewhere behind is the next packet.
        _ => return Cut::rejected(1, scratch, Rejection::Malformed),
    }
    let sum = scratch.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    let Some((&found, packet)) = scratch.split_last() else { return Cut::skip(at) };
    if sum != 0 {
        let expected = found.wrapping_sub(sum);
        let reason = Rejection::Checksum { expected: expected.into(), found: found.into() };
        return Cut::rejected(at, scratch, reason);
    }
    Cut::valid(at, packet)
}

enum Unstuffed {
    /// A byte, and how many it takes on the wire.
    Byte(u8, usize),
    /// Not there yet.
    More,
    /// The packet ends too early: the stream goes on behind so many bytes.
    Broken(usize),
}

fn unstuffed(input: &[u8], at: usize) -> Unstuffed {
    match input.get(at..).unwrap_or_default() {
        [DLE, DLE, ..] => Unstuffed::Byte(DLE, 2),
        [DLE, ETX, ..] => Unstuffed::Broken(at + 2),
        [] | [DLE] => Unstuffed::More,
        // A DLE with anything else begins the next packet.
        [DLE, ..] => Unstuffed::Broken(at),
        [byte, ..] => Unstuffed::Byte(*byte, 1),
    }
}

/// Packet id and payload of a packet in stripped form; `None` if its size is wrong.
pub(crate) fn split(packet: &[u8]) -> Option<(u8, &[u8])> {
    let (&[id, size], payload) = packet.split_first_chunk()?;
    (payload.len() == usize::from(size)).then_some((id, payload))
}

/// A serial stream that arrives in pieces.
#[derive(Debug, Default)]
pub(crate) struct Deframer {
    /// The beginning of a packet; shorter than [`MAX_FRAME`].
    partial: Vec<u8>,
    /// The last packet came stripped.
    stripped: bool,
}

impl Deframer {
    pub(crate) const fn new() -> Self {
        Self { partial: Vec::new(), stripped: false }
    }

    /// Hands every packet among `bytes`, and what was rejected, to `take`, with the form in which it came.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut take: impl FnMut(Form, Packet<'_>)) {
        let Some(&first) = bytes.first() else { return };
        if self.partial.is_empty() && first != DLE {
            if let Some((id, payload)) = split(bytes) {
                self.stripped = true;
                return take(Form::Stripped, Packet::Good { id, payload });
            }
            // The serial stream may come with noise in front.
            if self.stripped || memchr(DLE, bytes).is_none() {
                return take(
                    Form::Stripped,
                    Packet::Bad { id: None, reason: Rejection::Malformed },
                );
            }
        }
        self.stripped = false;
        let mut stream = std::mem::take(&mut self.partial);
        stream.extend_from_slice(bytes);
        let (mut from, mut scratch) = (0, Vec::new());
        loop {
            let cut = cut(stream.get(from..).unwrap_or_default(), &mut scratch);
            match cut.frame {
                Some(crate::framing::Frame::Valid(packet)) => {
                    if let Some((id, payload)) = split(packet) {
                        take(Form::Full, Packet::Good { id, payload });
                    }
                }
                Some(crate::framing::Frame::Rejected { raw, reason }) => {
                    take(Form::Full, Packet::Bad { id: raw.first().copied(), reason });
                }
                None => {}
            }
            if cut.consumed == 0 {
                break;
            }
            from += cut.consumed;
        }
        stream.drain(..from.min(stream.len()));
        self.partial = stream;
    }

    /// Forgets the beginning of a packet: the line was interrupted.
    pub(crate) fn reset(&mut self) {
        self.partial = Vec::new();
    }
}

/// What [`Deframer::feed`] finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// A packet in good order.
    Good { id: u8, payload: &'a [u8] },
    /// Not a packet, or a damaged one; with its id where that was read.
    Bad { id: Option<u8>, reason: Rejection },
}
