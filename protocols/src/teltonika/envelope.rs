//! Message codecs 12 to 15 (specification 3): bytes for and from the tracker's command line and its serial port, each with a type
//! byte. Whatever talks through the serial port, a text terminal or a navigator, is wrapped and unwrapped here and nowhere else.
//!
//! ```text
//! codec | quantity u8 | (message) × quantity | quantity u8           inside preamble, length and checksum
//! 12    type u8 | size u32 | payload
//! 13    type u8 | size u32 | time u32 | payload                      seconds since 1970 UTC; up only
//! 14    type u8 | size u32 | IMEI 8 bytes | payload
//! 15    type u8 | size u32 | time u32 | IMEI 8 bytes | payload       up only
//! ```
//! `size` counts everything behind it. No codec here is acknowledged (specification 1).

use crate::wire::number::{be_u8, be_u32};
use nom::Parser;
use nom::bytes::complete::take;

use super::frame::{HEAD, data, enclose};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::wire::bcd;

/// Types of messages (specification 3.1). The list is not complete, and a setting replaces the type of serial data: a message is
/// never refused because of its type.
pub(crate) mod kind {
    /// Down: a text command.
    pub(crate) const COMMAND: u8 = 0x05;
    /// Up: the response to a command; also serial data, unless a setting says otherwise.
    pub(crate) const RESPONSE: u8 = 0x06;
    /// Down: for a Garmin navigator on the serial port.
    pub(crate) const GARMIN: u8 = 0x07;
    /// Both ways: pictures.
    pub(crate) const IMAGE: u8 = 0x0d;
    /// Down: for the serial port, as it is.
    pub(crate) const SERIAL: u8 = 0x0e;
    /// Up, codec 14: the IMEI in the command is not this device's.
    pub(crate) const WRONG_IMEI: u8 = 0x11;
}

/// Which message codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageCodec {
    /// Commands, responses, serial data.
    C12,
    /// Serial data with its time.
    C13,
    /// Commands and responses with an IMEI.
    C14,
    /// Serial data with time and IMEI.
    C15,
}

impl MessageCodec {
    /// The codec with this id.
    pub(crate) const fn by_id(id: u8) -> Option<Self> {
        match id {
            0x0c => Some(Self::C12),
            0x0d => Some(Self::C13),
            0x0e => Some(Self::C14),
            0x0f => Some(Self::C15),
            _ => None,
        }
    }

    pub(crate) const fn id(self) -> u8 {
        match self {
            Self::C12 => 0x0c,
            Self::C13 => 0x0d,
            Self::C14 => 0x0e,
            Self::C15 => 0x0f,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::C12 => "codec 12",
            Self::C13 => "codec 13",
            Self::C14 => "codec 14",
            Self::C15 => "codec 15",
        }
    }

    pub(crate) const fn has_time(self) -> bool {
        matches!(self, Self::C13 | Self::C15)
    }

    pub(crate) const fn has_imei(self) -> bool {
        matches!(self, Self::C14 | Self::C15)
    }
}

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// Which codec it came in.
    pub(crate) codec: MessageCodec,
    /// Type ([`kind`]).
    pub(crate) kind: u8,
    /// Seconds since 1970 UTC: codecs 13 and 15.
    pub(crate) time: Option<u32>,
    /// IMEI in packed digits, the first one 0: codecs 14 and 15.
    pub(crate) imei: Option<[u8; 8]>,
    /// The bytes themselves.
    pub(crate) payload: &'a [u8],
}

/// The messages of a whole frame.
///
/// # Errors
/// A size that does not hold what it must, counts that differ, bytes missing or left over.
pub(crate) fn unwrap(frame: &[u8], codec: MessageCodec) -> Result<Vec<Message<'_>>, DecodeError> {
    let data = data(frame);
    parse(data, codec).map_err(|fault| DecodeError {
        message: codec.name(),
        field: fault.field,
        offset: HEAD + data.len().saturating_sub(fault.rest),
        kind: fault.kind,
    })
}

/// What is wrong, and how many bytes before the end of the data.
struct Fault {
    field: &'static str,
    rest: usize,
    kind: DecodeErrorKind,
}

/// Applies a parser; a failure is the field's, which then ends too early.
fn field<'a, O>(
    name: &'static str,
    mut parser: impl Parser<&'a [u8], Output = O, Error = nom::error::Error<&'a [u8]>>,
    input: &mut &'a [u8],
) -> Result<O, Fault> {
    match parser.parse_complete(input) {
        Ok((rest, value)) => {
            *input = rest;
            Ok(value)
        }
        Err(_) => Err(Fault { field: name, rest: input.len(), kind: DecodeErrorKind::Truncated }),
    }
}

fn parse(data: &[u8], codec: MessageCodec) -> Result<Vec<Message<'_>>, Fault> {
    let mut rest = data;
    field("codec id", be_u8, &mut rest)?;
    let quantity = field("quantity 1", be_u8, &mut rest)?;
    let mut messages = Vec::with_capacity(quantity.min(4).into());
    for _ in 0..quantity {
        messages.push(message(codec, &mut rest)?);
    }
    match *rest {
        [again] if again == quantity => Ok(messages),
        [_] => Err(Fault { field: "quantity 2", rest: 1, kind: DecodeErrorKind::Invalid }),
        [] => Err(Fault { field: "quantity 2", rest: 0, kind: DecodeErrorKind::Truncated }),
        _ => Err(Fault { field: "quantity 2", rest: rest.len(), kind: DecodeErrorKind::Trailing }),
    }
}

fn message<'a>(codec: MessageCodec, rest: &mut &'a [u8]) -> Result<Message<'a>, Fault> {
    let kind = field("type", be_u8, rest)?;
    let at_size = rest.len();
    let size = field("size", be_u32, rest)?;
    let mut content = field("payload", take(size), rest)?;
    let too_small = |_| Fault { field: "size", rest: at_size, kind: DecodeErrorKind::Invalid };
    let mut time = None;
    if codec.has_time() {
        time = Some(field("timestamp", be_u32, &mut content).map_err(too_small)?);
    }
    let mut imei = None;
    if codec.has_imei() {
        let packed = field("IMEI", take(8_usize), &mut content).map_err(too_small)?;
        imei = packed.first_chunk().copied();
    }
    Ok(Message { codec, kind, time, imei, payload: content })
}

/// A whole frame with one message in it.
pub(crate) fn wrap(message: &Message<'_>) -> Vec<u8> {
    let time = message.time.map(u32::to_be_bytes);
    let time: &[u8] = time.as_ref().map_or(&[], |time| time);
    let imei: &[u8] = message.imei.as_ref().map_or(&[], |imei| imei);
    let size = time.len() + imei.len() + message.payload.len();
    let mut data = Vec::with_capacity(size + 8);
    data.extend_from_slice(&[message.codec.id(), 1, message.kind]);
    data.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
    for piece in [time, imei, message.payload] {
        data.extend_from_slice(piece);
    }
    data.push(1);
    enclose(&data)
}

/// A whole codec 12 frame: `payload` for whatever `kind` names.
pub(crate) fn wrap12(kind: u8, payload: &[u8]) -> Vec<u8> {
    wrap(&Message { codec: MessageCodec::C12, kind, time: None, imei: None, payload })
}

/// A whole codec 14 frame.
pub(crate) fn wrap14(kind: u8, imei: [u8; 8], payload: &[u8]) -> Vec<u8> {
    wrap(&Message { codec: MessageCodec::C14, kind, time: None, imei: Some(imei), payload })
}

/// An IMEI in packed digits, with zeros in front; of a longer one the last 16.
pub(crate) fn pack(imei: &str) -> [u8; 8] {
    let mut packed = [0; 8];
    let digits = imei.bytes().rev().map(|digit| digit.wrapping_sub(b'0') & 0x0f);
    for (index, digit) in digits.take(16).enumerate() {
        if let Some(byte) = packed.get_mut(7 - index / 2) {
            *byte |= if index % 2 == 0 { digit } else { digit << 4 };
        }
    }
    packed
}

/// The digits of a packed IMEI, without the zeros in front; `None` if they are no digits.
pub(crate) fn unpack(packed: [u8; 8]) -> Option<String> {
    let digits = bcd::digits(&packed)?;
    Some(digits.trim_start_matches('0').to_owned())
}
