//! The device's side: a vehicle tracker with a terminal at its serial port, in text.
//!
//! It has no login; a heartbeat names it. There is no way to refuse a text but silence. If the
//! platform speaks to a Garmin navigator at the serial port, there is one, and texts go through it.

use std::collections::VecDeque;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::decode;
use super::encode;
use super::message::{Class, Message, Sentence};
use super::options::printable;
use super::serial;
use crate::event::{Report, Value};
use crate::garmin::Navigator;
use crate::session::Now;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};
use crate::text::Charset;

/// Reports whose acknowledgement is waited for; older ones are forgotten.
const MAX_WAITING: usize = 256;
/// GV300, protocol 1.00.
const VERSION: &[u8] = b"060100";
/// What stands for an old position's time where a report has none.
const NEVER: &str = "20000101000000";

/// A simulated device.
#[derive(Debug)]
pub(super) struct QueclinkTerminal {
    settings: TerminalSettings,
    count: u16,
    online: bool,
    /// Counts of what is not acknowledged.
    waiting: VecDeque<(u16, Uplink)>,
    /// A navigator at the serial port, once the platform spoke to one.
    navigator: Option<Box<Navigator>>,
}

impl QueclinkTerminal {
    pub(super) const fn new(settings: TerminalSettings) -> Self {
        Self { settings, count: 0, online: false, waiting: VecDeque::new(), navigator: None }
    }

    /// Sends a sentence with the next count; its acknowledgement is waited for if `kind` says as what.
    fn send(
        &mut self,
        class: Class,
        name: &str,
        fields: &[&[u8]],
        kind: Option<Uplink>,
        now: Now,
        fx: &mut Vec<TerminalEffect>,
    ) {
        self.count = self.count.wrapping_add(1);
        let (time, count) = (calendar(now.wall), format!("{:04X}", self.count));
        let mut fields = fields.to_vec();
        fields.extend([time.as_bytes(), count.as_bytes()]);
        let sentence = Sentence {
            class,
            kind: name.as_bytes(),
            version: VERSION,
            id: self.settings.identity.as_bytes(),
            fields,
        };
        fx.push(TerminalEffect::Transmit(encode::sentence(&sentence)));
        if let Some(kind) = kind {
            if self.waiting.len() >= MAX_WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back((self.count, kind));
        }
    }

    /// The navigator does something; its packets travel as serial bytes.
    fn navigate(
        &mut self,
        now: Now,
        fx: &mut Vec<TerminalEffect>,
        what: impl FnOnce(&mut Navigator, &mut Vec<TerminalEffect>),
    ) {
        let Some(navigator) = &mut self.navigator else { return };
        let mut inner = Vec::new();
        what(navigator, &mut inner);
        for effect in inner {
            let TerminalEffect::Transmit(bytes) = effect else {
                fx.push(effect);
                continue;
            };
            let (length, digits) = (bytes.len().to_string(), serial::hex(&bytes));
            let fields: [&[u8]; 6] = [b"", b"", b"", b"1", length.as_bytes(), &digits];
            self.send(Class::Report, "GTDTT", &fields, None, now, fx);
        }
    }

    fn frame(&mut self, frame: &[u8], now: Now, fx: &mut Vec<TerminalEffect>) {
        match decode::message(frame) {
            Ok(Message::ServerAck { count, .. }) => self.acknowledged(count, fx),
            Ok(Message::Data(command)) => {
                let packets = serial::unhex(&command.data);
                if let Some(packets) = packets.filter(|bytes| Navigator::addressed(bytes)) {
                    self.send(Class::Ack, "GTDAT", &[b"", command.serial], None, now, fx);
                    self.navigator.get_or_insert_with(|| Box::new(Navigator::new()));
                    self.navigate(now, fx, |navigator, fx| navigator.receive(&packets, fx));
                } else if let Some(serial) = number(command.serial) {
                    let text = Charset::Ascii.decode(&command.data);
                    fx.push(TerminalEffect::Text { token: serial.into(), text });
                }
            }
            // Other commands: not simulated.
            Ok(_) | Err(_) => {}
        }
    }

    fn acknowledged(&mut self, count: &[u8], fx: &mut Vec<TerminalEffect>) {
        let count = number(count);
        let at = self.waiting.iter().position(|(sent, _)| Some(*sent) == count);
        if let Some((_, kind)) = at.and_then(|at| self.waiting.remove(at)) {
            fx.push(match std::mem::replace(&mut self.online, true) {
                true => TerminalEffect::Acked(kind),
                false => TerminalEffect::Online,
            });
        }
    }

    fn report(&mut self, report: &Report, now: Now, fx: &mut Vec<TerminalEffect>) {
        let class = if report.archived { Class::Buffered } else { Class::Report };
        let mut fields: Vec<String> = ["", "", "10", "1"].map(str::to_owned).to_vec();
        let decimal = |value: Option<f32>, places: usize| {
            value.map(|value| format!("{value:.places$}")).unwrap_or_default()
        };
        let time = report.time.map_or_else(|| NEVER.to_owned(), calendar);
        match &report.fix {
            Some(fix) => fields.extend([
                String::from(if fix.valid { "1" } else { "0" }),
                decimal(fix.speed, 1),
                decimal(fix.course, 0),
                decimal(fix.altitude, 1),
                format!("{:.6}", fix.longitude),
                format!("{:.6}", fix.latitude),
            ]),
            None => fields.extend(std::iter::repeat_n(String::new(), 6)),
        }
        fields.push(time);
        // Cell, reserved.
        fields.extend(["0262", "0002", "1450", "9F13", "00"].map(str::to_owned));
        let of = |name: &str| {
            report.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value)
        };
        fields.push(match of("odometer_km") {
            Some(Value::Float(kilometres)) => format!("{kilometres:.1}"),
            _ => String::new(),
        });
        // Hours, analogue inputs.
        fields.extend(["", "", ""].map(str::to_owned));
        fields.push(match of("battery_level") {
            Some(Value::Int(percent)) => percent.to_string(),
            _ => String::new(),
        });
        fields.push(match of("ignition") {
            Some(Value::Bool(true)) => "220100".to_owned(),
            Some(Value::Bool(false)) => "110000".to_owned(),
            _ => String::new(),
        });
        fields.extend(["", "", ""].map(str::to_owned));
        let fields: Vec<&[u8]> = fields.iter().map(String::as_bytes).collect();
        self.send(class, "GTFRI", &fields, Some(Uplink::Report), now, fx);
    }
}

impl Terminal for QueclinkTerminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected | TerminalInput::Heartbeat => {
                if matches!(input, TerminalInput::Connected) {
                    self.navigate(now, fx, |navigator, _| navigator.reconnected());
                }
                self.send(Class::Ack, "GTHBD", &[b""], Some(Uplink::Heartbeat), now, fx);
            }
            TerminalInput::Frame(frame) => self.frame(frame, now, fx),
            TerminalInput::Report(report) => self.report(report, now, fx),
            TerminalInput::Say(text)
                if self.navigator.as_ref().is_some_and(|navigator| navigator.enabled()) =>
            {
                self.navigate(now, fx, |navigator, fx| navigator.say(text, now, fx));
            }
            TerminalInput::Answer { token, outcome } if Navigator::owns(token) => {
                self.navigate(now, fx, |navigator, fx| navigator.answer(token, outcome, now, fx));
            }
            TerminalInput::Say(text) => {
                let data = printable(text);
                self.send(Class::Report, "GTDAT", &[b"", &data], Some(Uplink::Text), now, fx);
            }
            TerminalInput::Answer { token, outcome: Outcome::Confirm } => {
                let serial = format!("{token:04X}");
                self.send(Class::Ack, "GTDAT", &[b"", serial.as_bytes()], None, now, fx);
            }
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
            TerminalInput::Answer { outcome: Outcome::Refuse, .. } | TerminalInput::Timeout => {}
        }
    }
}

fn calendar(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S").to_string()
}

fn number(digits: &[u8]) -> Option<u16> {
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
