//! From a content to a [`Message`] (specification, sections 2 to 5).

use memchr::memchr;

use super::message::{HEALTH, Message, Position};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::wire::plain::{day_first, decimal, from_utf16_hex, integer};

/// Decodes the content of a device's frame.
///
/// # Errors
/// [`DecodeError`] with the first field that is not what it should be; offsets count from the content's start.
pub(super) fn uplink(content: &[u8]) -> Result<Message<'_>, DecodeError> {
    let (word, values) = word(content);
    Ok(match word {
        b"LK" => {
            let mut values = values.split(|&byte| byte == b',').map(integer);
            let mut next = || values.next().flatten();
            Message::Alive { values: [next(), next(), next()] }
        }
        b"TKQ" | b"TKQ2" => Message::VoiceQuery,
        b"TK" if !matches!(values, b"" | b"0" | b"1") => Message::Voice(values),
        b"CONFIG" => Message::Config(values),
        b"MESSAGE" => Message::Receipt,
        b"UD2" => Message::Position(Position { stored: true, ..position(values, word.len())? }),
        b"WT" => Message::Position(position(values, word.len())?),
        _ if word.starts_with(b"UD") => Message::Position(position(values, word.len())?),
        _ if word.starts_with(b"AL") => Message::Alarm(position(values, word.len())?),
        _ if HEALTH.contains(&word) => Message::Health { word, values },
        _ => Message::Other,
    })
}

/// The text of a `MESSAGE` of the platform; `None` for its other frames.
pub(super) fn text(content: &[u8]) -> Option<String> {
    from_utf16_hex(content.strip_prefix(b"MESSAGE,")?)
}

/// The word in front, and what stands behind its comma.
pub(super) fn word(content: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b',', content) {
        Some(at) => {
            let (word, values) = content.split_at_checked(at).unwrap_or((content, &[]));
            (word, values.get(1..).unwrap_or_default())
        }
        None => (content, &[]),
    }
}

/// Section 3. What follows the status is not read: names of Wi-Fi networks may hold any character.
fn position(values: &[u8], word: usize) -> Result<Position, DecodeError> {
    let mut fields = values.split(|&byte| byte == b',');
    let mut offset = word + 1;
    let mut next = |field: &'static str| {
        let at = offset;
        let kind = DecodeErrorKind::Truncated;
        let error = DecodeError { message: "position", field, offset: at, kind };
        let text = fields.next().ok_or(error)?;
        offset += text.len() + 1;
        Ok((text.trim_ascii(), at))
    };
    let ((date, _), (time, _), (fixed, at)) = (next("date")?, next("time")?, next("validity")?);
    if !matches!(fixed, b"A" | b"V") {
        let kind = DecodeErrorKind::Invalid;
        return Err(DecodeError { message: "position", field: "validity", offset: at, kind });
    }
    let (latitude, north) = (next("latitude")?.0, next("N or S")?.0);
    let (longitude, east) = (next("longitude")?.0, next("E or W")?.0);
    let place = degrees(latitude, north, b"S").zip(degrees(longitude, east, b"W"));
    // From here on fields may be missing.
    let mut value = |field| next(field).map(|(text, _)| text).unwrap_or_default();
    Ok(Position {
        stored: false,
        time: day_first(date, time),
        fixed: fixed == b"A",
        place,
        speed: decimal(value("speed")),
        course: decimal(value("course")),
        altitude: decimal(value("altitude")),
        satellites: integer(value("satellites")),
        signal: integer(value("GSM")),
        battery: integer(value("battery")),
        steps: integer(value("steps")),
        rolls: integer(value("rolls")),
        status: hexadecimal(value("status")),
    })
}

/// South and west are negative whatever the sign says; anything else is as sent.
fn degrees(text: &[u8], hemisphere: &[u8], negative: &[u8]) -> Option<f64> {
    let degrees = decimal(text)?;
    Some(if hemisphere == negative { -degrees.abs() } else { degrees })
}

fn hexadecimal(text: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}
