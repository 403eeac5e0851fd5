//! Queueing texts: ids, serials, one insert each.

use rusqlite::{Connection, Result, params};

use super::memory::Memory;
use super::op::QueueCall;
use crate::model::{Millis, NewText, QueuedText};
use crate::store::StoreError;
use crate::store::sqlite::json::storable;
use crate::store::sqlite::query::execute;
use crate::store::sqlite::{json, sql};

/// Queues the texts of all calls. A call with an unknown tracker is refused; the others are not concerned.
pub(super) fn queue(conn: &Connection, memory: &mut Memory, calls: &mut [QueueCall]) -> Result<()> {
    memory.make_room_for_serials();
    for call in calls {
        let (texts, now) = &call.input;
        for text in texts {
            memory.know_serial(conn, text.tracker)?;
        }
        call.result = admit(memory, texts, *now);
        let Ok(queued) = &call.result else { continue };
        for (text, queued) in texts.iter().zip(queued) {
            insert(conn, text, queued)?;
        }
    }
    Ok(())
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

fn insert(conn: &Connection, text: &NewText, queued: &QueuedText) -> Result<()> {
    let cuts = (!text.cuts.is_empty()).then(|| json::array(&text.cuts));
    let row = params![
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
    ];
    execute(conn, sql::INSERT_OUTGOING, row)?;
    Ok(())
}
