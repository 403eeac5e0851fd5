//! From records to neutral events.
//!
//! | tag | event or attribute | value |
//! | --- | --- | --- |
//! | 20, 30, 33, 34 | time and [`Fix`] | valid if the high half of 30's first byte is 0 |
//! | `tags::meaning` | the name there | number, °C, text |
//! | 63–6F | `rs485_N`, `rs485_N_temperature_c` | level, °C |
//! | 70–77 | `temperatureN_c` | °C |
//! | 90 | `driver_key`, and [`Event::Driver`] | eight hexadecimal digits; a key of zeros is no driver |
//! | C1 | `fuel_level` (%), `coolant_temperature_c`, `rpm` | numbers |
//! | FE | `extended_` and four digits | number |
//! | others | `tag_XX` | bytes |
//! | compressed | `alarm` | text `general`, only if set |
//!
//! A record without time and position, such as a head packet, is an [`Event::Info`].

use std::hint::black_box;

use bytes::Bytes;
use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::decode::tag;
use super::message::{Compressed, Minimal, Tag, number};
use super::tags::{self, Reading};
use crate::event::{Attributes, DriverIdentity, Event, Fix, Report, Value};
use crate::vocabulary::names;

/// A full tank, in 0.4 %.
const FULL: u8 = 250;

/// Adds the events of one record of a main packet.
pub(super) fn events(record: &[Tag<'_>], archived: bool, now: Timestamp, out: &mut Vec<Event>) {
    let time = tag(record, tags::TIME).and_then(|value| moment(value, now));
    let fix = fix(record);
    let attributes = attributes(record);
    let located = [tags::TIME, tags::POSITION].iter().any(|&id| tag(record, id).is_some());
    if located {
        out.push(Event::Report(Report { time, fix, archived, attributes }));
        driver(record, time, out);
    } else if !attributes.is_empty() {
        out.push(Event::Info(attributes));
    }
}

/// Adds the events of one compressed record; the tags that were listed go before the minimal data set, which is coarser.
pub(super) fn compressed(record: &Compressed<'_>, now: Timestamp, out: &mut Vec<Event>) {
    let listed = tag(&record.tags, tags::TIME).and_then(|value| moment(value, now));
    let time = listed.or_else(|| minimal_time(&record.minimal, now));
    let position = || {
        let mut fix = minimal_fix(&record.minimal)?;
        movement(&record.tags, &mut fix);
        Some(fix)
    };
    let fix = fix(&record.tags).or_else(position);
    let mut attributes = attributes(&record.tags);
    if record.minimal.alarm {
        attributes.push(("alarm".into(), Value::Text("general".to_owned())));
    }
    out.push(Event::Report(Report { time, fix, archived: false, attributes }));
    driver(&record.tags, time, out);
}

/// The time, unless the clock was never set or runs more than a day ahead of `now`.
fn moment(value: &[u8], now: Timestamp) -> Option<Timestamp> {
    let moment = Timestamp::from_second(number(value)).ok()?;
    plausible(moment, now).then_some(moment)
}

fn plausible(moment: Timestamp, now: Timestamp) -> bool {
    moment.as_second() > 0 && moment.duration_since(now) <= SignedDuration::from_hours(24)
}

/// The second of the year counts from the new year's day that makes it most recent.
fn minimal_time(minimal: &Minimal, now: Timestamp) -> Option<Timestamp> {
    let year = now.to_zoned(TimeZone::UTC).year();
    [year, year - 1].into_iter().find_map(|year| {
        let start = date(year, 1, 1).to_zoned(TimeZone::UTC).ok()?.timestamp();
        let moment = start.checked_add(SignedDuration::from_secs(minimal.second.into())).ok()?;
        plausible(moment, now).then_some(moment)
    })
}

fn minimal_fix(minimal: &Minimal) -> Option<Fix> {
    let latitude = 180.0 * f64::from(minimal.latitude) / f64::from(1 << 21) - 90.0;
    let longitude = 360.0 * f64::from(minimal.longitude) / f64::from(1 << 22) - 180.0;
    let valid = !minimal.invalid;
    let fix = Fix {
        valid,
        latitude,
        longitude,
        altitude: None,
        speed: None,
        course: None,
        satellites: None,
    };
    fix.on_globe().then_some(fix)
}

/// The position; none at 0/0 without validity, or off the globe.
fn fix(record: &[Tag<'_>]) -> Option<Fix> {
    let &[state, ref degrees @ ..] = tag(record, tags::POSITION)? else {
        return None;
    };
    let &[a, b, c, d, e, f, g, h] = degrees else {
        return None;
    };
    let degrees = |bytes| f64::from(i32::from_le_bytes(bytes)) / 1e6;
    let mut fix = Fix {
        valid: state >> 4 == 0,
        latitude: degrees([a, b, c, d]),
        longitude: degrees([e, f, g, h]),
        altitude: None,
        speed: None,
        course: None,
        satellites: Some(u16::from(state & 0x0f)),
    };
    movement(record, &mut fix);
    let nowhere = !fix.valid && [a, b, c, d, e, f, g, h] == [0; 8];
    (!nowhere && fix.on_globe()).then_some(fix)
}

/// Speed, course and altitude.
fn movement(record: &[Tag<'_>], fix: &mut Fix) {
    if let Some(&[s0, s1, c0, c1]) = tag(record, tags::SPEED) {
        fix.speed = Some(f32::from(u16::from_le_bytes([s0, s1])) / 10.0);
        fix.course = Some(f32::from(u16::from_le_bytes([c0, c1])) / 10.0);
    }
    if let Some(&[low, high]) = tag(record, tags::ALTITUDE) {
        fix.altitude = Some(f32::from(i16::from_le_bytes([low, high])));
    }
}

/// Reads the value of one tag, and drops it.
#[inline]
pub(super) fn read_tag(tag: &Tag<'_>) {
    match (tag.id, tag.value) {
        (tags::POSITION, _) => {
            black_box(fix(std::slice::from_ref(tag)));
        }
        (id, value @ ([_] | [_, _] | [_, _, _] | [_, _, _, _])) => {
            black_box((id, number(value)));
        }
        tag => {
            black_box(tag);
        }
    }
}

fn driver(record: &[Tag<'_>], time: Option<Timestamp>, out: &mut Vec<Event>) {
    const KEY: u8 = 0x90;
    if let Some(key) = tag(record, KEY).filter(|key| key.iter().any(|&byte| byte != 0)) {
        let id = Some(format!("{:08X}", number(key)));
        out.push(Event::Driver(DriverIdentity { present: true, id, name: None, time }));
    }
}

/// Names of tags without a meaning.
static TAG_NAMES: [[u8; 6]; 256] = names::hexadecimal(*b"tag_00");

fn attributes(record: &[Tag<'_>]) -> Attributes {
    let mut list = Attributes::with_capacity(record.len());
    for tag in record {
        match tag.id {
            tags::IMEI
            | tags::TIME
            | tags::POSITION
            | tags::SPEED
            | tags::ALTITUDE
            | tags::COMMAND_NUMBER
            | tags::COMMAND_TEXT => {}
            tags::EXTENDED => extended(tag.value, &mut list),
            id => match tags::meaning(id) {
                Some((name, reading)) => read(name, reading, tag.value, &mut list),
                None => list.push((names::of_byte(&TAG_NAMES, id).into(), raw(tag.value))),
            },
        }
    }
    list
}

fn raw(value: &[u8]) -> Value {
    Value::Bytes(Bytes::copy_from_slice(value))
}

/// Two bytes of id and four of value each; what is left over is kept as it is.
fn extended(value: &[u8], list: &mut Attributes) {
    let (entries, left) = value.as_chunks();
    for &[low, high, ref value @ ..] in entries as &[[u8; 6]] {
        let id = u16::from_le_bytes([low, high]);
        list.push((format!("extended_{id:04X}").into(), Value::Int(number(value))));
    }
    if !left.is_empty() {
        list.push(("tag_FE".into(), raw(left)));
    }
}

fn read(name: &'static str, reading: Reading, value: &[u8], list: &mut Attributes) {
    let celsius = |byte: u8| Value::Int(i64::from(i8::from_le_bytes([byte])));
    let mut put = |name: &'static str, value| list.push((name.into(), value));
    match (reading, value) {
        (Reading::Number, value) => put(name, Value::Int(number(value))),
        (Reading::Version, value) => put(name, Value::Text(number(value).to_string())),
        (Reading::Signed | Reading::Thermometer, &[byte] | &[_, byte]) => put(name, celsius(byte)),
        (Reading::Scaled(unit), value) => put(name, Value::Float(number(value) as f64 / unit)),
        (Reading::Level(other), &[low, high, temperature]) => {
            put(name, Value::Int(u16::from_le_bytes([low, high]).into()));
            put(other, celsius(temperature));
        }
        (Reading::Engine, &[fuel, coolant, low, high]) => {
            let engine_speed = f64::from(u16::from_le_bytes([low, high])) / 8.0;
            // 0xFE and 0xFF: a fault, or no such sensor.
            if fuel <= FULL {
                put(name, Value::Float(f64::from(fuel) / 2.5));
            }
            put("coolant_temperature_c", Value::Int(i64::from(coolant) - 40));
            put("rpm", Value::Float(engine_speed));
        }
        (Reading::Key, value) => put(name, Value::Text(format!("{:08X}", number(value)))),
        (_, value) => put(name, raw(value)),
    }
}
