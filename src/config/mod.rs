//! One TOML file configures everything. Every key has a default, every unknown key and every bad value is refused with file,
//! line and key.
//!
//! `systemd/cabwire.toml` is the commented example; a test holds it equal to [`Config::default`]. Relative paths in the file are
//! relative to the working directory of the process.

mod error;
mod locate;
mod secrets;
mod validate;

use std::fs;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use protocols::{Protocol, registry};
use serde::{Deserialize, Deserializer, de};

use crate::api::ApiSettings;
use crate::gateway::Limits;

pub use error::{ConfigError, Problem};

/// The port of the listener that finds out by itself which protocol a device speaks.
pub const AUTO_PORT: u16 = 5000;

/// Name of the protocol "find out from the first bytes".
pub const AUTO: &str = "auto";

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where messages and records are kept.
    pub store: StoreSettings,
    /// Where devices connect; the defaults of [`default_listeners`] if the file names none.
    #[serde(rename = "listener")]
    pub listeners: Vec<Listener>,
    /// The HTTP API.
    pub api: ApiSettings,
    /// Every bound on what a peer can make the gateway do.
    pub limits: Limits,
    /// Delivery of texts to devices.
    pub outbox: OutboxSettings,
    /// What is logged, and how.
    pub log: LogSettings,
    /// Secrets, always in files of their own.
    pub secrets: SecretSettings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            store: StoreSettings::default(),
            listeners: default_listeners(),
            api: ApiSettings::default(),
            limits: Limits::default(),
            outbox: OutboxSettings::default(),
            log: LogSettings::default(),
            secrets: SecretSettings::default(),
        }
    }
}

/// Where messages and records are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// `sqlite:` and the path of the database file.
    pub url: String,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { url: "sqlite:./data/cabwire.db".to_owned() }
    }
}

impl StoreSettings {
    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        Path::new(self.url.strip_prefix("sqlite:").unwrap_or(&self.url))
    }
}

/// Where devices connect.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Name of a protocol of the registry, or [`AUTO`].
    pub protocol: String,
    /// Addresses to listen on. `[::]` takes IPv6 and IPv4 connections; where the machine has no IPv6 it means `0.0.0.0`.
    #[serde(deserialize_with = "addresses")]
    pub addresses: Vec<SocketAddr>,
    /// A load balancer in front puts a PROXY header (v1 or v2) before the device's bytes; connections without one are refused.
    #[serde(default)]
    pub proxy_protocol: bool,
    /// Silence after which a connection counts as dead, instead of the limit or the protocol's own default.
    #[serde(default)]
    pub idle_seconds: Option<u32>,
}

impl Listener {
    /// A listener for `protocol` on `port` of every address of the machine.
    #[must_use]
    pub fn everywhere(protocol: &str, port: u16) -> Self {
        Self {
            protocol: protocol.to_owned(),
            addresses: vec![SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))],
            proxy_protocol: false,
            idle_seconds: None,
        }
    }

    /// The protocol; `None` for the listener that finds out.
    #[must_use]
    pub fn protocol(&self) -> Option<&'static dyn Protocol> {
        registry::by_name(&self.protocol)
    }
}

/// The listeners of a gateway without configuration: each protocol on its customary port, and [`AUTO`] on [`AUTO_PORT`].
#[must_use]
pub fn default_listeners() -> Vec<Listener> {
    let mut listeners: Vec<Listener> = Vec::with_capacity(registry::ALL.len() + 1);
    for protocol in registry::ALL {
        let info = protocol.info();
        let everywhere = Listener::everywhere(info.name, info.default_port);
        // Protocols that share a customary port are told apart by the auto-detecting listener; the first keeps the port.
        if !listeners.iter().any(|other| other.addresses == everywhere.addresses) {
            listeners.push(everywhere);
        }
    }
    listeners.push(Listener::everywhere(AUTO, AUTO_PORT));
    listeners
}

/// Delivery of texts to devices.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutboxSettings {
    /// Pause after the first failed attempt; it doubles with each further one.
    pub first_retry_seconds: u32,
    /// Longest pause between attempts.
    pub max_retry_seconds: u32,
    /// A text older than this is no longer offered to its device. It stays PENDING for the API. Unset: never.
    pub message_lifetime_hours: Option<u32>,
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self { first_retry_seconds: 30, max_retry_seconds: 3600, message_lifetime_hours: None }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// How a line looks.
    pub format: LogFormat,
    /// What is logged: a level, or `target=level` pairs separated by commas.
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Secrets, always in files of their own: a file named here, else the systemd credential of the same name, else (where that is
/// possible) a random value that the store keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretSettings {
    /// File with the key from which the authentication codes issued to devices are derived.
    pub device_code_key_file: Option<PathBuf>,
}

impl Config {
    /// Reads, parses and validates a file.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong with it.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let name = file.display().to_string();
        let text =
            fs::read_to_string(file).map_err(|error| ConfigError::unreadable(&name, &error))?;
        Self::parse(&name, &text)
    }

    /// Parses and validates the content of the file called `name`.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let located = locate::Located::parse(name, text)?;
        let config = toml::from_str(text).map_err(|error| located.serde_error(&error))?;
        let problems = validate::problems(&config);
        if problems.is_empty() { Ok(config) } else { Err(located.invalid(problems)) }
    }
}

/// Socket addresses, with an error that shows what one looks like.
pub(crate) fn addresses<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<SocketAddr>, D::Error> {
    Vec::<String>::deserialize(deserializer)?
        .iter()
        .map(|text| {
            text.parse().map_err(|_| {
                de::Error::custom(format!(
                    "`{text}` is not an address with a port, like 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080"
                ))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
