//! Known answers, dialogues and hostile lines, over a carrier that exists only in memory.

mod dialogue;
mod framing;
mod handshake;
mod hostile;
mod known;
mod texts;
mod uplinks;

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::frame::{self, Form};
use super::message::{Message, TextId, id, link, time_of};
use super::options::OPTIONS;
use super::{Fmi, Switches, carrier, decode};
use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Receipt};
use crate::event::Event;
use crate::framing::{Cut, Frame};
use crate::options::DeviceOptions;
use crate::session::{Content, Downlink, Lane, Now, SessionError};

/// A packet of `fixtures/garmin/samples.listing` as on the wire.
pub(crate) fn sample(tag: &str) -> Vec<u8> {
    samples().into_iter().find(|(found, _)| found == tag).unwrap().1
}

/// All of them with their numbers.
pub(super) fn samples() -> Vec<(String, Vec<u8>)> {
    let samples = listed(include_str!("../../../../fixtures/garmin/samples.listing"));
    assert_eq!(samples.len(), 45);
    samples
}

/// A carrier's message with a packet in it, of `fixtures/garmin/envelopes.listing`.
pub(crate) fn envelope(tag: &str) -> Vec<u8> {
    let listing = include_str!("../../../../fixtures/garmin/envelopes.listing");
    listed(listing).into_iter().find(|(found, _)| found == tag).unwrap().1
}

/// The packets in those: the text, its receipt, and the receipt for the driver's text, as on the serial line.
pub(crate) fn enveloped() -> [Vec<u8>; 3] {
    let (time, id) = (time_of("2025-08-01T00:00:00Z".parse().unwrap()), TextId::new(b"C7A1"));
    let number = 7;
    [
        Message::Text { time, popup: 0, id, text: b"Gate 4 is open" },
        Message::TextReceipt { time, ok: true, id },
        Message::Number { kind: id::DRIVER_TEXT_RECEIPT, number },
    ]
    .map(|message| fleet(&message))
}

/// A packet in stripped form.
pub(crate) fn stripped(packet: &[u8]) -> Vec<u8> {
    let mut scratch = Vec::new();
    let Cut { frame: Some(Frame::Valid(packet)), .. } = frame::cut(packet, &mut scratch) else {
        panic!("{packet:02x?}");
    };
    packet.to_vec()
}

fn listed(listing: &'static str) -> Vec<(String, Vec<u8>)> {
    let (mut samples, mut tag) = (Vec::new(), "");
    for line in listing.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# ") {
            Some(head) => tag = head.split(" | ").next().unwrap(),
            None => samples.push((tag.to_owned(), bytes(line))),
        }
    }
    samples
}

pub(super) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The link acknowledgement of a fleet management packet.
pub(crate) fn ack() -> Vec<u8> {
    sample("F3")
}

/// A fleet management packet in full form.
pub(super) fn fleet(message: &Message<'_>) -> Vec<u8> {
    frame::seal(link::FLEET, &message.encode(), Form::Full)
}

/// The platform's side over a carrier whose messages are a `T` and the bytes, and whose own acknowledgements are `+` and `-`.
pub(super) struct Line {
    pub(super) fmi: Fmi,
    pub(super) now: Now,
    /// Packets written since the last look, the carrier's envelope taken off.
    pub(super) written: Vec<Vec<u8>>,
    /// Everything else.
    pub(super) effects: Vec<Effect>,
    pub(super) errors: Vec<SessionError>,
    /// Records are stored at once.
    pub(super) stores: bool,
}

impl Line {
    pub(super) fn new(pairs: &[(&str, &str)]) -> Self {
        let pairs = pairs.iter().copied().chain([("fmi", "true")]);
        let options = DeviceOptions::parse(OPTIONS, pairs).unwrap();
        let wall: Timestamp = "2026-01-15T08:30:00Z".parse().unwrap();
        Self {
            fmi: Fmi::new(Lane(0), Switches::of(&options).unwrap()),
            now: Now { monotonic: Duration::ZERO, wall },
            written: Vec::new(),
            effects: Vec::new(),
            errors: Vec::new(),
            stores: true,
        }
    }

    /// With a navigator that has been enabled and asked for Unicode; it supports A602 to A611.
    pub(super) fn up(pairs: &[(&str, &str)]) -> Self {
        let mut line = Self::new(pairs);
        line.start();
        for packet in [ack(), sample("F8"), ack()] {
            line.receive(&packet);
        }
        for tag in ["F6", "F7"] {
            line.receive(&sample(tag));
        }
        line.quiet();
        assert_eq!(line.fmi.window(), 1);
        line
    }

    /// Acknowledges what is written until nothing more is, and forgets it.
    pub(super) fn quiet(&mut self) {
        loop {
            let packets = self.packets();
            if packets.is_empty() {
                break;
            }
            for packet in packets {
                self.receive(&frame::seal(link::ACK, &[packet[1], 0], Form::Full));
            }
        }
        self.effects.clear();
    }

    pub(super) fn start(&mut self) {
        let mut fx = Effects::new();
        self.fmi.start(self.now, &mut fx);
        self.carry_out(fx);
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        let mut fx = Effects::new();
        if let Err(error) = self.fmi.receive(bytes, self.now, &mut fx) {
            self.errors.push(error);
        }
        self.carry_out(fx);
    }

    pub(super) fn say(&mut self, message: &Message<'_>) {
        self.receive(&fleet(message));
    }

    pub(super) fn send(&mut self, number: u32, repeat: bool, content: Content) {
        let token = DeliveryToken(number.into());
        let downlink = Downlink { token, serial: number, repeat, content };
        let mut fx = Effects::new();
        self.fmi.downlink(downlink, self.now, &mut fx);
        self.carry_out(fx);
    }

    pub(super) fn text(&mut self, number: u32, text: &str) {
        let text = text.to_owned();
        self.send(number, false, Content::Text { text, part: 1, parts: 1 });
    }

    pub(super) fn call(&mut self, what: impl FnOnce(&mut Fmi, Now, &mut Effects)) {
        let mut fx = Effects::new();
        what(&mut self.fmi, self.now, &mut fx);
        self.carry_out(fx);
    }

    /// Time passes; timeouts are handled when they are due.
    pub(super) fn wait(&mut self, time: Duration) {
        let end = self.now.monotonic + time;
        for _ in 0..1000 {
            let Some(at) = self.fmi.deadline().filter(|at| *at <= end) else {
                self.set_clock(end);
                return;
            };
            self.set_clock(at.max(self.now.monotonic));
            self.call(Fmi::timeout);
        }
        panic!("a timeout that is handled stays due");
    }

    pub(super) fn wait_s(&mut self, seconds: u64) {
        self.wait(Duration::from_secs(seconds));
    }

    fn set_clock(&mut self, monotonic: Duration) {
        self.now.wall = self.now.wall.checked_add(monotonic - self.now.monotonic).unwrap();
        self.now.monotonic = monotonic;
    }

    fn carry_out(&mut self, mut inner: Effects) {
        let wrap = |bytes: Bytes| [b"T", &bytes[..]].concat().into();
        let answers = (Bytes::from_static(b"+"), Bytes::from_static(b"-"));
        let mut fx = Effects::new();
        carrier::move_out(&mut inner, answers, wrap, &mut fx);
        for effect in fx.drain() {
            match effect {
                Effect::Transmit(bytes) => self.write(&bytes),
                Effect::Record { ref ack, ref nack, .. } => {
                    let answer = if self.stores { ack.clone() } else { nack.clone() };
                    self.effects.push(effect);
                    self.write(&answer);
                }
                other => self.effects.push(other),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let own = bytes.iter().take_while(|byte| matches!(byte, b'+' | b'-')).count();
        if let Some(packet) = bytes[own..].strip_prefix(b"T") {
            self.written.push(packet.to_vec());
        }
    }

    /// Packets written since the last look, without link answers.
    pub(super) fn packets(&mut self) -> Vec<Vec<u8>> {
        let written = std::mem::take(&mut self.written);
        written.into_iter().filter(|packet| !matches!(packet[1], link::ACK | link::NAK)).collect()
    }

    /// The FMI ids among them, and packet ids of others.
    pub(super) fn kinds(&mut self) -> Vec<u16> {
        let kind = |packet: &Vec<u8>| {
            let mut scratch = Vec::new();
            let Cut { frame: Some(Frame::Valid(packet)), .. } = frame::cut(packet, &mut scratch)
            else {
                panic!("{packet:02x?}");
            };
            match frame::split(packet).unwrap() {
                (link::FLEET, payload) => decode::message(payload).unwrap().kind(),
                (id, _) => id.into(),
            }
        };
        self.packets().iter().map(kind).collect()
    }

    /// What became known about downlinks.
    pub(super) fn stages(&mut self) -> Vec<(Receipt, DeliveryStage)> {
        let effects = std::mem::take(&mut self.effects).into_iter();
        let stage = |effect| match effect {
            Effect::Delivery { receipt, stage, .. } => Some((receipt, stage)),
            _ => None,
        };
        effects.filter_map(stage).collect()
    }

    /// What was stored.
    pub(super) fn events(&mut self) -> Vec<Event> {
        let effects = std::mem::take(&mut self.effects).into_iter();
        let events = effects.filter_map(|effect| match effect {
            Effect::Record { events, .. } => Some(events),
            _ => None,
        });
        events.flatten().collect()
    }
}

pub(super) fn token(number: u64) -> Receipt {
    Receipt::Token(DeliveryToken(number))
}
