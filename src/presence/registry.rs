//! Which device is connected where. The newest login of a device wins.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use protocols::Lane;

use super::handle::{Closing, Handle};
use crate::directory::Device;
use crate::model::{PendingText, TrackerId};

/// Device → live connection.
#[derive(Default)]
pub struct Registry {
    live: RwLock<HashMap<TrackerId, Live>>,
    logins: AtomicU64,
}

struct Live {
    handle: Arc<Handle>,
    lane: Lane,
    /// Names this login, and no other of any device. Fences receipts: only the newest login's count.
    epoch: u64,
    device: Arc<Device>,
}

/// Outcome of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) epoch: u64,
    /// An older login was told that it is over.
    pub(crate) takeover: bool,
}

impl Registry {
    /// The device logged in here. An older login of it is told that it is over.
    pub(crate) fn login(&self, device: Arc<Device>, handle: &Arc<Handle>, lane: Lane) -> Login {
        let mut live = self.live.write();
        let tracker = device.tracker.id;
        let epoch = self.logins.fetch_add(1, Ordering::Relaxed) + 1;
        let old = live.insert(tracker, Live { handle: Arc::clone(handle), lane, epoch, device });
        drop(live);
        let other = old.filter(|old| (old.handle.id, old.lane) != (handle.id, lane));
        if let Some(other) = &other {
            other.handle.taken_over(other.lane, other.epoch);
        }
        Login { epoch, takeover: other.is_some() }
    }

    /// The device is gone from here, unless a newer login has replaced it.
    pub(crate) fn logout(&self, tracker: TrackerId, handle: &Handle, epoch: u64) {
        let mut live = self.live.write();
        if live.get(&tracker).is_some_and(|l| l.epoch == epoch && l.handle.id == handle.id) {
            live.remove(&tracker);
        }
    }

    /// Whether this login is the newest.
    pub(crate) fn is_current(&self, tracker: TrackerId, handle: &Handle, epoch: u64) -> bool {
        self.live.read().get(&tracker).is_some_and(|l| l.epoch == epoch && l.handle.id == handle.id)
    }

    /// A text was committed: hand it to the device's connection, if there is one.
    pub(crate) fn offer(&self, text: PendingText) {
        let live = self.live.read();
        if let Some(live) = live.get(&text.tracker) {
            live.handle.offer(live.lane, text);
        }
    }

    /// The store may have something for this device.
    pub(crate) fn nudge(&self, tracker: TrackerId) {
        let live = self.live.read();
        if let Some(live) = live.get(&tracker) {
            live.handle.nudge(live.lane);
        }
    }

    /// The device's record has changed to `now` (`None`: removed).
    pub(crate) fn reconsider(&self, tracker: TrackerId, now: Option<&Device>) {
        let live = self.live.read();
        let Some(live) = live.get(&tracker) else { return };
        if !live.device.still_holds(now) {
            live.handle.close(Closing::Reconfigured);
        }
    }

    /// Whether the device is connected.
    #[must_use]
    pub fn is_online(&self, tracker: TrackerId) -> bool {
        self.live.read().contains_key(&tracker)
    }

    /// Devices connected.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.read().len()
    }

    /// Nobody is connected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
