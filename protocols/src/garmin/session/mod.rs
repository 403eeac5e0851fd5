//! The dialogue with the navigator, platform side: a session inside the carrier's session (section 14.1).
//!
//! ```text
//!          0x0000        link ack, 0x0001        0x0003 (or nothing, where it is filtered)
//!  start ─────────► Enabling ─────────► Asking ─────────► Up ──► texts, one at a time
//!                      ▲                                   │
//!                      └── no link ack, no answer to a ping, a fresh 0x0004 (rebooted), unplugged
//! ```
//!
//! The carrier's session owns it, hands over the bytes that came through its tunnel and the driver's texts, and moves the effects
//! out with [`super::carrier::move_out`], which wraps the bytes in the carrier's messages.
//!
//! | file | owns |
//! | --- | --- |
//! | `link` | stop and wait: what waits for the line and for its link acknowledgement |
//! | `handshake` | enabling, what the client supports, whether it is still there |
//! | `flight` | the text on its way down as data: ids, pieces, steps |
//! | `texts` | sending it, step by step |
//! | `outcome` | what the navigator says about texts |
//! | `uplinks` | what the driver says and who drives |

mod flight;
mod handshake;
mod link;
mod outcome;
mod texts;
mod uplinks;

use std::collections::VecDeque;
use std::time::Duration;

use self::flight::{Flight, Question, Settled};
use self::handshake::Phase;
use self::link::{Outgoing, Outstanding};

use super::frame::{Deframer, Form, Packet};
use super::message::{Message, link as packet};
use super::options::{Protocols, Switches};
use crate::effect::Effects;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::event::Event;
use crate::framing::Rejection;
use crate::session::{Downlink, Lane, Now, SessionError};
use crate::text::Charset;

/// How long a navigator that the carrier called detached is left alone, if its link acknowledgements do not reach us.
const UNPLUGGED_TIME: Duration = Duration::from_secs(600);
/// Kind of [`Event::Unhandled`] for bytes that are no packet; other kinds have the packet id in their upper half, and the FMI id in
/// the lower one.
const NO_PACKET: u32 = 0x0010_0000;

/// The platform's side of the dialogue with one navigator.
#[derive(Debug)]
pub(crate) struct Fmi {
    lane: Lane,
    switches: Box<Switches>,
    line: Deframer,
    /// Form in which the navigator's packets come.
    received: Form,
    // The link.
    queue: VecDeque<Outgoing>,
    outstanding: Option<Outstanding>,
    /// The last link answer, for a client that did not understand it.
    answered: Option<(u8, u8)>,
    /// When the next packet may go, where the carrier acknowledges.
    free_at: Duration,
    /// A receipt goes out after its commit: until its acknowledgement, or this moment, nothing else does.
    receipt_until: Option<Duration>,
    // The handshake.
    phase: Phase,
    /// Enablings in a row that led to nothing.
    attempts: u8,
    /// Questions for the product without answer.
    misses: u8,
    /// As announced by 0x0003.
    protocols: Option<Protocols>,
    product: Option<(u16, i16)>,
    /// The client asked for Unicode since it was last enabled.
    unicode: bool,
    /// When it came up, and when texts may go.
    up_since: Duration,
    ready_at: Option<Duration>,
    /// When something of the navigator itself last came, and until when an answer to a ping is awaited.
    heard: Duration,
    pinged: Option<Duration>,
    /// Something showed since the last beginning that the navigator is there, not only its tracker.
    seen: bool,
    // Texts.
    flight: Option<Box<Flight>>,
    settled: VecDeque<Settled>,
    questions: VecDeque<Question>,
    /// Canned responses that the navigator has.
    stored: Vec<u32>,
}

impl Fmi {
    pub(crate) fn new(lane: Lane, switches: Box<Switches>) -> Self {
        Self {
            lane,
            line: Deframer::default(),
            received: Form::Full,
            queue: VecDeque::new(),
            outstanding: None,
            answered: None,
            free_at: Duration::ZERO,
            receipt_until: None,
            phase: Phase::Down { again: None },
            attempts: 0,
            misses: 0,
            protocols: None,
            product: None,
            unicode: false,
            up_since: Duration::ZERO,
            ready_at: None,
            heard: Duration::ZERO,
            pinged: None,
            seen: false,
            flight: None,
            settled: VecDeque::new(),
            questions: VecDeque::new(),
            stored: Vec::new(),
            switches,
        }
    }

    /// The carrier is online.
    pub(crate) fn start(&mut self, now: Now, fx: &mut Effects) {
        if self.phase == (Phase::Down { again: None }) {
            self.begin(now, fx);
        }
        self.pump(now, fx);
    }

    /// The carrier says that the navigator is attached.
    pub(crate) fn attached(&mut self, now: Now, fx: &mut Effects) {
        if self.phase != Phase::Up {
            self.attempts = 0;
            self.begin(now, fx);
        }
        self.pump(now, fx);
    }

    /// The carrier says that the navigator is not there, or that it does not pass anything on.
    pub(crate) fn detached(&mut self, now: Now, fx: &mut Effects) {
        self.line.reset();
        self.lost(now, fx);
        if !self.switches.link_ack {
            // Nothing but the carrier's word, or a packet, will show that it is back.
            self.phase = Phase::Down { again: Some(now.monotonic + UNPLUGGED_TIME) };
        }
    }

    /// Bytes from the navigator: packets, parts of packets, or nothing. What is none of its packets is kept as it came: it tells
    /// what a tracker does differently.
    ///
    /// # Errors
    /// [`SessionError`] for the first packet that is damaged or does not parse; the others are dealt with. A line may be noisy, so
    /// this says nothing about the carrier.
    pub(crate) fn receive(
        &mut self,
        bytes: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let mut line = std::mem::take(&mut self.line);
        let mut outcome = Ok(());
        line.feed(bytes, |form, packet| {
            self.received = form;
            let result = match packet {
                Packet::Good { id, payload } => self.packet(id, payload, now, fx),
                Packet::Bad { id, reason } => Err(self.damaged(id, reason, fx)),
            };
            if outcome.is_ok() {
                outcome = result;
            }
        });
        self.line = line;
        if outcome.is_err() {
            let raw = bytes::Bytes::copy_from_slice(bytes);
            self.tell(Event::Unhandled { kind: NO_PACKET, raw }, fx);
        }
        self.pump(now, fx);
        outcome
    }

    fn packet(
        &mut self,
        id: u8,
        payload: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let named = payload.first().copied().unwrap_or(0);
        match id {
            packet::ACK => {
                self.see(fx);
                self.acknowledged(named, now, fx);
            }
            packet::NAK => self.refused(named, now, fx),
            // Once per second; neither acknowledged nor used.
            packet::POSITION => {}
            packet::FLEET => {
                self.answer(packet::ACK, id, fx);
                (self.heard, self.pinged) = (now.monotonic, None);
                self.see(fx);
                let message = super::decode::message(payload)?;
                self.message(message, payload, now, fx);
            }
            _ => {
                self.answer(packet::ACK, id, fx);
                let raw = bytes::Bytes::copy_from_slice(payload);
                self.tell(Event::Unhandled { kind: u32::from(id) << 16, raw }, fx);
            }
        }
        Ok(())
    }

    /// A wrong checksum is refused, so that the packet comes again; what is no packet has no id that could be named.
    fn damaged(&mut self, id: Option<u8>, reason: Rejection, fx: &mut Effects) -> SessionError {
        if let (Some(id), Rejection::Checksum { .. }) = (id, reason)
            && !matches!(id, packet::ACK | packet::NAK)
        {
            self.answer(packet::NAK, id, fx);
        }
        let field = match reason {
            Rejection::Checksum { .. } => "checksum",
            _ => "framing",
        };
        let message = id.map_or("navigator's packet", super::message::link_name);
        DecodeError { message, field, offset: 0, kind: DecodeErrorKind::Invalid }.into()
    }

    fn message(&mut self, message: Message<'_>, payload: &[u8], now: Now, fx: &mut Effects) {
        if let Some(message) = self.about_session(message, now, fx)
            && let Some(message) = self.about_texts(message, now, fx)
            && let Some(message) = self.about_driver(message, now, fx)
        {
            let raw = bytes::Bytes::copy_from_slice(payload);
            let kind = u32::from(packet::FLEET) << 16 | u32::from(message.kind());
            self.tell(Event::Unhandled { kind, raw }, fx);
        }
    }

    /// Sends a text or a question.
    pub(crate) fn downlink(&mut self, downlink: Downlink, now: Now, fx: &mut Effects) {
        self.take_text(downlink, now, fx);
        self.pump(now, fx);
    }

    /// The time of [`Fmi::deadline`].
    pub(crate) fn timeout(&mut self, now: Now, fx: &mut Effects) {
        let due = |at: Option<Duration>| at.is_some_and(|at| at <= now.monotonic);
        self.ready_at.take_if(|at| *at <= now.monotonic);
        self.receipt_until.take_if(|until| *until <= now.monotonic);
        if due(self.outstanding.as_ref().and_then(|waiting| waiting.deadline)) {
            self.unacknowledged(now, fx);
        }
        if due(self.phase.deadline()) {
            self.handshake_late(now, fx);
        }
        if due(self.flight.as_ref().and_then(|flight| flight.deadline)) {
            self.receipt_late(fx);
        }
        if due(self.ping_at()) {
            self.ask_for_life(now, fx);
        }
        self.pump(now, fx);
    }

    /// When [`Fmi::timeout`] is wanted.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let busy = self.outstanding.is_some() || self.queue.is_empty();
        let line = (!busy).then_some(self.free_at.max(self.receipt_until.unwrap_or_default()));
        [
            self.ready_at,
            line,
            self.outstanding.as_ref().and_then(|waiting| waiting.deadline),
            self.phase.deadline(),
            self.flight.as_ref().and_then(|flight| flight.deadline),
            self.ping_at(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Texts that can be taken now.
    pub(crate) fn window(&self) -> usize {
        let free = self.flight.is_none() && self.ready_at.is_none();
        let line = self.queue.is_empty() && self.outstanding.is_none();
        usize::from(self.phase == Phase::Up && free && line)
    }

    /// What the client supports, or is taken to.
    fn supports(&self, number: u16) -> bool {
        self.protocols.unwrap_or(self.switches.assumed).has(number)
    }

    /// Charset of what we send.
    fn charset(&self) -> Charset {
        let negotiated = if self.unicode { Charset::Utf8 } else { Charset::Ascii };
        self.switches.charset.unwrap_or(negotiated)
    }

    /// Stores something that needs no receipt.
    fn tell(&self, event: Event, fx: &mut Effects) {
        fx.record(self.lane, vec![event], Vec::new(), Vec::new());
    }
}
