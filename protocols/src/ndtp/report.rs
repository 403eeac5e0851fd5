//! Between the cells of a navigation packet and neutral events (specification 4).
//!
//! | on the wire | event or attribute | value |
//! | --- | --- | --- |
//! | cell 0 | [`Fix`] | speed is the second speed where the first is 0; a position off the globe, or 0, 0 without the flag 0x80, is none |
//! | cell 0 | `battery_v` | V, of the backup battery |
//! | cell 0 | `track_m`, `pdop` | number |
//! | cell 0, the flag that option `sos_flag` names | `alarm` | text `sos`; only if set |
//! | cell 0, flags of no known meaning | `status_bits` | bits; only if set |
//! | cell 2 | `adc1` to `adc4`, `inputs`, `outputs`, `counter1` to `counter4`, `track_length`, `signal`, `gps_state`, `acceleration` | number |
//! | cell 2 | `power_v` | V |
//! | cells 8 and 10 | `fuel_l` or `fuel_mm`, with the sensor's number from the second on: `fuel2_l` | number; only if valid |
//! | other cells of known length | `item_03` and so on | bytes |
//! | where reading had to stop | [`Event::Unhandled`], kind 1 | the beginning |
//!
//! Every cell 0 begins a report; the cells behind it belong to it.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;

use super::message::{Cell, CellContent, Fuel, Navigation, Position, State};
use super::options::Settings;
use crate::event::{Attributes, Event, Fix, Report, Value};

/// Bytes of what nobody interprets that are handed on.
const UNHANDLED_HEAD: usize = 1024;
/// Parts of a degree.
const DEGREE: f64 = 1e7;
/// Flags of a position.
const VALID: u8 = 0x80;
const EAST: u8 = 0x40;
const NORTH: u8 = 0x20;
/// What cell 10 has where its sensor is silent.
const NO_READING: [u8; 4] = [0xff; 4];

/// Something that is kept, in part, without being understood.
pub(super) fn unhandled(kind: u32, bytes: &[u8]) -> Event {
    let head = bytes.get(..UNHANDLED_HEAD).unwrap_or(bytes);
    Event::Unhandled { kind, raw: Bytes::copy_from_slice(head) }
}

/// All events of a navigation packet, in its order.
pub(super) fn events(
    navigation: &Navigation<'_>,
    archived: bool,
    settings: &Settings,
) -> Vec<Event> {
    let mut events = Vec::with_capacity(2);
    let mut report: Option<Report> = None;
    for cell in &navigation.cells {
        if let CellContent::Position(position) = &cell.content {
            events.extend(report.take().map(Event::Report));
            report = Some(begin(position, archived, settings));
            continue;
        }
        let blank = || Report { time: None, fix: None, archived, attributes: Attributes::new() };
        add(cell, &mut report.get_or_insert_with(blank).attributes);
    }
    events.extend(report.map(Event::Report));
    if !navigation.unknown.is_empty() {
        events.push(unhandled(1, navigation.unknown));
    }
    events
}

fn begin(position: &Position, archived: bool, settings: &Settings) -> Report {
    let mut attributes = Attributes::new();
    let mut put = |name: &'static str, value| attributes.push((Cow::Borrowed(name), value));
    put("battery_v", Value::Float(f64::from(position.battery) * 20.0 / 1000.0));
    put("track_m", Value::Int(position.track.into()));
    put("pdop", Value::Int(position.pdop.into()));
    if position.flags & settings.sos_flag != 0 {
        put("alarm", Value::Text("sos".to_owned()));
    }
    let others = position.flags & !(VALID | EAST | NORTH | settings.sos_flag);
    if others != 0 {
        put("status_bits", Value::Int(others.into()));
    }
    let time = (position.time != 0).then(|| Timestamp::from_second(position.time.into()).ok());
    Report { time: time.flatten(), fix: fix(position, settings), archived, attributes }
}

fn fix(position: &Position, settings: &Settings) -> Option<Fix> {
    let valid = position.flags & VALID != 0;
    if !valid && (position.latitude, position.longitude) == (0, 0) {
        return None;
    }
    let degrees = |value: u32, positive: u8| {
        let signed = f64::from(value.cast_signed()) / DEGREE;
        let unsigned = f64::from(value) / DEGREE;
        match (settings.signed_coordinates, position.flags & positive != 0) {
            (true, _) => signed,
            (false, true) => unsigned,
            (false, false) => -unsigned,
        }
    };
    let speed = if position.speed == 0 { position.other_speed } else { position.speed };
    let fix = Fix {
        valid,
        latitude: degrees(position.latitude, NORTH),
        longitude: degrees(position.longitude, EAST),
        altitude: Some(position.altitude.into()),
        speed: Some(speed.into()),
        course: Some(position.course.into()),
        satellites: Some(position.satellites.into()),
    };
    fix.on_globe().then_some(fix)
}

/// Adds what a cell other than a position says.
fn add(cell: &Cell<'_>, attributes: &mut Attributes) {
    match &cell.content {
        CellContent::Position(_) => {}
        CellContent::State(state) => add_state(state, attributes),
        CellContent::Fuel(Fuel { state: 0, millimetres, litres, .. }) => {
            let (unit, level) = if *litres == 0 { ("mm", millimetres) } else { ("l", litres) };
            attributes.push(fuel(cell.index, unit, *level));
        }
        CellContent::Fuel(_) => {}
        CellContent::Raw { kind: 10, bytes } => {
            let level = bytes.get(16..18).and_then(|word| word.first_chunk());
            if let (Some(word), false) = (level, bytes.starts_with(&NO_READING)) {
                let word = u16::from_le_bytes(*word);
                let unit = if word & 0x8000 == 0 { "l" } else { "mm" };
                attributes.push(fuel(cell.index, unit, word & 0x7fff));
            }
        }
        CellContent::Raw { kind, bytes } => {
            let bytes = Value::Bytes(Bytes::copy_from_slice(bytes));
            attributes.push((format!("item_{kind:02}").into(), bytes));
        }
    }
}

fn fuel(index: u8, unit: &str, level: u16) -> (Cow<'static, str>, Value) {
    let sensor = match index {
        0 => String::new(),
        index => (u16::from(index) + 1).to_string(),
    };
    (format!("fuel{sensor}_{unit}").into(), Value::Int(level.into()))
}

fn add_state(state: &State, attributes: &mut Attributes) {
    const ADC: [&str; 4] = ["adc1", "adc2", "adc3", "adc4"];
    const COUNTERS: [&str; 4] = ["counter1", "counter2", "counter3", "counter4"];
    let mut put = |name: &'static str, value| attributes.push((Cow::Borrowed(name), value));
    for (name, value) in ADC.into_iter().zip(state.analogue) {
        put(name, Value::Int(value.into()));
    }
    put("inputs", Value::Int(state.inputs.into()));
    put("outputs", Value::Int(state.outputs.into()));
    for (name, value) in COUNTERS.into_iter().zip(state.counters) {
        put(name, Value::Int(value.into()));
    }
    put("track_length", Value::Int(state.track.into()));
    put("signal", Value::Int(state.gsm_level.into()));
    put("gps_state", Value::Int(state.gps_state.into()));
    put("acceleration", Value::Int(state.acceleration.into()));
    put("power_v", Value::Float(f64::from(state.supply) * 200.0 / 1000.0));
}

/// What a device would send for a report: a position, and inputs and outputs where there are any.
pub(super) fn navigation(report: &Report) -> Navigation<'static> {
    let number = |wanted: &str| {
        report.attributes.iter().find_map(|(name, value)| match value {
            Value::Int(number) if name == wanted => Some(*number as f64),
            Value::Float(number) if name == wanted => Some(*number),
            _ => None,
        })
    };
    let named = |wanted: &str| number(wanted).unwrap_or(0.0);
    let alarm = report.attributes.iter().any(|(name, _)| name == "alarm");
    let seconds = report.time.map_or(0, Timestamp::as_second);
    let mut position = Position {
        time: u32::try_from(seconds).unwrap_or(0),
        longitude: 0,
        latitude: 0,
        flags: if alarm { 4 } else { 0 },
        battery: (named("battery_v") * 50.0).round() as u8,
        speed: 0,
        other_speed: 0,
        course: 0,
        track: named("track_m") as u16,
        altitude: 0,
        satellites: 0,
        pdop: named("pdop") as u8,
    };
    if let Some(fix) = &report.fix {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        position.flags |= flag(fix.valid, VALID)
            | flag(fix.longitude >= 0.0, EAST)
            | flag(fix.latitude >= 0.0, NORTH);
        position.longitude = (fix.longitude.abs() * DEGREE).round() as u32;
        position.latitude = (fix.latitude.abs() * DEGREE).round() as u32;
        position.speed = fix.speed.unwrap_or(0.0).round() as u16;
        position.course = fix.course.unwrap_or(0.0).round() as u16;
        position.altitude = fix.altitude.unwrap_or(0.0).round() as i16;
        position.satellites =
            fix.satellites.and_then(|count| u8::try_from(count).ok()).unwrap_or(0);
    }
    let mut cells = vec![Cell { index: 0, content: CellContent::Position(position) }];
    if number("inputs").is_some() || number("outputs").is_some() {
        let state = State {
            analogue: ["adc1", "adc2", "adc3", "adc4"].map(|name| named(name) as u16),
            inputs: named("inputs") as u8,
            outputs: named("outputs") as u8,
            counters: [0; 4],
            track: named("track_length") as u32,
            gsm_level: named("signal") as u8,
            gps_state: 0,
            acceleration: 0,
            supply: (named("power_v") * 5.0).round() as u8,
        };
        cells.push(Cell { index: 0, content: CellContent::State(state) });
    }
    Navigation { cells, unknown: &[] }
}
