//! The contract of `Store`, run against every engine: each test gets a fresh, empty database and may open it again, or a second time.
//!
//! A test is a function over [`Lab`]; [`engines!`] makes one `#[tokio::test]` of it per engine.

mod administered;
mod deliveries;
mod device_states;
mod employees;
mod incoming;
mod lifecycle;
mod outgoing;
mod reading;
mod reference;

use std::path::PathBuf;
use std::sync::Arc;

use cabwire::model::{
    Message, MessageId, Millis, NewDriverText, NewText, NewTracker, NewUser, QueuedText, Repeat,
    StoredText, TariffId, Tracker, TrackerId, Uplink, User, UserId,
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

pub async fn queue(store: &dyn Store, tracker: TrackerId, words: &str) -> QueuedText {
    store.queue_texts(vec![text(tracker, words)], NOW).await.unwrap()[0]
}

/// A text of `parts` parts.
pub fn long_text(tracker: TrackerId, parts: u32) -> NewText {
    let words = "word ".repeat(parts as usize);
    NewText { cuts: (1..parts).map(|part| part * 5).collect(), ..text(tracker, &words) }
}

/// A driver's text that is recognised by `key` for an hour, over any connection.
pub fn driver_text(tracker: TrackerId, words: &str, key: u64) -> NewDriverText {
    NewDriverText {
        tracker,
        text: words.to_owned(),
        employee: None,
        device_time: None,
        received: NOW,
        repeat: Repeat { key, window: 3_600_000, other_connection_only: false, connection: 1 },
        reply_to: None,
        from_device: false,
    }
}

pub async fn record(store: &dyn Store, text: NewDriverText) -> StoredText {
    store.record(Uplink { texts: vec![text], states: Vec::new() }).await.unwrap()[0]
}

/// Stores a driver's text that must be new.
pub async fn receive(store: &dyn Store, text: NewDriverText) -> MessageId {
    match record(store, text).await {
        StoredText::New(id) => id,
        StoredText::Repeat => panic!("taken for a repeat"),
    }
}

pub async fn message(store: &dyn Store, id: MessageId) -> Message {
    store.messages(&[id]).await.unwrap().pop().expect("message")
}
