//! Limits on how often: requests per credential, failures per address, failed logins. All bounded in memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;

use crate::clock::Clock;

/// Keys remembered at most; beyond that, new ones are refused until older ones have recovered.
const MAX_KEYS: usize = 100_000;

/// The daemon's clock as the limiter wants it.
#[derive(Clone)]
struct Monotonic(Arc<dyn Clock>);

impl GovernorClock for Monotonic {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.now().monotonic
    }
}

/// So much per time for each key.
pub(super) struct Throttle<K: Hash + Eq + Clone> {
    limiter: Option<RateLimiter<K, HashMapStateStore<K>, Monotonic, NoOpMiddleware<Duration>>>,
    clock: Arc<dyn Clock>,
    /// When recovered keys may be looked for again: that walks over all of them.
    next_sweep: Mutex<Duration>,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// `count` per second, all of them at once if need be; 0: no limit.
    pub(super) fn per_second(count: u32, clock: &Arc<dyn Clock>) -> Self {
        Self::new(NonZeroU32::new(count).map(Quota::per_second), clock)
    }

    /// `count` per minute, all of them at once if need be; 0: no limit.
    pub(super) fn per_minute(count: u32, clock: &Arc<dyn Clock>) -> Self {
        Self::new(NonZeroU32::new(count).map(Quota::per_minute), clock)
    }

    fn new(quota: Option<Quota>, clock: &Arc<dyn Clock>) -> Self {
        let limiter =
            quota.map(|quota| RateLimiter::hashmap_with_clock(quota, Monotonic(Arc::clone(clock))));
        Self { limiter, clock: Arc::clone(clock), next_sweep: Mutex::default() }
    }

    /// Counts one; `false`: it is one too many.
    pub(super) fn admit(&self, key: &K) -> bool {
        let Some(limiter) = &self.limiter else { return true };
        if limiter.len() >= MAX_KEYS {
            self.sweep();
            if limiter.len() >= MAX_KEYS {
                return false;
            }
        }
        limiter.check_key(key).is_ok()
    }

    fn sweep(&self) {
        let now = self.clock.now().monotonic;
        let mut next = self.next_sweep.lock();
        if now >= *next {
            *next = now + Duration::from_secs(1);
            if let Some(limiter) = &self.limiter {
                limiter.retain_recent();
            }
        }
    }
}

/// Who tries to log in: login name and peer address. Neither alone: one must not lock out the other.
type Attempt = (String, IpAddr);

/// Failed logins.
pub(super) struct LoginAttempts {
    limit: u32,
    pause: Duration,
    clock: Arc<dyn Clock>,
    failed: Mutex<HashMap<Attempt, Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Duration,
}

impl LoginAttempts {
    /// `limit` failures (0: any number), then refusal until `pause` after the last of them.
    pub(super) fn new(limit: u32, pause: Duration, clock: &Arc<dyn Clock>) -> Self {
        Self { limit, pause, clock: Arc::clone(clock), failed: Mutex::default() }
    }

    /// Notes an attempt as failed, before its password is looked at: many at once do not slip through. `false`: it must not
    /// be looked at.
    pub(super) fn begin(&self, login: &str, address: IpAddr) -> bool {
        if self.limit == 0 {
            return true;
        }
        let now = self.clock.now().monotonic;
        let mut failed = self.failed.lock();
        if failed.len() >= MAX_KEYS {
            failed.retain(|_, failures| now.saturating_sub(failures.last) < self.pause);
            if failed.len() >= MAX_KEYS {
                return false;
            }
        }
        let failures =
            failed.entry((login.to_owned(), address)).or_insert(Failures { count: 0, last: now });
        if now.saturating_sub(failures.last) >= self.pause {
            failures.count = 0;
        }
        if failures.count >= self.limit {
            return false;
        }
        *failures = Failures { count: failures.count + 1, last: now };
        true
    }

    /// The attempt succeeded: forgets the failures before it.
    pub(super) fn succeeded(&self, login: &str, address: IpAddr) {
        self.failed.lock().remove(&(login.to_owned(), address));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::clock::ManualClock;

    fn clock() -> (Arc<ManualClock>, Arc<dyn Clock>) {
        let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH);
        (Arc::clone(&clock), clock)
    }

    #[test]
    fn a_burst_is_admitted_then_a_rate() {
        let (hands, clock) = clock();
        let throttle = Throttle::per_second(50, &clock);
        assert_eq!((0..100).filter(|_| throttle.admit(&1)).count(), 50);
        assert!(throttle.admit(&2), "another key");
        hands.advance(Duration::from_millis(100));
        assert_eq!((0..100).filter(|_| throttle.admit(&1)).count(), 5);
    }

    #[test]
    fn zero_is_no_limit() {
        let throttle = Throttle::per_second(0, &clock().1);
        assert!((0..10_000).all(|_| throttle.admit(&1)));
    }

    #[test]
    fn keys_are_bounded_and_forgotten_when_recovered() {
        let (hands, clock) = clock();
        let throttle = Throttle::per_second(1, &clock);
        assert!((0..MAX_KEYS).all(|key| throttle.admit(&key)));
        assert!(!throttle.admit(&MAX_KEYS), "all are recent");
        hands.advance(Duration::from_secs(5));
        assert!(throttle.admit(&MAX_KEYS));
    }

    #[test]
    fn failed_logins_of_one_pair_are_limited() {
        let (hands, clock) = clock();
        let attempts = LoginAttempts::new(3, Duration::from_secs(60), &clock);
        let (here, there) = (Ipv4Addr::new(1, 1, 1, 1).into(), Ipv4Addr::new(2, 2, 2, 2).into());
        assert!((0..3).all(|_| attempts.begin("a", here)));
        assert!(!attempts.begin("a", here));
        assert!(attempts.begin("a", there) && attempts.begin("b", here));
        hands.advance(Duration::from_secs(60));
        assert!(attempts.begin("a", here));
    }

    #[test]
    fn a_success_forgets_failures() {
        let attempts = LoginAttempts::new(2, Duration::from_secs(60), &clock().1);
        let here = Ipv4Addr::LOCALHOST.into();
        for _ in 0..10 {
            assert!(attempts.begin("a", here));
            attempts.succeeded("a", here);
        }
    }
}
