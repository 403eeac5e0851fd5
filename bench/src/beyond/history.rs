//! Histories too long to be made through the API: messages written into a site's database while no gateway runs on it.

use std::fmt::Write as _;
use std::ops::Range;

use anyhow::{Context as _, Result, ensure};
use cabwire::clock::{Clock as _, SystemClock};

use crate::gateway::Site;
use crate::gateway::site::TEXT;

/// How far back a history goes: less than what a list shows by itself.
const SPAN_MILLIS: i64 = 5 * 24 * 3600 * 1000;

/// Messages of some trackers, in turn, evenly spread over the last days.
#[derive(Debug, Clone)]
pub struct History {
    pub messages: u64,
    /// Which of the site's trackers have them.
    pub trackers: Range<usize>,
    pub kind: Kind,
}

/// What kind of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By turns sent and DELIVERED, and from the driver and read, except for the last ones of each tracker: nobody has read so
    /// many of the driver's.
    Past { unread: u64 },
    /// Sent, and waiting for devices that are not there.
    Pending,
}

/// Columns of one row, computed from its number `i`, its turn `r` (how many its tracker has before it) and what is bound below.
const PAST: &str = "r % 2, CASE WHEN r % 2 = 0 AND r >= first_unread THEN 0 ELSE 1 END, \
    submit, text, \
    iif(r % 2, r / 2 + 1, NULL), iif(r % 2, 1, NULL), iif(r % 2, 1, NULL), iif(r % 2, 0, NULL), \
    iif(r % 2, submit + 900, NULL), iif(r % 2, author, NULL), iif(r % 2, NULL, id * 7919), \
    iif(r % 2, NULL, submit)";
const PENDING: &str = "1, 0, submit, text, r + 1, 1, 0, 0, NULL, author, NULL, NULL";

impl History {
    /// Writes the messages behind those that are there. Indices are built afterwards, which is many times faster.
    pub fn write(&self, site: &Site) -> Result<()> {
        let trackers = site.trackers.get(self.trackers.clone()).context("so few trackers")?;
        let first = *trackers.first().context("a history needs a tracker")?;
        let count = i64::try_from(trackers.len())?;
        ensure!(trackers.last() == Some(&(first + count - 1)), "tracker ids have gaps");
        let indices: Vec<(String, String)> = site.query(
            "SELECT name, sql FROM sqlite_schema \
             WHERE type = 'index' AND tbl_name = 'message' AND sql IS NOT NULL",
        )?;
        let mut sql = String::from(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; \
             BEGIN;",
        );
        for (name, _) in &indices {
            write!(sql, "DROP INDEX {name};")?;
        }
        sql += &self.rows(site, first, count)?;
        for (_, create) in &indices {
            write!(sql, "{create};")?;
        }
        sql += "COMMIT; PRAGMA journal_mode = WAL;";
        site.execute(&sql)
    }

    /// The statement that inserts the rows.
    fn rows(&self, site: &Site, first: i64, count: i64) -> Result<String> {
        let messages = i64::try_from(self.messages)?;
        let (columns, unread) = match self.kind {
            Kind::Past { unread } => (PAST, i64::try_from(unread)?),
            Kind::Pending => (PENDING, 0),
        };
        // Turns count from 0, and every other of them is the driver's.
        let first_unread = messages / count - 2 * unread;
        let start = SystemClock::new().wall().0 - SPAN_MILLIS;
        let (last_id, last_submit) = last(site)?;
        let (start, author) = (start.max(last_submit), author(site)?);
        let span = SPAN_MILLIS - 60_000;
        Ok(format!(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {messages}), \
             m AS (SELECT {last_id} + 1 + i AS id, {first} + i % {count} AS tracker, i / {count} AS r, \
                 {start} + i * {span} / {messages} AS submit, '{TEXT}' AS text, \
                 {author} AS author, {first_unread} AS first_unread FROM n) \
             INSERT INTO message (id, tracker_id, direction, status, submit_ms, text, serial, parts, \
                 parts_done, attempts, update_ms, author_id, repeat_key, device_ms) \
             SELECT id, tracker, {columns} FROM m WHERE {messages} > 0;"
        ))
    }
}

/// The highest id and submit time given out so far.
pub fn last(site: &Site) -> Result<(i64, i64)> {
    let rows: Vec<(i64, i64)> = site.query(
        "SELECT max(message_id, coalesce((SELECT max(id) FROM message), 0)), \
             max(submit_ms, coalesce((SELECT submit_ms FROM message ORDER BY id DESC LIMIT 1), 0)) \
         FROM high_water",
    )?;
    rows.first().copied().context("no high water mark")
}

fn author(site: &Site) -> Result<i64> {
    Ok(i64::try_from(site.count("SELECT min(id) FROM user")?)?)
}
