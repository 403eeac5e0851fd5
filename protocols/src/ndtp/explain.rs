//! Frames for human readers: the specification's field names, with what the values mean.
//!
//! The decoder itself says which fields there are and where; here they get their values.

use super::decode;
use super::frame::{HEADER, checksum};
use super::markup;
use super::message::{Body, Content, Nph, Packet, code, npl};
use super::session::plain;
use crate::explain::{Explanation, Field};
use crate::text::Charset;
use crate::wire::cursor::{Cursor, Span};
use crate::wire::shown::hex;

/// Explains one frame.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let mut cursor = Cursor::tracing("NPL packet", frame);
    let decoded = decode::parse(&mut cursor);
    let spans = cursor.into_spans();
    let covered = spans.last().map_or(0, |span| span.end);
    let mut values = Values { frame, flags: 0 };
    let mut fields: Vec<Field> = spans.iter().map(|span| values.field(span)).collect();
    if let Some(left @ [_, ..]) = frame.get(covered..) {
        fields.push(Field::new("bytes left over", "ignored", hex(left)));
    }
    let problem = match &decoded {
        Err(error) => Some(error.to_string()),
        Ok(packet) => problem(packet, frame),
    };
    Explanation { title: title(decoded.as_ref().ok()), fields, problem }
}

fn problem(packet: &Packet<'_>, frame: &[u8]) -> Option<String> {
    let signed = packet.npl.flags & 3 == 2;
    let found = frame.get(6..8)?.first_chunk().map(|sum| u16::from_be_bytes(*sum))?;
    let expected = checksum(frame.get(HEADER..)?);
    if signed && found != expected {
        return Some(format!("the checksum should be {expected:04x}"));
    }
    match &packet.content {
        Content::Nph(_, Body::Navigation(navigation)) if !navigation.unknown.is_empty() => {
            Some("a cell that cannot be read ends the navigation data".to_owned())
        }
        _ => None,
    }
}

fn title(packet: Option<&Packet<'_>>) -> String {
    let Some(packet) = packet else {
        return "NDTP packet".to_owned();
    };
    match &packet.content {
        Content::Error(_) => "NPL error".to_owned(),
        Content::Nph(nph, body) => named(nph, body),
        Content::Other(_) => format!("NPL type {}", packet.npl.kind),
    }
}

fn named(nph: &Nph, body: &Body<'_>) -> String {
    let name = match body {
        Body::Result(_) => "result",
        Body::Login(_) => "login",
        Body::Navigation(_) => {
            if nph.kind == 100 {
                "history"
            } else {
                "real time"
            }
        }
        Body::Text(_) => "text",
        Body::Receipt(_) => "result of a text",
        Body::Other(_) => "unknown",
    };
    format!("service {} type {} {name}", nph.service, nph.kind)
}

const fn service(number: u64) -> &'static str {
    match number {
        0 => "generic",
        1 => "navigation",
        3 => "file transfer",
        4 => "client list",
        5 => "external device",
        6 => "debug",
        _ => "unknown",
    }
}

fn result(number: u64) -> &'static str {
    match u32::try_from(number).unwrap_or(u32::MAX) {
        code::OK => "OK",
        code::BUSY => "busy",
        code::NOT_SUPPORTED => "service not supported",
        101 => "service not allowed",
        code::NOT_AVAILABLE => "service not available",
        104 => "request ids not consecutive",
        105 => "no such device address",
        200..=204 => "packet error",
        code::NOT_AUTHORISED => "authorisation failed",
        300..=305 => "connection error",
        400 | 401 => "database error",
        500 => "codec error",
        u32::MAX => "undefined",
        _ => "unknown",
    }
}

struct Values<'a> {
    frame: &'a [u8],
    /// Flags of the newest position.
    flags: u8,
}

impl Values<'_> {
    fn field(&mut self, span: &Span) -> Field {
        let raw = span.of(self.frame);
        // Decoding goes on behind the flags: the hemisphere of coordinates stands after them.
        if span.name == "time" {
            self.flags = self.frame.get(span.at + 12).copied().unwrap_or(0);
        }
        Field::new(span.name, self.value(span.name, raw), hex(raw))
    }

    fn value(&self, name: &str, raw: &[u8]) -> String {
        let number = raw.iter().rev().take(8).fold(0, |sum: u64, &byte| sum << 8 | u64::from(byte));
        let degrees = |positive: u8| {
            let sign = if self.flags & positive == 0 { "-" } else { "" };
            format!("{sign}{}°", number as f64 / 1e7)
        };
        match name {
            "signature" => "7E 7E".to_owned(),
            "length" => format!("{number} bytes"),
            "NPL flags" => npl_flags(number),
            "crc" => String::new(),
            "NPL type" => match u8::try_from(number).unwrap_or(0) {
                npl::ERROR => "1 error".to_owned(),
                npl::NPH => "2 NPH packet".to_owned(),
                other => other.to_string(),
            },
            "peer address" | "device" => format!("{number:#x}"),
            "service" => format!("{number} {}", service(number)),
            "NPH flags" => {
                let wanted = if number & 1 == 0 { "no result wanted" } else { "wants a result" };
                format!("{number:#06x}: {wanted}")
            }
            "result" => format!("{number} {}", result(number)),
            "time" => {
                let second = i64::try_from(number).unwrap_or(0);
                jiff::Timestamp::from_second(second)
                    .map_or_else(|_| String::new(), |t| t.to_string())
            }
            "longitude" => degrees(0x40),
            "latitude" => degrees(0x20),
            "flags" => position_flags(number),
            "backup battery" => format!("{} mV", number * 20),
            "supply" => format!("{} mV", number * 200),
            "speed" | "other speed" => format!("{number} km/h"),
            "course" => format!("{number}°"),
            "track" => format!("{number} m"),
            "altitude" => format!("{} m", u16::try_from(number).unwrap_or(0).cast_signed()),
            "fragment" => {
                let last = if number & 0x8000 == 0 { "" } else { ", last" };
                format!("number {}{last}", number & 0x7fff)
            }
            "IMEI and IMSI" => format!("\"{}\"", plain(raw, Charset::Ascii)),
            "text" => {
                let script = plain(raw, Charset::Windows1251);
                format!("\"{}\"", markup::read(&script).text)
            }
            "connection flags" | "digital inputs" | "digital outputs" => format!("{number:#x}"),
            "body" | "data" | "encrypted" | "cell" | "unknown cell" => {
                format!("{} bytes", raw.len())
            }
            _ => number.to_string(),
        }
    }
}

fn npl_flags(number: u64) -> String {
    let bits = [(1, "encrypted"), (2, "checksum present"), (4, "delayed")];
    let set: Vec<_> = bits.iter().filter(|(bit, _)| number & bit != 0).map(|(_, n)| *n).collect();
    format!("{number:#06x}: {}", if set.is_empty() { "none".to_owned() } else { set.join(", ") })
}

fn position_flags(number: u64) -> String {
    let side = |bit: u64, set: &'static str, clear: &'static str| {
        if number & bit == 0 { clear } else { set }
    };
    let valid = side(0x80, "valid", "not valid");
    let (east, north) = (side(0x40, "east", "west"), side(0x20, "north", "south"));
    let others = match number & 0x1f {
        0 => String::new(),
        others => format!(", others {others:#04x}"),
    };
    format!("{valid}, {east}, {north}{others}")
}
