//! Between contents and neutral events.
//!
//! | on the wire | event or attribute | value |
//! | --- | --- | --- |
//! | position | [`Fix`] | `valid` by `A`; none at 0/0 or off the globe |
//! | GSM, battery | `signal_level`, `battery_level` | %, above 100 left out |
//! | steps, rolls | `steps`, `rolls` | numbers |
//! | status | `status_bits` | number, only if not 0 |
//! | status bits 16–22 | `alarm` | name ([`ALARMS`]); repeats |
//! | health | `heart_rate`, or `health_…` by the word | number; text |

use jiff::{SignedDuration, Timestamp};

use super::message::Position;
use crate::event::{Attributes, Event, Fix, Report, Value};

/// Names of the alarm bits.
pub(super) const ALARMS: [(u8, &str); 7] = [
    (16, "sos"),
    (17, "low_power"),
    (18, "area_out"),
    (19, "area_in"),
    (20, "tamper"),
    (21, "fall"),
    (22, "heart_rate"),
];

/// A position as a report.
pub(super) fn report(position: &Position, received: Timestamp) -> Report {
    let mut attributes = Attributes::new();
    numbers(
        [
            ("signal_level", position.signal.filter(possible)),
            ("battery_level", position.battery.filter(possible)),
            ("steps", position.steps),
            ("rolls", position.rolls),
            ("status_bits", position.status.filter(|&bits| bits != 0)),
        ],
        &mut attributes,
    );
    let bits = position.status.unwrap_or(0);
    for (_, name) in ALARMS.iter().filter(|(bit, _)| bits & (1 << bit) != 0) {
        attributes.push(("alarm".into(), Value::Text((*name).to_owned())));
    }
    let time = position.time.filter(|time| plausible(*time, received));
    Report { time, fix: fix(position), archived: position.stored, attributes }
}

/// What a sign of life says; nothing if it says nothing.
pub(super) fn alive([steps, rolls, battery]: [Option<u32>; 3]) -> Option<Event> {
    let mut attributes = Attributes::new();
    let values = [("steps", steps), ("rolls", rolls), ("battery_level", battery.filter(possible))];
    numbers(values, &mut attributes);
    (!attributes.is_empty()).then_some(Event::Info(attributes))
}

/// A measurement of somebody's health. Only of the pulse alone it is known what the values are.
pub(super) fn health(word: &[u8], values: &[u8]) -> Event {
    if let (b"heart", Some(rate @ 0..=400)) = (word, whole(values)) {
        return Event::Info(vec![("heart_rate".into(), Value::Int(rate))]);
    }
    let name = format!("health_{}", String::from_utf8_lossy(word).to_ascii_lowercase());
    let values = String::from_utf8_lossy(values).into_owned();
    Event::Info(vec![(name.into(), Value::Text(values))])
}

/// Per cent.
const fn possible(level: &u32) -> bool {
    *level <= 100
}

fn whole(digits: &[u8]) -> Option<i64> {
    let plain = digits.iter().all(u8::is_ascii_digit);
    plain.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

fn numbers<const N: usize>(values: [(&'static str, Option<u32>); N], out: &mut Attributes) {
    for (name, value) in values {
        if let Some(value) = value {
            out.push((name.into(), Value::Int(value.into())));
        }
    }
}

/// A clock that runs ahead by more than a day says nothing.
fn plausible(time: Timestamp, received: Timestamp) -> bool {
    let latest = received.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
    time <= latest
}

fn fix(position: &Position) -> Option<Fix> {
    let (latitude, longitude) = position.place?;
    let small = |value: Option<f64>| value.map(|value| value as f32);
    let fix = Fix {
        valid: position.fixed,
        latitude,
        longitude,
        altitude: small(position.altitude),
        speed: small(position.speed),
        course: small(position.course),
        satellites: position.satellites.and_then(|count| u16::try_from(count).ok()),
    };
    ((latitude, longitude) != (0.0, 0.0) && fix.on_globe()).then_some(fix)
}
