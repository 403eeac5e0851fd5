//! The neutral names of what reports say besides time and position: the words in which protocols agree.
//!
//! A protocol gives a thing that is in this list the name, the kind and the unit that the list says, whatever its own are. What
//! only one vendor has keeps a name of its own (`io_123`, `item_EB`, parameters that a device names itself), which must not be
//! another word for a thing that is in the list. `docs/attributes.md` is generated from here.

mod alarms;
mod index;
pub(crate) mod names;
mod synonyms;

use std::borrow::Cow;

pub use alarms::{ALARMS, Alarm};
pub use synonyms::{SYNONYMS, UNITLESS};

use crate::event::Value;

/// One neutral name, or a family of numbered ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// The name; `{n}` stands for a number without leading zeros, as the device counts.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Unit of a number; empty for texts, bits, codes and what is merely counted.
    pub unit: &'static str,
    /// Smallest and largest number that can be true, both included, where there are such.
    pub range: Option<(f64, f64)>,
    /// What it says.
    pub meaning: &'static str,
}

/// What the values under a name are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`Value::Bool`].
    YesNo,
    /// [`Value::Int`] or [`Value::Float`].
    Number,
    /// [`Value::Text`].
    Text,
    /// [`Value::Bytes`].
    Bytes,
}

impl Kind {
    /// For readers.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::YesNo => "yes or no",
            Self::Number => "number",
            Self::Text => "text",
            Self::Bytes => "bytes",
        }
    }
}

impl Term {
    /// Whether `name` is this name, or one of this family.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        // A search for one character is cheaper than one for `{n}`, which is the only thing in braces.
        let Some((front, behind)) = self.name.split_once('{') else {
            return self.name == name;
        };
        let behind = behind.strip_prefix("n}").unwrap_or(behind);
        let number = name.strip_prefix(front).and_then(|rest| rest.strip_suffix(behind));
        number.is_some_and(is_number)
    }

    /// Whether `value` is of this term's kind and can be true.
    #[must_use]
    pub fn fits(&self, value: &Value) -> bool {
        match (self.kind, value) {
            (Kind::YesNo, Value::Bool(_)) | (Kind::Bytes, Value::Bytes(_)) => true,
            (Kind::Number, Value::Int(number)) => self.in_range(*number as f64),
            (Kind::Number, Value::Float(number)) => number.is_finite() && self.in_range(*number),
            (Kind::Text, Value::Text(text)) => self.name != "alarm" || is_alarm(text),
            _ => false,
        }
    }

    fn in_range(&self, number: f64) -> bool {
        self.range.is_none_or(|(least, most)| (least..=most).contains(&number))
    }
}

/// Digits without a leading zero, few enough for a counted thing.
fn is_number(digits: &str) -> bool {
    (1..=5).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
}

/// The term that `name` is, if it is one.
#[must_use]
pub fn term(name: &str) -> Option<&'static Term> {
    index::terms(name).find(|term| term.covers(name))
}

/// Whether `name` is the neutral name of an alarm.
#[must_use]
pub fn is_alarm(name: &str) -> bool {
    ALARMS.iter().any(|alarm| alarm.name == name)
}

/// What a thing called `name` is to be called instead, if `name` is another word for one in the vocabulary.
#[must_use]
pub fn synonym(name: &str) -> Option<&'static str> {
    let first = bare(name).next()?;
    let word = index::synonyms(first).find(|(word, _)| is_bare(name, word));
    let word = word.or_else(|| UNITLESS.iter().find(|(end, _)| ends_bare(name, end)));
    word.filter(|_| term(name).is_none()).map(|(_, neutral)| *neutral)
}

/// The letters of `name`: its digits left out.
fn bare(name: &str) -> impl DoubleEndedIterator<Item = u8> {
    name.bytes().filter(|byte| !byte.is_ascii_digit())
}

fn is_bare(name: &str, word: &str) -> bool {
    bare(name).eq(word.bytes())
}

fn ends_bare(name: &str, end: &str) -> bool {
    let mut from_behind = bare(name).rev();
    end.bytes().rev().all(|byte| from_behind.next() == Some(byte))
}

/// An attribute that the device named itself. Where the name is a neutral one, the value is brought to its kind. If it cannot be
/// that, or the name is another word for a neutral one, whose unit nobody knows, the name says so: `param.` in front.
pub(crate) fn named_by_device(name: Cow<'static, str>, value: Value) -> (Cow<'static, str>, Value) {
    let own = |name: &str| Cow::Owned(format!("param.{name}"));
    let Some(term) = term(&name) else {
        let name = if synonym(&name).is_some() { own(&name) } else { name };
        return (name, value);
    };
    let value = match (term.kind, value) {
        (Kind::YesNo, Value::Int(number @ (0 | 1))) => Value::Bool(number == 1),
        (Kind::Text, Value::Int(number)) => Value::Text(number.to_string()),
        (_, value) => value,
    };
    let name = if term.fits(&value) { name } else { own(&name) };
    (name, value)
}

const fn text(name: &'static str, meaning: &'static str) -> Term {
    Term { name, kind: Kind::Text, unit: "", range: None, meaning }
}

const fn yes_no(name: &'static str, meaning: &'static str) -> Term {
    Term { name, kind: Kind::YesNo, unit: "", range: None, meaning }
}

const fn number(name: &'static str, unit: &'static str, meaning: &'static str) -> Term {
    Term { name, kind: Kind::Number, unit, range: None, meaning }
}

/// A number that cannot be negative.
const fn size(name: &'static str, unit: &'static str, meaning: &'static str) -> Term {
    within(0.0, f64::MAX, number(name, unit, meaning))
}

const fn percent(name: &'static str, meaning: &'static str) -> Term {
    within(0.0, 100.0, number(name, "%", meaning))
}

const fn celsius(name: &'static str, meaning: &'static str) -> Term {
    within(-273.15, 2000.0, number(name, "°C", meaning))
}

const fn within(least: f64, most: f64, term: Term) -> Term {
    Term { range: Some((least, most)), ..term }
}

/// All neutral names, by theme.
pub static VOCABULARY: &[Term] = &[
    // The vehicle.
    yes_no("ignition", "Ignition on"),
    yes_no("moving", "In motion, as the device finds"),
    size("odometer_km", "km", "Total distance"),
    size("rpm", "1/min", "Speed of the engine"),
    size("engine_hours", "h", "Time for which the engine ran in all"),
    yes_no("door{n}_open", "Door n is open"),
    yes_no("armed", "Alarm system armed"),
    yes_no("fuel_cut", "Fuel, or the circuit that feeds it, is cut"),
    // Supply.
    within(0.0, 100.0, number("power_v", "V", "Supply of the vehicle")),
    within(0.0, 100.0, number("battery_v", "V", "The device's own battery")),
    within(0.0, 100.0, number("backup_v", "V", "A second, backup battery")),
    percent("battery_level", "Charge of the device's own battery"),
    yes_no("charging", "The device's own battery is being charged"),
    yes_no("on_battery", "The device runs on its own battery"),
    // Fuel.
    size("fuel_l", "l", "Fuel in the vehicle, or in its first tank"),
    size("fuel{n}_l", "l", "Fuel at sensor n, from the second on"),
    percent("fuel_level", "Fuel in the vehicle, or in its first tank"),
    size("fuel_mm", "mm", "Height of the fuel in the first tank"),
    size("fuel{n}_mm", "mm", "Height of the fuel at sensor n, from the second on"),
    number("fuel_sensor", "", "Reading of a fuel sensor, on its own scale"),
    number("fuel_sensor{n}", "", "Reading of fuel sensor n, on its own scale"),
    size("fuel_used_l", "l", "Fuel used in all"),
    // Temperatures.
    celsius("temperature{n}_c", "Temperature at sensor n"),
    celsius("device_temperature_c", "Temperature of the device"),
    celsius("cabin_temperature_c", "Temperature of the cabin or the load"),
    celsius("coolant_temperature_c", "Temperature of the coolant"),
    // Inputs and outputs.
    size("inputs", "", "Digital inputs, one bit each, input 1 in bit 0"),
    yes_no("input{n}", "Digital input n is active"),
    size("outputs", "", "Digital outputs, one bit each, output 1 in bit 0"),
    yes_no("output{n}", "Digital output n is active"),
    yes_no("relay", "The device's relay is on"),
    number("adc{n}", "", "Analogue input n, on the device's own scale"),
    number("adc{n}_v", "V", "Analogue input n"),
    size("counter{n}", "", "Count of pulses at input n"),
    // The driver.
    text("driver_key", "Card or key of the driver, as the protocol writes it"),
    text("driver_key{n}", "Card or key at reader n, from the second on"),
    // What happened.
    text("alarm", "Alarm, by its name in the table below; several may stand in one report"),
    size("alarm_code", "", "Alarm without a neutral name: the protocol's number"),
    size("event_code", "", "What made the device report: the protocol's number"),
    text("report", "Kind of the report, in the protocol's words"),
    size("record_number", "", "Number that the device gave the report"),
    size("status_bits", "", "State as the protocol has it, one bit each"),
    size("area_id", "", "Number of the area that was entered or left"),
    // Quality of the position.
    size("satellites", "", "Satellites used, where there is no position to say it"),
    size("hdop", "", "Horizontal dilution of precision"),
    size("vdop", "", "Vertical dilution of precision"),
    size("pdop", "", "Dilution of precision in space"),
    // The mobile network.
    percent("signal_level", "Strength of the mobile network"),
    number("signal", "", "Strength of the mobile network, on the device's own scale"),
    size("operator", "", "Mobile network: country code and network code as one number"),
    within(0.0, 999.0, number("cell{n}.mcc", "", "Country code of cell n; 1 is the serving one")),
    size("cell{n}.mnc", "", "Network code of cell n"),
    size("cell{n}.lac", "", "Location or tracking area of cell n"),
    size("cell{n}.id", "", "Identity of cell n"),
    number("cell{n}.rxlev", "", "Strength of cell n, on the device's own scale"),
    size("cell{n}.timing_advance", "", "Timing advance to cell n"),
    // The device itself.
    text("imei", "IMEI"),
    text("imsi", "IMSI of the SIM card"),
    text("iccid", "Number of the SIM card"),
    text("manufacturer", "Who made the device"),
    text("model", "Model of the device"),
    text("terminal_id", "The device's number for itself"),
    text("hardware", "Version of the hardware"),
    text("firmware", "Version of the firmware"),
    text("software", "Version of the software"),
    text("protocol_version", "Version of the protocol"),
    celsius("eye{n}.temperature_c", "Temperature at radio beacon n"),
    // The vehicle's papers.
    text("plate", "Registration plate"),
    text("vin", "Vehicle identification number"),
    // Answers and other data.
    text("command_answer", "Answer to a command"),
    size("command_id", "", "Number that ties the answer to its command"),
    text("serial_text", "What came from the serial port, if it is text"),
    Term {
        name: "serial_data",
        kind: Kind::Bytes,
        unit: "",
        range: None,
        meaning: "What came from the serial port",
    },
    // People.
    size("steps", "", "Steps of the wearer"),
    size("rolls", "", "Turns of the wearer in sleep"),
    within(0.0, 400.0, number("heart_rate", "1/min", "Pulse of the wearer")),
    size("systolic_mmhg", "mmHg", "Upper blood pressure of the wearer"),
    size("diastolic_mmhg", "mmHg", "Lower blood pressure of the wearer"),
    percent("oxygen_level", "Oxygen in the blood of the wearer"),
    celsius("body_temperature_c", "Temperature of the wearer"),
];

#[cfg(test)]
mod tests;
