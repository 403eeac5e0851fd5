//! The one task that writes.
//!
//! It takes the first call, then whatever else is queued by then, carries all of it out in one transaction, and answers after
//! the commit. There is no timer: alone, a call costs one commit; a thousand at once share one.
//!
//! A transaction that fails is rolled back and its calls are told so, unless one of them may be to blame: then each is tried by
//! itself. After any failure the connection is opened anew and everything kept in memory is read again.

mod deliveries;
mod memory;
mod op;
mod opened;
mod outgoing;
mod removal;
mod states;
mod uplinks;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::memory::{Heard, Memory};
use self::op::Batch;
pub(super) use self::op::{BoxFuture, FnJob, Op, Read, Recorded, Reply};
use self::removal::Removals;
use self::states::States;
pub(super) use self::states::replay as replay_states;
use super::error::{is_environmental, store_error};
use super::states::Dirty;
use super::{SqliteOptions, schema, sql};
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
}

/// Starts the writer on an open connection. It ends when all senders are gone, or after [`Op::Close`].
pub(super) fn spawn(settings: Settings, conn: SqliteConnection, calls: mpsc::Receiver<Op>) {
    let calls = Arc::new(tokio::sync::Mutex::new(calls));
    tokio::spawn(async move {
        let mut conn = Some(conn);
        loop {
            let mut writer = Writer::new(settings.clone(), conn.take());
            let calls = Arc::clone(&calls);
            // In a task of its own, so that a panic ends that task only; the calls of its batch are answered by being dropped.
            let run = tokio::spawn(async move { writer.run(&mut *calls.lock().await).await });
            match run.await {
                Err(error) if error.is_panic() => {
                    tracing::error!(%error, "the store's writer panicked and is started again");
                }
                _ => return,
            }
        }
    });
}

/// The writer's state.
struct Writer {
    settings: Settings,
    conn: Option<SqliteConnection>,
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
    fn new(settings: Settings, conn: Option<SqliteConnection>) -> Self {
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

    async fn run(&mut self, calls: &mut mpsc::Receiver<Op>) {
        loop {
            let mut batch = Batch::default();
            let wake = if self.is_working() { Some(Instant::now()) } else { self.chores_at };
            let first = match wake {
                None => calls.recv().await,
                Some(at) => tokio::select! {
                    biased;
                    call = calls.recv() => call,
                    () = tokio::time::sleep_until(at) => {
                        self.work(batch).await;
                        continue;
                    }
                },
            };
            let Some(first) = first else { break };
            batch.add(first);
            while batch.calls() < MAX_CALLS && batch.rows() < MAX_ROWS && batch.closing.is_none() {
                let Ok(call) = calls.try_recv() else { break };
                batch.add(call);
            }
            let closing = batch.closing.take();
            self.work(batch).await;
            if let Some(reply) = closing {
                self.finish(calls).await;
                drop(reply.send(Ok(())));
                return;
            }
        }
        self.close().await;
    }

    /// Something goes on that is not to wait for its time.
    fn is_working(&self) -> bool {
        !self.resting && (self.states.is_folding() || self.removals.is_pending())
    }

    /// Carries out what was accepted before the closing call, then closes.
    async fn finish(&mut self, calls: &mut mpsc::Receiver<Op>) {
        calls.close();
        let mut batch = Batch::default();
        while let Some(call) = calls.recv().await {
            batch.add(call);
            if let Some(reply) = batch.closing.take() {
                drop(reply.send(Ok(())));
            }
            if batch.calls() >= MAX_CALLS || batch.rows() >= MAX_ROWS {
                self.work(std::mem::take(&mut batch)).await;
            }
        }
        self.work(batch).await;
        self.close().await;
    }

    async fn close(&mut self) {
        if let Some(conn) = self.conn.take()
            && let Err(error) = conn.close().await
        {
            tracing::warn!(%error, "the database was not closed properly; nothing is lost");
        }
    }

    /// One transaction, and what to do if it fails.
    async fn work(&mut self, mut batch: Batch) {
        let now = Instant::now();
        if self.chores_at.is_some_and(|at| at <= now) || self.states.is_folding() {
            self.states.start_fold();
        }
        match self.attempt(&mut batch).await {
            Ok(()) => self.settle(batch, now),
            Err(error) => {
                self.lost(&error, now);
                self.disconnect().await;
                if batch.calls() > 1 && !is_environmental(&error) {
                    self.one_by_one(batch).await;
                } else {
                    batch.fail(&store_error(&error));
                }
            }
        }
    }

    async fn one_by_one(&mut self, batch: Batch) {
        for mut single in batch.singly() {
            let now = Instant::now();
            match self.attempt(&mut single).await {
                Ok(()) => self.settle(single, now),
                Err(error) => {
                    self.lost(&error, now);
                    self.disconnect().await;
                    single.fail(&store_error(&error));
                }
            }
        }
    }

    /// After the commit: memory follows, callers are answered.
    fn settle(&mut self, batch: Batch, now: Instant) {
        self.settings.commits.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("cabwire_store_commits_total").increment(1);
        metrics::counter!("cabwire_store_calls_total").increment(batch.calls() as u64);
        self.resting = false;
        self.states.committed();
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
    fn lost(&mut self, error: &sqlx::Error, now: Instant) {
        tracing::error!(%error, "a transaction of the store failed");
        metrics::counter!("cabwire_store_failures_total").increment(1);
        forget(&mut self.memory, &mut self.heard);
        self.resting = true;
        self.states.rolled_back();
        self.removals.rolled_back();
        self.chores_at = Some(now + CHORES);
    }

    /// The next transaction gets a fresh connection.
    async fn disconnect(&mut self) {
        if let Some(mut conn) = self.conn.take() {
            // Fails if SQLite has rolled back already; closing does it otherwise.
            drop(sqlx::query(sql::ROLLBACK).execute(&mut conn).await);
            drop(conn.close().await);
        }
    }

    /// Everything between BEGIN and COMMIT.
    async fn attempt(&mut self, batch: &mut Batch) -> Result<(), sqlx::Error> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            none => {
                let options = schema::writer_options(&self.settings.path, &self.settings.options);
                none.insert(options.connect().await?)
            }
        };
        let (data_version,): (i64,) = sqlx::query_as(sql::BEGIN).fetch_one(&mut *conn).await?;
        if self.memory.as_ref().is_some_and(|memory| memory.data_version != data_version) {
            forget(&mut self.memory, &mut self.heard);
        }
        let memory = match &mut self.memory {
            Some(memory) => memory,
            none => {
                self.removals.load(conn).await?;
                none.insert(Memory::load(conn, data_version).await?)
            }
        };
        // What was read is marked before new texts are stored: nobody has seen those.
        mark_read(conn, &batch.reads).await?;
        if !batch.queues.is_empty() {
            outgoing::queue(conn, memory, &mut batch.queues).await?;
        }
        if !batch.deliveries.is_empty() {
            deliveries::update(conn, &mut batch.deliveries).await?;
        }
        if !batch.records.is_empty() {
            uplinks::record(conn, memory, &mut self.heard, &mut batch.records).await?;
            self.states.append(conn, &batch.records).await?;
        }
        for job in &mut batch.jobs {
            run_job(conn, job.as_mut()).await?;
        }
        self.removals.remove(conn, memory, &mut batch.removals).await?;
        self.removals.delete_piece(conn).await?;
        if !batch.pings.is_empty() {
            sqlx::query(sql::BEAT).execute(&mut *conn).await?;
        }
        self.states.fold_piece(conn).await?;
        if self.log_grew && self.chores_at.is_some_and(|at| at <= Instant::now()) {
            sqlx::query(sql::PRUNE_LOG).bind(LOG_ROWS).execute(&mut *conn).await?;
            self.log_grew = false;
        }
        sqlx::query(sql::COMMIT).execute(conn).await?;
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

async fn mark_read(conn: &mut SqliteConnection, calls: &[op::ReadCall]) -> Result<(), sqlx::Error> {
    let (mut ids, mut trackers) = (super::json::Rows::default(), super::json::Rows::default());
    for call in calls {
        match &call.input {
            Read::These(these) => these.iter().for_each(|id| ids.push(id)),
            Read::AllOf(these) => these.iter().for_each(|tracker| trackers.push(tracker)),
        }
    }
    if !ids.is_empty() {
        sqlx::query(sql::MARK_READ).bind(ids.finish()).execute(&mut *conn).await?;
    }
    if !trackers.is_empty() {
        sqlx::query(sql::MARK_ALL_READ).bind(trackers.finish()).execute(conn).await?;
    }
    Ok(())
}

/// Runs a job in a savepoint, so that a refused one leaves nothing behind.
async fn run_job(conn: &mut SqliteConnection, job: &mut dyn op::Job) -> Result<(), sqlx::Error> {
    sqlx::query(sql::SAVEPOINT).execute(&mut *conn).await?;
    let done = job.run(conn).await?;
    sqlx::query(if done { sql::RELEASE } else { sql::ROLLBACK_TO }).execute(conn).await?;
    Ok(())
}

/// The answer to a call that the writer did not live to give.
pub(super) fn no_answer() -> StoreError {
    StoreError::Unavailable(
        "the store's writer stopped; it is unknown whether this was stored".into(),
    )
}
