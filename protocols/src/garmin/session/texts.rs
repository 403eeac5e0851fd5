//! The text on its way to the driver, step by step (sections 5 to 8): one at a time, each step after the answer to the last.

use std::time::Duration;

use super::Fmi;
use super::flight::{
    Flight, Piece, Question, Settled, Step, Style, Why, payload, response_number, text_id,
};
use super::handshake::Phase;
use super::link::Purpose;
use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt};
use crate::garmin::message::{id, time_of};
use crate::session::{Content, Downlink, Now};
use crate::text::{self, PartRules};

/// Reported for a text that cannot be composed; no navigator sends it.
const DOES_NOT_FIT: u16 = 0xffff;
/// Longest canned response in bytes, without its NUL, and most of them for one text (section 8).
const MAX_RESPONSE: usize = 49;
const MAX_RESPONSES: usize = 50;
/// How long the driver has to press a button (section 5.3).
const BUTTON_TIME: Duration = Duration::from_secs(600);
/// Silences after which a text is given up.
const ROUNDS: u8 = 3;
/// Texts that the navigator may still say something about.
const MAX_SETTLED: usize = 32;
/// Questions that may still be answered in words.
const MAX_QUESTIONS: usize = 8;

impl Fmi {
    /// Begins with a text.
    pub(super) fn take_text(&mut self, downlink: Downlink, now: Now, fx: &mut Effects) {
        let token = downlink.token;
        let flight = match self.window() {
            0 => None,
            _ => self.compose(downlink, now),
        };
        let Some(flight) = flight else {
            let stage = DeliveryStage::Refused { code: DOES_NOT_FIT, retry: true };
            return self.report(token, stage, fx);
        };
        self.flight = Some(Box::new(flight));
        self.go(None);
        self.report(token, DeliveryStage::Transmitted, fx);
    }

    pub(super) fn report(&self, token: DeliveryToken, stage: DeliveryStage, fx: &mut Effects) {
        fx.push(Effect::Delivery { lane: self.lane, receipt: Receipt::Token(token), stage });
    }

    fn compose(&mut self, downlink: Downlink, now: Now) -> Option<Flight> {
        let open = !self.switches.legacy && self.supports(604);
        let mut flight = Flight {
            token: downlink.token,
            serial: downlink.serial,
            style: if open { Style::Open } else { self.plain_style(&downlink.content) },
            content: downlink.content,
            pieces: Vec::new(),
            at: 0,
            responses: Vec::new(),
            time: time_of(now.wall),
            step: Step::Text,
            rounds: 0,
            restarted: false,
            repeat: downlink.repeat,
            deadline: None,
        };
        if open {
            self.add_responses(&mut flight);
        }
        self.add_pieces(&mut flight)?;
        flight.step = if flight.repeat && flight.has_status() {
            Step::Probe(Why::Doubt)
        } else {
            flight.first_step()
        };
        Some(flight)
    }

    /// How a text goes to a navigator without A604 (sections 5.3 and 5.4).
    fn plain_style(&self, content: &Content) -> Style {
        let button = match content {
            Content::Question { answers, .. } => match &answers[..] {
                [(_, yes), (_, no)] if is_word(yes, "yes") && is_word(no, "no") => {
                    Some(id::YES_NO_TEXT)
                }
                [(_, okay)] if is_word(okay, "ok") || is_word(okay, "okay") => Some(id::OKAY_TEXT),
                _ => None,
            },
            _ => None,
        };
        match button {
            _ if self.switches.legacy => Style::Legacy,
            Some(kind) => Style::Button(kind),
            None if self.switches.okay => Style::Button(id::OKAY_TEXT),
            None => Style::Simple,
        }
    }

    /// The canned responses of a question, if the navigator can take them.
    fn add_responses(&mut self, flight: &mut Flight) {
        let Content::Question { answers, .. } = &flight.content else { return };
        let charset = self.charset();
        let responses: Vec<_> = answers
            .iter()
            .map(|(answer, words)| {
                let bytes = charset.encode(words).bytes;
                (response_number(*answer, &bytes), bytes)
            })
            .collect();
        let fits = |bytes: &[u8]| (1..=MAX_RESPONSE).contains(&bytes.len());
        if responses.len() <= MAX_RESPONSES && responses.iter().all(|(_, bytes)| fits(bytes)) {
            flight.responses = responses;
        }
    }

    /// The words as pieces that the navigator takes: one, unless they were planned for a better one.
    fn add_pieces(&self, flight: &mut Flight) -> Option<()> {
        let choosable =
            !flight.responses.is_empty() || flight.style == Style::Button(id::YES_NO_TEXT);
        let words = match &flight.content {
            Content::Text { text, part, parts } if *parts > 1 && self.switches.numbered => {
                text::label(usize::from(*part), usize::from(*parts)) + text
            }
            Content::Text { text, .. } => text.clone(),
            Content::Question { text, .. } if choosable => text.clone(),
            Content::Question { text, answers } => {
                let lines = answers.iter().map(|(id, answer)| format!("\n{id}: {answer}"));
                text.clone() + &lines.collect::<String>()
            }
        };
        let charset = self.charset();
        let mut max_bytes = self.switches.max_text();
        let whole = charset.encode(&words).bytes;
        if flight.style == Style::Open && self.supports(611) && whole.len() > max_bytes {
            max_bytes = self.switches.max_long_text().max(max_bytes);
        }
        if whole.len() <= max_bytes {
            let id = text_id(flight.serial, 0, &words);
            flight.pieces = vec![Piece { id, bytes: whole }];
            return Some(());
        }
        let plan = text::plan(&words, PartRules { charset, max_bytes, numbered: true }).ok()?;
        for (index, number) in (0..plan.parts()).zip(0_u16..) {
            let part = plan.part(&words, index);
            let label = text::label(index + 1, plan.parts());
            let bytes = charset.encode(&(label + part)).bytes;
            flight.pieces.push(Piece { id: text_id(flight.serial, number, &words), bytes });
        }
        Some(())
    }

    /// Queues what the step under way (or another one) sends.
    pub(super) fn go(&mut self, step: Option<Step>) {
        let Some(flight) = &mut self.flight else { return };
        flight.step = step.unwrap_or(flight.step);
        if self.phase != Phase::Up {
            // After the enabling it is asked for, if that comes in time.
            return;
        }
        flight.deadline = None;
        // Responses that are there already need no receipt.
        while let Step::Response(place) = flight.step {
            match flight.responses.get(place) {
                Some((number, _)) if self.stored.contains(number) => {
                    flight.step = Step::Response(place + 1);
                }
                Some(_) => break,
                None => flight.step = Step::Offer,
            }
        }
        let (packet, payload) = payload(flight, self.switches.popup);
        self.send_packet(packet, payload, Purpose::Text);
    }

    /// The packet of the step is through: its answer is awaited from now on.
    pub(super) fn step_passed(&mut self, now: Now, fx: &mut Effects) {
        let Some(flight) = &mut self.flight else { return };
        let wait = match flight.style {
            Style::Button(_) => BUTTON_TIME,
            _ => self.switches.receipt_wait,
        };
        flight.deadline = Some(now.monotonic + wait);
        if flight.is_simple() && self.switches.link_ack {
            self.piece_done(Evidence::Inferred, fx);
        }
    }

    /// No answer in time.
    pub(super) fn receipt_late(&mut self, fx: &mut Effects) {
        let up = self.phase == Phase::Up;
        let Some(flight) = &mut self.flight else { return };
        flight.rounds += 1;
        if !up || flight.rounds > ROUNDS || !flight.has_status() {
            return self.give_up(fx);
        }
        let step = match flight.step {
            Step::Text | Step::Segment(_) => Step::Probe(Why::Doubt),
            same => same,
        };
        self.go(Some(step));
    }

    /// The text on its way is not any more; what becomes of it may still be told later.
    pub(super) fn give_up(&mut self, fx: &mut Effects) {
        if let Some(flight) = self.settle(false) {
            self.report(flight.token, DeliveryStage::TimedOut, fx);
        }
    }

    /// Takes the text out of flight, for the navigator's later words about it.
    pub(super) fn settle(&mut self, confirmed: bool) -> Option<Box<Flight>> {
        let flight = self.flight.take()?;
        if let Some(piece) = flight.pieces.last()
            && !flight.is_simple()
        {
            self.settled.retain(|settled| settled.id != piece.id);
            if self.settled.len() >= MAX_SETTLED {
                self.settled.pop_front();
            }
            let (id, token, serial) = (piece.id, flight.token, flight.serial);
            self.settled.push_back(Settled { id, token, serial, confirmed });
        }
        Some(flight)
    }

    /// The interface is about to be enabled again: the text waits for that, and is asked for then.
    pub(super) fn suspend(&mut self, now: Now) {
        let patience = self.switches.receipt_wait * 2;
        if let Some(flight) = &mut self.flight {
            flight.deadline = Some(now.monotonic + patience);
        }
    }

    /// The interface is up again.
    pub(super) fn resume(&mut self) {
        let Some(flight) = &self.flight else { return };
        let step = if flight.has_status() { Step::Probe(Why::Doubt) } else { flight.step };
        self.go(Some(step));
    }

    /// The piece under way is on the navigator: the next one, or done.
    pub(super) fn piece_done(&mut self, evidence: Evidence, fx: &mut Effects) {
        let Some(flight) = &mut self.flight else { return };
        if !flight.is_last() {
            (flight.at, flight.rounds, flight.restarted) = (flight.at + 1, 0, false);
            let doubt = flight.repeat && flight.has_status();
            let step = if doubt { Step::Probe(Why::Doubt) } else { flight.first_step() };
            return self.go(Some(step));
        }
        if let Some(flight) = self.settle(true) {
            self.report(flight.token, DeliveryStage::Confirmed(evidence), fx);
        }
    }

    /// The navigator does not have the text; what was to follow from that.
    pub(super) fn absent(&mut self, why: Why, fx: &mut Effects) {
        let Some(flight) = &self.flight else { return };
        match why {
            Why::Doubt => {
                let step = flight.first_step();
                self.go(Some(step));
            }
            Why::Offered => {
                let step = flight.text();
                self.go(Some(step));
            }
            Why::Refused(code) => self.refuse(code, fx),
        }
    }

    pub(super) fn refuse(&mut self, code: u16, fx: &mut Effects) {
        if let Some(flight) = self.settle(false) {
            self.report(flight.token, DeliveryStage::Refused { code, retry: true }, fx);
        }
    }

    /// The navigator does not take the canned responses: the question goes out in plain words, with the choices behind.
    pub(super) fn without_responses(&mut self) {
        let Some(mut flight) = self.flight.take() else { return };
        flight.responses.clear();
        flight.pieces.clear();
        flight.at = 0;
        // What fitted with its responses elsewhere fits in pieces.
        if self.add_pieces(&mut flight).is_some() {
            let step = flight.first_step();
            self.flight = Some(flight);
            self.go(Some(step));
        } else {
            self.flight = Some(flight);
        }
    }

    /// The list of responses is there: an answer may come from now on.
    pub(super) fn offered(&mut self) {
        let Some(flight) = &self.flight else { return };
        if let (Some(id), Content::Question { answers, .. }) = (flight.id(), &flight.content) {
            let numbers = flight.responses.iter().map(|(number, _)| *number);
            let answers = numbers.zip(answers.iter().map(|(_, words)| words.clone())).collect();
            self.questions.retain(|question| question.id != id);
            if self.questions.len() >= MAX_QUESTIONS {
                self.questions.pop_front();
            }
            self.questions.push_back(Question { id, answers });
        }
        let step = flight.text();
        self.go(Some(step));
    }
}

fn is_word(text: &str, word: &str) -> bool {
    text.trim().eq_ignore_ascii_case(word)
}
