//! Frames for human readers: the specification's field names, with what the values mean.

use super::decode;
use super::frame::{split, unescape};
use super::report::ALARMS;
use crate::explain::{Explanation, Field};
use crate::wire::plain::from_utf16_hex;

/// Fields of a position.
const POSITION: [&str; 16] = [
    "date",
    "time",
    "validity",
    "latitude",
    "N or S",
    "longitude",
    "E or W",
    "speed",
    "course",
    "altitude",
    "satellites",
    "GSM",
    "battery",
    "steps",
    "rolls",
    "status",
];

/// Explains one frame, whichever side sent it.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let Some((head, content)) = split(frame) else {
        let problem = Some("not a frame: brackets, id or length are wrong".to_owned());
        let fields = vec![Field::new("text", "", shown(frame))];
        return Explanation { title: "unknown".to_owned(), fields, problem };
    };
    let mut fields =
        vec![Field::new("maker", "", shown(head.maker)), Field::new("id", "", shown(head.id))];
    fields.extend(head.index.map(|index| Field::new("index", "", shown(index))));
    let length = format!("{:04X}", head.length);
    let escaped = head.length == unescape(content).len();
    let agrees = if escaped { "of content, unescaped" } else { "declared, but there are" };
    let value = match head.length == content.len() {
        true => format!("{} bytes of content", head.length),
        false => format!("{} bytes {agrees} {}", head.length, content.len()),
    };
    fields.push(Field::new("length", value, length));
    let (word, values) = decode::word(content);
    fields.push(Field::new("word", meaning(word), shown(word)));
    match decode::uplink(content) {
        _ if word.starts_with(b"UD") || word.starts_with(b"AL") || word == b"WT" => {
            let names = POSITION.iter().copied();
            let mut parts = values.splitn(POSITION.len() + 1, |&byte| byte == b',');
            for (name, text) in names.zip(&mut parts) {
                fields.push(Field::new(name, value_of(name, text), shown(text)));
            }
            fields.extend(parts.map(|rest| Field::new("cells and Wi-Fi", "", shown(rest))));
        }
        _ if word == b"MESSAGE" && !values.is_empty() => {
            let text = from_utf16_hex(values).unwrap_or_default();
            fields.push(Field::new("text", format!("\"{}\"", text.escape_debug()), shown(values)));
        }
        _ if !values.is_empty() => fields.push(Field::new("values", "", shown(values))),
        _ => {}
    }
    let problem = decode::uplink(content).err().map(|error| error.to_string());
    Explanation { title: format!("{} {}", shown(word), meaning(word)), fields, problem }
}

fn meaning(word: &[u8]) -> &'static str {
    match word {
        b"LK" => "link keep-alive",
        b"MESSAGE" => "text, or its receipt",
        b"TKQ" | b"TKQ2" => "question for a waiting voice clip",
        b"TK" => "voice clip, or its result",
        b"CONFIG" => "settings",
        b"WT" => "position with a question for the weather",
        b"UD2" => "stored position",
        _ if word.starts_with(b"UD") => "position",
        _ if word.starts_with(b"AL") => "alarm",
        _ => "command, its result, or a measurement",
    }
}

fn value_of(name: &str, text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text.trim_ascii()).into_owned();
    match name {
        "validity" if text == "A" => "current".to_owned(),
        "validity" if text == "V" => "no fix".to_owned(),
        "speed" => format!("{text} km/h"),
        "course" => format!("{text}°"),
        "altitude" => format!("{text} m"),
        "GSM" | "battery" => format!("{text} %"),
        "status" => {
            let bits = u32::from_str_radix(&text, 16).unwrap_or(0);
            let set = ALARMS.iter().filter(|(bit, _)| bits & (1 << bit) != 0);
            set.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}

fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.escape_debug().to_string(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}
