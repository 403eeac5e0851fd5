//! Who may log in, and who tried.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use protocols::{Admission, Credentials, Profile, SecretCheck};

use crate::directory::{Device, Directory};
use crate::model::{Millis, Stranger};
use crate::secret;

/// The answer to a login, and the device it is about.
pub(crate) fn admit(
    directory: &Directory,
    protocol: &str,
    credentials: &Credentials,
    device_key: &str,
) -> (Admission, Option<Arc<Device>>) {
    let names = std::iter::once(&credentials.identity).chain(&credentials.aliases);
    let Some(device) =
        names.into_iter().find_map(|name| directory.device_by_identity(protocol, name))
    else {
        return (Admission::Unknown, None);
    };
    if device.tracker.blocked {
        return (Admission::Blocked, None);
    }
    let issued_code = secret::issued_code(device_key, protocol, &device.tracker.identity);
    let check = check(&device, credentials.secret.as_deref(), &issued_code);
    let profile = Profile { options: Arc::clone(&device.options), secret: check, issued_code };
    (Admission::Known(profile), Some(device))
}

fn check(device: &Device, presented: Option<&str>, issued_code: &str) -> SecretCheck {
    use subtle::ConstantTimeEq as _;
    let same = |presented: &str, issued: &str| presented.as_bytes().ct_eq(issued.as_bytes()).into();
    match (device.tracker.secret, presented) {
        (Some(expected), Some(presented))
            if secret::digest(presented).0.ct_eq(&expected.0).into() =>
        {
            SecretCheck::Matches
        }
        // The issued code is no way around it: whoever registers is told it.
        (Some(_), _) => SecretCheck::Differs,
        (None, Some(presented)) if same(presented, issued_code) => SecretCheck::Matches,
        (None, Some(_)) => SecretCheck::NoneConfigured,
        (None, None) => SecretCheck::NoneNeeded,
    }
}

/// How often one stranger is logged.
const LOG_EVERY_MS: i64 = 60_000;
/// Longest identity remembered, in characters.
const MAX_IDENTITY: usize = 64;

/// Devices that were refused lately: a bounded list for the operator.
pub struct Strangers {
    capacity: usize,
    list: Mutex<HashMap<(&'static str, String), Entry>>,
    /// Refusals per address in the current minute, and when it began.
    minute: Mutex<(Millis, HashMap<IpAddr, u32>)>,
}

struct Entry {
    stranger: Stranger,
    /// When it was last logged.
    logged: Millis,
    /// Not yet written to the store.
    fresh: bool,
}

impl Strangers {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), list: Mutex::default(), minute: Mutex::default() }
    }

    /// A device was refused. Logged at most once a minute each. `true`: this address has been refused more than `per_minute`
    /// times within a minute.
    pub(crate) fn note(
        &self,
        protocol: &'static str,
        identity: &str,
        address: IpAddr,
        reason: &str,
        now: Millis,
        per_minute: u32,
    ) -> bool {
        self.remember(protocol, identity, address, reason, now);
        let mut minute = self.minute.lock();
        if now.0.saturating_sub(minute.0.0) >= LOG_EVERY_MS || minute.1.len() >= self.capacity {
            *minute = (now, HashMap::new());
        }
        let count = minute.1.entry(address).or_insert(0);
        *count += 1;
        *count > per_minute
    }

    fn remember(
        &self,
        protocol: &'static str,
        identity: &str,
        address: IpAddr,
        reason: &str,
        now: Millis,
    ) {
        let identity: String =
            identity.chars().filter(|c| !c.is_control()).take(MAX_IDENTITY).collect();
        let mut list = self.list.lock();
        let key = (protocol, identity.clone());
        if list.len() >= self.capacity && !list.contains_key(&key) {
            let oldest = list
                .iter()
                .min_by_key(|(_, entry)| entry.stranger.last)
                .map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                list.remove(&oldest);
            }
        }
        let entry = list.entry(key).or_insert_with(|| Entry {
            stranger: Stranger {
                protocol: protocol.to_owned(),
                identity: identity.clone(),
                address,
                reason: String::new(),
                count: 0,
                first: now,
                last: now,
            },
            logged: Millis(i64::MIN),
            fresh: true,
        });
        entry.fresh = true;
        let stranger = &mut entry.stranger;
        (stranger.address, stranger.last) = (address, now);
        reason.clone_into(&mut stranger.reason);
        stranger.count += 1;
        if now.0 >= entry.logged.0.saturating_add(LOG_EVERY_MS) {
            entry.logged = now;
            tracing::warn!(protocol, %address, %identity, reason, count = stranger.count, "device refused");
        }
    }

    /// All of them, latest first.
    #[must_use]
    pub fn list(&self) -> Vec<Stranger> {
        let mut list: Vec<_> =
            self.list.lock().values().map(|entry| entry.stranger.clone()).collect();
        list.sort_by_key(|stranger| std::cmp::Reverse(stranger.last));
        list
    }

    /// Those that changed since the last call.
    pub(crate) fn take_fresh(&self) -> Vec<Stranger> {
        let mut list = self.list.lock();
        let fresh = list.values_mut().filter(|entry| entry.fresh);
        fresh
            .map(|entry| {
                entry.fresh = false;
                entry.stranger.clone()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn strangers_are_counted_and_the_list_is_bounded() {
        let strangers = Strangers::new(2);
        for (n, identity) in ["a", "b", "a", "c"].into_iter().enumerate() {
            strangers.note("p", identity, HOME, "unknown device", Millis(n as i64), 9);
        }
        let seen: Vec<_> = strangers.list().into_iter().map(|s| (s.identity, s.count)).collect();
        assert_eq!(seen, [("c".to_owned(), 1), ("a".to_owned(), 2)], "b was the oldest");
        assert_eq!((strangers.take_fresh().len(), strangers.take_fresh().len()), (2, 0));
    }

    #[test]
    fn an_address_that_is_refused_too_often_is_told_apart() {
        let strangers = Strangers::new(10);
        let often = |ms| strangers.note("p", "a", HOME, "unknown device", Millis(ms), 2);
        assert_eq!([often(0), often(1), often(2), often(60_000)], [false, false, true, false]);
    }

    #[test]
    fn control_characters_of_a_stranger_never_reach_the_log() {
        let strangers = Strangers::new(2);
        strangers.note("p", "a\n\u{1b}[31mb", HOME, "unknown device", Millis(0), 9);
        assert_eq!(strangers.list()[0].identity, "a[31mb");
    }
}
