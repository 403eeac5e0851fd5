//! Storing what drivers wrote: repeats are recognised, the rest is one insert each.

use rusqlite::{Connection, Result, params};

use super::memory::{Heard, Memory};
use super::op::RecordCall;
use crate::model::{MessageId, Millis, NewDriverText, StoredText};
use crate::store::StoreError;
use crate::store::sqlite::json::storable;
use crate::store::sqlite::query::execute;
use crate::store::sqlite::sql;

/// Stores the texts of all calls. A call with an unknown tracker is refused; the others are not concerned.
pub(super) fn record(
    conn: &Connection,
    memory: &mut Memory,
    heard: &mut Heard,
    calls: &mut [RecordCall],
) -> Result<()> {
    memory.make_room_for_texts();
    for call in calls {
        let texts = &call.input.texts;
        for text in texts {
            memory.know_recent(conn, text.tracker, heard)?;
        }
        call.result = match admit(memory, texts) {
            Ok(()) => Ok(store(conn, memory, texts)?),
            Err(error) => Err(error),
        };
    }
    Ok(())
}

/// Whether the texts of one call can be taken, all of them.
fn admit(memory: &Memory, texts: &[NewDriverText]) -> Result<(), StoreError> {
    if texts.iter().any(|text| !memory.may_report(text.tracker)) {
        return Err(StoreError::NotFound("tracker"));
    }
    memory.check_room(texts.len())
}

fn store(
    conn: &Connection,
    memory: &mut Memory,
    texts: &[NewDriverText],
) -> Result<Vec<StoredText>> {
    let mut stored = Vec::with_capacity(texts.len());
    for text in texts {
        if memory.is_repeat(text.tracker, &text.repeat, text.received) {
            stored.push(StoredText::Repeat);
            continue;
        }
        let (id, submit) = memory.take_id(text.received);
        memory.note_text(text.tracker, &text.repeat, submit);
        insert(conn, text, id, submit)?;
        stored.push(StoredText::New(id));
    }
    Ok(stored)
}

fn insert(conn: &Connection, text: &NewDriverText, id: MessageId, submit: Millis) -> Result<()> {
    let row = params![
        id.0,
        text.tracker.0,
        submit.0,
        storable(&text.text),
        text.repeat.key.cast_signed(),
        text.employee.map(|employee| employee.0),
        text.device_time.map(|at| at.0),
        text.reply_to,
        text.from_device.then_some(1),
    ];
    execute(conn, sql::INSERT_INCOMING, row)?;
    Ok(())
}
