//! Between records and neutral events.
//!
//! | on the wire | event or attribute | value |
//! | --- | --- | --- |
//! | position, speed, course, altitude, satellites | [`Fix`] | `valid` unless fewer than three satellites are counted; a position off the globe is none |
//! | `hdop` | `hdop` | number |
//! | `inputs`, `outputs` | `inputs`, `outputs` | bit mask |
//! | `adc` | `adc1`, `adc2`, … | number; `NA` leaves its name out |
//! | `ibutton` | `driver_key`, and [`Event::Driver`] | text; a key of zeros only is no driver |
//! | `SOS:1:1` | `alarm` | text `sos`; a value of 0 is left out |
//! | `mcc`, `mnc`, `lac`, `cell_id` with index 1, 2, … or none | `cell1.mcc`, `cell1.mnc`, `cell1.lac`, `cell1.id`, … | whole number; no index is 1 |
//! | `temp` | `device_temperature_c` | °C |
//! | `bat` | `battery_level` | % |
//! | `fuel`, `fuel1`, … | `fuel_sensor`, `fuel_sensor1`, … | number |
//! | `text:3:…` | [`Event::Message`] with the record's time | |
//! | any other parameter | its own name; with `param.` in front if that is a neutral one of another kind, or another word for one | number or text, as typed |

use std::borrow::Cow;

use super::fields::decimal;
use super::message::{Extended, Packet, Parameter, ParameterValue, Position, Record};
use crate::event::{
    Attributes, DriverIdentity, DriverMessage, Event, Fix, Origin, RepeatKey, Report, Value,
};
use crate::text::Charset;
use crate::vocabulary::{named_by_device, names};

/// How long a text dated by its record stays recognisable as a repeat: devices keep their black box for days.
const DATED_WINDOW_SECONDS: u32 = 7 * 24 * 3600;
/// How long an undated text is taken for a repeat when it comes again over another connection.
const UNDATED_WINDOW_SECONDS: u32 = 60;
/// Fewer satellites make no position.
const MIN_SATELLITES: u16 = 3;

/// A text as the device wrote it: UTF-8 if it is valid UTF-8, else the device's 8-bit charset (specification 5.3). Control
/// characters other than line feed and tab are dropped.
pub(super) fn text(bytes: &[u8], charset: Charset) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(match charset {
            Charset::Utf8 | Charset::Ascii => Charset::Windows1251.decode(bytes),
            other => other.decode(bytes),
        }),
    };
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// A driver's text without a date.
pub(super) fn message(text: String) -> Event {
    let repeat = RepeatKey::TextOnly { window_seconds: UNDATED_WINDOW_SECONDS };
    Event::Message(DriverMessage {
        text,
        device_time: None,
        repeat,
        reply_to: None,
        origin: Origin::Driver,
    })
}

/// Appends the events of one record: the report, the driver, the driver's texts.
pub(super) fn events(record: &Record<'_>, archived: bool, charset: Charset, out: &mut Vec<Event>) {
    let mut report =
        Report { time: record.time, fix: fix(record), archived, attributes: Attributes::new() };
    if let Some(extended) = &record.extended {
        report.attributes = attributes(extended, charset);
    }
    out.push(Event::Report(report));
    let Some(extended) = &record.extended else {
        return;
    };
    if let Some(key) = extended.driver_key.filter(|key| key.iter().any(|&digit| digit != b'0')) {
        let id = Some(text(key, charset));
        out.push(Event::Driver(DriverIdentity {
            present: true,
            id,
            name: None,
            time: record.time,
        }));
    }
    for parameter in &extended.parameters {
        if let (b"text", ParameterValue::String(words)) = (parameter.name, parameter.value) {
            let words = text(words, charset);
            if !words.trim().is_empty() {
                out.push(dated(words, record));
            }
        }
    }
}

fn dated(words: String, record: &Record<'_>) -> Event {
    let mut event = message(words);
    if let (Event::Message(message), Some(time)) = (&mut event, record.time) {
        message.device_time = Some(time);
        message.repeat = RepeatKey::Numbered {
            key: u64::try_from(time.as_second()).unwrap_or(0),
            window_seconds: DATED_WINDOW_SECONDS,
        };
    }
    event
}

fn fix(record: &Record<'_>) -> Option<Fix> {
    let Position { latitude, longitude } = record.position?;
    let fix = Fix {
        valid: record.satellites.is_none_or(|count| count >= MIN_SATELLITES),
        latitude,
        longitude,
        altitude: record.altitude.map(|value| value as f32),
        speed: record.speed.map(|value| value as f32),
        course: record.course.map(|value| value as f32),
        satellites: record.satellites,
    };
    fix.on_globe().then_some(fix)
}

fn attributes(extended: &Extended<'_>, charset: Charset) -> Attributes {
    let mut list = Attributes::new();
    let mut put = |name: Cow<'static, str>, value| list.push((name, value));
    if let Some(value) = extended.hdop {
        put("hdop".into(), Value::Float(value));
    }
    if let Some(mask) = extended.inputs {
        put("inputs".into(), Value::Int(mask.into()));
    }
    if let Some(mask) = extended.outputs {
        put("outputs".into(), Value::Int(mask.into()));
    }
    for (number, value) in (1_u32..).zip(&extended.adc) {
        if let Some(value) = value {
            put(names::ADC.name(number), Value::Float(*value));
        }
    }
    if let Some(key) = extended.driver_key {
        put("driver_key".into(), Value::Text(text(key, charset)));
    }
    list.extend(extended.parameters.iter().filter_map(|parameter| attribute(parameter, charset)));
    list
}

fn attribute(parameter: &Parameter<'_>, charset: Charset) -> Option<(Cow<'static, str>, Value)> {
    let value = match parameter.value {
        ParameterValue::Integer(number) => Value::Int(number),
        ParameterValue::Double(number) => Value::Float(number),
        ParameterValue::String(words) => Value::Text(text(words, charset)),
    };
    let number = |value: Value| match &value {
        Value::Text(words) => decimal(words.trim().as_bytes()).map_or(value, Value::Float),
        _ => value,
    };
    let name: Cow<'static, str> = match parameter.name {
        b"text" => return None,
        b"SOS" => {
            let off = matches!(value, Value::Int(0)) || value == Value::Text("0".to_owned());
            return (!off).then(|| ("alarm".into(), Value::Text("sos".to_owned())));
        }
        b"temp" => return Some(named_by_device("device_temperature_c".into(), number(value))),
        b"bat" => return Some(named_by_device("battery_level".into(), number(value))),
        name => match cell(name) {
            Some(name) => name,
            None => own(text(name, charset)),
        },
    };
    Some(named_by_device(name, value))
}

/// What a parameter that the device named itself is called. What devices call `fuel`, `fuel1`, … is on a scale of their own.
fn own(name: String) -> Cow<'static, str> {
    match name.strip_prefix("fuel") {
        Some(number) if number.bytes().all(|digit| digit.is_ascii_digit()) => {
            format!("fuel_sensor{number}").into()
        }
        _ => name.into(),
    }
}

/// The neutral name of a cell parameter.
fn cell(name: &[u8]) -> Option<Cow<'static, str>> {
    let parts: [(&[u8], _); 4] = [
        (b"mcc", &names::CELL_MCC),
        (b"mnc", &names::CELL_MNC),
        (b"lac", &names::CELL_LAC),
        (b"cell_id", &names::CELL_ID),
    ];
    parts.iter().find_map(|(wire, family)| {
        let index = name.strip_prefix(*wire)?;
        let index = match index {
            [] => 1,
            _ => std::str::from_utf8(index).ok()?.parse::<u8>().ok()?,
        };
        Some(family.name(index))
    })
}

/// What a device would send for a report: `B` for an old one, `SD` if there is nothing but a position, else `D`. `names` holds the
/// bytes that the packet borrows.
pub(super) fn packet<'a>(report: &'a Report, names: &'a [(String, String)]) -> Packet<'a> {
    let mut record = Record {
        time: report.time,
        position: report
            .fix
            .map(|fix| Position { latitude: fix.latitude, longitude: fix.longitude }),
        speed: report.fix.and_then(|fix| fix.speed).map(f64::from),
        course: report.fix.and_then(|fix| fix.course).map(f64::from),
        altitude: report.fix.and_then(|fix| fix.altitude).map(f64::from),
        satellites: report.fix.and_then(|fix| fix.satellites),
        extended: None,
    };
    if !report.attributes.is_empty() {
        record.extended = Some(extended(&report.attributes, names));
    }
    match (report.archived, record.extended.is_some()) {
        (true, _) => {
            Packet::BlackBox(super::message::BlackBox { records: vec![record], unreadable: 0 })
        }
        (false, true) => Packet::Data(record),
        (false, false) => Packet::ShortData(record),
    }
}

/// Names and texts of attributes in a form that the wire can carry.
pub(super) fn wire_names(attributes: &Attributes) -> Vec<(String, String)> {
    let clean = |text: &str, bad: &[char]| {
        text.chars().map(|c| if c.is_control() || bad.contains(&c) { '_' } else { c }).collect()
    };
    attributes
        .iter()
        .map(|(name, value)| {
            let words = match value {
                Value::Text(words) => clean(words, &['#', ';', '|', ',']),
                Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
                Value::Bool(_) | Value::Int(_) | Value::Float(_) => String::new(),
            };
            (clean(name, &['#', ';', '|', ',', ':', ' ']), words)
        })
        .collect()
}

fn extended<'a>(attributes: &'a Attributes, names: &'a [(String, String)]) -> Extended<'a> {
    let mut extended = Extended::default();
    for ((name, value), (wire_name, words)) in attributes.iter().zip(names) {
        match (name.as_ref(), value) {
            ("hdop", Value::Float(value)) => extended.hdop = Some(*value),
            ("inputs", Value::Int(mask)) => extended.inputs = u32::try_from(*mask).ok(),
            ("outputs", Value::Int(mask)) => extended.outputs = u32::try_from(*mask).ok(),
            ("driver_key", Value::Text(_)) => extended.driver_key = Some(words.as_bytes()),
            ("alarm", Value::Text(what)) if what == "sos" => extended
                .parameters
                .push(Parameter { name: b"SOS", value: ParameterValue::Integer(1) }),
            (_, value) => extended.parameters.push(Parameter {
                name: wire_name.as_bytes(),
                value: match value {
                    Value::Bool(yes) => ParameterValue::Integer((*yes).into()),
                    Value::Int(number) => ParameterValue::Integer(*number),
                    Value::Float(number) => ParameterValue::Double(*number),
                    Value::Text(_) | Value::Bytes(_) => ParameterValue::String(words.as_bytes()),
                },
            }),
        }
    }
    extended
}
