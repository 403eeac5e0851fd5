//! Values that parse but make no sense.

use std::collections::HashSet;
use std::net::SocketAddr;

use protocols::registry;
use tracing_subscriber::EnvFilter;

use super::locate::Step;
use super::{AUTO, Config, Listener};

/// A value that makes no sense.
pub(super) struct Invalid {
    /// Where it is.
    pub(super) path: Vec<Step>,
    /// What is wrong and what would be right.
    pub(super) message: String,
}

/// Everything that makes no sense.
pub(super) fn problems(config: &Config) -> Vec<Invalid> {
    let mut found = Vec::new();
    store(config, &mut found);
    listeners(config, &mut found);
    limits(config, &mut found);
    outbox(config, &mut found);
    if let Err(error) = EnvFilter::try_new(&config.log.filter) {
        found.push(invalid("log.filter", error.to_string()));
    }
    found
}

fn invalid(path: &str, message: impl Into<String>) -> Invalid {
    let path = path.split('.').map(|key| Step::Key(key.to_owned())).collect();
    Invalid { path, message: message.into() }
}

fn store(config: &Config, found: &mut Vec<Invalid>) {
    let url = &config.store.url;
    match url.strip_prefix("sqlite:") {
        None => found.push(invalid(
            "store.url",
            format!("`{url}` is no store this build knows; expected `sqlite:` and a path"),
        )),
        Some("") => found.push(invalid("store.url", "the path after `sqlite:` is missing")),
        Some(_) => {}
    }
}

fn listeners(config: &Config, found: &mut Vec<Invalid>) {
    if config.listeners.is_empty() {
        found.push(invalid(
            "listener",
            "no device could connect; leave the key out to listen for every protocol on its customary port",
        ));
    }
    let mut taken = HashSet::new();
    for (index, listener) in config.listeners.iter().enumerate() {
        let at = |key: &str, message: String| Invalid {
            path: vec![
                Step::Key("listener".to_owned()),
                Step::Index(index),
                Step::Key(key.to_owned()),
            ],
            message,
        };
        if let Some(message) = wrong_protocol(listener) {
            found.push(at("protocol", message));
        }
        if let Some(message) = wrong_addresses(&listener.addresses, &mut taken) {
            found.push(at("addresses", message));
        }
        if listener.idle_seconds == Some(0) {
            let message = "must be at least 1; leave the key out for the default".to_owned();
            found.push(at("idle_seconds", message));
        }
    }
    if let Some(message) = wrong_addresses(&config.api.addresses, &mut taken) {
        found.push(invalid("api.addresses", message));
    }
}

fn wrong_protocol(listener: &Listener) -> Option<String> {
    let name = &listener.protocol;
    if name == AUTO || registry::by_name(name).is_some() {
        return None;
    }
    let mut known = vec![AUTO];
    known.extend(registry::ALL.iter().map(|protocol| protocol.info().name));
    Some(format!("there is no protocol `{name}` (known: {})", known.join(", ")))
}

fn wrong_addresses(addresses: &[SocketAddr], taken: &mut HashSet<SocketAddr>) -> Option<String> {
    if addresses.is_empty() {
        return Some("expected at least one address".to_owned());
    }
    // Port 0 lets the system choose, so it may be given any number of times.
    let twice = addresses.iter().find(|address| address.port() != 0 && !taken.insert(**address));
    twice.map(|address| format!("{address} is listed twice"))
}

fn limits(config: &Config, found: &mut Vec<Invalid>) {
    let (limits, api) = (&config.limits, &config.api);
    let least = [
        // The longest text, every character of it percent-encoded, must fit.
        ("api.max_body_bytes", api.max_body_bytes as u64, 256 * 1024),
        ("api.body_seconds", api.body_seconds.into(), 1),
        ("api.header_seconds", api.header_seconds.into(), 1),
        ("api.connections", api.connections as u64, 1),
        ("api.sessions_per_user", api.sessions_per_user as u64, 1),
        ("limits.connections", limits.connections as u64, 1),
        ("limits.login_seconds", limits.login_seconds.into(), 1),
        ("limits.write_seconds", limits.write_seconds.into(), 1),
        ("limits.keepalive_seconds", limits.keepalive_seconds.into(), 1),
        ("limits.user_timeout_seconds", limits.user_timeout_seconds.into(), 1),
        ("limits.frame_bytes", limits.frame_bytes as u64, 1024),
        ("limits.reassembly_bytes", limits.reassembly_bytes as u64, 1024),
        ("limits.frames_per_second", limits.frames_per_second.into(), 1),
        ("limits.uncommitted", limits.uncommitted as u64, 1),
        ("limits.lanes", limits.lanes.into(), 1),
        ("limits.ready_texts", limits.ready_texts as u64, 1),
        ("limits.strangers_per_minute", limits.strangers_per_minute.into(), 1),
    ];
    for (path, value, least) in least {
        if value < least {
            found.push(invalid(path, format!("is {value}, must be at least {least}")));
        }
    }
}

fn outbox(config: &Config, found: &mut Vec<Invalid>) {
    let outbox = &config.outbox;
    if outbox.first_retry_seconds == 0 {
        found.push(invalid("outbox.first_retry_seconds", "is 0, must be at least 1"));
    }
    if outbox.max_retry_seconds < outbox.first_retry_seconds {
        let message = format!(
            "is {}, must not be less than first_retry_seconds ({})",
            outbox.max_retry_seconds, outbox.first_retry_seconds
        );
        found.push(invalid("outbox.max_retry_seconds", message));
    }
    if outbox.message_lifetime_hours == Some(0) {
        let message = "is 0, must be at least 1; leave the key out for texts that never expire";
        found.push(invalid("outbox.message_lifetime_hours", message));
    }
}
