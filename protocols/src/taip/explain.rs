//! Messages for human readers.

use super::message::{Message, Rule};
use super::{decode, escape, frame, garmin, report};
use crate::event::{Report, Value};
use crate::explain::{Explanation, Field};
use crate::text::Charset;

/// Explains what stands between `>` and `<`, which may be there as well.
pub(super) fn explain(content: &[u8]) -> Explanation {
    let content = content.strip_prefix(b">").unwrap_or(content);
    let content = content.strip_suffix(b"<").unwrap_or(content);
    let message = match decode::message(content) {
        Ok(message) => message,
        Err(error) => {
            return Explanation {
                title: "frame that does not parse".to_owned(),
                fields: vec![Field::new("content", "", shown(content))],
                problem: Some(error.to_string()),
            };
        }
    };
    let mut problem = None;
    let mut fields = vec![data(&message, &mut problem)];
    for tag in &message.tags {
        let name = match tag.name {
            b"" => "text".to_owned(),
            b"ID" => "identity".to_owned(),
            name => shown(name),
        };
        fields.push(Field::new(name, "", shown(tag.value)));
    }
    if let Some((index, _)) = message.index {
        fields.push(Field::new("index", "", shown(index)));
    }
    if let Some((_, sum)) = frame::carried(content) {
        let value = match message.rule {
            Some(Rule::A) => "right, with the *",
            Some(Rule::B) => "right, without the *",
            None => "wrong by either rule",
        };
        fields.push(Field::new("checksum", value, format!("{sum:02X}")));
    }
    Explanation { title: title(message.name), fields, problem }
}

fn title(name: [u8; 3]) -> String {
    let what = match &name {
        b"REV" => "event report",
        b"RPV" => "position and velocity",
        b"RGP" | b"RPI" | b"RCQ" => "position report",
        b"RUS" | b"RUV" => "user report",
        b"RAL" => "altitude",
        b"RCP" => "compact position",
        b"RLN" => "long navigation message",
        b"STX" => "text to the terminal",
        b"RTX" => "text of the terminal, or echo",
        b"SMT" => "terminal mode",
        b"RER" => "error",
        b"QVR" => "probe",
        b"RVR" => "firmware version",
        b"QID" => "who are you",
        b"RID" => "identity",
        b"ACK" | b"SAK" => "acknowledgement",
        b"RFM" | b"SFM" => "Garmin FMI",
        _ => match name[0] {
            b'Q' => "query",
            b'S' => "command",
            b'R' => "response",
            _ => "message",
        },
    };
    format!("{} {what}", shown(&name))
}

fn data(message: &Message<'_>, problem: &mut Option<String>) -> Field {
    let raw = shown(message.data);
    if let b"STX" | b"RTX" = &message.name {
        let text = Charset::Latin1.decode(&escape::unescape(message.data));
        return Field::new("text", text.escape_debug().to_string(), raw);
    }
    if let Some(fmi) = garmin::unwrap(message) {
        let packets = crate::garmin::explain::fields(&fmi).unwrap_or_default();
        // Their raw bytes are the digits above.
        let packets = packets.into_iter().map(|packet| Field { raw: String::new(), ..packet });
        let size = format!("{} bytes", fmi.len());
        return Field::new("FMI bytes", size, raw).with(packets.collect());
    }
    match report::report(message, None) {
        Some(Ok(report)) => {
            let attributes = report.attributes.iter().map(|(name, value)| {
                let value = match value {
                    Value::Text(text) => text.clone(),
                    Value::Int(number) => number.to_string(),
                    Value::Float(number) => number.to_string(),
                    Value::Bool(yes) => yes.to_string(),
                    Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
                };
                Field::new(name.to_string(), value, "")
            });
            let attributes = attributes.collect();
            Field::new("report", place(&report, message.name), raw).with(attributes)
        }
        Some(Err(error)) => {
            *problem = Some(error.to_string());
            Field::new("data", "", raw)
        }
        None => Field::new("data", "", raw),
    }
}

fn place(report: &Report, name: [u8; 3]) -> String {
    let mut text = match &report.fix {
        Some(fix) => format!(
            "{:.5}°, {:.5}°, {:.1} km/h, {}°{}",
            fix.latitude,
            fix.longitude,
            fix.speed.unwrap_or(0.0),
            fix.course.unwrap_or(0.0),
            if fix.valid { "" } else { ", not valid" }
        ),
        None => "no position".to_owned(),
    };
    match report.time {
        Some(time) if name == *b"RPV" => {
            let time = time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%H:%M:%S").to_string();
            text.push_str(&format!(", {time} UTC"));
        }
        Some(time) => text.push_str(&format!(", {time}")),
        None => {}
    }
    text
}

fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.escape_debug().to_string(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}
