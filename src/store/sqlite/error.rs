//! From SQLite's errors to the store's.

use std::sync::Arc;

use rusqlite::Error;
use rusqlite::ffi::{
    SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE,
};

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
    Database(Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

/// SQLite's extended result code, if it is SQLite that complains.
fn extended(error: &Error) -> Option<i32> {
    Some(error.sqlite_error()?.extended_code)
}

/// SQLite's primary result code.
fn code(error: &Error) -> Option<i32> {
    Some(extended(error)? & 0xff)
}

/// The surroundings are at fault (disk, memory, locks), not the statement: trying the parts one by one is no use.
pub(super) fn is_environmental(error: &Error) -> bool {
    match code(error) {
        Some(code) => matches!(
            code,
            BUSY | LOCKED | NOMEM | READONLY | IOERR | CORRUPT | FULL | CANTOPEN | NOTADB
        ),
        None => true,
    }
}

/// Something with that key exists.
pub(super) fn is_duplicate(error: &Error) -> bool {
    let code = extended(error);
    code == Some(SQLITE_CONSTRAINT_UNIQUE) || code == Some(SQLITE_CONSTRAINT_PRIMARYKEY)
}

/// What it refers to does not exist, or is still referred to.
pub(super) fn is_broken_reference(error: &Error) -> bool {
    extended(error) == Some(SQLITE_CONSTRAINT_FOREIGNKEY)
}

/// What was read is not what the column should hold.
const fn is_senseless(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..)
    )
}

/// As callers of the store see it.
pub(super) fn store_error(error: &Error) -> StoreError {
    let unavailable = |why: &str| StoreError::Unavailable(Arc::from(why));
    match code(error) {
        Some(FULL) => unavailable("the disk is full; make room, a restart is not needed"),
        Some(BUSY | LOCKED) => unavailable("another process holds the database locked"),
        Some(READONLY) => unavailable("the database file or its directory is read-only"),
        Some(CORRUPT | NOTADB) => corrupt(error),
        None if is_senseless(error) => corrupt(error),
        _ => unavailable(&error.to_string()),
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
