//! A daemon in this process, with everything a test asks of it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cabwire::app::{self, Running, Surroundings};
use cabwire::clock::{Clock, SystemClock};
use cabwire::config::{AUTO, Config, Listener};
use cabwire::model::{
    BuiltIn, Credential, CredentialKind, Millis, NewTracker, NewUser, TariffId, TrackerChange,
    TrackerId, UserId,
};
use cabwire::password::{self, Cost};
use cabwire::secret;
use cabwire::simulate::{Device, Text};
use cabwire::store::Store;
use cabwire::store::sqlite::{SqliteOptions, SqliteStore};
use kit::host::Host;
use kit::pair::Pair;
use protocols::text::Charset;
use protocols::{
    Effect, Event, Evidence, Fix, Limits, Protocol, ProtocolInfo, RepeatKey, Report,
    TerminalEffect, TerminalInput, TerminalSettings, Uplink, registry,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long something may take before a test gives up. Nothing is measured with it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running daemon on a database of its own.
pub struct Daemon {
    pub running: Running,
    pub config: Config,
    pub clock: Arc<dyn Clock>,
    directory: Arc<TempDir>,
    http: reqwest::Client,
}

/// How a daemon is made, where it is not as usual.
pub struct Setup {
    pub clock: Arc<dyn Clock>,
    pub wrap: Wrap,
    /// Threads for devices besides the one that everything else is on; with none it serves them, too.
    pub device_threads: usize,
}

/// What the daemon gets instead of the store itself.
pub type Wrap = Box<dyn FnOnce(Arc<dyn Store>) -> Arc<dyn Store>>;

impl Default for Setup {
    fn default() -> Self {
        Self { clock: SystemClock::new(), wrap: Box::new(|store| store), device_threads: 0 }
    }
}

/// An account and its API key.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: UserId,
    pub key: String,
}

impl Daemon {
    /// A daemon with an empty database and default settings.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A daemon with an empty database.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::set_up(Setup::default(), change).await
    }

    /// A daemon with an empty database, made in an unusual way.
    pub async fn set_up(setup: Setup, change: impl FnOnce(&mut Config)) -> Self {
        let directory = Arc::new(TempDir::new().unwrap());
        let mut config = config(directory.path());
        change(&mut config);
        Self::start_in(directory, config, setup).await
    }

    async fn start_in(directory: Arc<TempDir>, config: Config, setup: Setup) -> Self {
        let store = open_store(directory.path()).await;
        let around = Surroundings {
            clock: Arc::clone(&setup.clock),
            metrics: Arc::new(String::new),
            credentials: None,
            device_threads: setup.device_threads,
        };
        let running = app::start(&config, (setup.wrap)(store), around).await.unwrap();
        Self { running, config, clock: setup.clock, directory, http: reqwest::Client::new() }
    }

    /// Stops it in order and starts it on the same database.
    pub async fn restart(self) -> Self {
        let Self { running, config, directory, clock, .. } = self;
        running.shut_down().await;
        Self::start_in(directory, config, Setup { clock, ..Setup::default() }).await
    }

    /// A second handle on the database, as a command next to the daemon has one.
    pub async fn second_store(&self) -> Arc<dyn Store> {
        open_store(self.directory.path()).await
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.running.store
    }

    /// Creates an account with a fresh key.
    pub async fn account(&self, login: &str) -> Account {
        let account = create_account(&**self.store(), login, self.clock.wall()).await;
        self.running.directory.refresh().await.unwrap();
        account
    }

    /// Registers a device.
    pub async fn tracker(
        &self,
        account: &Account,
        protocol: &dyn Protocol,
        identity: &str,
    ) -> TrackerId {
        self.tracker_with(account, protocol, identity, &[]).await
    }

    /// Registers a device with options.
    pub async fn tracker_with(
        &self,
        account: &Account,
        protocol: &dyn Protocol,
        identity: &str,
        options: &[(&str, &str)],
    ) -> TrackerId {
        let tariff = self.running.directory.tariffs().first().unwrap().id;
        let mut tracker = new_tracker(account, tariff, protocol, identity);
        tracker.options.extend(pairs(options));
        self.register(tracker).await
    }

    /// Registers a device as it is described.
    pub async fn register(&self, tracker: NewTracker) -> TrackerId {
        let created = self.store().create_trackers(vec![tracker], self.clock.wall()).await.unwrap();
        self.running.directory.refresh().await.unwrap();
        created[0].id
    }

    /// Changes a device's record as a command next to the daemon does.
    pub async fn change(&self, tracker: TrackerId, change: TrackerChange) {
        self.store().change_tracker(tracker, change).await.unwrap();
        self.running.directory.refresh().await.unwrap();
    }

    /// Where devices of a protocol connect.
    pub fn port(&self, protocol: &str) -> SocketAddr {
        let (_, address) = self.running.devices.iter().find(|(name, _)| name == protocol).unwrap();
        SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()))
    }

    /// Connects a device and logs it in.
    pub async fn device(&self, protocol: &dyn Protocol, identity: &str) -> Device {
        let mut device = self.connect(protocol, identity, self.port(protocol.info().name)).await;
        patient(device.login()).await.unwrap();
        device
    }

    /// Connects a device.
    pub async fn connect(
        &self,
        protocol: &dyn Protocol,
        identity: &str,
        server: SocketAddr,
    ) -> Device {
        let settings =
            TerminalSettings { identity: identity.to_owned(), secret: None, dialect: None };
        self.connect_as(protocol, settings, server).await
    }

    /// Connects a device with a password or a dialect.
    pub async fn connect_as(
        &self,
        protocol: &dyn Protocol,
        settings: TerminalSettings,
        server: SocketAddr,
    ) -> Device {
        let identity = identity(protocol, &settings.identity);
        let settings = TerminalSettings { identity, ..settings };
        Device::connect(protocol, server, settings, Arc::clone(&self.clock)).await.unwrap()
    }

    /// Calls the API; the whole answer.
    pub async fn call(&self, key: &str, action: &str, body: Value) -> Value {
        call(&self.http, self.running.api[0], key, action, body).await.unwrap()
    }

    /// Sends a text; its id.
    pub async fn send(&self, account: &Account, tracker: TrackerId, text: &str) -> i64 {
        let body = json!({ "tracker_id": tracker, "message": text });
        let answer = self.call(&account.key, "tracker/chat/send", body).await;
        answer["id"].as_i64().unwrap_or_else(|| panic!("not sent: {answer}"))
    }

    /// The messages of a tracker, oldest first.
    pub async fn list(&self, account: &Account, tracker: TrackerId) -> Vec<Value> {
        let answer =
            self.call(&account.key, "tracker/chat/list", json!({ "tracker_id": tracker })).await;
        answer["list"].as_array().unwrap_or_else(|| panic!("not listed: {answer}")).clone()
    }

    /// One message.
    pub async fn message(&self, account: &Account, tracker: TrackerId, id: i64) -> Value {
        let list = self.list(account, tracker).await;
        list.into_iter().find(|message| message["id"] == id).unwrap()
    }

    /// Waits until a text is DELIVERED; the message.
    pub async fn delivered(&self, account: &Account, tracker: TrackerId, id: i64) -> Value {
        eventually("DELIVERED", || async {
            let message = self.message(account, tracker, id).await;
            (message["status"] == "DELIVERED").then_some(message)
        })
        .await
    }

    /// Unread messages of a tracker.
    pub async fn unread(&self, account: &Account, tracker: TrackerId) -> i64 {
        let answer = self.call(&account.key, "tracker/chat/unread/count", json!({})).await;
        answer["value"][tracker.to_string()].as_i64().unwrap_or(0)
    }
}

/// Calls the API at `server`; the whole answer.
pub async fn call(
    http: &reqwest::Client,
    server: SocketAddr,
    key: &str,
    action: &str,
    mut body: Value,
) -> Result<Value, reqwest::Error> {
    body["hash"] = key.into();
    let request = http
        .post(format!("http://{server}/{action}"))
        .header("Content-Type", "application/json")
        .body(body.to_string());
    let answer = request.send().await?.text().await?;
    Ok(serde_json::from_str(&answer).unwrap_or_else(|_| panic!("not JSON: {answer}")))
}

/// Creates an account with a fresh key.
pub async fn create_account(store: &dyn Store, login: &str, now: Millis) -> Account {
    let user = NewUser {
        login: login.to_owned(),
        password_hash: password::hash("secret", Cost::LEAST).unwrap(),
        title: login.to_owned(),
        time_zone: "UTC".to_owned(),
        locale: "en_US".to_owned(),
        master: None,
    };
    let user = store.create_user(user, now).await.unwrap().id;
    let key = secret::random_hash().unwrap();
    let kind = CredentialKind::ApiKey { title: "test".to_owned(), prefix: key[..4].to_owned() };
    let credential = Credential { digest: secret::digest(&key), user, created: now, kind };
    store.add_credential(credential).await.unwrap();
    Account { user, key }
}

/// An identity of this protocol that ends with these digits: as long as its example.
pub fn identity(protocol: &dyn Protocol, digits: &str) -> String {
    let example = protocol.info().example_identity;
    let (kept, cut) =
        (example.len().saturating_sub(digits.len()), digits.len().saturating_sub(example.len()));
    format!("{}{}", &example[..kept], &digits[cut..])
}

/// Whether the platform acknowledges this kind of uplink to a device of the protocol.
pub fn acknowledges(info: &ProtocolInfo, kind: Uplink) -> bool {
    let protocol = protocol(info.name);
    let profile = BuiltIn::of(protocol).find(|built_in| built_in.has_chat());
    let profile = profile.or_else(|| BuiltIn::of(protocol).next()).unwrap().profile;
    let mut pair = Pair::new(protocol, info.example_identity, None).with_profile(profile);
    pair.device(TerminalInput::Connected).unwrap();
    pair.device.clear();
    let fix = Fix {
        valid: true,
        latitude: 50.0,
        longitude: 30.0,
        altitude: None,
        speed: None,
        course: None,
        satellites: None,
    };
    let time = Some(pair.host.now().wall);
    let report = Report { time, fix: Some(fix), archived: false, attributes: Vec::new() };
    let input = match kind {
        Uplink::Heartbeat => TerminalInput::Heartbeat,
        Uplink::Text => TerminalInput::Say("ok"),
        _ => TerminalInput::Report(&report),
    };
    pair.device(input).unwrap();
    pair.device.contains(&TerminalEffect::Acked(kind))
}

/// Whether a device of the protocol tells that it took a text. Of others a text is DELIVERED when something else comes.
pub fn has_receipts(protocol: &dyn Protocol) -> bool {
    let own = BuiltIn::of(self::protocol(protocol.info().name));
    let chat = own.into_iter().find(|built_in| built_in.has_chat());
    chat.is_some_and(|chat| chat.profile.delivered.proves != Some(Evidence::Inferred))
}

/// Whether a device of the protocol can present a password or code when it logs in.
pub fn has_secret(protocol: &dyn Protocol) -> bool {
    let protocol = self::protocol(protocol.info().name);
    let identity = protocol.info().example_identity.to_owned();
    let settings = TerminalSettings { identity, secret: Some("pass1".to_owned()), dialect: None };
    let mut host = Host::new(protocol, Limits::default());
    let mut said = Vec::new();
    protocol.terminal(settings).handle(TerminalInput::Connected, host.now(), &mut said);
    for effect in said {
        if let TerminalEffect::Transmit(bytes) = effect {
            host.receive(&bytes);
        }
    }
    host.asking().is_some_and(|credentials| credentials.secret.is_some())
}

/// Whether a driver's texts carry a number by which a repeat is recognised. A simulated terminal repeats the words, not the number.
pub fn numbers_texts(protocol: &dyn Protocol) -> bool {
    let protocol = self::protocol(protocol.info().name);
    let profile = BuiltIn::of(protocol).find(|built_in| built_in.has_chat());
    let profile = profile.or_else(|| BuiltIn::of(protocol).next()).unwrap().profile;
    let identity = protocol.info().example_identity;
    let mut pair = Pair::new(protocol, identity, None).with_profile(profile);
    pair.device(TerminalInput::Connected).unwrap();
    pair.device(TerminalInput::Say("ok")).unwrap();
    let numbered = |event: &Event| matches!(event, Event::Message(message) if matches!(message.repeat, RepeatKey::Numbered { .. }));
    pair.effects().any(|effect| match effect {
        Effect::Record { events, .. } => events.iter().any(numbered),
        _ => false,
    })
}

/// Whether the first profile with chat has texts go through a navigator: it says nothing new while a packet is unanswered.
pub fn through_navigator(protocol: &dyn Protocol) -> bool {
    let chat = protocol.info().profiles.iter().find(|profile| profile.has_chat(protocol));
    chat.is_some_and(|chat| chat.options.iter().any(|(name, _)| *name == "fmi"))
}

/// What the device has just sent is acknowledged, where its protocol has an acknowledgement.
pub async fn acknowledged(device: &mut Device, kind: Uplink) {
    if acknowledges(device.protocol(), kind) {
        assert!(patient(device.expect_ack(kind)).await.unwrap(), "{}", device.protocol().name);
    }
}

/// Whether `shown` is what `sent` comes out as: some formats have no place for every sign or for blanks at the end of a part, some
/// devices know Latin letters only.
pub fn same_words(shown: &str, sent: &str) -> bool {
    let plain = |text: &str| {
        let ascii = Charset::Ascii.encode(text).bytes;
        let ascii = String::from_utf8(ascii).unwrap().replace(',', ";");
        ascii.replace([' ', '#', '\r', '\n'], "")
    };
    plain(shown) == plain(sent)
}

/// Code of the model for the first profile with chat, or of the standard.
pub fn chat_model(protocol: &dyn Protocol) -> String {
    let own = || BuiltIn::of(self::protocol(protocol.info().name));
    let with_chat = own().find(|built_in| built_in.has_chat());
    with_chat.or_else(|| own().next()).unwrap().model_code()
}

/// A device without a secret that shows texts if any of its protocol does. Real terminals want a pause after the login; this one does not.
pub fn new_tracker(
    account: &Account,
    tariff: TariffId,
    protocol: &dyn Protocol,
    identity: &str,
) -> NewTracker {
    let info = protocol.info();
    let pause = info.options.iter().filter(|spec| spec.name == "first_text_delay_ms");
    NewTracker {
        user: account.user,
        label: identity.to_owned(),
        protocol: info.name.to_owned(),
        identity: self::identity(protocol, identity),
        secret: None,
        options: pause.map(|spec| (spec.name.to_owned(), "0".to_owned())).collect(),
        model: chat_model(protocol),
        tariff,
        phone: None,
    }
}

/// Options as records have them.
pub fn pairs(options: &[(&str, &str)]) -> BTreeMap<String, String> {
    options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Opens the database, as every process that uses it does.
pub async fn open_store(directory: &Path) -> Arc<dyn Store> {
    let options = SqliteOptions::migrating();
    Arc::new(SqliteStore::open(&database(directory), options).await.unwrap())
}

/// A configuration with every listener on a free port of the loopback interface.
pub fn config(directory: &Path) -> Config {
    let mut config = Config::default();
    config.store.url = format!("sqlite:{}", database(directory).display());
    config.listeners =
        registry::ALL.iter().map(|protocol| listener(protocol.info().name)).collect();
    config.listeners.push(listener(AUTO));
    config.api.addresses = vec![free()];
    config.api.requests_per_second = 0;
    config
}

/// A listener on a free port.
pub fn listener(protocol: &str) -> Listener {
    Listener { addresses: vec![free()], ..Listener::everywhere(protocol, 0) }
}

fn free() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

pub fn database(directory: &Path) -> PathBuf {
    directory.join("cabwire.db")
}

/// The protocol of that name.
pub fn protocol(name: &str) -> &'static dyn Protocol {
    registry::by_name(name).unwrap()
}

/// Fails a test whose daemon never answers.
pub async fn patient<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("no answer within the patience of a test")
}

/// The next text on a device.
pub async fn next_text(device: &mut Device) -> Text {
    patient(device.expect_text()).await.unwrap()
}

/// The device is served as if nothing had happened.
pub async fn is_served(device: &mut Device) {
    let kinds = [Uplink::Heartbeat, Uplink::Report, Uplink::Text];
    let kind = kinds.into_iter().find(|kind| acknowledges(device.protocol(), *kind)).unwrap();
    match kind {
        Uplink::Heartbeat => device.heartbeat().await,
        Uplink::Text => device.say("here").await,
        _ => {
            let report = Report { time: None, fix: None, archived: true, attributes: Vec::new() };
            device.report(&report).await;
        }
    }
    acknowledged(device, kind).await;
}

/// Asks until there is an answer.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("never: {what}"))
}
