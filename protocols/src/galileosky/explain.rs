//! Packets for human readers: every tag with its name and value.

use jiff::Timestamp;

use super::decode;
use super::frame::carried;
use super::message::{Compressed, Main, Packet, Tag, number};
use super::report;
use super::tags;
use crate::event::{Event, Value};
use crate::explain::{Explanation, Field};
use crate::garmin;
use crate::text::Charset;

/// Explains one packet.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let packet = match decode::packet(frame) {
        Ok(packet) => packet,
        Err(error) => {
            return Explanation {
                title: "packet that does not parse".to_owned(),
                fields: vec![Field::new("bytes", "", hex(frame))],
                problem: Some(error.to_string()),
            };
        }
    };
    let mut problem = None;
    let (title, mut fields) = match &packet {
        Packet::Main(main) => {
            if !main.rest.is_empty() {
                problem = Some("a tag of unknown length: what follows it is not read".to_owned());
            }
            ("01 main packet", main_fields(main))
        }
        Packet::Confirmation(checksum) => {
            let raw = format!("{:04X}", checksum.swap_bytes());
            let field = Field::new("checksum", "of the packet that is confirmed", raw);
            return Explanation {
                title: "02 confirmation".to_owned(),
                fields: vec![field],
                problem: None,
            };
        }
        Packet::Garmin(fmi) => {
            let packets = garmin::explain::fields(fmi).filter(|packets| !packets.is_empty());
            let whole = || vec![Field::new("FMI bytes", "", hex(fmi))];
            ("06 Garmin FMI", packets.unwrap_or_else(whole))
        }
        Packet::Photo { part, data } => {
            let part = Field::new("part", part.to_string(), hex(&[*part]));
            let size = format!("{} bytes", data.len());
            ("07 part of a photo", vec![part, Field::new("picture", size, "")])
        }
        Packet::Compressed { records, rest } => {
            if !rest.is_empty() {
                problem = Some("a tag of unknown length: what follows it is not read".to_owned());
            }
            let mut fields = records.iter().map(compressed).collect::<Vec<_>>();
            if !rest.is_empty() {
                fields.push(Field::new("not read", "", hex(rest)));
            }
            ("08 compressed packet", fields)
        }
    };
    let length = frame.get(1..3).unwrap_or_default();
    fields.insert(0, Field::new("length", length_value(length), hex(length)));
    fields.push(Field::new("checksum", "", format!("{:04X}", carried(frame).swap_bytes())));
    Explanation { title: title.to_owned(), fields, problem }
}

fn length_value(length: &[u8]) -> String {
    let bytes = number(length) & 0x7fff;
    let archive = if number(length) & 0x8000 != 0 { ", from the archive" } else { "" };
    format!("{bytes} bytes{archive}")
}

fn main_fields(main: &Main<'_>) -> Vec<Field> {
    let mut fields: Vec<_> = (1..)
        .zip(main.records())
        .map(|(number, record)| {
            let children = record.iter().map(tag_field).collect();
            Field::new(format!("record {number}"), "", "").with(children)
        })
        .collect();
    if !main.rest.is_empty() {
        fields.push(Field::new("not read", "", hex(main.rest)));
    }
    fields
}

fn compressed(record: &Compressed<'_>) -> Field {
    let minimal = &record.minimal;
    let value = format!(
        "second {} of the year, {:.5}°, {:.5}°{}{}",
        minimal.second,
        180.0 * f64::from(minimal.latitude) / f64::from(1 << 21) - 90.0,
        360.0 * f64::from(minimal.longitude) / f64::from(1 << 22) - 180.0,
        if minimal.invalid { ", no fix" } else { "" },
        if minimal.alarm { ", alarm" } else { "" },
    );
    Field::new("record", value, "").with(record.tags.iter().map(tag_field).collect())
}

fn tag_field(tag: &Tag<'_>) -> Field {
    let name = match (tag.id, tags::meaning(tag.id)) {
        (tags::IMEI, _) => "IMEI".to_owned(),
        (tags::TIME, _) => "time".to_owned(),
        (tags::POSITION, _) => "position".to_owned(),
        (tags::SPEED, _) => "speed and course".to_owned(),
        (tags::ALTITUDE, _) => "altitude".to_owned(),
        (tags::COMMAND_NUMBER, _) => "number of the command".to_owned(),
        (tags::COMMAND_TEXT, _) => "text of the command or its answer".to_owned(),
        (tags::EXTENDED, _) => "extended tags".to_owned(),
        (_, Some((name, _))) => name.to_owned(),
        (_, None) => "not interpreted".to_owned(),
    };
    Field::new(format!("{:02X} {name}", tag.id), value(tag), hex(tag.value))
}

fn value(tag: &Tag<'_>) -> String {
    let tenths = |value: Option<&[u8]>| number(value.unwrap_or_default()) as f64 / 10.0;
    match tag.id {
        tags::IMEI | tags::COMMAND_TEXT => {
            Charset::Utf8.decode(tag.value).escape_debug().to_string()
        }
        tags::TIME => Timestamp::from_second(number(tag.value))
            .map_or_else(|_| String::new(), |time| time.to_string()),
        tags::COMMAND_NUMBER => number(tag.value).to_string(),
        tags::SPEED => {
            format!("{} km/h, {}°", tenths(tag.value.get(..2)), tenths(tag.value.get(2..)))
        }
        tags::ALTITUDE => match tag.value {
            [low, high] => format!("{} m", i16::from_le_bytes([*low, *high])),
            _ => String::new(),
        },
        _ => interpreted(tag),
    }
}

/// What a report would say of this tag alone.
fn interpreted(tag: &Tag<'_>) -> String {
    let mut events = Vec::new();
    report::events(&[*tag], false, Timestamp::MAX, &mut events);
    let mut text = String::new();
    for event in &events {
        let attributes = match event {
            Event::Report(report) => {
                if let Some(fix) = &report.fix {
                    text = format!(
                        "{}°, {}°, {} satellites{}",
                        fix.latitude,
                        fix.longitude,
                        fix.satellites.unwrap_or(0),
                        if fix.valid { "" } else { ", not valid" }
                    );
                }
                &report.attributes
            }
            Event::Info(attributes) => attributes,
            _ => continue,
        };
        for (name, value) in attributes {
            let separator = if text.is_empty() { "" } else { ", " };
            let shown = match value {
                Value::Bytes(_) => continue,
                Value::Bool(yes) => yes.to_string(),
                Value::Int(number) => number.to_string(),
                Value::Float(number) => number.to_string(),
                Value::Text(text) => text.clone(),
            };
            let named = if attributes.len() > 1 { format!("{name} {shown}") } else { shown };
            text.push_str(separator);
            text.push_str(&named);
        }
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
