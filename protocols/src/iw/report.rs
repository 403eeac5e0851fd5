//! Between frames and neutral events.
//!
//! | on the wire | event or attribute | value |
//! | --- | --- | --- |
//! | position | [`Fix`] | `valid` by `A`; none at 0/0 or off the globe |
//! | GSM, battery | `signal`, `battery_level` | number; %, above 100 left out |
//! | ignition | `ignition` | yes or no, of `TRV` trackers; watches fill the digit up |
//! | steps, rolls | `steps`, `rolls` | numbers |
//! | cell | `cell1.mcc`, `cell1.mnc`, `cell1.lac`, `cell1.id` | numbers |
//! | alarm | `alarm`, or `alarm_code` | name ([`alarm_name`]); number |
//! | health | `heart_rate`, `systolic_mmhg`, `diastolic_mmhg`, `oxygen_level`, `sugar`, `body_temperature_c` | numbers; percentages above 100 are left out |

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::frame::Prefix;
use super::message::{Heartbeat, Position, State};
use crate::event::{Attributes, Event, Fix, Report, Value};
use crate::vocabulary;

/// Name of an alarm (specification, section 3).
pub(super) const fn alarm_name(code: u32) -> Option<&'static str> {
    Some(match code {
        1 => "sos",
        3 => "tamper",
        5 | 6 => "fall",
        _ => return None,
    })
}

/// A position as a report.
pub(super) fn report(position: &Position, prefix: Prefix, received: Timestamp) -> Report {
    let mut attributes = Attributes::new();
    state(position.state, prefix, &mut attributes);
    match position.alarm.map(|code| (code, alarm_name(code))) {
        Some((_, Some(name))) => attributes.push(("alarm".into(), Value::Text(name.to_owned()))),
        Some((1.., None)) => numbers([("alarm_code", position.alarm)], &mut attributes),
        _ => {}
    }
    if let [Some(mcc @ 1..), mnc, lac, cell] = position.cell {
        let cell =
            [("cell1.mcc", Some(mcc)), ("cell1.mnc", mnc), ("cell1.lac", lac), ("cell1.id", cell)];
        numbers(cell, &mut attributes);
    }
    let time = position.time.filter(|time| plausible(*time, received));
    Report { time, fix: fix(position), archived: false, attributes }
}

/// What a sign of life says.
pub(super) fn heartbeat(heartbeat: &Heartbeat, prefix: Prefix) -> Event {
    let mut attributes = Attributes::new();
    state(heartbeat.state, prefix, &mut attributes);
    numbers([("steps", heartbeat.steps), ("rolls", heartbeat.rolls)], &mut attributes);
    Event::Info(attributes)
}

/// Measurements of somebody's health; only temperature and sugar have decimals.
pub(super) fn health(values: &[(&'static str, f64)]) -> Event {
    let typed = |name, value: f64| match name {
        "body_temperature_c" | "sugar" => Value::Float(value),
        _ => Value::Int(value.round() as i64),
    };
    let values = values.iter().map(|&(name, value)| (Cow::Borrowed(name), typed(name, value)));
    Event::Info(values.filter(|(name, value)| possible(name, value)).collect())
}

fn state(state: State, prefix: Prefix, out: &mut Attributes) {
    let battery = Some(state.battery).filter(|&percent| percent <= 100);
    numbers([("signal", Some(state.signal)), ("battery_level", battery)], out);
    if prefix == Prefix::Trv {
        out.push(("ignition".into(), Value::Bool(state.ignition == 1)));
    }
}

fn numbers<const N: usize>(values: [(&'static str, Option<u32>); N], out: &mut Attributes) {
    for (name, value) in values {
        if let Some(value) = value {
            out.push((name.into(), Value::Int(value.into())));
        }
    }
}

/// A value that cannot be true says nothing.
fn possible(name: &str, value: &Value) -> bool {
    vocabulary::term(name).is_none_or(|term| term.fits(value))
}

/// A clock that runs ahead by more than a day says nothing.
fn plausible(time: Timestamp, received: Timestamp) -> bool {
    let latest = received.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
    time <= latest
}

fn fix(position: &Position) -> Option<Fix> {
    let fix = Fix {
        valid: position.fixed,
        latitude: position.latitude,
        longitude: position.longitude,
        altitude: None,
        speed: Some(position.speed as f32),
        course: Some(position.course as f32),
        satellites: u16::try_from(position.state.satellites).ok(),
    };
    ((fix.latitude, fix.longitude) != (0.0, 0.0) && fix.on_globe()).then_some(fix)
}
