//! The packets in a carrier's message for human readers: one field per packet, whose raw bytes are the packet's and whose parts
//! say what it means.

use super::frame;
use super::message::{self, Message, Reply, TextId, link, timestamp};
use super::{decode, message::id};
use crate::explain::Field;
use crate::framing::Frame;

/// Explains what came through a tunnel, if it looks like packets of a navigator: every byte belongs to one field.
pub(crate) fn fields(bytes: &[u8]) -> Option<Vec<Field>> {
    if bytes.first() != Some(&0x10) {
        let (id, payload) = frame::split(bytes)?;
        let known = message::link_name(id) != message::link_name(0xff);
        return known.then(|| vec![packet(id, payload, bytes)]);
    }
    let (mut fields, mut rest, mut scratch) = (Vec::new(), bytes, Vec::new());
    loop {
        let cut = frame::cut(rest, &mut scratch);
        let (raw, behind) = rest.split_at(cut.consumed.min(rest.len()));
        match cut.frame {
            Some(Frame::Valid(content)) => {
                let (id, payload) = frame::split(content)?;
                fields.push(packet(id, payload, raw));
            }
            Some(Frame::Rejected { reason, .. }) => {
                fields.push(Field::new("damaged packet", reason.to_string(), hex(raw)));
            }
            None if !raw.is_empty() => fields.push(Field::new("noise", "", hex(raw))),
            None if rest.is_empty() => break,
            None => {
                fields.push(Field::new("beginning of a packet", "", hex(rest)));
                break;
            }
        }
        rest = behind;
    }
    Some(fields)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn packet(id: u8, payload: &[u8], raw: &[u8]) -> Field {
    let named = payload.first().copied().unwrap_or(0);
    let (value, parts) = match id {
        link::FLEET => match decode::message(payload) {
            Ok(message) => (name(&message), parts(&message)),
            Err(error) => (error.to_string(), Vec::new()),
        },
        link::ACK | link::NAK => {
            (format!("{} for {named:#04x}", message::link_name(id)), Vec::new())
        }
        link::LEGACY_TEXT => {
            let text = part("text", quoted(decode::until_nul(payload).0));
            (message::link_name(id).to_owned(), vec![text])
        }
        _ => {
            let content = part("content", hex(payload));
            (format!("{} {id:#04x}", message::link_name(id)), vec![content])
        }
    };
    Field::new("Garmin packet", value, hex(raw)).with(parts)
}

fn name(message: &Message<'_>) -> String {
    match message {
        Message::Other { id, .. } => format!("{} {id:#06x}", message::name(*id)),
        known => message::name(known.kind()).to_owned(),
    }
}

fn part(name: &str, value: impl Into<String>) -> Field {
    Field::new(name, value, "")
}

fn quoted(text: &[u8]) -> String {
    format!("\"{}\"", String::from_utf8_lossy(text))
}

fn moment(time: u32) -> String {
    timestamp(time).map_or_else(|| "none".to_owned(), |time| time.to_string())
}

/// An id as text where it is one.
fn id_words(id: &TextId) -> String {
    match id.significant() {
        [] => "none".to_owned(),
        bytes if bytes.iter().all(u8::is_ascii_graphic) => quoted(bytes),
        bytes => hex(bytes),
    }
}

fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

fn parts(message: &Message<'_>) -> Vec<Field> {
    match message {
        Message::Bare { .. } => Vec::new(),
        Message::Other { rest, .. } => vec![part("content", hex(rest))],
        Message::Enable { features } => features
            .iter()
            .map(|word| {
                let state = if word & 0x8000 == 0 { "off" } else { "on" };
                part("feature", format!("{} {state}", word & 0x7fff))
            })
            .collect(),
        Message::Product { product, software } => vec![
            part("product id", product.to_string()),
            part("software version", format!("{:.2}", f32::from(*software) / 100.0)),
        ],
        Message::Protocols(list) => {
            let words = list.iter().map(|(tag, number)| format!("{}{number}", tag.escape_ascii()));
            vec![part("protocols", words.collect::<Vec<_>>().join(" "))]
        }
        Message::SetItem { number, text, .. } => {
            vec![part("number", number.to_string()), part("text", quoted(text))]
        }
        Message::Number { number, .. } => vec![part("number", number.to_string())],
        Message::ItemReceipt { number, ok, .. } => {
            vec![part("number", number.to_string()), part("accepted", yes(*ok))]
        }
        Message::ResponsesWanted(list) => {
            list.iter().map(|number| part("response", number.to_string())).collect()
        }
        Message::Throttle { packet, state, .. } => {
            vec![part("packet", message::name(*packet)), part("state", state.to_string())]
        }
        Message::Throttles(list) => list
            .iter()
            .map(|(packet, state)| part("state", format!("{}: {state}", message::name(*packet))))
            .collect(),
        texts => text_parts(texts),
    }
}

fn text_parts(message: &Message<'_>) -> Vec<Field> {
    match message {
        Message::Text { time, popup, id, text } => vec![
            part("origination time", moment(*time)),
            part("pops up", yes(*popup != 0)),
            part("id", id_words(id)),
            part("text", quoted(text)),
        ],
        Message::TextReceipt { time, ok, id } => vec![
            part("origination time", moment(*time)),
            part("accepted", yes(*ok)),
            part("id", id_words(id)),
        ],
        Message::LongText { time, last, number, id, segment, .. } => vec![
            part("origination time", moment(*time)),
            part("segment", number.to_string()),
            part("last", yes(*last)),
            part("id", id_words(id)),
            part("text", quoted(decode::until_nul(segment).0)),
        ],
        Message::LongTextReceipt { time, result, last, number, id } => vec![
            part("origination time", moment(*time)),
            part("result", result.to_string()),
            part("segment", number.to_string()),
            part("last", yes(*last)),
            part("id", id_words(id)),
        ],
        Message::SimpleText { time, text } => {
            vec![part("origination time", moment(*time)), part("text", quoted(text))]
        }
        Message::ButtonText { time, id, text, .. } => vec![
            part("origination time", moment(*time)),
            part("id", id_words(id)),
            part("text", quoted(text)),
        ],
        Message::Answer { time, id, choice } => vec![
            part("answered", moment(*time)),
            part("id", id_words(id)),
            part("answer", choice.to_string()),
        ],
        Message::About { id, .. } => vec![part("id", id_words(id))],
        Message::Code { kind, code, id } => {
            vec![part("code", code_words(*kind, *code)), part("id", id_words(id))]
        }
        Message::Choices { id, responses } => {
            let responses = responses.iter().map(|number| part("response", number.to_string()));
            [part("id", id_words(id))].into_iter().chain(responses).collect()
        }
        drivers => driver_parts(drivers),
    }
}

fn driver_parts(message: &Message<'_>) -> Vec<Field> {
    match message {
        Message::DriverText { time, number, reply, text } => {
            let mut parts = vec![part("origination time", moment(*time))];
            if let Some(reply) = reply {
                parts.push(part("position", place(reply)));
                parts.push(part("answers", id_words(&reply.id)));
            }
            parts.push(part("unique id", number.to_string()));
            parts.push(part("text", quoted(text)));
            parts
        }
        Message::Driver { change, time, place, driver, .. } => {
            let mut parts = vec![
                part("change id", change.to_string()),
                part("change time", moment(*time)),
                part("driver", quoted(driver)),
            ];
            if let Some(place) = place {
                parts.push(part("driver index", place.to_string()));
                // Not shown to anybody who looks over a shoulder.
                parts.push(part("password", "not shown"));
            }
            parts
        }
        Message::DriverStatus { change, time, status, .. } => vec![
            part("change id", change.to_string()),
            part("change time", moment(*time)),
            part("driver status", status.to_string()),
        ],
        Message::DriverReceipt { change, ok, .. } => {
            vec![part("change id", change.to_string()), part("accepted", yes(*ok))]
        }
        _ => Vec::new(),
    }
}

fn place(reply: &Reply) -> String {
    reply.degrees().map_or_else(
        || "no fix".to_owned(),
        |(latitude, longitude)| format!("{latitude:.6}, {longitude:.6}"),
    )
}

fn code_words(kind: u16, code: u8) -> String {
    let words = match (kind, code) {
        (id::STATUS, 0) => "unread",
        (id::STATUS, 1) => "read",
        (id::STATUS, 2) => "not found",
        (id::CHOICES_RECEIPT, 0) => "taken",
        (id::CHOICES_RECEIPT, 1) => "bad count",
        (id::CHOICES_RECEIPT, 2) => "unknown response",
        (id::CHOICES_RECEIPT, 3) => "bad or duplicate id",
        (id::CHOICES_RECEIPT, 4) => "full",
        (id::TEXT_DELETED, 0) => "not deleted",
        (id::TEXT_DELETED, _) => "gone",
        _ => return code.to_string(),
    };
    format!("{code} = {words}")
}
