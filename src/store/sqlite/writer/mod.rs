//! The one thread that writes.
//!
//! It takes the first call, then whatever else is queued by then, carries all of it out in one transaction, and answers after
//! the commit. There is no timer: alone, a call costs one commit; a thousand at once share one.
//!
//! A transaction that fails is rolled back and its calls are told so, unless one of them may be to blame: then each is tried by
//! itself. After any failure the connection is opened anew and everything kept in memory is read again.

mod calls;
mod deliveries;
mod memory;
mod op;
mod outgoing;
mod removal;
mod states;
mod uplinks;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, Error, Result};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(super) use self::calls::Calls;
use self::calls::{Inbox, Taken};
use self::memory::{Heard, Memory};
use self::op::Batch;
pub(super) use self::op::{FnJob, Op, Read, Recorded, Reply};
use self::removal::Removals;
use self::states::States;
use super::error::{is_environmental, store_error};
use super::query::{execute, one};
use super::states::Dirty;
use super::{OpenError, SqliteOptions, admin, schema, sql};
use crate::store::StoreError;

/// Calls in one transaction.
const MAX_CALLS: usize = 1000;
/// Rows after which no further call is taken into a transaction.
const MAX_ROWS: usize = 10_000;
/// Trackers of which it is remembered over a loss of memory over which connection they said what.
const MAX_HEARD: usize = 200_000;
/// How long states may stay in the journal, and the change log unpruned.
const CHORES: Duration = Duration::from_secs(5);
/// Changes of administered records that are remembered. Who is further behind gets everything.
pub(super) const LOG_ROWS: i64 = 100_000;

/// What the writer needs to start, also after a panic.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) path: PathBuf,
    pub(super) options: SqliteOptions,
    pub(super) dirty: Dirty,
    /// Transactions committed so far.
    pub(super) commits: Arc<AtomicU64>,
    pub(super) counters: Counters,
}

/// What the metrics tell of the writer. Whoever opens the store takes them: its thread's recorder counts, not the writer's.
#[derive(Clone)]
pub(super) struct Counters {
    commits: metrics::Counter,
    calls: metrics::Counter,
    failures: metrics::Counter,
}

impl Counters {
    pub(super) fn take() -> Self {
        Self {
            commits: metrics::counter!("cabwire_store_commits_total"),
            calls: metrics::counter!("cabwire_store_calls_total"),
            failures: metrics::counter!("cabwire_store_failures_total"),
        }
    }
}

/// A writer that runs.
pub(super) struct Running {
    pub(super) calls: Calls,
    /// Cancelled when all is written and the file is closed.
    pub(super) stopped: CancellationToken,
}

/// Opens the file on a thread of its own, which then writes until the calls are closed.
pub(super) async fn start(settings: Settings) -> Result<Running, OpenError> {
    let (calls, inbox) = calls::queue(settings.options.queue);
    let stopped = CancellationToken::new();
    let guard = stopped.clone().drop_guard();
    let (ready, opened) = oneshot::channel();
    let failed = |why: &str| OpenError::Thread { source: std::io::Error::other(why) };
    std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || live(&settings, &inbox, ready, guard))
        .map_err(|source| OpenError::Thread { source })?;
    opened.await.map_err(|_| failed("it panicked"))??;
    Ok(Running { calls, stopped })
}

/// The life of the writer's thread.
fn live(
    settings: &Settings,
    inbox: &Inbox,
    ready: oneshot::Sender<Result<(), OpenError>>,
    _stopped: DropGuard,
) {
    let mut conn = match open(settings) {
        Ok(conn) => Some(conn),
        Err(error) => {
            drop(ready.send(Err(error)));
            return;
        }
    };
    if ready.send(Ok(())).is_err() {
        // Whoever wanted to open the file has given up.
        return;
    }
    loop {
        let mut writer = Writer::new(settings.clone(), conn.take());
        // The calls of a batch that panics are answered by being dropped.
        match catch_unwind(AssertUnwindSafe(|| writer.run(inbox))) {
            Ok(()) => return,
            Err(_) => tracing::error!("the store's writer panicked and is started again"),
        }
    }
}

/// Opens the file and puts it in order: its schema, what an earlier process left in the journal, the models that always are there.
fn open(settings: &Settings) -> Result<Connection, OpenError> {
    let conn = schema::open(&settings.path, &settings.options)?;
    let database = |source| OpenError::Database { path: settings.path.clone(), source };
    states::replay(&conn).map_err(database)?;
    admin::catalog::ensure_models(&conn).map_err(database)?;
    Ok(conn)
}

/// The writer's state.
struct Writer {
    settings: Settings,
    conn: Option<Connection>,
    memory: Option<Memory>,
    /// What memories that were thrown away knew and the database does not.
    heard: Heard,
    states: States,
    removals: Removals,
    /// When states are to be folded and the change log is to be pruned.
    chores_at: Option<Instant>,
    log_grew: bool,
    /// The last transaction failed: nothing is tried again before `chores_at` unless somebody calls.
    resting: bool,
}

impl Writer {
    fn new(settings: Settings, conn: Option<Connection>) -> Self {
        let states = States::new(settings.dirty.clone());
        // A predecessor may have left things to do.
        let chores_at = Some(Instant::now() + CHORES);
        Self {
            settings,
            conn,
            memory: None,
            heard: Heard::new(),
            states,
            removals: Removals::default(),
            chores_at,
            log_grew: true,
            resting: false,
        }
    }

    fn run(&mut self, calls: &Inbox) {
        loop {
            let mut batch = Batch::default();
            let wake = if self.is_working() { Some(Instant::now()) } else { self.chores_at };
            let taken = calls.take(wake, |call| {
                batch.add(call);
                batch.calls() < MAX_CALLS && batch.rows() < MAX_ROWS
            });
            if taken == Taken::Closed {
                break;
            }
            self.work(batch);
        }
        if let Some(conn) = self.conn.take() {
            close(conn);
        }
    }

    /// Something goes on that is not to wait for its time.
    fn is_working(&self) -> bool {
        !self.resting && (self.states.is_folding() || self.removals.is_pending())
    }

    /// One transaction, and what to do if it fails.
    fn work(&mut self, mut batch: Batch) {
        let now = Instant::now();
        if self.chores_at.is_some_and(|at| at <= now) || self.states.is_folding() {
            self.states.start_fold();
        }
        match self.attempt(&mut batch) {
            Ok(()) => self.settle(batch, now),
            Err(error) => {
                self.lost(&error, now);
                self.disconnect();
                if batch.calls() > 1 && !is_environmental(&error) {
                    self.one_by_one(batch);
                } else {
                    batch.fail(&store_error(&error));
                }
            }
        }
    }

    fn one_by_one(&mut self, batch: Batch) {
        for mut single in batch.singly() {
            let now = Instant::now();
            match self.attempt(&mut single) {
                Ok(()) => self.settle(single, now),
                Err(error) => {
                    self.lost(&error, now);
                    self.disconnect();
                    single.fail(&store_error(&error));
                }
            }
        }
    }

    /// After the commit: memory follows, callers are answered.
    fn settle(&mut self, mut batch: Batch, now: Instant) {
        self.settings.commits.fetch_add(1, Ordering::Relaxed);
        self.settings.counters.commits.increment(1);
        self.settings.counters.calls.increment(batch.calls() as u64);
        self.resting = false;
        self.states.committed(&mut batch.records);
        if let Some(memory) = &mut self.memory {
            memory.committed();
        }
        self.log_grew |= !batch.jobs.is_empty() || !batch.removals.is_empty();
        let removed = batch.answer();
        for call in &removed {
            self.states.forget(call.input);
        }
        self.removals.committed(removed);
        let idle = !self.states.is_dirty() && !self.log_grew;
        self.chores_at = match self.chores_at {
            _ if idle => None,
            Some(at) if at > now => Some(at),
            _ => Some(now + CHORES),
        };
    }

    /// After a failure: what memory knows is not true any more.
    fn lost(&mut self, error: &Error, now: Instant) {
        tracing::error!(%error, "a transaction of the store failed");
        self.settings.counters.failures.increment(1);
        forget(&mut self.memory, &mut self.heard);
        self.resting = true;
        self.states.rolled_back();
        self.removals.rolled_back();
        self.chores_at = Some(now + CHORES);
    }

    /// The next transaction gets a fresh connection.
    fn disconnect(&mut self) {
        if let Some(conn) = self.conn.take() {
            // Fails if SQLite has rolled back already; closing does it otherwise.
            drop(execute(&conn, sql::ROLLBACK, []));
            close(conn);
        }
    }

    /// Everything between BEGIN and COMMIT.
    fn attempt(&mut self, batch: &mut Batch) -> Result<()> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            none => none.insert(schema::writer(&self.settings.path, &self.settings.options)?),
        };
        execute(conn, sql::BEGIN, [])?;
        // Under the lock: nobody else commits from here on.
        let (data_version,) = one(conn, sql::DATA_VERSION, [])?;
        if self.memory.as_ref().is_some_and(|memory| memory.data_version != data_version) {
            forget(&mut self.memory, &mut self.heard);
        }
        let memory = match &mut self.memory {
            Some(memory) => memory,
            none => {
                self.removals.load(conn)?;
                none.insert(Memory::load(conn, data_version)?)
            }
        };
        // What was read is marked before new texts are stored: nobody has seen those.
        mark_read(conn, &batch.reads)?;
        if !batch.queues.is_empty() {
            outgoing::queue(conn, memory, &mut batch.queues)?;
        }
        if !batch.deliveries.is_empty() {
            deliveries::update(conn, &mut batch.deliveries)?;
        }
        if !batch.records.is_empty() {
            uplinks::record(conn, memory, &mut self.heard, &mut batch.records)?;
            self.states.append(conn, &batch.records)?;
        }
        for job in &mut batch.jobs {
            run_job(conn, job.as_mut())?;
        }
        self.removals.remove(conn, memory, &mut batch.removals)?;
        self.removals.delete_piece(conn)?;
        if !batch.pings.is_empty() {
            execute(conn, sql::BEAT, [])?;
        }
        self.states.fold_piece(conn)?;
        if self.log_grew && self.chores_at.is_some_and(|at| at <= Instant::now()) {
            execute(conn, sql::PRUNE_LOG, [LOG_ROWS])?;
            self.log_grew = false;
        }
        execute(conn, sql::COMMIT, [])?;
        Ok(())
    }
}

/// What memory knows is read again when it is needed.
fn forget(memory: &mut Option<Memory>, heard: &mut Heard) {
    if let Some(memory) = memory.take() {
        heard.extend(memory.into_heard());
    }
    if heard.len() > MAX_HEARD {
        heard.clear();
    }
}

fn mark_read(conn: &Connection, calls: &[op::ReadCall]) -> Result<()> {
    for call in calls {
        match &call.input {
            Read::These(ids) => {
                for id in ids {
                    execute(conn, sql::MARK_READ, [id.0])?;
                }
            }
            Read::AllOf(trackers) => {
                for tracker in trackers {
                    execute(conn, sql::MARK_ALL_READ, [tracker.0])?;
                }
            }
        }
    }
    Ok(())
}

/// Runs a job in a savepoint, so that a refused one leaves nothing behind.
fn run_job(conn: &Connection, job: &mut dyn op::Job) -> Result<()> {
    execute(conn, sql::SAVEPOINT, [])?;
    if !job.run(conn)? {
        execute(conn, sql::ROLLBACK_TO, [])?;
    }
    execute(conn, sql::RELEASE, [])?;
    Ok(())
}

fn close(conn: Connection) {
    if let Err((_, error)) = conn.close() {
        tracing::warn!(%error, "the database was not closed properly; nothing is lost");
    }
}

/// The answer to a call that the writer did not live to give.
pub(super) fn no_answer() -> StoreError {
    StoreError::Unavailable(
        "the store's writer stopped; it is unknown whether this was stored".into(),
    )
}
