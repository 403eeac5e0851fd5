//! Receipts and failures of outgoing texts: read the rows concerned, apply the updates one after the other, write the changed
//! rows back. Three statements at most, however many updates; nobody else writes in between.

use std::collections::{BTreeMap, HashMap};

use sqlx::SqliteConnection;

use super::op::DeliverCall;
use super::opened;
use crate::model::{DeliveryOutcome, DeliveryUpdate, MessageId, Millis, TrackerId};
use crate::store::sqlite::json::{Rows, storable};
use crate::store::sqlite::sql;

/// Longest failure text kept, in characters.
const ERROR_CHARS: usize = 200;

/// Applies the updates of all calls, in order.
pub(super) async fn update(
    conn: &mut SqliteConnection,
    calls: &mut [DeliverCall],
) -> Result<(), sqlx::Error> {
    let mut pending = Pending::load(conn, calls).await?;
    for call in calls.iter_mut() {
        call.result = Ok(call.input.iter().map(|update| pending.apply(update)).collect());
    }
    pending.save(&mut *conn).await?;
    opened::note(conn, calls).await
}

/// A pending text, as it will be after the updates.
struct Row {
    serial: u32,
    parts: u32,
    parts_done: u16,
    attempts: u32,
    retry: Option<i64>,
    last_error: Option<String>,
    delivered: Option<i64>,
    changed: bool,
}

/// The pending texts that the updates are about.
#[derive(Default)]
struct Pending {
    rows: BTreeMap<MessageId, Row>,
    by_tracker: HashMap<TrackerId, Vec<MessageId>>,
}

type Stored = (i64, u32, u32, u16, u32, Option<i64>, Option<String>);

impl Pending {
    async fn load(conn: &mut SqliteConnection, calls: &[DeliverCall]) -> Result<Self, sqlx::Error> {
        let (mut ids, mut serials) = (Rows::default(), Rows::default());
        for update in calls.iter().flat_map(|call| &call.input) {
            match update {
                DeliveryUpdate::Confirmed { id, .. } | DeliveryUpdate::Failed { id, .. } => {
                    ids.push(id);
                }
                DeliveryUpdate::ConfirmedSerial { tracker, serial, bits, .. } => {
                    serials.push(&(tracker, serial, mask(*bits)));
                }
                DeliveryUpdate::Read { .. } | DeliveryUpdate::ReadSerial { .. } => {}
            }
        }
        let mut pending = Self::default();
        if !ids.is_empty() {
            let rows: Vec<Stored> =
                sqlx::query_as(sql::PENDING_BY_ID).bind(ids.finish()).fetch_all(&mut *conn).await?;
            rows.into_iter().for_each(|row| pending.insert(row));
        }
        if !serials.is_empty() {
            pending.load_quoted(conn, serials).await?;
        }
        Ok(pending)
    }

    async fn load_quoted(
        &mut self,
        conn: &mut SqliteConnection,
        mut serials: Rows,
    ) -> Result<(), sqlx::Error> {
        type Quoted = (i64, u32, u32, u16, u32, Option<i64>, Option<String>, i64);
        let rows: Vec<Quoted> =
            sqlx::query_as(sql::PENDING_BY_SERIAL).bind(serials.finish()).fetch_all(conn).await?;
        for (id, serial, parts, done, attempts, retry, error, tracker) in rows {
            self.insert((id, serial, parts, done, attempts, retry, error));
            let ids = self.by_tracker.entry(TrackerId(tracker)).or_default();
            if ids.last() != Some(&MessageId(id)) {
                ids.push(MessageId(id));
            }
        }
        Ok(())
    }

    fn insert(&mut self, (id, serial, parts, parts_done, attempts, retry, last_error): Stored) {
        self.rows.entry(MessageId(id)).or_insert(Row {
            serial,
            parts,
            parts_done,
            attempts,
            retry,
            last_error,
            delivered: None,
            changed: false,
        });
    }

    fn apply(&mut self, update: &DeliveryUpdate) -> DeliveryOutcome {
        match update {
            DeliveryUpdate::Confirmed { id, parts_done, at, attempts } => {
                self.confirm(*id, *parts_done, *at, Some(*attempts))
            }
            DeliveryUpdate::ConfirmedSerial { tracker, serial, bits, at } => {
                let Some((id, next)) = self.quoted(*tracker, *serial, mask(*bits)) else {
                    return DeliveryOutcome::Unchanged;
                };
                self.confirm(id, next, *at, None)
            }
            DeliveryUpdate::Failed { id, attempts, retry, error } => {
                let Some(row) = self.row(*id) else { return DeliveryOutcome::Unchanged };
                row.attempts = *attempts;
                row.retry = Some(retry.0);
                row.last_error = Some(storable(error).chars().take(ERROR_CHARS).collect());
                row.changed = true;
                DeliveryOutcome::Noted
            }
            // Its own affair, see `opened`.
            DeliveryUpdate::Read { .. } | DeliveryUpdate::ReadSerial { .. } => {
                DeliveryOutcome::Unchanged
            }
        }
    }

    fn row(&mut self, id: MessageId) -> Option<&mut Row> {
        self.rows.get_mut(&id).filter(|row| row.delivered.is_none())
    }

    fn confirm(
        &mut self,
        id: MessageId,
        parts_done: u16,
        at: Millis,
        attempts: Option<u32>,
    ) -> DeliveryOutcome {
        let Some(row) = self.row(id) else { return DeliveryOutcome::Unchanged };
        let outcome = if u32::from(parts_done) >= row.parts {
            row.delivered = Some(at.0);
            DeliveryOutcome::Delivered(id)
        } else if parts_done > row.parts_done {
            DeliveryOutcome::Progressed(id)
        } else {
            return DeliveryOutcome::Unchanged;
        };
        row.parts_done = parts_done.min(u16::try_from(row.parts).unwrap_or(u16::MAX));
        row.attempts = attempts.unwrap_or(row.attempts);
        row.retry = None;
        row.changed = true;
        outcome
    }

    /// The oldest of the tracker's pending texts whose next part has this serial, and the number of parts done with it.
    fn quoted(&self, tracker: TrackerId, serial: u32, mask: u32) -> Option<(MessageId, u16)> {
        if mask == 0 {
            return None;
        }
        let ids = self.by_tracker.get(&tracker)?;
        ids.iter().find_map(|id| {
            let row = self.rows.get(id).filter(|row| row.delivered.is_none())?;
            let next = row.serial.wrapping_add(u32::from(row.parts_done));
            (next & mask == serial & mask).then(|| (*id, row.parts_done.saturating_add(1)))
        })
    }

    async fn save(self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let mut rows = Rows::default();
        for (id, row) in self.rows.iter().filter(|(_, row)| row.changed) {
            rows.push(&(
                id.0,
                i32::from(row.delivered.is_some()),
                row.delivered,
                row.parts_done,
                row.attempts,
                row.retry,
                &row.last_error,
            ));
        }
        if rows.is_empty() {
            return Ok(());
        }
        sqlx::query(sql::UPDATE_OUTGOING).bind(rows.finish()).execute(conn).await?;
        Ok(())
    }
}

/// The significant bits of a quoted serial.
pub(super) const fn mask(bits: u8) -> u32 {
    match bits {
        0 => 0,
        1..32 => (1 << bits) - 1,
        _ => u32::MAX,
    }
}
