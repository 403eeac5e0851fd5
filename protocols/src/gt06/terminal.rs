//! The device's side: logs in, shows signs of life, reports, takes commands and answers them.
//!
//! A text is shown without the command around it: what stands between the first comma and the closing `#`.

use std::borrow::Cow;

use super::decode;
use super::encode;
use super::frame::{seal, split};
use super::message::{Answer, Battery, Login, Report as Packet, Status, kind};
use super::report::clock;
use crate::event::{Report, Value};
use crate::session::Now;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};
use crate::wire::bcd;

/// Ignition on, positioned.
const RUNNING: u8 = 0b0100_0010;

/// A simulated device.
#[derive(Debug)]
pub(super) struct Gt06Terminal {
    settings: TerminalSettings,
    serial: u16,
}

impl Gt06Terminal {
    pub(super) const fn new(settings: TerminalSettings) -> Self {
        Self { settings, serial: 0 }
    }

    fn send(&mut self, kind: u8, content: &[u8], fx: &mut Vec<TerminalEffect>) {
        self.serial = self.serial.wrapping_add(1);
        fx.push(TerminalEffect::Transmit(seal(kind, content, self.serial, false)));
    }

    fn frame(frame: &[u8], fx: &mut Vec<TerminalEffect>) {
        if let Ok(Some(command)) = decode::command(frame) {
            let text = String::from_utf8_lossy(command.text);
            let shown = text.split_once(',').and_then(|(_, text)| text.strip_suffix('#'));
            let text = shown.unwrap_or(&text).to_owned();
            return fx.push(TerminalEffect::Text { token: command.flag.into(), text });
        }
        let Some(packet) = split(frame) else { return };
        fx.push(match packet.kind {
            kind::LOGIN => TerminalEffect::Online,
            kind::HEARTBEAT | kind::HEARTBEAT_23 => TerminalEffect::Acked(Uplink::Heartbeat),
            kind::ALARM | kind::ALARM_26 | kind::ALARM_FENCE => {
                TerminalEffect::Acked(Uplink::Report)
            }
            _ => TerminalEffect::Acked(Uplink::Other),
        });
    }

    /// An alarm goes out as 0x16, any other report as 0x22.
    fn report(&mut self, report: &Report, now: Now, fx: &mut Vec<TerminalEffect>) {
        let is = |name: &str, value: &Value| {
            report.attributes.iter().any(|(key, found)| key == name && found == value)
        };
        let sos = is("alarm", &Value::Text("sos".to_owned()));
        let ignition = is("ignition", &Value::Bool(true));
        let info = RUNNING & if ignition { 0xff } else { 0xfd };
        let packet = Packet {
            time: Some(clock(report.time.unwrap_or(now.wall), 0)),
            gps: report.fix.as_ref().map(encode::gps),
            status: Some(Status { info, battery: Battery::Level(6), signal: 4 }),
            ignition: Some(ignition),
            archived: report.archived,
            alarm: sos.then_some(1),
            ..Packet::default()
        };
        let kind = if sos { kind::ALARM } else { kind::POSITION_22 };
        self.send(kind, &encode::position(kind, &packet), fx);
    }
}

impl Terminal for Gt06Terminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => {
                let imei = bcd::sixteen(&self.settings.identity);
                let login = Login { imei, model_and_zone: Some([0x10, 0x0f, 0x00, 0x02]) };
                self.send(kind::LOGIN, &encode::login(&login), fx);
            }
            TerminalInput::Frame(frame) => Self::frame(frame, fx),
            TerminalInput::Heartbeat => {
                let status = Status { info: RUNNING, battery: Battery::Level(6), signal: 4 };
                self.send(kind::HEARTBEAT, &encode::heartbeat(status), fx);
            }
            TerminalInput::Report(report) => self.report(report, now, fx),
            TerminalInput::Answer { token, outcome } => {
                let flag = u32::try_from(token).unwrap_or(0);
                let text = match outcome {
                    Outcome::Confirm => Cow::Borrowed("OK!"),
                    Outcome::Refuse => Cow::Borrowed("Command error!"),
                };
                self.send(kind::ANSWER, &encode::answer(&Answer { flag, text }), fx);
            }
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
            // Nothing a driver types goes up in this protocol.
            TerminalInput::Say(_) | TerminalInput::Timeout => {}
        }
    }
}
