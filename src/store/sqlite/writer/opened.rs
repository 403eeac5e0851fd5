//! When drivers opened texts. Two statements at most, however many updates; no status is touched, so it does not matter what
//! became of the same texts before or in the same transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::SqliteConnection;

use super::deliveries::mask;
use super::op::DeliverCall;
use crate::model::{DeliveryOutcome, DeliveryUpdate, MessageId};
use crate::store::sqlite::json::Rows;
use crate::store::sqlite::sql;

/// Notes what the calls say about it, and answers it: the first moment of each text counts.
pub(super) async fn note(
    conn: &mut SqliteConnection,
    calls: &mut [DeliverCall],
) -> Result<(), sqlx::Error> {
    let quoted = quoted(conn, calls).await?;
    let mut first = BTreeMap::new();
    for (place, update) in updates(calls) {
        if let Some((id, at)) = opened(place, update, &quoted) {
            first.entry(id).or_insert(at);
        }
    }
    if first.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::default();
    first.iter().for_each(|row| rows.push(&row));
    let noted: Vec<i64> =
        sqlx::query_scalar(sql::NOTE_OPENED).bind(rows.finish()).fetch_all(conn).await?;
    let mut noted: HashSet<_> = noted.into_iter().map(MessageId).collect();
    let mut done = Vec::new();
    for (place, update) in updates(calls) {
        if opened(place, update, &quoted).is_some_and(|(id, _)| noted.remove(&id)) {
            done.push(place);
        }
    }
    for (call, update) in done {
        if let Some(Ok(outcomes)) = calls.get_mut(call).map(|call| &mut call.result)
            && let Some(outcome) = outcomes.get_mut(update)
        {
            *outcome = DeliveryOutcome::Noted;
        }
    }
    Ok(())
}

/// Number of the call, and of the update in it.
type Place = (usize, usize);

fn updates(calls: &[DeliverCall]) -> impl Iterator<Item = (Place, &DeliveryUpdate)> {
    calls.iter().enumerate().flat_map(|(number, call)| {
        call.input.iter().enumerate().map(move |(index, update)| ((number, index), update))
    })
}

/// The text that an update says was opened, and when.
fn opened(
    place: Place,
    update: &DeliveryUpdate,
    quoted: &HashMap<Place, MessageId>,
) -> Option<(MessageId, i64)> {
    match update {
        DeliveryUpdate::Read { id, at } => Some((*id, at.0)),
        DeliveryUpdate::ReadSerial { at, .. } => Some((*quoted.get(&place)?, at.0)),
        _ => None,
    }
}

/// The texts whose last parts' serials were quoted.
async fn quoted(
    conn: &mut SqliteConnection,
    calls: &[DeliverCall],
) -> Result<HashMap<Place, MessageId>, sqlx::Error> {
    let (mut rows, mut places) = (Rows::default(), Vec::new());
    for (place, update) in updates(calls) {
        if let DeliveryUpdate::ReadSerial { tracker, serial, bits, .. } = update
            && *bits > 0
        {
            rows.push(&(tracker, serial, mask(*bits), places.len()));
            places.push(place);
        }
    }
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(i64, i64)> =
        sqlx::query_as(sql::SENT_BY_SERIAL).bind(rows.finish()).fetch_all(conn).await?;
    let found = found.into_iter().filter_map(|(number, id)| {
        let place = places.get(usize::try_from(number).ok()?)?;
        Some((*place, MessageId(id)))
    });
    Ok(found.collect())
}
