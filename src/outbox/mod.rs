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

use std::collections::HashSet;
use std::sync::Arc;

use protocols::text::TextRefusal;

use crate::clock::Clock;
use crate::directory::{Device, Directory};
use crate::model::{Direction, MessageId, NewText, TrackerId, UserId};
use crate::store::{Store, StoreError};

/// Queues texts, marks what dispatchers read.
pub struct Outbox {
    store: Arc<dyn Store>,
    directory: Arc<Directory>,
    clock: Arc<dyn Clock>,
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

impl Outbox {
    /// An outbox over `store`.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        directory: Arc<Directory>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self { store, directory, clock })
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
        let new = planned(device, &Arc::from(text), author)?;
        let queued = self.store.queue_texts(vec![new], self.clock.wall()).await?;
        queued.first().map(|text| text.id).ok_or_else(|| unanswered().into())
    }

    /// Queues a text for several devices in one transaction; devices that cannot take it are left out. Returns, for each device in order, the message's id or
    /// the refusal.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was queued.
    pub async fn broadcast(
        &self,
        devices: &[Arc<Device>],
        text: &str,
        author: UserId,
    ) -> Result<Vec<(TrackerId, Result<MessageId, TextRefusal>)>, StoreError> {
        let text = Arc::from(text);
        let mut new = Vec::with_capacity(devices.len());
        let mut refused = Vec::with_capacity(devices.len());
        for device in devices {
            match planned(device, &text, author) {
                Ok(text) => {
                    new.push(text);
                    refused.push(None);
                }
                Err(refusal) => refused.push(Some(refusal)),
            }
        }
        let queued = match new.is_empty() {
            true => Vec::new(),
            false => self.store.queue_texts(new, self.clock.wall()).await?,
        };
        let mut queued = queued.into_iter();
        devices
            .iter()
            .zip(refused)
            .map(|(device, refusal)| {
                let result = match refusal {
                    Some(refusal) => Err(refusal),
                    None => Ok(queued.next().ok_or_else(unanswered)?.id),
                };
                Ok((device.tracker.id, result))
            })
            .collect()
    }

    /// Marks incoming messages as read: all of `ids`, or none if one of them is not an incoming message of a tracker that `visible` accepts.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] in that case.
    pub async fn mark_read(
        &self,
        ids: Vec<MessageId>,
        visible: impl Fn(TrackerId) -> bool + Send,
    ) -> Result<(), StoreError> {
        let messages = self.store.messages(&ids).await?;
        let markable: HashSet<MessageId> = messages
            .iter()
            .filter(|m| m.direction == Direction::Incoming && visible(m.tracker))
            .map(|m| m.id)
            .collect();
        if !ids.iter().all(|id| markable.contains(id)) {
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
}

fn planned(device: &Device, text: &Arc<str>, author: UserId) -> Result<NewText, TextRefusal> {
    let protocol = device.protocol().ok_or(TextRefusal::NotSupported)?;
    if !protocol.info().downlink_text {
        return Err(TextRefusal::NotSupported);
    }
    let plan = protocol.plan_text(text, &device.options)?;
    Ok(NewText {
        tracker: device.tracker.id,
        text: Arc::clone(text),
        cuts: plan.cuts,
        lossy: plan.lossy,
        author: Some(author),
        expires: None,
    })
}

fn unanswered() -> StoreError {
    StoreError::Corrupt("the store did not answer for every text".into())
}
