//! The device's side: a watch that logs in, shows signs of life, reports, and shows texts. Dialects: `IW` (the default), `TRV`.

use super::decode;
use super::encode;
use super::frame::{Prefix, seal, split};
use super::message::{Heartbeat, Position, Receipt, State};
use crate::event::{Report, Value};
use crate::session::Now;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};

/// A simulated device.
#[derive(Debug)]
pub(super) struct IwTerminal {
    settings: TerminalSettings,
    prefix: Prefix,
}

impl IwTerminal {
    pub(super) fn new(settings: TerminalSettings) -> Self {
        let trv = settings.dialect.as_deref() == Some("TRV");
        Self { settings, prefix: if trv { Prefix::Trv } else { Prefix::Iw } }
    }

    fn send(&self, word: &str, data: &str, fx: &mut Vec<TerminalEffect>) {
        fx.push(TerminalEffect::Transmit(seal(self.prefix, word, data)));
    }

    fn frame(frame: &[u8], fx: &mut Vec<TerminalEffect>) {
        if let Some((serial, text)) = decode::text(frame) {
            return fx.push(TerminalEffect::Text { token: serial.into(), text });
        }
        let Some(parts) = split(frame) else { return };
        fx.push(match &parts.word {
            b"BP00" => TerminalEffect::Online,
            b"BP03" => TerminalEffect::Acked(Uplink::Heartbeat),
            b"BP01" | b"BP10" => TerminalEffect::Acked(Uplink::Report),
            _ => TerminalEffect::Acked(Uplink::Other),
        });
    }

    /// An alarm goes out as `AP10`, any other report as `AP01`.
    fn report(&self, report: &Report, now: Now, fx: &mut Vec<TerminalEffect>) {
        let has =
            |name: &str, value: Value| report.attributes.contains(&(name.to_owned().into(), value));
        let sos = has("alarm", Value::Text("sos".to_owned()));
        let ignition = u32::from(has("ignition", Value::Bool(true)));
        let fix = report.fix;
        let number = |value: Option<f32>| f64::from(value.unwrap_or(0.0));
        let satellites = fix.and_then(|fix| fix.satellites).unwrap_or(0).into();
        let position = Position {
            time: Some(report.time.unwrap_or(now.wall)),
            fixed: fix.is_some_and(|fix| fix.valid),
            latitude: fix.map_or(0.0, |fix| fix.latitude),
            longitude: fix.map_or(0.0, |fix| fix.longitude),
            speed: number(fix.and_then(|fix| fix.speed)),
            course: number(fix.and_then(|fix| fix.course)),
            state: State { signal: 80, satellites, battery: 100, ignition },
            cell: [None; 4],
            alarm: sos.then_some(1),
        };
        self.send(if sos { "AP10" } else { "AP01" }, &encode::position(&position), fx);
    }
}

impl Terminal for IwTerminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => self.send("AP00", &self.settings.identity, fx),
            TerminalInput::Frame(frame) => Self::frame(frame, fx),
            TerminalInput::Heartbeat => {
                let state = State { signal: 80, satellites: 9, battery: 100, ignition: 0 };
                let heartbeat = Heartbeat { state, steps: Some(0), rolls: Some(0) };
                self.send("AP03", &encode::heartbeat(&heartbeat), fx);
            }
            TerminalInput::Report(report) => self.report(report, now, fx),
            TerminalInput::Answer { token, outcome } => {
                let ok = outcome == Outcome::Confirm;
                let receipt = Receipt { serial: u32::try_from(token).ok(), ok };
                self.send("AP40", &encode::receipt(receipt), fx);
            }
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
            // Nothing to type on.
            TerminalInput::Say(_) | TerminalInput::Timeout => {}
        }
    }
}
