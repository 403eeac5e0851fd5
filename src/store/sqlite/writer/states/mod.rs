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
use std::fmt::Write as _;

use rusqlite::{Connection, Result};

use super::op::RecordCall;
use crate::model::TrackerId;
use crate::store::sqlite::query::{all, execute, first, one};
use crate::store::sqlite::sql;
use crate::store::sqlite::states::{Delta, Deltas, Dirty, merged};

/// States folded per transaction: few enough that others hardly notice, who wait some milliseconds for them.
const FOLD_PIECE: usize = 200;

/// Journal bytes after which a fold starts without waiting for its time.
const JOURNAL_BYTES: usize = 16 << 20;

/// Memory that is kept for writing journal rows.
const BUFFER_BYTES: usize = 1 << 20;

/// The writer's side.
pub(super) struct States {
    dirty: Dirty,
    /// Sequence number of the last committed journal row.
    journal_end: i64,
    journal_bytes: usize,
    /// The journal row of the open transaction: its number, and its size in bytes.
    staged: Option<(i64, usize)>,
    fold: Option<Fold>,
    /// Where journal rows are put together.
    row: String,
}

/// A fold under way.
struct Fold {
    rest: Vec<TrackerId>,
    journal_end: i64,
    /// What the open transaction folds.
    staged: HashMap<TrackerId, Deltas>,
}

/// Folds what an earlier process left in the journal.
pub(in crate::store::sqlite) fn replay(conn: &Connection) -> Result<()> {
    let (end,): (i64,) = one(conn, sql::LAST_JOURNAL, [])?;
    if end == 0 {
        return Ok(());
    }
    execute(conn, sql::BEGIN, [])?;
    let rows: Vec<(i64, String)> = all(conn, sql::JOURNAL, [])?;
    let mut left: HashMap<i64, Vec<String>> = HashMap::new();
    for (tracker, json) in rows {
        left.entry(tracker).or_default().push(json);
    }
    for (tracker, deltas) in &left {
        fold(conn, TrackerId(*tracker), deltas.iter().map(String::as_str))?;
    }
    execute(conn, sql::TRIM_JOURNAL, [i64::MAX])?;
    execute(conn, sql::COMMIT, [])?;
    Ok(())
}

/// Merges what `deltas` say of a tracker into the table.
fn fold<'a>(
    conn: &Connection,
    tracker: TrackerId,
    deltas: impl Iterator<Item = &'a str>,
) -> Result<()> {
    let known: Option<(String,)> = first(conn, sql::DEVICE_STATE, [tracker.0])?;
    let state = merged(known.as_ref().map(|(state,)| &**state), deltas);
    // What was read as a state, or merged from such, can be written as one.
    if let Ok(state) = serde_json::to_string(&state) {
        execute(conn, sql::FOLD_STATE, (tracker.0, state))?;
    }
    Ok(())
}

impl States {
    pub(super) fn new(dirty: Dirty) -> Self {
        Self {
            dirty,
            journal_end: 0,
            journal_bytes: 0,
            staged: None,
            fold: None,
            row: String::new(),
        }
    }

    /// Appends the states of all accepted calls to the journal.
    pub(super) fn append(&mut self, conn: &Connection, calls: &[RecordCall]) -> Result<()> {
        self.row.clear();
        self.row.shrink_to(BUFFER_BYTES);
        for call in calls.iter().filter(|call| call.result.is_ok()) {
            for (tracker, delta) in &call.input.states {
                self.row.push(if self.row.is_empty() { '[' } else { ',' });
                // Writing to memory does not fail.
                write!(self.row, "[{},", tracker.0).ok();
                self.row.push_str(delta.json());
                self.row.push(']');
            }
        }
        if self.row.is_empty() {
            return Ok(());
        }
        self.row.push(']');
        execute(conn, sql::APPEND_STATES, [&self.row])?;
        self.staged = Some((conn.last_insert_rowid(), self.row.len()));
        Ok(())
    }

    /// The transaction is committed: what it folded is clean, and what `calls` appended is dirty, in this order: a tracker may be among
    /// both.
    pub(super) fn committed(&mut self, calls: &mut [RecordCall]) {
        if let Some(fold) = &mut self.fold {
            self.dirty.remove(&std::mem::take(&mut fold.staged));
            if fold.rest.is_empty() {
                self.fold = None;
            }
        }
        if let Some((seq, bytes)) = self.staged.take() {
            self.journal_end = seq;
            self.journal_bytes += bytes;
            let accepted = calls.iter_mut().filter(|call| call.result.is_ok());
            self.dirty.add(accepted.flat_map(|call| call.input.states.drain(..)));
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
    pub(super) fn fold_piece(&mut self, conn: &Connection) -> Result<()> {
        let Some(fold) = &mut self.fold else { return Ok(()) };
        let from = fold.rest.len().saturating_sub(FOLD_PIECE);
        let piece: Vec<TrackerId> = fold.rest.drain(from..).collect();
        fold.staged = self.dirty.of(&piece);
        for (tracker, deltas) in &fold.staged {
            self::fold(conn, *tracker, deltas.iter().map(Delta::json))?;
        }
        if fold.rest.is_empty() {
            execute(conn, sql::TRIM_JOURNAL, [fold.journal_end])?;
        }
        Ok(())
    }
}
