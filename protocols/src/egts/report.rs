//! What the telematics service reports, in neutral words (section 6), and back for the simulated terminal.
//!
//! | on the wire | event or attribute | value |
//! | --- | --- | --- |
//! | POS_DATA | [`Report`] and its [`Fix`] | none if VLD says that the position is not valid; PZ-90 is WGS-84 to within a metre |
//! | BB | `archived` | yes or no |
//! | ODM | `odometer_km` | kilometres |
//! | MV | `moving` | yes or no |
//! | DIN | `inputs` | bits |
//! | SRC, SRCD | `event_code`, `event_data` | numbers of section 6.1 |
//! | SRC of a fault or an emergency | `alarm` | text: `sos`, `overspeed`, `power_lost`, … |
//! | VDOP, HDOP, PDOP | `vdop`, `hdop`, `pdop` | number |
//! | SAT | [`Fix::satellites`], or `satellites` without a fix | number |
//! | NS | `gnss_systems` | bits |
//! | DOUT | `outputs` | bits |
//! | ADIO1 … | `adio1` … | bits |
//! | ANS1 …, ABS_AN_SENS_DATA | `adc1` … | number |
//! | CN1 …, ABS_CNTR_DATA | `counter1` … | number |
//! | STATE_DATA | `device_state`, `power_v`, `backup_v`, `battery_v`, `navigation_on`, `on_battery`, `on_backup` | number, volts, yes or no |
//! | loops | `loop1` … | state |
//! | ABS_DIG_SENS_DATA | `input1` … | yes or no: any state but 0 |
//! | LIQUID_LEVEL_SENSOR | `liquid1_l`, `liquid1_level`, `liquid1_raw`, `liquid1_error`, `liquid1_port` | litres, per cent, number or bytes, yes, address if not 0 |
//! | PASSENGERS_COUNTERS | `passengers1_in`, `passengers1_out` …, `doors_used`, `passengers_raw` | numbers, bits, bytes |
//!
//! A POS_DATA opens a report, what follows belongs to it. A record without one is a report at the record's time.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;

use super::message::{
    ExtPosition, Level, Liquid, Passengers, Position, Sensors, State, Sub, plausible, seconds,
};
use crate::event::{Attributes, Fix, Report, Value};
use crate::vocabulary::names::{self, Family};

/// POS_DATA flags.
mod flag {
    pub(super) const VALID: u8 = 0x01;
    pub(super) const FIX_3D: u8 = 0x02;
    pub(super) const BLACK_BOX: u8 = 0x08;
    pub(super) const MOVING: u8 = 0x10;
    pub(super) const SOUTH: u8 = 0x20;
    pub(super) const WEST: u8 = 0x40;
}

/// SPD: speed in 0.1 km/h.
const SPEED: u16 = 0x3fff;
/// SPD: below sea level.
const BELOW_SEA: u16 = 0x4000;
/// SPD: bit 8 of the course.
const COURSE_HIGH: u16 = 0x8000;

/// Collects the reports of one record.
#[derive(Debug)]
pub(super) struct Reports {
    done: Vec<Report>,
    open: Option<Report>,
    /// TM of the record.
    record_time: Option<Timestamp>,
    received: Timestamp,
}

impl Reports {
    /// For a record made at `time`, received at `received`.
    pub(super) fn new(time: Option<u32>, received: Timestamp) -> Self {
        let record_time = time.and_then(|time| plausible(time, received));
        Self { done: Vec::new(), open: None, record_time, received }
    }

    /// Takes one sub-record; `false` if it is none of this service.
    pub(super) fn add(&mut self, sub: &Sub<'_>) -> bool {
        if let Sub::Position(position) = sub {
            self.done.extend(self.open.take());
            let mut report = position.report(self.received);
            report.time = report.time.or(self.record_time);
            self.open = Some(report);
            return true;
        }
        let time = self.record_time;
        let open = self.open.get_or_insert_with(|| Report {
            time,
            fix: None,
            archived: false,
            attributes: Attributes::new(),
        });
        let out = &mut open.attributes;
        match sub {
            Sub::ExtPosition(position) => position.add_to(open),
            Sub::Sensors(sensors) => sensors.add_to(out),
            Sub::Counters(values) => numbered(out, &names::COUNTER, values),
            Sub::State(state) => state.add_to(out),
            Sub::Loops(states) => numbered(out, &names::LOOP, states),
            Sub::Input { number, state } => {
                out.push((names::INPUT.name(*number), Value::Bool(*state != 0)))
            }
            Sub::Analog { number, value } => named(out, names::ADC.name(*number), *value),
            Sub::Counter { number, value } => named(out, names::COUNTER.name(*number), *value),
            Sub::Loop { number, state } => named(out, names::LOOP.name(*number), *state),
            Sub::Liquid(liquid) => liquid.add_to(out),
            Sub::Passengers(passengers) => passengers.add_to(out),
            _ => {
                if open.fix.is_none() && open.attributes.is_empty() {
                    self.open = None;
                }
                return false;
            }
        }
        true
    }

    /// All reports, in the order of the record.
    pub(super) fn finish(mut self) -> Vec<Report> {
        let says_nothing = |report: &Report| report.fix.is_none() && report.attributes.is_empty();
        self.done.extend(self.open.take().filter(|report| !says_nothing(report)));
        self.done
    }
}

fn put(out: &mut Attributes, name: &'static str, value: Value) {
    out.push((Cow::Borrowed(name), value));
}

fn named(out: &mut Attributes, name: Cow<'static, str>, number: impl Into<i64>) {
    out.push((name, Value::Int(number.into())));
}

/// Values that are there, under their family's name and their number from 1.
fn numbered<T: Copy + Into<i64>>(out: &mut Attributes, family: &Family, values: &[Option<T>; 8]) {
    for (number, value) in (1_u32..).zip(values) {
        if let Some(value) = value {
            named(out, family.name(number), *value);
        }
    }
}

impl Position {
    /// Signed degrees: latitude and longitude.
    pub(super) fn degrees(&self) -> (f64, f64) {
        let signed = |part: u32, whole: f64, negative: u8| {
            let degrees = f64::from(part) * whole / f64::from(u32::MAX);
            if self.flags & negative != 0 { -degrees } else { degrees }
        };
        (signed(self.latitude, 90.0, flag::SOUTH), signed(self.longitude, 180.0, flag::WEST))
    }

    /// km/h.
    pub(super) fn kmh(&self) -> f32 {
        f32::from(self.speed & SPEED) / 10.0
    }

    /// Degrees clockwise from north.
    pub(super) fn course(&self) -> u16 {
        u16::from(self.direction) + if self.speed & COURSE_HIGH != 0 { 256 } else { 0 }
    }

    /// Metres above sea level.
    pub(super) fn metres(&self) -> Option<f32> {
        let metres = self.altitude? as f32;
        Some(if self.speed & BELOW_SEA != 0 { -metres } else { metres })
    }

    fn fix(&self) -> Option<Fix> {
        let (latitude, longitude) = self.degrees();
        let fix = Fix {
            valid: true,
            latitude,
            longitude,
            altitude: self.metres(),
            speed: Some(self.kmh()),
            course: Some(f32::from(self.course())),
            satellites: None,
        };
        (self.flags & flag::VALID != 0 && fix.on_globe()).then_some(fix)
    }

    fn report(&self, received: Timestamp) -> Report {
        let mut attributes = Attributes::with_capacity(8);
        put(&mut attributes, "moving", Value::Bool(self.flags & flag::MOVING != 0));
        put(&mut attributes, "odometer_km", Value::Float(f64::from(self.odometer) / 10.0));
        put(&mut attributes, "inputs", Value::Int(self.inputs.into()));
        put(&mut attributes, "event_code", Value::Int(self.source.into()));
        if let Some(data) = self.source_data {
            put(&mut attributes, "event_data", Value::Int(data.into()));
        }
        if let Some(alarm) = alarm(self.source) {
            put(&mut attributes, "alarm", Value::Text(alarm.to_owned()));
        }
        let archived = self.flags & flag::BLACK_BOX != 0;
        Report { time: plausible(self.time, received), fix: self.fix(), archived, attributes }
    }

    /// What a device would send for a report.
    pub(super) fn of(report: &Report) -> Self {
        let fix = report.fix;
        let part = |degrees: f64, whole: f64| {
            (degrees.abs() / whole * f64::from(u32::MAX)).round().min(f64::from(u32::MAX)) as u32
        };
        let mut position = Self { time: report.time.map_or(0, seconds), ..Self::default() };
        let mut set = |there: bool, bit: u8| position.flags |= if there { bit } else { 0 };
        set(report.archived, flag::BLACK_BOX);
        if let Some(fix) = fix {
            set(fix.valid, flag::VALID);
            set(fix.altitude.is_some(), flag::FIX_3D);
            set(fix.latitude < 0.0, flag::SOUTH);
            set(fix.longitude < 0.0, flag::WEST);
            set(fix.speed.is_some_and(|speed| speed > 0.0), flag::MOVING);
            position.latitude = part(fix.latitude, 90.0);
            position.longitude = part(fix.longitude, 180.0);
            let tenths = (fix.speed.unwrap_or(0.0) * 10.0).round().clamp(0.0, f32::from(SPEED));
            position.speed = tenths as u16;
            let course = fix.course.unwrap_or(0.0).round().rem_euclid(360.0) as u16;
            let [direction, high] = course.to_le_bytes();
            position.direction = direction;
            position.speed |= if high & 1 != 0 { COURSE_HIGH } else { 0 };
            position.altitude = fix.altitude.map(|metres| metres.abs().round() as u32);
            let below = fix.altitude.is_some_and(|metres| metres < 0.0);
            position.speed |= if below { BELOW_SEA } else { 0 };
        }
        for (name, value) in &report.attributes {
            match (name.as_ref(), value) {
                ("odometer_km", Value::Float(km)) => {
                    position.odometer = (km * 10.0).round().clamp(0.0, 16_777_215.0) as u32;
                }
                ("inputs", Value::Int(bits)) => position.inputs = (*bits & 0xff) as u8,
                ("event_code", Value::Int(source)) => position.source = (*source & 0xff) as u8,
                ("moving", Value::Bool(true)) => position.flags |= flag::MOVING,
                _ => {}
            }
        }
        position
    }
}

/// The name of a trigger that is a fault or an emergency.
pub(super) const fn alarm(source: u8) -> Option<&'static str> {
    Some(match source {
        6 => "peripheral_lost",
        7 => "overspeed",
        9 => "output_overload",
        10 => "tamper",
        11 => "power_lost",
        12 => "low_power",
        13 => "sos",
        15 => "emergency",
        19 => "battery_fault",
        20 => "harsh_acceleration",
        21 => "harsh_braking",
        22 => "gnss_fault",
        23 => "crash_sensor_fault",
        24 => "gsm_antenna_fault",
        25 => "gnss_antenna_open",
        28 => "illegal_movement",
        _ => return None,
    })
}

impl ExtPosition {
    fn add_to(&self, report: &mut Report) {
        let out = &mut report.attributes;
        for (name, dop) in [("vdop", self.vdop), ("hdop", self.hdop), ("pdop", self.pdop)] {
            if let Some(dop) = dop {
                put(out, name, Value::Float(f64::from(dop) / 100.0));
            }
        }
        match (self.satellites, &mut report.fix) {
            (Some(count), Some(fix)) => fix.satellites = Some(count.into()),
            (Some(count), None) => put(out, "satellites", Value::Int(count.into())),
            (None, _) => {}
        }
        if let Some(systems) = self.systems {
            put(out, "gnss_systems", Value::Int(systems.into()));
        }
    }
}

impl Sensors {
    fn add_to(&self, out: &mut Attributes) {
        put(out, "outputs", Value::Int(self.outputs.into()));
        numbered(out, &names::ADIO, &self.digital);
        numbered(out, &names::ADC, &self.analog);
    }
}

impl State {
    fn add_to(&self, out: &mut Attributes) {
        let volts = |tenths: u8| Value::Float(f64::from(tenths) / 10.0);
        put(out, "device_state", Value::Int(self.state.into()));
        put(out, "power_v", volts(self.main));
        put(out, "backup_v", volts(self.backup));
        put(out, "battery_v", volts(self.internal));
        for (bit, name) in [(4, "navigation_on"), (2, "on_battery"), (1, "on_backup")] {
            put(out, name, Value::Bool(self.flags & bit != 0));
        }
    }
}

impl Liquid<'_> {
    fn add_to(&self, out: &mut Attributes) {
        let sensor = self.flags & 7;
        let mut put =
            |what: &str, value| out.push((format!("liquid{sensor}_{what}").into(), value));
        if self.address != 0 {
            put("port", Value::Int(self.address.into()));
        }
        if self.flags & 0x40 != 0 {
            put("error", Value::Bool(true));
        }
        match (self.level, self.flags >> 4 & 3) {
            (Level::Raw(bytes), _) => put("raw", Value::Bytes(Bytes::copy_from_slice(bytes))),
            (Level::Value(value), 1) => put("level", Value::Int(value.into())),
            (Level::Value(value), 2) => put("l", Value::Float(f64::from(value) / 10.0)),
            (Level::Value(value), _) => put("raw", Value::Int(value.into())),
        }
    }
}

impl Passengers<'_> {
    fn add_to(&self, out: &mut Attributes) {
        put(out, "doors_used", Value::Int(self.released.into()));
        for (door, counts) in (1..).zip(&self.counts) {
            if let Some((inside, outside)) = counts {
                named(out, format!("passengers{door}_in").into(), *inside);
                named(out, format!("passengers{door}_out").into(), *outside);
            }
        }
        if let Some(raw) = self.raw {
            put(out, "passengers_raw", Value::Bytes(Bytes::copy_from_slice(raw)));
        }
    }
}
