//! What the rest of the daemon holds of a connection: a small inbox and a way to wake it.
//!
//! One per connection, so it is small: no channel, no timer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use protocols::Lane;

use crate::model::PendingText;

/// Offers kept in an inbox; beyond it the connection is only told that the store has more.
const MAX_OFFERS: usize = 64;

/// Handle of one connection.
#[derive(Debug)]
pub struct Handle {
    /// Number of the connection, unique in this process, from 1.
    pub id: u64,
    waker: AtomicWaker,
    inbox: Mutex<Inbox>,
    /// Next deadline in milliseconds of the monotonic clock; `u64::MAX`: none.
    deadline: AtomicU64,
    /// For when the wheel holds an entry; `u64::MAX`: none.
    scheduled: AtomicU64,
}

/// What waits for a connection.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// In order.
    pub(crate) items: Vec<Item>,
    /// To be closed.
    pub(crate) close: Option<Closing>,
    /// The deadline has passed.
    pub(crate) due: bool,
}

/// One thing that waits for a connection.
#[derive(Debug)]
pub(crate) enum Item {
    /// A text was committed just now.
    Offer(Lane, PendingText),
    /// The store has something.
    Nudge(Lane),
    /// What the store had for the login of this epoch.
    Loaded(Lane, u64, Vec<PendingText>),
    /// The lane's device logged in elsewhere; the epoch of the login that this ended.
    TakenOver(Lane, u64),
}

/// Why the host closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// Its record was removed, blocked or changed.
    Reconfigured,
    /// The daemon stops.
    Shutdown,
}

impl Handle {
    pub(crate) fn new(id: u64) -> Arc<Self> {
        Arc::new(Self {
            id,
            waker: AtomicWaker::new(),
            inbox: Mutex::default(),
            deadline: AtomicU64::new(u64::MAX),
            scheduled: AtomicU64::new(u64::MAX),
        })
    }

    /// Wakes `waker` when something arrives; called at the start of every poll.
    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Everything that has arrived.
    pub(crate) fn take(&self) -> Inbox {
        std::mem::take(&mut *self.inbox.lock())
    }

    /// A text was committed just now.
    pub(crate) fn offer(&self, lane: Lane, text: PendingText) {
        let full = self.inbox.lock().items.len() >= MAX_OFFERS;
        if full {
            return self.nudge(lane);
        }
        self.post(Item::Offer(lane, text));
    }

    /// The store may have something for this lane.
    pub(crate) fn nudge(&self, lane: Lane) {
        {
            let inbox = self.inbox.lock();
            if inbox.items.iter().any(|item| matches!(item, Item::Nudge(other) if *other == lane)) {
                return;
            }
        }
        self.post(Item::Nudge(lane));
    }

    /// What the store had for this lane and login.
    pub fn loaded(&self, lane: Lane, epoch: u64, texts: Vec<PendingText>) {
        self.post(Item::Loaded(lane, epoch, texts));
    }

    /// The lane's device logged in elsewhere.
    pub(crate) fn taken_over(&self, lane: Lane, epoch: u64) {
        self.post(Item::TakenOver(lane, epoch));
    }

    /// Closes the connection.
    pub fn close(&self, why: Closing) {
        self.inbox.lock().close = Some(why);
        self.waker.wake();
    }

    fn post(&self, item: Item) {
        self.inbox.lock().items.push(item);
        self.waker.wake();
    }

    pub(crate) fn deadline(&self) -> u64 {
        self.deadline.load(Ordering::Relaxed)
    }

    pub(crate) fn set_deadline(&self, deadline: Option<Duration>) {
        self.deadline.store(deadline.map_or(u64::MAX, millis), Ordering::Relaxed);
    }

    /// The connection is gone: nothing is due any more, and nobody is woken. The waker would keep the task's memory.
    pub(crate) fn retire(&self) {
        self.set_deadline(None);
        drop(self.waker.take());
    }

    pub(crate) fn scheduled(&self) -> u64 {
        self.scheduled.load(Ordering::Relaxed)
    }

    pub(crate) fn set_scheduled(&self, at: u64) {
        self.scheduled.store(at, Ordering::Relaxed);
    }

    /// Its deadline has passed.
    pub(crate) fn fire(&self) {
        self.inbox.lock().due = true;
        self.waker.wake();
    }
}

/// Whole milliseconds, rounded up so that a deadline is never early.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX - 1)
}
