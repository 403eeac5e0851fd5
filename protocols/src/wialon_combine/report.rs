//! Between the messages of a data packet and neutral events (specification 4 and 5).
//!
//! | on the wire | event or attribute | value |
//! | --- | --- | --- |
//! | position | [`Fix`] | `valid` with three satellites or more; a position off the globe is none |
//! | `hdop` of a position | `hdop` | number |
//! | I/O | `inputs`, `outputs` | bit mask |
//! | LBS | `cell1.mcc`, `cell1.mnc`, `cell1.lac`, `cell1.id`, `cell1.rxlev`, `cell1.timing_advance`, `cell2.mcc`, … | number |
//! | parameter N of types 0, 5, 6, 7, 8, 9 | `paramN`, `fuel_sensorN`, `temperatureN_c`, `canN`, `counterN`, `adcN`; with `param.` in front if the value is none of that kind | number or text, as typed and scaled; what is not finite is left out |
//! | driver code | `driver_key`, and [`Event::Driver`] | text; a code of 0 is no driver |
//! | driver message, or the parameter that option `text_parameter` names | [`Event::Message`] with the message's time | |
//! | picture block | [`Event::Unhandled`], kind 3 | the beginning of the block |
//! | unknown sub-record and what follows it | [`Event::Unhandled`], its type | the beginning |
//!
//! A second position in one message begins another report of the same time.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;

use super::message::{
    Cell, Data, Group, MAX_PARAMETERS, Parameter, ParameterValue, Position, Record, SubRecord,
};
use super::options::Settings;
use crate::event::{
    Attributes, DriverIdentity, DriverMessage, Event, Fix, Origin, RepeatKey, Report, Value,
};
use crate::text::Charset;
use crate::vocabulary::named_by_device;
use crate::vocabulary::names::{self, Family};

/// How long a text dated by its message stays recognisable as a repeat: devices keep unanswered packets for days.
const REPEAT_SECONDS: u32 = 7 * 24 * 3600;
/// Fewer satellites make no position.
const MIN_SATELLITES: u8 = 3;
/// Bytes of what nobody interprets that are handed on.
pub(super) const UNHANDLED_HEAD: usize = 1024;
/// Millionths in a degree.
const DEGREE: f64 = 1e6;

/// A text as the device wrote it: UTF-8 if it is valid UTF-8, else the device's 8-bit charset (specification 6.1). Control
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

/// All events of a data packet, in its order.
pub(super) fn events(data: &Data<'_>, settings: &Settings) -> Vec<Event> {
    let mut events = Vec::with_capacity(data.records.len() + 1);
    for record in &data.records {
        Reading::new(record, settings).read(&mut events);
    }
    if let Some(unknown) = data.unknown {
        events.push(unhandled(unknown.kind.into(), unknown.rest));
    }
    events
}

/// Something that is kept, in part, without being understood.
pub(super) fn unhandled(kind: u32, bytes: &[u8]) -> Event {
    let head = bytes.get(..UNHANDLED_HEAD).unwrap_or(bytes);
    Event::Unhandled { kind, raw: Bytes::copy_from_slice(head) }
}

/// One message being read.
struct Reading<'a> {
    record: &'a Record<'a>,
    settings: &'a Settings,
    time: Option<Timestamp>,
    report: Report,
    /// The report has had its position, if only one off the globe.
    positioned: bool,
    /// What comes behind the report.
    others: Vec<Event>,
}

impl<'a> Reading<'a> {
    fn new(record: &'a Record<'a>, settings: &'a Settings) -> Self {
        let time = (record.time != 0).then(|| Timestamp::from_second(record.time.into()).ok());
        let time = time.flatten();
        Self { record, settings, time, report: blank(time), positioned: false, others: Vec::new() }
    }

    fn read(mut self, events: &mut Vec<Event>) {
        for part in &self.record.parts {
            match part {
                SubRecord::Position(position) => self.position(position, events),
                SubRecord::Io { inputs, outputs } => {
                    self.put("inputs", Value::Int((*inputs).into()));
                    self.put("outputs", Value::Int((*outputs).into()));
                }
                SubRecord::Cells(cells) => self.cells(cells),
                SubRecord::Parameters { group, list } => self.parameters(*group, list),
                SubRecord::Text(words) => self.message(words),
                SubRecord::Picture(picture) => self.others.push(unhandled(3, picture.data)),
            }
        }
        self.finish(events);
        events.append(&mut self.others);
    }

    fn put(&mut self, name: impl Into<Cow<'static, str>>, value: Value) {
        self.report.attributes.push((name.into(), value));
    }

    /// Hands out the report, if there is anything in it, and begins another.
    fn finish(&mut self, events: &mut Vec<Event>) {
        let report = std::mem::replace(&mut self.report, blank(self.time));
        if report.fix.is_some() || !report.attributes.is_empty() {
            events.push(Event::Report(report));
        }
    }

    fn position(&mut self, position: &Position, events: &mut Vec<Event>) {
        if std::mem::replace(&mut self.positioned, true) {
            self.finish(events);
        }
        let fix = Fix {
            valid: position.satellites >= MIN_SATELLITES,
            latitude: f64::from(position.latitude) / DEGREE,
            longitude: f64::from(position.longitude) / DEGREE,
            altitude: Some(position.height.into()),
            speed: Some(position.speed.into()),
            course: Some(position.course.into()),
            satellites: Some(position.satellites.into()),
        };
        self.report.fix = fix.on_globe().then_some(fix);
        self.put("hdop", Value::Float(f64::from(position.hdop) / 100.0));
    }

    fn cells(&mut self, cells: &[Cell]) {
        for (number, cell) in (1_u32..).zip(cells) {
            for (family, value) in [
                (&names::CELL_MCC, cell.mcc),
                (&names::CELL_MNC, cell.mnc),
                (&names::CELL_LAC, cell.lac),
                (&names::CELL_ID, cell.id),
                (&names::CELL_RXLEV, cell.rx_level),
                (&names::CELL_TIMING_ADVANCE, cell.timing_advance),
            ] {
                self.put(family.name(number), Value::Int(value.into()));
            }
        }
    }

    fn parameters(&mut self, group: Group, list: &[Parameter<'_>]) {
        for parameter in list {
            if let (Group::Custom, ParameterValue::Text(words)) = (group, parameter.value)
                && Some(parameter.number) == self.settings.text_parameter
            {
                self.message(words);
                continue;
            }
            let Some(value) = value(parameter, self.settings.charset) else {
                continue;
            };
            match group {
                Group::Driver => self.driver(value),
                _ => {
                    let name = family(group).name(parameter.number);
                    let (name, value) = named_by_device(name, value);
                    self.put(name, value);
                }
            }
        }
    }

    fn driver(&mut self, value: Value) {
        let code = match value {
            Value::Text(code) => code,
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(_) | Value::Bytes(_) => return,
        };
        self.put("driver_key", Value::Text(code.clone()));
        if code.bytes().any(|digit| digit != b'0') {
            let (id, time) = (Some(code), self.time);
            self.others.push(Event::Driver(DriverIdentity { present: true, id, name: None, time }));
        }
    }

    fn message(&mut self, words: &[u8]) {
        let text = text(words, self.settings.charset);
        if text.trim().is_empty() {
            return;
        }
        let key = self.record.time.into();
        self.others.push(Event::Message(DriverMessage {
            text,
            device_time: self.time,
            repeat: RepeatKey::Numbered { key, window_seconds: REPEAT_SECONDS },
            reply_to: None,
            origin: Origin::Driver,
        }));
    }
}

const fn blank(time: Option<Timestamp>) -> Report {
    Report { time, fix: None, archived: false, attributes: Attributes::new() }
}

/// What stands before and behind the number in the names of a list's parameters.
fn family(group: Group) -> &'static Family {
    match group {
        Group::Custom => &names::PARAM,
        Group::Fuel => &names::FUEL_SENSOR,
        Group::Temperature => &names::TEMPERATURE,
        Group::Can => &names::CAN,
        Group::Counter => &names::COUNTER,
        Group::Adc => &names::ADC,
        Group::Driver => &names::DRIVER,
    }
}

/// The value of a parameter, scaled; `None` if it is no number.
pub(super) fn value(parameter: &Parameter<'_>, charset: Charset) -> Option<Value> {
    let integer = match parameter.value {
        ParameterValue::U8(value) => value.into(),
        ParameterValue::U16(value) => value.into(),
        ParameterValue::U32(value) => value.into(),
        ParameterValue::U64(value) => match i64::try_from(value) {
            Ok(value) => value,
            Err(_) => return Some(Value::Float(value as f64 / ten_to(parameter.scale))),
        },
        ParameterValue::I8(value) => value.into(),
        ParameterValue::I32(value) => value.into(),
        ParameterValue::I16(value) => value.into(),
        ParameterValue::I64(value) => value,
        // By its shortest decimal form: 12.59, not the 12.59000015258789 that it is on the way through binary.
        ParameterValue::F32(value) => return finite(value.to_string().parse().ok()?),
        ParameterValue::F64(value) => return finite(value),
        ParameterValue::Text(words) => return Some(Value::Text(text(words, charset))),
    };
    Some(match parameter.scale {
        0 => Value::Int(integer),
        scale => Value::Float(integer as f64 / ten_to(scale)),
    })
}

fn ten_to(scale: u8) -> f64 {
    10_f64.powi(scale.into())
}

fn finite(value: f64) -> Option<Value> {
    value.is_finite().then_some(Value::Float(value))
}

/// What a device would send for a report: the inverse of the table above, as far as the names are in it.
pub(super) fn record(report: &Report) -> Record<'_> {
    let seconds = report.time.map_or(0, Timestamp::as_second);
    let mut record = Record { time: u32::try_from(seconds).unwrap_or(0), parts: Vec::new() };
    let number = |wanted: &str| {
        report.attributes.iter().find_map(|(name, value)| match value {
            Value::Int(number) if name == wanted => Some(*number as f64),
            Value::Float(number) if name == wanted => Some(*number),
            _ => None,
        })
    };
    if let Some(fix) = &report.fix {
        record.parts.push(SubRecord::Position(Position {
            latitude: (fix.latitude * DEGREE).round() as i32,
            longitude: (fix.longitude * DEGREE).round() as i32,
            speed: fix.speed.unwrap_or(0.0).round() as u16,
            course: fix.course.unwrap_or(0.0).round() as u16,
            height: fix.altitude.unwrap_or(0.0).round() as i16,
            satellites: fix.satellites.map_or(0, |count| u8::try_from(count).unwrap_or(u8::MAX)),
            hdop: (number("hdop").unwrap_or(0.0) * 100.0).round() as u16,
        }));
    }
    if let (Some(inputs), outputs) = (number("inputs"), number("outputs").unwrap_or(0.0)) {
        record.parts.push(SubRecord::Io { inputs: inputs as u32, outputs: outputs as u32 });
    }
    for group in
        [Group::Custom, Group::Fuel, Group::Temperature, Group::Can, Group::Counter, Group::Adc]
    {
        let of_group = |(name, value): &'_ (Cow<'static, str>, Value)| {
            let (front, behind) = family(group).around();
            let number = name.strip_prefix(front)?.strip_suffix(behind)?.parse().ok()?;
            Some((number, value.clone()))
        };
        let numbers: Vec<(u16, Value)> = report.attributes.iter().filter_map(of_group).collect();
        let list: Vec<_> = numbers
            .iter()
            .filter_map(|(number, value)| {
                let value = match value {
                    Value::Bool(yes) => ParameterValue::U8((*yes).into()),
                    Value::Int(number) => ParameterValue::I64(*number),
                    Value::Float(number) => ParameterValue::F64(*number),
                    Value::Text(_) | Value::Bytes(_) => return None,
                };
                Some(Parameter { number: *number, scale: 0, value })
            })
            .take(MAX_PARAMETERS)
            .collect();
        if !list.is_empty() {
            record.parts.push(SubRecord::Parameters { group, list });
        }
    }
    record
}
