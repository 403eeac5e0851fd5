//! The device's side: logs in, keeps alive, reports, speaks and shows texts.
//!
//! Dialects: `number` (the default) presents the identity as a 64-bit number where it is one, `string` as text. Commands are
//! understood in all their forms. A text is confirmed as the one server that knows an answer expects it, by a driver message; nothing
//! refuses one.

use std::collections::VecDeque;

use bytes::Bytes;

use super::decode::{self, Integers};
use super::encode;
use super::message::{Command, Data, Key, Login, Message, Packet, Record, SubRecord, code};
use super::report;
use crate::session::Now;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};
use crate::text::Charset;

/// Most packets that wait for their answer; older ones are forgotten.
const MAX_WAITING: usize = 1024;
/// What a confirmation says.
const CONFIRMATION: &[u8] = b"OK";

/// A simulated device.
#[derive(Debug)]
pub(super) struct CombineTerminal {
    settings: TerminalSettings,
    seq: u16,
    /// Packets without an answer, oldest first; `None` is the login.
    waiting: VecDeque<(u16, Option<Uplink>)>,
    /// Token of the newest text.
    texts: u64,
}

impl CombineTerminal {
    pub(super) const fn new(settings: TerminalSettings) -> Self {
        Self { settings, seq: 0, waiting: VecDeque::new(), texts: 0 }
    }

    fn send(&mut self, packet: Packet<'_>, kind: Option<Uplink>, fx: &mut Vec<TerminalEffect>) {
        let seq = self.seq;
        self.seq = seq.wrapping_add(1);
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back((seq, kind));
        let bytes = encode::message(&Message::Packet { seq, packet }, Integers::Document);
        fx.push(TerminalEffect::Transmit(Bytes::from(bytes)));
    }

    fn log_in(&mut self, fx: &mut Vec<TerminalEffect>) {
        let TerminalSettings { identity, secret, dialect } = self.settings.clone();
        let number = identity.parse().ok().filter(|_| dialect.as_deref() != Some("string"));
        let login = Login {
            version: 1,
            id: number.map_or(Key::Text(identity.as_bytes()), Key::U64),
            password: secret.as_ref().map(|secret| Key::Text(secret.as_bytes())),
        };
        self.send(Packet::Login(login), None, fx);
    }

    fn say(&mut self, text: &[u8], kind: Uplink, now: Now, fx: &mut Vec<TerminalEffect>) {
        let time = u32::try_from(now.wall.as_second()).unwrap_or(0);
        let record = Record { time, parts: vec![SubRecord::Text(text)] };
        self.send(Packet::Data(Data { records: vec![record], unknown: None }), Some(kind), fx);
    }

    fn frame(&mut self, frame: &[u8], fx: &mut Vec<TerminalEffect>) {
        match decode::message(frame, Integers::Document) {
            Ok(Message::Answer { code, seq }) => self.answered(code, seq, fx),
            Ok(Message::Command(Command { kind: 0, text, .. })) => self.show(text, fx),
            Ok(Message::Line(line)) => self.show(line, fx),
            // Commands that are no text, and what only devices send.
            Ok(_) | Err(_) => {}
        }
    }

    fn show(&mut self, line: &[u8], fx: &mut Vec<TerminalEffect>) {
        let line = line.trim_ascii_end();
        let text = report::text(line.strip_prefix(b"#M#").unwrap_or(line), Charset::Utf8);
        self.texts += 1;
        fx.push(TerminalEffect::Text { token: self.texts, text });
    }

    fn answered(&mut self, code: u8, seq: u16, fx: &mut Vec<TerminalEffect>) {
        let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == seq) else {
            return;
        };
        let kind = self.waiting.remove(at).and_then(|(_, kind)| kind);
        match (kind, code) {
            (None, code::STORED) => fx.push(TerminalEffect::Online),
            (None, code) => {
                fx.push(TerminalEffect::Refused(format!("code {code}")));
                fx.push(TerminalEffect::Close);
            }
            (Some(kind), code::STORED) => fx.push(TerminalEffect::Acked(kind)),
            (Some(kind), _) => fx.push(TerminalEffect::Nacked(kind)),
        }
    }
}

impl Terminal for CombineTerminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => {
                self.waiting.clear();
                self.log_in(fx);
            }
            TerminalInput::Frame(frame) => self.frame(frame, fx),
            TerminalInput::Heartbeat => self.send(Packet::KeepAlive, Some(Uplink::Heartbeat), fx),
            TerminalInput::Report(report) => {
                let records = vec![report::record(report)];
                let data = Data { records, unknown: None };
                self.send(Packet::Data(data), Some(Uplink::Report), fx);
            }
            TerminalInput::Say(text) => {
                let text = Charset::Utf8.encode(text).bytes;
                self.say(&text, Uplink::Text, now, fx);
            }
            TerminalInput::Answer { outcome: Outcome::Confirm, .. } => {
                self.say(CONFIRMATION, Uplink::Other, now, fx);
            }
            TerminalInput::Answer { outcome: Outcome::Refuse, .. } | TerminalInput::Timeout => {}
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
        }
    }
}
