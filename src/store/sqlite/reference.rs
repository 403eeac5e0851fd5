//! The administered records, all or those that changed, as of one moment.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::{SqliteConnection, SqlitePool};

use super::error::{Failure, corrupt};
use super::rows::{CredentialRow, EmployeeRow, ModelRow, TariffRow, TrackerRow, UserRow, digest};
use super::{json, sql};
use crate::model::{Credential, EmployeeId, Model, TariffId, TrackerId, UserId};
use crate::store::{Reference, Removed, Revision, StoreError};

/// Reads what changed after `since`, in one read transaction.
pub(super) async fn read(pool: &SqlitePool, since: Option<Revision>) -> Result<Reference, Failure> {
    let mut transaction = pool.begin().await?;
    let (oldest, newest): (i64, i64) =
        sqlx::query_as(sql::REVISION).fetch_one(&mut *transaction).await?;
    let reference = match since {
        Some(Revision(since)) if since == newest => Reference::default(),
        // The log is kept for a while only; who is further behind gets everything.
        Some(Revision(since)) if since < newest && since >= oldest - 1 => {
            changes(&mut transaction, since).await?
        }
        _ => everything(&mut transaction).await?,
    };
    transaction.rollback().await?;
    Ok(Reference { revision: Revision(newest), ..reference })
}

async fn everything(conn: &mut SqliteConnection) -> Result<Reference, Failure> {
    let bindings: Vec<(i64, i64)> = sqlx::query_as(sql::ALL_BINDINGS).fetch_all(&mut *conn).await?;
    let users: Vec<UserRow> = sqlx::query_as(sql::ALL_USERS).fetch_all(&mut *conn).await?;
    let credentials: Vec<CredentialRow> =
        sqlx::query_as(sql::ALL_CREDENTIALS).fetch_all(&mut *conn).await?;
    let trackers: Vec<TrackerRow> = sqlx::query_as(sql::ALL_TRACKERS).fetch_all(&mut *conn).await?;
    let models: Vec<ModelRow> = sqlx::query_as(sql::ALL_MODELS).fetch_all(&mut *conn).await?;
    let tariffs: Vec<TariffRow> = sqlx::query_as(sql::ALL_TARIFFS).fetch_all(&mut *conn).await?;
    let employees: Vec<EmployeeRow> = sqlx::query_as(sql::ALL_EMPLOYEES).fetch_all(conn).await?;
    Ok(Reference {
        complete: true,
        users: with_bindings(users, bindings),
        credentials: each(credentials)?,
        trackers: each(trackers)?,
        models: models.into_iter().map(Model::from).collect(),
        tariffs: each(tariffs)?,
        employees: employees.into_iter().map(Into::into).collect(),
        ..Reference::default()
    })
}

fn each<T, R: TryInto<T, Error = StoreError>>(rows: Vec<R>) -> Result<Vec<T>, StoreError> {
    rows.into_iter().map(TryInto::try_into).collect()
}

fn with_bindings(users: Vec<UserRow>, bindings: Vec<(i64, i64)>) -> Vec<crate::model::User> {
    let mut by_user: HashMap<UserId, BTreeSet<TrackerId>> = HashMap::new();
    for (user, tracker) in bindings {
        by_user.entry(UserId(user)).or_default().insert(TrackerId(tracker));
    }
    let bound = |row: UserRow| {
        let trackers = by_user.remove(&row.id()).unwrap_or_default();
        row.with_trackers(trackers)
    };
    users.into_iter().map(bound).collect()
}

/// The keys in the log after `since`, by kind. A key whose record is not there any more was removed.
struct Changed(BTreeMap<String, BTreeSet<String>>);

impl Changed {
    async fn read(conn: &mut SqliteConnection, since: i64) -> Result<Self, sqlx::Error> {
        let rows: Vec<(String, String)> =
            sqlx::query_as(sql::CHANGES).bind(since).fetch_all(conn).await?;
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

async fn changes(conn: &mut SqliteConnection, since: i64) -> Result<Reference, Failure> {
    let mut changed = Changed::read(conn, since).await?;
    let mut reference = Reference::default();
    if let Some(keys) = changed.numbers("user")? {
        users(conn, keys, &mut reference).await?;
    }
    if let Some(keys) = changed.texts("credential") {
        credentials(conn, keys, &mut reference).await?;
    }
    if let Some(keys) = changed.numbers("tracker")? {
        trackers(conn, keys, &mut reference).await?;
    }
    if let Some(keys) = changed.texts("model") {
        models(conn, keys, &mut reference).await?;
    }
    if let Some(keys) = changed.numbers("tariff")? {
        tariffs(conn, keys, &mut reference).await?;
    }
    if let Some(keys) = changed.numbers("employee")? {
        employees(conn, keys, &mut reference).await?;
    }
    Ok(reference)
}

async fn users(
    conn: &mut SqliteConnection,
    mut keys: BTreeSet<i64>,
    to: &mut Reference,
) -> Result<(), Failure> {
    let ids = json::array(&keys);
    let bindings = sqlx::query_as(sql::SOME_BINDINGS).bind(&ids).fetch_all(&mut *conn).await?;
    let rows = sqlx::query_as(sql::SOME_USERS).bind(ids).fetch_all(conn).await?;
    to.users = with_bindings(rows, bindings);
    for user in &to.users {
        keys.remove(&user.id.0);
    }
    to.removed.extend(keys.into_iter().map(|id| Removed::User(UserId(id))));
    Ok(())
}

async fn credentials(
    conn: &mut SqliteConnection,
    mut keys: BTreeSet<String>,
    to: &mut Reference,
) -> Result<(), Failure> {
    let rows: Vec<CredentialRow> =
        sqlx::query_as(sql::SOME_CREDENTIALS).bind(json::array(&keys)).fetch_all(conn).await?;
    to.credentials = each(rows)?;
    for Credential { digest, .. } in &to.credentials {
        keys.remove(&crate::secret::hex(&digest.0));
    }
    for key in keys {
        to.removed.push(Removed::Credential(digest(unhex(&key)?)?));
    }
    Ok(())
}

fn unhex(text: &str) -> Result<Vec<u8>, StoreError> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    digits.map(byte).collect::<Option<_>>().ok_or_else(|| corrupt("a changed digest is not hex"))
}

async fn trackers(
    conn: &mut SqliteConnection,
    mut keys: BTreeSet<i64>,
    to: &mut Reference,
) -> Result<(), Failure> {
    let rows: Vec<TrackerRow> =
        sqlx::query_as(sql::SOME_TRACKERS).bind(json::array(&keys)).fetch_all(conn).await?;
    to.trackers = each(rows)?;
    for tracker in &to.trackers {
        keys.remove(&tracker.id.0);
    }
    to.removed.extend(keys.into_iter().map(|id| Removed::Tracker(TrackerId(id))));
    Ok(())
}

async fn models(
    conn: &mut SqliteConnection,
    mut keys: BTreeSet<String>,
    to: &mut Reference,
) -> Result<(), Failure> {
    let rows: Vec<ModelRow> =
        sqlx::query_as(sql::SOME_MODELS).bind(json::array(&keys)).fetch_all(conn).await?;
    to.models = rows.into_iter().map(Model::from).collect();
    for model in &to.models {
        keys.remove(&model.code);
    }
    to.removed.extend(keys.into_iter().map(Removed::Model));
    Ok(())
}

async fn tariffs(
    conn: &mut SqliteConnection,
    mut keys: BTreeSet<i64>,
    to: &mut Reference,
) -> Result<(), Failure> {
    let rows: Vec<TariffRow> =
        sqlx::query_as(sql::SOME_TARIFFS).bind(json::array(&keys)).fetch_all(conn).await?;
    to.tariffs = each(rows)?;
    for tariff in &to.tariffs {
        keys.remove(&tariff.id.0);
    }
    to.removed.extend(keys.into_iter().map(|id| Removed::Tariff(TariffId(id))));
    Ok(())
}

async fn employees(
    conn: &mut SqliteConnection,
    mut keys: BTreeSet<i64>,
    to: &mut Reference,
) -> Result<(), Failure> {
    let rows: Vec<EmployeeRow> =
        sqlx::query_as(sql::SOME_EMPLOYEES).bind(json::array(&keys)).fetch_all(conn).await?;
    to.employees = rows.into_iter().map(Into::into).collect();
    for employee in &to.employees {
        keys.remove(&employee.id.0);
    }
    to.removed.extend(keys.into_iter().map(|id| Removed::Employee(EmployeeId(id))));
    Ok(())
}
