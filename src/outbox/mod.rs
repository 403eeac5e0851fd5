//! The life of a message. Only this module changes a message's status.
//!
//! ```text
//!            send                 device confirmed the last part
//! (text) ──────────▶ PENDING ─────────────────────────────────▶ DELIVERED      outgoing
//!                     │   ▲  offered in id order while connected;
//!                     └───┘  refused, timed out, cut off: again later
//!
//! driver's text ───▶ PENDING ─────────────────────────────────▶ DELIVERED      incoming: "unread", "read"
//!                                     mark_read
//! ```
//!
//! * [`queue`]: what one connected device is shown next, a pure state machine;
//! * [`dispatcher`]: asks the store on behalf of queues that are behind, many at a time;
//! * [`receipts`]: brings what devices confirmed into the store, whatever happens to the connection.

pub mod dispatcher;
pub mod queue;
pub mod receipts;
mod to_the_end;

use std::sync::Arc;
use std::time::Duration;

use protocols::text::{TextPlan, TextRefusal};

use crate::clock::Clock;
use crate::directory::Device;
use crate::model::{Direction, MessageId, NewText, PendingText, QueuedText, TrackerId, UserId};
use crate::presence::Registry;
use crate::store::{Store, StoreError};

use to_the_end::ToTheEnd;

/// Queues texts, marks what dispatchers read.
pub struct Outbox {
    store: Arc<dyn Store>,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    /// Lifetime of a text in milliseconds; `None`: for ever.
    lifetime: Option<i64>,
}

/// A text that was not queued.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SendError {
    /// The device cannot take it.
    #[error(transparent)]
    Refused(#[from] TextRefusal),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of a broadcast, for each device in order.
pub type BroadcastOutcome = Vec<(TrackerId, Result<MessageId, TextRefusal>)>;

impl Outbox {
    /// An outbox over `store`. Committed texts are offered to the connections in `registry`.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
        lifetime: Option<i64>,
    ) -> Arc<Self> {
        Arc::new(Self { store, registry, clock, lifetime })
    }

    /// Queues a text for one device. Returns after the commit.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send(
        &self,
        device: &Device,
        text: &str,
        author: UserId,
    ) -> Result<MessageId, SendError> {
        let text = self.plan(device, Arc::from(text), author)?;
        let queued = self.queue(vec![text]).await?;
        queued.first().map(|queued| queued.id).ok_or_else(|| {
            StoreError::Corrupt(Arc::from("the store queued a text without giving it an id")).into()
        })
    }

    /// Queues a text for several devices in one transaction; devices that cannot take it are left out. Returns, for each device
    /// in order, the message's id or the refusal.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was queued.
    pub async fn broadcast(
        &self,
        devices: &[Arc<Device>],
        text: &str,
        author: UserId,
    ) -> Result<BroadcastOutcome, StoreError> {
        let text: Arc<str> = Arc::from(text);
        let planned: Vec<_> =
            devices.iter().map(|d| self.plan(d, Arc::clone(&text), author)).collect();
        let texts: Vec<_> = planned.iter().filter_map(|plan| plan.as_ref().ok()).cloned().collect();
        let mut queued =
            if texts.is_empty() { Vec::new() } else { self.queue(texts).await? }.into_iter();
        let outcome = devices.iter().zip(planned).filter_map(|(device, plan)| {
            let result = match plan {
                Ok(_) => Ok(queued.next()?.id),
                Err(refusal) => Err(refusal),
            };
            Some((device.tracker.id, result))
        });
        Ok(outcome.collect())
    }

    /// Marks incoming messages as read: all of `ids`, or none if one of them is not an incoming message of a tracker that
    /// `visible` accepts.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] in that case.
    pub async fn mark_read(
        &self,
        mut ids: Vec<MessageId>,
        visible: impl Fn(TrackerId) -> bool + Send,
    ) -> Result<(), StoreError> {
        ids.sort_unstable();
        ids.dedup();
        let found = self.store.messages(&ids).await?;
        let mine =
            found.iter().filter(|m| m.direction == Direction::Incoming && visible(m.tracker));
        if mine.count() != ids.len() {
            return Err(StoreError::NotFound("message"));
        }
        self.store.mark_read(ids).await
    }

    /// Marks all incoming messages of these trackers as read.
    ///
    /// # Errors
    /// [`StoreError`] of the store.
    pub async fn mark_all_read(&self, trackers: Vec<TrackerId>) -> Result<(), StoreError> {
        self.store.mark_all_read(trackers).await
    }

    fn plan(
        &self,
        device: &Device,
        text: Arc<str>,
        author: UserId,
    ) -> Result<NewText, TextRefusal> {
        let protocol = device.protocol().ok_or(TextRefusal::NotSupported)?;
        let TextPlan { cuts, lossy } = protocol.plan_text(&text, &device.options)?;
        Ok(NewText {
            tracker: device.tracker.id,
            text,
            cuts,
            lossy,
            author: Some(author),
            expires: self.lifetime.map(|lifetime| self.clock.wall().plus(lifetime)),
        })
    }

    /// A caller that goes away (a client that hangs up) must not keep what it had committed from being offered to its device.
    async fn queue(&self, texts: Vec<NewText>) -> Result<Vec<QueuedText>, StoreError> {
        let (store, registry) = (Arc::clone(&self.store), Arc::clone(&self.registry));
        let now = self.clock.now();
        ToTheEnd::new(async move {
            let kept = texts.clone();
            let queued = store.queue_texts(texts, now.wall.into()).await;
            match &queued {
                Ok(queued) => {
                    for (text, queued) in kept.into_iter().zip(queued) {
                        registry.offer(pending(text, *queued, now.monotonic));
                    }
                }
                // It may have been stored all the same. If so, it is there for the device.
                Err(_) => kept.iter().for_each(|text| registry.nudge(text.tracker)),
            }
            queued
        })
        .await
    }
}

fn pending(text: NewText, queued: QueuedText, accepted: Duration) -> PendingText {
    PendingText {
        id: queued.id,
        tracker: text.tracker,
        text: text.text,
        cuts: text.cuts,
        parts_done: 0,
        serial: queued.serial,
        attempts: 0,
        submit: queued.submit,
        accepted: Some(accepted),
    }
}

/// How long a text may wait, from hours as configured.
#[must_use]
pub fn lifetime_from_hours(hours: Option<u32>) -> Option<i64> {
    hours.map(|hours| i64::from(hours) * 3_600_000)
}
