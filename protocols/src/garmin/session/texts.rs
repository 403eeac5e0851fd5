//! The text on its way to the driver, step by step (sections 5 to 8): one at a time, each step after the answer to the last.

use std::time::Duration;

use crc::{CRC_32_ISO_HDLC, Crc, Table};

use super::Fmi;
use super::handshake::Phase;
use super::link::Purpose;
use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt};
use crate::garmin::message::{Message, TextId, id, link as packet, time_of};
use crate::garmin::options::SEGMENT;
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
/// What every id of ours begins with: other servers left texts on the navigator too.
const MARK: [u8; 2] = *b"CW";
const CHECK: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// The text on its way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) token: DeliveryToken,
    pub(super) serial: u32,
    content: Content,
    style: Style,
    /// What goes out as texts of their own, in this order.
    pieces: Vec<Piece>,
    at: usize,
    /// Canned responses that go with the last piece.
    responses: Vec<(u32, Vec<u8>)>,
    time: u32,
    pub(super) step: Step,
    /// Silences so far.
    rounds: u8,
    /// Something has been begun anew because of an error.
    pub(super) restarted: bool,
    /// It may be on the navigator already.
    repeat: bool,
    /// When the navigator's answer is overdue.
    pub(super) deadline: Option<Duration>,
}

/// What goes out as one text.
#[derive(Debug)]
struct Piece {
    id: TextId,
    bytes: Vec<u8>,
}

/// How texts go to this navigator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Packet 0x88.
    Legacy,
    /// 0x0021, without id and receipt.
    Simple,
    /// 0x0022 or 0x0023, confirmed by the driver's button.
    Button(u16),
    /// 0x002A and 0x0055.
    Open,
}

/// What is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The status of the text, to know whether it is there.
    Probe(Why),
    /// The receipt of the canned response in this place.
    Response(usize),
    /// The receipt of the list of responses.
    Offer,
    /// The receipt of the text.
    Text,
    /// The receipt of this segment of a long text.
    Segment(u8),
}

/// Why the status is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It was sent before, or no answer came: if it is not there, it is sent.
    Doubt,
    /// The list of responses is there already: if the text is not, only that is missing.
    Offered,
    /// It was refused with this code, perhaps because it is there.
    Refused(u16),
}

/// A text that is not on its way any more.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) id: TextId,
    pub(super) token: DeliveryToken,
    pub(super) serial: u32,
    pub(super) confirmed: bool,
}

/// A question that may still be answered.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) id: TextId,
    /// Canned responses: number and text.
    pub(super) answers: Vec<(u32, String)>,
}

impl Flight {
    /// Id of the piece under way.
    pub(super) fn id(&self) -> Option<TextId> {
        self.pieces.get(self.at).map(|piece| piece.id)
    }

    fn is_last(&self) -> bool {
        self.at + 1 >= self.pieces.len()
    }

    /// The first thing that goes out for the piece under way.
    fn first_step(&self) -> Step {
        if self.is_last() && !self.responses.is_empty() { Step::Response(0) } else { self.text() }
    }

    /// The text itself.
    fn text(&self) -> Step {
        let length = self.pieces.get(self.at).map_or(0, |piece| piece.bytes.len());
        if self.style == Style::Open && length >= SEGMENT { Step::Segment(0) } else { Step::Text }
    }

    /// Whether the navigator can be asked about it.
    fn has_status(&self) -> bool {
        self.style == Style::Open
    }

    /// Whether canned response `number` is the one in this place.
    pub(super) fn sets(&self, place: usize, number: u32) -> bool {
        self.responses.get(place).is_some_and(|(ours, _)| *ours == number)
    }

    /// If this is a text with a button: whether its answer says more than that it was read.
    pub(super) fn button(&self, id: TextId) -> Option<bool> {
        let ours = self.id() == Some(id) && matches!(self.style, Style::Button(_));
        ours.then_some(matches!(self.content, Content::Question { .. }))
    }

    pub(super) fn is_simple(&self) -> bool {
        matches!(self.style, Style::Simple | Style::Legacy)
    }
}

/// Id of a text: who, which serial, and a check over the words, so that what another database numbered alike is not mistaken
/// for it.
fn text_id(serial: u32, piece: u16, words: &str) -> TextId {
    let mut check = CHECK.digest();
    check.update(&piece.to_be_bytes());
    check.update(words.as_bytes());
    let mut id = [0; 10];
    let parts = MARK.into_iter().chain(serial.to_be_bytes()).chain(check.finalize().to_be_bytes());
    id.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    TextId::new(&id)
}

/// The serial in an id of ours.
pub(super) fn serial_of(id: &TextId) -> Option<u32> {
    let [m0, m1, s0, s1, s2, s3, _, _, _, _] = *id.significant() else { return None };
    ([m0, m1] == MARK).then(|| u32::from_be_bytes([s0, s1, s2, s3]))
}

/// Number of a canned response: the same words have the same number, so that the navigator need not be told twice; its last
/// byte is the answer's id, which is all that is known of it after a restart.
fn response_number(answer: u8, words: &[u8]) -> u32 {
    CHECK.checksum(words) & 0xffff_ff00 | u32::from(answer)
}

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

/// Packet id and payload of the step under way.
fn payload(flight: &Flight, popup: bool) -> (u8, Vec<u8>) {
    let (id, bytes) = match flight.pieces.get(flight.at) {
        Some(piece) => (piece.id, piece.bytes.as_slice()),
        None => (TextId::default(), &[][..]),
    };
    let (time, popup) = (flight.time, u8::from(popup));
    let message = match (flight.step, flight.style) {
        (Step::Probe(_), _) => Message::About { kind: id::STATUS_REQUEST, id },
        (Step::Response(place), _) => {
            let (number, text) = flight
                .responses
                .get(place)
                .map_or((0, &[][..]), |(number, text)| (*number, text.as_slice()));
            Message::SetItem { kind: id::SET_RESPONSE, number, text }
        }
        (Step::Offer, _) => {
            let responses = flight.responses.iter().map(|(number, _)| *number).collect();
            Message::Choices { id, responses }
        }
        (Step::Segment(number), _) => {
            // All segments but the last are full; the last ends with the only NUL, which may be all there is to it.
            let from = usize::from(number) * SEGMENT;
            let rest = bytes.get(from..).unwrap_or_default();
            let (segment, last) = match rest.get(..SEGMENT) {
                Some(full) => (full.to_vec(), false),
                None => ([rest, &[0]].concat(), true),
            };
            let segment = &segment;
            let long = Message::LongText { time, popup, last, number, id, segment };
            return (packet::FLEET, long.encode());
        }
        (Step::Text, Style::Open) => Message::Text { time, popup, id, text: bytes },
        (Step::Text, Style::Button(kind)) => Message::ButtonText { kind, time, id, text: bytes },
        (Step::Text, Style::Simple) => Message::SimpleText { time, text: bytes },
        (Step::Text, Style::Legacy) => return (packet::LEGACY_TEXT, [bytes, &[0]].concat()),
    };
    (packet::FLEET, message.encode())
}
