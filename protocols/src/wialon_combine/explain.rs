//! Frames for human readers: the specification's field names, with what the values mean.
//!
//! The decoder itself says which fields there are and where; here they get their values.

use super::decode::{self, Integers};
use super::frame::checksum;
use super::message::{Message, Packet, code};
use super::number;
use super::report;
use crate::explain::{Explanation, Field};
use crate::text::Charset;
use crate::wire::cursor::{Cursor, Span};
use crate::wire::shown::hex;

/// Explains one frame.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let mut cursor = Cursor::tracing("packet", frame);
    let decoded = decode::parse(&mut cursor, Integers::Document);
    let spans = cursor.into_spans();
    let covered = spans.last().map_or(0, |span| span.end);
    let mut values = Values::default();
    let mut fields: Vec<Field> = spans.iter().map(|span| values.field(span, frame)).collect();
    let mut problem = decoded.as_ref().err().map(ToString::to_string);
    if problem.is_none()
        && let Some((at, sum)) = frame.get(covered..).and_then(trailer)
    {
        let expected = checksum(frame.get(..covered + at).unwrap_or(frame));
        if at > 0 {
            let raw = hex(frame.get(covered..covered + at).unwrap_or_default());
            fields.push(Field::new("bytes left over", "ignored", raw));
        }
        let right = expected == sum;
        let value = if right { "right".to_owned() } else { format!("should be {expected:04x}") };
        problem = (!right).then(|| "the checksum is wrong".to_owned());
        fields.push(Field::new("CRC16", value, format!("{sum:04x}")));
    } else if let Some(left @ [_, ..]) = frame.get(covered..) {
        fields.push(Field::new("not understood", "", hex(left)));
    }
    Explanation { title: title(decoded.as_ref().ok()), fields, problem }
}

/// The checksum at the end of what is left, and how many bytes are before it.
fn trailer(left: &[u8]) -> Option<(usize, u16)> {
    let (before, sum) = left.split_last_chunk()?;
    Some((before.len(), u16::from_be_bytes(*sum)))
}

fn title(message: Option<&Message<'_>>) -> String {
    match message {
        None => "Wialon Combine frame".to_owned(),
        Some(Message::Packet { packet, .. }) => match packet {
            Packet::Login(_) => "type 0 login".to_owned(),
            Packet::Data(data) => format!("type 1 data, {} message(s)", data.records.len()),
            Packet::KeepAlive => "type 2 keep-alive".to_owned(),
            Packet::Unknown { kind, .. } => format!("type {kind} unknown packet"),
        },
        Some(Message::Answer { code, .. }) => format!("answer {code}: {}", answer(*code)),
        Some(Message::Command(_)) => "command to the device".to_owned(),
        Some(Message::Line(_)) => "bare line to the device".to_owned(),
    }
}

const fn answer(code: u8) -> &'static str {
    match code {
        code::STORED => "stored",
        code::NOT_AUTHORISED => "authorisation failed",
        code::WRONG_PASSWORD => "wrong password",
        code::NOT_STORED => "not stored",
        code::BAD_CHECKSUM => "wrong checksum",
        code::COMMAND => "command",
        _ => "unknown",
    }
}

const fn sub_record(kind: u64) -> &'static str {
    match kind {
        0 => "custom parameters",
        1 => "position",
        2 => "I/O",
        3 => "picture block",
        4 => "LBS",
        5 => "fuel",
        6 => "temperature",
        7 => "CAN",
        8 => "counters",
        9 => "ADC",
        10 => "driver code",
        11 => "tachograph file",
        12 => "driver message",
        _ => "unknown",
    }
}

/// What the fields before a field say about it.
#[derive(Debug, Default)]
struct Values {
    /// Type byte of the parameter.
    form: u8,
    /// Flags of the login.
    flags: u8,
    from_server: bool,
}

impl Values {
    fn field(&mut self, span: &Span, frame: &[u8]) -> Field {
        let raw = span.of(frame);
        Field::new(span.name, self.value(span.name, raw), hex(raw))
    }

    fn value(&mut self, name: &str, raw: &[u8]) -> String {
        let number = raw.iter().fold(0, |number: u64, &byte| number << 8 | u64::from(byte));
        let star = || number::short(raw).map_or(0, |(_, value)| u64::from(value));
        match name {
            "Head" => {
                self.from_server = raw.first() == Some(&0x40);
                if self.from_server { "from the server" } else { "from the device" }.to_owned()
            }
            "Type" if self.from_server => star().to_string(),
            "Type" => match star() {
                0 => "0 login".to_owned(),
                1 => "1 data".to_owned(),
                2 => "2 keep-alive".to_owned(),
                other => format!("{other} unknown"),
            },
            "Code" => format!("{number} {}", answer(u8::try_from(number).unwrap_or(0))),
            "Len" | "picture Len" => {
                format!("{} bytes", number::long(raw).map_or(0, |(_, value)| value))
            }
            "Version" | "parameters" | "No" | "Ind" | "picture Count" => star().to_string(),
            "Subrecord" => format!("{} {}", star(), sub_record(star())),
            "Flags" => {
                self.flags = u8::try_from(number).unwrap_or(0);
                format!("id type {}, password type {}", self.flags >> 4, self.flags & 15)
            }
            "ID" => key(self.flags >> 4, number, raw),
            "Pwd" => key(self.flags & 15, number, raw),
            "Time" => {
                let second = i64::try_from(number).unwrap_or(0);
                jiff::Timestamp::from_second(second)
                    .map_or_else(|_| String::new(), |t| t.to_string())
            }
            "lat" | "lon" => {
                let degrees = f64::from(u32::try_from(number).unwrap_or(0).cast_signed()) / 1e6;
                format!("{degrees}°")
            }
            "speed" => format!("{number} km/h"),
            "course" => format!("{number}°"),
            "height" => format!("{} m", u16::try_from(number).unwrap_or(0).cast_signed()),
            "hdop" => format!("{}", number as f64 / 100.0),
            "Inputs" | "Outputs" => format!("{number:#010x}"),
            "value type" => {
                self.form = u8::try_from(number).unwrap_or(0);
                format!("{}, divided by 10^{}", form(self.form & 31), self.form >> 5)
            }
            "Value" => self.parameter(raw),
            "Text" | "Name" | "line" => quoted(raw),
            "Bin" | "Data" | "unknown" => format!("{} bytes", raw.len()),
            _ => number.to_string(),
        }
    }

    /// The value by decoding it again, as the parameter that it belongs to.
    fn parameter(&self, raw: &[u8]) -> String {
        let bytes = [&[0, self.form], raw].concat();
        match decode::parameter(&mut Cursor::new("", &bytes), Integers::Document) {
            Ok(parameter) => match report::value(&parameter, Charset::Utf8) {
                Some(crate::event::Value::Int(number)) => number.to_string(),
                Some(crate::event::Value::Float(number)) => number.to_string(),
                Some(crate::event::Value::Text(text)) => format!("\"{text}\""),
                _ => "no number".to_owned(),
            },
            Err(_) => String::new(),
        }
    }
}

const fn form(form: u8) -> &'static str {
    match form {
        0 => "u8",
        1 => "u16",
        2 => "u32",
        3 => "u64",
        4 => "i8",
        5 => "i32",
        6 => "i16",
        7 => "i64",
        8 => "f32",
        9 => "f64",
        10 => "string",
        _ => "unknown",
    }
}

fn key(form: u8, number: u64, raw: &[u8]) -> String {
    if form == 4 { quoted(raw) } else { number.to_string() }
}

fn quoted(raw: &[u8]) -> String {
    format!("\"{}\"", report::text(raw, Charset::Utf8))
}
