//! The serial link, stop and wait (section 1.1): one packet of ours is under way until the navigator acknowledges it; where the
//! tracker does that on the cable, packets keep a distance instead.

use std::time::Duration;

use super::Fmi;
use crate::effect::Effects;
use crate::garmin::frame::{self, Form};
use crate::garmin::message::{Message, link as packet};
use crate::session::Now;

/// Packets that may wait for the line; what the navigator could make more is dropped, and asked for again by it.
const MAX_QUEUE: usize = 128;
/// How often a packet is sent before the navigator counts as gone.
const TRIES: u8 = 3;
/// How long a receipt that leaves after its commit keeps the line.
const RECEIPT_TIME: Duration = Duration::from_secs(5);

/// A packet that waits for the line.
#[derive(Debug)]
pub(super) struct Outgoing {
    id: u8,
    payload: Vec<u8>,
    purpose: Purpose,
}

/// The packet under way.
#[derive(Debug)]
pub(super) struct Outstanding {
    outgoing: Outgoing,
    tries: u8,
    /// When it is sent again; none for packets that the handshake repeats by itself.
    pub(super) deadline: Option<Duration>,
}

/// What follows from the acknowledgement of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The interface is enabled.
    Enable,
    /// The product will be told.
    Product,
    /// The time for the answer about the text in flight begins.
    Text,
    /// Nothing.
    Other,
}

impl Fmi {
    /// Queues a fleet management packet.
    pub(super) fn send(&mut self, message: &Message<'_>, purpose: Purpose) {
        self.send_packet(packet::FLEET, message.encode(), purpose);
    }

    /// Queues a packet of the link.
    pub(super) fn send_packet(&mut self, id: u8, payload: Vec<u8>, purpose: Purpose) {
        if self.queue.len() < MAX_QUEUE {
            self.queue.push_back(Outgoing { id, payload, purpose });
        }
    }

    /// Forgets what waits: the line was interrupted.
    pub(super) fn clear_line(&mut self) {
        self.queue.clear();
        (self.outstanding, self.receipt_until) = (None, None);
    }

    /// Stops waiting for the acknowledgement of what the handshake sent: it has its answer.
    pub(super) fn handshake_answered(&mut self) {
        self.outstanding.take_if(|waiting| waiting.deadline.is_none());
    }

    /// Writes what may be written now.
    pub(super) fn pump(&mut self, now: Now, fx: &mut Effects) {
        while self.outstanding.is_none()
            && self.free_at <= now.monotonic
            && self.receipt_until.is_none_or(|until| until <= now.monotonic)
        {
            let Some(outgoing) = self.queue.pop_front() else { return };
            fx.transmit(frame::seal(outgoing.id, &outgoing.payload, self.form()));
            if self.switches.link_ack {
                let repeats = !matches!(outgoing.purpose, Purpose::Enable | Purpose::Product);
                let deadline = repeats.then_some(now.monotonic + self.switches.ack_wait);
                self.outstanding = Some(Outstanding { outgoing, tries: 1, deadline });
            } else {
                self.free_at = now.monotonic + self.switches.gap;
                self.passed(outgoing.purpose, now, fx);
            }
        }
    }

    fn form(&self) -> Form {
        self.switches.form.unwrap_or(self.received)
    }

    /// A packet as written: for receipts, which leave after their commit.
    pub(super) fn receipt(&mut self, message: &Message<'_>, now: Now) -> Vec<u8> {
        match self.switches.link_ack {
            true => self.receipt_until = Some(now.monotonic + RECEIPT_TIME),
            false => self.free_at = now.monotonic + self.switches.gap,
        }
        frame::seal(packet::FLEET, &message.encode(), self.form())
    }

    /// Acknowledges or refuses a packet of the navigator.
    pub(super) fn answer(&mut self, answer: u8, about: u8, fx: &mut Effects) {
        if self.switches.link_ack {
            self.answered = Some((answer, about));
            fx.transmit(frame::seal(answer, &[about, 0], self.form()));
        }
    }

    /// The navigator acknowledged a packet with this id.
    pub(super) fn acknowledged(&mut self, id: u8, now: Now, fx: &mut Effects) {
        if let Some(done) = self.outstanding.take_if(|waiting| waiting.outgoing.id == id) {
            self.passed(done.outgoing.purpose, now, fx);
        } else if id == packet::FLEET {
            self.receipt_until = None;
        }
    }

    /// The navigator got a packet damaged. If it is one of our answers, it gets that again (section 1.1).
    pub(super) fn refused(&mut self, id: u8, now: Now, fx: &mut Effects) {
        match id {
            packet::ACK | packet::NAK => {
                if let Some((answer, about)) = self.answered {
                    self.answer(answer, about, fx);
                }
            }
            _ if self.outstanding.as_ref().is_some_and(|waiting| waiting.outgoing.id == id) => {
                self.unacknowledged(now, fx);
            }
            _ => {}
        }
    }

    /// The packet under way again, or the navigator is gone.
    pub(super) fn unacknowledged(&mut self, now: Now, fx: &mut Effects) {
        let form = self.form();
        match &mut self.outstanding {
            // Commands make things cheaper; a client that does not know them is none the worse.
            Some(waiting) if waiting.outgoing.id == packet::COMMAND => self.outstanding = None,
            Some(waiting) if waiting.tries < TRIES => {
                waiting.tries += 1;
                waiting.deadline = waiting.deadline.map(|_| now.monotonic + self.switches.ack_wait);
                fx.transmit(frame::seal(waiting.outgoing.id, &waiting.outgoing.payload, form));
            }
            Some(_) => self.lost(now, fx),
            None => {}
        }
    }

    /// A packet is through.
    fn passed(&mut self, purpose: Purpose, now: Now, fx: &mut Effects) {
        match purpose {
            Purpose::Enable => self.enabled(now, fx),
            Purpose::Text => self.step_passed(now, fx),
            Purpose::Product | Purpose::Other => {}
        }
    }
}
