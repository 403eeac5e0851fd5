//! Device states: durable at the price of one journal row per transaction, folded into their table now and then.
//!
//! ```text
//! record ─▶ state_journal (one row per transaction) ─┐ commit ─▶ dirty map (memory): what readers see first
//!                                                     └─ every few seconds, in pieces ─▶ device_state, journal trimmed
//! ```
//!
//! A journal row may go only when the newest state of each of its trackers is in `device_state`. So a fold notes the journal's
//! end, writes every state that is dirty at that moment, and trims up to the noted end together with its last piece. Rows
//! appended meanwhile stay for the next fold. What a process leaves behind in the journal is folded by whoever opens the file next, in
//! one transaction and in the order of the rows; folding a state twice does no harm.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use sqlx::SqliteConnection;

use super::op::RecordCall;
use crate::model::TrackerId;
use crate::store::sqlite::json::Rows;
use crate::store::sqlite::sql;

/// States folded per transaction: few enough that others hardly notice.
const FOLD_PIECE: usize = 1000;

/// Journal bytes after which a fold starts without waiting for its time.
const JOURNAL_BYTES: usize = 16 << 20;

/// Acknowledged states that are in the journal only.
#[derive(Debug, Clone, Default)]
pub(in crate::store::sqlite) struct Dirty(Arc<RwLock<HashMap<TrackerId, Arc<str>>>>);

impl Dirty {
    /// Splits `trackers` into those with a dirty state and the others, which the table knows.
    pub(in crate::store::sqlite) fn split(
        &self,
        trackers: &[TrackerId],
    ) -> (Vec<(TrackerId, Arc<str>)>, Vec<TrackerId>) {
        let dirty = self.0.read();
        let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
        for id in trackers {
            match dirty.get(id) {
                Some(state) => here.push((*id, Arc::clone(state))),
                None => elsewhere.push(*id),
            }
        }
        (here, elsewhere)
    }

    /// States that wait to be folded.
    pub(in crate::store::sqlite) fn len(&self) -> usize {
        self.0.read().len()
    }
}

/// The writer's side.
pub(super) struct States {
    dirty: Dirty,
    /// Sequence number of the last committed journal row.
    journal_end: i64,
    journal_bytes: usize,
    /// A row of the open transaction.
    staged: Option<(i64, usize, HashMap<TrackerId, Arc<str>>)>,
    fold: Option<Fold>,
}

/// Folds what an earlier process left in the journal.
pub(in crate::store::sqlite) async fn replay(
    conn: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    let (end,): (i64,) = sqlx::query_as(sql::LAST_JOURNAL).fetch_one(&mut *conn).await?;
    if end > 0 {
        sqlx::raw_sql(sql::REPLAY_JOURNAL).execute(conn).await?;
    }
    Ok(())
}

/// A fold under way.
struct Fold {
    rest: Vec<TrackerId>,
    journal_end: i64,
    /// What the open transaction folds.
    staged: Vec<TrackerId>,
}

impl States {
    pub(super) fn new(dirty: Dirty) -> Self {
        Self { dirty, journal_end: 0, journal_bytes: 0, staged: None, fold: None }
    }

    /// Appends the states of all accepted calls to the journal.
    pub(super) async fn append(
        &mut self,
        conn: &mut SqliteConnection,
        calls: &mut [RecordCall],
    ) -> Result<(), sqlx::Error> {
        let mut newest: HashMap<TrackerId, Arc<str>> = HashMap::new();
        for call in calls.iter_mut().filter(|call| call.result.is_ok()) {
            for (tracker, state) in &call.input.states {
                newest.insert(*tracker, Arc::from(&**state));
            }
        }
        if newest.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::default();
        for (tracker, state) in &newest {
            rows.push_raw(tracker.0, state);
        }
        let rows = rows.finish();
        let bytes = rows.len();
        let done = sqlx::query(sql::APPEND_STATES).bind(rows).execute(conn).await?;
        self.staged = Some((done.last_insert_rowid(), bytes, newest));
        Ok(())
    }

    /// The transaction is committed: what it folded is clean, and what it appended is dirty, in this order: a tracker may be among both.
    pub(super) fn committed(&mut self) {
        let mut dirty = self.dirty.0.write();
        if let Some(fold) = &mut self.fold {
            for tracker in fold.staged.drain(..) {
                dirty.remove(&tracker);
            }
            if fold.rest.is_empty() {
                self.fold = None;
            }
        }
        if let Some((seq, bytes, newest)) = self.staged.take() {
            self.journal_end = seq;
            self.journal_bytes += bytes;
            dirty.extend(newest);
        }
    }

    /// The transaction is lost: so is what it appended, and what it folded still has to be.
    pub(super) fn rolled_back(&mut self) {
        self.staged = None;
        self.fold = None;
    }

    /// Forgets a removed tracker.
    pub(super) fn forget(&mut self, tracker: TrackerId) {
        self.dirty.0.write().remove(&tracker);
    }

    /// Something waits to be folded.
    pub(super) fn is_dirty(&self) -> bool {
        self.journal_bytes > 0 || self.dirty.len() > 0
    }

    /// A fold is under way, or should be by the size of the journal.
    pub(super) const fn is_folding(&self) -> bool {
        self.fold.is_some() || self.journal_bytes >= JOURNAL_BYTES
    }

    /// Starts a fold unless one is under way.
    pub(super) fn start_fold(&mut self) {
        if self.fold.is_none() && self.is_dirty() {
            let rest = self.dirty.0.read().keys().copied().collect();
            self.fold = Some(Fold { rest, journal_end: self.journal_end, staged: Vec::new() });
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
        let mut rows = Rows::default();
        {
            let dirty = self.dirty.0.read();
            for tracker in fold.rest.drain(from..) {
                if let Some(state) = dirty.get(&tracker) {
                    rows.push_raw(tracker.0, state);
                    fold.staged.push(tracker);
                }
            }
        }
        if !rows.is_empty() {
            sqlx::query(sql::FOLD_STATES).bind(rows.finish()).execute(&mut *conn).await?;
        }
        if fold.rest.is_empty() {
            sqlx::query(sql::TRIM_JOURNAL).bind(fold.journal_end).execute(conn).await?;
        }
        Ok(())
    }
}
