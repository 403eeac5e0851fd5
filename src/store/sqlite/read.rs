//! What is read of messages and device states, on the connections that only read.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::error::Failure;
use super::query::{all, first};
use super::states::{Delta, Dirty, merged};
use super::{json, sql};
use crate::model::{Assignment, DeviceState, Message, MessageId, Millis, PendingText, TrackerId};
use crate::store::{DeliveryRecord, MessageQuery};

type Result<T> = std::result::Result<T, Failure>;

fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn pending_texts(
    conn: &Connection,
    trackers: &[TrackerId],
    limit: usize,
    now: Millis,
) -> Result<Vec<PendingText>> {
    // Once each: a tracker that is asked for twice must not be offered its texts twice.
    let trackers: BTreeSet<_> = trackers.iter().collect();
    let asked = params![json::array(trackers), bound(limit), now.0];
    Ok(all(conn, sql::PENDING_TEXTS, asked)?)
}

pub(super) fn due_retries(conn: &Connection, since: Millis, now: Millis) -> Result<Vec<TrackerId>> {
    let trackers: Vec<(i64,)> = all(conn, sql::DUE_RETRIES, [since.0, now.0])?;
    Ok(trackers.into_iter().map(|(id,)| TrackerId(id)).collect())
}

pub(super) fn list(conn: &Connection, query: &MessageQuery) -> Result<Vec<Message>> {
    let statement = if query.ascending { sql::LIST_ASCENDING } else { sql::LIST_DESCENDING };
    let asked = params![query.tracker.0, query.from.0, query.to.0, query.limit];
    Ok(all(conn, statement, asked)?)
}

pub(super) fn messages(conn: &Connection, ids: &[MessageId]) -> Result<Vec<Message>> {
    Ok(all(conn, sql::MESSAGES, [json::array(ids)])?)
}

pub(super) fn last_submits(
    conn: &Connection,
    trackers: &[TrackerId],
) -> Result<Vec<(TrackerId, Millis)>> {
    type Newest = (i64, Option<i64>, Option<i64>, Option<i64>);
    let rows: Vec<Newest> = all(conn, sql::LAST_SUBMITS, [json::array(trackers)])?;
    let newest = rows.into_iter().filter_map(|(tracker, unread, read, outgoing)| {
        Some((TrackerId(tracker), Millis(unread.max(read).max(outgoing)?)))
    });
    Ok(newest.collect())
}

pub(super) fn unread_counts(
    conn: &Connection,
    trackers: &[TrackerId],
) -> Result<Vec<(TrackerId, i64)>> {
    let rows: Vec<(i64, i64)> = all(conn, sql::UNREAD_COUNTS, [json::array(trackers)])?;
    Ok(rows.into_iter().map(|(tracker, count)| (TrackerId(tracker), count)).collect())
}

pub(super) fn delivery_record(conn: &Connection, id: MessageId) -> Result<Option<DeliveryRecord>> {
    Ok(first(conn, sql::DELIVERY_RECORD, [id.0])?)
}

/// The states in the journal first: whatever is folded while we read is in the table by then, and merging twice does no harm.
pub(super) fn device_states(
    conn: &Connection,
    dirty: &Dirty,
    trackers: &[TrackerId],
) -> Result<Vec<(TrackerId, DeviceState)>> {
    let mut journalled = dirty.of(trackers);
    let rows: Vec<(i64, String)> = all(conn, sql::DEVICE_STATES, [json::array(trackers)])?;
    let known = rows.into_iter().map(|(tracker, state)| (TrackerId(tracker), Some(state)));
    let mut states = Vec::with_capacity(trackers.len());
    for (tracker, base) in known {
        let deltas = journalled.remove(&tracker).unwrap_or_default();
        states.push((tracker, merged(base.as_deref(), deltas.iter().map(Delta::json))));
    }
    for (tracker, deltas) in journalled {
        states.push((tracker, merged(None, deltas.iter().map(Delta::json))));
    }
    Ok(states)
}

pub(super) fn last_assignment(conn: &Connection, tracker: TrackerId) -> Result<Option<Assignment>> {
    Ok(first(conn, sql::LAST_ASSIGNMENT, [tracker.0])?)
}
