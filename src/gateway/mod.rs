//! The device side: listeners, connections, who is connected where.
//!
//! * [`listener`]: accepts, turns away what exceeds a bound;
//! * [`connection`]: the one driver for all protocols;
//! * [`admission`]: who may log in, and who tried;
//! * [`recorder`]: what devices report, as the store wants it;
//! * [`wheel`]: deadlines of all connections, without a timer each;
//! * [`threads`]: where connections are served;
//! * [`limits`]: every bound.

pub mod admission;
pub mod connection;
mod limits;
pub mod listener;
pub mod proxy;
pub mod recorder;
mod scratch;
pub mod threads;
mod wheel;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::Duration;

use protocols::registry as protocol_registry;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use limits::Limits;

use crate::clock::Clock;
use crate::directory::{Changes, Directory};
use crate::outbox::dispatcher::{self, Dispatcher};
use crate::outbox::queue::RetryPolicy;
use crate::outbox::receipts::Receipts;
use crate::presence::{Closing, Registry};
use crate::store::Store;
use crate::telemetry::metrics::ProtocolMetrics;

use admission::Strangers;
use scratch::Pool;
use threads::DeviceThreads;
use wheel::Wheel;

/// What all connections share.
pub struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) protocol_limits: protocols::Limits,
    pub(crate) registry: Arc<Registry>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) receipts: Receipts,
    pub(crate) policy: RetryPolicy,
    /// Key of the codes issued to devices.
    pub(crate) device_key: String,
    pub(crate) strangers: Strangers,
    pub(crate) wheel: Wheel,
    pub(crate) pool: Pool,
    metrics: HashMap<&'static str, Arc<ProtocolMetrics>>,
    pub(crate) next_connection: AtomicU64,
    pub(crate) open: AtomicUsize,
}

impl Shared {
    /// Metrics of a protocol, or of connections whose protocol is not known yet.
    pub(crate) fn metrics(&self, protocol: Option<&str>) -> Arc<ProtocolMetrics> {
        let found = self.metrics.get(protocol.unwrap_or(DETECTING));
        found.cloned().unwrap_or_else(|| Arc::new(ProtocolMetrics::new(DETECTING)))
    }
}

/// Metric label of connections whose protocol is not known yet.
const DETECTING: &str = "detecting";

/// What the gateway needs from the rest of the daemon.
pub struct Parts {
    /// Store.
    pub store: Arc<dyn Store>,
    /// Administered records.
    pub directory: Arc<Directory>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Bounds.
    pub limits: Limits,
    /// Where connections register.
    pub registry: Arc<Registry>,
    /// How failed attempts are repeated.
    pub policy: RetryPolicy,
    /// Key of the codes issued to devices.
    pub device_key: String,
    /// Where connections are served.
    pub threads: DeviceThreads,
}

/// The running device side.
pub struct Gateway {
    pub(crate) shared: Arc<Shared>,
    stop_accepting: CancellationToken,
    stop_helpers: CancellationToken,
    listeners: TaskTracker,
    connections: TaskTracker,
    helpers: TaskTracker,
    threads: DeviceThreads,
}

impl Gateway {
    /// Starts the helpers (deadlines, dispatcher); listeners are added with [`Gateway::listen`].
    #[must_use]
    pub fn start(parts: Parts) -> Self {
        let names = protocol_registry::ALL.iter().map(|p| p.info().name).chain([DETECTING]);
        let shared = Arc::new(Shared {
            receipts: Receipts::new(Arc::clone(&parts.store), Arc::clone(&parts.clock)),
            protocol_limits: parts.limits.for_protocols(),
            strangers: Strangers::new(parts.limits.strangers),
            wheel: Wheel::new(parts.clock.now().monotonic),
            store: parts.store,
            directory: parts.directory,
            clock: parts.clock,
            limits: parts.limits,
            registry: parts.registry,
            dispatcher: Arc::default(),
            policy: parts.policy,
            device_key: parts.device_key,
            pool: Pool::default(),
            metrics: names.map(|name| (name, Arc::new(ProtocolMetrics::new(name)))).collect(),
            next_connection: AtomicU64::new(1),
            open: AtomicUsize::new(0),
        });
        let gateway = Self {
            shared,
            stop_accepting: CancellationToken::new(),
            stop_helpers: CancellationToken::new(),
            listeners: TaskTracker::new(),
            connections: TaskTracker::new(),
            helpers: TaskTracker::new(),
            threads: parts.threads,
        };
        gateway.start_helpers();
        gateway
    }

    /// Accepts connections on a listener until [`Gateway::shut_down`].
    pub fn listen(&self, listener: listener::Listener) {
        let (shared, connections) = (Arc::clone(&self.shared), self.connections.clone());
        let (threads, stop) = (self.threads.handles().to_vec(), self.stop_accepting.clone());
        self.listeners.spawn(listener.serve(shared, connections, threads, stop));
    }

    /// Applies changed records to live connections: a device that was removed, blocked or configured differently is disconnected
    /// (it may log in again under the new rules).
    pub fn apply(&self, changes: &Changes) {
        for &tracker in &changes.trackers {
            let device = self.shared.directory.device(tracker);
            self.shared.registry.reconsider(tracker, device.as_deref());
        }
    }

    /// Identities that were refused lately.
    #[must_use]
    pub fn strangers(&self) -> &Strangers {
        &self.shared.strangers
    }

    /// Stops accepting, lets connections finish what they accepted within the drain time, settles receipts.
    pub async fn shut_down(&self) {
        self.stop_accepting.cancel();
        self.listeners.close();
        self.listeners.wait().await;
        self.shared.wheel.close_all(Closing::Shutdown);
        self.connections.close();
        let drain = Duration::from_secs(u64::from(self.shared.limits.drain_seconds));
        if tokio::time::timeout(drain, self.connections.wait()).await.is_err() {
            tracing::warn!("{} connections did not finish in {drain:?}", self.connections.len());
        }
        self.stop_helpers.cancel();
        self.helpers.close();
        self.helpers.wait().await;
        if tokio::time::timeout(drain, self.shared.receipts.finish()).await.is_err() {
            tracing::warn!("some receipts could not be settled in {drain:?}");
        }
    }

    fn start_helpers(&self) {
        let (shared, stop) = (Arc::clone(&self.shared), self.stop_helpers.clone());
        self.helpers.spawn(async move {
            let mut ticks = tokio::time::interval(wheel::TICK);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
            while stop.run_until_cancelled(ticks.tick()).await.is_some() {
                shared.wheel.advance(shared.clock.now().monotonic);
            }
        });
        let (shared, stop) = (Arc::clone(&self.shared), self.stop_helpers.clone());
        self.helpers.spawn(async move {
            let limit = shared.limits.ready_texts.max(2) * 2;
            let parts = dispatcher::Parts {
                store: Arc::clone(&shared.store),
                registry: Arc::clone(&shared.registry),
                receipts: shared.receipts.clone(),
                clock: Arc::clone(&shared.clock),
            };
            shared.dispatcher.serve(parts, limit, stop).await;
        });
    }
}
