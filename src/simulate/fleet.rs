//! Many simulated devices, counted together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use protocols::Uplink;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::device::DeviceEvent;
use super::life::{Happening, Life, run};
use super::random::Random;

/// Who a device says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Phone, IMEI, unit id.
    pub identity: String,
    /// Password or authentication code.
    pub secret: Option<String>,
}

impl Identity {
    /// `count` identities that count up from `first`: its last digits are a number, whose width is kept.
    ///
    /// # Errors
    /// If it does not end in a number that can count so far within its width.
    pub fn counted(first: &str, secret: Option<&str>, count: usize) -> Result<Vec<Self>, String> {
        let digits = first.bytes().rev().take_while(u8::is_ascii_digit).take(18).count();
        let (prefix, number) = first.split_at(first.len() - digits);
        let start = number.parse::<u64>().unwrap_or(0);
        (0..count as u64)
            .map(|index| {
                let identity = match index {
                    0 => first.to_owned(),
                    _ => format!("{prefix}{:0digits$}", start + index),
                };
                if identity.len() > first.len() || (index > 0 && digits == 0) {
                    return Err(format!(
                        "`{first}` does not end in a number that can count up by {count} within its width"
                    ));
                }
                Ok(Self { identity, secret: secret.map(str::to_owned) })
            })
            .collect()
    }

    /// Identities from a list: one a line, with the secret after a comma if there is one. Blank lines and lines that begin with `#`
    /// are skipped.
    #[must_use]
    pub fn listed(text: &str) -> Vec<Self> {
        let lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| match line.split_once(',') {
                Some((identity, secret)) => Self {
                    identity: identity.trim().to_owned(),
                    secret: Some(secret.trim().to_owned()),
                },
                None => Self { identity: line.to_owned(), secret: None },
            })
            .collect()
    }
}

/// What has happened to all devices together.
#[derive(Debug, Default)]
pub struct Counts {
    /// Devices that are online now.
    pub online: AtomicU64,
    /// Devices that have been online.
    pub logged_in: AtomicU64,
    /// Logins that the platform refused.
    pub refused: AtomicU64,
    /// Attempts to connect that failed.
    pub unreachable: AtomicU64,
    /// Connections that ended though the device did not want it.
    pub lost: AtomicU64,
    /// Texts that arrived.
    pub texts: AtomicU64,
    /// Texts that were confirmed, duplicates included.
    pub confirmed: AtomicU64,
    /// Texts that were refused.
    pub texts_refused: AtomicU64,
    /// Texts that were left without an answer.
    pub ignored: AtomicU64,
    /// What drivers said.
    pub said: AtomicU64,
    /// Of that, what the platform acknowledged.
    pub said_acked: AtomicU64,
    /// Positions reported.
    pub reports: AtomicU64,
    /// Of those, how many the platform acknowledged.
    pub reports_acked: AtomicU64,
    /// Things the platform could not store.
    pub nacked: AtomicU64,
}

impl Counts {
    /// One line.
    #[must_use]
    pub fn line(&self, devices: usize) -> String {
        let get = |count: &AtomicU64| count.load(Relaxed);
        format!(
            "online {}/{devices} · texts {} confirmed {} refused {} ignored {} · said {} acked {} · positions {} acked {} · \
             nacked {} · logins refused {} · unreachable {} · connections lost {}",
            get(&self.online),
            get(&self.texts),
            get(&self.confirmed),
            get(&self.texts_refused),
            get(&self.ignored),
            get(&self.said),
            get(&self.said_acked),
            get(&self.reports),
            get(&self.reports_acked),
            get(&self.nacked),
            get(&self.refused),
            get(&self.unreachable),
            get(&self.lost),
        )
    }
}

/// Many devices.
#[derive(Debug, Clone)]
pub struct Fleet {
    counts: Arc<Counts>,
    stop: CancellationToken,
    devices: TaskTracker,
}

impl Default for Fleet {
    fn default() -> Self {
        Self { counts: Arc::default(), stop: CancellationToken::new(), devices: TaskTracker::new() }
    }
}

impl Fleet {
    /// What has happened so far.
    #[must_use]
    pub fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// Starts one device; `watch` sees what happens to it.
    pub fn start(&self, life: Life, mut watch: impl FnMut(&Happening) + Send + 'static) {
        let mut counter = Counter { counts: Arc::clone(&self.counts), online: false, ever: false };
        self.devices.spawn(run(life, self.stop.clone(), move |happening| {
            counter.note(&happening);
            watch(&happening);
        }));
    }

    /// Starts devices like `pattern`, at most `per_second` a second. Returns when all are started or the fleet is stopped.
    pub async fn start_all(
        &self,
        pattern: &Life,
        identities: Vec<Identity>,
        seed: u64,
        per_second: f64,
    ) {
        let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second));
        // The timer's grain is a millisecond: faster paces catch up in bursts.
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        for (index, Identity { identity, secret }) in identities.into_iter().enumerate() {
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = pace.tick() => {}
            }
            let mut life = pattern.clone();
            life.settings.identity = identity;
            life.settings.secret = secret;
            life.random = Random::new(seed, index as u64);
            self.start(life, |_| {});
        }
    }

    /// Lets all devices say goodbye, and waits for it.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.devices.close();
        self.devices.wait().await;
    }
}

/// Counts one device.
struct Counter {
    counts: Arc<Counts>,
    online: bool,
    ever: bool,
}

impl Counter {
    fn note(&mut self, happening: &Happening) {
        let counts = &self.counts;
        let add = |count: &AtomicU64| {
            count.fetch_add(1, Relaxed);
        };
        match happening {
            Happening::Unreachable(_) => add(&counts.unreachable),
            Happening::Reported => add(&counts.reports),
            Happening::Said(_) => add(&counts.said),
            Happening::Confirmed(_) => add(&counts.confirmed),
            Happening::RefusedText(_) => add(&counts.texts_refused),
            Happening::Ignored(_) => add(&counts.ignored),
            Happening::Connected | Happening::Heartbeat | Happening::Waits(_) => {}
            Happening::Event(event) => match event {
                DeviceEvent::Online => {
                    if !std::mem::replace(&mut self.online, true) {
                        add(&counts.online);
                    }
                    if !std::mem::replace(&mut self.ever, true) {
                        add(&counts.logged_in);
                    }
                }
                DeviceEvent::Refused(_) => add(&counts.refused),
                DeviceEvent::Text(_) => add(&counts.texts),
                DeviceEvent::Acked(Uplink::Report) => add(&counts.reports_acked),
                DeviceEvent::Acked(Uplink::Text) => add(&counts.said_acked),
                DeviceEvent::Acked(_) | DeviceEvent::Garbled(_) => {}
                DeviceEvent::Nacked(_) => add(&counts.nacked),
                DeviceEvent::Closed(closed) => {
                    if std::mem::replace(&mut self.online, false) {
                        counts.online.fetch_sub(1, Relaxed);
                    }
                    if *closed != super::device::Closed::ByDevice {
                        add(&counts.lost);
                    }
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(first: &str, count: usize) -> Result<Vec<String>, String> {
        let identities = Identity::counted(first, None, count)?;
        Ok(identities.into_iter().map(|identity| identity.identity).collect())
    }

    #[test]
    fn identities_count_up_in_their_width() {
        assert_eq!(
            names("013800138009", 3).unwrap(),
            ["013800138009", "013800138010", "013800138011"]
        );
        assert_eq!(names("cab-09", 2).unwrap(), ["cab-09", "cab-10"]);
        assert_eq!(names("cab", 1).unwrap(), ["cab"]);
        assert_eq!(names("86000000000000000001", 2).unwrap()[1], "86000000000000000002");
        for (first, count) in [("cab", 2), ("cab-98", 3), ("", 2)] {
            assert!(names(first, count).is_err(), "{first}");
        }
    }

    #[test]
    fn identities_are_listed_with_their_secrets() {
        let listed = Identity::listed("# fleet\n111\n\n 222 , pass word \r\n");
        let secret = |text: &str| Some(text.to_owned());
        assert_eq!(
            listed,
            [
                Identity { identity: "111".to_owned(), secret: None },
                Identity { identity: "222".to_owned(), secret: secret("pass word") }
            ]
        );
    }
}
