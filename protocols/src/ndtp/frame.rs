//! Cutting the stream, and the NPL header (specification 1).
//!
//! A frame is a whole packet, header included. Its checksum covers the body only and is verified here, if the header says that there
//! is one; nothing protects the header.

use crate::wire::number::{be_u16, le_u8, le_u16, le_u32};
use bytes::Bytes;
use memchr::memmem;
use nom::IResult;
use nom::Parser;
use nom::bytes::complete::tag;

use super::message::{Npl, kind, npl, service};
use crate::framing::{Cut, Framer, FramingError, Limits, Noise, Rejection};
use crate::protocol::Detection;

/// First bytes of every packet.
pub(super) const SIGNATURE: [u8; 2] = [0x7e, 0x7e];
/// Bytes of the NPL header.
pub(super) const HEADER: usize = 15;
/// Bytes of the NPH header.
pub(super) const NPH_HEADER: usize = 10;
/// NPL flag: the body is encrypted.
pub(super) const ENCRYPTED: u16 = 1;
/// NPL flag: there is a checksum.
pub(super) const SIGNED: u16 = 2;

static MODBUS: crc::Crc<u16, crc::Table<16>> =
    crc::Crc::<u16, crc::Table<16>>::new(&crc::CRC_16_MODBUS);

/// CRC-16/MODBUS; stored high byte first, unlike all other numbers.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    MODBUS.checksum(bytes)
}

/// A header as it stands on the wire.
#[derive(Debug, Clone, Copy)]
struct Header {
    length: u16,
    checksum: u16,
    npl: Npl,
}

impl Header {
    /// Nothing protects a header, and its length decides how much is waited for: after noise, or inside a packet, two bytes may look
    /// like a signature.
    const fn plausible(&self) -> bool {
        self.npl.flags < 0x100 && matches!(self.npl.kind, npl::ERROR | npl::NPH | npl::DEBUG)
    }
}

fn header(input: &[u8]) -> IResult<&[u8], Header> {
    let (rest, (_, length, flags, checksum, kind, peer, request)) =
        (tag(&SIGNATURE[..]), le_u16, le_u16, be_u16, le_u8, le_u32, le_u16)
            .parse_complete(input)?;
    Ok((rest, Header { length, checksum, npl: Npl { flags, kind, peer, request } }))
}

/// A packet as it goes on the wire, with a checksum. A body beyond 65 535 bytes is cut.
pub(super) fn seal(npl: &Npl, body: &[u8]) -> Bytes {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    let body = body.get(..length.into()).unwrap_or(body);
    let mut out = Vec::with_capacity(HEADER + body.len());
    out.extend_from_slice(&SIGNATURE);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(npl.flags | SIGNED).to_le_bytes());
    out.extend_from_slice(&checksum(body).to_be_bytes());
    out.push(npl.kind);
    out.extend_from_slice(&npl.peer.to_le_bytes());
    out.extend_from_slice(&npl.request.to_le_bytes());
    out.extend_from_slice(body);
    out.into()
}

/// The framer.
#[derive(Debug)]
pub(super) struct NdtpFramer {
    max_frame: usize,
    /// Bytes since the last valid frame that belong to none.
    noise: Noise,
    /// Bytes of an oversized packet that are still to be thrown away.
    skip: usize,
}

impl NdtpFramer {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { max_frame: limits.max_frame, noise: Noise::new(limits), skip: 0 }
    }

    /// A packet at the front of `input`.
    fn packet<'a>(&mut self, input: &'a [u8]) -> Result<Cut<'a>, FramingError> {
        let Ok((_, header)) = header(input) else {
            return Ok(Cut::WAIT);
        };
        if !header.plausible() {
            return self.noise.skip(1);
        }
        let whole = HEADER + usize::from(header.length);
        if whole > self.max_frame {
            self.skip = header.length.into();
            let limit = self.max_frame;
            let head = input.get(..HEADER).unwrap_or(input);
            return Ok(Cut::rejected(HEADER, head, Rejection::TooLong { limit }));
        }
        let Some(frame) = input.get(..whole) else {
            return Ok(Cut::WAIT);
        };
        let expected = checksum(frame.get(HEADER..).unwrap_or_default());
        // What is encrypted has a checksum of nobody knows what.
        let signed = header.npl.flags & (SIGNED | ENCRYPTED) == SIGNED;
        if signed && header.checksum != expected {
            let reason =
                Rejection::Checksum { expected: expected.into(), found: header.checksum.into() };
            return Ok(Cut::rejected(whole, frame, reason));
        }
        self.noise.reset();
        Ok(Cut::valid(whole, frame))
    }
}

impl Framer for NdtpFramer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        if self.skip > 0 {
            let here = self.skip.min(input.len());
            self.skip -= here;
            return Ok(Cut::skip(here));
        }
        match memmem::find(input, &SIGNATURE) {
            Some(0) => self.packet(input),
            Some(at) => self.noise.skip(at),
            // The last byte may be the first of a signature.
            None if input.last() == Some(&SIGNATURE[0]) => match input.len() - 1 {
                0 => Ok(Cut::WAIT),
                before => self.noise.skip(before),
            },
            None if input.is_empty() => Ok(Cut::WAIT),
            None => self.noise.skip(input.len()),
        }
    }
}

/// Whether a connection that begins with `start` can be ours: it begins with a login to the server.
pub(super) fn detect(start: &[u8]) -> Detection {
    let byte = |at: usize, fits: fn(u8) -> bool| start.get(at).is_none_or(|&byte| fits(byte));
    let word = |at: usize, word: u16| {
        let fits = |(at, expected): (usize, u8)| start.get(at).is_none_or(|&byte| byte == expected);
        (at..).zip(word.to_le_bytes()).all(fits)
    };
    let fits = word(0, u16::from_le_bytes(SIGNATURE))
        && byte(4, |flags| flags <= 7)
        && byte(5, |flags| flags == 0)
        && byte(8, |kind| kind == npl::NPH)
        && word(HEADER, service::GENERIC)
        && word(HEADER + 2, kind::LOGIN);
    match (fits, start.len() >= HEADER + 4) {
        (false, _) => Detection::No,
        (true, true) => Detection::Yes,
        (true, false) => Detection::Maybe,
    }
}
