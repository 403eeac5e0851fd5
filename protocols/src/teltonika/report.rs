//! From an AVL record to a neutral report.
//!
//! | in the record | in the report |
//! | --- | --- |
//! | timestamp | `time`; none if it lies before 2000 or more than a day ahead |
//! | longitude, latitude, altitude, angle, speed, satellites | [`Fix`]; not `valid` without satellites, when the place is the last known one; none at 0/0 and off the globe |
//! | priority, if not 0 | `priority`: 1 high, 2 panic, 3 security |
//! | event IO id, if not 0 | `event_io` |
//! | generation type | `generation` |
//! | IO elements | `names` |
//!
//! The format does not say which records come late from the device's memory: `archived` is never set.

use std::borrow::Cow;

use jiff::Timestamp;

use super::message::Record;
use super::names::Naming;
use crate::event::{Attributes, Fix, Report, Value};

/// 2000-01-01 in milliseconds: a clock that shows less was never set.
const EARLIEST: u64 = 946_684_800_000;

/// Times that a record can have, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plausible {
    latest: u64,
}

impl Plausible {
    /// What can be when a record arrives at `received`: at most a day ahead.
    pub(super) fn at(received: Timestamp) -> Self {
        let latest = received.as_millisecond().saturating_add(24 * 3600 * 1000);
        Self { latest: u64::try_from(latest).unwrap_or(0) }
    }
}

impl Record<'_> {
    /// The position, if there is one.
    fn fix(&self) -> Option<Fix> {
        let fix = Fix {
            valid: self.satellites > 0,
            latitude: f64::from(self.latitude) / 1e7,
            longitude: f64::from(self.longitude) / 1e7,
            altitude: Some(f32::from(self.altitude)),
            speed: Some(f32::from(self.speed)),
            course: Some(f32::from(self.angle)),
            satellites: Some(self.satellites.into()),
        };
        ((self.latitude, self.longitude) != (0, 0) && fix.on_globe()).then_some(fix)
    }

    /// The time, if it can be one.
    pub(super) fn time(&self, plausible: Plausible) -> Option<Timestamp> {
        if !(EARLIEST..=plausible.latest).contains(&self.timestamp) {
            return None;
        }
        Timestamp::from_millisecond(i64::try_from(self.timestamp).ok()?).ok()
    }

    /// The record as an event's content.
    pub(super) fn report(&self, time: Option<Timestamp>, naming: Naming) -> Report {
        // Not by the record's own count, which a hostile device is free to choose.
        let mut attributes = Attributes::with_capacity(self.io.about() + 2);
        let mut number = |name, value: i64| {
            attributes.push((Cow::Borrowed(name), Value::Int(value)));
        };
        if self.priority != 0 {
            number("priority", self.priority.into());
        }
        if self.event != 0 {
            number("event_io", self.event.into());
        }
        if let Some(generation) = self.generation {
            number("generation", generation.into());
        }
        let names = naming.names();
        self.io.each(|id, value| names.push(id, value, &mut attributes));
        Report { time, fix: self.fix(), archived: false, attributes }
    }
}
