//! Positions and states (section 3).
//!
//! | from | event or attribute | value |
//! | --- | --- | --- |
//! | place, speed, course | [`Fix`] | valid by source and age (`REV`, `RPV`) or by fix mode 2 or 3 (the others) |
//! | event | `event_code`, or `event_letters` if it is not decimal | number; text |
//! | inputs | `inputs` | bit mask |
//! | HDOP | `hdop` | number |
//! | `SV` | satellites of the [`Fix`] | |
//! | `BL`, `VO`, `AD` | `battery_v`, `odometer_km`, `adc1` | volts, km, number |
//! | `RUS`: supply and battery in one field, temperatures with a sign | `power_v`, `battery_v`, `temperature1_c`, … | volts, °C |
//! | `RUV00` | `firmware` | text |
//! | other tags | their own name; with `param.` in front if that is a neutral one of another kind, or another word for one | text |

use jiff::Timestamp;
use nom::character::complete::one_of;
use nom::{IResult, Parser};

use super::message::{Message, Tag};
use super::time;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::event::{Attributes, Fix, Report, Value};
use crate::vocabulary::{named_by_device, names};
use crate::wire::digits;

const MILE: f32 = 1.609_344;

/// Number of digits of a latitude's and a longitude's degrees.
const LATITUDE: usize = 2;
const LONGITUDE: usize = 3;

/// What a report says; `None` for a message that is no report of a position. Without `now`, days are counted from 1970 and weeks
/// from 1980.
///
/// # Errors
/// A field is missing or has no valid value.
pub(super) fn report(
    message: &Message<'_>,
    now: Option<Timestamp>,
) -> Option<Result<Report, DecodeError>> {
    let parsed = match &message.name {
        b"REV" => event(message.data, now),
        b"RPV" => velocity(message.data, now),
        b"RGP" | b"RPI" => dated(message.data, Order::DayFirst),
        b"RCQ" => numbered(message.data),
        b"RUS" => user(message.data, Order::DayFirst),
        b"RUV" => user(message.data, Order::YearFirst),
        _ => return None,
    };
    Some(match parsed {
        Ok(mut report) => {
            let future = |&moment: &Timestamp| now.is_some_and(|now| time::in_future(moment, now));
            report.time = report.time.filter(|moment| !future(moment));
            tags(&message.tags, &mut report);
            Ok(report)
        }
        Err(rest) => Err(DecodeError {
            message: "report",
            field: "position",
            // Behind the three letters.
            offset: 3 + message.data.len().saturating_sub(rest.len()),
            kind: match rest {
                [] => DecodeErrorKind::Truncated,
                _ => DecodeErrorKind::Invalid,
            },
        }),
    })
}

/// A parser's outcome: the report, or where it went wrong.
type Parsed<'a> = Result<Report, &'a [u8]>;

/// Which way a date is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    DayFirst,
    YearFirst,
}

fn rest_of(error: nom::Err<nom::error::Error<&[u8]>>) -> &[u8] {
    match error {
        nom::Err::Error(error) | nom::Err::Failure(error) => error.input,
        nom::Err::Incomplete(_) => &[],
    }
}

/// A number of so many digits.
fn number(count: usize) -> impl Fn(&[u8]) -> IResult<&[u8], u32> {
    move |input| digits::digits(count)(input)
}

/// Sign, degrees and either five decimals, or minutes with four.
fn coordinate(degrees: usize) -> impl Fn(&[u8]) -> IResult<&[u8], f64> {
    move |input| {
        let (rest, sign) = one_of("+-").parse_complete(input)?;
        let sign = if sign == '-' { -1.0 } else { 1.0 };
        let (rest, whole) = number(degrees)(rest)?;
        if let (behind, Ok((_, minutes))) = (rest.get(2..), number(2)(rest))
            && let Some((b'.', behind)) = behind.and_then(<[u8]>::split_first)
        {
            let (rest, fraction) = number(4)(behind)?;
            let minutes = f64::from(minutes) + f64::from(fraction) / 1e4;
            return Ok((rest, sign * (f64::from(whole) + minutes / 60.0)));
        }
        let (rest, fraction) = number(5)(rest)?;
        Ok((rest, sign * (f64::from(whole) + f64::from(fraction) / 1e5)))
    }
}

/// Latitude and longitude.
fn place(input: &[u8]) -> IResult<&[u8], (f64, f64)> {
    (coordinate(LATITUDE), coordinate(LONGITUDE)).parse_complete(input)
}

/// Speed and course, then source and age: what `REV` and `RPV` end with.
fn movement(input: &[u8]) -> IResult<&[u8], (u32, u32, u32, u32)> {
    (number(3), number(3), number(1), number(1)).parse_complete(input)
}

fn fix((latitude, longitude): (f64, f64), speed: f32, course: u32, valid: bool) -> Option<Fix> {
    let fix = Fix {
        valid,
        latitude,
        longitude,
        altitude: None,
        speed: Some(speed),
        course: Some(course as f32),
        satellites: None,
    };
    fix.on_globe().then_some(fix)
}

fn placed(time: Option<Timestamp>, fix: Option<Fix>) -> Report {
    Report { time, fix, archived: false, attributes: Attributes::new() }
}

/// Source 9 is none; age 2 is fresh.
const fn is_fresh(source: u32, age: u32) -> bool {
    source != 9 && age == 2
}

/// `REV`: event 2, week 4, day 1, second 5, place, movement.
fn event(data: &[u8], now: Option<Timestamp>) -> Parsed<'_> {
    let head = (number(2), number(4), number(1), number(5), place, movement);
    let (_, (event, week, day, second, place, (speed, course, source, age))) = head_of(head, data)?;
    let fix = fix(place, speed as f32 * MILE, course, is_fresh(source, age));
    let mut report = placed(time::of_week(week, day, second, now), fix);
    report.attributes.push(("event_code".into(), Value::Int(event.into())));
    Ok(report)
}

/// Runs a parser; its failure becomes the place of it.
fn head_of<'a, T>(
    mut parser: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
    data: &'a [u8],
) -> Result<(&'a [u8], T), &'a [u8]> {
    parser.parse_complete(data).map_err(rest_of)
}

/// `RPV`: second 5, place, movement.
fn velocity(data: &[u8], now: Option<Timestamp>) -> Parsed<'_> {
    let (_, (second, place, (speed, course, source, age))) =
        head_of((number(5), place, movement), data)?;
    let fix = fix(place, speed as f32 * MILE, course, is_fresh(source, age));
    Ok(placed(time::of_day(second, now.unwrap_or(Timestamp::UNIX_EPOCH)), fix))
}

/// Six pairs of digits.
fn moment(order: Order) -> impl Fn(&[u8]) -> IResult<&[u8], Option<Timestamp>> {
    move |input| {
        let mut parts = [0; 6];
        let mut rest = input;
        for part in &mut parts {
            let (behind, value) = number(2)(rest)?;
            *part = i8::try_from(value).unwrap_or(0);
            rest = behind;
        }
        if order == Order::DayFirst {
            parts.swap(0, 2);
        }
        Ok((rest, time::calendar(parts)))
    }
}

/// `RGP`, `RPI` and what `RCQ`, `RUS` and `RUV` contain: date, time, place, speed, course, fix mode, age, inputs, event, HDOP.
fn dated(data: &[u8], order: Order) -> Parsed<'_> {
    let (rest, (moment, place, speed, course)) =
        head_of((moment(order), place, number(3), number(3)), data)?;
    let mode = rest.first().copied();
    // One maker counts kilometres.
    let unit = if order == Order::YearFirst { 1.0 } else { MILE };
    let valid = matches!(mode, Some(b'2' | b'3')) && moment.is_some();
    let mut report = placed(moment, fix(place, speed as f32 * unit, course, valid));
    let field = |from: usize| rest.get(from..from + 2).filter(|field| is_hexadecimal(field));
    if let Some(inputs) = field(3).and_then(hexadecimal) {
        report.attributes.push(("inputs".into(), Value::Int(inputs)));
    }
    if let (Some(event), Order::DayFirst) = (field(5), order) {
        report.attributes.push(match number(2)(event) {
            Ok((_, number)) => ("event_code".into(), Value::Int(number.into())),
            // Hexadecimal with letters, or no number at all: as it stands.
            Err(_) => ("event_letters".into(), words(event)),
        });
    }
    Ok(report)
}

fn is_hexadecimal(field: &[u8]) -> bool {
    field.iter().all(u8::is_ascii_hexdigit)
}

fn hexadecimal(field: &[u8]) -> Option<i64> {
    i64::from_str_radix(std::str::from_utf8(field).ok()?, 16).ok()
}

/// `RCQ`: event 2, then as [`dated`].
fn numbered(data: &[u8]) -> Parsed<'_> {
    let (rest, event) = head_of(number(2), data)?;
    let mut report = dated(rest, Order::DayFirst)?;
    report.attributes.retain(|(name, _)| !name.starts_with("event_"));
    report.attributes.insert(0, ("event_code".into(), Value::Int(event.into())));
    Ok(report)
}

/// `RUSnn,…` and `RUVnn…`: fields between commas, one of which may be as in [`dated`].
fn user(data: &[u8], order: Order) -> Parsed<'_> {
    let fields: Vec<&[u8]> = data.split(|&byte| byte == b',').collect();
    let mut report = fields
        .iter()
        .find_map(|field| dated(field, order).ok())
        .unwrap_or_else(|| placed(None, None));
    let kind = fields.first().copied().unwrap_or_default();
    report.attributes.insert(0, ("report".into(), words(kind)));
    match order {
        Order::DayFirst => supplies(&fields, &mut report.attributes),
        Order::YearFirst => {
            if let (true, Some(firmware)) = (kind.starts_with(b"00"), fields.get(5)) {
                report.attributes.push(("firmware".into(), words(firmware)));
            }
        }
    }
    Ok(report)
}

/// The fields of `RUS00` behind the position and two bit masks: supply and battery in hundredths of a volt, then others, of
/// which temperatures have a sign.
fn supplies(fields: &[&[u8]], list: &mut Attributes) {
    if let Some(&[a, b, c, d, e, f, g, h]) = fields.get(4).copied() {
        for (name, digits) in [("power_v", [a, b, c, d]), ("battery_v", [e, f, g, h])] {
            if let Ok((_, hundredths)) = number(4)(&digits) {
                list.push((name.into(), Value::Float(f64::from(hundredths) / 100.0)));
            }
        }
    }
    for (index, field) in (1_u32..).zip(fields.iter().skip(6).take(2)) {
        if matches!(field.first(), Some(b'+' | b'-'))
            && let Some(celsius) = decimal(field)
        {
            list.push((names::TEMPERATURE.name(index), Value::Float(celsius)));
        }
    }
}

fn decimal(field: &[u8]) -> Option<f64> {
    let plain = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    let short = field.len() <= 16 && field.iter().all(plain);
    short.then(|| std::str::from_utf8(field).ok()?.parse().ok()).flatten()
}

fn words(bytes: &[u8]) -> Value {
    Value::Text(String::from_utf8_lossy(bytes).into_owned())
}

/// What the tags say. Identity and password are not data.
fn tags(tags: &[Tag<'_>], report: &mut Report) {
    for tag in tags {
        let thousandths = || decimal(tag.value).map(|value| Value::Float(value / 1000.0));
        let known = match tag.name {
            b"ID" | b"KY" => continue,
            b"SV" => match (&mut report.fix, decimal(tag.value)) {
                (Some(fix), Some(count)) if (0.0..100.0).contains(&count) => {
                    fix.satellites = Some(count as u16);
                    continue;
                }
                _ => None,
            },
            b"BL" => thousandths().map(|value| ("battery_v", value)),
            b"VO" => thousandths().map(|value| ("odometer_km", value)),
            b"AD" => decimal(tag.value).map(|value| ("adc1", Value::Int(value as i64))),
            _ => None,
        };
        match known {
            Some((name, value)) => report.attributes.push((name.into(), value)),
            None if tag.name.is_empty() => {}
            None => {
                let name = String::from_utf8_lossy(tag.name).into_owned();
                report.attributes.push(named_by_device(name.into(), words(tag.value)));
            }
        }
    }
}
