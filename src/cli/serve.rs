//! `serve`, `check-config` and `migrate`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::output::{self, Outcome, line};
use super::records::open_store;
use crate::app::{self, Running, Surroundings};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::gateway::threads;
use crate::{descriptors, first_start, systemd, telemetry};

/// Runs the daemon until it is told to stop.
pub(super) fn run(config: &Config) -> anyhow::Result<Outcome> {
    telemetry::logging::init(&config.log)?;
    match descriptors::expand() {
        Ok(limit) => tracing::debug!(limit, "descriptor table is expanded"),
        Err(error) => tracing::warn!(%error, "cannot expand the descriptor table"),
    }
    let runtime = Builder::new_current_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(serve(config))?;
    Ok(Outcome::Done)
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    // Before anything else, so that a signal during the start is not lost.
    let mut signals = Signals::new()?;
    let clock: Arc<dyn Clock> = SystemClock::new();
    let metrics = telemetry::prometheus::install()?;
    let store = open_store(config.store.path()).await?;
    let (clock_for_all, device_threads) = (Arc::clone(&clock), threads::for_devices());
    let around =
        Surroundings { clock: clock_for_all, metrics, credentials: credentials(), device_threads };
    let running = app::start(config, Arc::clone(&store), around).await?;
    say_where(&running);
    // Only now: a start that fails must not leave an account behind whose key nobody has seen.
    if let Some(first) = first_start::prepare(&*store, &*clock).await? {
        running.directory.refresh().await?;
        let text = first.announce(&running.api, std::env::var_os("JOURNAL_STREAM").is_some());
        output::print(&text)?;
    }
    let stop_feeding = CancellationToken::new();
    let feeding = tokio::spawn(systemd::watchdog(store, stop_feeding.clone()));
    systemd::ready(&status(&running));
    signals.first().await;
    let within = Duration::from_secs(u64::from(config.limits.drain_seconds) + STORE_SECONDS);
    systemd::stopping(within);
    tracing::info!("stopping; a second signal stops at once");
    tokio::select! {
        () = running.shut_down() => tracing::info!("stopped"),
        () = signals.first() => tracing::warn!("stopped at once; what was not acknowledged comes again"),
    }
    stop_feeding.cancel();
    feeding.await.context("the watchdog failed")
}

/// Where systemd puts the secrets it provides.
fn credentials() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

/// Time the store may take to commit and close after the connections are gone.
const STORE_SECONDS: u64 = 20;

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen to signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn first(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn say_where(running: &Running) {
    for (protocol, address) in &running.devices {
        tracing::info!(%protocol, %address, "listening for devices");
    }
    for address in &running.api {
        tracing::info!(%address, "listening for API clients");
    }
}

fn status(running: &Running) -> String {
    let api: Vec<_> = running.api.iter().map(ToString::to_string).collect();
    format!("{} device listeners, API on {}", running.devices.len(), api.join(", "))
}

/// Says what the configuration comes to. It has been read and validated by now; secrets are read, nothing is opened.
pub(super) fn check(config: &Config) -> anyhow::Result<Outcome> {
    let own_key = config.secrets.device_code_key(credentials().as_deref())?.is_some();
    let mut out = String::new();
    line!(out, "store      {}", config.store.path().display());
    for listener in &config.listeners {
        for address in &listener.addresses {
            let proxy = if listener.proxy_protocol { ", behind PROXY protocol" } else { "" };
            line!(out, "devices    {address}  {}{proxy}", listener.protocol);
        }
    }
    for address in &config.api.addresses {
        line!(out, "API        http://{address}");
    }
    let key = if own_key { "from its file" } else { "random, kept in the store" };
    line!(out, "device-code key {key}");
    out.push_str("the configuration is good\n");
    output::print(&out)?;
    Ok(Outcome::Done)
}

/// Creates the database or brings it up to date.
pub(super) fn migrate(config: &Config) -> anyhow::Result<Outcome> {
    let path = config.store.path();
    let existed = path.exists();
    small_runtime()?.block_on(async {
        let store = open_store(path).await?;
        store.ping().await?;
        store.close().await;
        anyhow::Ok(())
    })?;
    let done = if existed { "is up to date" } else { "is created" };
    output::print(&format!("the database {} {done}\n", path.display()))?;
    Ok(Outcome::Done)
}

/// Threads enough for administration.
pub(super) fn small_runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("cannot start the runtime")
}
