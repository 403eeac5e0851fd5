//! Driver texts among the uplinks (sections 12.2, 12.3 and 14).

use super::Uplink;
use super::lane::LaneState;
use crate::effect::Effects;
use crate::event::{DriverMessage, Event, Origin, RepeatKey};
use crate::jt808::message::until_nul;
use crate::session::Now;
use crate::text::Charset;

/// How long the same message with the same serial is a repeat.
const REPEAT_WINDOW_SECONDS: u32 = 600;
/// Types of transparent data that carry words (section 14.1).
const SENTENCES: u8 = 0x40;
const COMMAND_RESULT: u8 = 0xf0;

impl LaneState {
    /// 0x0301: the canned answer that the driver picked.
    pub(super) fn event_text(&self, uplink: Uplink<'_>, event: u8) -> Event {
        let events = self.settings.as_ref().map_or(&[][..], |settings| &settings.events);
        let text = match events.iter().find(|(id, _)| *id == event) {
            Some((_, text)) => text.to_string(),
            None => format!("event {event}"),
        };
        driver_text(uplink, text, None, Origin::Driver)
    }

    /// 0x0302: the driver's answer to a question, which also shows that the question arrived.
    pub(super) fn answer_text(
        &mut self,
        uplink: Uplink<'_>,
        serial: u16,
        answer: u8,
        fx: &mut Effects,
    ) -> Event {
        let (serial, text) = self.delivery.answered(serial, answer);
        let text = text.map_or_else(|| format!("answer {answer}"), str::to_owned);
        self.confirmed_by_reply(serial, fx);
        driver_text(uplink, text, Some(serial), Origin::Driver)
    }

    /// 0x6006: a text report, in GBK or UTF-16.
    pub(super) fn text_report(
        &mut self,
        uplink: Uplink<'_>,
        encoding: u8,
        text: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Event {
        let text = match encoding {
            1 => Charset::Utf16Be.decode(text).trim_end_matches('\0').to_owned(),
            _ => self.charset().decode(until_nul(text)),
        };
        let origin = match self.delivery.sent_lately(now) && looks_like_a_command(&text) {
            true => Origin::Device,
            false => Origin::Driver,
        };
        self.confirmed_by_report(fx);
        driver_text(uplink, text, None, origin)
    }

    /// 0x1300: a vendor's answer to the text with this serial.
    pub(super) fn text_answer(
        &mut self,
        uplink: Uplink<'_>,
        serial: u16,
        text: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Event {
        let text = Charset::Utf16Be.decode(text).trim_end_matches('\0').to_owned();
        let origin = match self.delivery.sent_lately(now) && looks_like_a_command(&text) {
            true => Origin::Device,
            false => Origin::Driver,
        };
        self.confirmed_by_reply(serial, fx);
        driver_text(uplink, text, Some(serial), origin)
    }

    /// 0x0900: words, if it is a type that carries words and they are.
    pub(super) fn transparent_text(
        &self,
        uplink: Uplink<'_>,
        kind: u8,
        data: &[u8],
    ) -> Option<Event> {
        let words = match kind {
            SENTENCES => {
                let (&length, words) = data.split_first_chunk()?;
                words.get(..u16::from_be_bytes(length).into())?
            }
            COMMAND_RESULT => data,
            _ => return None,
        };
        let text = std::str::from_utf8(words).ok()?.trim_end_matches(['\r', '\n', '\0']);
        let plain = !text.is_empty()
            && text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t'));
        plain.then(|| driver_text(uplink, text.to_owned(), None, Origin::Device))
    }
}

fn driver_text(uplink: Uplink<'_>, text: String, reply_to: Option<u16>, origin: Origin) -> Event {
    let key = u64::from(uplink.header.id) << 16 | u64::from(uplink.first_serial);
    Event::Message(DriverMessage {
        text,
        device_time: None,
        repeat: RepeatKey::Numbered { key, window_seconds: REPEAT_WINDOW_SECONDS },
        reply_to: reply_to.map(u32::from),
        origin,
    })
}

/// Whether a text is in the style of terminals' commands, such as `<VER:…>` or `*SET,1#` (section 14.1).
fn looks_like_a_command(text: &str) -> bool {
    let signs = |c: char| {
        matches!(c, '<' | '>' | '*' | '#' | '$' | '[' | ']' | '{' | '}' | '|' | '=' | '@')
    };
    text.is_ascii() && (text.starts_with(signs) || text.ends_with(signs))
}
