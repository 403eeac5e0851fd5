//! The device's side: a tracker with a terminal, whose messages carry identity, index and checksum.
//!
//! If the platform speaks to a Garmin navigator, there is one, and texts go through it.
//!
//! Dialects: `A` (the default) and `B`, by the rule of the checksum.

use std::collections::VecDeque;

use super::escape::{escape, unescape};
use super::message::{Message, Rule, Tag};
use super::{decode, encode, garmin, time};
use crate::event::{Report, Value};
use crate::garmin::Navigator;
use crate::session::Now;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};
use crate::text::Charset;

/// Messages whose acknowledgement is waited for, and texts that can be answered; older ones are forgotten.
const MAX_WAITING: usize = 256;
/// Kilometres per hour in a mile per hour.
const MILE: f32 = 1.609_344;

/// A simulated device.
#[derive(Debug)]
pub(super) struct TaipTerminal {
    settings: TerminalSettings,
    rule: Rule,
    index: u16,
    online: bool,
    /// Indexes of what is not acknowledged.
    waiting: VecDeque<(String, Uplink)>,
    /// Number of the newest text, and what the last ones said.
    texts: u64,
    shown: VecDeque<(u64, Vec<u8>)>,
    /// A navigator, once the platform spoke to one.
    navigator: Option<Box<Navigator>>,
}

impl TaipTerminal {
    pub(super) fn new(settings: TerminalSettings) -> Self {
        let rule = if settings.dialect.as_deref() == Some("B") { Rule::B } else { Rule::A };
        Self {
            settings,
            rule,
            index: 0,
            online: false,
            waiting: VecDeque::new(),
            texts: 0,
            shown: VecDeque::new(),
            navigator: None,
        }
    }

    /// Sends a message with identity, index and checksum.
    fn send(
        &mut self,
        name: [u8; 3],
        data: &[u8],
        tags: &[Tag<'_>],
        kind: Uplink,
        fx: &mut Vec<TerminalEffect>,
    ) {
        self.index = self.index.wrapping_add(1);
        let index = format!("#{:04X}", self.index);
        let mut tags = tags.to_vec();
        tags.push(Tag { name: b"ID", value: self.settings.identity.as_bytes() });
        let before = tags.len();
        let message = Message {
            name,
            data,
            tags,
            index: Some((index.as_bytes(), before)),
            rule: Some(self.rule),
        };
        fx.push(TerminalEffect::Transmit(encode::message(&message)));
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back((index, kind));
    }

    /// A report that says nothing but that the device is there: altitude and vertical speed.
    fn sign_of_life(&mut self, kind: Uplink, now: Now, fx: &mut Vec<TerminalEffect>) {
        let (_, _, second) = time::week_of(now.wall);
        let data = format!("{second:05}+00000+00012");
        self.send(*b"RAL", data.as_bytes(), &[], kind, fx);
    }

    fn report(&mut self, report: &Report, now: Now, fx: &mut Vec<TerminalEffect>) {
        let (week, day, second) = time::week_of(report.time.unwrap_or(now.wall));
        let (place, movement) = match &report.fix {
            Some(fix) => {
                let speed = (fix.speed.unwrap_or(0.0) / MILE).round().clamp(0.0, 999.0);
                let course = fix.course.unwrap_or(0.0).round().clamp(0.0, 360.0);
                let age = if fix.valid { 2 } else { 1 };
                (
                    degrees(fix.latitude, 2) + &degrees(fix.longitude, 3),
                    format!("{speed:03}{course:03}1{age}"),
                )
            }
            None => (degrees(0.0, 2) + &degrees(0.0, 3), "00000090".to_owned()),
        };
        let data = format!("00{week:04}{day}{second:05}{place}{movement}");
        let satellites = report.fix.as_ref().and_then(|fix| fix.satellites);
        let satellites = satellites.map(|count| count.to_string());
        let scaled = |name: &str| {
            let value = report.attributes.iter().find(|(key, _)| key == name)?;
            match value.1 {
                Value::Float(value) => Some(format!("{:.0}", value * 1000.0)),
                _ => None,
            }
        };
        let (battery, odometer) = (scaled("battery_v"), scaled("odometer_km"));
        let tags: Vec<Tag<'_>> = [(b"SV", &satellites), (b"BL", &battery), (b"VO", &odometer)]
            .into_iter()
            .filter_map(|(name, value)| {
                value.as_ref().map(|value| Tag { name, value: value.as_bytes() })
            })
            .collect();
        self.send(*b"REV", data.as_bytes(), &tags, Uplink::Report, fx);
    }

    /// The navigator does something; its packets travel without index, as it gets its own receipts.
    fn navigate(
        &mut self,
        fx: &mut Vec<TerminalEffect>,
        what: impl FnOnce(&mut Navigator, &mut Vec<TerminalEffect>),
    ) {
        let Some(navigator) = &mut self.navigator else { return };
        let mut inner = Vec::new();
        what(navigator, &mut inner);
        let id = [b";ID=", self.settings.identity.as_bytes()].concat();
        fx.extend(inner.into_iter().map(|effect| match effect {
            TerminalEffect::Transmit(packet) => {
                let content = [&b"RFM"[..], &garmin::digits(&packet), &id].concat();
                TerminalEffect::Transmit(encode::plain(&content))
            }
            other => other,
        }));
    }

    fn frame(&mut self, frame: &[u8], fx: &mut Vec<TerminalEffect>) {
        let Ok(message) = decode::message(frame) else {
            return;
        };
        match &message.name {
            b"STX" => {
                let bytes = unescape(message.data);
                self.texts = self.texts.wrapping_add(1);
                let text = Charset::Latin1.decode(&bytes);
                if self.shown.len() >= MAX_WAITING {
                    self.shown.pop_front();
                }
                self.shown.push_back((self.texts, bytes));
                fx.push(TerminalEffect::Text { token: self.texts, text });
            }
            b"ACK" | b"SAK" => self.acknowledged(&message, fx),
            b"QVR" => fx.push(TerminalEffect::Transmit(encode::plain(b"RVR; Simulated 1.0"))),
            b"QID" => {
                let answer = [b"RID", self.settings.identity.as_bytes()].concat();
                fx.push(TerminalEffect::Transmit(encode::plain(&answer)));
            }
            b"SFM" => {
                if let Some(packet) = garmin::unwrap(&message) {
                    let navigator = || Box::new(Navigator::behind_tracker());
                    self.navigator.get_or_insert_with(navigator);
                    self.navigate(fx, |navigator, fx| navigator.receive(&packet, fx));
                }
            }
            // Other commands: not simulated.
            _ => {}
        }
    }

    fn acknowledged(&mut self, message: &Message<'_>, fx: &mut Vec<TerminalEffect>) {
        let Some((index, _)) = message.index else {
            return;
        };
        let at = self.waiting.iter().position(|(sent, _)| sent.as_bytes() == index);
        if let Some((_, kind)) = at.and_then(|at| self.waiting.remove(at)) {
            fx.push(match std::mem::replace(&mut self.online, true) {
                true => TerminalEffect::Acked(kind),
                false => TerminalEffect::Online,
            });
        }
    }

    fn answer(&self, token: u64, outcome: Outcome, fx: &mut Vec<TerminalEffect>) {
        let Some((_, bytes)) = self.shown.iter().find(|(shown, _)| *shown == token) else {
            return;
        };
        let text = escape(bytes);
        let content = match outcome {
            Outcome::Confirm => [&b"RTX"[..], &text].concat(),
            Outcome::Refuse => [&b"RER07:STX"[..], &text].concat(),
        };
        fx.push(TerminalEffect::Transmit(encode::plain(&content)));
    }
}

impl Terminal for TaipTerminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => {
                self.navigate(fx, |navigator, _| navigator.reconnected());
                self.sign_of_life(Uplink::Other, now, fx);
            }
            TerminalInput::Heartbeat => self.sign_of_life(Uplink::Heartbeat, now, fx),
            TerminalInput::Frame(frame) => self.frame(frame, fx),
            TerminalInput::Report(report) => self.report(report, now, fx),
            TerminalInput::Say(text)
                if self.navigator.as_ref().is_some_and(|navigator| navigator.enabled()) =>
            {
                self.navigate(fx, |navigator, fx| navigator.say(text, now, fx));
            }
            TerminalInput::Answer { token, outcome } if Navigator::owns(token) => {
                self.navigate(fx, |navigator, fx| navigator.answer(token, outcome, now, fx));
            }
            TerminalInput::Say(text) => {
                let data = escape(&Charset::Ascii.encode(text).bytes);
                self.send(*b"RTX", &data, &[], Uplink::Text, fx);
            }
            TerminalInput::Answer { token, outcome } => self.answer(token, outcome, fx),
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
            TerminalInput::Timeout => {}
        }
    }
}

/// Sign, degrees of so many digits, five decimals.
fn degrees(value: f64, digits: usize) -> String {
    let sign = if value < 0.0 { '-' } else { '+' };
    let hundred_thousandths = (value.abs() * 1e5).round() as u64;
    format!("{sign}{hundred_thousandths:0width$}", width = digits + 5)
}
