//! Messages on their way: as the API shows them, as they are queued, offered, stored and settled.

use std::sync::Arc;
use std::time::Duration;

use super::{DeviceState, EmployeeId, MessageId, Millis, TrackerId, UserId};

/// Which way a message goes, seen from the dispatcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the driver.
    Incoming,
    /// To the driver.
    Outgoing,
}

/// The two states the API knows. Outgoing: confirmed by the device or not. Incoming: read by a dispatcher or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not confirmed, not read.
    Pending,
    /// Confirmed, read.
    Delivered,
}

/// A message as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Id.
    pub id: MessageId,
    /// Tracker.
    pub tracker: TrackerId,
    /// Direction.
    pub direction: Direction,
    /// Status.
    pub status: Status,
    /// When it was stored. Never decreases with increasing id.
    pub submit: Millis,
    /// When the device's confirmation was processed; `None` for every incoming message.
    pub update: Option<Millis>,
    /// The text.
    pub text: String,
    /// The driver assigned to the tracker when an incoming message came.
    pub employee: Option<EmployeeId>,
}

/// An outgoing text to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewText {
    /// To whom.
    pub tracker: TrackerId,
    /// Text, whole.
    pub text: Arc<str>,
    /// Where it is cut into parts ([`protocols::text::TextPlan::cuts`]).
    pub cuts: Vec<u32>,
    /// The device's charset lacks some of its characters.
    pub lossy: bool,
    /// Who sends it.
    pub author: Option<UserId>,
    /// After this moment it is no longer offered to the device (it stays PENDING for the API).
    pub expires: Option<Millis>,
}

/// What the store assigned to a queued text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuedText {
    /// Id.
    pub id: MessageId,
    /// Submit time.
    pub submit: Millis,
    /// Serial of the first part; the part with index `n` (from 0) has `serial + n`. Consecutive per tracker, so that the serials of a tracker's last
    /// 65 536 parts are distinct modulo 65 536.
    pub serial: u32,
}

/// An outgoing text that waits for its device's confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingText {
    /// Id.
    pub id: MessageId,
    /// To whom.
    pub tracker: TrackerId,
    /// Text, whole.
    pub text: Arc<str>,
    /// Where it is cut.
    pub cuts: Vec<u32>,
    /// Parts that the device has confirmed already.
    pub parts_done: u16,
    /// Serial of the first part.
    pub serial: u32,
    /// Attempts so far that did not succeed.
    pub attempts: u32,
    /// Submit time.
    pub submit: Millis,
    /// When the call that sent it was accepted, on the monotonic clock of this process; `None` if it was loaded from the store.
    pub accepted: Option<Duration>,
}

/// A driver's text to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDriverText {
    /// From whom.
    pub tracker: TrackerId,
    /// Text.
    pub text: String,
    /// The driver assigned to the tracker now.
    pub employee: Option<EmployeeId>,
    /// When it was written, by the device's clock.
    pub device_time: Option<Millis>,
    /// When it arrived.
    pub received: Millis,
    /// Recognises a repeat.
    pub repeat: Repeat,
    /// Serial of the outgoing part it answers.
    pub reply_to: Option<u32>,
    /// The machine wrote it, not the driver.
    pub from_device: bool,
}

/// How a repeated driver text is recognised ([`protocols::RepeatKey`], combined with the text).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    /// Hash of what makes the message unique within its tracker.
    pub key: u64,
    /// How long the key stays significant, in milliseconds.
    pub window: i64,
    /// The same key over the same connection is a new message.
    pub other_connection_only: bool,
    /// Number of the connection, unique within this process and never 0.
    pub connection: u64,
}

/// What became of a driver's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredText {
    /// Stored under this id.
    New(MessageId),
    /// A repeat of one that is stored already.
    Repeat,
}

/// What one read from one connection wants stored, all or nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Uplink {
    /// Driver texts, in order.
    pub texts: Vec<NewDriverText>,
    /// New device states, in order.
    pub states: Vec<(TrackerId, DeviceState)>,
}

/// What became known about an outgoing text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryUpdate {
    /// The device confirmed a part.
    Confirmed {
        /// Message.
        id: MessageId,
        /// Parts confirmed now, from the first: this part's index + 1.
        parts_done: u16,
        /// When the confirmation was processed.
        at: Millis,
        /// Failed attempts before this one, for the record.
        attempts: u32,
    },
    /// The device quoted a serial that its connection does not wait for: the tracker's pending text with that serial, if any. Only a receipt for the
    /// next unconfirmed part counts.
    ConfirmedSerial {
        /// Tracker.
        tracker: TrackerId,
        /// Quoted serial.
        serial: u32,
        /// Significant low bits of it.
        bits: u8,
        /// When the confirmation was processed.
        at: Millis,
    },
    /// An attempt failed. The text stays PENDING.
    Failed {
        /// Message.
        id: MessageId,
        /// Attempts so far, this one included.
        attempts: u32,
        /// Not offered to the device again before this moment.
        retry: Millis,
        /// What happened, for the operator.
        error: String,
    },
    /// The driver opened a text. The first time counts, and no status changes.
    Read {
        /// Message.
        id: MessageId,
        /// When that was processed.
        at: Millis,
    },
    /// The driver opened a text, of which the device quoted only a serial: the newest among the tracker's last 256 outgoing
    /// texts whose last part has it.
    ReadSerial {
        /// Tracker.
        tracker: TrackerId,
        /// Quoted serial.
        serial: u32,
        /// Significant low bits of it.
        bits: u8,
        /// When that was processed.
        at: Millis,
    },
}

/// What a [`DeliveryUpdate`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// PENDING became DELIVERED, now and by this update.
    Delivered(MessageId),
    /// A part was noted; more are to come.
    Progressed(MessageId),
    /// An attempt was noted, or when the driver opened it.
    Noted,
    /// Nothing to change: unknown, delivered already, or out of order.
    Unchanged,
}
