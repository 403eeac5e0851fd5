//! Trackers. Removing one is the writer's own business, because its messages go piece by piece.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;
use sqlx::SqliteConnection;

use crate::model::{Millis, NewTracker, Tracker, TrackerChange, TrackerId, misfit};
use crate::secret::hex;
use crate::store::StoreError;
use crate::store::sqlite::error::{Failure, corrupt, is_broken_reference, is_duplicate};
use crate::store::sqlite::json::Rows;
use crate::store::sqlite::rows::TrackerRow;
use crate::store::sqlite::{json, sql};

type Identity = (String, String);

/// Creates trackers, all or none.
pub(in crate::store::sqlite) async fn create(
    conn: &mut SqliteConnection,
    trackers: &[NewTracker],
    now: Millis,
) -> Result<Vec<Tracker>, Failure> {
    check_identities(conn, trackers).await?;
    check_references(conn, trackers).await?;
    check_models(conn, trackers.iter().map(|t| (&*t.protocol, &*t.model))).await?;
    let mut ids = HashMap::with_capacity(trackers.len());
    let mut rows = Rows::default();
    for tracker in trackers {
        push(&mut rows, tracker);
        if rows.is_full() {
            insert(conn, &mut rows, now, &mut ids).await?;
        }
    }
    if !rows.is_empty() {
        insert(conn, &mut rows, now, &mut ids).await?;
    }
    let created = trackers.iter().map(|tracker| {
        let id = ids.get(&(tracker.protocol.clone(), tracker.identity.clone()));
        let id = id.ok_or_else(|| corrupt("an inserted tracker is not there"))?;
        Ok(with_id(tracker, TrackerId(*id), now))
    });
    created.collect()
}

fn push(rows: &mut Rows, tracker: &NewTracker) {
    rows.push(&(
        tracker.user,
        &tracker.label,
        &tracker.protocol,
        &tracker.identity,
        tracker.secret.map(|secret| hex(&secret.0)),
        object(&tracker.options),
        &tracker.model,
        tracker.tariff,
        &tracker.phone,
    ));
}

async fn insert(
    conn: &mut SqliteConnection,
    rows: &mut Rows,
    now: Millis,
    ids: &mut HashMap<Identity, i64>,
) -> Result<(), sqlx::Error> {
    let inserted: Vec<(i64, String, String)> = sqlx::query_as(sql::INSERT_TRACKERS)
        .bind(rows.finish())
        .bind(now.0)
        .fetch_all(conn)
        .await?;
    ids.extend(inserted.into_iter().map(|(id, protocol, identity)| ((protocol, identity), id)));
    Ok(())
}

/// Options as they are stored.
fn object(options: &impl Serialize) -> String {
    serde_json::to_string(options).unwrap_or_else(|_| "{}".to_owned())
}

fn with_id(new: &NewTracker, id: TrackerId, now: Millis) -> Tracker {
    Tracker {
        id,
        user: new.user,
        label: new.label.clone(),
        protocol: new.protocol.clone(),
        identity: new.identity.clone(),
        secret: new.secret,
        options: new.options.clone(),
        model: new.model.clone(),
        tariff: new.tariff,
        blocked: false,
        group: 0,
        phone: new.phone.clone(),
        created: now,
        employee: None,
    }
}

/// Each device belongs to one tracker only.
async fn check_identities(
    conn: &mut SqliteConnection,
    trackers: &[NewTracker],
) -> Result<(), Failure> {
    let mut seen = HashSet::with_capacity(trackers.len());
    for NewTracker { protocol, identity, .. } in trackers {
        if !seen.insert((protocol, identity)) {
            let what = format!("the device {identity} ({protocol}) is given twice");
            return Err(StoreError::Conflict(what).into());
        }
    }
    let taken: Option<(String, String, i64)> =
        sqlx::query_as(sql::TAKEN_IDENTITY).bind(json::array(seen)).fetch_optional(conn).await?;
    match taken {
        Some((protocol, identity, id)) => {
            Err(StoreError::Conflict(taken_by(&protocol, &identity, id)).into())
        }
        None => Ok(()),
    }
}

fn taken_by(protocol: &str, identity: &str, id: i64) -> String {
    format!("the device {identity} ({protocol}) belongs to tracker {id} already")
}

/// Names what does not exist, which a failed foreign key does not.
async fn check_references(
    conn: &mut SqliteConnection,
    trackers: &[NewTracker],
) -> Result<(), Failure> {
    let users = json::array(trackers.iter().map(|tracker| tracker.user).collect::<BTreeSet<_>>());
    let models = json::array(trackers.iter().map(|t| &t.model).collect::<BTreeSet<_>>());
    let tariffs = json::array(trackers.iter().map(|t| t.tariff).collect::<BTreeSet<_>>());
    for (query, keys, what) in [
        (sql::UNKNOWN_USERS, users, "user"),
        (sql::UNKNOWN_MODELS, models, "model"),
        (sql::UNKNOWN_TARIFFS, tariffs, "tariff"),
    ] {
        if sqlx::query_scalar(query).bind(keys).fetch_one(&mut *conn).await? {
            return Err(StoreError::NotFound(what).into());
        }
    }
    Ok(())
}

/// A tracker speaks the protocol of its model's profile, if the model has one. Pairs of protocol and model.
async fn check_models(
    conn: &mut SqliteConnection,
    pairs: impl Iterator<Item = (&str, &str)>,
) -> Result<(), Failure> {
    let pairs = json::array(pairs.collect::<BTreeSet<_>>());
    let found: Option<(String, String, String)> =
        sqlx::query_as(sql::MODEL_OF_ANOTHER_PROTOCOL).bind(pairs).fetch_optional(conn).await?;
    match found {
        Some((model, profile, protocol)) => {
            Err(StoreError::Conflict(misfit(&model, &profile, &protocol)).into())
        }
        None => Ok(()),
    }
}

/// Changes a tracker.
pub(in crate::store::sqlite) async fn change(
    conn: &mut SqliteConnection,
    id: TrackerId,
    change: TrackerChange,
) -> Result<Tracker, Failure> {
    let row: Option<TrackerRow> =
        sqlx::query_as(sql::TRACKER).bind(id.0).fetch_optional(&mut *conn).await?;
    let row = row.ok_or(StoreError::NotFound("tracker"))?;
    let tracker = changed(Tracker::try_from(row)?, change);
    let pair = (&*tracker.protocol, &*tracker.model);
    check_models(&mut *conn, std::iter::once(pair)).await?;
    let done = sqlx::query(sql::UPDATE_TRACKER)
        .bind(id.0)
        .bind(&tracker.label)
        .bind(&tracker.protocol)
        .bind(&tracker.identity)
        .bind(tracker.secret.map(|secret| secret.0.to_vec()))
        .bind(object(&tracker.options))
        .bind(&tracker.model)
        .bind(tracker.tariff.0)
        .bind(tracker.blocked)
        .bind(&tracker.phone)
        .execute(&mut *conn)
        .await;
    match done {
        Ok(_) => Ok(tracker),
        Err(error) if is_duplicate(&error) => {
            let (protocol, identity) = (tracker.protocol, tracker.identity);
            let taken: (String, String, i64) = sqlx::query_as(sql::TAKEN_IDENTITY)
                .bind(json::array([(&protocol, &identity)]))
                .fetch_one(conn)
                .await?;
            Err(StoreError::Conflict(taken_by(&protocol, &identity, taken.2)).into())
        }
        Err(error) if is_broken_reference(&error) => {
            let models = json::array([&tracker.model]);
            let unknown_model =
                sqlx::query_scalar(sql::UNKNOWN_MODELS).bind(models).fetch_one(conn).await?;
            Err(StoreError::NotFound(if unknown_model { "model" } else { "tariff" }).into())
        }
        Err(error) => Err(error.into()),
    }
}

fn changed(mut tracker: Tracker, change: TrackerChange) -> Tracker {
    if let Some((protocol, identity)) = change.device {
        tracker.protocol = protocol;
        tracker.identity = identity;
    }
    tracker.label = change.label.unwrap_or(tracker.label);
    tracker.secret = change.secret.unwrap_or(tracker.secret);
    tracker.options = change.options.unwrap_or(tracker.options);
    tracker.model = change.model.unwrap_or(tracker.model);
    tracker.tariff = change.tariff.unwrap_or(tracker.tariff);
    tracker.blocked = change.blocked.unwrap_or(tracker.blocked);
    tracker.phone = change.phone.unwrap_or(tracker.phone);
    tracker
}
