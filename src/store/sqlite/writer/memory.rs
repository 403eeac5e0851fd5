//! What the writer knows without asking the database: the next message id, each tracker's next serial, the texts a device may
//! be about to repeat.
//!
//! It is a cache of committed rows and of the open transaction, true because nobody else writes meanwhile. When a transaction
//! fails, or another process has committed, it is thrown away and read again. Only over which connection a text came is not in
//! the database: that is kept, as [`Heard`], over such a loss.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use rusqlite::{Connection, Result};

use crate::model::{MessageId, Millis, Repeat, TrackerId};
use crate::store::StoreError;
use crate::store::sqlite::query::{all, first, one};
use crate::store::sqlite::sql;

/// Repeats are recognised among so many of a tracker's last texts; [`sql::RECENT_TEXTS`] reads as many.
const RECENT: usize = 64;

/// Above so many trackers, or remembered texts, everything is forgotten.
const MAX_TRACKERS: usize = 200_000;
const MAX_TEXTS: usize = 1_000_000;

/// The cache.
pub(super) struct Memory {
    /// [`sql::DATA_VERSION`]'s number when this was read.
    pub(super) data_version: i64,
    last_id: i64,
    last_submit: i64,
    serials: HashMap<TrackerId, u32>,
    recent: Heard,
    recent_texts: usize,
    /// Texts that the open transaction takes for heard over another connection, with the one before.
    reheard: Vec<(TrackerId, Recent)>,
}

/// The last texts of trackers.
pub(super) type Heard = HashMap<TrackerId, VecDeque<Recent>>;

/// A stored driver text, as far as it takes to recognise a repeat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recent {
    key: u64,
    submit: i64,
    /// The connection that has our answer; 0 if nobody remembers.
    connection: u64,
}

impl Recent {
    fn is(&self, other: &Self) -> bool {
        (self.key, self.submit) == (other.key, other.submit)
    }
}

impl Memory {
    /// Reads what has to be known at once.
    pub(super) fn load(conn: &Connection, data_version: i64) -> Result<Self> {
        let (last_id, last_submit) = one(conn, sql::HIGHEST_ID, [])?;
        Ok(Self {
            data_version,
            last_id,
            last_submit,
            serials: HashMap::new(),
            recent: Heard::new(),
            recent_texts: 0,
            reheard: Vec::new(),
        })
    }

    /// The open transaction was committed.
    pub(super) fn committed(&mut self) {
        self.reheard.clear();
    }

    /// Forgets everything but what was heard over which connection before the open transaction.
    pub(super) fn into_heard(mut self) -> Heard {
        for (tracker, before) in self.reheard.into_iter().rev() {
            let texts = self.recent.get_mut(&tracker).into_iter().flatten();
            texts.filter(|text| text.is(&before)).for_each(|text| *text = before);
        }
        self.recent
    }

    /// The highest id and submit time given out.
    pub(super) const fn highest(&self) -> (i64, i64) {
        (self.last_id, self.last_submit)
    }

    /// Refuses if there are no ids left for `count` messages.
    pub(super) fn check_room(&self, count: usize) -> Result<(), StoreError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        if self.last_id.saturating_add(count) > i64::from(i32::MAX) {
            return Err(StoreError::Unavailable(
                "all message ids up to 2147483647 are used up; move to a fresh database".into(),
            ));
        }
        Ok(())
    }

    /// The id of a new message, and the time at which it counts as submitted. Before, [`Self::check_room`] must have been called.
    pub(super) fn take_id(&mut self, now: Millis) -> (MessageId, Millis) {
        self.last_id = self.last_id.saturating_add(1);
        self.last_submit = self.last_submit.max(now.0);
        (MessageId(self.last_id), Millis(self.last_submit))
    }

    /// Serial of the first of `parts` new parts. Before, [`Self::know_serial`] must have been called for the tracker.
    pub(super) fn take_serial(&mut self, tracker: TrackerId, parts: u32) -> u32 {
        let next = self.serials.entry(tracker).or_insert(1);
        let serial = *next;
        *next = serial.wrapping_add(parts);
        serial
    }

    /// Forgets all serials if they are too many. Not while the texts of a call are given theirs.
    pub(super) fn make_room_for_serials(&mut self) {
        if self.serials.len() > MAX_TRACKERS {
            self.serials.clear();
        }
    }

    /// Takes in the tracker's next serial. A tracker that does not exist is still unknown afterwards.
    pub(super) fn know_serial(&mut self, conn: &Connection, tracker: TrackerId) -> Result<()> {
        if let Entry::Vacant(unknown) = self.serials.entry(tracker)
            && let Some((serial,)) = first(conn, sql::NEXT_SERIAL, [tracker.0])?
        {
            unknown.insert(Option::map_or(serial, 1, wrap));
        }
        Ok(())
    }

    /// Whether the tracker is known to exist, after [`Self::know_serial`].
    pub(super) fn may_send(&self, tracker: TrackerId) -> bool {
        self.serials.contains_key(&tracker)
    }

    /// Forgets all driver texts if they are too many. Not while the texts of a call are looked at.
    pub(super) fn make_room_for_texts(&mut self) {
        if self.recent.len() > MAX_TRACKERS || self.recent_texts > MAX_TEXTS {
            self.recent.clear();
            self.recent_texts = 0;
        }
    }

    /// Takes in the tracker's last driver texts, with what `heard` says about them. A tracker that does not exist is still unknown
    /// afterwards.
    pub(super) fn know_recent(
        &mut self,
        conn: &Connection,
        tracker: TrackerId,
        heard: &mut Heard,
    ) -> Result<()> {
        let Entry::Vacant(unknown) = self.recent.entry(tracker) else { return Ok(()) };
        let rows: Vec<(Option<i64>, Option<i64>)> = all(conn, sql::RECENT_TEXTS, [tracker.0])?;
        let before = heard.remove(&tracker).unwrap_or_default();
        if rows.is_empty() {
            return Ok(());
        }
        let texts = rows.into_iter().filter_map(|(key, submit)| {
            let text = Recent { key: key?.cast_unsigned(), submit: submit?, connection: 0 };
            Some(before.iter().copied().find(|before| before.is(&text)).unwrap_or(text))
        });
        self.recent_texts += unknown.insert(texts.collect()).len();
        Ok(())
    }

    /// Whether the tracker is known to exist, after [`Self::know_recent`].
    pub(super) fn may_report(&self, tracker: TrackerId) -> bool {
        self.recent.contains_key(&tracker)
    }

    /// Whether a text that arrived at `received` repeats a stored one. If so, its connection has our answer to that one now:
    /// the same words once more over this connection are a new text.
    pub(super) fn is_repeat(
        &mut self,
        tracker: TrackerId,
        repeat: &Repeat,
        received: Millis,
    ) -> bool {
        let Some(texts) = self.recent.get_mut(&tracker) else { return false };
        let original = texts.iter_mut().find(|text| {
            text.key == repeat.key
                && received.0.saturating_sub(text.submit) <= repeat.window
                && !(repeat.other_connection_only && text.connection == repeat.connection)
        });
        let Some(text) = original else { return false };
        self.reheard.push((tracker, *text));
        text.connection = repeat.connection;
        true
    }

    /// Remembers a new text.
    pub(super) fn note_text(&mut self, tracker: TrackerId, repeat: &Repeat, submit: Millis) {
        let texts = self.recent.entry(tracker).or_default();
        if texts.len() >= RECENT {
            texts.pop_front();
            self.recent_texts = self.recent_texts.saturating_sub(1);
        }
        texts.push_back(Recent {
            key: repeat.key,
            submit: submit.0,
            connection: repeat.connection,
        });
        self.recent_texts += 1;
    }

    /// Forgets a removed tracker.
    pub(super) fn forget(&mut self, tracker: TrackerId) {
        self.serials.remove(&tracker);
        if let Some(texts) = self.recent.remove(&tracker) {
            self.recent_texts = self.recent_texts.saturating_sub(texts.len());
        }
    }
}

/// Serials count modulo 2³².
fn wrap(serial: i64) -> u32 {
    u32::try_from(serial.rem_euclid(1 << 32)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_lost_transaction_heard_is_not_kept() {
        let tracker = TrackerId(1);
        let over =
            |connection| Repeat { key: 7, window: 60_000, other_connection_only: true, connection };
        for committed in [false, true] {
            let mut memory = Memory {
                data_version: 1,
                last_id: 0,
                last_submit: 0,
                serials: HashMap::new(),
                recent: Heard::new(),
                recent_texts: 0,
                reheard: Vec::new(),
            };
            memory.note_text(tracker, &over(1), Millis(0));
            memory.committed();
            assert!(memory.is_repeat(tracker, &over(2), Millis(1)));
            assert!(!memory.is_repeat(tracker, &over(2), Millis(2)), "it has our answer now");
            if committed {
                memory.committed();
            }
            let connection = memory.into_heard()[&tracker][0].connection;
            assert_eq!(connection, if committed { 2 } else { 1 });
        }
    }
}
