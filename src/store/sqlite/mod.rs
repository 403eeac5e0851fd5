//! SQLite behind [`Store`]: one file, one thread that writes, a few threads that read.
//!
//! | file | owns |
//! |---|---|
//! | `schema.rs`, `schema/` | opening the file, versions, migrations |
//! | `sql.rs` | every statement |
//! | `writer/` | the thread that writes: batches, ids, serials, repeats, deliveries, device states, removals |
//! | `admin/` | changes of administered records, run by the writer |
//! | `readers.rs` | the threads that read |
//! | `read.rs`, `reference.rs` | what they read |
//! | `states.rs`, `strangers.rs` | device states not yet merged; refused devices |
//! | `query.rs`, `rows.rs`, `json.rs`, `error.rs` | to and from SQLite's values and errors |
//!
//! Invariant: only the writer's connection can write. Several processes may have the file open (a command next to the daemon);
//! each has its own writer, and SQLite's lock puts their transactions in order. Device states are recorded by one process only.

mod admin;
mod error;
mod json;
mod query;
mod read;
mod readers;
mod reference;
mod rows;
mod schema;
mod sql;
mod states;
mod strangers;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

pub use self::schema::{OpenError, SCHEMA};

use self::error::Failure;
use self::readers::Readers;
use self::states::Dirty;
use self::writer::{Calls, Counters, FnJob, Op, Read, Recorded, Reply};
use super::{DeliveryRecord, MessageQuery, Recording, Reference, Revision, Store, StoreError};
use crate::model::{
    Assignment, Credential, DeliveryOutcome, DeliveryUpdate, DeviceState, Digest, Employee,
    EmployeeId, Message, MessageId, Millis, Model, NewEmployee, NewText, NewTracker, NewUser,
    PendingText, QueuedText, Stranger, Tariff, TariffId, Tracker, TrackerChange, TrackerId, Uplink,
    User, UserChange, UserId,
};

/// How to open a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Create the file if there is none, and bring an older schema up to date.
    pub migrate: bool,
    /// Calls that may wait for the writer; more are told [`StoreError::Busy`].
    pub queue: usize,
    /// Threads that read, each with a connection.
    pub readers: u32,
    /// How long to wait for another process that is writing.
    pub busy: Duration,
    /// Largest size of the file in pages of 4 KiB, as if the disk ended there. `None`: no bound but the disk.
    pub max_pages: Option<u32>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            migrate: false,
            queue: 8192,
            readers: 4,
            busy: Duration::from_secs(5),
            max_pages: None,
        }
    }
}

impl SqliteOptions {
    /// Defaults, but the database is created and brought up to date.
    #[must_use]
    pub fn migrating() -> Self {
        Self { migrate: true, ..Self::default() }
    }
}

/// A [`Store`] in one SQLite file.
///
/// Dropping it lets the writer finish what is queued; [`Store::close`] waits for that.
pub struct SqliteStore {
    calls: Calls,
    readers: Readers,
    dirty: Dirty,
    commits: Arc<AtomicU64>,
    /// Cancelled when the writer has ended.
    stopped: CancellationToken,
}

impl SqliteStore {
    /// Opens the database at `path`.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub async fn open(path: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        let settings = writer::Settings {
            path: path.to_owned(),
            options,
            dirty: Dirty::default(),
            commits: Arc::default(),
            counters: Counters::take(),
        };
        let (dirty, commits) = (settings.dirty.clone(), Arc::clone(&settings.commits));
        let readers = Readers::start(path, &settings.options)
            .map_err(|source| OpenError::Thread { source })?;
        let writer::Running { calls, stopped } = writer::start(settings).await?;
        Ok(Self { calls, readers, dirty, commits, stopped })
    }

    /// Transactions committed by this handle so far.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Asks the writer and waits for its answer.
    async fn ask<T>(&self, op: impl FnOnce(Reply<T>) -> Op + Send) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.calls.put(op(reply))?;
        answer.await.unwrap_or_else(|_| Err(writer::no_answer()))
    }

    /// Has the writer run `work` in a savepoint. It may run again if the transaction fails for another call's sake.
    async fn job<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(|reply| Op::Job(Box::new(FnJob::new(work, reply)))).await
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}

#[async_trait]
impl Store for SqliteStore {
    async fn queue_texts(
        &self,
        texts: Vec<NewText>,
        now: Millis,
    ) -> Result<Vec<QueuedText>, StoreError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(|reply| Op::Queue(texts, now, reply)).await
    }

    async fn pending_texts(
        &self,
        trackers: &[TrackerId],
        limit: usize,
        now: Millis,
    ) -> Result<Vec<PendingText>, StoreError> {
        let trackers = trackers.to_vec();
        self.readers.read(move |conn| read::pending_texts(conn, &trackers, limit, now)).await
    }

    async fn due_retries(&self, since: Millis, now: Millis) -> Result<Vec<TrackerId>, StoreError> {
        self.readers.read(move |conn| read::due_retries(conn, since, now)).await
    }

    async fn update_deliveries(
        &self,
        updates: Vec<DeliveryUpdate>,
    ) -> Result<Vec<DeliveryOutcome>, StoreError> {
        if updates.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(|reply| Op::Deliver(updates, reply)).await
    }

    fn record(&self, uplink: Uplink) -> Recording {
        if uplink.texts.is_empty() && uplink.states.is_empty() {
            return Recording::done(Ok(Vec::new()));
        }
        let states = match states::deltas(&uplink.states) {
            Ok(states) => states,
            Err(error) => return Recording::done(Err(error)),
        };
        let (reply, recording) = Recording::pair();
        match self.calls.put(Op::Record(Recorded { texts: uplink.texts, states }, reply)) {
            Ok(()) => recording,
            Err(error) => Recording::done(Err(error)),
        }
    }

    async fn device_states(
        &self,
        trackers: &[TrackerId],
    ) -> Result<Vec<(TrackerId, DeviceState)>, StoreError> {
        let (dirty, trackers) = (self.dirty.clone(), trackers.to_vec());
        self.readers.read(move |conn| read::device_states(conn, &dirty, &trackers)).await
    }

    async fn note_strangers(&self, strangers: Vec<Stranger>) -> Result<(), StoreError> {
        self.job(move |conn| strangers::note(conn, &strangers)).await
    }

    async fn strangers(&self) -> Result<Vec<Stranger>, StoreError> {
        self.readers.read(strangers::list).await
    }

    async fn list_messages(&self, query: MessageQuery) -> Result<Vec<Message>, StoreError> {
        self.readers.read(move |conn| read::list(conn, &query)).await
    }

    async fn messages(&self, ids: &[MessageId]) -> Result<Vec<Message>, StoreError> {
        let ids = ids.to_vec();
        self.readers.read(move |conn| read::messages(conn, &ids)).await
    }

    async fn last_submits(
        &self,
        trackers: &[TrackerId],
    ) -> Result<Vec<(TrackerId, Millis)>, StoreError> {
        let trackers = trackers.to_vec();
        self.readers.read(move |conn| read::last_submits(conn, &trackers)).await
    }

    async fn unread_counts(
        &self,
        trackers: &[TrackerId],
    ) -> Result<Vec<(TrackerId, i64)>, StoreError> {
        let trackers = trackers.to_vec();
        self.readers.read(move |conn| read::unread_counts(conn, &trackers)).await
    }

    async fn mark_read(&self, ids: Vec<MessageId>) -> Result<(), StoreError> {
        self.ask(|reply| Op::Read(Read::These(ids), reply)).await
    }

    async fn mark_all_read(&self, trackers: Vec<TrackerId>) -> Result<(), StoreError> {
        self.ask(|reply| Op::Read(Read::AllOf(trackers), reply)).await
    }

    async fn delivery_record(&self, id: MessageId) -> Result<Option<DeliveryRecord>, StoreError> {
        self.readers.read(move |conn| read::delivery_record(conn, id)).await
    }

    async fn reference(&self, since: Option<Revision>) -> Result<Reference, StoreError> {
        self.readers.read(move |conn| reference::read(conn, since)).await
    }

    async fn create_user(&self, user: NewUser, now: Millis) -> Result<User, StoreError> {
        self.job(move |conn| admin::users::create(conn, &user, now)).await
    }

    async fn change_user(&self, id: UserId, change: UserChange) -> Result<User, StoreError> {
        self.job(move |conn| admin::users::change(conn, id, &change)).await
    }

    async fn remove_user(&self, id: UserId) -> Result<(), StoreError> {
        self.job(move |conn| admin::users::remove(conn, id)).await
    }

    async fn add_credential(&self, credential: Credential) -> Result<(), StoreError> {
        self.job(move |conn| admin::credentials::add(conn, &credential)).await
    }

    async fn remove_credential(&self, digest: Digest) -> Result<(), StoreError> {
        self.job(move |conn| admin::credentials::remove(conn, digest)).await
    }

    async fn touch_sessions(&self, used: Vec<(Digest, Millis)>) -> Result<(), StoreError> {
        self.job(move |conn| admin::credentials::touch(conn, &used)).await
    }

    async fn remove_idle_sessions(&self, before: Millis) -> Result<(), StoreError> {
        self.job(move |conn| admin::credentials::remove_idle(conn, before)).await
    }

    async fn create_trackers(
        &self,
        trackers: Vec<NewTracker>,
        now: Millis,
    ) -> Result<Vec<Tracker>, StoreError> {
        self.job(move |conn| admin::trackers::create(conn, &trackers, now)).await
    }

    async fn change_tracker(
        &self,
        id: TrackerId,
        change: TrackerChange,
    ) -> Result<Tracker, StoreError> {
        self.job(move |conn| admin::trackers::change(conn, id, change.clone())).await
    }

    async fn remove_tracker(&self, id: TrackerId) -> Result<(), StoreError> {
        self.ask(|reply| Op::RemoveTracker(id, reply)).await
    }

    async fn put_model(&self, model: Model) -> Result<(), StoreError> {
        self.job(move |conn| admin::catalog::put_model(conn, &model)).await
    }

    async fn create_tariff(
        &self,
        name: String,
        features: BTreeSet<String>,
        has_reports: bool,
    ) -> Result<Tariff, StoreError> {
        self.job(move |conn| admin::catalog::create_tariff(conn, &name, &features, has_reports))
            .await
    }

    async fn change_tariff(&self, tariff: Tariff) -> Result<(), StoreError> {
        self.job(move |conn| admin::catalog::change_tariff(conn, &tariff)).await
    }

    async fn remove_tariff(&self, id: TariffId) -> Result<(), StoreError> {
        self.job(move |conn| admin::catalog::remove_tariff(conn, id)).await
    }

    async fn create_employee(
        &self,
        user: UserId,
        employee: NewEmployee,
    ) -> Result<Employee, StoreError> {
        self.job(move |conn| admin::employees::create(conn, user, &employee)).await
    }

    async fn change_employee(
        &self,
        id: EmployeeId,
        employee: NewEmployee,
    ) -> Result<Employee, StoreError> {
        self.job(move |conn| admin::employees::change(conn, id, &employee)).await
    }

    async fn remove_employee(&self, id: EmployeeId) -> Result<(), StoreError> {
        self.job(move |conn| admin::employees::remove(conn, id)).await
    }

    async fn assign_employee(
        &self,
        tracker: TrackerId,
        assignment: Assignment,
    ) -> Result<(), StoreError> {
        self.job(move |conn| admin::employees::assign(conn, tracker, &assignment)).await
    }

    async fn last_assignment(&self, tracker: TrackerId) -> Result<Option<Assignment>, StoreError> {
        self.readers.read(move |conn| read::last_assignment(conn, tracker)).await
    }

    async fn setting(&self, name: &str, value: &str) -> Result<String, StoreError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.job(move |conn| admin::setting(conn, &name, &value)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.ask(Op::Ping).await
    }

    async fn close(&self) {
        // Readers first: whoever closes the file last moves the WAL into it.
        self.readers.close().await;
        self.calls.close();
        self.stopped.cancelled().await;
    }
}
