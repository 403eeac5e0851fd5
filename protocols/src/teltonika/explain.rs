//! Frames for human readers: every byte in wire order, with the specification's field names.

use jiff::Timestamp;

use super::datagram::{self, Content, Datagram};
use super::decode::{self, FIXED, Records};
use super::envelope::{self, Message, MessageCodec, unpack};
use super::frame::{HEAD, TAIL, checksum, data};
use super::message::{Codec, IoValue, NOT_WELCOME, Record, WELCOME};
use super::names::Naming;
use crate::event::Value;
use crate::explain::{Explanation, Field};
use crate::garmin;

/// Explains one frame as the framer hands it out, or one datagram.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let whole = |title: &str, name: &str, value: String| Explanation {
        title: title.to_owned(),
        fields: vec![Field::new(name, value, hex(frame))],
        problem: None,
    };
    match *frame {
        _ if frame == WELCOME => whole("answer to the IMEI", "answer", "accepted".to_owned()),
        _ if frame == NOT_WELCOME => whole("answer to the IMEI", "answer", "refused".to_owned()),
        [a, b, c, d] => {
            let count = u32::from_be_bytes([a, b, c, d]).to_string();
            whole("acknowledgement of records", "number of accepted records", count)
        }
        [0, 0, 0, 0, ..] => framed(frame),
        _ => match (decode::handshake(frame), datagram::read(frame)) {
            (Ok(imei), _) => Explanation {
                title: "IMEI handshake".to_owned(),
                fields: vec![
                    Field::new("length", imei.len().to_string(), hex_of(frame, 0, 2)),
                    Field::new("IMEI", imei, hex_of(frame, 2, frame.len())),
                ],
                problem: None,
            },
            (_, Some(datagram)) => of_datagram(frame, &datagram),
            (Err(error), None) => Explanation {
                title: "not a frame of this protocol".to_owned(),
                fields: vec![Field::new("bytes", "", hex(frame))],
                problem: Some(error.to_string()),
            },
        },
    }
}

/// Preamble, length, content, checksum.
fn framed(frame: &[u8]) -> Explanation {
    let data = data(frame);
    let declared = frame.get(4..HEAD).map_or(0, number);
    let mut fields = vec![
        Field::new("preamble", "", hex_of(frame, 0, 4)),
        Field::new("data length", declared.to_string(), hex_of(frame, 4, HEAD)),
    ];
    let end = frame.len().saturating_sub(TAIL).max(HEAD);
    let (title, mut problem) = content(data, frame, &mut fields);
    let (found, expected) = (number(frame.get(end..).unwrap_or(&[])), checksum(data));
    let right = found == u64::from(expected);
    let sum = if right { "right".to_owned() } else { format!("should be {expected:04x}") };
    fields.push(Field::new("CRC-16", sum.clone(), hex_of(frame, end, frame.len())));
    if declared != data.len() as u64 {
        let found = data.len();
        problem = Some(format!("the data length says {declared} bytes, there are {found}"));
    } else if !right && problem.is_none() {
        problem = Some(format!("the checksum {sum}"));
    }
    Explanation { title, fields, problem }
}

/// From codec id to second count.
fn content(data: &[u8], frame: &[u8], fields: &mut Vec<Field>) -> (String, Option<String>) {
    let id = data.first().copied().unwrap_or(0);
    if let Some(codec) = Codec::by_id(id) {
        let end = HEAD + data.len();
        return (records_title(codec), records(data, end, codec, fields));
    }
    let Some(codec) = MessageCodec::by_id(id) else {
        fields.push(Field::new("data", "", hex(data)));
        let name = if id == 7 { "codec 7 (GH3000 family)" } else { "unknown codec" };
        return (format!("{name}, {id:02x}"), Some("not read".to_owned()));
    };
    let title = |quantity: usize| format!("{} ({id:02x}), {quantity} message(s)", codec.name());
    match envelope::unwrap(frame, codec) {
        Ok(messages) => {
            fields.push(Field::new("codec id", codec.name(), hex_of(data, 0, 1)));
            fields.push(Field::new("quantity 1", messages.len().to_string(), hex_of(data, 1, 2)));
            fields.extend(messages.iter().map(of_message));
            let last = data.len().saturating_sub(1);
            fields.push(Field::new("quantity 2", "", hex_of(data, last, data.len())));
            (title(messages.len()), None)
        }
        Err(error) => {
            fields.push(Field::new("data", "", hex(data)));
            (title(0), Some(error.to_string()))
        }
    }
}

fn of_message(message: &Message<'_>) -> Field {
    let size = message.payload.len()
        + message.time.map_or(0, |_| 4)
        + message.imei.map_or(0, |imei| imei.len());
    let mut parts = vec![
        Field::new("type", kind_name(message), format!("{:02x}", message.kind)),
        Field::new("size", size.to_string(), format!("{size:08x}")),
    ];
    if let Some(seconds) = message.time {
        let time = Timestamp::from_second(seconds.into());
        let shown = time.map_or_else(|_| "no time".to_owned(), |time| time.to_string());
        parts.push(Field::new("timestamp", shown, format!("{seconds:08x}")));
    }
    if let Some(imei) = message.imei {
        let digits = unpack(imei).unwrap_or_else(|| "not digits".to_owned());
        parts.push(Field::new("IMEI", digits, hex(&imei)));
    }
    match garmin::explain::fields(message.payload).filter(|packets| !packets.is_empty()) {
        Some(packets) => parts.extend(packets),
        None => {
            let text = format!("\"{}\"", String::from_utf8_lossy(message.payload).escape_debug());
            parts.push(Field::new("payload", text, hex(message.payload)));
        }
    }
    Field::new("message", "", "").with(parts)
}

fn kind_name(message: &Message<'_>) -> &'static str {
    match message.kind {
        envelope::kind::COMMAND => "command",
        envelope::kind::RESPONSE => "response, or serial data",
        envelope::kind::GARMIN => "for a Garmin navigator, or serial data",
        envelope::kind::SERIAL => "for the serial port, or serial data",
        envelope::kind::IMAGE => "picture",
        envelope::kind::WRONG_IMEI => "refusal: another IMEI",
        _ => "serial data",
    }
}

fn records_title(codec: Codec) -> String {
    format!("{} ({:02x}), records", codec.name(), codec.id())
}

/// Records; of codec 8 also with a fifth group, if it cannot be read without.
fn records(data: &[u8], end: usize, codec: Codec, fields: &mut Vec<Field>) -> Option<String> {
    let attempt = |extended| {
        let mut fields = Vec::new();
        let problem = match decode::records_of(data, end, codec, extended) {
            Ok(records) => walk(data, end, records, codec, &mut fields).err(),
            Err(error) => Some(error),
        };
        (fields, problem)
    };
    let (mut read, mut problem) = attempt(false);
    if codec == Codec::C8 && problem.is_some() {
        let extended = attempt(true);
        if extended.1.is_none() {
            (read, problem) = extended;
        }
    }
    fields.append(&mut read);
    problem.map(|problem| problem.to_string())
}

fn walk(
    data: &[u8],
    end: usize,
    mut records: Records<'_>,
    codec: Codec,
    fields: &mut Vec<Field>,
) -> Result<(), crate::error::DecodeError> {
    // Offsets of the records count from the start of what the data stands in.
    let before = end.saturating_sub(data.len());
    fields.push(Field::new("codec id", codec.name(), hex_of(data, 0, 1)));
    fields.push(Field::new("number of data 1", records.count.to_string(), hex_of(data, 1, 2)));
    loop {
        let begin = records.offset().saturating_sub(before);
        match records.next_record() {
            Ok(Some(record)) => {
                let end = records.offset().saturating_sub(before);
                fields.push(of_record(data.get(begin..end).unwrap_or(&[]), &record, codec));
            }
            Ok(None) => {
                fields.push(Field::new("number of data 2", "", hex_of(data, begin, data.len())));
                return Ok(());
            }
            Err(error) => {
                fields.push(Field::new("not read", "", hex_of(data, begin, data.len())));
                return Err(error);
            }
        }
    }
}

fn of_record(raw: &[u8], record: &Record<'_>, codec: Codec) -> Field {
    let time =
        i64::try_from(record.timestamp).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let time = time.map_or_else(|| "no time".to_owned(), |time| time.to_string());
    let degrees = |value: i32| format!("{:.7}°", f64::from(value) / 1e7);
    let values = [
        time.clone(),
        match record.priority {
            0 => "low".to_owned(),
            1 => "high".to_owned(),
            2 => "panic".to_owned(),
            other => other.to_string(),
        },
        degrees(record.longitude),
        degrees(record.latitude),
        format!("{} m", record.altitude),
        format!("{}°", record.angle),
        record.satellites.to_string(),
        format!("{} km/h", record.speed),
    ];
    let mut at = 0;
    let mut parts = Vec::new();
    let mut part = |name: &str, value: String, width: usize| {
        parts.push(Field::new(name, value, hex_of(raw, at, at + width)));
        at += width;
    };
    for ((name, width), value) in FIXED.into_iter().zip(values) {
        part(name, value, width);
    }
    part("event IO id", record.event.to_string(), codec.id_width());
    if let Some(generation) = record.generation {
        part("generation type", generation.to_string(), 1);
    }
    part("total IO count", record.total.to_string(), codec.count_width());
    let mut elements = Vec::new();
    record.io.each(|id, value| elements.push(element(id, value, codec)));
    let count = elements.len();
    let note = if count == usize::from(record.total) { "" } else { ", unlike the total" };
    let io = format!("{count} element(s){note}");
    parts.push(Field::new("IO elements", io, "").with(elements));
    Field::new("record", time, "").with(parts)
}

/// An element by its number, with its name if all families share it.
fn element(id: u16, value: IoValue<'_>, codec: Codec) -> Field {
    let mut named = Vec::new();
    Naming::Common.names().push(id, value, &mut named);
    let meaning = named.pop().map_or_else(
        || "none".to_owned(),
        |(name, value)| {
            let shown = match value {
                Value::Bool(on) => on.to_string(),
                Value::Int(number) => number.to_string(),
                Value::Float(number) => number.to_string(),
                Value::Text(text) => format!("\"{}\"", text.escape_debug()),
                Value::Bytes(bytes) => hex(&bytes),
            };
            if name.starts_with("io_") { shown } else { format!("{name} = {shown}") }
        },
    );
    let width = codec.id_width() * 2;
    let raw = match value {
        IoValue::Number { value, size } => {
            format!("{id:0width$x}{value:0size$x}", size = usize::from(size) * 2)
        }
        IoValue::Bytes(bytes) if codec == Codec::C8E => {
            format!("{id:0width$x}{:04x}{}", bytes.len(), hex(bytes))
        }
        IoValue::Bytes(bytes) => format!("{id:0width$x}{}", hex(bytes)),
    };
    Field::new(format!("IO {id}"), meaning, raw)
}

fn of_datagram(raw: &[u8], datagram: &Datagram<'_>) -> Explanation {
    let kind = match datagram.kind {
        0 => "channel acknowledgement wanted",
        1 => "not wanted",
        2 => "channel acknowledgement",
        _ => "unknown",
    };
    let length = raw.len().saturating_sub(2);
    let mut fields = vec![
        Field::new("length", length.to_string(), hex_of(raw, 0, 2)),
        Field::new("packet id", datagram.packet_id.to_string(), hex_of(raw, 2, 4)),
        Field::new("packet type", kind, hex_of(raw, 4, 5)),
    ];
    let mut problem = None;
    let title = match datagram.content {
        Content::Nothing => "datagram: channel acknowledgement".to_owned(),
        Content::Accepted { avl_packet_id, count } => {
            fields.push(Field::new("AVL packet id", avl_packet_id.to_string(), hex_of(raw, 5, 6)));
            fields.push(Field::new("accepted", count.to_string(), hex_of(raw, 6, 7)));
            "datagram: acknowledgement of records".to_owned()
        }
        Content::Records { avl_packet_id, imei, data } => {
            let begin = datagram::HEAD + imei.len();
            fields.push(Field::new("AVL packet id", avl_packet_id.to_string(), hex_of(raw, 5, 6)));
            fields.push(Field::new("IMEI length", imei.len().to_string(), hex_of(raw, 6, 8)));
            let digits = String::from_utf8_lossy(imei);
            fields.push(Field::new("IMEI", digits, hex_of(raw, datagram::HEAD, begin)));
            match data.first().and_then(|&id| Codec::by_id(id)) {
                Some(codec) => {
                    problem = records(data, raw.len(), codec, &mut fields);
                    format!("datagram: {}", records_title(codec))
                }
                None => {
                    fields.push(Field::new("data", "", hex(data)));
                    problem = Some("not a codec of records".to_owned());
                    "datagram".to_owned()
                }
            }
        }
    };
    Explanation { title, fields, problem }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, &byte| (number << 8) | u64::from(byte))
}

fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}

fn hex_of(bytes: &[u8], from: usize, to: usize) -> String {
    hex(bytes.get(from..to.min(bytes.len())).unwrap_or(&[]))
}
