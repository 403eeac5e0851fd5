//! What must survive: messages, the administered records, the devices' last state.
//!
//! One trait, one contract ([`Store`]), one suite of tests that every engine passes. The contract in prose:
//!
//! * A method that writes returns after the commit is on disk. Whatever waits at the same time may share a transaction; each
//!   call is atomic by itself, and one that is refused does not concern the others. Of calls that wait together, marks of read messages
//!   come before new texts.
//! * Ids of messages increase over all trackers in commit order, and submit times never decrease with them.
//! * A message leaves PENDING once. Every change of a status is a compare-and-set; a second confirmation changes nothing.
//! * A driver's text is a repeat if a stored one of the same tracker has the same key, is not older than the window, and (where only another
//!   connection counts) was last received over another connection. A repeat counts as received over its connection from then on, so each copy
//!   is matched once. At least the last 64 texts of a tracker are remembered, by every process.
//! * Texts come back as they were given, except that U+001A stands for U+0000, which databases cannot hold in a text.
//! * Ids of messages and trackers are never used again, also not those of removed ones.
//! * There is a model for every built-in profile, and `tracker_no_chat`.
//! * Several processes may use one database at a time (a command next to the daemon). Only one of them records device states.
//! * Lookups that find nothing return `None` or an empty list; [`StoreError::NotFound`] is for changes to what is not there.
//! * Time is an argument.

pub mod sqlite;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::model::{
    Assignment, Credential, DeliveryOutcome, DeliveryUpdate, DeviceState, Digest, Employee,
    EmployeeId, Message, MessageId, Millis, Model, NewEmployee, NewText, NewTracker, NewUser,
    PendingText, QueuedText, StoredText, Stranger, Tariff, TariffId, Tracker, TrackerChange,
    TrackerId, Uplink, User, UserChange, UserId,
};

/// Durable storage.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    // ── outgoing texts ──────────────────────────────────────────────────────────────────────────────────────────────

    /// Queues texts, all or nothing; the results are in the order of `texts`.
    async fn queue_texts(
        &self,
        texts: Vec<NewText>,
        now: Millis,
    ) -> Result<Vec<QueuedText>, StoreError>;

    /// For each of `trackers`: the oldest `limit` outgoing PENDING texts that may be offered to the device at `now` (not
    /// expired, retry time reached), in id order.
    async fn pending_texts(
        &self,
        trackers: &[TrackerId],
        limit: usize,
        now: Millis,
    ) -> Result<Vec<PendingText>, StoreError>;

    /// Trackers with a PENDING text whose retry time lies after `since` and not after `now`; in no particular order, at most some
    /// thousands at once.
    async fn due_retries(&self, since: Millis, now: Millis) -> Result<Vec<TrackerId>, StoreError>;

    /// Applies updates; the results are in the order of `updates`. That a driver opened a text changes no status, whatever that
    /// is, and is noted once.
    async fn update_deliveries(
        &self,
        updates: Vec<DeliveryUpdate>,
    ) -> Result<Vec<DeliveryOutcome>, StoreError>;

    // ── what devices send ───────────────────────────────────────────────────────────────────────────────────────────

    /// Stores an uplink, all or nothing; states are merged into what is known ([`DeviceState::merge`]); the results are those of its texts, in order.
    ///
    /// Called for every read from a device, so it is no async function: when it returns, the uplink is on its way, and several
    /// go there in the order of the calls.
    fn record(&self, uplink: Uplink) -> Recording;

    /// Last known states; trackers that never reported are left out.
    async fn device_states(
        &self,
        trackers: &[TrackerId],
    ) -> Result<Vec<(TrackerId, DeviceState)>, StoreError>;

    /// Writes down refused devices, replacing what is known of the same protocol and identity; keeps the latest 1000.
    async fn note_strangers(&self, strangers: Vec<Stranger>) -> Result<(), StoreError>;

    /// Refused devices, latest first.
    async fn strangers(&self) -> Result<Vec<Stranger>, StoreError>;

    // ── reading messages ────────────────────────────────────────────────────────────────────────────────────────────

    /// A tracker's messages of a window of submit times.
    async fn list_messages(&self, query: MessageQuery) -> Result<Vec<Message>, StoreError>;

    /// Messages by id, in no particular order; unknown ids are left out.
    async fn messages(&self, ids: &[MessageId]) -> Result<Vec<Message>, StoreError>;

    /// Submit time of each tracker's newest message in either direction.
    async fn last_submits(
        &self,
        trackers: &[TrackerId],
    ) -> Result<Vec<(TrackerId, Millis)>, StoreError>;

    /// Unread incoming messages per tracker; trackers without any are left out.
    async fn unread_counts(
        &self,
        trackers: &[TrackerId],
    ) -> Result<Vec<(TrackerId, i64)>, StoreError>;

    /// Marks incoming messages as read, in one transaction; others among `ids` are not touched.
    async fn mark_read(&self, ids: Vec<MessageId>) -> Result<(), StoreError>;

    /// Marks all incoming messages of these trackers as read, in one transaction.
    async fn mark_all_read(&self, trackers: Vec<TrackerId>) -> Result<(), StoreError>;

    /// How an outgoing text fares, for the operator.
    async fn delivery_record(&self, id: MessageId) -> Result<Option<DeliveryRecord>, StoreError>;

    // ── administered records ────────────────────────────────────────────────────────────────────────────────────────

    /// All administered records changed after `since` (`None`: all there are, see [`Reference::complete`]), by whatever process. Cheap when nothing
    /// changed.
    async fn reference(&self, since: Option<Revision>) -> Result<Reference, StoreError>;

    /// Creates a user. [`StoreError::Conflict`] if the login is taken.
    async fn create_user(&self, user: NewUser, now: Millis) -> Result<User, StoreError>;
    /// Changes a user. A new password or blocking ends its sessions.
    async fn change_user(&self, id: UserId, change: UserChange) -> Result<User, StoreError>;
    /// Removes a user without trackers. [`StoreError::Conflict`] while it has trackers or sub-users.
    async fn remove_user(&self, id: UserId) -> Result<(), StoreError>;

    /// Adds a session or API key.
    async fn add_credential(&self, credential: Credential) -> Result<(), StoreError>;
    /// Removes one; [`StoreError::NotFound`] if it is not there.
    async fn remove_credential(&self, digest: Digest) -> Result<(), StoreError>;
    /// Notes uses of sessions.
    async fn touch_sessions(&self, used: Vec<(Digest, Millis)>) -> Result<(), StoreError>;
    /// Removes sessions last used before `before`.
    async fn remove_idle_sessions(&self, before: Millis) -> Result<(), StoreError>;

    /// Creates trackers, all or nothing. [`StoreError::Conflict`] names the device identity that is taken, or the model whose
    /// profile is of another protocol.
    async fn create_trackers(
        &self,
        trackers: Vec<NewTracker>,
        now: Millis,
    ) -> Result<Vec<Tracker>, StoreError>;
    /// Changes a tracker. [`StoreError::Conflict`] as for new ones.
    async fn change_tracker(
        &self,
        id: TrackerId,
        change: TrackerChange,
    ) -> Result<Tracker, StoreError>;
    /// Removes a tracker with its messages.
    async fn remove_tracker(&self, id: TrackerId) -> Result<(), StoreError>;

    /// Creates or replaces a model. [`StoreError::Conflict`] if a tracker that has it speaks another protocol than its profile.
    async fn put_model(&self, model: Model) -> Result<(), StoreError>;
    /// Creates a tariff.
    async fn create_tariff(
        &self,
        name: String,
        features: BTreeSet<String>,
        has_reports: bool,
    ) -> Result<Tariff, StoreError>;
    /// Replaces a tariff's values.
    async fn change_tariff(&self, tariff: Tariff) -> Result<(), StoreError>;
    /// Removes a tariff no tracker has. [`StoreError::Conflict`] otherwise.
    async fn remove_tariff(&self, id: TariffId) -> Result<(), StoreError>;

    /// Creates an employee.
    async fn create_employee(
        &self,
        user: UserId,
        employee: NewEmployee,
    ) -> Result<Employee, StoreError>;
    /// Replaces an employee's values.
    async fn change_employee(
        &self,
        id: EmployeeId,
        employee: NewEmployee,
    ) -> Result<Employee, StoreError>;
    /// Removes an employee; trackers it is assigned to have nobody then.
    async fn remove_employee(&self, id: EmployeeId) -> Result<(), StoreError>;
    /// Assigns an employee (or nobody) to a tracker, and notes it in the history.
    async fn assign_employee(
        &self,
        tracker: TrackerId,
        assignment: Assignment,
    ) -> Result<(), StoreError>;
    /// The newest entry of a tracker's assignment history.
    async fn last_assignment(&self, tracker: TrackerId) -> Result<Option<Assignment>, StoreError>;

    // ── itself ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// A value the daemon keeps for itself (its device-code key, …): what is stored under `name`, after storing `value` if there was nothing.
    async fn setting(&self, name: &str, value: &str) -> Result<String, StoreError>;
    /// Answers if the store can be written.
    async fn ping(&self) -> Result<(), StoreError>;
    /// Commits what is queued, then closes. Later calls fail with [`StoreError::Unavailable`].
    async fn close(&self);
}

/// An uplink on its way into the store; a future of what became of it. Dropping it takes nothing back.
#[derive(Debug)]
pub struct Recording(oneshot::Receiver<Recorded>);

/// What became of an uplink.
pub type Recorded = Result<Vec<StoredText>, StoreError>;

impl Recording {
    /// The two ends: where the store answers, and what the caller waits for.
    #[must_use]
    pub fn pair() -> (oneshot::Sender<Recorded>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(receiver))
    }

    /// One whose outcome is known already.
    #[must_use]
    pub fn done(outcome: Recorded) -> Self {
        let (sender, recording) = Self::pair();
        // The receiver is there: it is returned.
        drop(sender.send(outcome));
        recording
    }
}

impl Future for Recording {
    type Output = Recorded;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Recorded> {
        let outcome = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(outcome.unwrap_or_else(|_| {
            let why = "the store stopped; it is unknown whether this was stored";
            Err(StoreError::Unavailable(why.into()))
        }))
    }
}

/// Which messages to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageQuery {
    /// Tracker.
    pub tracker: TrackerId,
    /// First submit time, inclusive.
    pub from: Millis,
    /// Last submit time, inclusive.
    pub to: Millis,
    /// At most so many.
    pub limit: u32,
    /// Oldest first; the limit applies after ordering. Ties are ordered by id in the same direction.
    pub ascending: bool,
}

/// How an outgoing text fares.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeliveryRecord {
    /// Parts in all.
    pub parts: u32,
    /// Parts confirmed.
    pub parts_done: u16,
    /// Attempts that failed.
    pub attempts: u32,
    /// What the last one failed with.
    pub last_error: Option<String>,
    /// Next attempt not before.
    pub retry: Option<Millis>,
    /// Not offered to the device after.
    pub expires: Option<Millis>,
    /// The device's charset lacks some of its characters.
    pub lossy: bool,
    /// Who sent it.
    pub author: Option<UserId>,
    /// When the driver opened it, if the device told.
    pub read: Option<Millis>,
}

/// A point in the history of the administered records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Revision(pub i64);

/// Administered records; after a [`Store::reference`] with `since`, only the changed ones, and the keys of removed ones.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    /// Ask for changes after this next time.
    pub revision: Revision,
    /// These are all records there are, not only the changed ones: whatever is not among them is gone. So it is without `since`, and when `since`
    /// is so long ago that the store has forgotten what changed.
    pub complete: bool,
    /// Users.
    pub users: Vec<User>,
    /// Sessions and API keys.
    pub credentials: Vec<Credential>,
    /// Trackers.
    pub trackers: Vec<Tracker>,
    /// Models.
    pub models: Vec<Model>,
    /// Tariffs.
    pub tariffs: Vec<Tariff>,
    /// Employees.
    pub employees: Vec<Employee>,
    /// Keys of records that are gone.
    pub removed: Vec<Removed>,
}

/// Key of a removed record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// User.
    User(UserId),
    /// Session or API key.
    Credential(Digest),
    /// Tracker.
    Tracker(TrackerId),
    /// Model, by code.
    Model(String),
    /// Tariff.
    Tariff(TariffId),
    /// Employee.
    Employee(EmployeeId),
}

/// Why the store could not do it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Something with that key exists, or is still in use.
    #[error("{0}")]
    Conflict(String),
    /// What was to be changed is not there.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// Too much is waiting already; try again.
    #[error("store is busy")]
    Busy,
    /// The store does not answer (disk full, closed, connection lost).
    #[error("store is unavailable: {0}")]
    Unavailable(std::sync::Arc<str>),
    /// Something stored makes no sense.
    #[error("stored data is corrupt: {0}")]
    Corrupt(std::sync::Arc<str>),
}

impl StoreError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable(_))
    }
}
