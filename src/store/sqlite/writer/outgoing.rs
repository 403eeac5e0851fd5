//! Queueing texts: ids, serials, one insert for the whole batch.

use std::collections::HashSet;

use sqlx::SqliteConnection;

use super::memory::Memory;
use super::op::QueueCall;
use crate::model::{Millis, NewText, QueuedText, TrackerId};
use crate::store::StoreError;
use crate::store::sqlite::json::{Rows, storable};
use crate::store::sqlite::{json, sql};

/// Queues the texts of all calls. A call with an unknown tracker is refused; the others are not concerned.
pub(super) async fn queue(
    conn: &mut SqliteConnection,
    memory: &mut Memory,
    calls: &mut [QueueCall],
) -> Result<(), sqlx::Error> {
    memory.know_serials(conn, trackers(calls)).await?;
    let mut rows = Rows::default();
    for call in calls {
        let (texts, now) = &call.input;
        call.result = admit(memory, texts, *now);
        let Ok(queued) = &call.result else { continue };
        for (text, queued) in texts.iter().zip(queued) {
            push(&mut rows, text, queued);
            if rows.is_full() {
                sqlx::query(sql::INSERT_OUTGOING).bind(rows.finish()).execute(&mut *conn).await?;
            }
        }
    }
    if !rows.is_empty() {
        sqlx::query(sql::INSERT_OUTGOING).bind(rows.finish()).execute(conn).await?;
    }
    Ok(())
}

fn trackers(calls: &[QueueCall]) -> HashSet<TrackerId> {
    calls.iter().flat_map(|call| &call.input.0).map(|text| text.tracker).collect()
}

/// Gives ids and serials to the texts of one call, to all or to none.
fn admit(
    memory: &mut Memory,
    texts: &[NewText],
    now: Millis,
) -> Result<Vec<QueuedText>, StoreError> {
    if texts.iter().any(|text| !memory.may_send(text.tracker)) {
        return Err(StoreError::NotFound("tracker"));
    }
    memory.check_room(texts.len())?;
    let queued = texts.iter().map(|text| {
        let (id, submit) = memory.take_id(now);
        QueuedText { id, submit, serial: memory.take_serial(text.tracker, parts(text)) }
    });
    Ok(queued.collect())
}

fn parts(text: &NewText) -> u32 {
    u32::try_from(text.cuts.len()).unwrap_or(u32::MAX).saturating_add(1)
}

fn push(rows: &mut Rows, text: &NewText, queued: &QueuedText) {
    let cuts = (!text.cuts.is_empty()).then(|| json::array(&text.cuts));
    rows.push(&(
        queued.id.0,
        text.tracker.0,
        queued.submit.0,
        storable(&text.text),
        queued.serial,
        parts(text),
        cuts,
        text.lossy.then_some(1),
        text.author.map(|user| user.0),
        text.expires.map(|at| at.0),
    ));
}
