//! Puts the parts together: from a configuration to a running daemon, and back.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{self, ApiParts, ApiState};
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Directory;
use crate::gateway::listener::{Listener, Settings};
use crate::gateway::threads::DeviceThreads;
use crate::gateway::{Gateway, Parts};
use crate::outbox::queue::RetryPolicy;
use crate::outbox::{Outbox, lifetime_from_hours};
use crate::presence::Registry;
use crate::secret;
use crate::store::Store;

/// How soon changes that other processes made to the records take effect.
const REFRESH: Duration = Duration::from_secs(1);
/// How often refused devices are written down for the operator.
const WRITE_STRANGERS: Duration = Duration::from_secs(2);
/// How often sessions that nobody used are removed.
const CLEAN_SESSIONS: Duration = Duration::from_secs(3600);

/// A running daemon.
pub struct Running {
    /// Where devices connect: configured protocol and bound address.
    pub devices: Vec<(String, SocketAddr)>,
    /// Where the API listens.
    pub api: Vec<SocketAddr>,
    /// The administered records.
    pub directory: Arc<Directory>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Which device is connected.
    pub registry: Arc<Registry>,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What surrounds the daemon and differs between a process and a test.
pub struct Surroundings {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Metrics in Prometheus text.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Directory of the secrets that systemd provides.
    pub credentials: Option<PathBuf>,
    /// Threads for device connections besides those of the runtime that starts it all; 0: none.
    pub device_threads: usize,
}

/// Starts everything on an open store.
///
/// # Errors
/// What cannot be bound or read, with the configuration key.
pub async fn start(
    config: &Config,
    store: Arc<dyn Store>,
    around: Surroundings,
) -> anyhow::Result<Running> {
    let clock = around.clock;
    let directory = Directory::load(Arc::clone(&store)).await.context("cannot load the records")?;
    let device_key = device_key(config, around.credentials.as_deref(), &*store).await?;
    let registry = Arc::new(Registry::default());
    let lifetime = lifetime_from_hours(config.outbox.message_lifetime_hours);
    let outbox =
        Outbox::new(Arc::clone(&store), Arc::clone(&registry), Arc::clone(&clock), lifetime);
    let gateway = Arc::new(Gateway::start(Parts {
        store: Arc::clone(&store),
        directory: Arc::clone(&directory),
        clock: Arc::clone(&clock),
        limits: config.limits.clone(),
        registry: Arc::clone(&registry),
        policy: policy(config),
        device_key,
        threads: DeviceThreads::start(around.device_threads).context("cannot start threads")?,
    }));
    let devices = listen(config, &gateway)?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let state = ApiState::new(ApiParts {
        store: Arc::clone(&store),
        directory: Arc::clone(&directory),
        outbox,
        clock: Arc::clone(&clock),
        settings: config.api.clone(),
        ready: ready(&stop),
        metrics: around.metrics,
    });
    let api = serve_api(config, state, &stop, &tasks).await?;
    let running = Running { devices, api, directory, store, registry, gateway, stop, tasks };
    running.start_housekeeping(clock);
    Ok(running)
}

impl Running {
    /// Ends in order: no new connections and requests, connections finish what they accepted, the store commits and closes.
    pub async fn shut_down(self) {
        self.stop.cancel();
        self.tasks.close();
        let (devices, requests) = (self.gateway.shut_down(), self.tasks.wait());
        tokio::join!(devices, requests);
        self.store.close().await;
    }

    /// Runs `job` every so often until the daemon stops.
    fn repeat<F>(&self, every: Duration, mut job: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let mut ticks = tokio::time::interval(every);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while stop.run_until_cancelled(ticks.tick()).await.is_some() {
                job().await;
            }
        });
    }

    fn start_housekeeping(&self, clock: Arc<dyn Clock>) {
        let (directory, gateway) = (Arc::clone(&self.directory), Arc::clone(&self.gateway));
        self.repeat(REFRESH, move || {
            let (directory, gateway) = (Arc::clone(&directory), Arc::clone(&gateway));
            async move {
                if let Err(error) = directory.refresh().await {
                    tracing::warn!(%error, "cannot see whether records were changed");
                }
                gateway.apply(&directory.take_changes());
            }
        });
        let (store, gateway) = (Arc::clone(&self.store), Arc::clone(&self.gateway));
        self.repeat(WRITE_STRANGERS, move || {
            let (store, strangers) = (Arc::clone(&store), gateway.strangers().take_fresh());
            async move {
                if strangers.is_empty() {
                    return;
                }
                if let Err(error) = store.note_strangers(strangers).await {
                    tracing::warn!(%error, "cannot write down refused devices");
                }
            }
        });
        let store = Arc::clone(&self.store);
        self.repeat(CLEAN_SESSIONS, move || {
            let (store, before) =
                (Arc::clone(&store), clock.wall().plus(-api::SESSION_IDLE_MILLIS));
            async move {
                if let Err(error) = store.remove_idle_sessions(before).await {
                    tracing::warn!(%error, "cannot remove sessions nobody used");
                }
            }
        });
    }
}

/// The key of the codes issued to devices: from its file, else random and kept in the store.
async fn device_key(
    config: &Config,
    credentials: Option<&Path>,
    store: &dyn Store,
) -> anyhow::Result<String> {
    if let Some(key) = config.secrets.device_code_key(credentials)? {
        return Ok(key);
    }
    let fresh = secret::random_hash().context("the system has no randomness to give")?;
    store.setting("device_code_key", &fresh).await.context("cannot keep the device code key")
}

fn policy(config: &Config) -> RetryPolicy {
    let millis = |seconds: u32| i64::from(seconds) * 1000;
    RetryPolicy {
        first_retry: millis(config.outbox.first_retry_seconds),
        max_retry: millis(config.outbox.max_retry_seconds),
        ..RetryPolicy::default()
    }
}

fn listen(config: &Config, gateway: &Gateway) -> anyhow::Result<Vec<(String, SocketAddr)>> {
    let mut bound = Vec::new();
    for listener in &config.listeners {
        let settings = Settings {
            protocol: listener.protocol(),
            proxy_header: listener.proxy_protocol,
            idle: listener.idle_seconds.map(|seconds| Duration::from_secs(u64::from(seconds))),
        };
        for &address in &listener.addresses {
            let open = Listener::bind(address, settings).with_context(|| {
                format!("listener.addresses: cannot listen on {address} for {}", listener.protocol)
            })?;
            bound.push((listener.protocol.clone(), open.local_addr()?));
            gateway.listen(open);
        }
    }
    Ok(bound)
}

async fn serve_api(
    config: &Config,
    state: ApiState,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<Vec<SocketAddr>> {
    let router = api::router(state);
    let mut bound = Vec::new();
    for address in &config.api.addresses {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("api.addresses: cannot listen on {address}"))?;
        bound.push(listener.local_addr()?);
        tasks.spawn(api::serve(listener, router.clone(), config.api.clone(), stop.clone()));
    }
    Ok(bound)
}

/// Listeners are bound before the API answers, so the daemon is ready until it stops; the API asks the store itself.
fn ready(stop: &CancellationToken) -> Arc<dyn Fn() -> Result<(), String> + Send + Sync> {
    let stop = stop.clone();
    Arc::new(
        move || if stop.is_cancelled() { Err("the daemon is stopping".to_owned()) } else { Ok(()) },
    )
}
