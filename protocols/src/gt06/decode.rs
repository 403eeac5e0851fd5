//! From a frame to a [`Message`]: the packets of the specification (sections 2 to 4). What single models add is in [`models`].
//!
//! [`models`]: super::models

use std::borrow::Cow;

use super::frame::{Packet, split};
use super::message::{Answer, Battery, Cell, Command, Gps, Login, Message, Report, Status, kind};
use super::models;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::text::Charset;
use crate::wire::cursor::Cursor;

/// What decoding gives.
pub(super) type Decoded<T> = Result<T, DecodeError>;

/// Bytes of the position part.
const GPS: usize = 18;
/// Bytes of a cell whose network code has one byte.
const CELL: usize = 8;

/// Decodes what a device sent.
///
/// # Errors
/// [`DecodeError`] with the first field that is not what it should be; offsets count from the frame's start.
pub(super) fn uplink(frame: &[u8]) -> Decoded<(Packet<'_>, Message<'_>)> {
    let packet = whole(frame)?;
    let content = packet.content;
    let mut cursor = Cursor::inside(name(packet.kind), content, packet.offset);
    let message = match packet.kind {
        kind::LOGIN => Message::Login(login(&mut cursor)?),
        kind::HEARTBEAT | kind::HEARTBEAT_23 => {
            Message::Heartbeat(heartbeat(packet.kind, &mut cursor)?)
        }
        kind::POSITION_GPS | kind::POSITION | kind::POSITION_22 => {
            Message::Report(position(packet.kind, &mut cursor)?)
        }
        kind::ALARM | kind::ALARM_26 | kind::ALARM_FENCE => {
            Message::Report(alarm(packet.kind, &mut cursor)?)
        }
        kind::ANSWER => Message::Answer(answer(&mut cursor)?),
        kind::ANSWER_LONG => Message::Answer(long_answer(&mut cursor)?),
        kind::TIME => Message::TimeRequest,
        _ => models::uplink(packet.kind, &mut cursor)?,
    };
    Ok((packet, message))
}

/// Decodes a 0x80 of the platform; `None` for its other packets.
pub(super) fn command(frame: &[u8]) -> Decoded<Option<Command<'_>>> {
    let packet = whole(frame)?;
    if packet.kind != kind::COMMAND {
        return Ok(None);
    }
    let mut cursor = Cursor::inside("0x80 command", packet.content, packet.offset);
    let length = cursor.u8("length")?;
    let Some(length) = usize::from(length).checked_sub(4) else {
        return Err(cursor.error("length", DecodeErrorKind::Invalid));
    };
    let (flag, text) = (cursor.u32("server flag")?, cursor.bytes("text", length)?);
    let language = if cursor.left().is_empty() { None } else { Some(cursor.u16("language")?) };
    Ok(Some(Command { flag, text, language }))
}

fn whole(frame: &[u8]) -> Decoded<Packet<'_>> {
    let kind = DecodeErrorKind::Truncated;
    split(frame).ok_or(DecodeError { message: "packet", field: "length", offset: 2, kind })
}

/// The specification's name of a packet.
pub(super) const fn name(number: u8) -> &'static str {
    match number {
        kind::LOGIN => "0x01 login",
        kind::HEARTBEAT => "0x13 heartbeat",
        kind::HEARTBEAT_23 => "0x23 heartbeat",
        kind::POSITION_GPS => "0x10 position",
        kind::POSITION => "0x12 position",
        kind::POSITION_22 => "0x22 position",
        kind::ALARM => "0x16 alarm",
        kind::ALARM_26 => "0x26 alarm",
        kind::ALARM_FENCE => "0x27 alarm",
        kind::ADDRESS => "0x17 address request",
        kind::ADDRESS_GPS => "0x1A address request",
        kind::ADDRESS_97 => "0x97 address request",
        kind::ANSWER => "0x15 answer",
        kind::ANSWER_LONG => "0x21 answer",
        kind::COMMAND => "0x80 command",
        kind::TIME => "0x8A time",
        kind::INFORMATION => "0x94 information",
        _ => "packet of a single model",
    }
}

fn login(cursor: &mut Cursor<'_>) -> Decoded<Login> {
    let imei = cursor.array("IMEI")?;
    let rest = cursor.left();
    Ok(Login { imei, model_and_zone: rest.first_chunk().copied() })
}

/// Time and position (specification, section 3).
pub(super) fn gps(cursor: &mut Cursor<'_>, report: &mut Report<'_>) -> Decoded<()> {
    report.time = Some(cursor.array("time")?);
    // Some models write the size of the position part as a byte of its own.
    if let [0x0c, size, ..] = cursor.left()
        && size >> 4 == 0x0c
    {
        cursor.u8("size")?;
    }
    report.gps = Some(Gps {
        satellites: cursor.u8("satellites")? & 0x0f,
        latitude: cursor.u32("latitude")?,
        longitude: cursor.u32("longitude")?,
        speed: cursor.u8("speed")?,
        course: cursor.u16("course")?,
    });
    Ok(())
}

/// A cell: the high bit of the country code says that the network code has two bytes.
pub(super) fn cell(cursor: &mut Cursor<'_>) -> Decoded<Cell> {
    let (mcc, mnc) = network(cursor)?;
    Ok(Cell { mcc, mnc, lac: cursor.u16("LAC")?.into(), id: cursor.u24("cell")?.into() })
}

/// Country and network code.
pub(super) fn network(cursor: &mut Cursor<'_>) -> Decoded<(u16, u16)> {
    let mcc = cursor.u16("MCC")?;
    let mnc = if mcc & 0x8000 == 0 { cursor.u8("MNC")?.into() } else { cursor.u16("MNC")? };
    Ok((mcc & 0x7fff, mnc))
}

/// 0x10: the position alone; 0x12: with a cell; 0x22: and with ignition, reason and whether it was stored.
fn position<'a>(number: u8, cursor: &mut Cursor<'a>) -> Decoded<Report<'a>> {
    let mut report = Report::default();
    gps(cursor, &mut report)?;
    if number == kind::POSITION_GPS || cursor.left().len() < CELL {
        return Ok(report);
    }
    report.cell = Some(cell(cursor)?);
    if number == kind::POSITION_22 {
        models::state(cursor, &mut report);
    }
    Ok(report)
}

/// 0x13: status, battery level, signal, language; 0x23: with the battery's voltage.
fn heartbeat<'a>(number: u8, cursor: &mut Cursor<'a>) -> Decoded<Report<'a>> {
    if let Some(report) = models::heartbeat(cursor)? {
        return Ok(report);
    }
    let info = cursor.u8("status")?;
    let battery = match number {
        kind::HEARTBEAT_23 => Battery::CentiVolts(cursor.u16("voltage")?),
        _ => Battery::Level(cursor.u8("voltage")?),
    };
    let status = Status { info, battery, signal: cursor.u8("GSM")? };
    Ok(Report { status: Some(status), ..Report::default() })
}

/// 0x16, 0x26, 0x27: position, cell, status, alarm, language.
fn alarm<'a>(number: u8, cursor: &mut Cursor<'a>) -> Decoded<Report<'a>> {
    const TAIL: usize = 5;
    let mut report = Report::default();
    gps(cursor, &mut report)?;
    let left = cursor.left();
    // The cell is preceded by its length, with or without that byte itself; the oldest models leave the length out.
    let has_length = matches!(left.first(), Some(8..=10)) && left.len() > CELL + TAIL;
    if has_length {
        cursor.u8("cell length")?;
    }
    if has_length || left.len() == CELL + TAIL {
        report.cell = Some(cell(cursor)?);
    } else {
        cursor.bytes("cells", left.len().saturating_sub(TAIL))?;
    }
    models::alarm_tail(number, cursor, &mut report)?;
    Ok(report)
}

/// 0x15: length, flag, text, language. With a length of 0 the text goes on to the language, padded with zeros.
fn answer<'a>(cursor: &mut Cursor<'a>) -> Decoded<Answer<'a>> {
    let length = usize::from(cursor.u8("length")?);
    let flag = cursor.u32("server flag")?;
    let left = cursor.left().len();
    let declared = match length.checked_sub(4) {
        // A text of a long packet does not fit its length byte.
        Some(text) if left <= usize::from(u8::MAX) => text,
        _ => left.saturating_sub(2),
    };
    let text = cursor.bytes("text", declared)?;
    Ok(Answer { flag, text: unpadded(text) })
}

/// 0x21: flag, coding, text.
fn long_answer<'a>(cursor: &mut Cursor<'a>) -> Decoded<Answer<'a>> {
    let (flag, coding) = (cursor.u32("server flag")?, cursor.u8("coding")?);
    let text = match coding {
        2 => Cow::Owned(Charset::Utf16Be.decode(cursor.rest("text"))),
        _ => unpadded(cursor.rest("text")),
    };
    Ok(Answer { flag, text })
}

fn unpadded(text: &[u8]) -> Cow<'_, str> {
    let end = text.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
    String::from_utf8_lossy(text.get(..end).unwrap_or(text))
}

/// Whether a position part can begin here: a date, and the size of the part.
pub(super) fn looks_like_gps(bytes: &[u8]) -> bool {
    match bytes {
        &[_, month, day, hour, minute, second, size, ..] if bytes.len() >= GPS => {
            let date = (1..=12).contains(&month) && (1..=31).contains(&day);
            date && hour < 24 && minute < 60 && second < 60 && matches!(size >> 4, 0 | 0xb | 0xc)
        }
        _ => false,
    }
}
