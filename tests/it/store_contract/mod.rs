//! The contract of `Store`, run against every engine: each test gets a fresh, empty database and may open it again, or a second time.
//!
//! A test is a function over [`Lab`]; [`engines!`] makes one `#[tokio::test]` of it per engine.

mod outgoing;

use std::path::PathBuf;
use std::sync::Arc;

use cabwire::model::{
    Millis, NewText, NewTracker, NewUser, TariffId, Tracker, TrackerId, User, UserId,
};
use cabwire::store::Store;
use cabwire::store::sqlite::{SqliteOptions, SqliteStore};

/// A moment to start from.
pub const NOW: Millis = Millis(1_800_000_000_000);

/// One database, and ways to open it.
pub struct Lab {
    engine: Engine,
}

enum Engine {
    Sqlite { _directory: tempfile::TempDir, path: PathBuf },
}

impl Lab {
    /// An empty database in SQLite.
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cabwire.db");
        Self { engine: Engine::Sqlite { _directory: directory, path } }
    }

    /// Opens it: the first time, again, or next to a store that is open.
    pub async fn open(&self) -> Arc<dyn Store> {
        match &self.engine {
            Engine::Sqlite { path, .. } => {
                Arc::new(SqliteStore::open(path, SqliteOptions::migrating()).await.unwrap())
            }
        }
    }

    /// Opens it with a user and this many trackers.
    pub async fn open_with_trackers(&self, count: usize) -> (Arc<dyn Store>, Vec<TrackerId>) {
        let store = self.open().await;
        let user = add_user(&*store, "owner").await;
        let trackers = add_trackers(&*store, user.id, "unit", count).await;
        (store, trackers.iter().map(|tracker| tracker.id).collect())
    }
}

/// Makes one test per engine of each function.
macro_rules! engines {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(crate::store_contract::Lab::sqlite()).await;
                }
            )*
        }
    };
}
pub(crate) use engines;

pub fn new_user(login: &str) -> NewUser {
    NewUser {
        login: login.to_owned(),
        password_hash: format!("hash of {login}"),
        title: login.to_uppercase(),
        time_zone: "Europe/Berlin".to_owned(),
        locale: "de_DE".to_owned(),
        master: None,
    }
}

pub async fn add_user(store: &dyn Store, login: &str) -> User {
    store.create_user(new_user(login), NOW).await.unwrap()
}

pub fn new_tracker(user: UserId, identity: &str) -> NewTracker {
    NewTracker {
        user,
        label: format!("Truck {identity}"),
        protocol: "test".to_owned(),
        identity: identity.to_owned(),
        secret: None,
        options: std::collections::BTreeMap::default(),
        model: "tracker_no_chat".to_owned(),
        tariff: TariffId(1),
        phone: None,
    }
}

pub async fn add_trackers(
    store: &dyn Store,
    user: UserId,
    prefix: &str,
    count: usize,
) -> Vec<Tracker> {
    let trackers = (0..count).map(|n| new_tracker(user, &format!("{prefix}-{n}"))).collect();
    store.create_trackers(trackers, NOW).await.unwrap()
}

pub fn text(tracker: TrackerId, text: &str) -> NewText {
    NewText {
        tracker,
        text: text.into(),
        cuts: Vec::new(),
        lossy: false,
        author: None,
        expires: None,
    }
}
