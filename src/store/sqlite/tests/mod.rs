//! Tests that look behind the trait.

mod changes;
mod file;
mod plans;
mod recovery;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{FnJob, Op, SqliteOptions, SqliteStore};
use crate::model::{Millis, NewText, NewTracker, NewUser, TariffId, TrackerId};
use crate::store::Store as _;

/// A moment to start from.
const NOW: Millis = Millis(1_800_000_000_000);

/// A fresh database in a directory of its own.
async fn fresh() -> (tempfile::TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory, SqliteOptions::migrating()).await;
    (directory, store)
}

fn file(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("data/cabwire.db")
}

async fn open(directory: &tempfile::TempDir, options: SqliteOptions) -> SqliteStore {
    SqliteStore::open(&file(directory), options).await.unwrap()
}

/// A connection that bypasses the store: another program.
fn outsider(path: &Path) -> Connection {
    super::schema::writer(path, &SqliteOptions::default()).unwrap()
}

fn run(conn: &Connection, statements: &str) {
    conn.execute_batch(statements).unwrap();
}

fn number(conn: &Connection, query: &str) -> i64 {
    conn.query_row(query, [], |row| row.get(0)).unwrap()
}

/// Keeps the writer busy, so that what is asked meanwhile waits together; it goes on when what is returned is dropped.
fn hold(store: &SqliteStore) -> SyncSender<()> {
    let (release, released) = sync_channel::<()>(0);
    let (begin, begun) = sync_channel(1);
    let work = move |_: &Connection| {
        begin.send(()).unwrap();
        // Ends with an error when the other side is dropped.
        released.recv().ok();
        Ok(())
    };
    let (reply, _) = oneshot::channel();
    assert!(store.calls.put(Op::Job(Box::new(FnJob::new(work, reply)))).is_ok());
    begun.recv().unwrap();
    release
}

/// Adds a user with so many trackers.
async fn trackers(store: &SqliteStore, count: usize) -> Vec<TrackerId> {
    let user = NewUser {
        login: "owner".to_owned(),
        password_hash: String::new(),
        title: String::new(),
        time_zone: "UTC".to_owned(),
        locale: "en_US".to_owned(),
        master: None,
    };
    let user = store.create_user(user, NOW).await.unwrap().id;
    let new = |n: usize| NewTracker {
        user,
        label: String::new(),
        protocol: "test".to_owned(),
        identity: n.to_string(),
        secret: None,
        options: std::collections::BTreeMap::new(),
        model: "tracker_no_chat".to_owned(),
        tariff: TariffId(1),
        phone: None,
    };
    let created = store.create_trackers((0..count).map(new).collect(), NOW).await.unwrap();
    created.into_iter().map(|tracker| tracker.id).collect()
}

fn text(tracker: TrackerId, words: &str) -> NewText {
    NewText {
        tracker,
        text: words.into(),
        cuts: Vec::new(),
        lossy: false,
        author: None,
        expires: None,
    }
}
