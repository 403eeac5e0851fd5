//! Changes of administered records: rare, so each is a few plain statements inside the writer's transaction.

pub(super) mod catalog;
pub(super) mod credentials;
pub(super) mod employees;
pub(super) mod trackers;
pub(super) mod users;

use rusqlite::Connection;

use super::error::Failure;
use super::query::{execute, one};
use super::sql;
use crate::store::StoreError;

/// Refuses with [`StoreError::NotFound`] if a change has met nothing.
const fn found(changed: usize, what: &'static str) -> Result<(), StoreError> {
    if changed == 0 { Err(StoreError::NotFound(what)) } else { Ok(()) }
}

/// The value stored under `name`, after storing `value` if there was nothing.
pub(super) fn setting(conn: &Connection, name: &str, value: &str) -> Result<String, Failure> {
    execute(conn, sql::KEEP_SETTING, [name, value])?;
    let (stored,) = one(conn, sql::SETTING, [name])?;
    Ok(stored)
}
