//! Devices that were refused.

use rusqlite::{Connection, params};

use super::error::Failure;
use super::json::storable;
use super::query::{all, execute};
use super::sql;
use crate::model::Stranger;

/// Writes them down and keeps the latest.
pub(super) fn note(conn: &Connection, strangers: &[Stranger]) -> Result<(), Failure> {
    for stranger in strangers {
        let row = params![
            stranger.protocol,
            storable(&stranger.identity),
            stranger.address.to_string(),
            storable(&stranger.reason),
            i64::try_from(stranger.count).unwrap_or(i64::MAX),
            stranger.first.0,
            stranger.last.0,
        ];
        execute(conn, sql::NOTE_STRANGER, row)?;
    }
    execute(conn, sql::DROP_STRANGERS, [])?;
    Ok(())
}

/// All of them, latest first.
pub(super) fn list(conn: &Connection) -> Result<Vec<Stranger>, Failure> {
    Ok(all(conn, sql::STRANGERS, [])?)
}
