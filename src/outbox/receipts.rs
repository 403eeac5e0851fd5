//! Brings what devices said about texts into the store, whatever happens to the connection meanwhile.
//!
//! Receipts of many devices that are processed one after the other go to the store in one call: the first one starts a task,
//! which lets everything that is ready now have its turn before it takes what has gathered. There is no timer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use super::queue::Change;
use crate::clock::Clock;
use crate::model::{DeliveryOutcome, TrackerId};
use crate::store::Store;
use crate::telemetry::metrics::{DELIVERY_SECONDS, TEXTS_DELIVERED};

/// First wait after the store could not take an update; doubled up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Tries before an update is given up. The text is then still PENDING and is offered again: shown twice rather than lost.
const TRIES: u32 = 10;

/// Settles receipts. Tasks are counted, so that a stopping daemon can wait for them.
#[derive(Clone)]
pub struct Receipts {
    settler: Arc<Settler>,
    tasks: TaskTracker,
    unsettled: Arc<Unsettled>,
    gathered: Arc<Mutex<Gathered>>,
}

/// Changes of texts that wait to be brought to the store, with their tracker.
type Gathered = Vec<(TrackerId, Vec<Change>)>;

/// What it takes to settle.
struct Settler {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    delivered: Counter,
    seconds: Histogram,
}

/// Trackers with updates on their way into the store. What the store shows of their texts is about to change.
#[derive(Default)]
struct Unsettled {
    trackers: Mutex<HashMap<TrackerId, Way>>,
    /// Trackers whose updates took several tries, or did not make it: a time to try again may have passed meanwhile.
    late: Mutex<Vec<TrackerId>>,
    settled: Notify,
}

/// Updates of one tracker on their way.
#[derive(Default)]
struct Way {
    updates: u32,
    awaited: bool,
}

impl Receipts {
    /// Receipts into `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let (delivered, seconds) = (counter!(TEXTS_DELIVERED), histogram!(DELIVERY_SECONDS));
        let settler = Arc::new(Settler { store, clock, delivered, seconds });
        let (unsettled, gathered) = (Arc::default(), Arc::default());
        Self { settler, tasks: TaskTracker::new(), unsettled, gathered }
    }

    /// Settles changes of one tracker's texts in the background.
    pub fn settle(&self, tracker: TrackerId, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        self.unsettled.trackers.lock().entry(tracker).or_default().updates += 1;
        let is_first = {
            let mut gathered = self.gathered.lock();
            gathered.push((tracker, changes));
            gathered.len() == 1
        };
        if is_first {
            self.tasks.spawn(self.clone().bring_gathered());
        }
    }

    async fn bring_gathered(self) {
        tokio::task::yield_now().await;
        let gathered = std::mem::take(&mut *self.gathered.lock());
        let (trackers, changes): (Vec<_>, Vec<_>) = gathered.into_iter().unzip();
        let late = self.settler.bring(changes.into_iter().flatten().collect()).await;
        for tracker in trackers {
            self.unsettled.done(tracker, late);
        }
    }

    /// Whether the store's picture of this tracker's texts is complete. If not, [`Receipts::settled`] returns once it is.
    pub(crate) fn is_settled(&self, tracker: TrackerId) -> bool {
        let mut trackers = self.unsettled.trackers.lock();
        let way = trackers.get_mut(&tracker);
        way.map(|way| way.awaited = true).is_none()
    }

    /// Waits until a tracker is settled that was not when [`Receipts::is_settled`] was asked, or one is settled late.
    pub(crate) async fn settled(&self) {
        self.unsettled.settled.notified().await;
    }

    /// Trackers that were settled late since the last call: the store may have something for them that nobody has noticed.
    pub(crate) fn take_late(&self) -> Vec<TrackerId> {
        std::mem::take(&mut *self.unsettled.late.lock())
    }

    /// Waits until everything handed over is settled or given up.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

impl Unsettled {
    fn done(&self, tracker: TrackerId, late: bool) {
        if late {
            self.late.lock().push(tracker);
        }
        let mut trackers = self.trackers.lock();
        let Some(way) = trackers.get_mut(&tracker) else { return };
        way.updates -= 1;
        if way.updates == 0 {
            let awaited = way.awaited;
            trackers.remove(&tracker);
            if awaited || late {
                self.settled.notify_one();
            }
        }
    }
}

impl Settler {
    /// Returns whether it took more than one try.
    async fn bring(&self, changes: Vec<Change>) -> bool {
        let (updates, accepted): (Vec<_>, Vec<_>) =
            changes.into_iter().map(|change| (change.update, change.accepted)).unzip();
        let mut wait = FIRST_WAIT;
        for tries in 0..TRIES {
            match self.store.update_deliveries(updates.clone()).await {
                Ok(outcomes) => {
                    self.count(&outcomes, &accepted);
                    return tries > 0;
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot note {} receipts, trying again", updates.len());
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        tracing::error!(
            "{} receipts are lost: their texts stay PENDING and are sent again",
            updates.len()
        );
        true
    }

    fn count(&self, outcomes: &[DeliveryOutcome], accepted: &[Option<Duration>]) {
        let now = self.clock.now().monotonic;
        for (outcome, accepted) in outcomes.iter().zip(accepted) {
            if !matches!(outcome, DeliveryOutcome::Delivered(_)) {
                continue;
            }
            self.delivered.increment(1);
            if let Some(accepted) = accepted {
                self.seconds.record(now.saturating_sub(*accepted).as_secs_f64());
            }
        }
    }
}
