//! Texts down and what becomes of them (sections 12.1, 12.3 and 15): one in flight per terminal.

use std::time::Duration;

use bytes::Bytes;

use super::lane::LaneState;
use crate::effect::{
    CloseReason, DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt,
};
use crate::jt808::frame::{self, MAX_BODY, Outgoing};
use crate::jt808::header::{Edition, Style};
use crate::jt808::message::{Answer, Choices, FragmentRequest, Message, Question, TextIssue, id};
use crate::jt808::settings::Settings;
use crate::session::{Content, Downlink, Now};
use crate::text;

/// Show and speak, without and with the type byte (section 12.1).
const FLAG_LEGACY: u8 = 0x0c;
const FLAG_TYPED: u8 = 0x0f;
/// The terminal does not know the message.
const UNSUPPORTED: u8 = 3;
/// Reported for a text that does not fit one frame although the terminal takes no fragments; no terminal sends it.
const DOES_NOT_FIT: u16 = 0xffff;
/// Longest question in bytes; a longer one goes out as a plain text.
const MAX_QUESTION: usize = 255;
/// Questions whose answers are still named; older ones are answered by number.
const MAX_QUESTIONS: usize = 8;
/// Retransmission 1, 2, … waits so many times the answer time (section 15; the last one is used again).
const WAITS: [u32; 3] = [1, 2, 6];

/// What is on its way to one terminal.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    in_flight: Option<Box<InFlight>>,
    /// Serial of the last settled text: further answers to it are repeats.
    settled: Option<u16>,
    /// The terminal answers with serial 0.
    answers_zero: bool,
    /// Layout with type byte or not, where the terminal's answers showed it.
    typed: Option<bool>,
    /// When a text was last sent.
    last_sent: Option<Duration>,
    /// Serial of the event list that was sent, until it is answered.
    events: Option<u16>,
    questions: Vec<OpenQuestion>,
}

/// The text in flight.
#[derive(Debug)]
struct InFlight {
    token: DeliveryToken,
    /// As the host numbered it.
    serial: u16,
    content: Content,
    /// Message id.
    id: u16,
    /// Sent with a type byte.
    typed: bool,
    /// The other layout has been tried.
    relaid: bool,
    /// Serial of the first frame.
    first: u16,
    /// Kept for retransmission, which repeats the same bytes.
    frames: Vec<Bytes>,
    /// Retransmissions so far.
    repeats: u8,
    deadline: Duration,
}

/// A question that may still be answered.
#[derive(Debug)]
pub(super) struct OpenQuestion {
    serial: u16,
    answers: Vec<(u8, String)>,
}

impl Delivery {
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.in_flight.as_ref().map(|flight| flight.deadline)
    }

    pub(super) const fn idle(&self) -> bool {
        self.in_flight.is_none()
    }

    /// A text was sent at most a minute ago.
    pub(super) fn sent_lately(&self, now: Now) -> bool {
        self.last_sent.is_some_and(|at| now.monotonic.saturating_sub(at) <= Duration::from_secs(60))
    }

    /// What answer `answer` to question `serial` says, and the serial of the question it is taken to belong to: if none has
    /// this serial and exactly one is open, that one (section 12.3).
    pub(super) fn answered(&self, serial: u16, answer: u8) -> (u16, Option<&str>) {
        let open = self.questions.as_slice();
        let question = match (open.iter().rev().find(|question| question.serial == serial), open) {
            (None, [only]) => Some(only),
            (found, _) => found,
        };
        let Some(question) = question else { return (serial, None) };
        let text =
            question.answers.iter().find(|(id, _)| *id == answer).map(|(_, text)| text.as_str());
        (question.serial, text)
    }

    fn remember(&mut self, question: OpenQuestion) {
        self.forget(question.serial);
        let open = &mut self.questions;
        if open.len() >= MAX_QUESTIONS {
            open.remove(0);
        }
        open.push(question);
    }
}

impl InFlight {
    /// Whether `answer` is about this text; strictly, or loosely as some broken terminals need it (section 15, rule 5).
    fn answered_by(&self, answer: Answer, loose: bool) -> bool {
        let span = u16::try_from(self.frames.len()).unwrap_or(1).max(1);
        let ours = answer.serial.wrapping_sub(self.first) < span;
        (answer.id == self.id && (ours || (loose && answer.serial == 0)))
            || (loose && answer.id == 0 && ours)
    }
}

impl LaneState {
    /// Texts that can be taken now.
    pub(super) fn window(&self) -> usize {
        let free = match &self.navigator {
            Some(navigator) => navigator.window() > 0,
            None => self.delivery.idle(),
        };
        usize::from(self.online() && self.ready_at.is_none() && free)
    }

    /// Sends a text or a question.
    pub(super) fn issue(&mut self, downlink: Downlink, now: Now, fx: &mut Effects) {
        if self.navigator.is_some() {
            return self.issue_to_navigator(downlink, now, fx);
        }
        let typed = self.typed();
        let flight = InFlight {
            token: downlink.token,
            serial: u16::try_from(downlink.serial & 0xffff).unwrap_or(0),
            content: downlink.content,
            id: id::TEXT,
            typed,
            relaid: false,
            first: 0,
            frames: Vec::new(),
            repeats: 0,
            deadline: Duration::ZERO,
        };
        let token = flight.token;
        if self.window() == 0 || !self.launch(Box::new(flight), now, fx) {
            self.report(token, DeliveryStage::Refused { code: DOES_NOT_FIT, retry: true }, fx);
            return;
        }
        self.report(token, DeliveryStage::Transmitted, fx);
    }

    fn report(&self, token: DeliveryToken, stage: DeliveryStage, fx: &mut Effects) {
        fx.push(Effect::Delivery { lane: self.number, receipt: Receipt::Token(token), stage });
    }

    /// With type byte? As set, as found out, or as the header suggests (section 4.3).
    fn typed(&self) -> bool {
        let set = self.settings.as_ref().and_then(|settings| settings.typed);
        set.or(self.delivery.typed).unwrap_or_else(|| self.downlink_address().style == Style::V2019)
    }

    /// Writes the frames of `flight` and keeps it in flight; `false` if it cannot be written.
    fn launch(&mut self, mut flight: Box<InFlight>, now: Now, fx: &mut Effects) -> bool {
        let Some(settings) = &self.settings else { return false };
        let (id, body) = compose(&flight.content, flight.typed, settings);
        let (single, wait) = (body.len() <= MAX_BODY, settings.answer_wait);
        if !single && !settings.fragments {
            return false;
        }
        if let (id::QUESTION, Content::Question { answers, .. }) = (id, &flight.content) {
            self.delivery
                .remember(OpenQuestion { serial: flight.serial, answers: answers.clone() });
        }
        // Fragments need consecutive serials, which only our own counter can promise.
        flight.first =
            if single { flight.serial } else { self.take_serials(frame::parts(body.len())) };
        let outgoing =
            Outgoing { address: self.downlink_address(), id, serial: flight.first, fragment: None };
        (flight.id, flight.frames) = (id, frame::seal_parts(&outgoing, &body));
        (flight.repeats, flight.deadline) = (0, now.monotonic + wait);
        flight.frames.iter().for_each(|frame| fx.transmit(frame.clone()));
        self.delivery.last_sent = Some(now.monotonic);
        self.delivery.in_flight = Some(flight);
        true
    }

    /// The terminal's general answer (section 9).
    pub(super) fn on_answer(&mut self, answer: Answer, now: Now, fx: &mut Effects) {
        let loose = self.settings.as_ref().is_some_and(|settings| settings.loose_match);
        if let Some(flight) =
            self.delivery.in_flight.take_if(|flight| flight.answered_by(answer, loose))
        {
            self.delivery.answers_zero |= answer.serial == 0 && flight.serial != 0;
            return self.settle(flight, answer.result, now, fx);
        }
        match answer.id {
            id::EVENTS if self.delivery.events == Some(answer.serial) => {
                self.delivery.events = None;
                if matches!(answer.result, 2 | 3) && self.edition() == Edition::V2011 {
                    self.offer_events(true, fx);
                }
            }
            id::TEXT | id::QUESTION => self.late_answer(answer, fx),
            id::TRANSPARENT_DOWN if !matches!(answer.result, 0 | 4) => {
                self.navigator_out_of_reach(now, fx);
            }
            _ => {}
        }
    }

    /// An answer to a text that is not in flight here: a repeat, or one that an earlier connection sent.
    fn late_answer(&mut self, answer: Answer, fx: &mut Effects) {
        let repeated = self.delivery.settled == Some(answer.serial);
        if repeated || (answer.serial == 0 && self.delivery.answers_zero) {
            return;
        }
        self.delivery.settled = Some(answer.serial);
        let stage = stage(answer.result);
        let receipt = Receipt::Serial { serial: answer.serial.into(), bits: 16 };
        fx.push(Effect::Delivery { lane: self.number, receipt, stage });
    }

    /// A message other than the general answer showed that the terminal has text `serial`.
    pub(super) fn confirmed_by_reply(&mut self, serial: u16, fx: &mut Effects) {
        let reply = |flight: &mut Box<InFlight>| flight.serial == serial || flight.first == serial;
        if let Some(flight) = self.delivery.in_flight.take_if(reply) {
            self.delivery.settled = Some(serial);
            self.report(flight.token, stage(0), fx);
        } else if self.delivery.settled != Some(serial) {
            self.late_answer(Answer { serial, id: id::TEXT, result: 0 }, fx);
        }
    }

    /// A text report came and the profile says that it confirms the text in flight.
    pub(super) fn confirmed_by_report(&mut self, fx: &mut Effects) {
        if self.settings.as_ref().is_some_and(|settings| settings.text_report_confirms)
            && let Some(flight) = self.delivery.in_flight.take()
        {
            self.delivery.settled = Some(flight.first);
            self.report(flight.token, stage(0), fx);
        }
    }

    fn settle(&mut self, mut flight: Box<InFlight>, result: u8, now: Now, fx: &mut Effects) {
        let (token, first) = (flight.token, flight.first);
        if result == UNSUPPORTED {
            if self.other_form(&mut flight) && self.launch(flight, now, fx) {
                return;
            }
        } else if flight.relaid {
            self.delivery.typed = Some(flight.typed);
        }
        self.delivery.settled = Some(first);
        self.report(token, stage(result), fx);
    }

    /// Turns a text that the terminal does not support into a form that has not been tried; it keeps its serial.
    fn other_form(&mut self, flight: &mut InFlight) -> bool {
        if flight.id == id::QUESTION {
            // Asked in plain words, the driver can still answer (section 12.5).
            flight.content = as_text(&flight.content);
            self.delivery.forget(flight.serial);
            return true;
        }
        let free = self.settings.as_ref().is_some_and(|settings| settings.typed.is_none());
        let untried = free && !flight.relaid;
        if untried {
            (flight.relaid, flight.typed) = (true, !flight.typed);
        }
        untried
    }

    /// Retransmits an unanswered text, or gives it up and the connection with it. `true` if the connection is to close.
    pub(super) fn retransmit(&mut self, now: Now, alone: bool, fx: &mut Effects) -> bool {
        let Some((retransmissions, base)) =
            self.settings.as_ref().map(|settings| (settings.retransmissions, settings.answer_wait))
        else {
            return false;
        };
        let Some(flight) =
            self.delivery.in_flight.as_mut().filter(|flight| flight.deadline <= now.monotonic)
        else {
            return false;
        };
        if flight.repeats < retransmissions {
            flight.repeats += 1;
            let factor =
                WAITS.get(usize::from(flight.repeats)).or(WAITS.last()).copied().unwrap_or(1);
            flight.deadline = now.monotonic + base * factor;
            flight.frames.iter().for_each(|frame| fx.transmit(frame.clone()));
            return false;
        }
        let token = flight.token;
        self.delivery.in_flight = None;
        self.report(token, DeliveryStage::TimedOut, fx);
        if alone {
            fx.push(Effect::Close(CloseReason::Unresponsive));
        }
        alone
    }

    /// 0x0005: some fragments of the text in flight again, the same bytes (section 6.2).
    pub(super) fn resend(&mut self, request: &FragmentRequest, fx: &mut Effects) {
        let Some(flight) =
            self.delivery.in_flight.as_ref().filter(|flight| flight.first == request.first)
        else {
            return;
        };
        // A request cannot make us send more than the message.
        for (frame, index) in flight.frames.iter().zip(1_u16..) {
            if request.indexes.contains(&index) {
                fx.transmit(frame.clone());
            }
        }
    }

    /// 0x8301 with the canned answers of the profile; `counted_twice` is the 2011 layout (section 13.3).
    pub(super) fn offer_events(&mut self, counted_twice: bool, fx: &mut Effects) {
        let Some(settings) = self.settings.as_ref().filter(|settings| !settings.events.is_empty())
        else {
            return;
        };
        let encode = |text: &str| settings.charset.encode(text).bytes;
        let texts: Vec<_> = settings.events.iter().map(|(id, text)| (*id, encode(text))).collect();
        let items: Vec<_> =
            texts.iter().map(|(id, text)| (*id, text.as_slice())).take(255).collect();
        let in_packet = counted_twice.then(|| u8::try_from(items.len()).unwrap_or(u8::MAX));
        let list = Choices { action: 1, in_packet, items };
        self.delivery.events = Some(self.serial);
        self.send(id::EVENTS, &Message::Choices { id: id::EVENTS, list }, fx);
    }
}

impl Delivery {
    fn forget(&mut self, serial: u16) {
        self.questions.retain(|question| question.serial != serial);
    }
}

/// What a result means (section 15, rule 3).
const fn stage(result: u8) -> DeliveryStage {
    match result {
        0 | 4 => DeliveryStage::Confirmed(Evidence::Accepted),
        UNSUPPORTED => DeliveryStage::Refused { code: UNSUPPORTED as u16, retry: false },
        code => DeliveryStage::Refused { code: code as u16, retry: true },
    }
}

/// The message for some content.
fn compose(content: &Content, typed: bool, settings: &Settings) -> (u16, Vec<u8>) {
    let encode = |text: &str| match settings.spaces_for_breaks {
        true => settings.charset.encode(&text.replace("\r\n", " ").replace('\n', " ")).bytes,
        false => settings.charset.encode(text).bytes,
    };
    let flag = settings.text_flag.unwrap_or(if typed { FLAG_TYPED } else { FLAG_LEGACY });
    match content {
        Content::Text { text, part, parts } => {
            let label = match settings.numbered && *parts > 1 {
                true => text::label(usize::from(*part), usize::from(*parts)),
                false => String::new(),
            };
            let mut bytes = encode(&format!("{label}{text}"));
            if settings.nul_end {
                bytes.push(0);
            }
            let kind = typed.then_some(settings.text_type);
            (id::TEXT, Message::Text(TextIssue { flag, kind, text: &bytes }).encode())
        }
        Content::Question { text, answers } => {
            let texts: Vec<_> = answers.iter().map(|(id, text)| (*id, encode(text))).collect();
            let answers = texts.iter().map(|(id, text)| (*id, text.as_slice())).collect();
            let text = &encode(text);
            // Only speaking is defined for questions (section 12.3).
            let question =
                Message::Question(Question { flag: flag & 0x08, text, answers }).encode();
            match text.len() <= MAX_QUESTION && question.len() <= MAX_BODY {
                true => (id::QUESTION, question),
                false => compose(&as_text(content), typed, settings),
            }
        }
    }
}

/// A question with its answers as a plain text.
fn as_text(content: &Content) -> Content {
    match content {
        Content::Question { text, answers } => {
            let lines: String =
                answers.iter().map(|(id, answer)| format!("\n{id}: {answer}")).collect();
            Content::Text { text: format!("{text}{lines}"), part: 1, parts: 1 }
        }
        text => text.clone(),
    }
}
