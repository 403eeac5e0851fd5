//! Storing what drivers wrote: repeats are recognised, the rest is one insert for the whole batch.

use std::collections::HashSet;

use sqlx::SqliteConnection;

use super::memory::{Heard, Memory};
use super::op::RecordCall;
use crate::model::{MessageId, Millis, NewDriverText, StoredText, TrackerId};
use crate::store::StoreError;
use crate::store::sqlite::json::{Rows, storable};
use crate::store::sqlite::sql;

/// Stores the texts of all calls. A call with an unknown tracker is refused; the others are not concerned.
pub(super) async fn record(
    conn: &mut SqliteConnection,
    memory: &mut Memory,
    heard: &mut Heard,
    calls: &mut [RecordCall],
) -> Result<(), sqlx::Error> {
    memory.know_recent(conn, trackers(calls), heard).await?;
    let mut rows = Rows::default();
    for call in calls {
        call.result = admit(memory, &call.input.texts, &mut rows);
        if rows.is_full() {
            sqlx::query(sql::INSERT_INCOMING).bind(rows.finish()).execute(&mut *conn).await?;
        }
    }
    if !rows.is_empty() {
        sqlx::query(sql::INSERT_INCOMING).bind(rows.finish()).execute(conn).await?;
    }
    Ok(())
}

fn trackers(calls: &[RecordCall]) -> HashSet<TrackerId> {
    calls.iter().flat_map(|call| &call.input.texts).map(|text| text.tracker).collect()
}

/// Takes the texts of one call, all or none.
fn admit(
    memory: &mut Memory,
    texts: &[NewDriverText],
    rows: &mut Rows,
) -> Result<Vec<StoredText>, StoreError> {
    if texts.iter().any(|text| !memory.may_report(text.tracker)) {
        return Err(StoreError::NotFound("tracker"));
    }
    memory.check_room(texts.len())?;
    let mut stored = Vec::with_capacity(texts.len());
    for text in texts {
        if memory.is_repeat(text.tracker, &text.repeat, text.received) {
            stored.push(StoredText::Repeat);
            continue;
        }
        let (id, submit) = memory.take_id(text.received);
        memory.note_text(text.tracker, &text.repeat, submit);
        push(rows, text, id, submit);
        stored.push(StoredText::New(id));
    }
    Ok(stored)
}

fn push(rows: &mut Rows, text: &NewDriverText, id: MessageId, submit: Millis) {
    rows.push(&(
        id.0,
        text.tracker.0,
        submit.0,
        storable(&text.text),
        text.repeat.key.cast_signed(),
        text.employee.map(|employee| employee.0),
        text.device_time.map(|at| at.0),
        text.reply_to,
        text.from_device.then_some(1),
    ));
}
