//! Asks the store for the next texts of devices whose queue is behind.
//!
//! Requests that come together are answered by one query: after a restart thousands of devices log in within a second. A slow
//! sweep finds texts whose retry time has come.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use protocols::Lane;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::model::{PendingText, TrackerId};
use crate::outbox::receipts::Receipts;
use crate::presence::{Handle, Registry};
use crate::store::Store;

/// Trackers per query.
const BATCH: usize = 512;
/// How often texts whose retry time has come are looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// Wait after the store failed.
const AFTER_ERROR: Duration = Duration::from_millis(250);

/// Requests that wait for the store.
#[derive(Default)]
pub struct Dispatcher {
    waiting: Mutex<Vec<Request>>,
    wake: Notify,
}

/// What the dispatcher works with.
pub struct Parts {
    /// Where texts wait.
    pub store: Arc<dyn Store>,
    /// Where devices are connected.
    pub registry: Arc<Registry>,
    /// What is on its way into the store.
    pub receipts: Receipts,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// A queue that wants to know what is next.
#[derive(Clone)]
pub struct Request {
    /// Whose texts.
    pub tracker: TrackerId,
    /// Where the answer goes: to this lane …
    pub lane: Lane,
    /// … of this login …
    pub epoch: u64,
    /// … on this connection.
    pub handle: Arc<Handle>,
}

impl Dispatcher {
    /// Asks for the next texts of a tracker. The answer arrives in the connection's inbox. A queue asks once at a time, so the number of waiting requests is
    /// bounded by the number of devices connected.
    pub fn ask(&self, request: Request) {
        self.waiting.lock().push(request);
        self.wake.notify_one();
    }

    /// Serves requests until `stop`. `limit` is the number of texts per device.
    pub async fn serve(&self, parts: Parts, limit: usize, stop: CancellationToken) {
        let mut swept = parts.clock.wall();
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => self.answer(&parts, limit, &stop).await,
                () = parts.receipts.settled() => {
                    let late = parts.receipts.take_late();
                    late.into_iter().for_each(|tracker| parts.registry.nudge(tracker));
                    self.answer(&parts, limit, &stop).await;
                }
                _ = sweep.tick() => {
                    let now = parts.clock.wall();
                    match parts.store.due_retries(swept, now).await {
                        Ok(trackers) => {
                            trackers.into_iter().for_each(|tracker| parts.registry.nudge(tracker));
                            swept = now;
                        }
                        Err(error) => tracing::warn!(%error, "cannot look for texts to retry"),
                    }
                }
            }
        }
    }

    /// Requests that the store can answer rightly now. Those of devices with receipts on their way wait: the store would still
    /// show a text that the device has confirmed, and it would be shown twice.
    fn answerable(&self, receipts: &Receipts) -> Vec<Request> {
        let mut waiting = self.waiting.lock();
        let mut now = Vec::new();
        waiting.retain_mut(|request| {
            if now.len() >= BATCH || !receipts.is_settled(request.tracker) {
                return true;
            }
            now.push(request.clone());
            false
        });
        now
    }

    async fn answer(&self, parts: &Parts, limit: usize, stop: &CancellationToken) {
        loop {
            let requests = self.answerable(&parts.receipts);
            if requests.is_empty() {
                return;
            }
            let trackers: Vec<_> = requests.iter().map(|request| request.tracker).collect();
            let texts = loop {
                match parts.store.pending_texts(&trackers, limit, parts.clock.wall()).await {
                    Ok(texts) => break texts,
                    Err(error) => {
                        tracing::warn!(%error, "cannot load texts for {} devices, trying again", trackers.len());
                        if stop.run_until_cancelled(tokio::time::sleep(AFTER_ERROR)).await.is_none()
                        {
                            return;
                        }
                    }
                }
            };
            let mut by_tracker: HashMap<TrackerId, Vec<PendingText>> = HashMap::new();
            for text in texts {
                by_tracker.entry(text.tracker).or_default().push(text);
            }
            for request in requests {
                // Two connections of one device may ask at once during a takeover: both get an answer.
                let texts = by_tracker.get(&request.tracker).cloned().unwrap_or_default();
                request.handle.loaded(request.lane, request.epoch, texts);
            }
        }
    }
}
