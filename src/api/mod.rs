//! The HTTP chat API.

use std::net::SocketAddr;

use serde::Deserialize;

/// Bounds on requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiSettings {
    /// Addresses to listen on. Plain HTTP: put a TLS proxy in front before it leaves the machine.
    #[serde(deserialize_with = "crate::config::addresses")]
    pub addresses: Vec<SocketAddr>,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self { addresses: vec![SocketAddr::from(([127, 0, 0, 1], 8080))] }
    }
}
