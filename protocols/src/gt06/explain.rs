//! Packets for human readers: the specification's field names, with what the values mean.

use super::decode;
use super::frame::{checksum, split};
use super::message::kind;
use super::report::{FIXED, NORTH, PER_DEGREE, WEST, alarm_name};
use crate::explain::{Explanation, Field};
use crate::text::Charset;
use crate::wire::shown::{Shown, hex};

/// Explains one packet, whichever side sent it.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let Some(packet) = split(frame) else {
        let fields = vec![Field::new("bytes", "", hex(frame))];
        let problem = Some("not a packet: start bits, length or stop bits are wrong".to_owned());
        return Explanation { title: "unknown".to_owned(), fields, problem };
    };
    let problem = match packet.kind {
        // Empty contents are the platform's answers.
        _ if packet.content.is_empty() => None,
        kind::COMMAND => decode::command(frame).err(),
        kind::TIME => None,
        _ => decode::uplink(frame).err(),
    };
    let mut shown = Shown::new(frame);
    shown.bytes("start", 2, |_| String::new());
    shown.number("length", packet.offset - 3);
    shown.value("protocol", 1, |_| decode::name(packet.kind).to_owned());
    content(packet.kind, &mut shown);
    shown.until(6, "content", |_| String::new());
    shown.number("serial", 2);
    let covered = frame.get(2..frame.len().saturating_sub(4)).unwrap_or_default();
    let expected = checksum(covered);
    let mut wrong = false;
    shown.value("checksum", 2, |found| {
        wrong = found != u64::from(expected);
        if wrong { format!("wrong, expected {expected:04x}") } else { "correct".to_owned() }
    });
    shown.bytes("stop", 2, |_| String::new());
    let problem = problem.map(|error| error.to_string());
    let problem = if wrong { Some("the checksum is wrong".to_owned()) } else { problem };
    let answer = if packet.content.is_empty() { ", answered" } else { "" };
    Explanation { title: format!("{}{answer}", title(packet.kind)), fields: shown.fields, problem }
}

fn title(number: u8) -> String {
    match decode::name(number) {
        "packet of a single model" => format!("0x{number:02X} packet of a single model"),
        name => name.to_owned(),
    }
}

fn content(number: u8, shown: &mut Shown<'_>) {
    // The tail that belongs to every packet stays.
    if shown.left.len() <= 6 {
        return;
    }
    match number {
        kind::LOGIN => {
            shown.bytes("IMEI", 8, hex);
            if shown.left.len() >= 10 {
                shown
                    .bytes("type and time zone", 4, |_| "model code, zone and language".to_owned());
            }
        }
        kind::HEARTBEAT | kind::HEARTBEAT_23 => {
            shown.value("status", 1, status);
        }
        kind::POSITION_GPS | kind::POSITION | kind::POSITION_22 | kind::POSITION_11 => {
            position(shown);
            if number != kind::POSITION_GPS && shown.left.len() >= 14 {
                cell(shown);
            }
        }
        kind::ALARM | kind::ALARM_26 | kind::ALARM_FENCE => {
            position(shown);
            if shown.left.len() == 20 {
                shown.number("cell length", 1);
                cell(shown);
                shown.value("status", 1, status);
                shown.number("battery", 1);
                shown.number("GSM", 1);
                shown.value("alarm", 1, alarm);
                shown.value("language", 1, language);
            }
        }
        kind::ANSWER | kind::COMMAND => {
            shown.number("length", 1);
            flag(shown);
            shown.until(8, "text", |text| quoted(text, Charset::Utf8));
            if shown.left.len() == 8 {
                shown.value("language", 2, language);
            }
        }
        kind::ANSWER_LONG => {
            flag(shown);
            let mut charset = Charset::Utf8;
            shown.value("coding", 1, |coding| {
                charset = if coding == 2 { Charset::Utf16Be } else { Charset::Utf8 };
                (if coding == 2 { "UTF-16BE" } else { "ASCII" }).to_owned()
            });
            shown.until(6, "text", |text| quoted(text, charset));
        }
        kind::TIME => {
            shown.bytes("time", 6, moment);
        }
        _ => {}
    }
}

fn position(shown: &mut Shown<'_>) {
    let degrees = |value: u64| format!("{:.6}°", value as f64 / PER_DEGREE);
    shown.bytes("time", 6, moment);
    shown.value("GPS size and satellites", 1, |byte| {
        format!("{} bytes, {} satellites", byte >> 4, byte & 0x0f)
    });
    shown.value("latitude", 4, degrees);
    shown.value("longitude", 4, degrees);
    shown.value("speed", 1, |speed| format!("{speed} km/h"));
    shown.value("course and flags", 2, |word| {
        let set = |bit: u16| word & u64::from(bit) != 0;
        let fixed = if set(FIXED) { "fixed" } else { "no fix" };
        let (ns, ew) = (if set(NORTH) { "N" } else { "S" }, if set(WEST) { "W" } else { "E" });
        format!("{}°, {fixed}, {ns}, {ew}", word & 0x03ff)
    });
}

fn cell(shown: &mut Shown<'_>) {
    let mut wide = false;
    shown.value("MCC", 2, |mcc| {
        wide = mcc & 0x8000 != 0;
        (mcc & 0x7fff).to_string()
    });
    shown.number("MNC", if wide { 2 } else { 1 });
    shown.number("LAC", 2);
    shown.number("cell", 3);
}

fn flag(shown: &mut Shown<'_>) {
    shown.value("server flag", 4, |flag| format!("{flag:#010x}"));
}

fn status(info: u64) -> String {
    let alarm = (info >> 3) & 7;
    let ignition = if info & 2 != 0 { "on" } else { "off" };
    format!("ignition {ignition}, alarm bits {alarm}")
}

fn alarm(code: u64) -> String {
    let name = u8::try_from(code).ok().and_then(alarm_name);
    name.unwrap_or(if code == 0 { "none" } else { "not known" }).to_owned()
}

fn language(code: u64) -> String {
    match code {
        1 => "Chinese".to_owned(),
        2 => "English".to_owned(),
        other => other.to_string(),
    }
}

fn moment(bytes: &[u8]) -> String {
    match bytes {
        [year, month, day, hour, minute, second] => {
            format!("20{year:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        _ => String::new(),
    }
}

fn quoted(text: &[u8], charset: Charset) -> String {
    format!("\"{}\"", charset.decode(text).trim_end_matches('\0').escape_debug())
}
