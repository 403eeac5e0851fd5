//! Frames for human readers: the specification's field names, with what the values mean.

use super::decode;
use super::frame::split;
use super::message::Message;
use super::report::alarm_name;
use crate::explain::{Explanation, Field};
use crate::wire::plain::from_utf16_hex;

/// Explains one frame, whichever side sent it; a `#` at its end is put up with.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let frame = frame.strip_suffix(b"#").unwrap_or(frame);
    let Some(parts) = split(frame) else {
        let problem = Some("not a frame: it does not begin with IW or TRV and a word".to_owned());
        let fields = vec![Field::new("text", "", shown(frame))];
        return Explanation { title: "unknown".to_owned(), fields, problem };
    };
    let word = shown(&parts.word);
    let mut fields = vec![
        Field::new("prefix", "", parts.prefix.text()),
        Field::new("word", meaning(&parts.word), word.clone()),
    ];
    let mut problem = None;
    match decode::uplink(frame) {
        // The platform's words stand behind the device's in the alphabet.
        _ if matches!(parts.word[0], b'B' | b'Z' | b'D') => {
            downlink(&parts.word, parts.data, &mut fields)
        }
        Ok((_, message)) => uplink(&message, parts.data, &mut fields),
        Err(error) => {
            fields.push(Field::new("data", "", shown(parts.data)));
            problem = Some(error.to_string());
        }
    }
    Explanation { title: format!("{word} {}", meaning(&parts.word)), fields, problem }
}

fn meaning(word: &[u8; 4]) -> &'static str {
    match word {
        b"AP00" => "login",
        b"AP01" | b"YP03" | b"YP14" => "position",
        b"AP02" => "cells and Wi-Fi",
        b"AP03" | b"CP01" => "heartbeat",
        b"AP10" => "alarm",
        b"AP40" => "receipt of a text",
        b"AP49" | b"APHT" | b"APHP" | b"AP50" => "health",
        b"BP00" => "answer to a login",
        b"BP40" => "text",
        [b'B' | b'Z' | b'D', ..] => "answer or command",
        _ => "other",
    }
}

fn uplink(message: &Message<'_>, data: &[u8], fields: &mut Vec<Field>) {
    let mut put = |name: &str, value: String| fields.push(Field::new(name, value, ""));
    match message {
        Message::Login { imei } => put("IMEI", (*imei).to_owned()),
        Message::Position(position) => {
            put("time", position.time.map_or_else(|| "none".to_owned(), |time| time.to_string()));
            put("validity", (if position.fixed { "valid" } else { "not valid" }).to_owned());
            put("latitude", format!("{:.6}°", position.latitude));
            put("longitude", format!("{:.6}°", position.longitude));
            put("speed", format!("{} km/h", position.speed));
            put("course", format!("{}°", position.course));
            put("GSM", position.state.signal.to_string());
            put("satellites", position.state.satellites.to_string());
            put("battery", format!("{} %", position.state.battery));
            if let Some(code) = position.alarm {
                put("alarm", format!("{code:02} {}", alarm_name(code).unwrap_or("")));
            }
        }
        Message::Heartbeat(heartbeat) => {
            put("GSM", heartbeat.state.signal.to_string());
            put("battery", format!("{} %", heartbeat.state.battery));
            for (name, value) in [("steps", heartbeat.steps), ("rolls", heartbeat.rolls)] {
                put(name, value.map_or_else(|| "not given".to_owned(), |value| value.to_string()));
            }
        }
        Message::Receipt(receipt) => {
            let serial = receipt.serial.map(|serial| format!("{serial:06}"));
            put("serial", serial.unwrap_or_else(|| "none".to_owned()));
            put("result", (if receipt.ok { "success" } else { "failed" }).to_owned());
        }
        Message::Health(values) => {
            values.iter().for_each(|(name, value)| put(name, value.to_string()));
        }
        Message::CommandAnswer | Message::Other => {}
    }
    if !data.is_empty() {
        fields.push(Field::new("data", "", shown(data)));
    }
}

fn downlink(word: &[u8; 4], data: &[u8], fields: &mut Vec<Field>) {
    let names: &[&str] = match word {
        b"BP00" => &["time (UTC)", "time zone"],
        b"BP40" => &["IMEI", "serial", "text"],
        _ => &[],
    };
    let Some(data) = data.strip_prefix(b",") else { return };
    let names = names.iter().copied().chain(std::iter::repeat("field"));
    for (name, text) in names.zip(data.split(|&byte| byte == b',')) {
        let value = match name {
            "text" => from_utf16_hex(text).map(|text| format!("\"{}\"", text.escape_debug())),
            _ => None,
        };
        fields.push(Field::new(name, value.unwrap_or_default(), shown(text)));
    }
}

fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.escape_debug().to_string(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}
