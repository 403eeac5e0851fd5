//! SQLite behind [`Store`]: one file, one task that writes, a few connections that read.
//!
//! | file | owns |
//! |---|---|
//! | `schema.rs`, `schema/` | opening the file, versions, migrations |
//! | `sql.rs` | every statement |
//! | `writer/` | the task that writes: batches, ids, serials, repeats, deliveries, device states, removals |
//! | `admin/` | changes of administered records, run by the writer |
//! | `read.rs`, `reference.rs` | reading |
//! | `states.rs`, `strangers.rs` | device states not yet merged; refused devices |
//! | `rows.rs`, `json.rs`, `error.rs` | to and from SQLite's values and errors |
//!
//! Invariant: only the writer's connection can write. Several processes may have the file open (a command next to the daemon);
//! each has its own writer, and SQLite's lock puts their transactions in order. Device states are recorded by one process only.

mod admin;
mod error;
mod json;
mod read;
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
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

pub use self::schema::{OpenError, SCHEMA};

use self::error::Failure;
use self::states::Dirty;
use self::writer::{BoxFuture, FnJob, Op, Read, Recorded, Reply};
use super::{DeliveryRecord, MessageQuery, Recording, Reference, Revision, Store, StoreError};
use crate::model::{
    Assignment, Credential, DeliveryOutcome, DeliveryUpdate, DeviceState, Digest, Employee,
    EmployeeId, Message, MessageId, Millis, Model, NewEmployee, NewText, NewTracker, NewUser,
    PendingText, QueuedText, Stranger, Tariff, TariffId, Tracker, TrackerChange, TrackerId, Uplink,
    User, UserChange, UserId,
};

/// How long a call waits for one of the connections that read before it is told [`StoreError::Busy`].
const READER_PATIENCE: Duration = Duration::from_secs(5);

/// How to open a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Create the file if there is none, and bring an older schema up to date.
    pub migrate: bool,
    /// Calls that may wait for the writer; more are told [`StoreError::Busy`].
    pub queue: usize,
    /// Connections that read.
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
    calls: mpsc::Sender<Op>,
    readers: SqlitePool,
    dirty: Dirty,
    commits: Arc<AtomicU64>,
}

impl SqliteStore {
    /// Opens the database at `path`.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub async fn open(path: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        let mut conn = schema::open(path, &options).await?;
        let database = |source| OpenError::Database { path: path.to_owned(), source };
        writer::replay_states(&mut conn).await.map_err(database)?;
        admin::catalog::ensure_models(&mut conn).await.map_err(database)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers)
            .acquire_timeout(READER_PATIENCE)
            .test_before_acquire(false)
            .connect_lazy_with(schema::reader_options(path, &options));
        let (calls, receiver) = mpsc::channel(options.queue);
        let settings = writer::Settings {
            path: path.to_owned(),
            options,
            dirty: Dirty::default(),
            commits: Arc::default(),
        };
        let (dirty, commits) = (settings.dirty.clone(), Arc::clone(&settings.commits));
        writer::spawn(settings, conn, receiver);
        Ok(Self { calls, readers, dirty, commits })
    }

    /// Transactions committed by this handle so far.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Asks the writer and waits for its answer.
    async fn ask<T>(&self, op: impl FnOnce(Reply<T>) -> Op + Send) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(op(reply))?;
        answer.await.unwrap_or_else(|_| Err(writer::no_answer()))
    }

    /// Hands a call to the writer.
    fn send(&self, op: Op) -> Result<(), StoreError> {
        self.calls.try_send(op).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })
    }

    /// Has the writer run `work` in a savepoint. It may run again if the transaction fails for another call's sake.
    async fn job<T: Send + 'static>(
        &self,
        work: impl for<'c> Fn(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, Failure>>
        + Send
        + 'static,
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
        read::pending_texts(&self.readers, trackers, limit, now).await
    }

    async fn due_retries(&self, since: Millis, now: Millis) -> Result<Vec<TrackerId>, StoreError> {
        read::due_retries(&self.readers, since, now).await
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
        match self.send(Op::Record(Recorded { texts: uplink.texts, states }, reply)) {
            Ok(()) => recording,
            Err(error) => Recording::done(Err(error)),
        }
    }

    async fn device_states(
        &self,
        trackers: &[TrackerId],
    ) -> Result<Vec<(TrackerId, DeviceState)>, StoreError> {
        read::device_states(&self.readers, &self.dirty, trackers).await
    }

    async fn note_strangers(&self, strangers: Vec<Stranger>) -> Result<(), StoreError> {
        let strangers: Arc<[_]> = strangers.into();
        self.job(move |conn| {
            let strangers = Arc::clone(&strangers);
            Box::pin(async move { strangers::note(conn, &strangers).await })
        })
        .await
    }

    async fn strangers(&self) -> Result<Vec<Stranger>, StoreError> {
        strangers::list(&self.readers).await
    }

    async fn list_messages(&self, query: MessageQuery) -> Result<Vec<Message>, StoreError> {
        read::list(&self.readers, &query).await
    }

    async fn messages(&self, ids: &[MessageId]) -> Result<Vec<Message>, StoreError> {
        read::messages(&self.readers, ids).await
    }

    async fn last_submits(
        &self,
        trackers: &[TrackerId],
    ) -> Result<Vec<(TrackerId, Millis)>, StoreError> {
        read::last_submits(&self.readers, trackers).await
    }

    async fn unread_counts(
        &self,
        trackers: &[TrackerId],
    ) -> Result<Vec<(TrackerId, i64)>, StoreError> {
        read::unread_counts(&self.readers, trackers).await
    }

    async fn mark_read(&self, ids: Vec<MessageId>) -> Result<(), StoreError> {
        self.ask(|reply| Op::Read(Read::These(ids), reply)).await
    }

    async fn mark_all_read(&self, trackers: Vec<TrackerId>) -> Result<(), StoreError> {
        self.ask(|reply| Op::Read(Read::AllOf(trackers), reply)).await
    }

    async fn delivery_record(&self, id: MessageId) -> Result<Option<DeliveryRecord>, StoreError> {
        read::delivery_record(&self.readers, id).await
    }

    async fn reference(&self, since: Option<Revision>) -> Result<Reference, StoreError> {
        Ok(reference::read(&self.readers, since).await?)
    }

    async fn create_user(&self, user: NewUser, now: Millis) -> Result<User, StoreError> {
        self.job(move |conn| Box::pin(admin::users::create(conn, user.clone(), now))).await
    }

    async fn change_user(&self, id: UserId, change: UserChange) -> Result<User, StoreError> {
        self.job(move |conn| Box::pin(admin::users::change(conn, id, change.clone()))).await
    }

    async fn remove_user(&self, id: UserId) -> Result<(), StoreError> {
        self.job(move |conn| Box::pin(admin::users::remove(conn, id))).await
    }

    async fn add_credential(&self, credential: Credential) -> Result<(), StoreError> {
        self.job(move |conn| Box::pin(admin::credentials::add(conn, credential.clone()))).await
    }

    async fn remove_credential(&self, digest: Digest) -> Result<(), StoreError> {
        self.job(move |conn| Box::pin(admin::credentials::remove(conn, digest))).await
    }

    async fn touch_sessions(&self, used: Vec<(Digest, Millis)>) -> Result<(), StoreError> {
        let used: Arc<[_]> = used.into();
        self.job(move |conn| {
            let used = Arc::clone(&used);
            Box::pin(async move { admin::credentials::touch(conn, &used).await })
        })
        .await
    }

    async fn remove_idle_sessions(&self, before: Millis) -> Result<(), StoreError> {
        self.job(move |conn| Box::pin(admin::credentials::remove_idle(conn, before))).await
    }

    async fn create_trackers(
        &self,
        trackers: Vec<NewTracker>,
        now: Millis,
    ) -> Result<Vec<Tracker>, StoreError> {
        let trackers: Arc<[_]> = trackers.into();
        self.job(move |conn| {
            let trackers = Arc::clone(&trackers);
            Box::pin(async move { admin::trackers::create(conn, &trackers, now).await })
        })
        .await
    }

    async fn change_tracker(
        &self,
        id: TrackerId,
        change: TrackerChange,
    ) -> Result<Tracker, StoreError> {
        self.job(move |conn| Box::pin(admin::trackers::change(conn, id, change.clone()))).await
    }

    async fn remove_tracker(&self, id: TrackerId) -> Result<(), StoreError> {
        self.ask(|reply| Op::RemoveTracker(id, reply)).await
    }

    async fn put_model(&self, model: Model) -> Result<(), StoreError> {
        let model = Arc::new(model);
        self.job(move |conn| {
            let model = Arc::clone(&model);
            Box::pin(async move { admin::catalog::put_model(conn, &model).await })
        })
        .await
    }

    async fn create_tariff(
        &self,
        name: String,
        features: BTreeSet<String>,
        has_reports: bool,
    ) -> Result<Tariff, StoreError> {
        self.job(move |conn| {
            let (name, features) = (name.clone(), features.clone());
            Box::pin(admin::catalog::create_tariff(conn, name, features, has_reports))
        })
        .await
    }

    async fn change_tariff(&self, tariff: Tariff) -> Result<(), StoreError> {
        let tariff = Arc::new(tariff);
        self.job(move |conn| {
            let tariff = Arc::clone(&tariff);
            Box::pin(async move { admin::catalog::change_tariff(conn, &tariff).await })
        })
        .await
    }

    async fn remove_tariff(&self, id: TariffId) -> Result<(), StoreError> {
        self.job(move |conn| Box::pin(admin::catalog::remove_tariff(conn, id))).await
    }

    async fn create_employee(
        &self,
        user: UserId,
        employee: NewEmployee,
    ) -> Result<Employee, StoreError> {
        self.job(move |conn| Box::pin(admin::employees::create(conn, user, employee.clone()))).await
    }

    async fn change_employee(
        &self,
        id: EmployeeId,
        employee: NewEmployee,
    ) -> Result<Employee, StoreError> {
        self.job(move |conn| Box::pin(admin::employees::change(conn, id, employee.clone()))).await
    }

    async fn remove_employee(&self, id: EmployeeId) -> Result<(), StoreError> {
        self.job(move |conn| Box::pin(admin::employees::remove(conn, id))).await
    }

    async fn assign_employee(
        &self,
        tracker: TrackerId,
        assignment: Assignment,
    ) -> Result<(), StoreError> {
        self.job(move |conn| Box::pin(admin::employees::assign(conn, tracker, assignment.clone())))
            .await
    }

    async fn last_assignment(&self, tracker: TrackerId) -> Result<Option<Assignment>, StoreError> {
        read::last_assignment(&self.readers, tracker).await
    }

    async fn setting(&self, name: &str, value: &str) -> Result<String, StoreError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.job(move |conn| Box::pin(admin::setting(conn, name.clone(), value.clone()))).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.ask(Op::Ping).await
    }

    async fn close(&self) {
        // Readers first: whoever closes the file last moves the WAL into it.
        self.readers.close().await;
        let (reply, done) = oneshot::channel();
        if self.calls.send(Op::Close(reply)).await.is_ok() {
            // No answer means that another call of `close` was faster.
            drop(done.await);
        }
    }
}
