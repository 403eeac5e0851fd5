//! What every call can reach.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};

use super::settings::ApiSettings;
use super::throttle::{LoginAttempts, Throttle};
use crate::clock::Clock;
use crate::directory::Directory;
use crate::model::Digest;
use crate::outbox::Outbox;
use crate::store::Store;

/// What the API is made of; given to [`ApiState::new`].
pub struct ApiParts {
    /// Messages, credentials.
    pub store: Arc<dyn Store>,
    /// Administered records.
    pub directory: Arc<Directory>,
    /// Sending and marking.
    pub outbox: Arc<Outbox>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Settings.
    pub settings: ApiSettings,
    /// Whether the rest of the daemon does its work, or a sentence about what it lacks: asked by `/ready`.
    pub ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// Metrics in Prometheus text: `/metrics`.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// What every call can reach. Cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

/// See [`ApiState`].
pub struct Inner {
    pub(super) parts: ApiParts,
    /// Requests per credential.
    pub(super) requests: Throttle<Digest>,
    /// Calls without a valid credential, per address.
    pub(super) failures: Throttle<IpAddr>,
    /// Failed logins.
    pub(super) attempts: LoginAttempts,
    /// Passwords hashed at the same time, so that logins cannot starve the rest.
    pub(super) hashing: Arc<Semaphore>,
    /// Logins that wait for [`Self::hashing`].
    pub(super) logins: Semaphore,
    /// Verified against for a login that does not exist, so that the answer takes as long.
    pub(super) nobody: OnceLock<String>,
    /// Counting credentials and adding one is one step.
    pub(super) credentials: Mutex<()>,
}

impl ApiState {
    /// Puts it together.
    #[must_use]
    pub fn new(parts: ApiParts) -> Self {
        let settings = &parts.settings;
        let pause = Duration::from_secs(settings.login_pause_seconds.into());
        Self(Arc::new(Inner {
            requests: Throttle::per_second(settings.requests_per_second, &parts.clock),
            failures: Throttle::per_minute(settings.failures_per_minute, &parts.clock),
            attempts: LoginAttempts::new(settings.login_attempts, pause, &parts.clock),
            hashing: Arc::new(Semaphore::new(2)),
            logins: Semaphore::new(64),
            nobody: OnceLock::new(),
            credentials: Mutex::const_new(()),
            parts,
        }))
    }
}

impl Deref for ApiState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
