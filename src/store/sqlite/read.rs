//! What is read of messages and device states, on the connections that only read.

use std::collections::BTreeSet;

use sqlx::SqlitePool;

use super::error::store_error;
use super::rows::{MessageRow, PendingRow};
use super::states::{Delta, Dirty, merged};
use super::{json, sql};
use crate::model::{
    Assignment, DeviceState, EmployeeId, Message, MessageId, Millis, PendingText, TrackerId, UserId,
};
use crate::store::{DeliveryRecord, MessageQuery, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) async fn pending_texts(
    pool: &SqlitePool,
    trackers: &[TrackerId],
    limit: usize,
    now: Millis,
) -> Result<Vec<PendingText>> {
    // Once each: a tracker that is asked for twice must not be offered its texts twice.
    let trackers: BTreeSet<_> = trackers.iter().collect();
    let rows: Vec<PendingRow> = sqlx::query_as(sql::PENDING_TEXTS)
        .bind(json::array(trackers))
        .bind(bound(limit))
        .bind(now.0)
        .fetch_all(pool)
        .await
        .map_err(|error| store_error(&error))?;
    rows.into_iter().map(PendingText::try_from).collect()
}

pub(super) async fn due_retries(
    pool: &SqlitePool,
    since: Millis,
    now: Millis,
) -> Result<Vec<TrackerId>> {
    let trackers: Vec<i64> = sqlx::query_scalar(sql::DUE_RETRIES)
        .bind(since.0)
        .bind(now.0)
        .fetch_all(pool)
        .await
        .map_err(|error| store_error(&error))?;
    Ok(trackers.into_iter().map(TrackerId).collect())
}

pub(super) async fn list(pool: &SqlitePool, query: &MessageQuery) -> Result<Vec<Message>> {
    let statement = if query.ascending { sql::LIST_ASCENDING } else { sql::LIST_DESCENDING };
    let rows: Vec<MessageRow> = sqlx::query_as(statement)
        .bind(query.tracker.0)
        .bind(query.from.0)
        .bind(query.to.0)
        .bind(query.limit)
        .fetch_all(pool)
        .await
        .map_err(|error| store_error(&error))?;
    Ok(rows.into_iter().map(Message::from).collect())
}

pub(super) async fn messages(pool: &SqlitePool, ids: &[MessageId]) -> Result<Vec<Message>> {
    let rows: Vec<MessageRow> = sqlx::query_as(sql::MESSAGES)
        .bind(json::array(ids))
        .fetch_all(pool)
        .await
        .map_err(|error| store_error(&error))?;
    Ok(rows.into_iter().map(Message::from).collect())
}

pub(super) async fn last_submits(
    pool: &SqlitePool,
    trackers: &[TrackerId],
) -> Result<Vec<(TrackerId, Millis)>> {
    type Newest = (i64, Option<i64>, Option<i64>, Option<i64>);
    let rows: Vec<Newest> = sqlx::query_as(sql::LAST_SUBMITS)
        .bind(json::array(trackers))
        .fetch_all(pool)
        .await
        .map_err(|error| store_error(&error))?;
    let newest = rows.into_iter().filter_map(|(tracker, unread, read, outgoing)| {
        Some((TrackerId(tracker), Millis(unread.max(read).max(outgoing)?)))
    });
    Ok(newest.collect())
}

pub(super) async fn unread_counts(
    pool: &SqlitePool,
    trackers: &[TrackerId],
) -> Result<Vec<(TrackerId, i64)>> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(sql::UNREAD_COUNTS)
        .bind(json::array(trackers))
        .fetch_all(pool)
        .await
        .map_err(|error| store_error(&error))?;
    Ok(rows.into_iter().map(|(tracker, count)| (TrackerId(tracker), count)).collect())
}

pub(super) async fn delivery_record(
    pool: &SqlitePool,
    id: MessageId,
) -> Result<Option<DeliveryRecord>> {
    type Row =
        (u32, u16, u32, Option<String>, Option<i64>, Option<i64>, bool, Option<i64>, Option<i64>);
    let row: Option<Row> = sqlx::query_as(sql::DELIVERY_RECORD)
        .bind(id.0)
        .fetch_optional(pool)
        .await
        .map_err(|error| store_error(&error))?;
    Ok(row.map(|(parts, parts_done, attempts, last_error, retry, expires, lossy, author, read)| {
        DeliveryRecord {
            parts,
            parts_done,
            attempts,
            last_error,
            retry: retry.map(Millis),
            expires: expires.map(Millis),
            lossy,
            author: author.map(UserId),
            read: read.map(Millis),
        }
    }))
}

/// The states in the journal first: whatever is folded while we read is in the table by then, and merging twice does no harm.
pub(super) async fn device_states(
    pool: &SqlitePool,
    dirty: &Dirty,
    trackers: &[TrackerId],
) -> Result<Vec<(TrackerId, DeviceState)>> {
    let mut journalled = dirty.of(trackers);
    let rows: Vec<(i64, String)> = sqlx::query_as(sql::DEVICE_STATES)
        .bind(json::array(trackers))
        .fetch_all(pool)
        .await
        .map_err(|error| store_error(&error))?;
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

pub(super) async fn last_assignment(
    pool: &SqlitePool,
    tracker: TrackerId,
) -> Result<Option<Assignment>> {
    let row: Option<(Option<i64>, i64, bool)> = sqlx::query_as(sql::LAST_ASSIGNMENT)
        .bind(tracker.0)
        .fetch_optional(pool)
        .await
        .map_err(|error| store_error(&error))?;
    Ok(row.map(|(employee, changed, by_device)| Assignment {
        employee: employee.map(EmployeeId),
        changed: Millis(changed),
        by_device,
    }))
}
