//! Where a gateway lives: a directory with its configuration and its database, and the addresses it listens on.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use cabwire::clock::{Clock as _, SystemClock};
use cabwire::first_start;
use cabwire::model::{NewTracker, NewUser};
use cabwire::password::{self, Cost};
use cabwire::store::Store as _;
use cabwire::store::sqlite::{SqliteOptions, SqliteStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{Gateway, free_address};
use crate::load::http;
use crate::load::speech::Speech;
use crate::machine::on_processor;
use crate::process::Process;
use crate::rig::Rig;

/// Time the daemon has to start.
const START: Duration = Duration::from_secs(60);
/// Trackers created in one call.
const CHUNK: usize = 5000;
/// The text that clients send.
pub const TEXT: &str = "Please call the dispatcher before you leave the depot";

/// What is behind the gateway's store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backing {
    /// The real daemon with SQLite, as it is delivered.
    #[default]
    Sqlite,
    /// The same code in this program, with a store that keeps messages in memory: what is possible without storage.
    Nothing,
}

/// What kind of gateway.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Trackers it knows.
    pub terminals: usize,
    /// Protocol of the devices.
    pub speech: Speech,
    pub backing: Backing,
    /// Bind it to one processor.
    pub processor: Option<usize>,
    /// A command in front of the daemon's, such as one that makes system calls slow.
    pub wrapper: Vec<String>,
    /// More configuration, below what is always there; TOML.
    pub configuration: String,
}

impl Settings {
    /// Defaults with so many terminals.
    pub fn terminals(terminals: usize) -> Self {
        Self { terminals, ..Self::default() }
    }
}

/// A gateway's directory and addresses.
pub struct Site {
    pub settings: Settings,
    /// Where devices connect.
    pub devices: SocketAddr,
    /// Where the API listens.
    pub api: SocketAddr,
    /// The account's API key.
    pub key: String,
    /// Ids of the trackers, in the order of the terminals.
    pub trackers: Vec<i64>,
    pub database: PathBuf,
    cabwire: PathBuf,
    runtime: Runtime,
    directory: TempDir,
}

impl Site {
    /// Makes the directory, the database with an account and its trackers, and the configuration.
    pub fn prepare(rig: &Rig, settings: &Settings) -> Result<Self> {
        let directory = rig.directory()?;
        let database = directory.path().join("cabwire.db");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (key, trackers) = runtime.block_on(seed(&database, settings))?;
        let (devices, api) = (free_address()?, free_address()?);
        let (settings, cabwire) = (settings.clone(), rig.cabwire.clone());
        let site =
            Self { settings, devices, api, key, trackers, database, cabwire, runtime, directory };
        fs::write(site.file(), site.configuration()?)?;
        Ok(site)
    }

    /// Starts a gateway here and waits until it says that it is ready.
    pub fn start(self) -> Result<Gateway> {
        let log = self.directory.path().join("log");
        let mut command = self.command()?;
        command.env_remove("NOTIFY_SOCKET").env_remove("WATCHDOG_USEC").stdin(Stdio::piped());
        command.stdout(File::create(&log)?).stderr(File::options().append(true).open(&log)?);
        let begin = Instant::now();
        let mut process = match self.settings.processor {
            Some(number) => on_processor(number, || Process::spawn(&mut command))?,
            None => Process::spawn(&mut command)?,
        };
        while http::get(self.api, "/ready").is_err() {
            if process.is_over()? || begin.elapsed() > START {
                bail!("the gateway does not start: {}", self.log()?);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Gateway { process, site: self })
    }

    fn command(&self) -> Result<Command> {
        let file = self.file();
        let daemon = match self.settings.backing {
            Backing::Sqlite => vec![self.cabwire.clone(), "--config".into(), file, "serve".into()],
            Backing::Nothing => vec![std::env::current_exe()?, "no-store".into(), file],
        };
        let mut words = self.settings.wrapper.iter().map(PathBuf::from).chain(daemon);
        let mut command = Command::new(words.next().context("no program")?);
        command.args(words);
        Ok(command)
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("cabwire.toml")
    }

    /// Defaults, except for the addresses and for what is there to hold back a single client.
    fn configuration(&self) -> Result<String> {
        let (mut text, protocol) = (String::new(), self.settings.speech.protocol());
        let url = format!("sqlite:{}", self.database.display());
        writeln!(text, "[store]\nurl = {url:?}\n")?;
        writeln!(
            text,
            "[[listener]]\nprotocol = {protocol:?}\naddresses = [\"{}\"]\n",
            self.devices
        )?;
        writeln!(text, "[api]\naddresses = [\"{}\"]\nrequests_per_second = 0\n", self.api)?;
        writeln!(text, "[limits]\nframes_per_second = 1000000\n")?;
        writeln!(text, "[log]\nfilter = \"warn\"\n\n{}", self.settings.configuration)?;
        Ok(text)
    }

    /// What the daemon wrote.
    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.directory.path().join("log"))?)
    }

    /// For each terminal a request that sends it a text.
    pub fn requests(&self) -> Vec<Vec<u8>> {
        self.trackers.iter().map(|&tracker| self.send(tracker, TEXT)).collect()
    }

    /// The request that sends `text` to a tracker.
    pub fn send(&self, tracker: i64, text: &str) -> Vec<u8> {
        self.call("send", serde_json::json!({ "tracker_id": tracker, "message": text }))
    }

    /// The request that calls an action of the chat with these arguments, an object.
    pub fn call(&self, action: &str, mut arguments: serde_json::Value) -> Vec<u8> {
        arguments["hash"] = self.key.as_str().into();
        http::post(&format!("/tracker/chat/{action}"), &arguments.to_string())
    }

    /// Texts in the database that are DELIVERED.
    pub fn delivered(&self) -> Result<u64> {
        self.count("SELECT count(*) FROM message WHERE direction = 1 AND status = 1")
    }

    /// Texts in the database that no device has confirmed yet.
    pub fn pending(&self) -> Result<u64> {
        self.count("SELECT count(*) FROM message WHERE direction = 1 AND status = 0")
    }

    /// Texts in the database that came from drivers.
    pub fn incoming(&self) -> Result<u64> {
        self.count("SELECT count(*) FROM message WHERE direction = 0")
    }

    /// The number that a query comes to, read from the database by this process.
    pub fn count(&self, sql: &str) -> Result<u64> {
        let rows: Vec<(i64,)> = self.query(sql)?;
        let (count,) = rows.first().context("the query has no result")?;
        Ok(u64::try_from(*count)?)
    }

    /// The rows of a query, read from the database by this process. `sql` is the rig's own.
    pub fn query<R>(&self, sql: &str) -> Result<Vec<R>>
    where
        R: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
    {
        self.runtime.block_on(async {
            let mut conn = connect(&self.database, true).await?;
            let rows = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut conn).await?;
            conn.close().await?;
            Ok(rows)
        })
    }

    /// Changes the database while no gateway runs on it, for histories too long to be made through the API.
    pub fn execute(&self, sql: &str) -> Result<()> {
        self.runtime.block_on(async {
            let mut conn = connect(&self.database, false).await?;
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
            conn.close().await?;
            Ok(())
        })
    }
}

async fn connect(database: &Path, read_only: bool) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(database).read_only(read_only);
    Ok(options.connect().await?)
}

/// Creates the database: an account, its key, terminals. The key and the ids of the trackers.
pub async fn seed(database: &Path, settings: &Settings) -> Result<(String, Vec<i64>)> {
    let store = SqliteStore::open(database, SqliteOptions::migrating()).await?;
    let clock = SystemClock::new();
    let user = NewUser {
        login: "load".to_owned(),
        password_hash: password::hash("load", Cost::LEAST)?,
        title: "Load".to_owned(),
        time_zone: "UTC".to_owned(),
        locale: "en_US".to_owned(),
        master: None,
    };
    let user = store.create_user(user, clock.wall()).await?;
    let key = first_start::new_key(&store, &user, "load", &*clock).await?;
    let known = store.reference(None).await?;
    let tariff = known.tariffs.first().context("the store has no tariff")?.id;
    let protocol = settings.speech.protocol();
    let tracker = |number: usize| NewTracker {
        user: user.id,
        label: format!("Lorry {number}"),
        protocol: protocol.to_owned(),
        identity: settings.speech.identity(number),
        secret: None,
        options: settings.speech.options(),
        model: protocol.to_owned(),
        tariff,
        phone: None,
    };
    let mut trackers = Vec::with_capacity(settings.terminals);
    for first in (0..settings.terminals).step_by(CHUNK) {
        let some = first..(first + CHUNK).min(settings.terminals);
        let created = store.create_trackers(some.map(tracker).collect(), clock.wall()).await?;
        trackers.extend(created.iter().map(|tracker| tracker.id.0));
    }
    store.close().await;
    Ok((key, trackers))
}
