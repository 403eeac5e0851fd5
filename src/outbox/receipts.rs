//! Brings what devices said about texts into the store, whatever happens to the connection meanwhile.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::model::{DeliveryOutcome, DeliveryUpdate, TrackerId};
use crate::store::Store;

/// First wait after the store could not take an update; doubled up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Tries before an update is given up. The text is then still PENDING and is offered again: shown twice rather than lost.
const TRIES: u32 = 10;

/// Settles receipts. Tasks are counted, so that a stopping daemon can wait for them.
#[derive(Clone)]
pub struct Receipts {
    store: Arc<dyn Store>,
    tasks: TaskTracker,
    unsettled: Arc<Unsettled>,
}

/// Trackers with updates on their way into the store. What the store shows of their texts is about to change.
#[derive(Default)]
struct Unsettled {
    trackers: Mutex<HashMap<TrackerId, Way>>,
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
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, tasks: TaskTracker::new(), unsettled: Arc::default() }
    }

    /// Settles updates of one tracker's texts in the background.
    pub fn settle(&self, tracker: TrackerId, updates: Vec<DeliveryUpdate>) {
        if updates.is_empty() {
            return;
        }
        self.unsettled.trackers.lock().entry(tracker).or_default().updates += 1;
        let (store, unsettled) = (Arc::clone(&self.store), Arc::clone(&self.unsettled));
        self.tasks.spawn(async move {
            bring(&*store, updates).await;
            unsettled.done(tracker);
        });
    }

    /// Whether the store's picture of this tracker's texts is complete. If not, [`Receipts::settled`] returns once it is.
    pub(crate) fn is_settled(&self, tracker: TrackerId) -> bool {
        let mut trackers = self.unsettled.trackers.lock();
        let way = trackers.get_mut(&tracker);
        way.map(|way| way.awaited = true).is_none()
    }

    /// Waits until a tracker is settled that was not when [`Receipts::is_settled`] was asked.
    pub(crate) async fn settled(&self) {
        self.unsettled.settled.notified().await;
    }

    /// Waits until everything handed over is settled or given up.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

impl Unsettled {
    fn done(&self, tracker: TrackerId) {
        let mut trackers = self.trackers.lock();
        let Some(way) = trackers.get_mut(&tracker) else { return };
        way.updates -= 1;
        if way.updates == 0 {
            let awaited = way.awaited;
            trackers.remove(&tracker);
            if awaited {
                self.settled.notify_one();
            }
        }
    }
}

async fn bring(store: &dyn Store, updates: Vec<DeliveryUpdate>) {
    let mut wait = FIRST_WAIT;
    for _ in 0..TRIES {
        match store.update_deliveries(updates.clone()).await {
            Ok(outcomes) => {
                count(&outcomes);
                return;
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
}

fn count(outcomes: &[DeliveryOutcome]) {
    let delivered =
        outcomes.iter().filter(|outcome| matches!(outcome, DeliveryOutcome::Delivered(_))).count();
    metrics::counter!(crate::telemetry::metrics::TEXTS_DELIVERED).increment(delivered as u64);
}
