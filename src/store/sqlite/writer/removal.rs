//! Removing a tracker: the record at once, its messages piece by piece between other calls, so that a long history does not hold
//! up everybody else. The caller is answered when all is gone; what a stopped process left is taken up by the next.

use std::collections::VecDeque;

use rusqlite::{Connection, Result};

use super::memory::Memory;
use super::op::RemoveCall;
use crate::model::TrackerId;
use crate::store::StoreError;
use crate::store::sqlite::query::{all, execute};
use crate::store::sqlite::sql;

/// Messages deleted per transaction, by [`sql::DELETE_MESSAGES`].
const PIECE: usize = 1000;

/// Trackers whose messages are being deleted.
#[derive(Default)]
pub(super) struct Removals {
    pending: VecDeque<(TrackerId, Vec<RemoveCall>)>,
    /// The open transaction deletes the last messages of the first one.
    done: bool,
    /// Removed by the open transaction.
    staged: Vec<TrackerId>,
}

impl Removals {
    pub(super) fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Takes up what another process has left.
    pub(super) fn load(&mut self, conn: &Connection) -> Result<()> {
        let rows: Vec<(i64,)> = all(conn, sql::REMOVED_TRACKERS, [])?;
        for (id,) in rows {
            if !self.pending.iter().any(|(known, _)| known.0 == id) {
                self.pending.push_back((TrackerId(id), Vec::new()));
            }
        }
        Ok(())
    }

    /// Removes the trackers of these calls.
    pub(super) fn remove(
        &mut self,
        conn: &Connection,
        memory: &mut Memory,
        calls: &mut [RemoveCall],
    ) -> Result<()> {
        for call in calls {
            let id = call.input;
            if execute(conn, sql::DELETE_TRACKER, [id.0])? == 0 {
                call.result = Err(StoreError::NotFound("tracker"));
                continue;
            }
            execute(conn, sql::DELETE_STATE, [id.0])?;
            execute(conn, sql::NOTE_REMOVED, [id.0])?;
            execute(conn, sql::RAISE_HIGH_WATER, <[i64; 2]>::from(memory.highest()))?;
            memory.forget(id);
            self.staged.push(id);
        }
        Ok(())
    }

    /// Deletes some messages of the tracker whose turn it is.
    pub(super) fn delete_piece(&mut self, conn: &Connection) -> Result<()> {
        self.done = false;
        let next = self.pending.front().map(|(id, _)| *id).or_else(|| self.staged.first().copied());
        let Some(TrackerId(id)) = next else { return Ok(()) };
        if execute(conn, sql::DELETE_MESSAGES, [id])? < PIECE {
            execute(conn, sql::FORGET_REMOVED, [id])?;
            self.done = true;
        }
        Ok(())
    }

    /// The transaction is committed; `calls` are those of the trackers it removed.
    pub(super) fn committed(&mut self, calls: Vec<RemoveCall>) {
        self.staged.clear();
        for call in calls {
            self.pending.push_back((call.input, vec![call]));
        }
        if std::mem::take(&mut self.done)
            && let Some((_, calls)) = self.pending.pop_front()
        {
            calls.into_iter().for_each(RemoveCall::finish);
        }
    }

    /// The transaction is lost.
    pub(super) fn rolled_back(&mut self) {
        self.staged.clear();
        self.done = false;
    }
}
