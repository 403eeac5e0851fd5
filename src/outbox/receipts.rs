//! Brings what devices said about texts into the store, whatever happens to the connection meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use crate::model::{DeliveryOutcome, DeliveryUpdate};
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
}

impl Receipts {
    /// Receipts into `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, tasks: TaskTracker::new() }
    }

    /// Settles updates in the background.
    pub fn settle(&self, updates: Vec<DeliveryUpdate>) {
        if updates.is_empty() {
            return;
        }
        let store = Arc::clone(&self.store);
        self.tasks.spawn(async move {
            let mut wait = FIRST_WAIT;
            for _ in 0..TRIES {
                match store.update_deliveries(updates.clone()).await {
                    Ok(outcomes) => {
                        count(&outcomes);
                        return;
                    }
                    Err(error) => tracing::warn!(%error, "cannot note {} receipts, trying again", updates.len()),
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            tracing::error!("{} receipts are lost: their texts stay PENDING and are sent again", updates.len());
        });
    }

    /// Waits until everything handed over is settled or given up.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

fn count(outcomes: &[DeliveryOutcome]) {
    let delivered =
        outcomes.iter().filter(|outcome| matches!(outcome, DeliveryOutcome::Delivered(_))).count();
    metrics::counter!(crate::telemetry::metrics::TEXTS_DELIVERED).increment(delivered as u64);
}
