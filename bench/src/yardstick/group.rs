//! What SQLite can do with the daemon's schema and settings if nothing surrounds it: a loop on one thread.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::Connection;

/// Texts of one transaction, and after how many transactions they are confirmed.
const BATCH: i64 = 100;
const LATER: i64 = 5;
const TRACKERS: i64 = 1000;

/// Texts per second that were inserted and, some transactions later, updated to DELIVERED.
pub fn texts_per_second(directory: &Path, time: Duration) -> Result<f64> {
    let mut database = Connection::open(directory.join("group.db"))?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; \
         PRAGMA cache_size = -65536; PRAGMA temp_store = memory;",
    )?;
    database.execute_batch(include_str!("../../../src/store/sqlite/schema/001_initial.sql"))?;
    let (begin, mut batch) = (Instant::now(), 0);
    while begin.elapsed() < time {
        let transaction = database.transaction()?;
        let mut insert = transaction.prepare_cached(
            "INSERT INTO message (id, tracker_id, direction, status, submit_ms, text, serial, parts, \
                 parts_done, attempts) VALUES (?1, ?2, 1, 0, ?3, ?4, ?5, 1, 0, 0)",
        )?;
        for id in batch * BATCH..(batch + 1) * BATCH {
            insert.execute((id, id % TRACKERS, id, crate::gateway::site::TEXT, id))?;
        }
        drop(insert);
        let mut update = transaction.prepare_cached(
            "UPDATE message SET status = 1, update_ms = ?2, parts_done = 1 \
             WHERE id = ?1 AND status = 0",
        )?;
        let old = batch - LATER;
        for id in (old * BATCH).max(0)..((old + 1) * BATCH).max(0) {
            update.execute((id, id))?;
        }
        drop(update);
        transaction.commit()?;
        batch += 1;
    }
    Ok((batch - LATER).max(0) as f64 * BATCH as f64 / begin.elapsed().as_secs_f64())
}
