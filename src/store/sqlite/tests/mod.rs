//! Tests that look behind the trait.

mod changes;
mod file;
mod plans;
mod recovery;
mod writing;

use std::path::{Path, PathBuf};

use sqlx::{Connection as _, SqliteConnection};

use super::{SqliteOptions, SqliteStore};
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
async fn outsider(path: &Path) -> SqliteConnection {
    let options = super::schema::writer_options(path, &SqliteOptions::default());
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn run(conn: &mut SqliteConnection, statement: &'static str) {
    sqlx::raw_sql(statement).execute(conn).await.unwrap();
}

async fn number(conn: &mut SqliteConnection, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(conn).await.unwrap()
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
