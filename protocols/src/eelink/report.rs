//! Between packages and neutral events.
//!
//! | on the wire | event or attribute | value |
//! | --- | --- | --- |
//! | position | [`Fix`] | `valid` by its own bit, else by status bit 0; none at 0/0 or off the globe |
//! | status bits 1, 2 | `ignition` | yes or no, if known |
//! | status bits 5, 6 and 7, 8 | `relay`, `charging` | yes or no, if known |
//! | warning | `alarm`, or `alarm_code` | name ([`alarm_name`]); number |
//! | report, state | `event_code` | number |
//! | cells | `cell1.mcc`, `cell1.mnc`, `cell1.lac`, `cell1.id`, … | numbers |
//! | battery | `battery_v` | volts |
//! | analogue inputs | `adc0`, `adc1` | numbers |
//! | signal, mileage | `signal`, `odometer_km` | number; kilometres |
//! | temperatures | `temperature1_c`, `temperature2_c` | °C; 0 is no sensor |
//! | SMS | [`Event::Message`], its sender's number in front | text |
//! | answer to an instruction | `command_answer`, `command_id`; a position in it also as such | text, number |

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::message::{Cell, Gps, Instruction, Report as Package, Sensors, Sms};
use crate::event::{Attributes, DriverMessage, Event, Fix, Origin, RepeatKey, Report, Value};
use crate::vocabulary::names;
use crate::wire::located;

/// Units of a degree.
pub(super) const PER_DEGREE: f64 = 1_800_000.0;
/// How long an SMS stays recognisable by the second in which it was received.
const DATED_WINDOW_SECONDS: u32 = 7 * 24 * 3600;
/// How long an undated one is taken for a repeat when it comes again over another connection.
const UNDATED_WINDOW_SECONDS: u32 = 60;

/// Status bits: the position is good; ignition; relay; charging (known, then on).
pub(super) const FIXED: u16 = 1;
pub(super) const IGNITION: (u16, u16) = (1 << 1, 1 << 2);
const RELAY: (u16, u16) = (1 << 5, 1 << 6);
const CHARGING: (u16, u16) = (1 << 7, 1 << 8);

/// Name of a warning code (specification, section 3; 0x25 from a published frame).
pub(super) const fn alarm_name(code: u8) -> Option<&'static str> {
    Some(match code {
        0x01 => "power_lost",
        0x02 => "sos",
        0x03 => "low_power",
        0x04 => "vibration",
        0x08 => "gnss_antenna_open",
        0x09 => "gnss_antenna_short",
        0x25 => "tamper",
        0x81 => "low_speed",
        0x82 => "overspeed",
        0x83 => "area_in",
        0x84 => "area_out",
        0x85 => "collision",
        0x86 => "fall",
        _ => return None,
    })
}

/// A position or warning.
pub(super) fn report(package: &Package, received: Timestamp) -> Report {
    let fix = package.gps.and_then(|gps| fix(gps, package.status));
    let attributes = attributes(package);
    Report { time: moment(package.time, received), fix, archived: false, attributes }
}

/// The status alone.
pub(super) fn status(status: u16) -> Event {
    let mut list = Attributes::new();
    state(status, &mut list);
    Event::Info(list)
}

/// An SMS, and where the device was if it says.
pub(super) fn sms(sms: &Sms<'_>, received: Timestamp) -> Vec<Event> {
    let report = report(&sms.report, received);
    let device_time = report.time;
    let mut events = Vec::with_capacity(2);
    if report.fix.is_some() || !report.attributes.is_empty() {
        events.push(Event::Report(report));
    }
    let text = match &*sms.number {
        "" => sms.text.clone().into_owned(),
        number => format!("{number}: {}", sms.text),
    };
    let repeat = match device_time.and_then(|time| u64::try_from(time.as_second()).ok()) {
        Some(key) => RepeatKey::Numbered { key, window_seconds: DATED_WINDOW_SECONDS },
        None => RepeatKey::TextOnly { window_seconds: UNDATED_WINDOW_SECONDS },
    };
    let (reply_to, origin) = (None, Origin::Driver);
    events.push(Event::Message(DriverMessage { text, device_time, repeat, reply_to, origin }));
    events
}

/// The answer to an instruction; what it says of the position is a report of its own.
pub(super) fn answer(answer: &Instruction<'_>) -> Vec<Event> {
    let mut events: Vec<_> =
        located::report(&answer.text, 0).map(Event::Report).into_iter().collect();
    events.push(Event::Info(vec![
        ("command_answer".into(), Value::Text(answer.text.clone().into_owned())),
        ("command_id".into(), Value::Int(answer.unique_id.into())),
    ]));
    events
}

/// A clock that was never set, or runs ahead by more than a day, says nothing.
fn moment(seconds: u32, received: Timestamp) -> Option<Timestamp> {
    let time = Timestamp::from_second(seconds.into()).ok()?;
    let latest = received.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
    (seconds > 946_684_800 && time <= latest).then_some(time)
}

fn fix(gps: Gps, status: Option<u16>) -> Option<Fix> {
    let by_status = status.map(|status| status & FIXED != 0);
    let by_satellites = gps.satellites.is_none_or(|count| count > 0);
    let fix = Fix {
        valid: gps.fixed.or(by_status).unwrap_or(by_satellites),
        latitude: f64::from(gps.latitude) / PER_DEGREE,
        longitude: f64::from(gps.longitude) / PER_DEGREE,
        altitude: gps.altitude.map(f32::from),
        speed: Some(gps.speed.into()),
        course: Some(gps.course.into()),
        satellites: gps.satellites.map(u16::from),
    };
    ((gps.latitude, gps.longitude) != (0, 0) && fix.on_globe()).then_some(fix)
}

fn attributes(package: &Package) -> Attributes {
    let mut list = Attributes::new();
    if let Some(status) = package.status {
        state(status, &mut list);
    }
    match package.warning.map(|code| (code, alarm_name(code))) {
        Some((_, Some(name))) => push(&mut list, "alarm", Value::Text(name.to_owned())),
        Some((code, None)) => push(&mut list, "alarm_code", Value::Int(code.into())),
        None => {}
    }
    if let Some(code) = package.code {
        push(&mut list, "event_code", Value::Int(code.into()));
    }
    let cells = package.cells.iter().filter(|cell| cell.mcc != 0);
    for (number, Cell { mcc, mnc, lac, id }) in (1_u32..).zip(cells) {
        list.extend([
            (names::CELL_MCC.name(number), Value::Int((*mcc).into())),
            (names::CELL_MNC.name(number), Value::Int((*mnc).into())),
            (names::CELL_LAC.name(number), Value::Int((*lac).into())),
            (names::CELL_ID.name(number), Value::Int((*id).into())),
        ]);
    }
    sensors(&package.sensors, &mut list);
    list
}

fn state(status: u16, list: &mut Attributes) {
    for ((known, on), name) in [(IGNITION, "ignition"), (RELAY, "relay"), (CHARGING, "charging")] {
        if status & known != 0 {
            push(list, name, Value::Bool(status & on != 0));
        }
    }
}

fn sensors(sensors: &Sensors, list: &mut Attributes) {
    if let Some(millivolts) = sensors.battery {
        push(list, "battery_v", Value::Float(f64::from(millivolts) / 1000.0));
    }
    for (name, value) in ["adc0", "adc1"].into_iter().zip(sensors.analogues) {
        if let Some(value) = value {
            push(list, name, Value::Int(value.into()));
        }
    }
    if let Some(signal) = sensors.signal {
        push(list, "signal", Value::Int(signal.into()));
    }
    if let Some(metres) = sensors.mileage {
        push(list, "odometer_km", Value::Float(f64::from(metres) / 1000.0));
    }
    let temperatures = [
        ("temperature1_c", sensors.temperature1, 256.0),
        ("temperature2_c", sensors.temperature2, 16.0),
    ];
    for (name, value, unit) in temperatures {
        if let Some(value) = value.filter(|&value| value != 0) {
            push(list, name, Value::Float(f64::from(value) / unit));
        }
    }
}

fn push(list: &mut Attributes, name: &'static str, value: Value) {
    list.push((Cow::Borrowed(name), value));
}
