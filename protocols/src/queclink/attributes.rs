//! What reports say besides positions, as far as its place is known.
//!
//! | from | attribute | value |
//! | --- | --- | --- |
//! | name of the report | `report` | text, `GTFRI` |
//! | name of the report | `alarm`, `ignition` | [`ALARMS`]; ignition on and off reports |
//! | device status (6 or 10 hexadecimal digits) | `status_bits`, `ignition` | number; engine by its third byte |
//! | before the status | `battery_level` | % |
//! | behind the cell | satellites of the position, or `satellites` without one | number |
//! | behind the cell | `odometer_km` | number |
//! | end of reports of portable models | `battery_level` | % |
//! | GTERI with mask bit 0 | `fuel_sensor` | number |
//! | GTINF | `signal`, `power_v`, `battery_v`, `adc1` to `adc3` | number, volts, as written |
//! | GTBAA | `accessory_v` | volts |
//! | accuracy | `hdop` | number |

use super::blocks::{self, Block, decimal};
use super::message::{Sentence, is_time};
use crate::event::{Attributes, Value};

/// Alarms by the name of their report.
pub(super) const ALARMS: [(&[u8], &str); 14] = [
    (b"GTSOS", "sos"),
    (b"GTSPD", "overspeed"),
    (b"GTTOW", "illegal_movement"),
    (b"GTPFA", "power_off"),
    (b"GTPNA", "power_on"),
    (b"GTMPF", "power_lost"),
    (b"GTEPF", "power_lost"),
    (b"GTMPN", "power_restored"),
    (b"GTEPN", "power_restored"),
    (b"GTBPL", "low_power"),
    (b"GTCRA", "collision"),
    (b"GTJDR", "jamming"),
    (b"GTGPJ", "jamming"),
    (b"GTTMP", "temperature"),
];

/// As many attributes as most reports have.
const USUAL: usize = 8;

/// Types of portable devices, whose reports end with the battery's charge.
const PORTABLE: [&[u8]; 9] = [b"02", b"11", b"1A", b"21", b"28", b"2C", b"40", b"42", b"44"];
/// A portable type that has four fields between the cell and the battery's charge, of which the first two are filled.
const PORTABLE_DE: &[u8] = b"DE";

/// Attributes of the whole sentence; `last` is its last position block.
pub(super) fn attributes(sentence: &Sentence<'_>, last: Option<&Block>) -> Attributes {
    let mut list = Attributes::with_capacity(USUAL);
    put(&mut list, "report", Value::Text(String::from_utf8_lossy(sentence.kind).into_owned()));
    by_name(sentence, &mut list);
    if let Some(accuracy) = last.and_then(|block| block.accuracy).filter(|&hdop| hdop > 0.0) {
        put(&mut list, "hdop", Value::Float(accuracy));
    }
    let fields = sentence.content();
    match (sentence.kind, last) {
        (b"GTINF", _) => information(fields, &mut list),
        (b"GTBAA", _) => accessory(fields, &mut list),
        _ => {}
    }
    if let Some(block) = last {
        blocks::cell(fields, block, &mut list);
        behind(sentence, fields, block, &mut list);
    }
    list
}

fn put(list: &mut Attributes, name: &'static str, value: Value) {
    list.push((name.into(), value));
}

fn by_name(sentence: &Sentence<'_>, list: &mut Attributes) {
    if let Some((_, alarm)) = ALARMS.iter().find(|(kind, _)| *kind == sentence.kind) {
        put(list, "alarm", Value::Text((*alarm).to_owned()));
    }
    match sentence.kind {
        b"GTIGN" | b"GTVGN" => put(list, "ignition", Value::Bool(true)),
        b"GTIGF" | b"GTVGF" => put(list, "ignition", Value::Bool(false)),
        b"GTHBM" => {
            // Two digits behind the name and a reserved field: the speed's range, and what happened.
            let what = match sentence.fields.get(2) {
                Some([_, b'0']) => "harsh_braking",
                Some([_, b'1']) => "harsh_acceleration",
                Some([_, b'2'..=b'4']) => "harsh_cornering",
                _ => return,
            };
            put(list, "alarm", Value::Text(what.to_owned()));
        }
        _ => {}
    }
}

/// What stands behind the last position.
fn behind(sentence: &Sentence<'_>, fields: &[&[u8]], block: &Block, list: &mut Attributes) {
    let from = blocks::behind(block);
    let rest = fields.get(from..).unwrap_or_default();
    if let (None, Some(count)) = (block.fix, blocks::satellites(fields, block)) {
        put(list, "satellites", Value::Int(count.into()));
    }
    if !is_portable(sentence)
        && let Some(odometer) = rest.iter().take(4).find_map(|field| tenths(field))
    {
        put(list, "odometer_km", Value::Float(odometer));
    }
    let status = rest.iter().position(|field| is_status(field));
    let charge = match (status, sentence.kind) {
        (Some(at), _) => at.checked_sub(1).and_then(|before| rest.get(before)).copied(),
        (None, b"GTCTN") => {
            block.range.start.checked_sub(1).and_then(|before| fields.get(before)).copied()
        }
        (None, _) if sentence.device_type() == PORTABLE_DE => rest.get(3).copied(),
        (None, _) if is_portable(sentence) => rest.last().copied(),
        _ => None,
    };
    if let Some(charge) = charge.and_then(whole).filter(|charge| (0..=100).contains(charge)) {
        put(list, "battery_level", Value::Int(charge));
    }
    if let Some(at) = status {
        let digits = rest.get(at).copied().unwrap_or_default();
        engine(digits, list);
        let mask = sentence.fields.get(1).and_then(|mask| hexadecimal(mask)).unwrap_or(0);
        let mut sensors = rest.iter().skip(at + 1);
        if sentence.kind == b"GTERI"
            && mask & 1 != 0
            && let Some(fuel) = sensors.find(|field| field.len() == 4)
            && let Some(fuel) = hexadecimal(fuel)
        {
            put(list, "fuel_sensor", Value::Int(fuel));
        }
    }
}

fn is_portable(sentence: &Sentence<'_>) -> bool {
    let kind = sentence.device_type();
    kind == PORTABLE_DE || PORTABLE.contains(&kind)
}

/// Device status: outputs, inputs, state of motion, from the right; the state is one of a few.
fn is_status(field: &[u8]) -> bool {
    let state = match field.len() {
        6 => field.get(..2),
        10 => field.get(4..6),
        _ => None,
    };
    let known =
        matches!(state, Some(b"11" | b"12" | b"16" | b"1A" | b"21" | b"22" | b"41" | b"42"));
    known && field.iter().all(u8::is_ascii_hexdigit)
}

fn engine(status: &[u8], list: &mut Attributes) {
    let Some(bits) = hexadecimal(status) else {
        return;
    };
    put(list, "status_bits", Value::Int(bits));
    match (bits >> 20) & 0xf {
        1 => put(list, "ignition", Value::Bool(false)),
        2 => put(list, "ignition", Value::Bool(true)),
        // 4: known by its movement only.
        _ => {}
    }
}

/// GTINF. Only devices with an external supply in millivolts have the layout of vehicle models.
fn information(fields: &[&[u8]], list: &mut Attributes) {
    let field = |index: usize| fields.get(index).copied().unwrap_or_default();
    if let Some(signal) = whole(field(3)).filter(|signal| (0..=99).contains(signal)) {
        put(list, "signal", Value::Int(signal));
    }
    if let Some(volts) = decimal(field(8)).filter(|_| field(8).contains(&b'.')) {
        put(list, "battery_v", Value::Float(volts));
    }
    let Some(power) = whole(field(6)).filter(|_| field(6).len() >= 4) else {
        return;
    };
    put(list, "power_v", Value::Float(power as f64 / 1000.0));
    // Last fix, mode of an input, then the analogue inputs.
    if let Some(at) = fields.iter().position(|field| is_time(field)) {
        for (name, index) in [("adc1", at + 2), ("adc2", at + 3), ("adc3", at + 4)] {
            // Digital inputs and outputs have two digits.
            if let Some(value) = whole(field(index)).filter(|_| field(index).len() != 2) {
                put(list, name, Value::Int(value));
            }
        }
    }
}

/// GTBAA: behind name, index, type, model and alarm a mask says which of name, address, state and voltage follow.
fn accessory(fields: &[&[u8]], list: &mut Attributes) {
    let Some(mask) = fields.get(5).and_then(|mask| hexadecimal(mask)) else {
        return;
    };
    let place = 6 + (mask & 0b0111).count_ones() as usize;
    if mask & 0b1000 != 0
        && let Some(millivolts) = fields.get(place).and_then(|field| whole(field))
    {
        put(list, "accessory_v", Value::Float(millivolts as f64 / 1000.0));
    }
}

/// A whole number of at most nine digits.
fn whole(field: &[u8]) -> Option<i64> {
    let plain = (1..=9).contains(&field.len()) && field.iter().all(u8::is_ascii_digit);
    plain.then(|| std::str::from_utf8(field).ok()?.parse().ok()).flatten()
}

/// A number with one decimal.
fn tenths(field: &[u8]) -> Option<f64> {
    match field {
        [whole @ .., b'.', _] if !whole.is_empty() => decimal(field),
        _ => None,
    }
}

fn hexadecimal(field: &[u8]) -> Option<i64> {
    let plain = (1..=10).contains(&field.len()) && field.iter().all(u8::is_ascii_hexdigit);
    plain.then(|| i64::from_str_radix(std::str::from_utf8(field).ok()?, 16).ok()).flatten()
}
