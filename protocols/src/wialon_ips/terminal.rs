//! The device's side: logs in, pings, reports, speaks and answers texts.
//!
//! Dialects: `2.0` (the default) with checksums, `1.1` without.

use bytes::Bytes;

use super::decode::{self, CRC};
use super::encode;
use super::message::{Answer, Login, Packet, Version};
use super::options::UNFIT;
use super::report::{self, wire_names};
use crate::session::Now;
use crate::single::one_line;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};
use crate::text::Charset;

/// A simulated device.
#[derive(Debug)]
pub(super) struct IpsTerminal {
    settings: TerminalSettings,
    version: Version,
    /// Token of the newest text.
    texts: u64,
}

impl IpsTerminal {
    pub(super) fn new(settings: TerminalSettings) -> Self {
        let version =
            if settings.dialect.as_deref() == Some("1.1") { Version::V1 } else { Version::V2 };
        Self { settings, version, texts: 0 }
    }

    fn send(&self, packet: &Packet<'_>, fx: &mut Vec<TerminalEffect>) {
        let bytes = Bytes::from(encode::packet(packet, self.version));
        fx.push(TerminalEffect::Transmit(bytes));
    }

    fn confirm(&self, code: &[u8], fx: &mut Vec<TerminalEffect>) {
        self.send(&Packet::Answer(Answer { kind: b"AM", code }), fx);
    }

    fn frame(&mut self, frame: &[u8], fx: &mut Vec<TerminalEffect>) {
        match decode::packet(frame, self.version) {
            Ok(Packet::Answer(answer)) => Self::answered(answer, fx),
            Ok(Packet::Message(text)) => {
                self.texts += 1;
                let text = report::text(text, Charset::Utf8);
                fx.push(TerminalEffect::Text { token: self.texts, text });
            }
            Err(error) if error.field == CRC && error.message.starts_with("M ") => {
                self.confirm(b"01", fx);
            }
            // Firmware, configuration, requests for pictures and files, commands: not simulated.
            Ok(_) | Err(_) => {}
        }
    }

    fn answered(answer: Answer<'_>, fx: &mut Vec<TerminalEffect>) {
        let uplink = match answer.kind {
            b"AL" => {
                match answer.code {
                    b"1" => fx.push(TerminalEffect::Online),
                    code => {
                        let code = String::from_utf8_lossy(code);
                        fx.push(TerminalEffect::Refused(format!("AL {code}")));
                        fx.push(TerminalEffect::Close);
                    }
                }
                return;
            }
            b"AP" => return fx.push(TerminalEffect::Acked(Uplink::Heartbeat)),
            b"ASD" | b"AD" | b"AB" => Uplink::Report,
            b"AM" => Uplink::Text,
            _ => Uplink::Other,
        };
        let taken = match (answer.kind, answer.code) {
            (b"AB", code) => !matches!(code, b"" | b"0"),
            (b"AI" | b"AT", code) => code.ends_with(b"1") && !code.ends_with(b"01"),
            (_, code) => code == b"1",
        };
        fx.push(match taken {
            true => TerminalEffect::Acked(uplink),
            false => TerminalEffect::Nacked(uplink),
        });
    }
}

impl Terminal for IpsTerminal {
    fn handle(&mut self, input: TerminalInput<'_>, _now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => {
                let login = Login {
                    version: self.version,
                    id: self.settings.identity.as_bytes(),
                    password: self.settings.secret.as_deref().map(str::as_bytes),
                };
                self.send(&Packet::Login(login), fx);
            }
            TerminalInput::Frame(frame) => self.frame(frame, fx),
            TerminalInput::Heartbeat => self.send(&Packet::Ping, fx),
            TerminalInput::Report(report) => {
                let names = wire_names(&report.attributes);
                self.send(&report::packet(report, &names), fx);
            }
            TerminalInput::Say(text) => {
                let text = Charset::Utf8.encode(&one_line(text, UNFIT)).bytes;
                self.send(&Packet::Message(&text), fx);
            }
            TerminalInput::Answer { outcome: Outcome::Confirm, .. } => self.confirm(b"1", fx),
            TerminalInput::Answer { outcome: Outcome::Refuse, .. } => self.confirm(b"0", fx),
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
            TerminalInput::Timeout => {}
        }
    }
}
