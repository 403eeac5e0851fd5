//! Frames from bytes. Offsets in errors count from the beginning of the frame.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till};
use nom::combinator::{rest, value};
use nom::sequence::terminated;
use nom::{IResult, Parser};

use super::frame::{Form, form};
use super::message::{Class, DataCommand, HexFrame, Message, ProFrame, Sentence};
use crate::error::{DecodeError, DecodeErrorKind};

const SENTENCE: &str = "sentence";
const DATA: &str = "AT+GTDAT";

/// Fields of `AT+GTDAT` before and behind the data (section 4).
const DATA_BEFORE: usize = 3;
const DATA_BEHIND: usize = 5;

/// Decodes one frame, with or without its `$`.
///
/// # Errors
/// It is no frame of this protocol, or names no device.
pub(super) fn message(frame: &[u8]) -> Result<Message<'_>, DecodeError> {
    match form(frame) {
        Ok(Form::Hex(..)) => {
            let head = frame.first_chunk().copied().unwrap_or_default();
            Ok(Message::Hex(HexFrame { head, frame }))
        }
        Ok(Form::Pro(width)) => Ok(Message::Pro(ProFrame { heartbeat: width == 1, frame })),
        Ok(Form::Text) => text(frame.strip_suffix(b"$").unwrap_or(frame)),
        Err(_) => Err(error(SENTENCE, "head", 0, DecodeErrorKind::Invalid)),
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

fn head(input: &[u8]) -> IResult<&[u8], Class> {
    alt((
        value(Class::Report, tag("+RESP:")),
        value(Class::Buffered, tag("+BUFF:")),
        value(Class::Ack, tag("+ACK:")),
    ))
    .parse_complete(input)
}

/// A word, and what stands behind the comma after it.
fn word(input: &[u8]) -> IResult<&[u8], &[u8]> {
    alt((terminated(take_till(|byte| byte == b','), tag(",")), rest)).parse_complete(input)
}

fn text(frame: &[u8]) -> Result<Message<'_>, DecodeError> {
    if let Some(command) = frame.strip_prefix(b"AT+GT") {
        return match command.strip_prefix(b"DAT=") {
            Some(fields) => data(fields).map(Message::Data),
            None => Ok(Message::Command(command)),
        };
    }
    if let Some(count) = frame.strip_prefix(b"+SACK:") {
        let heartbeat = count.starts_with(b"GTHBD,");
        let count = count.rsplit(|&byte| byte == b',').next().unwrap_or(count);
        return Ok(Message::ServerAck { heartbeat, count });
    }
    let Ok((behind, class)) = head(frame) else {
        // +NACK: is heard of, but not documented for text.
        return Ok(Message::Command(frame));
    };
    sentence(frame, class, behind).map(Message::Sentence)
}

fn sentence<'a>(
    frame: &'a [u8],
    class: Class,
    input: &'a [u8],
) -> Result<Sentence<'a>, DecodeError> {
    let fault = |field, rest: &[u8], kind| error(SENTENCE, field, frame.len() - rest.len(), kind);
    let truncated = |field, rest: &[u8]| fault(field, rest, DecodeErrorKind::Truncated);
    let (input, kind) = word(input).map_err(|_| truncated("name", input))?;
    if kind.is_empty() || !kind.iter().all(u8::is_ascii_alphanumeric) {
        return Err(fault("name", input, DecodeErrorKind::Invalid));
    }
    let (behind, first) = word(input).map_err(|_| truncated("version", input))?;
    // An old dialect begins with the id.
    let (version, id, fields) = match is_id(first) {
        true => (&[][..], first, behind),
        false => {
            if !(6..=10).contains(&first.len()) || !first.iter().all(u8::is_ascii_hexdigit) {
                return Err(fault("version", input, DecodeErrorKind::Invalid));
            }
            let (fields, id) = word(behind).map_err(|_| truncated("unique id", behind))?;
            if !is_id(id) {
                return Err(fault("unique id", behind, DecodeErrorKind::Invalid));
            }
            (first, id, fields)
        }
    };
    let mut list = Vec::with_capacity(memchr::memchr_iter(b',', fields).count() + 1);
    list.extend(fields.split(|&byte| byte == b','));
    let fields = list;
    Ok(Sentence { class, kind, version, id, fields })
}

/// IMEI: 15 digits; MEID: 14 hexadecimal digits.
fn is_id(field: &[u8]) -> bool {
    match field.len() {
        15 => field.iter().all(u8::is_ascii_digit),
        14 => field.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

/// Nine fields; the data, which may hold commas, is what is left between three and five.
fn data(fields: &[u8]) -> Result<DataCommand<'_>, DecodeError> {
    let all: Vec<_> = fields.split(|&byte| byte == b',').collect();
    let Some(end) = all.len().checked_sub(DATA_BEHIND).filter(|&end| end > DATA_BEFORE) else {
        return Err(error(DATA, "serial number", 0, DecodeErrorKind::Truncated));
    };
    let field = |index: usize| all.get(index).copied().unwrap_or_default();
    let serial = field(all.len() - 1);
    if serial.len() != 4 || !serial.iter().all(u8::is_ascii_hexdigit) {
        return Err(error(DATA, "serial number", 0, DecodeErrorKind::Invalid));
    }
    let data = all.get(DATA_BEFORE..end).unwrap_or_default().join(&b","[..]);
    Ok(DataCommand { password: field(0), kind: field(1), data, need_ack: field(end), serial })
}
