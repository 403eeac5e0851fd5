//! The device's side: a watch that keeps its link alive, reports, and stores texts. Dialects: `3G` (the default) without, `ZJ` with
//! an index in its frames.

use super::decode;
use super::encode;
use super::frame::{seal, split};
use super::message::Position;
use crate::event::{Report, Value};
use crate::session::Now;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};

/// What a watch says of itself: steps, rolls, battery.
const ALIVE: &[u8] = b"LK,0,0,100";

/// A simulated device.
#[derive(Debug)]
pub(super) struct SetrackerTerminal {
    settings: TerminalSettings,
    /// Frames sent.
    index: u16,
    online: bool,
    /// Token of the newest text.
    texts: u64,
}

impl SetrackerTerminal {
    pub(super) const fn new(settings: TerminalSettings) -> Self {
        Self { settings, index: 0, online: false, texts: 0 }
    }

    fn send(&mut self, content: &[u8], fx: &mut Vec<TerminalEffect>) {
        self.index = self.index.wrapping_add(1);
        let indexed = self.settings.dialect.as_deref() == Some("ZJ");
        let index = indexed.then(|| format!("{:04X}", self.index));
        let maker = if indexed { "ZJ" } else { "3G" };
        let frame = seal(maker, &self.settings.identity, index.as_deref(), content);
        fx.push(TerminalEffect::Transmit(frame));
    }

    fn frame(&mut self, frame: &[u8], fx: &mut Vec<TerminalEffect>) {
        let Some((_, content)) = split(frame) else { return };
        if let Some(text) = decode::text(content) {
            self.texts += 1;
            return fx.push(TerminalEffect::Text { token: self.texts, text });
        }
        fx.push(match decode::word(content).0 {
            b"LK" if !self.online => {
                self.online = true;
                TerminalEffect::Online
            }
            b"LK" => TerminalEffect::Acked(Uplink::Heartbeat),
            b"AL" => TerminalEffect::Acked(Uplink::Report),
            _ => TerminalEffect::Acked(Uplink::Other),
        });
    }

    /// An alarm goes out as `AL`, an old position as `UD2`, any other as `UD`.
    fn report(&mut self, report: &Report, now: Now, fx: &mut Vec<TerminalEffect>) {
        let alarm = (std::borrow::Cow::from("alarm"), Value::Text("sos".to_owned()));
        let sos = report.attributes.contains(&alarm);
        let fix = report.fix;
        let position = Position {
            stored: report.archived,
            time: Some(report.time.unwrap_or(now.wall)),
            fixed: fix.is_some_and(|fix| fix.valid),
            place: fix.map(|fix| (fix.latitude, fix.longitude)),
            speed: fix.and_then(|fix| fix.speed).map(f64::from),
            course: fix.and_then(|fix| fix.course).map(f64::from),
            altitude: fix.and_then(|fix| fix.altitude).map(f64::from),
            satellites: fix.and_then(|fix| fix.satellites).map(u32::from),
            signal: Some(100),
            battery: Some(100),
            steps: None,
            rolls: None,
            status: Some(u32::from(sos) << 16),
        };
        let word = match (sos, report.archived) {
            (true, _) => "AL",
            (false, true) => "UD2",
            (false, false) => "UD",
        };
        self.send(encode::position(word, &position).as_bytes(), fx);
    }
}

impl Terminal for SetrackerTerminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => {
                self.online = false;
                self.send(ALIVE, fx);
            }
            TerminalInput::Frame(frame) => self.frame(frame, fx),
            TerminalInput::Heartbeat => self.send(ALIVE, fx),
            TerminalInput::Report(report) => self.report(report, now, fx),
            TerminalInput::Answer { outcome: Outcome::Confirm, .. } => self.send(b"MESSAGE", fx),
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
            // There is no way to refuse a text, and nothing to type on.
            TerminalInput::Answer { outcome: Outcome::Refuse, .. }
            | TerminalInput::Say(_)
            | TerminalInput::Timeout => {}
        }
    }
}
