//! Between packets and neutral events.
//!
//! | on the wire | event or attribute | value |
//! | --- | --- | --- |
//! | position | [`Fix`] | `valid` by bit 12 of the course; none at 0/0 or off the globe |
//! | status bit 1, or its own byte | `ignition` | yes or no |
//! | status bits 0, 2, 7 | `armed`, `charging`, `fuel_cut` | only if set |
//! | battery | `battery_level` or `battery_v` | %; volts |
//! | GSM | `signal` | number, 0–4 or 0–100 |
//! | alarm byte, status bits 3–5, code of 0x95 | `alarm` | name ([`alarm_name`]); repeats |
//! | any other alarm code | `alarm_code` | number |
//! | cell | `cell1.mcc`, `cell1.mnc`, `cell1.lac`, `cell1.id` | numbers |
//! | card | `driver_key`, and [`Event::Driver`] | text |
//! | what single models add | `power_v`, `temperature1_c`, `door1_open`, `steps`, `imei`, `imsi`, `iccid`, `serial_text`, `serial_data`, `peripheral`, … | |
//! | answer to a command | `command_answer`, `command_id`; a position or an ICCID in it also as such | text, number |

use std::borrow::Cow;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::message::{Answer, Battery, Cell, Gps, Report as Packet, Status};
use crate::event::{Attributes, DriverIdentity, Event, Fix, Report, Value};
use crate::wire::located;

/// Units of a degree.
pub(super) const PER_DEGREE: f64 = 1_800_000.0;
/// Bits of the course.
pub(super) const NORTH: u16 = 1 << 10;
pub(super) const WEST: u16 = 1 << 11;
pub(super) const FIXED: u16 = 1 << 12;

/// Name of an alarm code. The specification has none; these are the codes of the makers' documents that published frames agree
/// with, and of 0x95.
pub(super) const fn alarm_name(code: u8) -> Option<&'static str> {
    Some(match code {
        0x01 => "sos",
        0x02 => "power_lost",
        0x03 => "vibration",
        0x04 => "area_in",
        0x05 => "area_out",
        0x06 => "overspeed",
        0x09 => "illegal_movement",
        0x0e | 0x19 => "low_power",
        0x13 => "tamper",
        0x14 => "illegal_door",
        0x29 | 0x90 => "harsh_acceleration",
        0x30 | 0x91 => "harsh_braking",
        0x2a | 0x2b | 0x92 => "harsh_cornering",
        0x2c | 0x93 => "collision",
        0x2d => "rollover",
        _ => return None,
    })
}

/// Name of the alarm in bits 3–5 of the status.
const fn status_alarm(info: u8) -> Option<&'static str> {
    Some(match (info >> 3) & 7 {
        1 => "vibration",
        2 => "power_lost",
        3 => "low_power",
        4 => "sos",
        7 => "tamper",
        _ => return None,
    })
}

/// The events of one packet: a report where it has a time or a position, else what the device says of itself; then the driver.
pub(super) fn events(packet: &Packet<'_>, offset: i32, received: Timestamp) -> Vec<Event> {
    let time = match (packet.unix_time, packet.time) {
        (Some(seconds), _) => Timestamp::from_second(seconds.into()).ok(),
        (None, Some(time)) => moment(time, offset),
        (None, None) => None,
    };
    let time = time.filter(|time| plausible(*time, received));
    let fix = packet.gps.and_then(|gps| fix(gps, packet.altitude));
    let attributes = attributes(packet);
    let dated = packet.time.is_some() || packet.unix_time.is_some() || packet.alarm.is_some();
    let mut events = Vec::with_capacity(2);
    if dated || fix.is_some() {
        events.push(Event::Report(Report { time, fix, archived: packet.archived, attributes }));
    } else if !attributes.is_empty() {
        events.push(Event::Info(attributes));
    }
    if let Some(card) = &packet.card {
        let id = Some(card.clone().into_owned());
        events.push(Event::Driver(DriverIdentity { present: true, id, name: None, time }));
    }
    events
}

/// The answer to a command; what it says of the position is a report of its own.
pub(super) fn answer(answer: &Answer<'_>, offset: i32) -> Vec<Event> {
    let mut events: Vec<_> =
        located::report(&answer.text, offset).map(Event::Report).into_iter().collect();
    let mut info = vec![
        ("command_answer".into(), Value::Text(answer.text.clone().into_owned())),
        ("command_id".into(), Value::Int(answer.flag.into())),
    ];
    if let Some(iccid) = answer.text.strip_prefix("<ICCID:").and_then(|id| id.strip_suffix('>')) {
        info.push(("iccid".into(), Value::Text(iccid.to_owned())));
    }
    events.push(Event::Info(info));
    events
}

/// A clock that was never set, or runs ahead by more than a day, says nothing.
fn plausible(time: Timestamp, received: Timestamp) -> bool {
    let latest = received.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
    time.as_second() > 946_684_800 && time <= latest
}

/// The moment that `time` names on a clock `offset` minutes east of UTC; `None` if it is no time.
fn moment([year, month, day, hour, minute, second]: [u8; 6], offset: i32) -> Option<Timestamp> {
    let small = |number: u8| i8::try_from(number).ok();
    let date = (2000 + i16::from(year), small(month)?, small(day)?);
    let time = (small(hour)?, small(minute)?, small(second)?);
    let local = DateTime::new(date.0, date.1, date.2, time.0, time.1, time.2, 0).ok()?;
    zone(offset).to_timestamp(local).ok()
}

/// The six bytes of a moment on a clock `offset` minutes east of UTC.
pub(super) fn clock(moment: Timestamp, offset: i32) -> [u8; 6] {
    let local = zone(offset).to_datetime(moment);
    let byte = |number: i8| u8::try_from(number).unwrap_or(0);
    let year = u8::try_from(local.year().rem_euclid(100)).unwrap_or(0);
    let (date, time) = ([local.month(), local.day()], [local.hour(), local.minute()]);
    let ([month, day], [hour, minute]) = (date.map(byte), time.map(byte));
    [year, month, day, hour, minute, byte(local.second())]
}

fn zone(offset: i32) -> Offset {
    Offset::from_seconds(offset.saturating_mul(60)).unwrap_or(Offset::UTC)
}

fn fix(gps: Gps, altitude: Option<i16>) -> Option<Fix> {
    let degrees = |size: u32, negative: bool| {
        let degrees = f64::from(size) / PER_DEGREE;
        if negative { -degrees } else { degrees }
    };
    let fix = Fix {
        valid: gps.course & FIXED != 0,
        latitude: degrees(gps.latitude, gps.course & NORTH == 0),
        longitude: degrees(gps.longitude, gps.course & WEST != 0),
        altitude: altitude.map(f32::from),
        speed: Some(gps.speed.into()),
        course: Some(f32::from(gps.course & 0x03ff)),
        satellites: Some(gps.satellites.into()),
    };
    ((gps.latitude, gps.longitude) != (0, 0) && fix.on_globe()).then_some(fix)
}

fn attributes(packet: &Packet<'_>) -> Attributes {
    let mut list = Attributes::new();
    if let Some(ignition) = packet.ignition {
        push(&mut list, "ignition", Value::Bool(ignition));
    }
    if let Some(status) = packet.status {
        state(status, &mut list);
    }
    let named = packet.alarm.and_then(alarm_name);
    match packet.alarm {
        Some(code) if named.is_none() => push(&mut list, "alarm_code", Value::Int(code.into())),
        _ => {}
    }
    let of_status = packet.status.and_then(|status| status_alarm(status.info));
    for name in named.into_iter().chain(of_status.filter(|name| Some(*name) != named)) {
        push(&mut list, "alarm", Value::Text(name.to_owned()));
    }
    if let Some(Cell { mcc, mnc, lac, id }) = packet.cell.filter(|cell| cell.mcc != 0) {
        push(&mut list, "cell1.mcc", Value::Int(mcc.into()));
        push(&mut list, "cell1.mnc", Value::Int(mnc.into()));
        push(&mut list, "cell1.lac", Value::Int(lac.into()));
        push(&mut list, "cell1.id", Value::Int(i64::try_from(id).unwrap_or(i64::MAX)));
    }
    if let Some(card) = &packet.card {
        push(&mut list, "driver_key", Value::Text(card.clone().into_owned()));
    }
    list.extend(packet.extras.iter().cloned());
    list
}

fn state(status: Status, list: &mut Attributes) {
    let bit = |bit: u8| status.info & (1 << bit) != 0;
    push(list, "ignition", Value::Bool(bit(1)));
    for (number, name) in [(0, "armed"), (2, "charging"), (7, "fuel_cut")] {
        if bit(number) {
            push(list, name, Value::Bool(true));
        }
    }
    match status.battery {
        Battery::Level(level @ 0..=6) => {
            push(list, "battery_level", Value::Int(i64::from(level) * 100 / 6));
        }
        Battery::Level(percent @ 7..=100) | Battery::Percent(percent @ 0..=100) => {
            push(list, "battery_level", Value::Int(percent.into()));
        }
        // Not a level of any known scale.
        Battery::Level(_) | Battery::Percent(_) => {}
        Battery::CentiVolts(hundredths) => {
            push(list, "battery_v", Value::Float(f64::from(hundredths) / 100.0));
        }
    }
    if status.signal <= 100 {
        push(list, "signal", Value::Int(status.signal.into()));
    }
}

fn push(list: &mut Attributes, name: &'static str, value: Value) {
    list.push((Cow::Borrowed(name), value));
}
