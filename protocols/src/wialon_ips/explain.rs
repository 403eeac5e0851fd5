//! Frames for human readers: the specification's field names, with what the values mean.

use super::decode::{self, CRC, checksum_fits, hexadecimal};
use super::fields::{Fields, absent, date, decimal, time};
use super::frame::{Parts, checksum, split};
use super::message::{Packet, Version};
use super::report;
use crate::explain::{Explanation, Field};
use crate::text::Charset;

/// Fields of the records.
const RECORD: &[&str] = &[
    "date", "time", "lat", "NS", "lon", "EW", "speed", "course", "alt", "sats", "hdop", "inputs",
    "outputs", "adc", "ibutton", "params",
];

/// Explains one frame. The dialect is found from the frame: a checksum that fits, or a field where only a checksum can be.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let Some(parts) = split(frame) else {
        let text = shown(frame);
        let fields = vec![Field::new("text", "", text)];
        return Explanation { title: "plain command".to_owned(), fields, problem: None };
    };
    let version = version(&parts);
    let problem = match decode::body(&parts, version) {
        Ok(Packet::BlackBox(black_box)) if black_box.unreadable > 0 => {
            Some(format!("{} of the records cannot be read", black_box.unreadable))
        }
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    };
    let mut fields = Vec::new();
    if !parts.prefix.is_empty() {
        fields.push(Field::new("prefix", "version and id of a datagram", shown(parts.prefix)));
    }
    fields.extend(body_fields(&parts, version));
    Explanation { title: title(parts.kind), fields, problem }
}

fn title(kind: &[u8]) -> String {
    let name = match kind {
        b"L" => "login",
        b"P" => "ping",
        b"SD" => "short data",
        b"D" => "extended data",
        b"B" => "black box",
        b"M" => "text",
        b"I" => "picture block",
        b"QI" => "request for a picture",
        b"IT" => "tachograph file",
        b"T" => "tachograph block",
        b"QT" => "request for a tachograph file",
        b"US" => "firmware",
        b"UC" => "configuration",
        [b'A', answered @ ..] if !answered.is_empty() => {
            return format!("{} answer to {}", shown(kind), shown(answered));
        }
        _ => "unknown packet",
    };
    format!("{} {name}", shown(kind))
}

/// Which dialect a frame without its dialogue shows.
fn version(parts: &Parts<'_>) -> Version {
    let separator = if parts.kind == b"B" { b'|' } else { b';' };
    let tail =
        memchr::memrchr(separator, parts.body).and_then(|at| parts.body.split_at_checked(at + 1));
    let Some((covered, found)) =
        tail.and_then(|(covered, tail)| Some((covered, hexadecimal(tail.trim_ascii())?)))
    else {
        return Version::V1;
    };
    let fields = Fields::new("", parts.body).count();
    let has_checksum = match parts.kind {
        b"I" => fields == 7,
        b"T" => fields == 4,
        b"US" | b"UC" => fields == 2,
        _ => checksum_fits(covered, found),
    };
    // A checksum that does not fit is still one where nothing else can stand.
    let must_be = match parts.kind {
        b"SD" => fields == 11,
        b"D" => fields >= 17,
        _ => false,
    };
    if has_checksum || must_be { Version::V2 } else { Version::V1 }
}

fn body_fields(parts: &Parts<'_>, version: Version) -> Vec<Field> {
    let signed = version == Version::V2;
    match parts.kind {
        b"L" => {
            let v2 = Fields::new("", parts.body).count() >= 4;
            let names: &[_] =
                if v2 { &["version", "id", "password", CRC] } else { &["id", "password"] };
            named(names, parts.body)
        }
        b"SD" => {
            let names: Vec<_> = RECORD.iter().take(10).copied().collect();
            record(&names, parts.body, signed)
        }
        b"D" => record(RECORD, parts.body, signed),
        b"B" => black_box(parts.body, signed),
        b"M" => {
            let text = match decode::body(parts, version) {
                Ok(Packet::Message(text)) => text,
                _ => parts.body,
            };
            let value = report::text(text, Charset::Utf8);
            let mut fields = vec![Field::new("text", value, shown(text))];
            let tail = parts.body.get(text.len() + 1..).unwrap_or(&[]);
            if !tail.is_empty() {
                fields.push(Field::new(CRC, "", shown(tail)));
            }
            fields
        }
        b"I" => with_binary(&["Sz", "Ind", "Count", "Date", "Time", "Name", CRC], parts),
        b"IT" => named(&["Date", "Time", "DriverID", "Code", "Count", CRC], parts.body),
        b"T" => with_binary(&["Code", "Sz", "Ind", CRC], parts),
        b"US" | b"UC" => with_binary(&["Sz", CRC], parts),
        b"QT" => named(&["DriverID"], parts.body),
        [b'A', ..] => vec![Field::new("code", meaning(parts.kind, parts.body), shown(parts.body))],
        _ if parts.body.is_empty() => Vec::new(),
        _ => vec![Field::new("body", "", shown(parts.body))],
    }
}

fn named(names: &[&str], body: &[u8]) -> Vec<Field> {
    let names = names.iter().copied().chain(std::iter::repeat("further field"));
    Fields::new("", body)
        .zip(names)
        .map(|(field, name)| Field::new(name, value(name, field.text), shown(field.text)))
        .collect()
}

fn with_binary(names: &[&str], parts: &Parts<'_>) -> Vec<Field> {
    let mut fields = named(names, parts.body);
    let sum = format!("{} bytes, checksum {:04X}", parts.binary.len(), checksum(parts.binary));
    fields.push(Field::new("BIN", sum, ""));
    fields
}

fn record(names: &[&str], body: &[u8], signed: bool) -> Vec<Field> {
    let (body, tail) = match memchr::memrchr(b';', body).filter(|_| signed) {
        Some(at) => (body.get(..at).unwrap_or(body), body.get(at + 1..)),
        None => (body, None),
    };
    let mut all = Fields::new("", body);
    let mut fields = Vec::new();
    for name in names {
        let next = if *name == "params" { all.remainder() } else { all.next() };
        let Some(field) = next else {
            break;
        };
        let mut shown_field = Field::new(*name, value(name, field.text), shown(field.text));
        if *name == "params" && !absent(field.text) {
            let pieces = field.text.split(|&byte| byte == b',');
            shown_field.children = pieces.map(|piece| Field::new("", "", shown(piece))).collect();
        }
        fields.push(shown_field);
    }
    if let Some(tail) = tail {
        fields.push(Field::new(CRC, "", shown(tail)));
    }
    fields
}

fn black_box(body: &[u8], signed: bool) -> Vec<Field> {
    let mut records: Vec<&[u8]> = body.split(|&byte| byte == b'|').collect();
    let tail = if signed { records.pop() } else { None };
    let mut fields: Vec<Field> = (1..)
        .zip(records.into_iter().filter(|body| !body.is_empty()))
        .map(|(number, body)| {
            Field::new(format!("record {number}"), "", "").with(record(RECORD, body, false))
        })
        .collect();
    fields.extend(tail.map(|tail| Field::new(CRC, "", shown(tail))));
    fields
}

/// What a field's text means, where that is not obvious.
fn value(name: &str, text: &[u8]) -> String {
    if absent(text) {
        return "not given".to_owned();
    }
    let degrees = |text| {
        let value = decimal(text)?;
        let degrees = (value / 100.0).trunc();
        Some(format!("{:.6}°", degrees + (value - degrees * 100.0) / 60.0))
    };
    match name {
        "date" | "Date" => date(text).map(|date| date.to_string()),
        "time" | "Time" => time(text).map(|time| format!("{time} UTC")),
        "lat" | "lon" => degrees(text),
        "speed" => decimal(text).map(|speed| format!("{speed} km/h")),
        "course" => decimal(text).map(|course| format!("{course}°")),
        "alt" => decimal(text).map(|altitude| format!("{altitude} m")),
        _ => None,
    }
    .unwrap_or_default()
}

fn meaning(kind: &[u8], code: &[u8]) -> &'static str {
    match (kind, code.trim_ascii()) {
        (b"AP", b"") => "alive",
        (b"AL", b"0") => "rejected: unknown unit or wrong structure",
        (b"AL", b"01") => "wrong password",
        (b"AL", b"10") | (b"AM" | b"AIT", b"01") => "bad checksum",
        (b"AB", b"") => "bad checksum",
        (b"AB", _) => "records stored",
        (_, b"1") => "accepted",
        (b"ASD" | b"AD", b"-1") => "wrong structure",
        (b"ASD" | b"AD", b"0") => "wrong time",
        (b"AM" | b"AIT", b"0") => "refused",
        (b"ASD" | b"AD", b"10") => "wrong coordinates",
        (b"ASD" | b"AD", b"11") => "wrong speed, course or altitude",
        (b"ASD" | b"AD", b"12") => "wrong satellites or HDOP",
        (b"ASD", b"13") | (b"AD", b"16") => "bad checksum",
        (b"AD", b"13") => "wrong inputs or outputs",
        (b"AD", b"14") => "wrong analogue inputs",
        (b"AD", b"15" | b"15.1" | b"15.2") => "wrong parameters",
        _ => "",
    }
}

fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.escape_debug().to_string(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}
