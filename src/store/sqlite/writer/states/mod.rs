//! Device states: durable at the price of one journal row per transaction, merged into their table now and then.
//!
//! ```text
//! record ─▶ state_journal (one row per transaction) ─┐ commit ─▶ dirty map (memory): what readers see first
//!                                                     └─ every few seconds, in pieces ─▶ device_state, journal trimmed
//! ```
//!
//! A journal row may go only when everything it says of each of its trackers is in `device_state`. So a fold notes the journal's
//! end, merges every state that is dirty at that moment, and trims up to the noted end together with its last piece. Rows
//! appended meanwhile stay for the next fold. What a process leaves behind in the journal is folded by whoever opens the file
//! next, in the order of the rows; merging a state twice does no harm.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use sqlx::SqliteConnection;

use super::op::RecordCall;
use crate::model::TrackerId;
use crate::store::sqlite::json::{self, Rows};
use crate::store::sqlite::sql;
use crate::store::sqlite::states::{Delta, Deltas, Dirty, merged};

/// States folded per transaction: few enough that others hardly notice.
const FOLD_PIECE: usize = 1000;

/// Journal bytes after which a fold starts without waiting for its time.
const JOURNAL_BYTES: usize = 16 << 20;

/// The writer's side.
pub(super) struct States {
    dirty: Dirty,
    /// Sequence number of the last committed journal row.
    journal_end: i64,
    journal_bytes: usize,
    /// A row of the open transaction.
    staged: Option<(i64, usize, Vec<(TrackerId, Delta)>)>,
    fold: Option<Fold>,
}

/// A fold under way.
struct Fold {
    rest: Vec<TrackerId>,
    journal_end: i64,
    /// What the open transaction folds.
    staged: HashMap<TrackerId, Deltas>,
}

/// Folds what an earlier process left in the journal.
pub(in crate::store::sqlite) async fn replay(
    conn: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    let (end,): (i64,) = sqlx::query_as(sql::LAST_JOURNAL).fetch_one(&mut *conn).await?;
    if end == 0 {
        return Ok(());
    }
    sqlx::query(sql::BEGIN).execute(&mut *conn).await?;
    let rows: Vec<(i64, String)> = sqlx::query_as(sql::JOURNAL).fetch_all(&mut *conn).await?;
    let mut left: HashMap<TrackerId, Vec<String>> = HashMap::new();
    for (tracker, json) in rows {
        left.entry(TrackerId(tracker)).or_default().push(json);
    }
    let trackers: Vec<_> = left.keys().copied().collect();
    for piece in trackers.chunks(FOLD_PIECE) {
        fold(conn, piece, |tracker| {
            left.get(&tracker).into_iter().flatten().map(String::as_str).collect()
        })
        .await?;
    }
    sqlx::query(sql::TRIM_JOURNAL).bind(i64::MAX).execute(&mut *conn).await?;
    sqlx::query(sql::COMMIT).execute(conn).await?;
    Ok(())
}

/// Merges what `deltas` says of each tracker into the table.
async fn fold<'a>(
    conn: &mut SqliteConnection,
    trackers: &[TrackerId],
    deltas: impl Fn(TrackerId) -> Vec<&'a str>,
) -> Result<(), sqlx::Error> {
    let known: Vec<(i64, String)> = sqlx::query_as(sql::DEVICE_STATES)
        .bind(json::array(trackers))
        .fetch_all(&mut *conn)
        .await?;
    let known: HashMap<i64, String> = known.into_iter().collect();
    let mut rows = Rows::default();
    for &tracker in trackers {
        let base = known.get(&tracker.0).map(String::as_str);
        rows.push(&(tracker, merged(base, deltas(tracker))));
    }
    if !rows.is_empty() {
        sqlx::query(sql::FOLD_STATES).bind(rows.finish()).execute(conn).await?;
    }
    Ok(())
}

impl States {
    pub(super) fn new(dirty: Dirty) -> Self {
        Self { dirty, journal_end: 0, journal_bytes: 0, staged: None, fold: None }
    }

    /// Appends the states of all accepted calls to the journal.
    pub(super) async fn append(
        &mut self,
        conn: &mut SqliteConnection,
        calls: &[RecordCall],
    ) -> Result<(), sqlx::Error> {
        let (mut newer, mut rows) = (Vec::new(), Rows::default());
        for call in calls.iter().filter(|call| call.result.is_ok()) {
            for (tracker, delta) in &call.input.states {
                rows.push_raw(tracker.0, delta.json());
                newer.push((*tracker, delta.clone()));
            }
        }
        if newer.is_empty() {
            return Ok(());
        }
        let rows = rows.finish();
        let bytes = rows.len();
        let done = sqlx::query(sql::APPEND_STATES).bind(rows).execute(conn).await?;
        self.staged = Some((done.last_insert_rowid(), bytes, newer));
        Ok(())
    }

    /// The transaction is committed: what it folded is clean, and what it appended is dirty, in this order: a tracker may be among
    /// both.
    pub(super) fn committed(&mut self) {
        if let Some(fold) = &mut self.fold {
            self.dirty.remove(&std::mem::take(&mut fold.staged));
            if fold.rest.is_empty() {
                self.fold = None;
            }
        }
        if let Some((seq, bytes, newer)) = self.staged.take() {
            self.journal_end = seq;
            self.journal_bytes += bytes;
            self.dirty.add(newer);
        }
    }

    /// The transaction is lost: so is what it appended, and what it folded still has to be.
    pub(super) fn rolled_back(&mut self) {
        self.staged = None;
        self.fold = None;
    }

    /// Forgets a removed tracker.
    pub(super) fn forget(&mut self, tracker: TrackerId) {
        self.dirty.forget(tracker);
    }

    /// Something waits to be folded.
    pub(super) fn is_dirty(&self) -> bool {
        self.journal_bytes > 0 || !self.dirty.is_empty()
    }

    /// A fold is under way, or should be by the size of the journal.
    pub(super) const fn is_folding(&self) -> bool {
        self.fold.is_some() || self.journal_bytes >= JOURNAL_BYTES
    }

    /// Starts a fold unless one is under way.
    pub(super) fn start_fold(&mut self) {
        if self.fold.is_none() && self.is_dirty() {
            let rest = self.dirty.trackers();
            self.fold = Some(Fold { rest, journal_end: self.journal_end, staged: HashMap::new() });
            self.journal_bytes = 0;
        }
    }

    /// Folds the next piece.
    pub(super) async fn fold_piece(
        &mut self,
        conn: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        let Some(fold) = &mut self.fold else { return Ok(()) };
        let from = fold.rest.len().saturating_sub(FOLD_PIECE);
        let piece: Vec<TrackerId> = fold.rest.drain(from..).collect();
        fold.staged = self.dirty.of(&piece);
        let staged = &fold.staged;
        let dirty: Vec<TrackerId> = staged.keys().copied().collect();
        self::fold(conn, &dirty, |tracker| {
            staged.get(&tracker).into_iter().flatten().map(|delta| delta.json()).collect()
        })
        .await?;
        if fold.rest.is_empty() {
            sqlx::query(sql::TRIM_JOURNAL).bind(fold.journal_end).execute(conn).await?;
        }
        Ok(())
    }
}
