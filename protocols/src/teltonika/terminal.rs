//! The device's side: the handshake, keep-alives, records, and a text terminal on its serial port that answers ACK or NAK, or
//! a Garmin navigator there if the platform speaks to one.
//!
//! Dialects name the codec of records: `8` (the default), `8e`, `16`.

use std::collections::VecDeque;

use bytes::Bytes;

use super::encode::{self, NewRecord};
use super::envelope::{self, Message, MessageCodec, kind};
use super::frame::KEEP_ALIVE;
use super::message::{Codec, NOT_WELCOME, WELCOME};
use super::options::one_line;
use super::{decode, names};
use crate::event::Report;
use crate::garmin::Navigator;
use crate::session::Now;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};

/// Texts that can still be answered.
const MAX_TEXTS: usize = 64;

/// A simulated device.
#[derive(Debug)]
pub(super) struct TeltonikaTerminal {
    settings: TerminalSettings,
    codec: Codec,
    /// Token of the newest text.
    texts: u64,
    /// How the texts came, oldest first.
    came: VecDeque<(u64, Way)>,
    /// A navigator on the serial port, once the platform spoke to one.
    navigator: Option<Box<Navigator>>,
}

/// How a text came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As a command in codec 12.
    Command,
    /// As a command in codec 14, with this IMEI.
    Named([u8; 8]),
    /// As a line.
    Serial,
}

impl TeltonikaTerminal {
    pub(super) fn new(settings: TerminalSettings) -> Self {
        let codec = match settings.dialect.as_deref() {
            Some("8e" | "8E") => Codec::C8E,
            Some("16") => Codec::C16,
            _ => Codec::C8,
        };
        Self { settings, codec, texts: 0, came: VecDeque::new(), navigator: None }
    }

    fn frame(&mut self, frame: &[u8], fx: &mut Vec<TerminalEffect>) {
        match *frame {
            _ if frame == WELCOME => fx.push(TerminalEffect::Online),
            _ if frame == NOT_WELCOME => {
                fx.push(TerminalEffect::Refused("the answer to the IMEI is 0".to_owned()));
                fx.push(TerminalEffect::Close);
            }
            [0, 0, 0, 0] => fx.push(TerminalEffect::Nacked(Uplink::Report)),
            [_, _, _, _] => fx.push(TerminalEffect::Acked(Uplink::Report)),
            _ => {
                let codec = decode::codec(frame).and_then(MessageCodec::by_id);
                let messages = codec.map(|codec| envelope::unwrap(frame, codec));
                // A frame that a device cannot read is not answered.
                if let Some(Ok(messages)) = messages {
                    for message in &messages {
                        self.message(message, fx);
                    }
                }
            }
        }
    }

    fn message(&mut self, message: &Message<'_>, fx: &mut Vec<TerminalEffect>) {
        let way = match (message.codec, message.kind, message.imei) {
            (MessageCodec::C12, kind::COMMAND, _) => Way::Command,
            (MessageCodec::C12, kind::SERIAL, _) => Way::Serial,
            (MessageCodec::C14, kind::COMMAND, Some(imei)) => {
                if imei != envelope::pack(&self.settings.identity) {
                    return say(envelope::wrap14(kind::WRONG_IMEI, imei, &[]), fx);
                }
                Way::Named(imei)
            }
            (MessageCodec::C12, kind::GARMIN, _) => {
                self.navigator.get_or_insert_with(|| Box::new(Navigator::new()));
                return self.navigate(fx, |navigator, fx| navigator.receive(message.payload, fx));
            }
            // Pictures: not simulated.
            _ => return,
        };
        let text = String::from_utf8_lossy(message.payload);
        self.texts += 1;
        if self.came.len() >= MAX_TEXTS {
            self.came.pop_front();
        }
        self.came.push_back((self.texts, way));
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        fx.push(TerminalEffect::Text { token: self.texts, text });
    }

    /// The navigator does something; its packets travel as serial data.
    fn navigate(
        &mut self,
        fx: &mut Vec<TerminalEffect>,
        what: impl FnOnce(&mut Navigator, &mut Vec<TerminalEffect>),
    ) {
        let Some(navigator) = &mut self.navigator else { return };
        let mut inner = Vec::new();
        what(navigator, &mut inner);
        fx.extend(inner.into_iter().map(|effect| match effect {
            TerminalEffect::Transmit(bytes) => {
                TerminalEffect::Transmit(envelope::wrap12(kind::RESPONSE, &bytes).into())
            }
            other => other,
        }));
    }

    fn answer(&self, token: u64, outcome: Outcome, fx: &mut Vec<TerminalEffect>) {
        let Some((_, way)) = self.came.iter().find(|(number, _)| *number == token) else {
            return;
        };
        match (way, outcome) {
            (Way::Serial, Outcome::Confirm) => say(line(b"ACK\r\n"), fx),
            (Way::Serial, Outcome::Refuse) => say(line(b"NAK\r\n"), fx),
            (Way::Command, Outcome::Confirm) => {
                say(envelope::wrap12(kind::RESPONSE, b"Text shown"), fx);
            }
            (Way::Named(imei), Outcome::Confirm) => {
                say(envelope::wrap14(kind::RESPONSE, *imei, b"Text shown"), fx);
            }
            (Way::Named(imei), Outcome::Refuse) => {
                say(envelope::wrap14(kind::WRONG_IMEI, *imei, &[]), fx);
            }
            // For codec 12 there is no negative answer.
            (Way::Command, Outcome::Refuse) => {}
        }
    }
}

fn say(frame: Vec<u8>, fx: &mut Vec<TerminalEffect>) {
    fx.push(TerminalEffect::Transmit(Bytes::from(frame)));
}

/// From the serial port.
fn line(words: &[u8]) -> Vec<u8> {
    envelope::wrap12(kind::RESPONSE, words)
}

/// What a device would record for a report.
fn record(report: &Report) -> NewRecord {
    let mut record = NewRecord {
        timestamp: report.time.map_or(0, |time| time.as_millisecond().unsigned_abs()),
        io: report.attributes.iter().filter_map(|(name, value)| names::wire(name, value)).collect(),
        ..NewRecord::default()
    };
    if let Some(fix) = report.fix {
        let degrees = |degrees: f64| (degrees * 1e7).round() as i32;
        let rounded = |value: Option<f32>| value.map_or(0.0, f32::round);
        record.longitude = degrees(fix.longitude);
        record.latitude = degrees(fix.latitude);
        record.altitude = rounded(fix.altitude) as i16;
        record.angle = rounded(fix.course) as u16;
        record.speed = rounded(fix.speed) as u16;
        let counted = fix.satellites.unwrap_or(1);
        record.satellites = if fix.valid { u8::try_from(counted).unwrap_or(u8::MAX) } else { 0 };
    }
    record
}

impl Terminal for TeltonikaTerminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => {
                self.navigate(fx, |navigator, _| navigator.reconnected());
                say(encode::handshake(&self.settings.identity), fx);
            }
            TerminalInput::Frame(frame) => self.frame(frame, fx),
            TerminalInput::Heartbeat => say(vec![KEEP_ALIVE], fx),
            TerminalInput::Report(report) => say(encode::avl(self.codec, &[record(report)]), fx),
            TerminalInput::Say(text)
                if self.navigator.as_ref().is_some_and(|navigator| navigator.enabled()) =>
            {
                self.navigate(fx, |navigator, fx| navigator.say(text, now, fx));
            }
            TerminalInput::Answer { token, outcome } if Navigator::owns(token) => {
                self.navigate(fx, |navigator, fx| navigator.answer(token, outcome, now, fx));
            }
            TerminalInput::Say(text) => {
                say(line(format!("{}\r\n", one_line(text)).as_bytes()), fx);
            }
            TerminalInput::Answer { token, outcome } => self.answer(token, outcome, fx),
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
            TerminalInput::Timeout => {}
        }
    }
}
