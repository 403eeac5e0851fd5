//! Receipts and failures of outgoing texts, and when drivers opened them. Each update is one statement that changes the row if it is as it
//! has to be, and so tells what came of it; nothing is read first. Only a quoted serial has to be looked up.

use rusqlite::{Connection, Result, params};

use super::op::DeliverCall;
use crate::model::{DeliveryOutcome, DeliveryUpdate, MessageId, Millis, TrackerId};
use crate::store::sqlite::json::storable;
use crate::store::sqlite::query::{execute, first, one};
use crate::store::sqlite::sql;

/// Longest failure text kept, in characters.
const ERROR_CHARS: usize = 200;

/// Applies the updates of all calls, in order.
pub(super) fn update(conn: &Connection, calls: &mut [DeliverCall]) -> Result<()> {
    for call in calls {
        let outcomes: Result<_> = call.input.iter().map(|update| apply(conn, update)).collect();
        call.result = Ok(outcomes?);
    }
    Ok(())
}

fn apply(conn: &Connection, update: &DeliveryUpdate) -> Result<DeliveryOutcome> {
    match update {
        DeliveryUpdate::Confirmed { id, parts_done, at, attempts } => {
            confirm(conn, *id, *parts_done, *at, Some(*attempts))
        }
        DeliveryUpdate::ConfirmedSerial { tracker, serial, bits, at } => {
            match pending_by_serial(conn, *tracker, *serial, *bits)? {
                Some((id, next)) => confirm(conn, id, next, *at, None),
                None => Ok(DeliveryOutcome::Unchanged),
            }
        }
        DeliveryUpdate::Failed { id, attempts, retry, error } => {
            let error: String = storable(error).chars().take(ERROR_CHARS).collect();
            noted(execute(conn, sql::NOTE_FAILED, params![id.0, attempts, retry.0, error])?)
        }
        DeliveryUpdate::Read { id, at } => opened(conn, *id, *at),
        DeliveryUpdate::ReadSerial { tracker, serial, bits, at } => {
            match sent_by_serial(conn, *tracker, *serial, *bits)? {
                Some(id) => opened(conn, id, *at),
                None => Ok(DeliveryOutcome::Unchanged),
            }
        }
    }
}

/// The first parts of a text are confirmed, most often all.
fn confirm(
    conn: &Connection,
    id: MessageId,
    parts_done: u16,
    at: Millis,
    attempts: Option<u32>,
) -> Result<DeliveryOutcome> {
    let all = params![id.0, parts_done, at.0, attempts];
    if execute(conn, sql::CONFIRM_ALL, all)? > 0 {
        return Ok(DeliveryOutcome::Delivered(id));
    }
    if execute(conn, sql::CONFIRM_SOME, params![id.0, parts_done, attempts])? > 0 {
        return Ok(DeliveryOutcome::Progressed(id));
    }
    Ok(DeliveryOutcome::Unchanged)
}

fn opened(conn: &Connection, id: MessageId, at: Millis) -> Result<DeliveryOutcome> {
    noted(execute(conn, sql::NOTE_OPENED, [id.0, at.0])?)
}

const fn noted(changed: usize) -> Result<DeliveryOutcome> {
    Ok(if changed > 0 { DeliveryOutcome::Noted } else { DeliveryOutcome::Unchanged })
}

/// The oldest of the tracker's pending texts whose next part has this serial, and the number of parts done with it.
fn pending_by_serial(
    conn: &Connection,
    tracker: TrackerId,
    serial: u32,
    bits: u8,
) -> Result<Option<(MessageId, u16)>> {
    let Some(mask) = mask(bits) else { return Ok(None) };
    let row: Option<(i64, u16)> =
        first(conn, sql::PENDING_BY_SERIAL, params![tracker.0, serial, mask])?;
    Ok(row.map(|(id, parts_done)| (MessageId(id), parts_done.saturating_add(1))))
}

/// The newest of the tracker's texts whose last part has this serial.
fn sent_by_serial(
    conn: &Connection,
    tracker: TrackerId,
    serial: u32,
    bits: u8,
) -> Result<Option<MessageId>> {
    let Some(mask) = mask(bits) else { return Ok(None) };
    let (id,): (Option<i64>,) = one(conn, sql::SENT_BY_SERIAL, params![tracker.0, serial, mask])?;
    Ok(id.map(MessageId))
}

/// The significant bits of a quoted serial, if there are any.
const fn mask(bits: u8) -> Option<u32> {
    match bits {
        0 => None,
        1..32 => Some((1 << bits) - 1),
        _ => Some(u32::MAX),
    }
}
