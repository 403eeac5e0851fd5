//! Packets from whole frames. The framer has verified length and checksum.

use crate::wire::number::le_u8;
use nom::multi::length_data;
use nom::{IResult, Parser};

use super::frame::{CHECKSUM, HEAD, carried};
use super::garmin;
use super::message::{ARCHIVE, Command, Compressed, Main, Minimal, Packet, Tag, header, number};
use super::tags::{self, Length};
use crate::error::{DecodeError, DecodeErrorKind};

const MAIN: &str = "01 main packet";
const COMPRESSED: &str = "08 compressed packet";
const PHOTO: &str = "07 photo";

/// Bytes that a tag takes on average, and less: room for all of a packet's is taken once.
const BYTES_PER_TAG: usize = 3;

/// Decodes one whole packet.
///
/// # Errors
/// A value that is longer than what is left of the packet, or an unknown header.
pub(super) fn packet(frame: &[u8]) -> Result<Packet<'_>, DecodeError> {
    let (&first, declared) = match frame {
        [first, low, high, ..] => (first, u16::from_le_bytes([*low, *high])),
        _ => return Err(error("packet", "header", 0, DecodeErrorKind::Truncated)),
    };
    if let (header::CONFIRMATION, 3) = (first, frame.len()) {
        return Ok(Packet::Confirmation(carried(frame)));
    }
    let end = frame.len().saturating_sub(CHECKSUM);
    let body = frame.get(HEAD..end).unwrap_or_default();
    match first {
        header::MAIN => main(declared & ARCHIVE != 0, body).map(Packet::Main),
        header::GARMIN => Ok(Packet::Garmin(garmin::unwrap(frame).unwrap_or_default())),
        header::PHOTO => match body {
            [part, data @ ..] => Ok(Packet::Photo { part: *part, data }),
            [] => Err(error(PHOTO, "part", HEAD, DecodeErrorKind::Truncated)),
        },
        header::COMPRESSED => compressed(body),
        _ => Err(error("packet", "header", 0, DecodeErrorKind::Invalid)),
    }
}

const fn error(
    message: &'static str,
    field: &'static str,
    offset: usize,
    kind: DecodeErrorKind,
) -> DecodeError {
    DecodeError { message, field, offset, kind }
}

/// The value of a tag with this length.
#[inline]
fn value(length: Length, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, input) = match (length, input) {
        (Length::Fixed(length), _) => (length.into(), input),
        (Length::Byte, [length, input @ ..]) => ((*length).into(), input),
        (Length::Word, [low, high, input @ ..]) => (u16::from_le_bytes([*low, *high]), input),
        _ => return None,
    };
    input.split_at_checked(length.into())
}

/// The tags of all records, up to one of unknown length.
fn main(archive: bool, body: &[u8]) -> Result<Main<'_>, DecodeError> {
    let mut tags = Vec::with_capacity(body.len() / BYTES_PER_TAG);
    let mut rest = body;
    while let Some((&id, behind)) = rest.split_first() {
        let Some(length) = tags::length(id) else { break };
        let offset = HEAD + body.len() - rest.len();
        let (value, behind) = value(length, behind)
            .ok_or_else(|| error(MAIN, "tag value", offset, DecodeErrorKind::Truncated))?;
        tags.push(Tag { id, value });
        rest = behind;
    }
    Ok(Main { archive, tags, rest })
}

/// Records with a minimal data set, a list of tags and their values each.
fn compressed(body: &[u8]) -> Result<Packet<'_>, DecodeError> {
    let mut records = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let fault = |field, rest: &[u8]| {
            error(COMPRESSED, field, HEAD + body.len() - rest.len(), DecodeErrorKind::Truncated)
        };
        let Some((bits, behind)) = rest.split_first_chunk() else {
            return Err(fault("minimal data set", rest));
        };
        let (behind, ids) = listed(behind).map_err(|_| fault("tag list", behind))?;
        rest = behind;
        let mut found = Vec::with_capacity(ids.len());
        let mut known = true;
        for &id in ids {
            let Some(length) = tags::length(id) else {
                // Its value cannot be passed over: where the next record begins is unknown.
                known = false;
                break;
            };
            let (value, behind) = value(length, rest).ok_or_else(|| fault("tag value", rest))?;
            found.push(Tag { id, value });
            rest = behind;
        }
        records.push(Compressed { minimal: minimal(*bits), tags: found });
        if !known {
            return Ok(Packet::Compressed { records, rest });
        }
    }
    Ok(Packet::Compressed { records, rest })
}

/// The list of a record's tags: how many (7 bits) and which.
fn listed(input: &[u8]) -> IResult<&[u8], &[u8]> {
    length_data(le_u8.map(|count: u8| count & 0x7f)).parse_complete(input)
}

/// 1, 25, 1, 22, 21, 1 and 9 bits, high bit first.
fn minimal(bytes: [u8; 10]) -> Minimal {
    let all = bytes.iter().fold(0_u128, |all, &byte| (all << 8) | u128::from(byte));
    let bits = |shift: u32, width: u32| {
        u32::try_from((all >> shift) & ((1 << width) - 1)).unwrap_or(u32::MAX)
    };
    Minimal {
        flag: bits(79, 1) != 0,
        second: bits(54, 25),
        invalid: bits(53, 1) != 0,
        longitude: bits(31, 22),
        latitude: bits(10, 21),
        alarm: bits(9, 1) != 0,
        rest: u16::try_from(bits(0, 9)).unwrap_or(0),
    }
}

/// The IMEI and the number of the device that a record names.
pub(super) fn identity(record: &[Tag<'_>]) -> (Option<String>, Option<u16>) {
    let imei = tag(record, tags::IMEI).filter(|digits| digits.iter().all(u8::is_ascii_digit));
    let device = tag(record, tags::DEVICE).and_then(|value| u16::try_from(number(value)).ok());
    (imei.map(|digits| String::from_utf8_lossy(digits).into_owned()), device)
}

/// The command, or the answer to one, that a record carries.
pub(super) fn command(record: &[Tag<'_>]) -> Option<Command> {
    let value = tag(record, tags::COMMAND_NUMBER)?;
    let text = tag(record, tags::COMMAND_TEXT)?;
    let (imei, device) = identity(record);
    Some(Command {
        imei: imei.map(Into::into),
        device: device.unwrap_or(0),
        number: u32::try_from(number(value)).ok()?,
        text: text.to_vec(),
    })
}

/// The value of the first tag `id`.
pub(super) fn tag<'a>(record: &[Tag<'a>], id: u8) -> Option<&'a [u8]> {
    record.iter().find(|tag| tag.id == id).map(|tag| tag.value)
}
