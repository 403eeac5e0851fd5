//! Cabwire: a device gateway daemon for driver chat.
//!
//! | module | owns |
//! |---|---|
//! | [`gateway`] | listeners, the generic connection driver, admission |
//! | [`presence`] | which device is connected where, and how to reach its connection |
//! | [`outbox`] | the life of a message: queueing, offering to devices, receipts, read marks. Only it changes a status |
//! | [`store`] | what survives: one trait, one contract, SQLite behind it |
//! | [`directory`] | the administered records in memory |
//! | [`api`] | the HTTP chat API |
//! | [`config`], [`cli`], [`app`] | one file, one command line, and how the parts are put together |
//!
//! Protocols live in the crate `protocols`; nothing here knows one by name.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod descriptors;
pub mod directory;
pub mod first_start;
pub mod gateway;
pub mod model;
pub mod outbox;
pub mod password;
pub mod presence;
pub mod secret;
pub mod simulate;
pub mod store;
pub mod systemd;
pub mod telemetry;
