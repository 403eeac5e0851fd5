//! A server over a fresh store, with two accounts that have every kind of tracker.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cabwire::api::{ApiParts, ApiSettings, ApiState, router, serve};
use cabwire::clock::{Clock, ManualClock};
use cabwire::directory::Directory;
use cabwire::model::{
    Credential, CredentialKind, DeliveryOutcome, DeliveryUpdate, MessageId, Millis, Model,
    NewDriverText, NewTracker, NewUser, Repeat, StoredText, TariffId, TrackerChange, TrackerId,
    Uplink, UserChange, UserId,
};
use cabwire::outbox::Outbox;
use cabwire::presence::Registry;
use cabwire::store::Store;
use cabwire::store::sqlite::{SqliteOptions, SqliteStore};
use cabwire::{password, secret};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::client::Client;

/// API key of the account `alice`.
pub(crate) const ALICE: &str = "a11ce0000000000000000000000000a1";
/// A session of the account `alice`.
pub(crate) const ALICE_SESSION: &str = "a11ce0000000000000000000000000a2";
/// API key of the account `bob`.
pub(crate) const BOB: &str = "b0b00000000000000000000000000001";
/// A session of `carol`, who is a sub-user of `alice`.
pub(crate) const CAROL: &str = "ca401000000000000000000000000001";
/// Everybody's password.
pub(crate) const PASSWORD: &str = "open sesame";
/// A model with chat.
pub(crate) const TERMINAL: &str = "test_terminal";
/// A model without.
pub(crate) const BEACON: &str = "test_beacon";

/// A running server, a client, and what is in its store.
pub(crate) struct Fleet {
    pub(crate) client: Client,
    pub(crate) server: Server,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) alice: UserId,
    pub(crate) carol: UserId,
    pub(crate) tariffs: Tariffs,
    /// Alice's; the first is bound to Carol.
    pub(crate) truck: TrackerId,
    /// Alice's, as good as the first.
    pub(crate) van: TrackerId,
    /// Alice's, blocked.
    pub(crate) blocked: TrackerId,
    /// Alice's, of a model without chat.
    pub(crate) beacon: TrackerId,
    /// Alice's, on a tariff without chat.
    pub(crate) silent: TrackerId,
    /// Alice's, on a tariff without reports.
    pub(crate) unreported: TrackerId,
    /// Bob's.
    pub(crate) foreign: TrackerId,
    texts: AtomicU64,
    settings: ApiSettings,
    folder: TempDir,
}

/// The API on a port of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Server {
    async fn start(
        store: &Arc<dyn Store>,
        directory: &Arc<Directory>,
        clock: &Arc<ManualClock>,
        settings: ApiSettings,
    ) -> Self {
        let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
        let registry = Arc::new(Registry::default());
        let outbox = Outbox::new(Arc::clone(store), registry, Arc::clone(&clock), None);
        let state = ApiState::new(ApiParts {
            store: Arc::clone(store),
            directory: Arc::clone(directory),
            outbox,
            clock,
            settings: settings.clone(),
            ready: Arc::new(|| Ok(())),
            metrics: Arc::new(|| "cabwire_up 1\n".to_owned()),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let running = tokio::spawn(serve(listener, router(state), settings, stop.clone()));
        Self { address, stop, running }
    }

    /// Asks it to end and waits until it has.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        (&mut self.running).await.unwrap();
    }
}

/// The tariffs.
#[derive(Clone, Copy)]
pub(crate) struct Tariffs {
    pub(crate) full: TariffId,
    pub(crate) without_chat: TariffId,
    pub(crate) without_reports: TariffId,
}

impl Deref for Fleet {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Fleet {
    /// The usual fleet, without a limit of requests.
    pub(crate) async fn new() -> Self {
        Self::with(ApiSettings { requests_per_second: 0, ..ApiSettings::default() }).await
    }

    /// A fleet behind an API with these settings. It is 2026-03-15 12:00:00 UTC until somebody moves the clock.
    pub(crate) async fn with(settings: ApiSettings) -> Self {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        let clock = ManualClock::new("2026-03-15T12:00:00Z".parse().unwrap());
        let now = clock.wall();

        for (code, has_chat) in [(TERMINAL, true), (BEACON, false)] {
            store.put_model(model(code, has_chat)).await.unwrap();
        }
        let chat = || BTreeSet::from(["chat".to_owned()]);
        let tariffs = Tariffs {
            full: store.create_tariff("full".into(), chat(), true).await.unwrap().id,
            without_chat: store
                .create_tariff("no chat".into(), BTreeSet::new(), true)
                .await
                .unwrap()
                .id,
            without_reports: store
                .create_tariff("no reports".into(), chat(), false)
                .await
                .unwrap()
                .id,
        };
        let mut users = Vec::new();
        for (login, zone) in [("alice", "Asia/Yekaterinburg"), ("bob", "America/New_York")] {
            users.push(store.create_user(user(login, zone, None), now).await.unwrap().id);
        }
        let (alice, bob) = (users[0], users[1]);
        let carol = user("carol", "Europe/Berlin", Some(alice));
        let carol = store.create_user(carol, now).await.unwrap().id;

        let new = vec![
            tracker(alice, "truck", TERMINAL, tariffs.full),
            tracker(alice, "van", TERMINAL, tariffs.full),
            tracker(alice, "blocked", TERMINAL, tariffs.full),
            tracker(alice, "beacon", BEACON, tariffs.full),
            tracker(alice, "silent", TERMINAL, tariffs.without_chat),
            tracker(alice, "unreported", TERMINAL, tariffs.without_reports),
            tracker(bob, "foreign", TERMINAL, tariffs.full),
        ];
        let made = store.create_trackers(new, now).await.unwrap();
        let ids: Vec<_> = made.iter().map(|tracker| tracker.id).collect();
        let block = TrackerChange { blocked: Some(true), ..TrackerChange::default() };
        store.change_tracker(ids[2], block).await.unwrap();
        let bind = UserChange { trackers: Some([ids[0]].into()), ..UserChange::default() };
        store.change_user(carol, bind).await.unwrap();

        let session = || CredentialKind::Session { used: now };
        let key = || CredentialKind::ApiKey { title: "test".into(), prefix: "a11c".into() };
        for (hash, user, kind) in [
            (ALICE, alice, key()),
            (ALICE_SESSION, alice, session()),
            (BOB, bob, key()),
            (CAROL, carol, session()),
        ] {
            let credential = Credential { digest: secret::digest(hash), user, created: now, kind };
            store.add_credential(credential).await.unwrap();
        }

        let directory = Directory::load(Arc::clone(&store)).await.unwrap();
        let server = Server::start(&store, &directory, &clock, settings.clone()).await;
        Self {
            client: Client::new(format!("http://{}", server.address)),
            server,
            store,
            directory,
            clock,
            alice,
            carol,
            tariffs,
            truck: ids[0],
            van: ids[1],
            blocked: ids[2],
            beacon: ids[3],
            silent: ids[4],
            unreported: ids[5],
            foreign: ids[6],
            texts: AtomicU64::new(1),
            settings,
            folder,
        }
    }

    /// Stops everything and starts it again over the same file.
    pub(crate) async fn restart(mut self) -> Self {
        self.server.stop().await;
        self.store.close().await;
        self.store = open(&self.folder).await;
        self.directory = Directory::load(Arc::clone(&self.store)).await.unwrap();
        let settings = self.settings.clone();
        self.server = Server::start(&self.store, &self.directory, &self.clock, settings).await;
        self.client = Client::new(format!("http://{}", self.server.address));
        self
    }

    /// The time.
    pub(crate) fn now(&self) -> Millis {
        self.clock.wall()
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A driver's text arrives.
    pub(crate) async fn says(&self, tracker: TrackerId, text: &str) -> MessageId {
        let key = self.texts.fetch_add(1, Ordering::Relaxed);
        match self.arrives(tracker, text, key).await {
            StoredText::New(id) => id,
            StoredText::Repeat => panic!("a fresh text was taken for a repeat"),
        }
    }

    /// A driver's text arrives that its device knows as `key`.
    pub(crate) async fn arrives(&self, tracker: TrackerId, text: &str, key: u64) -> StoredText {
        let text = NewDriverText {
            tracker,
            text: text.to_owned(),
            employee: self.directory.device(tracker).unwrap().tracker.employee,
            device_time: None,
            received: self.clock.wall(),
            repeat: Repeat { key, window: 3_600_000, other_connection_only: false, connection: 1 },
            reply_to: None,
            from_device: false,
        };
        let uplink = Uplink { texts: vec![text], states: Vec::new() };
        self.store.record(uplink).await.unwrap()[0]
    }

    /// Alice sends a text.
    pub(crate) async fn sends(&self, tracker: TrackerId, text: &str) -> MessageId {
        let body = json!({"tracker_id": tracker, "message": text});
        let reply = self.call(ALICE, "/tracker/chat/send", body).await.ok();
        MessageId(reply["id"].as_i64().unwrap())
    }

    /// The device confirms a text.
    pub(crate) async fn confirms(&self, id: MessageId) {
        let at = self.clock.wall();
        let update = DeliveryUpdate::Confirmed { id, parts_done: 1, at, attempts: 0 };
        let outcome = self.store.update_deliveries(vec![update]).await.unwrap();
        assert_eq!(outcome, [DeliveryOutcome::Delivered(id)]);
    }

    /// A tracker's messages of the last week.
    pub(crate) async fn list(&self, hash: &str, tracker: TrackerId) -> Vec<Value> {
        self.list_with(hash, json!({"tracker_id": tracker})).await
    }

    /// Messages by a query.
    pub(crate) async fn list_with(&self, hash: &str, query: Value) -> Vec<Value> {
        let reply = self.call(hash, "/tracker/chat/list", query).await.ok();
        reply["list"].as_array().unwrap().clone()
    }

    /// The unread counts.
    pub(crate) async fn unread(&self, hash: &str) -> Value {
        self.call(hash, "/tracker/chat/unread/count", json!({})).await.ok()["value"].clone()
    }

    /// Changes a tracker as an operator would.
    pub(crate) async fn change(&self, tracker: TrackerId, change: TrackerChange) {
        self.store.change_tracker(tracker, change).await.unwrap();
        self.directory.refresh().await.unwrap();
    }

    /// Further trackers of alice, all able to chat.
    pub(crate) async fn more_trackers(&self, count: usize) -> Vec<TrackerId> {
        let label = |n| format!("more {n}");
        let new = (0..count).map(|n| tracker(self.alice, &label(n), TERMINAL, self.tariffs.full));
        let made = self.store.create_trackers(new.collect(), self.clock.wall()).await.unwrap();
        self.directory.refresh().await.unwrap();
        made.into_iter().map(|tracker| tracker.id).collect()
    }
}

async fn open(folder: &TempDir) -> Arc<dyn Store> {
    let path = folder.path().join("test.db");
    Arc::new(SqliteStore::open(&path, SqliteOptions::migrating()).await.unwrap())
}

fn model(code: &str, has_chat: bool) -> Model {
    Model {
        code: code.to_owned(),
        name: code.to_owned(),
        vendor: "Test".into(),
        kind: "vehicle".into(),
        id_type: "custom".into(),
        profile: None,
        chat: Some(has_chat),
    }
}

fn user(login: &str, zone: &str, master: Option<UserId>) -> NewUser {
    NewUser {
        login: login.to_owned(),
        password_hash: password::hash(PASSWORD, password::Cost::LEAST).unwrap(),
        title: login.to_uppercase(),
        time_zone: zone.to_owned(),
        locale: "en_US".into(),
        master,
    }
}

/// A tracker of a protocol that carries texts down.
pub(crate) fn tracker(user: UserId, label: &str, model: &str, tariff: TariffId) -> NewTracker {
    let able = |protocol: &&&dyn protocols::Protocol| protocol.info().downlink_text;
    let protocol = protocols::registry::ALL.iter().find(able).unwrap();
    NewTracker {
        user,
        label: label.to_owned(),
        protocol: protocol.info().name.to_owned(),
        identity: format!("{}-{label}", user.0),
        secret: None,
        options: std::collections::BTreeMap::new(),
        model: model.to_owned(),
        tariff,
        phone: None,
    }
}
