//! The HTTP chat API.

use serde::Deserialize;

/// Bounds on requests.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ApiSettings {}
