//! The device's side: a head packet, records, and answers to commands.
//!
//! The driver has nothing to speak with, so what he types is not sent, unless the platform speaks to a Garmin navigator: then
//! there is one, and texts go through it. Dialect: there is one.

use std::collections::VecDeque;

use bytes::Bytes;

use super::decode;
use super::encode;
use super::frame::carried;
use super::garmin;
use super::message::{Command, Main, Packet, Tag};
use super::tags;
use crate::event::{Report, Value};
use crate::garmin::Navigator;
use crate::session::Now;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};
use crate::text::Charset;

/// Packets whose confirmation is waited for; older ones are forgotten.
const MAX_WAITING: usize = 256;
/// What the device calls itself beside its IMEI.
const DEVICE: [u8; 2] = [1, 0];

/// A simulated device.
#[derive(Debug)]
pub(super) struct GalileoskyTerminal {
    /// 15 digits.
    imei: String,
    record: u16,
    online: bool,
    /// Checksums of what is not confirmed.
    waiting: VecDeque<(u16, Uplink)>,
    /// A navigator, once the platform spoke to one.
    navigator: Option<Box<Navigator>>,
}

impl GalileoskyTerminal {
    pub(super) fn new(settings: &TerminalSettings) -> Self {
        let digits: String = settings.identity.chars().filter(char::is_ascii_digit).collect();
        let tail = digits.get(digits.len().saturating_sub(15)..).unwrap_or("");
        let (imei, waiting) = (format!("{tail:0>15}"), VecDeque::new());
        Self { imei, record: 0, online: false, waiting, navigator: None }
    }

    fn send(&mut self, packet: Option<Bytes>, kind: Uplink, fx: &mut Vec<TerminalEffect>) {
        let Some(packet) = packet else {
            return;
        };
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back((carried(&packet), kind));
        fx.push(TerminalEffect::Transmit(packet));
    }

    fn record(
        &mut self,
        record: &[(u8, Vec<u8>)],
        archive: bool,
        kind: Uplink,
        fx: &mut Vec<TerminalEffect>,
    ) {
        let tags = record.iter().map(|(id, value)| Tag { id: *id, value }).collect();
        let main = Main { archive, tags, rest: &[] };
        self.send(encode::packet(&Packet::Main(main)), kind, fx);
    }

    /// Tags that every record begins with.
    fn numbered(&mut self) -> Vec<(u8, Vec<u8>)> {
        self.record = self.record.wrapping_add(1);
        vec![(tags::DEVICE, DEVICE.to_vec()), (tags::RECORD, self.record.to_le_bytes().to_vec())]
    }

    fn frame(&mut self, frame: &[u8], fx: &mut Vec<TerminalEffect>) {
        match decode::packet(frame) {
            Ok(Packet::Confirmation(checksum)) => self.confirmed(checksum, fx),
            Ok(Packet::Main(main)) => {
                let commands = main.records().filter_map(decode::command);
                for command in commands.filter(|command| self.is_mine(command)) {
                    let text = Charset::Utf8.decode(&command.text);
                    fx.push(TerminalEffect::Text { token: command.number.into(), text });
                }
            }
            Ok(Packet::Garmin(bytes)) => {
                self.navigator.get_or_insert_with(|| Box::new(Navigator::new()));
                self.navigate(fx, |navigator, fx| navigator.receive(bytes, fx));
            }
            // The rest: not simulated.
            Ok(_) | Err(_) => {}
        }
    }

    /// The navigator does something; its packets travel in packets of their own.
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
                TerminalEffect::Transmit(garmin::wrap(&bytes).unwrap_or_default())
            }
            other => other,
        }));
    }

    fn is_mine(&self, command: &Command) -> bool {
        command.imei.as_deref().is_none_or(|imei| imei == self.imei.as_bytes())
    }

    fn confirmed(&mut self, checksum: u16, fx: &mut Vec<TerminalEffect>) {
        let Some(at) = self.waiting.iter().position(|(sent, _)| *sent == checksum) else {
            return;
        };
        let Some((_, kind)) = self.waiting.remove(at) else {
            return;
        };
        if std::mem::replace(&mut self.online, true) {
            // The answer to a command is the device's word, not the driver's.
            if kind != Uplink::Text {
                fx.push(TerminalEffect::Acked(kind));
            }
        } else {
            fx.push(TerminalEffect::Online);
        }
    }

    fn answer(&mut self, token: u64, outcome: Outcome, fx: &mut Vec<TerminalEffect>) {
        let text = match outcome {
            Outcome::Confirm => b"OK".to_vec(),
            Outcome::Refuse => b"ERROR".to_vec(),
        };
        let command = Command {
            imei: Some(self.imei.clone().into()),
            device: u16::from_le_bytes(DEVICE),
            number: u32::try_from(token).unwrap_or(0),
            text,
        };
        self.send(encode::command(&command), Uplink::Text, fx);
    }
}

impl Terminal for GalileoskyTerminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => {
                self.navigate(fx, |navigator, _| navigator.reconnected());
                let head = [
                    (0x01, vec![0x82]),
                    (0x02, vec![0x12]),
                    (tags::IMEI, self.imei.clone().into_bytes()),
                    (tags::DEVICE, DEVICE.to_vec()),
                ];
                self.record(&head, false, Uplink::Other, fx);
            }
            TerminalInput::Frame(frame) => self.frame(frame, fx),
            TerminalInput::Heartbeat => {
                let mut record = self.numbered();
                record.push((tags::TIME, seconds(now.wall)));
                self.record(&record, false, Uplink::Heartbeat, fx);
            }
            TerminalInput::Report(report) => {
                let mut record = self.numbered();
                describe(report, &mut record);
                self.record(&record, report.archived, Uplink::Report, fx);
            }
            TerminalInput::Answer { token, outcome } if Navigator::owns(token) => {
                self.navigate(fx, |navigator, fx| navigator.answer(token, outcome, now, fx));
            }
            TerminalInput::Say(text)
                if self.navigator.as_ref().is_some_and(|navigator| navigator.enabled()) =>
            {
                self.navigate(fx, |navigator, fx| navigator.say(text, now, fx));
            }
            TerminalInput::Answer { token, outcome } => self.answer(token, outcome, fx),
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
            TerminalInput::Say(_) | TerminalInput::Timeout => {}
        }
    }
}

fn seconds(moment: jiff::Timestamp) -> Vec<u8> {
    u32::try_from(moment.as_second()).unwrap_or(0).to_le_bytes().to_vec()
}

/// The tags of a report, in ascending order.
fn describe(report: &Report, record: &mut Vec<(u8, Vec<u8>)>) {
    let time = report.time.map(seconds);
    record.push((tags::TIME, time.unwrap_or_else(|| vec![0; 4])));
    if let Some(fix) = &report.fix {
        let micro = |degrees: f64| (degrees * 1e6).round() as i32;
        let satellites = fix.satellites.map_or(0, |count| count.min(15) as u8);
        let mut position = vec![if fix.valid { satellites } else { 0x10 | satellites }];
        position.extend(micro(fix.latitude).to_le_bytes());
        position.extend(micro(fix.longitude).to_le_bytes());
        let tenths =
            |value: Option<f32>| ((value.unwrap_or(0.0) * 10.0).round() as u16).to_le_bytes();
        record.push((tags::POSITION, position));
        record.push((tags::SPEED, [tenths(fix.speed), tenths(fix.course)].concat()));
        if let Some(altitude) = fix.altitude {
            record.push((tags::ALTITUDE, (altitude.round() as i16).to_le_bytes().to_vec()));
        }
    }
    let number = |name: &str| {
        report.attributes.iter().find(|(key, _)| key == name).and_then(|(_, value)| match value {
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        })
    };
    for (tag, name, unit) in [
        (0x40, "status_bits", 1.0),
        (0x41, "power_v", 1000.0),
        (0x42, "battery_v", 1000.0),
        (0x45, "outputs", 1.0),
        (0x46, "inputs", 1.0),
    ] {
        if let Some(value) = number(name) {
            record.push((tag, ((value * unit).round() as u16).to_le_bytes().to_vec()));
        }
    }
}
