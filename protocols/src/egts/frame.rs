//! Framing (section 2.1): packets found by their own length fields.
//!
//! A frame is the whole packet, header and CRCs included. A header that cannot be trusted is handed out as a rejected frame of
//! its own, so that the session can answer it; what follows cannot be followed and is skipped until the session, which then
//! closes, has done so.

use super::header::{self, SHORT, Start, VERSION};
use crate::framing::{Cut, Framer, FramingError, Limits, Noise, Rejection};
use crate::protocol::Detection;

/// Cuts at the lengths that packets declare.
#[derive(Debug)]
pub(super) struct EgtsFramer {
    max_frame: usize,
    /// Bytes since the last valid frame that belong to none.
    noise: Noise,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has been cut yet.
    Fresh,
    /// At the beginning of a packet.
    InStep,
    /// Inside a packet that is too long: so many bytes of it are to come.
    Skipping(usize),
    /// Behind a header that cannot be trusted.
    Lost,
}

impl EgtsFramer {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { max_frame: limits.max_frame, noise: Noise::new(limits), state: State::Fresh }
    }

    fn reject<'a>(
        &mut self,
        input: &'a [u8],
        length: usize,
        reason: Rejection,
    ) -> Result<Cut<'a>, FramingError> {
        let raw = input.get(..length).unwrap_or(input);
        self.noise.count(raw.len())?;
        Ok(Cut::rejected(raw.len(), raw, reason))
    }

    /// At the beginning of a packet.
    fn packet<'a>(&mut self, input: &'a [u8]) -> Result<Cut<'a>, FramingError> {
        let header = match header::start(input) {
            Start::Short => return Ok(Cut::WAIT),
            Start::Good(header) => header,
            Start::Damaged { expected, found } => {
                self.state = State::Lost;
                let length = input.get(3).copied().map_or(SHORT, usize::from);
                let reason = Rejection::Checksum { expected: expected.into(), found: found.into() };
                return self.reject(input, length, reason);
            }
            Start::Foreign(_) => {
                self.state = State::Lost;
                return self.reject(input, SHORT, Rejection::Malformed);
            }
        };
        let total = header.total();
        if total > self.max_frame {
            self.state = State::Skipping(total.saturating_sub(header.length));
            let reason = Rejection::TooLong { limit: self.max_frame };
            return self.reject(input, header.length, reason);
        }
        let Some(frame) = input.get(..total) else { return Ok(Cut::WAIT) };
        self.state = State::InStep;
        let body = frame.get(header.length..).unwrap_or_default();
        if let Some((body, crc)) = body.split_last_chunk() {
            let (expected, found) = (header::body_crc(body), u16::from_le_bytes(*crc));
            if expected != found {
                let reason = Rejection::Checksum { expected: expected.into(), found: found.into() };
                return self.reject(input, total, reason);
            }
        }
        self.noise.reset();
        Ok(Cut::valid(total, frame))
    }
}

impl Framer for EgtsFramer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        let Some(&first) = input.first() else { return Ok(Cut::WAIT) };
        match self.state {
            State::Fresh if first != VERSION => Err(FramingError::Foreign { first }),
            State::Fresh | State::InStep => self.packet(input),
            State::Skipping(left) => {
                let now = left.min(input.len());
                let left = left.saturating_sub(now);
                self.state = if left == 0 { State::InStep } else { State::Skipping(left) };
                self.noise.skip(now)
            }
            State::Lost => self.noise.skip(input.len()),
        }
    }
}

/// Whether a connection begins with a packet: version, header length and, as soon as it is there, the header's CRC. Galileosky
/// begins with the same byte; its third and fourth are a length and a tag.
pub(super) fn detect(start: &[u8]) -> Detection {
    if header::foreign(start).is_some() {
        return Detection::No;
    }
    match header::start(start) {
        Start::Good(_) => Detection::Yes,
        Start::Short => Detection::Maybe,
        Start::Damaged { .. } | Start::Foreign(_) => Detection::No,
    }
}
