//! What a location says in neutral words (section 11).
//!
//! | attribute | from | value |
//! | --- | --- | --- |
//! | `status_bits` | status | number, always there |
//! | `ignition` | status bit 0 | yes or no, always there |
//! | `moving` | status bit 22 of 2019 | only if set |
//! | `out_of_service`, `fuel_cut`, `power_cut`, `doors_locked` | status bits 4, 10, 11, 12 | only if set |
//! | `door1_open` to `door5_open` | status bits 13–17 | only if set |
//! | `load` | status bits 8–9 | 1 half, 3 full; only if not empty |
//! | `alarm_bits` | alarm | number, only if not 0 |
//! | `alarm` | alarm | name of a set bit that the terminal's edition defines ([`ALARMS`]); repeats |
//! | `odometer_km`, `fuel_l`, `recorder_speed_kmh` | items 01, 02, 03 | number |
//! | `alarm_event_id` | item 04 | number |
//! | `cabin_temperature_c` | item 06 | number |
//! | `overspeed_place`, `overspeed_place_id` | item 11 | numbers |
//! | `area_kind`, `area_id`, `area_left` | item 12 | numbers, yes or no |
//! | `segment_id`, `segment_seconds`, `segment_too_long` | item 13 | numbers, yes or no |
//! | `video_alarms`, `video_lost`, `video_covered`, `storage_failures` | items 14–17 | bits |
//! | `vehicle_signals`, `io_bits` | items 25, 2A | bits |
//! | `adc0`, `adc1` | item 2B, low and high word | numbers |
//! | `signal` | item 30 | number |
//! | `satellites` | item 31 | number; in the [`Fix`] if there is one |
//! | `item_XX` | any other item, or one of unexpected length | bytes |

use std::borrow::Cow;
use std::hint::black_box;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::header::Edition;
use super::message::Location;
use super::time;
use crate::event::{Attributes, Fix, Report, Value};
use crate::vocabulary::names;
use crate::wire::bcd;

/// Names of the door bits, from bit 13 on.
const DOORS: [&str; 5] = ["door1_open", "door2_open", "door3_open", "door4_open", "door5_open"];

/// Names of the alarm bits.
pub(crate) const ALARMS: [&str; 32] = [
    "sos",
    "overspeed",
    "fatigue",
    "danger",
    "gnss_fault",
    "gnss_antenna_open",
    "gnss_antenna_short",
    "low_power",
    "power_lost",
    "display_fault",
    "tts_fault",
    "camera_fault",
    "card_reader_fault",
    "overspeed_warning",
    "fatigue_warning",
    "rule_violation",
    "tyre_pressure",
    "blind_zone",
    "driving_time",
    "parked_too_long",
    "area",
    "route",
    "segment_time",
    "off_route",
    "speed_sensor_fault",
    "fuel_abnormal",
    "stolen",
    "illegal_ignition",
    "illegal_movement",
    "collision",
    "rollover",
    "illegal_door",
];

/// The alarm bits that an edition defines; vendors use the others for their own.
const fn defined_alarms(edition: Edition) -> u32 {
    match edition {
        Edition::V2011 => 0x1ffc_0fff,
        Edition::V2013 => 0xfffc_7fff,
        Edition::V2019 => 0x7fff_ffff,
    }
}

/// Names of items without a neutral name.
static ITEM_NAMES: [[u8; 7]; 256] = names::hexadecimal(*b"item_00");

/// The additional items of a location, up to the first that is not complete.
#[derive(Debug, Clone)]
pub(crate) struct Items<'a> {
    /// What has not been walked.
    pub(crate) rest: &'a [u8],
}

impl<'a> Iterator for Items<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[id, length], rest) = self.rest.split_first_chunk()?;
        let (value, rest) = rest.split_at_checked(length.into())?;
        self.rest = rest;
        Some((id, value))
    }
}

impl<'a> Location<'a> {
    /// The additional items.
    pub(crate) const fn items(&self) -> Items<'a> {
        Items { rest: self.items }
    }

    /// Signed degrees: latitude and longitude, wherever they point to.
    pub(crate) fn degrees(&self) -> (f64, f64) {
        let signed = |value: u32, negative: u32| {
            let degrees = f64::from(value) / 1e6;
            if self.status & negative != 0 { -degrees } else { degrees }
        };
        (signed(self.latitude, 1 << 2), signed(self.longitude, 1 << 3))
    }

    /// Metres: values above 60 000 are negative ones.
    pub(crate) fn metres(&self) -> f32 {
        match self.altitude {
            60_001.. => f32::from(self.altitude) - 65_536.0,
            metres => f32::from(metres),
        }
    }

    /// Reads every value, and drops them.
    pub(crate) fn read(&self) {
        black_box((self, self.degrees(), self.metres(), self.time.map(bcd::number)));
        for (id, value) in self.items() {
            let value = if value.len() > 8 { Err(value) } else { Ok(int(value)) };
            black_box((id, &value));
        }
    }

    /// The position; none at 0/0 (no fix yet) or off the globe.
    fn fix(&self) -> Option<Fix> {
        const FIXED: u32 = 1 << 1;
        const ENCRYPTED: u32 = 1 << 5;
        let (latitude, longitude) = self.degrees();
        let fix = Fix {
            valid: self.status & (FIXED | ENCRYPTED) == FIXED,
            latitude,
            longitude,
            altitude: Some(self.metres()),
            speed: Some(f32::from(self.speed) / 10.0),
            course: Some(f32::from(self.direction)),
            satellites: None,
        };
        ((self.latitude, self.longitude) != (0, 0) && fix.on_globe()).then_some(fix)
    }

    /// The time, unless it is none, the clock was never set, or it lies more than a day ahead of `received`.
    fn moment(&self, offset: i32, received: Timestamp) -> Option<Timestamp> {
        if matches!(self.time, [0, 1, 1, ..] | [0, 0, ..]) {
            return None;
        }
        let moment = time::moment(self.time, offset)?;
        let latest = received.checked_add(SignedDuration::from_hours(24)).ok()?;
        (moment <= latest).then_some(moment)
    }

    /// The location as an event's content. `offset` is the device's zone in minutes east of UTC.
    pub(crate) fn report(
        &self,
        edition: Edition,
        offset: i32,
        received: Timestamp,
        archived: bool,
    ) -> Report {
        let mut fix = self.fix();
        let mut attributes = Vec::with_capacity(self.items().count() + 4);
        self.state(edition, &mut attributes);
        let mut raw = Raw { items: self.items, shared: None };
        let mut walk = self.items();
        while let Some((id, value)) = walk.next() {
            match (id, value, &mut fix) {
                (0x31, &[satellites], Some(fix)) => fix.satellites = Some(satellites.into()),
                _ if known_item(id, value, &mut attributes) => {}
                _ => {
                    let end = self.items.len() - walk.rest.len();
                    let bytes = raw.slice(end.saturating_sub(value.len()), end);
                    attributes.push((
                        Cow::Borrowed(names::of_byte(&ITEM_NAMES, id)),
                        Value::Bytes(bytes),
                    ));
                }
            }
        }
        Report { time: self.moment(offset, received), fix, archived, attributes }
    }

    fn state(&self, edition: Edition, out: &mut Attributes) {
        let status = |bit: u32| self.status & (1 << bit) != 0;
        push(out, "status_bits", Value::Int(self.status.into()));
        push(out, "ignition", Value::Bool(status(0)));
        if edition == Edition::V2019 && status(22) {
            push(out, "moving", Value::Bool(true));
        }
        for (bit, name) in
            [(4, "out_of_service"), (10, "fuel_cut"), (11, "power_cut"), (12, "doors_locked")]
        {
            if status(bit) {
                push(out, name, Value::Bool(true));
            }
        }
        for (bit, name) in (13..).zip(DOORS) {
            if status(bit) {
                push(out, name, Value::Bool(true));
            }
        }
        let load = (self.status >> 8) & 3;
        if load != 0 {
            push(out, "load", Value::Int(load.into()));
        }
        if self.alarm != 0 {
            push(out, "alarm_bits", Value::Int(self.alarm.into()));
            let defined = self.alarm & defined_alarms(edition);
            for (bit, name) in ALARMS.iter().enumerate() {
                if defined >> bit & 1 != 0 {
                    push(out, "alarm", Value::Text((*name).to_owned()));
                }
            }
        }
    }
}

/// Raw items share one copy of their bytes.
struct Raw<'a> {
    items: &'a [u8],
    shared: Option<Bytes>,
}

impl Raw<'_> {
    fn slice(&mut self, start: usize, end: usize) -> Bytes {
        let shared = self.shared.get_or_insert_with(|| Bytes::copy_from_slice(self.items));
        if start <= end && end <= shared.len() { shared.slice(start..end) } else { Bytes::new() }
    }
}

/// Adds an item that has neutral names; `false` if it has none.
fn known_item(id: u8, value: &[u8], out: &mut Attributes) -> bool {
    let tenths = |number: f64| Value::Float(number / 10.0);
    match (id, value) {
        (0x01, &[a, b, c, d]) => {
            push(out, "odometer_km", tenths(u32::from_be_bytes([a, b, c, d]).into()))
        }
        (0x02, &[a, b]) => push(out, "fuel_l", tenths(u16::from_be_bytes([a, b]).into())),
        (0x03, &[a, b]) => {
            push(out, "recorder_speed_kmh", tenths(u16::from_be_bytes([a, b]).into()))
        }
        (0x04, &[a, b]) => push(out, "alarm_event_id", int(&[a, b])),
        (0x06, &[a, b]) => {
            let word = u16::from_be_bytes([a, b]);
            let size = i64::from(word & 0x7fff);
            push(
                out,
                "cabin_temperature_c",
                Value::Int(if word & 0x8000 == 0 { size } else { -size }),
            );
        }
        (0x11, &[place]) => push(out, "overspeed_place", Value::Int(place.into())),
        (0x11, &[place, ref id @ ..]) if id.len() == 4 => {
            push(out, "overspeed_place", Value::Int(place.into()));
            push(out, "overspeed_place_id", int(id));
        }
        (0x12, &[kind, ref id @ .., direction]) if id.len() == 4 => {
            push(out, "area_kind", Value::Int(kind.into()));
            push(out, "area_id", int(id));
            push(out, "area_left", Value::Bool(direction != 0));
        }
        (0x13, &[a, b, c, d, s0, s1, result]) => {
            push(out, "segment_id", int(&[a, b, c, d]));
            push(out, "segment_seconds", int(&[s0, s1]));
            push(out, "segment_too_long", Value::Bool(result != 0));
        }
        (0x14, bits @ [_, _, _, _]) => push(out, "video_alarms", int(bits)),
        (0x15, bits @ [_, _, _, _]) => push(out, "video_lost", int(bits)),
        (0x16, bits @ [_, _, _, _]) => push(out, "video_covered", int(bits)),
        (0x17, bits @ [_, _]) => push(out, "storage_failures", int(bits)),
        (0x25, bits @ [_, _, _, _]) => push(out, "vehicle_signals", int(bits)),
        (0x2a, bits @ [_, _]) => push(out, "io_bits", int(bits)),
        (0x2b, &[h0, h1, l0, l1]) => {
            push(out, "adc0", int(&[l0, l1]));
            push(out, "adc1", int(&[h0, h1]));
        }
        (0x30, &[signal]) => push(out, "signal", Value::Int(signal.into())),
        (0x31, &[satellites]) => push(out, "satellites", Value::Int(satellites.into())),
        _ => return false,
    }
    true
}

fn push(out: &mut Attributes, name: &'static str, value: Value) {
    out.push((Cow::Borrowed(name), value));
}

fn int(bytes: &[u8]) -> Value {
    Value::Int(bytes.iter().fold(0, |number, &byte| (number << 8) | i64::from(byte)))
}
