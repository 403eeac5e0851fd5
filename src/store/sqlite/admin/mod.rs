//! Changes of administered records: rare, so each is a few plain statements inside the writer's transaction.

pub(super) mod catalog;
pub(super) mod credentials;
pub(super) mod employees;
pub(super) mod trackers;
pub(super) mod users;

use sqlx::SqliteConnection;

use super::error::Failure;
use super::sql;
use crate::store::StoreError;

/// Refuses with [`StoreError::NotFound`] if a change has met nothing.
fn found(done: &sqlx::sqlite::SqliteQueryResult, what: &'static str) -> Result<(), StoreError> {
    if done.rows_affected() == 0 { Err(StoreError::NotFound(what)) } else { Ok(()) }
}

/// The value stored under `name`, after storing `value` if there was nothing.
pub(super) async fn setting(
    conn: &mut SqliteConnection,
    name: String,
    value: String,
) -> Result<String, Failure> {
    sqlx::query(sql::KEEP_SETTING).bind(&name).bind(value).execute(&mut *conn).await?;
    Ok(sqlx::query_scalar(sql::SETTING).bind(name).fetch_one(conn).await?)
}
