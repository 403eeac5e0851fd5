//! Trackers. Removing one is the writer's own business, because its messages go piece by piece.

use std::collections::{BTreeSet, HashSet};

use rusqlite::{Connection, params};
use serde::Serialize;

use crate::model::{Millis, NewTracker, Tracker, TrackerChange, TrackerId, misfit};
use crate::store::StoreError;
use crate::store::sqlite::error::{Failure, is_broken_reference, is_duplicate};
use crate::store::sqlite::query::{execute, first, one};
use crate::store::sqlite::{json, sql};

/// Creates trackers, all or none.
pub(in crate::store::sqlite) fn create(
    conn: &Connection,
    trackers: &[NewTracker],
    now: Millis,
) -> Result<Vec<Tracker>, Failure> {
    check_identities(conn, trackers)?;
    check_references(conn, trackers)?;
    check_models(conn, trackers.iter().map(|t| (&*t.protocol, &*t.model)))?;
    let create = |tracker| Ok(with_id(tracker, insert(conn, tracker, now)?, now));
    trackers.iter().map(create).collect()
}

fn insert(conn: &Connection, tracker: &NewTracker, now: Millis) -> Result<TrackerId, Failure> {
    let row = params![
        tracker.user.0,
        tracker.label,
        tracker.protocol,
        tracker.identity,
        tracker.secret.map(|secret| secret.0),
        object(&tracker.options),
        tracker.model,
        tracker.tariff.0,
        tracker.phone,
        now.0,
    ];
    execute(conn, sql::INSERT_TRACKER, row)?;
    Ok(TrackerId(conn.last_insert_rowid()))
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
fn check_identities(conn: &Connection, trackers: &[NewTracker]) -> Result<(), Failure> {
    let mut seen = HashSet::with_capacity(trackers.len());
    for NewTracker { protocol, identity, .. } in trackers {
        if !seen.insert((protocol, identity)) {
            let what = format!("the device {identity} ({protocol}) is given twice");
            return Err(StoreError::Conflict(what).into());
        }
    }
    let taken: Option<(String, String, i64)> =
        first(conn, sql::TAKEN_IDENTITY, [json::array(seen)])?;
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
fn check_references(conn: &Connection, trackers: &[NewTracker]) -> Result<(), Failure> {
    let users = json::array(trackers.iter().map(|tracker| tracker.user).collect::<BTreeSet<_>>());
    let models = json::array(trackers.iter().map(|t| &t.model).collect::<BTreeSet<_>>());
    let tariffs = json::array(trackers.iter().map(|t| t.tariff).collect::<BTreeSet<_>>());
    for (query, keys, what) in [
        (sql::UNKNOWN_USERS, users, "user"),
        (sql::UNKNOWN_MODELS, models, "model"),
        (sql::UNKNOWN_TARIFFS, tariffs, "tariff"),
    ] {
        if let (true,) = one(conn, query, [keys])? {
            return Err(StoreError::NotFound(what).into());
        }
    }
    Ok(())
}

/// A tracker speaks the protocol of its model's profile, if the model has one. Pairs of protocol and model.
fn check_models<'a>(
    conn: &Connection,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Failure> {
    let pairs = json::array(pairs.collect::<BTreeSet<_>>());
    let found: Option<(String, String, String)> =
        first(conn, sql::MODEL_OF_ANOTHER_PROTOCOL, [pairs])?;
    match found {
        Some((model, profile, protocol)) => {
            Err(StoreError::Conflict(misfit(&model, &profile, &protocol)).into())
        }
        None => Ok(()),
    }
}

/// Changes a tracker.
pub(in crate::store::sqlite) fn change(
    conn: &Connection,
    id: TrackerId,
    change: TrackerChange,
) -> Result<Tracker, Failure> {
    let tracker: Option<Tracker> = first(conn, sql::TRACKER, [id.0])?;
    let tracker = changed(tracker.ok_or(StoreError::NotFound("tracker"))?, change);
    let pair = (&*tracker.protocol, &*tracker.model);
    check_models(conn, std::iter::once(pair))?;
    let row = params![
        id.0,
        tracker.label,
        tracker.protocol,
        tracker.identity,
        tracker.secret.map(|secret| secret.0),
        object(&tracker.options),
        tracker.model,
        tracker.tariff.0,
        tracker.blocked,
        tracker.phone,
    ];
    match execute(conn, sql::UPDATE_TRACKER, row) {
        Ok(_) => Ok(tracker),
        Err(error) if is_duplicate(&error) => {
            let (protocol, identity) = (tracker.protocol, tracker.identity);
            let pair = json::array([(&protocol, &identity)]);
            let taken: (String, String, i64) = one(conn, sql::TAKEN_IDENTITY, [pair])?;
            Err(StoreError::Conflict(taken_by(&protocol, &identity, taken.2)).into())
        }
        Err(error) if is_broken_reference(&error) => {
            let models = json::array([&tracker.model]);
            let (unknown_model,) = one(conn, sql::UNKNOWN_MODELS, [models])?;
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
