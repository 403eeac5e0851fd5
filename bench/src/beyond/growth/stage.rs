//! One amount of something: a site that is filled once and visited in every round, each time as it was at first.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::beyond::history::{History, last};
use crate::gateway::{Gateway, Settings, Site};
use crate::machine::Others;
use crate::rig::Rig;

/// A site with an amount of something.
pub struct Stage {
    pub amount: f64,
    /// There unless a gateway runs on it.
    site: Option<Site>,
    /// The last message that was there at first.
    last: i64,
}

impl Stage {
    /// A site with this history.
    pub fn prepare(rig: &Rig, amount: u64, settings: &Settings, history: &History) -> Result<Self> {
        let site = Site::prepare(rig, settings)?;
        history.write(&site)?;
        let (last, _) = last(&site)?;
        Ok(Self { amount: amount as f64, site: Some(site), last })
    }

    /// Starts a gateway and has a look at it; `look` learns how long the start took. What is stored meanwhile is removed before
    /// the next visit. Adds the share of the machine that others used to `others`.
    pub fn visit<T>(
        &mut self,
        others: &mut Shares,
        look: impl FnOnce(&Gateway, Duration) -> Result<T>,
    ) -> Result<T> {
        let site = self.site.take().context("an earlier visit failed")?;
        site.execute(&format!("DELETE FROM message WHERE id > {}", self.last))?;
        let begin = Instant::now();
        let gateway = site.start()?;
        let started = begin.elapsed();
        let watch = Others::watch([gateway.process.id()])?;
        let seen = look(&gateway, started)?;
        others.0.push(watch.share()?);
        self.site = Some(gateway.leave()?);
        Ok(seen)
    }

    /// Changes what is there at first.
    pub fn change(&self, sql: &str) -> Result<()> {
        self.site.as_ref().context("an earlier visit failed")?.execute(sql)
    }
}

/// Shares of the machine that others used.
#[derive(Debug, Default)]
pub struct Shares(Vec<f64>);

impl Shares {
    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len().max(1) as f64
    }
}
