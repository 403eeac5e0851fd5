//! Frames for human readers.

use super::blocks::{self, Block};
use super::message::{Class, HexFrame, Message, ProFrame, Sentence};
use super::{attributes, decode, hex, pro, serial};
use crate::event::{Attributes, Event, Fix, Value};
use crate::explain::{Explanation, Field};
use crate::garmin;

/// Explains one frame.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let message = match decode::message(frame) {
        Ok(message) => message,
        Err(error) => {
            return Explanation {
                title: "frame that does not parse".to_owned(),
                fields: vec![Field::new("frame", "", shown(frame))],
                problem: Some(error.to_string()),
            };
        }
    };
    let (title, fields, problem) = match &message {
        Message::Sentence(sentence) => (title(sentence), self::sentence(sentence), None),
        Message::ServerAck { heartbeat, count } => {
            let what = if *heartbeat { "heartbeat" } else { "report" };
            let fields = vec![Field::new("count", "of what is acknowledged", shown(count))];
            (format!("+SACK of a {what}"), fields, None)
        }
        Message::Data(command) => {
            let fields = vec![
                Field::new("password", "", shown(command.password)),
                Field::new("type", kind_of_data(command.kind), shown(command.kind)),
                Field::new("data", "", shown(&command.data))
                    .with(packets(serial::unhex(&command.data).as_deref())),
                Field::new("need ack", "", shown(command.need_ack)),
                Field::new("serial", "", shown(command.serial)),
            ];
            ("AT+GTDAT text to the serial port".to_owned(), fields, None)
        }
        Message::Command(command) => {
            ("command".to_owned(), vec![Field::new("command", "", shown(command))], None)
        }
        Message::Hex(frame) => binary(frame),
        Message::Pro(frame) => protocol_pro(frame),
    };
    Explanation { title, fields, problem }
}

/// The packets of a navigator among serial bytes, whose raw form stands above them already.
fn packets(bytes: Option<&[u8]>) -> Vec<Field> {
    let packets = bytes.and_then(garmin::explain::fields).unwrap_or_default();
    packets.into_iter().map(|packet| Field { raw: String::new(), ..packet }).collect()
}

fn kind_of_data(kind: &[u8]) -> &'static str {
    match kind {
        b"0" => "back to the platform",
        b"1" => "to the serial port",
        _ => "not documented",
    }
}

fn title(sentence: &Sentence<'_>) -> String {
    let class = match (sentence.class, sentence.kind) {
        (Class::Ack, b"GTHBD") => "heartbeat",
        (Class::Ack, _) => "answer to a command",
        (Class::Report, _) => "report",
        (Class::Buffered, _) => "late report",
    };
    format!("{} {class}", shown(sentence.kind))
}

fn sentence(sentence: &Sentence<'_>) -> Vec<Field> {
    let mut fields = vec![
        Field::new("version", "", shown(sentence.version)),
        Field::new("unique id", "", shown(sentence.id)),
    ];
    let content = sentence.content();
    let blocks = blocks::blocks(content);
    let mut index = 0;
    while index < content.len() {
        if let Some(block) = blocks.iter().find(|block| block.range.start == index) {
            fields.push(position(content, block));
            index = block.range.end;
        } else {
            let field = content.get(index).copied().unwrap_or_default();
            let name = if index == 0 { "name".to_owned() } else { format!("field {index}") };
            fields.push(Field::new(name, "", shown(field)));
            index += 1;
        }
    }
    if let Some(time) = sentence.send_time() {
        let value =
            blocks::moment(time).map_or_else(String::new, |time| format!("{time}, or local"));
        fields.push(Field::new("send time", value, shown(time)));
    }
    if let Some(count) = sentence.count() {
        fields.push(Field::new("count", "", shown(count)));
    }
    let bytes = serial::bytes(sentence);
    let packets = packets(bytes.as_deref());
    if !packets.is_empty() {
        fields.push(Field::new("from the serial port", "a Garmin navigator", "").with(packets));
    } else if let Some(text) = bytes.and_then(|bytes| serial::text(&bytes)) {
        fields.push(Field::new("from the serial port", text.escape_debug().to_string(), ""));
    }
    let found = attributes::attributes(sentence, blocks.last());
    fields.push(Field::new("read as", "", "").with(named(&found)));
    fields
}

fn position(content: &[&[u8]], block: &Block) -> Field {
    let raw = content.get(block.range.clone()).unwrap_or_default().join(&b","[..]);
    let mut value = block.fix.as_ref().map_or_else(|| "off the globe".to_owned(), place);
    if let Some(time) = block.time {
        value.push_str(&format!(", {time}"));
    }
    Field::new("position", value, shown(&raw))
}

fn place(fix: &Fix) -> String {
    let old = if fix.valid { "" } else { ", last known" };
    let speed = fix.speed.map_or_else(String::new, |speed| format!(", {speed} km/h"));
    format!("{}°, {}°{speed}{old}", fix.latitude, fix.longitude)
}

fn named(attributes: &Attributes) -> Vec<Field> {
    let field = |(name, value): &(_, Value)| {
        let value = match value {
            Value::Bool(yes) => yes.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        };
        Field::new(String::from(std::borrow::Cow::clone(name)), value, "")
    };
    attributes.iter().map(field).collect()
}

fn binary(frame: &HexFrame<'_>) -> (String, Vec<Field>, Option<String>) {
    let mut fields = head(hex::identity(frame), hex::count(frame));
    let events = hex::events(frame);
    let raw = events.iter().any(|event| matches!(event, Event::Unhandled { .. }));
    fields.extend(events.iter().filter_map(event));
    let problem = raw.then(|| "recognised, not interpreted".to_owned());
    (format!("{} binary frame", shown(&frame.head)), fields, problem)
}

fn protocol_pro(frame: &ProFrame<'_>) -> (String, Vec<Field>, Option<String>) {
    let mut fields = head(pro::identity(frame), pro::count(frame));
    if frame.heartbeat {
        return ("Protocol Pro heartbeat".to_owned(), fields, None);
    }
    let problem = match pro::events(frame) {
        Ok(events) => {
            fields.extend(events.iter().filter_map(event));
            None
        }
        Err(error) => Some(error.to_string()),
    };
    ("Protocol Pro report".to_owned(), fields, problem)
}

fn head(identity: Option<String>, count: Option<String>) -> Vec<Field> {
    vec![
        Field::new("unique id", identity.unwrap_or_default(), ""),
        Field::new("count", "", count.unwrap_or_default()),
    ]
}

fn event(event: &Event) -> Option<Field> {
    match event {
        Event::Report(report) => {
            let mut value = report.fix.as_ref().map_or_else(|| "no position".to_owned(), place);
            if let Some(time) = report.time {
                value.push_str(&format!(", {time}"));
            }
            Some(Field::new("record", value, "").with(named(&report.attributes)))
        }
        Event::Info(attributes) => Some(Field::new("about it", "", "").with(named(attributes))),
        _ => None,
    }
}

fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.escape_debug().to_string(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}
