//! Carrying out what a session wants done.

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use protocols::{CloseReason, Credentials, Effect, Event, Lane, Now};

use super::{Commit, Connection, SLOW_ANSWER};
use crate::gateway::scratch::{Answer, Scratch};
use crate::gateway::{admission, recorder};
use crate::model::StoredText;

impl Connection {
    /// Carries out `scratch.fx`, and what follows from it.
    pub(super) fn carry_out(&mut self, now: Now, scratch: &mut Scratch) {
        while !scratch.fx.is_empty() {
            let mut effects = std::mem::take(&mut scratch.carrying);
            std::mem::swap(&mut effects, &mut scratch.fx);
            for effect in effects.drain() {
                self.carry_out_one(effect, now, scratch);
            }
            scratch.carrying = effects;
        }
    }

    fn carry_out_one(&mut self, effect: Effect, now: Now, scratch: &mut Scratch) {
        if self.clocks.ending.is_some() && !matches!(effect, Effect::Transmit(_)) {
            return;
        }
        match effect {
            Effect::Transmit(bytes) => scratch.out.extend_from_slice(&bytes),
            Effect::Authenticate { lane, credentials } => {
                self.authenticate(lane, &credentials, now, scratch)
            }
            Effect::Online { lane } => self.come_online(lane, now),
            Effect::Refuse { lane, reason } => self.refused(lane, reason, now),
            Effect::Offline { lane } => self.leave(usize::from(lane.0), now),
            Effect::Record { lane, events, ack, nack } => {
                self.record(lane, events, Answer { ack, nack }, now, scratch);
            }
            Effect::Delivery { lane, receipt, stage } => self.receipt(lane, receipt, stage, now),
            Effect::Close(reason) => self.end(close_reason(reason), now),
            _ => tracing::error!("effect of a kind that the driver does not know"),
        }
    }

    fn authenticate(
        &mut self,
        lane: Lane,
        credentials: &Credentials,
        now: Now,
        scratch: &mut Scratch,
    ) {
        let Some(dialogue) = &mut self.dialogue else { return };
        let protocol = dialogue.protocol.info().name;
        let shared = &self.shared;
        let (admission, device) =
            admission::admit(&shared.directory, protocol, credentials, &shared.device_key);
        let refusal = match &admission {
            protocols::Admission::Unknown => Some("unknown device"),
            protocols::Admission::Blocked => Some("device is blocked"),
            protocols::Admission::Known(_) => None,
        };
        // Another identity on a lane that is online replaces it.
        let changed = self.lanes.get(usize::from(lane.0)).is_some_and(|state| {
            let id = |device: &Option<Arc<crate::directory::Device>>| {
                device.as_ref().map(|d| d.tracker.id)
            };
            state.is_online() && id(&state.device) != id(&device)
        });
        if changed {
            self.leave(usize::from(lane.0), now);
        }
        let Some(state) = self.lane(lane) else {
            tracing::warn!(protocol, peer = %self.peer, "too many devices on one connection");
            return self.end("too many devices", now);
        };
        state.identity = Some(credentials.identity.as_str().into());
        state.device = device;
        if let Some(reason) = refusal {
            self.refused(lane, reason, now);
        }
        if let Some(dialogue) = &mut self.dialogue {
            dialogue.session.handle_admission(lane, admission, now, &mut scratch.fx);
        }
    }

    /// Notes a refused device. One that tries too often waits for its answer.
    fn refused(&mut self, lane: Lane, reason: &str, now: Now) {
        self.metrics.refused.increment(1);
        let protocol =
            self.dialogue.as_ref().map_or("unknown", |dialogue| dialogue.protocol.info().name);
        let identity =
            self.lanes.get(usize::from(lane.0)).and_then(|state| state.identity.as_deref());
        let address = self.peer.ip().to_canonical();
        let often = self.shared.strangers.note(
            protocol,
            identity.unwrap_or_default(),
            address,
            reason,
            now.wall.into(),
            self.shared.limits.strangers_per_minute,
        );
        // Others on the same connection do not wait with it.
        if often && !self.lanes.iter().any(super::LaneState::is_online) {
            self.clocks.hold = Some(now.monotonic + SLOW_ANSWER);
        }
    }

    fn record(
        &mut self,
        lane: Lane,
        events: Vec<Event>,
        answer: Answer,
        now: Now,
        scratch: &mut Scratch,
    ) {
        self.take_back(lane, now);
        let state = self.lanes.get(usize::from(lane.0)).filter(|state| state.is_online());
        let Some(tracker) = state.and_then(|state| state.device.as_ref()).map(|d| d.tracker.id)
        else {
            // A session that records for a device it did not accept has a mistake; nothing is stored, nothing acknowledged.
            tracing::error!(peer = %self.peer, "record for a device that is not online");
            return;
        };
        if !events.is_empty() {
            let has_text = events.iter().any(|event| matches!(event, Event::Message(_)));
            let current = has_text.then(|| self.shared.directory.device(tracker)).flatten();
            let source = recorder::Source {
                tracker,
                employee: current.and_then(|device| device.tracker.employee),
                connection: self.handle.id,
                now: now.wall.into(),
            };
            let unhandled = recorder::add(&mut scratch.uplink, events, source);
            self.metrics.unhandled.increment(unhandled);
        }
        scratch.answers.push(answer);
    }

    /// Hands what this read wants stored to the store.
    pub(super) fn submit(&mut self, scratch: &mut Scratch) {
        let Some(answer) = Answer::joined(&mut scratch.answers) else { return };
        let uplink = std::mem::take(&mut scratch.uplink);
        let nothing = uplink.texts.is_empty() && uplink.states.is_empty();
        if nothing && self.commits.is_empty() {
            scratch.out.extend_from_slice(&answer.ack);
            return;
        }
        let recording = (!nothing).then(|| self.shared.store.record(uplink));
        if self.commits.is_empty() {
            // Nearly always the only one.
            self.commits.reserve_exact(1);
        }
        self.commits.push_back(Commit { answer, recording });
    }

    /// Writes the answers of finished commits.
    pub(super) fn finish_commits(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) {
        if self.commits.is_empty() {
            return;
        }
        // Answers leave in order, so only the oldest matters.
        while let Some(commit) = self.commits.front_mut() {
            let result = match &mut commit.recording {
                None => Ok(Vec::new()),
                Some(recording) => match Pin::new(recording).poll(cx) {
                    Poll::Pending => return,
                    Poll::Ready(result) => result,
                },
            };
            let Some(Commit { answer, .. }) = self.commits.pop_front() else { return };
            match result {
                Ok(texts) => {
                    self.count_texts(&texts);
                    scratch.out.extend_from_slice(&answer.ack);
                }
                Err(error) => {
                    self.metrics.records_failed.increment(1);
                    tracing::warn!(peer = %self.peer, %error, "uplink not stored, not acknowledged");
                    scratch.out.extend_from_slice(&answer.nack);
                }
            }
        }
        // An idle connection owns no buffer.
        self.commits = VecDeque::new();
    }

    fn count_texts(&self, texts: &[StoredText]) {
        if texts.is_empty() {
            return;
        }
        let repeats = texts.iter().filter(|text| **text == StoredText::Repeat).count();
        self.metrics.texts_received.increment((texts.len() - repeats) as u64);
        self.metrics.texts_repeated.increment(repeats as u64);
    }
}

const fn close_reason(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::NotAdmitted => "not admitted",
        CloseReason::LoginTimeout => "no login in time",
        CloseReason::LoggedOut => "logged out",
        CloseReason::Idle => "silent for too long",
        CloseReason::Unresponsive => "does not answer texts",
        CloseReason::TooManyErrors => "too many bad frames",
        _ => "closed by the session",
    }
}
