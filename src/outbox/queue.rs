//! What one connected device is to be shown next: a state machine without I/O.
//!
//! The store is the outbox; this holds the few texts that are next. It knows whether it is *in step* (everything PENDING for
//! the device is here, and a freshly committed text can be appended) or *behind* (the store has to be asked).

use std::collections::VecDeque;
use std::time::Duration;

use protocols::{Content, DeliveryStage, DeliveryToken, Downlink, Receipt};

use crate::model::{DeliveryUpdate, MessageId, Millis, PendingText, TrackerId};

/// How failed attempts are repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts during which a text keeps its place and those behind it wait.
    pub attempts_in_place: u32,
    /// Wait before the second attempt in place, doubled each time, in milliseconds.
    pub first_hold: i64,
    /// Wait after the text has been passed over for the first time, doubled each time, in milliseconds.
    pub first_retry: i64,
    /// Longest wait in milliseconds.
    pub max_retry: i64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts_in_place: 3, first_hold: 5_000, first_retry: 30_000, max_retry: 3_600_000 }
    }
}

impl RetryPolicy {
    /// The wait after attempt number `attempts` failed, and whether the text keeps its place.
    fn wait(&self, attempts: u32) -> (i64, bool) {
        let doubled = |first: i64, times: u32| {
            first.saturating_mul(1_i64 << times.min(32)).min(self.max_retry)
        };
        if attempts < self.attempts_in_place {
            (doubled(self.first_hold, attempts.saturating_sub(1)), true)
        } else {
            (doubled(self.first_retry, attempts - self.attempts_in_place), false)
        }
    }
}

/// Texts confirmed lately that are remembered: the driver may open them after a while.
const REMEMBERED: usize = 32;

/// The texts that one device gets next.
#[derive(Debug)]
pub struct DeviceQueue {
    tracker: TrackerId,
    ready: VecDeque<Entry>,
    /// The last parts of what was confirmed lately, oldest first.
    confirmed: VecDeque<Sent>,
    step: Step,
    /// Serial that the next freshly committed text must have, if nothing is to be missing before it.
    expected: Option<u32>,
    next_token: u64,
    capacity: usize,
    policy: RetryPolicy,
}

/// What a receipt, or its absence, changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// For the store.
    pub update: DeliveryUpdate,
    /// When the text was accepted ([`PendingText::accepted`]), if this is the receipt for the last of it.
    pub accepted: Option<Duration>,
}

impl From<DeliveryUpdate> for Change {
    fn from(update: DeliveryUpdate) -> Self {
        Self { update, accepted: None }
    }
}

#[derive(Debug)]
struct Entry {
    text: PendingText,
    in_flight: Option<DeliveryToken>,
    sent: bool,
    hold: Option<Millis>,
}

/// The last part of a text, under the names by which a device may come back to it.
#[derive(Debug, Clone, Copy)]
struct Sent {
    id: MessageId,
    token: Option<DeliveryToken>,
    serial: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Even,
    Behind,
    /// The store has been asked.
    Loading {
        /// Something was committed since, so the answer may lack it.
        again: bool,
        /// A receipt came since, so the answer may still show what is settled by now.
        stale: bool,
    },
}

impl Entry {
    const fn new(text: PendingText) -> Self {
        Self { text, in_flight: None, sent: false, hold: None }
    }

    fn parts(&self) -> usize {
        self.text.cuts.len() + 1
    }

    fn serial(&self) -> u32 {
        self.text.serial.wrapping_add(u32::from(self.text.parts_done))
    }

    /// The part to be confirmed next, if it is the last one.
    fn last_part(&self) -> Option<Sent> {
        let last = usize::from(self.text.parts_done) + 1 >= self.parts();
        last.then(|| Sent { id: self.text.id, token: self.in_flight, serial: self.serial() })
    }

    fn downlink(&self, token: DeliveryToken) -> Downlink {
        let plan = protocols::text::TextPlan { cuts: self.text.cuts.clone(), lossy: false };
        let index = usize::from(self.text.parts_done);
        Downlink {
            token,
            serial: self.serial(),
            repeat: self.sent || self.text.attempts > 0,
            content: Content::Text {
                text: plan.part(&self.text.text, index).to_owned(),
                part: self.text.parts_done.saturating_add(1),
                parts: u16::try_from(self.parts()).unwrap_or(u16::MAX),
            },
        }
    }
}

impl DeviceQueue {
    /// A queue that knows nothing yet, and therefore wants to ask the store.
    #[must_use]
    pub fn new(tracker: TrackerId, capacity: usize, policy: RetryPolicy) -> Self {
        Self {
            tracker,
            ready: VecDeque::new(),
            confirmed: VecDeque::new(),
            step: Step::Behind,
            expected: None,
            next_token: 1,
            capacity: capacity.max(2),
            policy,
        }
    }

    /// The same with this token for the first text.
    #[must_use]
    pub const fn numbered_from(mut self, token: u64) -> Self {
        self.next_token = token;
        self
    }

    /// Whether the store should be asked for more; if so, counts as asked. At most [`DeviceQueue::load_limit`] texts are wanted.
    pub fn wants_load(&mut self) -> bool {
        let wants = self.step == Step::Behind && self.ready.len() * 2 <= self.capacity;
        if wants {
            self.step = Step::Loading { again: false, stale: false };
        }
        wants
    }

    /// How many texts to ask the store for.
    #[must_use]
    pub const fn load_limit(&self) -> usize {
        self.capacity * 2
    }

    /// Something for this device may be due in the store.
    pub const fn nudge(&mut self) {
        self.step = match self.step {
            Step::Even | Step::Behind => Step::Behind,
            Step::Loading { stale, .. } => Step::Loading { again: true, stale },
        };
    }

    /// A text has just been committed.
    pub fn offer(&mut self, text: PendingText) {
        if text.tracker != self.tracker {
            // Meant for another device that was on this lane a moment ago.
            return;
        }
        if self.step == Step::Even
            && self.expected == Some(text.serial)
            && self.ready.len() < self.capacity
        {
            self.expected = Some(after(&text));
            self.ready.push_back(Entry::new(text));
        } else {
            self.nudge();
        }
    }

    /// The store's answer: the oldest due texts, up to [`DeviceQueue::load_limit`].
    pub fn loaded(&mut self, texts: Vec<PendingText>) {
        let (again, stale) = match self.step {
            Step::Loading { again, stale } => (again, stale),
            _ => (false, false),
        };
        if stale {
            self.step = Step::Behind;
            return;
        }
        let complete = texts.len() < self.load_limit();
        self.step = if complete && !again { Step::Even } else { Step::Behind };
        if let Some(last) = texts.last() {
            self.expected = Some(after(last));
        }
        for text in texts {
            if self.ready.iter().any(|entry| entry.text.id == text.id) {
                continue;
            }
            if self.ready.len() >= self.capacity {
                self.step = Step::Behind;
                break;
            }
            let place = self.ready.partition_point(|entry| entry.text.id < text.id);
            self.ready.insert(place, Entry::new(text));
        }
    }

    /// The next part to send, if any may go now. Counts as in flight.
    pub fn next(&mut self, now: Millis) -> Option<Downlink> {
        // A text that has begun goes on before another begins.
        let begun = self.ready.iter().position(|e| e.text.parts_done > 0 && e.in_flight.is_none());
        let index = match begun {
            Some(index) => index,
            None => self.ready.iter().position(|entry| entry.in_flight.is_none())?,
        };
        let token = DeliveryToken(self.next_token);
        let entry = self
            .ready
            .get_mut(index)
            .filter(|entry| entry.hold.is_none_or(|until| until <= now))?;
        self.next_token += 1;
        let downlink = entry.downlink(token);
        (entry.in_flight, entry.sent, entry.hold) = (Some(token), true, None);
        Some(downlink)
    }

    /// When [`DeviceQueue::next`] may have something that it has not now.
    #[must_use]
    pub fn wake_at(&self) -> Option<Millis> {
        self.ready.iter().filter_map(|entry| entry.hold).min()
    }

    /// A receipt came. What it changes is returned for the store; `None` if nothing.
    pub fn receipt(
        &mut self,
        receipt: Receipt,
        stage: DeliveryStage,
        at: Millis,
    ) -> Option<Change> {
        if stage == DeliveryStage::Read {
            return self.opened(receipt, at);
        }
        let index = match receipt {
            Receipt::Token(token) => {
                self.ready.iter().position(|entry| entry.in_flight == Some(token))?
            }
            // A late refusal of an earlier attempt says nothing about the one to come.
            Receipt::Serial { .. } if !matches!(stage, DeliveryStage::Confirmed(_)) => return None,
            Receipt::Serial { serial, bits } => {
                let mask = mask(bits);
                match self.ready.iter().position(|entry| (entry.serial() ^ serial) & mask == 0) {
                    Some(index) => index,
                    // Not here: the store knows whether a text with that serial still waits.
                    None => {
                        self.outdate();
                        let tracker = self.tracker;
                        return Some(
                            DeliveryUpdate::ConfirmedSerial { tracker, serial, bits, at }.into(),
                        );
                    }
                }
            }
        };
        self.outdate();
        match stage {
            DeliveryStage::Confirmed(_) => self.confirmed(index, at),
            DeliveryStage::Refused { code, retry: true } => {
                self.failed(index, at, format!("refused by the device with code {code}"))
            }
            DeliveryStage::Refused { code, retry: false } => {
                let entry = self.ready.remove(index)?;
                let update = DeliveryUpdate::Failed {
                    id: entry.text.id,
                    attempts: entry.text.attempts.saturating_add(1),
                    retry: at.plus(self.policy.max_retry),
                    error: format!("not supported by the device (code {code})"),
                };
                Some(update.into())
            }
            DeliveryStage::TimedOut => {
                self.failed(index, at, "no answer from the device".to_owned())
            }
            _ => None,
        }
    }

    /// The connection is gone: what was in flight counts as a failed attempt.
    pub fn disconnected(&mut self, at: Millis) -> Vec<Change> {
        let policy = self.policy;
        let in_flight = self.ready.drain(..).filter(|entry| entry.in_flight.is_some());
        in_flight
            .map(|entry| {
                let attempts = entry.text.attempts.saturating_add(1);
                let (wait, in_place) = policy.wait(attempts);
                let update = DeliveryUpdate::Failed {
                    id: entry.text.id,
                    attempts,
                    // The first few times it is simply sent again; a text that cuts the connection each time must not block.
                    retry: if in_place { at } else { at.plus(wait) },
                    error: "connection lost before the confirmation".to_owned(),
                };
                update.into()
            })
            .collect()
    }

    /// What the store has been asked for may be changing right now.
    const fn outdate(&mut self) {
        if let Step::Loading { again, .. } = self.step {
            self.step = Step::Loading { again, stale: true };
        }
    }

    /// The driver opened a text. Nothing is waiting for it, so nothing but the note changes.
    fn opened(&self, receipt: Receipt, at: Millis) -> Option<Change> {
        let in_flight = self.ready.iter().filter(|entry| entry.in_flight.is_some());
        let mut sent =
            in_flight.filter_map(Entry::last_part).chain(self.confirmed.iter().rev().copied());
        let known = match receipt {
            Receipt::Serial { bits: 0, .. } => return None,
            Receipt::Token(token) => Some(sent.find(|sent| sent.token == Some(token))?.id),
            Receipt::Serial { serial, bits } => {
                sent.find(|sent| (sent.serial ^ serial) & mask(bits) == 0).map(|sent| sent.id)
            }
        };
        let tracker = self.tracker;
        let update = match (known, receipt) {
            (Some(id), _) => DeliveryUpdate::Read { id, at },
            // Longer ago, or over an earlier connection.
            (None, Receipt::Serial { serial, bits }) => {
                DeliveryUpdate::ReadSerial { tracker, serial, bits, at }
            }
            (None, Receipt::Token(_)) => return None,
        };
        Some(update.into())
    }

    fn confirmed(&mut self, index: usize, at: Millis) -> Option<Change> {
        let entry = self.ready.get_mut(index)?;
        if let Some(sent) = entry.last_part() {
            if self.confirmed.len() >= REMEMBERED {
                self.confirmed.pop_front();
            }
            self.confirmed.push_back(sent);
        }
        let parts_done = entry.text.parts_done.saturating_add(1);
        let update = DeliveryUpdate::Confirmed {
            id: entry.text.id,
            parts_done,
            at,
            attempts: entry.text.attempts,
        };
        if usize::from(parts_done) >= entry.parts() {
            let accepted = entry.text.accepted;
            self.ready.remove(index);
            return Some(Change { update, accepted });
        }
        (entry.text.parts_done, entry.in_flight, entry.sent) = (parts_done, None, false);
        Some(update.into())
    }

    fn failed(&mut self, index: usize, at: Millis, error: String) -> Option<Change> {
        let entry = self.ready.get_mut(index)?;
        entry.text.attempts = entry.text.attempts.saturating_add(1);
        let (id, attempts) = (entry.text.id, entry.text.attempts);
        let (wait, in_place) = self.policy.wait(attempts);
        let retry = at.plus(wait);
        if in_place {
            (entry.in_flight, entry.hold) = (None, Some(retry));
        } else {
            self.ready.remove(index);
        }
        Some(DeliveryUpdate::Failed { id, attempts, retry, error }.into())
    }
}

/// The significant bits of a quoted serial.
fn mask(bits: u8) -> u32 {
    1_u32.checked_shl(u32::from(bits)).map_or(u32::MAX, |bit| bit - 1)
}

/// Serial of the text after this one.
fn after(text: &PendingText) -> u32 {
    text.serial.wrapping_add(u32::try_from(text.cuts.len() + 1).unwrap_or(1))
}

#[cfg(test)]
mod tests;
