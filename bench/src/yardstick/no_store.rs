//! The daemon's own code without storage: what is possible if nothing had to be on disk.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use cabwire::app::{self, Surroundings};
use cabwire::clock::{Clock, SystemClock};
use cabwire::config::Config;
use cabwire::gateway::threads;
use cabwire::store::sqlite::{SqliteOptions, SqliteStore};
use cabwire::{descriptors, telemetry};

use super::memory::MemoryStore;
use crate::process::end_with_parent;

/// Runs the daemon with the configuration in `file` until its parent ends.
pub fn run(file: &str) -> Result<()> {
    end_with_parent();
    let config = Config::load(Path::new(file))?;
    telemetry::logging::init(&config.log)?;
    descriptors::expand()?;
    super::current_thread()?.block_on(async {
        let clock: Arc<dyn Clock> = SystemClock::new();
        let metrics = telemetry::prometheus::install()?;
        let records = SqliteStore::open(config.store.path(), SqliteOptions::migrating()).await?;
        let device_threads = threads::for_devices();
        let around = Surroundings { clock, metrics, credentials: None, device_threads };
        let running = app::start(&config, Arc::new(MemoryStore::over(records)), around).await?;
        std::future::pending::<()>().await;
        running.shut_down().await;
        Ok(())
    })
}
