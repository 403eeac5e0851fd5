//! Position blocks: found by their form, wherever they stand (section 3).

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use nom::IResult;

use super::message::is_time;
use crate::event::{Attributes, Fix, Value};
use crate::wire::digits::{short_decimal, two_digits};

/// Fields before the longitude: accuracy, speed, course, altitude.
const BEFORE: usize = 4;
/// Fields from accuracy to time.
pub(super) const LENGTH: usize = 7;
/// Network code, area and cell behind the time.
const CELL: usize = 4;

/// One position block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    /// Where it stands among the fields: from the accuracy to the time.
    pub(super) range: Range<usize>,
    /// The time of the position.
    pub(super) time: Option<Timestamp>,
    /// The position; `None` if it lies off the globe.
    pub(super) fix: Option<Fix>,
    /// Accuracy (1 to 50, like HDOP); 0 is an old position.
    pub(super) accuracy: Option<f64>,
}

/// All blocks among `fields`, in order.
pub(super) fn blocks(fields: &[&[u8]]) -> Vec<Block> {
    let mut list = Vec::new();
    let mut from = 0;
    while let Some(block) = (from..fields.len()).find_map(|at| block(fields, from, at)) {
        from = block.range.end;
        list.push(block);
    }
    if let Some(block) = list.last_mut() {
        let count = satellites(fields, block);
        if let Some(fix) = &mut block.fix {
            fix.satellites = count;
        }
    }
    list
}

/// The number of satellites: models that have it say by `01` behind the cell that it follows.
pub(super) fn satellites(fields: &[&[u8]], block: &Block) -> Option<u16> {
    match fields.get(behind(block)..)? {
        [b"01", count @ ([_] | [_, _]), ..] => {
            count.iter().all(u8::is_ascii_digit).then_some(())?;
            std::str::from_utf8(count).ok()?.parse().ok()
        }
        _ => None,
    }
}

/// The block whose longitude is field `at`, if it is one and begins at or behind `from`.
fn block(fields: &[&[u8]], from: usize, at: usize) -> Option<Block> {
    let start = at.checked_sub(BEFORE).filter(|&start| start >= from)?;
    let &[accuracy, speed, course, altitude, longitude, latitude, time] =
        fields.get(start..start + LENGTH)?
    else {
        return None;
    };
    // Asked of most fields: the length of a time is the quickest to tell.
    if !is_time(time) || !(is_number(accuracy) || accuracy.is_empty()) {
        return None;
    }
    let (longitude, latitude) = (coordinate(longitude)?, coordinate(latitude)?);
    let accuracy = decimal(accuracy);
    let fix = Fix {
        // Some devices leave it empty; what they report then is current.
        valid: accuracy != Some(0.0),
        latitude,
        longitude,
        altitude: decimal(altitude).map(|value| value as f32),
        speed: decimal(speed).map(|value| value as f32),
        course: decimal(course).map(|value| value as f32),
        satellites: None,
    };
    let fix = fix.on_globe().then_some(fix);
    Some(Block { range: start..start + LENGTH, time: moment(time), fix, accuracy })
}

/// Degrees with a fraction: a whole number is something else.
fn coordinate(field: &[u8]) -> Option<f64> {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    let point = memchr::memchr(b'.', digits)?;
    let known = (1..=3).contains(&point) && digits.len() > point + 1;
    known.then(|| decimal(field)).flatten()
}

fn is_number(field: &[u8]) -> bool {
    !field.is_empty() && field.iter().all(u8::is_ascii_digit)
}

/// A number, with or without sign and decimals. (`nan` and `inf`, which occur, are none.)
pub(super) fn decimal(field: &[u8]) -> Option<f64> {
    if field.first() == Some(&b'+') {
        return None;
    }
    let long = || {
        let plain = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        let number = field.len() <= 24 && field.iter().all(plain);
        number.then(|| std::str::from_utf8(field).ok()?.parse().ok()).flatten()
    };
    short_decimal(field, b'.').or_else(long)
}

/// `YYYYMMDDHHMMSS`, UTC.
pub(super) fn moment(field: &[u8]) -> Option<Timestamp> {
    let (year, date_and_time) = field.split_at_checked(4)?;
    let [century, year] = two_by_two(year)?;
    let [month, day, hour, minute, second] = two_by_two(date_and_time)?;
    let year = i16::from(century) * 100 + i16::from(year);
    Offset::UTC.to_timestamp(DateTime::new(year, month, day, hour, minute, second, 0).ok()?).ok()
}

/// Numbers of two digits each, and nothing else.
fn two_by_two<const N: usize>(digits: &[u8]) -> Option<[i8; N]> {
    let (mut numbers, mut rest) = ([0; N], digits);
    for number in &mut numbers {
        let read: IResult<_, _, ()> = two_digits(rest);
        (rest, *number) = read.ok()?;
    }
    rest.is_empty().then_some(numbers)
}

/// Network, area and cell behind a block, under the neutral names.
pub(super) fn cell(fields: &[&[u8]], block: &Block, out: &mut Attributes) {
    let Some(&[mcc, mnc, area, cell]) = fields.get(block.range.end..block.range.end + CELL) else {
        return;
    };
    let number = |field: &[u8], radix| {
        let text = std::str::from_utf8(field).ok()?;
        i64::from_str_radix(text, radix).ok().filter(|number| *number >= 0)
    };
    // Codes are decimal, area and cell hexadecimal.
    let found = (number(mcc, 10), number(mnc, 10), number(area, 16), number(cell, 16));
    if let (Some(mcc), Some(mnc), Some(area), Some(cell)) = found {
        out.push(("cell1.mcc".into(), Value::Int(mcc)));
        out.push(("cell1.mnc".into(), Value::Int(mnc)));
        out.push(("cell1.lac".into(), Value::Int(area)));
        out.push(("cell1.id".into(), Value::Int(cell)));
    }
}

/// Where the fields behind a block's cell begin.
pub(super) const fn behind(block: &Block) -> usize {
    block.range.end + CELL
}
