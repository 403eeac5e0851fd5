//! From SQLite's errors to the store's.

use std::sync::Arc;

use crate::store::StoreError;

// Primary result codes (sqlite.org/rescode.html).
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NOMEM: i32 = 7;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;

/// Why something inside a transaction did not work.
#[derive(Debug)]
pub(super) enum Failure {
    /// This one thing is refused; the transaction is fine.
    Refused(StoreError),
    /// The database failed; the transaction is lost.
    Database(sqlx::Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// SQLite's primary result code, if it is SQLite that complains.
fn code(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// The surroundings are at fault (disk, memory, locks), not the statement: trying the parts one by one is no use.
pub(super) fn is_environmental(error: &sqlx::Error) -> bool {
    match code(error) {
        Some(code) => matches!(
            code,
            BUSY | LOCKED | NOMEM | READONLY | IOERR | CORRUPT | FULL | CANTOPEN | NOTADB
        ),
        None => true,
    }
}

/// Something with that key exists.
pub(super) fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// What it refers to does not exist, or is still referred to.
pub(super) fn is_broken_reference(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
}

/// As callers of the store see it.
pub(super) fn store_error(error: &sqlx::Error) -> StoreError {
    let unavailable = |why: &str| StoreError::Unavailable(Arc::from(why));
    match (code(error), error) {
        (Some(FULL), _) => unavailable("the disk is full; make room, a restart is not needed"),
        (Some(BUSY | LOCKED), _) => unavailable("another process holds the database locked"),
        (Some(READONLY), _) => unavailable("the database file or its directory is read-only"),
        (Some(CORRUPT | NOTADB), _) => StoreError::Corrupt(Arc::from(error.to_string())),
        (_, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) => {
            StoreError::Corrupt(Arc::from(error.to_string()))
        }
        (_, sqlx::Error::PoolTimedOut) => StoreError::Busy,
        _ => StoreError::Unavailable(Arc::from(error.to_string())),
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Database(error) => store_error(&error),
        }
    }
}

/// A stored value that makes no sense.
pub(super) fn corrupt(what: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(Arc::from(what.to_string()))
}
