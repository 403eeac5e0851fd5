//! The integration tests of the daemon, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

mod cli;
mod conformance_api;
mod e2e;
mod simulate;
mod store_contract;
