//! The administered records, all or those that changed, as of one moment.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::Connection;

use super::error::{Failure, corrupt};
use super::query::{all, one};
use super::{json, sql};
use crate::model::{Credential, Digest, EmployeeId, TariffId, TrackerId, User, UserId};
use crate::store::{Reference, Removed, Revision, StoreError};

/// Reads what changed after `since`, in one read transaction.
pub(super) fn read(conn: &Connection, since: Option<Revision>) -> Result<Reference, Failure> {
    // Ends when it is dropped; there is nothing to commit.
    let transaction = conn.unchecked_transaction()?;
    let (oldest, newest): (i64, i64) = one(&transaction, sql::REVISION, [])?;
    let reference = match since {
        Some(Revision(since)) if since == newest => Reference::default(),
        // The log is kept for a while only; who is further behind gets everything.
        Some(Revision(since)) if since < newest && since >= oldest - 1 => {
            changes(&transaction, since)?
        }
        _ => everything(&transaction)?,
    };
    Ok(Reference { revision: Revision(newest), ..reference })
}

fn everything(conn: &Connection) -> Result<Reference, Failure> {
    let bindings = all(conn, sql::ALL_BINDINGS, [])?;
    Ok(Reference {
        complete: true,
        users: with_bindings(all(conn, sql::ALL_USERS, [])?, bindings),
        credentials: all(conn, sql::ALL_CREDENTIALS, [])?,
        trackers: all(conn, sql::ALL_TRACKERS, [])?,
        models: all(conn, sql::ALL_MODELS, [])?,
        tariffs: all(conn, sql::ALL_TARIFFS, [])?,
        employees: all(conn, sql::ALL_EMPLOYEES, [])?,
        ..Reference::default()
    })
}

fn with_bindings(mut users: Vec<User>, bindings: Vec<(i64, i64)>) -> Vec<User> {
    let mut by_user: HashMap<UserId, BTreeSet<TrackerId>> = HashMap::new();
    for (user, tracker) in bindings {
        by_user.entry(UserId(user)).or_default().insert(TrackerId(tracker));
    }
    for user in &mut users {
        user.trackers = by_user.remove(&user.id).unwrap_or_default();
    }
    users
}

/// The keys in the log after `since`, by kind. A key whose record is not there any more was removed.
struct Changed(BTreeMap<String, BTreeSet<String>>);

impl Changed {
    fn read(conn: &Connection, since: i64) -> rusqlite::Result<Self> {
        let rows: Vec<(String, String)> = all(conn, sql::CHANGES, [since])?;
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (kind, key) in rows {
            keys.entry(kind).or_default().insert(key);
        }
        Ok(Self(keys))
    }

    /// Keys of a kind whose key is text; `None` if nothing of this kind changed.
    fn texts(&mut self, kind: &str) -> Option<BTreeSet<String>> {
        self.0.remove(kind)
    }

    /// Keys of a kind whose key is a number.
    fn numbers(&mut self, kind: &str) -> Result<Option<BTreeSet<i64>>, StoreError> {
        let Some(keys) = self.texts(kind) else { return Ok(None) };
        let parse = |key: String| key.parse().map_err(|_| corrupt(format!("{kind} {key} changed")));
        keys.into_iter().map(parse).collect::<Result<_, _>>().map(Some)
    }
}

fn changes(conn: &Connection, since: i64) -> Result<Reference, Failure> {
    let mut changed = Changed::read(conn, since)?;
    let mut reference = Reference::default();
    if let Some(keys) = changed.numbers("user")? {
        users(conn, keys, &mut reference)?;
    }
    if let Some(keys) = changed.texts("credential") {
        credentials(conn, keys, &mut reference)?;
    }
    if let Some(keys) = changed.numbers("tracker")? {
        trackers(conn, keys, &mut reference)?;
    }
    if let Some(keys) = changed.texts("model") {
        models(conn, keys, &mut reference)?;
    }
    if let Some(keys) = changed.numbers("tariff")? {
        tariffs(conn, keys, &mut reference)?;
    }
    if let Some(keys) = changed.numbers("employee")? {
        employees(conn, keys, &mut reference)?;
    }
    Ok(reference)
}

fn users(conn: &Connection, mut keys: BTreeSet<i64>, to: &mut Reference) -> Result<(), Failure> {
    let ids = json::array(&keys);
    let bindings = all(conn, sql::SOME_BINDINGS, [&ids])?;
    to.users = with_bindings(all(conn, sql::SOME_USERS, [ids])?, bindings);
    for user in &to.users {
        keys.remove(&user.id.0);
    }
    to.removed.extend(keys.into_iter().map(|id| Removed::User(UserId(id))));
    Ok(())
}

fn credentials(
    conn: &Connection,
    mut keys: BTreeSet<String>,
    to: &mut Reference,
) -> Result<(), Failure> {
    to.credentials = all(conn, sql::SOME_CREDENTIALS, [json::array(&keys)])?;
    for Credential { digest, .. } in &to.credentials {
        keys.remove(&crate::secret::hex(&digest.0));
    }
    for key in keys {
        to.removed.push(Removed::Credential(digest(&key)?));
    }
    Ok(())
}

/// A digest from hexadecimal.
fn digest(text: &str) -> Result<Digest, StoreError> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    let bytes = digits.map(byte).collect::<Option<Vec<u8>>>();
    let digest = bytes.and_then(|bytes| bytes.try_into().ok()).map(Digest);
    digest.ok_or_else(|| corrupt("a changed digest is not 32 bytes in hexadecimal"))
}

fn trackers(conn: &Connection, mut keys: BTreeSet<i64>, to: &mut Reference) -> Result<(), Failure> {
    to.trackers = all(conn, sql::SOME_TRACKERS, [json::array(&keys)])?;
    for tracker in &to.trackers {
        keys.remove(&tracker.id.0);
    }
    to.removed.extend(keys.into_iter().map(|id| Removed::Tracker(TrackerId(id))));
    Ok(())
}

fn models(
    conn: &Connection,
    mut keys: BTreeSet<String>,
    to: &mut Reference,
) -> Result<(), Failure> {
    to.models = all(conn, sql::SOME_MODELS, [json::array(&keys)])?;
    for model in &to.models {
        keys.remove(&model.code);
    }
    to.removed.extend(keys.into_iter().map(Removed::Model));
    Ok(())
}

fn tariffs(conn: &Connection, mut keys: BTreeSet<i64>, to: &mut Reference) -> Result<(), Failure> {
    to.tariffs = all(conn, sql::SOME_TARIFFS, [json::array(&keys)])?;
    for tariff in &to.tariffs {
        keys.remove(&tariff.id.0);
    }
    to.removed.extend(keys.into_iter().map(|id| Removed::Tariff(TariffId(id))));
    Ok(())
}

fn employees(
    conn: &Connection,
    mut keys: BTreeSet<i64>,
    to: &mut Reference,
) -> Result<(), Failure> {
    to.employees = all(conn, sql::SOME_EMPLOYEES, [json::array(&keys)])?;
    for employee in &to.employees {
        keys.remove(&employee.id.0);
    }
    to.removed.extend(keys.into_iter().map(|id| Removed::Employee(EmployeeId(id))));
    Ok(())
}
