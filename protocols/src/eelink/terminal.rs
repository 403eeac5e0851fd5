//! The device's side: logs in, shows signs of life, reports, forwards an SMS for what the driver says, answers instructions.

use std::borrow::Cow;

use super::decode;
use super::encode;
use super::frame::{packages, seal};
use super::message::{Gps, Instruction, Login, Report as Package, Sms, id};
use super::report::{FIXED, IGNITION, PER_DEGREE};
use crate::event::{Fix, Report, Value};
use crate::session::Now;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};
use crate::text::Charset;
use crate::wire::bcd;
use crate::wire::cursor::Cursor;

/// A simulated device.
#[derive(Debug)]
pub(super) struct EelinkTerminal {
    settings: TerminalSettings,
    sequence: u16,
    /// Type of the last instruction, which its answer repeats.
    kind: u8,
}

impl EelinkTerminal {
    pub(super) const fn new(settings: TerminalSettings) -> Self {
        Self { settings, sequence: 0, kind: 2 }
    }

    fn send(&mut self, id: u8, content: &[u8], fx: &mut Vec<TerminalEffect>) {
        self.sequence = self.sequence.wrapping_add(1);
        fx.push(TerminalEffect::Transmit(seal(id, self.sequence, content)));
    }

    fn frame(&mut self, frame: &[u8], fx: &mut Vec<TerminalEffect>) {
        for package in packages(frame) {
            fx.push(match package.id {
                id::INSTRUCTION => {
                    let mut cursor = Cursor::inside("", package.content, package.offset);
                    let Ok(instruction) = decode::instruction(&mut cursor) else { continue };
                    self.kind = instruction.kind;
                    let text = instruction.text.into_owned();
                    TerminalEffect::Text { token: instruction.unique_id.into(), text }
                }
                id::LOGIN => TerminalEffect::Online,
                id::HEARTBEAT => TerminalEffect::Acked(Uplink::Heartbeat),
                id::POSITION | id::WARNING => TerminalEffect::Acked(Uplink::Report),
                id::SMS => TerminalEffect::Acked(Uplink::Text),
                _ => TerminalEffect::Acked(Uplink::Other),
            });
        }
    }

    /// An alarm goes out as 0x14, any other report as 0x12.
    fn report(&mut self, report: &Report, now: Now, fx: &mut Vec<TerminalEffect>) {
        let is = |name: &str, value: &Value| {
            report.attributes.iter().any(|(key, found)| key == name && found == value)
        };
        let sos = is("alarm", &Value::Text("sos".to_owned()));
        let fixed = if report.fix.is_some_and(|fix| fix.valid) { FIXED } else { 0 };
        let ignition = if is("ignition", &Value::Bool(true)) { IGNITION.1 } else { 0 };
        let package = Package {
            time: seconds(report, now),
            gps: report.fix.as_ref().map(gps),
            status: Some(fixed | IGNITION.0 | ignition),
            warning: sos.then_some(2),
            ..Package::default()
        };
        let id = if sos { id::WARNING } else { id::POSITION };
        self.send(id, &encode::position(&package), fx);
    }
}

fn seconds(report: &Report, now: Now) -> u32 {
    u32::try_from(report.time.unwrap_or(now.wall).as_second()).unwrap_or(0)
}

fn gps(fix: &Fix) -> Gps {
    Gps {
        fixed: None,
        latitude: (fix.latitude * PER_DEGREE).round() as i32,
        longitude: (fix.longitude * PER_DEGREE).round() as i32,
        altitude: fix.altitude.map(|metres| metres.round() as i16),
        speed: fix.speed.map_or(0, |speed| speed.round() as u16),
        course: fix.course.map_or(0, |course| course.round() as u16),
        satellites: fix.satellites.map(|count| u8::try_from(count).unwrap_or(u8::MAX)),
    }
}

impl Terminal for EelinkTerminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => {
                let imei = bcd::sixteen(&self.settings.identity);
                let version2 = self.settings.dialect.as_deref() == Some("2");
                self.send(id::LOGIN, &encode::login(&Login { imei, version2 }), fx);
            }
            TerminalInput::Frame(frame) => self.frame(frame, fx),
            TerminalInput::Heartbeat => {
                let status = FIXED | IGNITION.0 | IGNITION.1;
                self.send(id::HEARTBEAT, &status.to_be_bytes(), fx);
            }
            TerminalInput::Report(report) => self.report(report, now, fx),
            TerminalInput::Say(text) => {
                let time = u32::try_from(now.wall.as_second()).unwrap_or(0);
                let report = Package { time, ..Package::default() };
                let text = String::from_utf8(Charset::Utf8.encode(text).bytes).unwrap_or_default();
                let sms = Sms { report, number: Cow::Borrowed(""), text: Cow::Owned(text) };
                self.send(id::SMS, &encode::sms(&sms), fx);
            }
            TerminalInput::Answer { token, outcome } => {
                let text = match outcome {
                    Outcome::Confirm => Cow::Borrowed("OK"),
                    Outcome::Refuse => Cow::Borrowed("Unknown command"),
                };
                let unique_id = u32::try_from(token).unwrap_or(0);
                let answer = Instruction { kind: self.kind, unique_id, text };
                self.send(id::INSTRUCTION, &encode::instruction(&answer), fx);
            }
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
            TerminalInput::Timeout => {}
        }
    }
}
