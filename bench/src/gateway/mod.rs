//! The gateway under test: the real daemon as a process of its own, with a configuration file and a database on the disk that
//! holds the build.

pub mod site;

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use anyhow::{Result, ensure};

pub use self::site::{Backing, Settings, Site};
use crate::load::fleet::Fleet;
use crate::load::http;
use crate::load::traffic::Traffic;
use crate::load::wire::Sources;
use crate::process::Process;
use crate::rig::Rig;
use crate::wait::eventually;

/// A running gateway. Its site stays when it is killed and can be started again.
pub struct Gateway {
    pub process: Process,
    pub site: Site,
}

impl Deref for Gateway {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl DerefMut for Gateway {
    fn deref_mut(&mut self) -> &mut Site {
        &mut self.site
    }
}

impl Gateway {
    /// Prepares a site and starts a gateway on it.
    pub fn start(rig: &Rig, settings: &Settings) -> Result<Self> {
        Site::prepare(rig, settings)?.start()
    }

    /// Connects its terminals and logs them in.
    pub fn fleet(&self, sources: &mut Sources) -> Result<Fleet> {
        let (speech, terminals) = (self.site.settings.speech, self.site.trackers.len());
        let mut fleet = Fleet::connect(self.site.devices, 0..terminals, speech, sources)?;
        fleet.log_in()?;
        Ok(fleet)
    }

    /// `clients` connections to its API beside its terminals, all of which are connected and logged in.
    pub fn traffic(&self, clients: usize, sources: &mut Sources) -> Result<Traffic> {
        let terminals = self.fleet(sources)?.into_terminals()?;
        Traffic::new(self.site.api, clients, terminals, self.site.requests(), sources)
    }

    /// The value of a counter of the gateway; 0 if it was never touched.
    pub fn counter(&self, name: &str) -> Result<f64> {
        let text = self.metrics()?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        Ok(value.unwrap_or(0.0))
    }

    /// Connections of devices that are open.
    pub fn connections(&self) -> Result<f64> {
        let protocol = self.site.settings.speech.protocol();
        self.counter(&format!("cabwire_connections{{protocol=\"{protocol}\"}}"))
    }

    /// What it says about itself.
    pub fn metrics(&self) -> Result<String> {
        http::get(self.site.api, "/metrics")
    }

    /// Waits until the gateway has noted `more` deliveries since its counter stood at `before`.
    pub fn wait_delivered(&self, before: f64, more: u64) -> Result<()> {
        let all = before + more as f64;
        eventually("all texts to be DELIVERED", Duration::from_secs(20), || {
            Ok(self.counter(DELIVERED)? >= all)
        })
    }

    /// Ends it in order; its site is gone then.
    pub fn stop(self) -> Result<()> {
        self.process.stop()
    }

    /// `kill -9`. The site is left as it was at that moment.
    pub fn kill(self) -> Result<Site> {
        self.process.kill()?;
        Ok(self.site)
    }

    /// Ends it in order; the site can be started again.
    pub fn leave(self) -> Result<Site> {
        self.process.stop()?;
        Ok(self.site)
    }

    /// Fails if the gateway is not there any more.
    pub fn check(&mut self) -> Result<()> {
        ensure!(!self.process.is_over()?, "the gateway ended: {}", self.site.log()?);
        Ok(())
    }
}

/// Counter of the gateway: texts that became DELIVERED.
pub const DELIVERED: &str = "cabwire_texts_delivered_total";
/// Histogram of the gateway: from a text's acceptance to the commit of its DELIVERED, in seconds.
pub const DELIVERY_SECONDS: &str = "cabwire_delivery_seconds";

/// An address that nobody listens on now.
pub fn free_address() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
