//! Packages and datagrams for human readers: the specification's field names, with what the values mean.

use super::decode;
use super::frame::{check_sum, datagram_imei, packages};
use super::message::id;
use super::report::{PER_DEGREE, alarm_name};
use crate::explain::{Explanation, Field};
use crate::wire::shown::{Shown, hex};

/// Explains one frame, whichever side sent it.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let mut shown = Shown::new(frame);
    let mut problem = None;
    if datagram_imei(frame).is_some() {
        shown.bytes("datagram", 2, |_| "EL".to_owned());
        shown.number("size", 2);
        let expected = check_sum(frame.get(6..).unwrap_or_default());
        shown.value("check sum", 2, |found| match found == u64::from(expected) {
            true => "correct".to_owned(),
            false => {
                problem = Some("the check sum is wrong".to_owned());
                format!("wrong, expected {expected:04x}")
            }
        });
        shown.bytes("IMEI", 8, hex);
    }
    let mut titles = Vec::new();
    for package in packages(frame) {
        titles.push(decode::name(package.id));
        shown.bytes("mark", 2, |_| String::new());
        shown.value("package id", 1, |_| decode::name(package.id).to_owned());
        shown.number("size", 2);
        shown.number("sequence", 2);
        let behind = shown.left.len().saturating_sub(package.content.len());
        content(package.id, package.content, &mut shown);
        if shown.left.len() > behind {
            shown.until(behind, "content", |_| String::new());
        }
        // An empty content is the platform's answer.
        if !package.content.is_empty()
            && let Err(error) = decode::uplink(&package)
        {
            problem = Some(error.to_string());
        }
    }
    let title = match titles.first() {
        Some(name) if titles.len() > 1 => format!("{name} and {} more", titles.len() - 1),
        Some(name) => (*name).to_owned(),
        None => {
            problem.get_or_insert_with(|| "no package in it".to_owned());
            "unknown".to_owned()
        }
    };
    let rest = shown.left.len();
    if rest > 0 {
        shown.until(0, "bytes left over", |_| String::new());
    }
    Explanation { title, fields: shown.fields, problem }
}

/// The fields of a content, which is whole; what is not explained is shown as a rest.
fn content(number: u8, content: &[u8], shown: &mut Shown<'_>) {
    let mut parts = Shown::new(content);
    match number {
        id::LOGIN => {
            parts.bytes("IMEI", 8, hex);
            parts.value("language", 1, |code| {
                (if code == 1 { "English" } else { "Chinese" }).to_owned()
            });
            parts.value("time zone", 1, |quarters| format!("{} × 15 min", quarters as u8 as i8));
        }
        id::HEARTBEAT => {
            parts.value("status", 2, status);
        }
        id::OLD_POSITION | id::OLD_WARNING | id::OLD_STATE | id::OLD_SMS => old(&mut parts),
        id::POSITION | id::WARNING | id::REPORT | id::SMS => new(number, &mut parts),
        id::INSTRUCTION => {
            parts.value("type", 1, |kind| match kind {
                1 => "command".to_owned(),
                2 => "text message".to_owned(),
                other => other.to_string(),
            });
            parts.value("unique id", 4, |id| format!("{id:#010x}"));
            parts.until(0, "text", |text| {
                format!("\"{}\"", String::from_utf8_lossy(text).escape_debug())
            });
        }
        _ => {}
    }
    for Field { name, value, raw, .. } in parts.fields {
        shown.bytes(&name, raw.len() / 2, |_| value);
    }
}

fn old(parts: &mut Shown<'_>) {
    parts.value("time", 4, moment);
    position(parts);
    parts.value("speed", 1, |speed| format!("{speed} km/h"));
    parts.value("course", 2, |course| format!("{course}°"));
    for name in ["MCC", "MNC", "LAC"] {
        parts.number(name, 2);
    }
    parts.number("cell", 3);
    parts.value("fix", 1, |fix| (if fix & 1 != 0 { "valid" } else { "not valid" }).to_owned());
}

fn new(number: u8, parts: &mut Shown<'_>) {
    let mut mask = 0;
    parts.value("time", 4, moment);
    parts.value("mask", 1, |bits| {
        mask = bits;
        format!("{bits:#04x}")
    });
    if mask & 1 != 0 {
        position(parts);
        parts.value("altitude", 2, |metres| format!("{} m", metres as u16 as i16));
        parts.value("speed", 2, |speed| format!("{speed} km/h"));
        parts.value("course", 2, |course| format!("{course}°"));
        parts.number("satellites", 1);
    }
    if mask & 2 != 0 {
        for name in ["MCC", "MNC", "LAC"] {
            parts.number(name, 2);
        }
        parts.number("cell", 4);
        parts.number("level", 1);
    }
    // Further cells, Wi-Fi and LTE are left as they are, and so is what stands behind them.
    if mask & 0xfc == 0 {
        if number == id::WARNING {
            parts.value("warning", 1, |code| {
                let name = u8::try_from(code).ok().and_then(alarm_name);
                name.unwrap_or("not known").to_owned()
            });
        }
        if number == id::REPORT {
            parts.number("report", 1);
        }
        if number != id::SMS {
            parts.value("status", 2, status);
        }
        if number == id::POSITION {
            parts.value("battery", 2, |millivolts| format!("{millivolts} mV"));
        }
    }
}

fn position(parts: &mut Shown<'_>) {
    for name in ["latitude", "longitude"] {
        parts
            .value(name, 4, |value| format!("{:.6}°", f64::from(value as u32 as i32) / PER_DEGREE));
    }
}

fn moment(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(0);
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

fn status(status: u64) -> String {
    let ignition = match (status >> 1) & 3 {
        1 => "ignition off",
        3 => "ignition on",
        _ => "ignition not known",
    };
    format!("{status:#06x}, {ignition}")
}
