//! Devices that were refused.

use std::net::{IpAddr, Ipv4Addr};

use sqlx::{SqliteConnection, SqlitePool};

use super::error::{Failure, store_error};
use super::{json, sql};
use crate::model::{Millis, Stranger};
use crate::store::StoreError;

/// Writes them down and keeps the latest.
pub(super) async fn note(
    conn: &mut SqliteConnection,
    strangers: &[Stranger],
) -> Result<(), Failure> {
    let rows = json::array(strangers.iter().map(|s| {
        (
            &s.protocol,
            json::storable(&s.identity),
            s.address,
            json::storable(&s.reason),
            s.count,
            s.first,
            s.last,
        )
    }));
    sqlx::query(sql::NOTE_STRANGERS).bind(rows).execute(&mut *conn).await?;
    sqlx::query(sql::DROP_STRANGERS).execute(conn).await?;
    Ok(())
}

/// All of them, latest first.
pub(super) async fn list(pool: &SqlitePool) -> Result<Vec<Stranger>, StoreError> {
    type Row = (String, String, String, String, i64, i64, i64);
    let rows: Vec<Row> = sqlx::query_as(sql::STRANGERS)
        .fetch_all(pool)
        .await
        .map_err(|error| store_error(&error))?;
    let strangers =
        rows.into_iter().map(|(protocol, identity, address, reason, count, first, last)| {
            Stranger {
                protocol,
                identity,
                address: address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
                reason,
                count: count.unsigned_abs(),
                first: Millis(first),
                last: Millis(last),
            }
        });
    Ok(strangers.collect())
}
