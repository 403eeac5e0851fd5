//! The devices on one connection: usually one, many behind a relay.

use std::sync::Arc;
use std::time::Duration;

use protocols::{DeliveryStage, Lane, Now, Receipt};

use super::Connection;
use crate::directory::Device;
use crate::gateway::scratch::Scratch;
use crate::model::{Millis, PendingText};
use crate::outbox::dispatcher::Request;
use crate::outbox::queue::DeviceQueue;

/// One lane.
#[derive(Default)]
pub(super) struct LaneState {
    /// What the device called itself last.
    pub(super) identity: Option<Box<str>>,
    /// The device the host recognised; the session decides whether it comes online.
    pub(super) device: Option<Arc<Device>>,
    online: Option<Box<Online>>,
}

struct Online {
    epoch: u64,
    /// `None`: the device logged in elsewhere and gets its texts there.
    queue: Option<DeviceQueue>,
    idle: Option<Duration>,
}

/// Device option by which a protocol lets the operator set the idle limit of a device.
const IDLE_OPTION: &str = "idle_seconds";

impl LaneState {
    pub(super) const fn is_online(&self) -> bool {
        self.online.is_some()
    }

    /// Online, and the newest login of its device.
    const fn has_texts(&self) -> bool {
        matches!(&self.online, Some(online) if online.queue.is_some())
    }

    pub(super) fn idle_option(&self) -> Option<Duration> {
        self.online.as_ref().and_then(|online| online.idle)
    }
}

impl Connection {
    /// The lane's state, created on first use; `None` beyond the limit.
    pub(super) fn lane(&mut self, lane: Lane) -> Option<&mut LaneState> {
        let index = usize::from(lane.0);
        if index >= usize::from(self.shared.limits.lanes) {
            return None;
        }
        if self.lanes.len() <= index {
            self.lanes.reserve_exact(index + 1 - self.lanes.len());
            self.lanes.resize_with(index + 1, LaneState::default);
        }
        self.lanes.get_mut(index)
    }

    /// What the store had for one login, if that is still the one.
    pub(super) fn loaded(&mut self, lane: Lane, epoch: u64, texts: Vec<PendingText>) {
        let state = self.lanes.get(usize::from(lane.0));
        if state.and_then(|state| state.online.as_ref()).is_some_and(|on| on.epoch == epoch) {
            self.with_queue(lane, |queue| queue.loaded(texts));
        }
    }

    pub(super) fn with_queue(&mut self, lane: Lane, change: impl FnOnce(&mut DeviceQueue)) {
        let state = self.lanes.get_mut(usize::from(lane.0));
        let online = state.and_then(|state| state.online.as_mut());
        if let Some(queue) = online.and_then(|online| online.queue.as_mut()) {
            change(queue);
        }
    }

    /// The session accepted the device: this is its live connection now.
    pub(super) fn come_online(&mut self, lane: Lane, now: Now) {
        let (capacity, policy) = (self.shared.limits.ready_texts, self.shared.policy);
        let handle = Arc::clone(&self.handle);
        let registry = Arc::clone(&self.shared.registry);
        let Some(state) = self.lane(lane) else { return };
        let Some(device) = state.device.clone() else { return };
        if state.has_texts() {
            return;
        }
        let login = registry.login(Arc::clone(&device), &handle, lane);
        let idle = u64::try_from(device.options.int(IDLE_OPTION)).unwrap_or(0);
        let queue = DeviceQueue::new(device.tracker.id, capacity, policy);
        // Tokens of their own: a session may still know one of an earlier login on this lane.
        let queue = Some(queue.numbered_from(login.epoch << 32));
        let idle = (idle > 0).then(|| Duration::from_secs(idle));
        let before = state.online.replace(Box::new(Online { epoch: login.epoch, queue, idle }));
        if before.is_none() {
            self.metrics.online.increment(1);
        }
        if login.takeover {
            self.metrics.takeovers.increment(1);
        }
        tracing::info!(
            protocol = device.tracker.protocol, device = device.tracker.identity, tracker = %device.tracker.id,
            peer = %self.peer, takeover = login.takeover, "device online"
        );
        // The session may have let it in some time ago. Looked at after the login: later changes find it in the registry.
        if !device.still_holds(self.shared.directory.device(device.tracker.id).as_deref()) {
            self.end("device record changed", now);
        }
    }

    /// The lane's device logged in elsewhere. Other devices behind the same relay keep their connection; this one still may
    /// report over it.
    pub(super) fn taken_over(&mut self, lane: Lane, epoch: u64, now: Now) {
        let index = usize::from(lane.0);
        let others = self.lanes.iter().enumerate();
        let alone = !others.into_iter().any(|(at, state)| at != index && state.has_texts());
        let Some(state) = self.lanes.get_mut(index) else { return };
        let Some(online) = state.online.as_mut().filter(|online| online.epoch == epoch) else {
            return;
        };
        if alone {
            return self.end("taken over by a newer connection", now);
        }
        online.queue = None;
    }

    /// A device that logged in elsewhere is heard here. If it is not online there any more, it is online here again.
    pub(super) fn take_back(&mut self, lane: Lane, now: Now) {
        let Some(state) = self.lanes.get(usize::from(lane.0)) else { return };
        let gone = |device: &Arc<Device>| !self.shared.registry.is_online(device.tracker.id);
        if state.is_online() && !state.has_texts() && state.device.as_ref().is_some_and(gone) {
            self.come_online(lane, now);
        }
    }

    /// The device is offline here; what was in flight counts as a failed attempt.
    pub(super) fn leave(&mut self, index: usize, now: Now) {
        let Some(state) = self.lanes.get_mut(index) else { return };
        let (Some(mut online), Some(device)) = (state.online.take(), state.device.clone()) else {
            return;
        };
        let current =
            self.shared.registry.is_current(device.tracker.id, &self.handle, online.epoch);
        self.shared.registry.logout(device.tracker.id, &self.handle, online.epoch);
        self.metrics.online.decrement(1);
        if let Some(mut queue) = online.queue.take() {
            let changes = queue.disconnected(now.wall.into());
            // After a takeover the newer connection is in charge of the same texts.
            if current {
                self.shared.receipts.settle(device.tracker.id, changes);
            }
        }
        tracing::info!(
            protocol = device.tracker.protocol, device = device.tracker.identity, tracker = %device.tracker.id,
            peer = %self.peer, reason = self.ending.unwrap_or("logged out"), "device offline"
        );
    }

    /// The session learned something about a text. Counts on the newest login only.
    pub(super) fn receipt(&mut self, lane: Lane, receipt: Receipt, stage: DeliveryStage, now: Now) {
        let Some(state) = self.lanes.get_mut(usize::from(lane.0)) else { return };
        let (Some(online), Some(device)) = (state.online.as_mut(), state.device.as_ref()) else {
            return;
        };
        if !self.shared.registry.is_current(device.tracker.id, &self.handle, online.epoch) {
            return;
        }
        let Some(queue) = &mut online.queue else { return };
        if let Some(change) = queue.receipt(receipt, stage, now.wall.into()) {
            self.shared.receipts.settle(device.tracker.id, vec![change]);
        }
    }

    /// Gives every session lane what it may send now, and asks the store where the memory is short.
    pub(super) fn send_texts(&mut self, now: Now, scratch: &mut Scratch) {
        if self.ending.is_some() {
            return;
        }
        for index in 0..self.lanes.len() {
            let lane = Lane(u16::try_from(index).unwrap_or(u16::MAX));
            // Answers first: a device that has just said something listens for its answer.
            while self.commits.is_empty() {
                let Some(dialogue) = &mut self.dialogue else { return };
                let online = self.lanes.get_mut(index).and_then(|state| state.online.as_mut());
                let Some(queue) = online.and_then(|online| online.queue.as_mut()) else { break };
                if dialogue.session.window(lane) == 0 {
                    break;
                }
                let Some(downlink) = queue.next(now.wall.into()) else { break };
                self.metrics.parts_sent.increment(1);
                dialogue.session.handle_downlink(lane, downlink, now, &mut scratch.fx);
                self.carry_out(now, scratch);
                if self.ending.is_some() {
                    return;
                }
            }
            if let Some(state) = self.lanes.get_mut(index)
                && let (Some(online), Some(device)) = (state.online.as_mut(), state.device.as_ref())
                && online.queue.as_mut().is_some_and(DeviceQueue::wants_load)
            {
                let request = Request {
                    tracker: device.tracker.id,
                    lane,
                    epoch: online.epoch,
                    handle: Arc::clone(&self.handle),
                };
                self.shared.dispatcher.ask(request);
            }
        }
    }

    /// When a text that keeps its place may be tried again, on the monotonic clock.
    pub(super) fn held_text(&self, now: Now) -> Option<Duration> {
        let wall: Millis = now.wall.into();
        let queues = self.lanes.iter().filter_map(|state| state.online.as_ref()?.queue.as_ref());
        let held = queues.filter_map(DeviceQueue::wake_at).min()?;
        let wait = u64::try_from(held.0.saturating_sub(wall.0)).unwrap_or(0);
        Some(now.monotonic + Duration::from_millis(wait.max(1)))
    }
}
