//! The configuration's `[api]` table.

use std::net::SocketAddr;

use axum::http::HeaderValue;
use serde::Deserialize;

/// Bounds and habits of the API, with their defaults. 0 turns a limit off where it says so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiSettings {
    /// Addresses to listen on. Plain HTTP: put a TLS proxy in front before it leaves the machine.
    #[serde(deserialize_with = "crate::config::addresses")]
    pub addresses: Vec<SocketAddr>,
    /// Largest request body in bytes.
    pub max_body_bytes: usize,
    /// Seconds a client may take to send a body.
    pub body_seconds: u32,
    /// Seconds a connection may take to send the head of its next request, idle time included.
    pub header_seconds: u32,
    /// Client connections at the same time; more wait to be accepted.
    pub connections: usize,
    /// Requests per second of one session or API key, also the largest burst. 0: no limit.
    pub requests_per_second: u32,
    /// Logins and calls without a valid credential, per minute and peer address. 0: no limit.
    pub failures_per_minute: u32,
    /// Failed logins of one login name from one address before further ones are refused. 0: no limit.
    pub login_attempts: u32,
    /// Seconds until refused logins are considered again.
    pub login_pause_seconds: u32,
    /// Sessions of one user; a further login ends the one that was used least recently.
    pub sessions_per_user: usize,
    /// Value of `Access-Control-Allow-Origin`.
    pub cors_origin: Origin,
    /// The API is behind one reverse proxy: the peer's address is the last entry of `X-Forwarded-For`.
    pub behind_proxy: bool,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            addresses: vec![SocketAddr::from(([127, 0, 0, 1], 8080))],
            max_body_bytes: 1024 * 1024,
            body_seconds: 30,
            header_seconds: 60,
            connections: 4096,
            requests_per_second: 50,
            failures_per_minute: 120,
            login_attempts: 10,
            login_pause_seconds: 300,
            sessions_per_user: 1000,
            cors_origin: Origin::default(),
            behind_proxy: false,
        }
    }
}

/// A value for `Access-Control-Allow-Origin`: `*`, or one origin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(pub(super) HeaderValue);

impl Default for Origin {
    fn default() -> Self {
        Self(HeaderValue::from_static("*"))
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = text == "*" || text.starts_with("http://") || text.starts_with("https://");
        match HeaderValue::from_str(&text) {
            Ok(value) if plain && !text.ends_with('/') => Ok(Self(value)),
            _ => Err(format!("`{text}` is not `*` or an origin like https://fleet.example")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_the_defaults() {
        assert_eq!(toml::from_str::<ApiSettings>("").unwrap(), ApiSettings::default());
    }

    #[test]
    fn unknown_keys_and_bad_origins_are_refused_by_name() {
        let unknown = toml::from_str::<ApiSettings>("max_body = 1").unwrap_err().to_string();
        assert!(unknown.contains("max_body"), "{unknown}");
        for origin in ["fleet.example", "https://fleet.example/", "https://a\\nb"] {
            let text = format!("cors_origin = \"{origin}\"");
            let error = toml::from_str::<ApiSettings>(&text).unwrap_err().to_string();
            assert!(error.contains("origin"), "{error}");
        }
    }
}
