//! The gateway under test: the real daemon as a process of its own, with a configuration file and a database on the disk that
//! holds the build.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use cabwire::clock::{Clock as _, SystemClock};
use cabwire::first_start;
use cabwire::model::{NewTracker, NewUser};
use cabwire::password::{self, Cost};
use cabwire::store::Store as _;
use cabwire::store::sqlite::{SqliteOptions, SqliteStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::child::Process;
use crate::fleet::Fleet;
use crate::wire::Sources;
use crate::{frames, http};

/// Time the daemon has to start.
const START: Duration = Duration::from_secs(30);
/// Protocol of the devices.
const PROTOCOL: &str = "jt808";
/// The text that clients send.
const TEXT: &str = "Please call the dispatcher before you leave the depot";

/// A running gateway.
pub struct Gateway {
    pub process: Process,
    /// Where devices connect.
    pub devices: SocketAddr,
    /// Where the API listens.
    pub api: SocketAddr,
    key: String,
    trackers: Vec<i64>,
    database: PathBuf,
    runtime: Runtime,
    _directory: TempDir,
}

impl Gateway {
    /// Starts one that knows `terminals` terminals.
    pub fn start(terminals: usize) -> Result<Self> {
        // Beside the build, because the system's directory for temporary files may be memory.
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let database = directory.path().join("cabwire.db");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (key, trackers) = runtime.block_on(seed(&database, terminals))?;
        let (devices, api) = (free_address()?, free_address()?);
        let file = directory.path().join("cabwire.toml");
        let url = format!("sqlite:{}", database.display());
        fs::write(&file, configuration(&url, devices, api)?)?;
        let log = directory.path().join("log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_cabwire"));
        command.arg("--config").arg(&file).arg("serve");
        command.env_remove("NOTIFY_SOCKET").env_remove("WATCHDOG_USEC");
        command.stdout(File::create(&log)?).stderr(File::options().append(true).open(&log)?);
        let mut process = Process::spawn(&mut command)?;
        let begin = Instant::now();
        while http::get(api, "/ready").is_err() {
            if process.is_over()? || begin.elapsed() > START {
                bail!("the gateway does not start: {}", fs::read_to_string(&log)?);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { process, devices, api, key, trackers, database, runtime, _directory: directory })
    }

    /// Connects its terminals and logs them in.
    pub fn fleet(&self, sources: &mut Sources) -> Result<Fleet> {
        let mut fleet = Fleet::connect(self.devices, 0..self.trackers.len(), sources)?;
        fleet.log_in()?;
        Ok(fleet)
    }

    /// For each terminal a request that sends it a text.
    pub fn requests(&self) -> Vec<Vec<u8>> {
        let request = |tracker: &i64| {
            let body =
                serde_json::json!({ "hash": self.key, "tracker_id": tracker, "message": TEXT });
            http::post("/tracker/chat/send", &body.to_string())
        };
        self.trackers.iter().map(request).collect()
    }

    /// Texts in the database that are DELIVERED.
    pub fn delivered(&self) -> Result<u64> {
        self.count("SELECT count(*) FROM message WHERE direction = 1 AND status = 1")
    }

    /// Texts in the database that came from drivers.
    pub fn incoming(&self) -> Result<u64> {
        self.count("SELECT count(*) FROM message WHERE direction = 0")
    }

    fn count(&self, sql: &'static str) -> Result<u64> {
        self.runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(&self.database).read_only(true);
            let mut conn = options.connect().await?;
            let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&mut conn).await?;
            conn.close().await?;
            Ok(u64::try_from(count)?)
        })
    }

    /// What it says about itself.
    pub fn metrics(&self) -> Result<String> {
        http::get(self.api, "/metrics")
    }

    /// Ends it.
    pub fn stop(self) -> Result<()> {
        self.process.stop()
    }
}

/// Creates the database: an account, its key, terminals. The key and the ids of the trackers.
async fn seed(database: &std::path::Path, terminals: usize) -> Result<(String, Vec<i64>)> {
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
    let tracker = |number: usize| NewTracker {
        user: user.id,
        label: format!("Lorry {number}"),
        protocol: PROTOCOL.to_owned(),
        identity: frames::phone(number).1,
        secret: None,
        // Real terminals want a pause after the login; these do not.
        options: [("first_text_delay_ms".to_owned(), "0".to_owned())].into(),
        model: PROTOCOL.to_owned(),
        tariff,
        phone: None,
    };
    let created = store.create_trackers((0..terminals).map(tracker).collect(), clock.wall());
    let trackers = created.await?.iter().map(|tracker| tracker.id.0).collect();
    store.close().await;
    Ok((key, trackers))
}

/// Defaults, except for the addresses and for what is there to hold back a single client.
fn configuration(url: &str, devices: SocketAddr, api: SocketAddr) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "[store]\nurl = {url:?}\n")?;
    writeln!(text, "[[listener]]\nprotocol = {PROTOCOL:?}\naddresses = [\"{devices}\"]\n")?;
    writeln!(text, "[api]\naddresses = [\"{api}\"]\nrequests_per_second = 0\n")?;
    writeln!(text, "[limits]\nframes_per_second = 1000000\n")?;
    writeln!(text, "[log]\nfilter = \"warn\"")?;
    Ok(text)
}

/// An address that nobody listens on now.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
