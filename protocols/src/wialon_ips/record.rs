//! Bodies of `SD`, `D` and the records of `B` (specification 4.2, 4.3 and 9).

use super::fields::{Fields, absent, decimal, integer, mask, satellites};
use super::message::{Extended, MAX_PARAMETERS, Parameter, ParameterValue, Position, Record};
use crate::error::{DecodeError, DecodeErrorKind};

const SHORT: &str = "SD short data";
const EXTENDED: &str = "D extended data";

/// A body of `SD`. What some devices write behind it, a whole `D` body, is used if it can be read.
pub(super) fn short_data(body: &[u8]) -> Result<Record<'_>, DecodeError> {
    let mut fields = Fields::new(SHORT, body);
    let mut record = common(&mut fields)?;
    record.extended = more(&mut fields).unwrap_or(None);
    Ok(record)
}

/// A body of `D`. Fields missing at its end count as not given.
pub(super) fn data(body: &[u8]) -> Result<Record<'_>, DecodeError> {
    let mut fields = Fields::new(EXTENDED, body);
    let mut record = common(&mut fields)?;
    record.extended = Some(more(&mut fields)?.unwrap_or_default());
    Ok(record)
}

/// A record of `B`: either, told apart by the number of fields.
pub(super) fn record(body: &[u8]) -> Result<Record<'_>, DecodeError> {
    let mut fields = Fields::new(EXTENDED, body);
    let mut record = common(&mut fields)?;
    record.extended = more(&mut fields)?;
    Ok(record)
}

/// The ten fields that both have.
fn common<'a>(fields: &mut Fields<'a>) -> Result<Record<'a>, DecodeError> {
    let time = fields.time()?;
    let latitude = coordinate(fields, "lat", "NS", b'N', b'S')?;
    let longitude = coordinate(fields, "lon", "EW", b'E', b'W')?;
    Ok(Record {
        time,
        position: latitude
            .zip(longitude)
            .map(|(latitude, longitude)| Position { latitude, longitude }),
        speed: fields.optional("speed", decimal)?,
        course: fields.optional("course", decimal)?,
        altitude: fields.optional("alt", decimal)?,
        satellites: fields.optional("sats", satellites)?,
        extended: None,
    })
}

/// Degrees and minutes in one number, and the half of the globe.
fn coordinate(
    fields: &mut Fields<'_>,
    name: &'static str,
    half_name: &'static str,
    positive: u8,
    negative: u8,
) -> Result<Option<f64>, DecodeError> {
    let value = fields.optional(name, decimal)?;
    let sign = fields.optional(half_name, |half| match half {
        [letter] if letter.eq_ignore_ascii_case(&positive) => Some(1.0),
        [letter] if letter.eq_ignore_ascii_case(&negative) => Some(-1.0),
        _ => None,
    })?;
    Ok(value.zip(sign).map(|(value, sign)| {
        let degrees = (value / 100.0).trunc();
        sign * (degrees + (value - degrees * 100.0) / 60.0)
    }))
}

/// What `D` adds; `None` if there is no further field.
fn more<'a>(fields: &mut Fields<'a>) -> Result<Option<Extended<'a>>, DecodeError> {
    if fields.clone().next().is_none() {
        return Ok(None);
    }
    Ok(Some(Extended {
        hdop: fields.trailing("hdop", decimal)?,
        inputs: fields.trailing("inputs", mask)?,
        outputs: fields.trailing("outputs", mask)?,
        adc: fields.trailing("adc", analogue)?.unwrap_or_default(),
        driver_key: fields.trailing("ibutton", Some)?,
        parameters: match fields.remainder() {
            None => Vec::new(),
            Some(field) if absent(field.text) => Vec::new(),
            Some(field) => parameters(field.text).map_err(|at| {
                fields.error("params", field.offset + at, DecodeErrorKind::Invalid)
            })?,
        },
    }))
}

/// Analogue inputs; one that is not a number fails the field.
fn analogue(text: &[u8]) -> Option<Vec<Option<f64>>> {
    text.split(|&byte| byte == b',')
        .map(|value| match value.trim_ascii() {
            value if absent(value) => Some(None),
            value => decimal(value).map(Some),
        })
        .collect()
}

/// Parameters between commas. A piece that is not `name:[1-3]:…` belongs to the string before it.
///
/// # Errors
/// Offset of a piece that belongs to nothing.
fn parameters(text: &[u8]) -> Result<Vec<Parameter<'_>>, usize> {
    let mut list = Vec::new();
    // The parameter being read: where it begins, how it is written, where its value begins.
    let mut open: Option<Head<'_>> = None;
    let mut start = 0;
    for piece in text.split(|&byte| byte == b',') {
        match head(piece, start) {
            Some(next) => {
                close(&mut list, open.replace(next), text, start.saturating_sub(1));
            }
            None if open.is_some() || piece.trim_ascii().is_empty() => {}
            None => return Err(start),
        }
        start += piece.len() + 1;
    }
    close(&mut list, open, text, text.len());
    Ok(list)
}

/// How a parameter begins.
#[derive(Debug, Clone, Copy)]
struct Head<'a> {
    name: &'a [u8],
    kind: u8,
    value_at: usize,
}

fn head(piece: &[u8], start: usize) -> Option<Head<'_>> {
    let colon = memchr::memchr(b':', piece)?;
    let name = piece.get(..colon)?.trim_ascii();
    let &[kind @ b'1'..=b'3', b':', ..] = piece.get(colon + 1..)? else {
        return None;
    };
    let no_name = name.is_empty() || name.iter().any(u8::is_ascii_whitespace);
    (!no_name).then_some(Head { name, kind, value_at: start + colon + 3 })
}

fn close<'a>(list: &mut Vec<Parameter<'a>>, open: Option<Head<'a>>, text: &'a [u8], end: usize) {
    let Some(Head { name, kind, value_at }) = open else {
        return;
    };
    // A driver's text is kept whatever stands before it.
    if list.len() >= MAX_PARAMETERS && name != b"text" {
        return;
    }
    let written = text.get(value_at..end).unwrap_or(&[]).trim_ascii();
    let number = match kind {
        b'1' => integer(written).map(ParameterValue::Integer),
        b'2' => None,
        _ => return list.push(Parameter { name, value: ParameterValue::String(written) }),
    };
    let value = number
        .or_else(|| decimal(written).map(ParameterValue::Double))
        .unwrap_or(ParameterValue::String(written));
    list.push(Parameter { name, value });
}
