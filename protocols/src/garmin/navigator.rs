//! A simulated navigator: what hangs on the serial port of a simulated tracker. It supports A602 to A611, asks for Unicode,
//! shows texts and questions, answers them, and writes.

use std::collections::VecDeque;

use super::decode;
use super::frame::{self, Deframer, Form, Packet};
use super::message::{Message, Reply, TextId, id, link, time_of};
use crate::session::Now;
use crate::terminal::{Outcome, TerminalEffect, Uplink};
use crate::text::{self, Charset, PartRules};

/// Texts, responses and questions kept; the oldest are forgotten.
const KEPT: usize = 200;
/// Longest text of the driver in one packet, without its NUL.
const MAX_TEXT: usize = 199;
/// Longest long text.
const MAX_LONG_TEXT: usize = 2000;
/// Marks the tokens of a navigator's texts among those of its tracker.
const OURS: u64 = 1 << 63;
const PROTOCOLS: [u16; 6] = [602, 603, 604, 605, 607, 611];

/// A navigator. Its effects' bytes are the serial line's; the tracker wraps them.
#[derive(Debug)]
pub(crate) struct Navigator {
    line: Deframer,
    /// As the platform speaks.
    form: Form,
    enabled: bool,
    /// The platform speaks UTF-8.
    unicode: bool,
    queue: VecDeque<Vec<u8>>,
    /// A packet waits for its acknowledgement.
    waiting: bool,
    /// The tracker acknowledges on the cable, for both sides.
    tracker_acknowledges: bool,
    shown: VecDeque<Shown>,
    /// A long text of which segments are missing.
    long: Option<(TextId, Vec<u8>)>,
    responses: VecDeque<(u32, String)>,
    /// Questions: text and the numbers of its responses.
    offers: VecDeque<(TextId, Vec<u32>)>,
    next: u32,
    /// Texts of the driver without receipt.
    unreceipted: VecDeque<u32>,
}

/// A text on the display.
#[derive(Debug, Clone, Copy)]
struct Shown {
    token: u64,
    id: TextId,
    how: How,
    /// The navigator said that it keeps it.
    kept: bool,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Open { time: u32 },
    Long { time: u32, number: u8 },
    Button,
    Plain,
}

impl Navigator {
    pub(crate) const fn new() -> Self {
        Self {
            line: Deframer::new(),
            form: Form::Full,
            enabled: false,
            unicode: false,
            queue: VecDeque::new(),
            waiting: false,
            tracker_acknowledges: false,
            shown: VecDeque::new(),
            long: None,
            responses: VecDeque::new(),
            offers: VecDeque::new(),
            next: 0,
            unreceipted: VecDeque::new(),
        }
    }

    /// One whose tracker does the line's part itself: packets in stripped form, no link acknowledgements.
    pub(crate) fn behind_tracker() -> Self {
        Self { form: Form::Stripped, tracker_acknowledges: true, ..Self::new() }
    }

    /// Whether bytes of a tunnel can be for a navigator: they begin like a packet.
    pub(crate) fn addressed(bytes: &[u8]) -> bool {
        matches!(bytes, [0x10, id, ..] | [id, ..] if matches!(*id, link::FLEET | link::ACK | link::COMMAND))
    }

    /// Whether this token is of a text that a navigator shows.
    pub(crate) const fn owns(token: u64) -> bool {
        token & OURS != 0
    }

    /// Whether the platform speaks to it.
    pub(crate) const fn enabled(&self) -> bool {
        self.enabled
    }

    /// The tracker's connection is new: what was on the line is lost.
    pub(crate) fn reconnected(&mut self) {
        self.line.reset();
        self.queue.clear();
        self.unreceipted.clear();
        (self.waiting, self.unicode, self.long) = (false, false, None);
    }

    /// Bytes from the platform.
    pub(crate) fn receive(&mut self, bytes: &[u8], fx: &mut Vec<TerminalEffect>) {
        let mut line = std::mem::take(&mut self.line);
        line.feed(bytes, |form, packet| {
            self.form = form;
            match packet {
                Packet::Good { id: link::ACK, .. } => self.waiting = false,
                Packet::Good { id: link::NAK, .. } => {}
                Packet::Good { id, payload } => {
                    if !self.tracker_acknowledges {
                        self.put(link::ACK, &[id, 0], fx);
                    }
                    match id {
                        link::FLEET => {
                            if let Ok(message) = decode::message(payload) {
                                self.message(&message, fx);
                            }
                        }
                        link::LEGACY_TEXT => {
                            let text = decode::until_nul(payload).0;
                            self.show(TextId::default(), How::Plain, text, fx);
                        }
                        _ => {}
                    }
                }
                Packet::Bad { id, .. } => self.put(link::NAK, &[id.unwrap_or(link::FLEET), 0], fx),
            }
        });
        self.line = line;
        self.pump(fx);
    }

    fn put(&self, id: u8, payload: &[u8], fx: &mut Vec<TerminalEffect>) {
        fx.push(TerminalEffect::Transmit(frame::seal(id, payload, self.form).into()));
    }

    fn send(&mut self, message: &Message<'_>) {
        self.queue.push_back(message.encode());
    }

    fn pump(&mut self, fx: &mut Vec<TerminalEffect>) {
        while !self.waiting
            && let Some(payload) = self.queue.pop_front()
        {
            self.waiting = !self.tracker_acknowledges;
            self.put(link::FLEET, &payload, fx);
        }
    }

    fn message(&mut self, message: &Message<'_>, fx: &mut Vec<TerminalEffect>) {
        match message {
            Message::Enable { .. } => {
                self.enabled = true;
                self.send(&Message::Bare { id: id::UNICODE_REQUEST });
            }
            // Until it is enabled it does not listen.
            _ if !self.enabled => {}
            Message::Bare { id: id::PRODUCT_REQUEST } => {
                self.send(&Message::Product { product: 1201, software: 780 });
                let list = PROTOCOLS.iter().flat_map(|&number| [(b'A', number), (b'D', number)]);
                self.send(&Message::Protocols(list.collect()));
            }
            Message::Bare { id: id::UNICODE_RESPONSE } => self.unicode = true,
            Message::Bare { id: id::PING } => self.send(&Message::Bare { id: id::PONG }),
            Message::Bare { id: id::THROTTLE_QUERY } => {
                self.send(&Message::Throttles(vec![(id::STATUS, 1), (id::SHORT_DRIVER_TEXT, 1)]));
            }
            &Message::Throttle { kind: id::THROTTLE, packet, state } => {
                self.send(&Message::Throttle { kind: id::THROTTLED, packet, state });
            }
            Message::Number { kind: id::DRIVER_TEXT_RECEIPT, number } => {
                if let Some(place) = self.unreceipted.iter().position(|known| known == number) {
                    self.unreceipted.remove(place);
                    if self.unreceipted.is_empty() {
                        fx.push(TerminalEffect::Acked(Uplink::Text));
                    }
                }
            }
            Message::About { kind: id::ANSWER_RECEIPT, .. } => {
                fx.push(TerminalEffect::Acked(Uplink::Text));
            }
            texts => self.about_text(texts, fx),
        }
    }

    fn about_text(&mut self, message: &Message<'_>, fx: &mut Vec<TerminalEffect>) {
        match message {
            &Message::Text { time, id, text, .. } => {
                if self.has(id) {
                    return self.send(&Message::TextReceipt { time, ok: false, id });
                }
                self.show(id, How::Open { time }, text, fx);
            }
            &Message::LongText { time, last, number, id, segment, .. } => {
                self.segment(time, last, number, id, segment, fx);
            }
            &Message::SimpleText { text, .. } => self.show(TextId::default(), How::Plain, text, fx),
            &Message::ButtonText { id, text, .. } => self.show(id, How::Button, text, fx),
            &Message::About { kind: id::STATUS_REQUEST, id } => {
                let code = if self.has(id) { 0 } else { 2 };
                self.send(&Message::Code { kind: id::STATUS, code, id });
            }
            &Message::About { kind: id::DELETE_TEXT, id } => {
                self.shown.retain(|shown| shown.id != id);
                self.send(&Message::Code { kind: id::TEXT_DELETED, code: 1, id });
            }
            &Message::SetItem { kind: id::SET_RESPONSE, number, text } => {
                keep(&mut self.responses, (number, Charset::Utf8.decode(text)));
                self.send(&Message::ItemReceipt { kind: id::RESPONSE_SET, number, ok: true });
            }
            Message::Choices { id, responses } => {
                let known = |number| self.responses.iter().any(|(known, _)| known == number);
                let code = if responses.iter().all(known) { 0 } else { 2 };
                keep(&mut self.offers, (*id, responses.clone()));
                self.send(&Message::Code { kind: id::CHOICES_RECEIPT, code, id: *id });
            }
            _ => {}
        }
    }

    fn segment(
        &mut self,
        time: u32,
        last: bool,
        number: u8,
        id: TextId,
        segment: &[u8],
        fx: &mut Vec<TerminalEffect>,
    ) {
        let receipt = |result| Message::LongTextReceipt { time, result, last, number, id };
        if number == 0 {
            if self.has(id) {
                return self.send(&receipt(4));
            }
            self.long = Some((id, Vec::new()));
        }
        let Some((_, text)) = self.long.as_mut().filter(|(begun, _)| *begun == id) else {
            return self.send(&receipt(2));
        };
        text.extend_from_slice(segment);
        if text.len() > MAX_LONG_TEXT {
            self.long = None;
            return self.send(&receipt(11));
        }
        if !last {
            return self.send(&receipt(0));
        }
        let text = std::mem::take(text);
        self.long = None;
        self.show(id, How::Long { time, number }, decode::until_nul(&text).0, fx);
    }

    fn has(&self, id: TextId) -> bool {
        self.shown.iter().any(|shown| shown.kept && shown.id == id)
    }

    fn show(&mut self, id: TextId, how: How, text: &[u8], fx: &mut Vec<TerminalEffect>) {
        self.next = self.next.wrapping_add(1);
        let token = OURS | u64::from(self.next);
        keep(&mut self.shown, Shown { token, id, how, kept: false });
        let mut text = Charset::Utf8.decode(text);
        for (number, words) in self.choices(id) {
            text.push_str(&format!("\n{}: {words}", number & 0xff));
        }
        fx.push(TerminalEffect::Text { token, text });
    }

    /// The responses offered for a text.
    fn choices(&self, id: TextId) -> Vec<(u32, String)> {
        let offer = self.offers.iter().rev().find(|(offered, _)| *offered == id);
        let numbers = offer.map_or(&[][..], |(_, numbers)| numbers.as_slice());
        let known = |number: &u32| self.responses.iter().rev().find(|(known, _)| known == number);
        numbers.iter().filter_map(known).cloned().collect()
    }

    /// The device confirms or refuses a text.
    pub(crate) fn answer(
        &mut self,
        token: u64,
        outcome: Outcome,
        now: Now,
        fx: &mut Vec<TerminalEffect>,
    ) {
        let Some(shown) = self.shown.iter_mut().find(|shown| shown.token == token) else { return };
        let ok = outcome == Outcome::Confirm;
        shown.kept |= ok;
        let id = shown.id;
        match shown.how {
            How::Open { time } => self.send(&Message::TextReceipt { time, ok, id }),
            How::Long { time, number } => {
                let result = if ok { 0 } else { 3 };
                self.send(&Message::LongTextReceipt { time, result, last: true, number, id });
            }
            How::Button if ok => {
                self.send(&Message::Answer { time: time_of(now.wall), id, choice: 0 });
            }
            How::Button | How::Plain => {}
        }
        self.pump(fx);
    }

    /// The driver writes something, or picks a response of the last question.
    pub(crate) fn say(&mut self, words: &str, now: Now, fx: &mut Vec<TerminalEffect>) {
        let time = time_of(now.wall);
        let question = self.offers.back().map(|(id, _)| *id);
        let picked = question.and_then(|id| {
            let choice = self.choices(id).into_iter().find(|(_, choice)| choice == words);
            choice.map(|(choice, _)| Message::Answer { time, id, choice })
        });
        if let Some(answer) = picked {
            self.offers.pop_back();
            self.send(&answer);
            return self.pump(fx);
        }
        let charset = if self.unicode { Charset::Utf8 } else { Charset::Ascii };
        let rules = PartRules { charset, max_bytes: MAX_TEXT, numbered: false };
        let Ok(plan) = text::plan(words, rules) else { return };
        for part in 0..plan.parts() {
            let text = charset.encode(plan.part(words, part)).bytes;
            self.next = self.next.wrapping_add(1);
            let number = self.next;
            keep(&mut self.unreceipted, number);
            let reply = Some(Reply::without_fix(TextId::default()));
            self.send(&Message::DriverText { time, number, reply, text: &text });
        }
        self.pump(fx);
    }
}

fn keep<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() >= KEPT {
        list.pop_front();
    }
    list.push_back(item);
}
