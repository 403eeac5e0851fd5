//! What comes up in message codecs (specification 3 and 4): responses to commands, and what the serial port says. Everything from
//! the port passes [`Online::port`], whichever codec and type carried it.

use jiff::Timestamp;
use memchr::memchr2;

use super::{LANE, Online};
use crate::effect::Effects;
use crate::event::{DriverMessage, Event, Origin, RepeatKey};
use crate::session::Now;
use crate::teltonika::envelope::{Message, MessageCodec, kind, unpack};
use crate::teltonika::options::{Channel, ReceiptRule};
use crate::text::Charset;

/// How long a dated text stays recognisable as a repeat: the port's memory is sent again after a lost connection.
const DATED_WINDOW_SECONDS: u32 = 7 * 24 * 3600;
/// How long an undated text is taken for a repeat when it comes again over another connection.
const UNDATED_WINDOW_SECONDS: u32 = 60;
/// Bytes of what nobody interprets that are handed on.
const UNHANDLED_HEAD: usize = 1024;

impl Online {
    /// One message of codec 12 to 15.
    pub(super) fn message(&mut self, message: &Message<'_>, now: Now, fx: &mut Effects) {
        match message.codec {
            MessageCodec::C14 => self.response14(message, now, fx),
            // Dated bytes are the port's: responses have no time.
            MessageCodec::C13 => self.port(message, now, fx),
            MessageCodec::C15 if self.is_mine(message) => self.port(message, now, fx),
            MessageCodec::C15 => unhandled(message, fx),
            MessageCodec::C12 => match (message.kind, self.settings.serial_type) {
                (kind::IMAGE, own) if own != Some(kind::IMAGE) => unhandled(message, fx),
                (kind, Some(own)) if kind == own => self.port(message, now, fx),
                (kind::RESPONSE, Some(_)) => self.response(message, now, fx),
                (kind::RESPONSE, None) if self.texts.waiting(Channel::Command).is_some() => {
                    self.response(message, now, fx);
                }
                _ => self.port(message, now, fx),
            },
        }
    }

    /// Bytes from the serial port. A payload is a line, several lines, or, on a port in binary mode, whatever came without a gap of
    /// 30 ms.
    fn port(&mut self, message: &Message<'_>, now: Now, fx: &mut Effects) {
        if self.navigator.is_some() {
            self.hear(message, now, fx);
        } else if self.settings.serial_is_text {
            self.lines(message, now, fx);
        } else if self.settings.channel == Some(Channel::Serial) && self.receipt(message, fx) {
            // It said that it has shown a text, and nothing else.
        } else {
            unhandled(message, fx);
        }
    }

    /// A text terminal speaks: receipts and the driver's texts.
    fn lines(&mut self, message: &Message<'_>, now: Now, fx: &mut Effects) {
        let mut events = Vec::new();
        for line in lines(message.payload) {
            let words = text(line, self.settings.charset);
            if !words.trim().is_empty() && !self.is_receipt(words.trim(), fx) {
                events.push(said(words, message.time, Origin::Driver, None, now));
            }
        }
        if !events.is_empty() {
            fx.record(LANE, events, Vec::new(), Vec::new());
        }
    }

    /// Whether the payload is nothing but a receipt.
    fn receipt(&mut self, message: &Message<'_>, fx: &mut Effects) -> bool {
        let words = text(message.payload, self.settings.charset);
        self.is_receipt(words.trim(), fx)
    }

    /// Whether a line is the receipt of the text that waits for one. Without such a text it is something the driver wrote.
    fn is_receipt(&mut self, line: &str, fx: &mut Effects) -> bool {
        let settings = &self.settings;
        let taken = line == settings.receipt_line;
        let mine = !line.is_empty() && (taken || line == settings.refusal_line);
        let rule = settings.receipt == ReceiptRule::Answer;
        let waits = self.texts.waiting(Channel::Serial).is_some();
        if rule && waits && mine {
            self.texts.answered(taken, fx);
        }
        rule && waits && mine
    }

    /// A response to the command that waits, or to none.
    fn response(&mut self, message: &Message<'_>, now: Now, fx: &mut Effects) {
        let words = text(message.payload, self.settings.charset);
        let reply_to = self.texts.waiting(Channel::Command);
        if !words.trim().is_empty() {
            let event = said(words.clone(), message.time, Origin::Device, reply_to, now);
            fx.record(LANE, vec![event], Vec::new(), Vec::new());
        }
        if reply_to.is_some() && self.settings.receipt == ReceiptRule::Answer {
            self.texts.answered(words.contains(&self.settings.command_answer), fx);
        }
    }

    fn response14(&mut self, message: &Message<'_>, now: Now, fx: &mut Effects) {
        if message.kind == kind::WRONG_IMEI {
            if self.texts.waiting(Channel::Command).is_some() {
                self.texts.refused(kind::WRONG_IMEI.into(), fx);
            }
        } else if self.is_mine(message) {
            self.response(message, now, fx);
        } else {
            unhandled(message, fx);
        }
    }

    /// Whether a message names this device, if it names one.
    fn is_mine(&self, message: &Message<'_>) -> bool {
        let named = message.imei.map(unpack);
        named.is_none_or(|imei| imei.as_deref() == Some(self.imei.trim_start_matches('0')))
    }
}

/// Pieces between line ends.
fn lines(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end)?;
        rest = rest.get(end + 1..).unwrap_or(&[]);
        Some(line)
    })
}

/// What a terminal or the unit wrote: UTF-8 if it is valid UTF-8, else the device's charset. Control characters are dropped.
fn text(bytes: &[u8], charset: Charset) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => charset.decode(bytes),
    };
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn said(
    text: String,
    seconds: Option<u32>,
    origin: Origin,
    reply_to: Option<u32>,
    now: Now,
) -> Event {
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds.into()).ok());
    let device_time = time.filter(|&time| plausible(time, now));
    let repeat = match device_time {
        Some(time) => RepeatKey::Numbered {
            key: time.as_second().unsigned_abs(),
            window_seconds: DATED_WINDOW_SECONDS,
        },
        None => RepeatKey::TextOnly { window_seconds: UNDATED_WINDOW_SECONDS },
    };
    Event::Message(DriverMessage { text, device_time, repeat, reply_to, origin })
}

/// Not years before the product existed, and not more than a day ahead: the clock was never set, or what stands in its place is the
/// first half of a time in milliseconds, as an old description has it.
fn plausible(time: Timestamp, now: Now) -> bool {
    (946_684_800..=now.wall.as_second().saturating_add(86_400)).contains(&time.as_second())
}

/// Kept in part: codec in the high byte of the kind, type in the low one.
fn unhandled(message: &Message<'_>, fx: &mut Effects) {
    let kind = u32::from(message.codec.id()) << 8 | u32::from(message.kind);
    let raw = message.payload.get(..UNHANDLED_HEAD).unwrap_or(message.payload);
    let event = Event::Unhandled { kind, raw: bytes::Bytes::copy_from_slice(raw) };
    fx.record(LANE, vec![event], Vec::new(), Vec::new());
}
