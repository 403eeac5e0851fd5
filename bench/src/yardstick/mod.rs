//! What the gateway is held against, each the least or the usual that one can do for the same job.
//!
//! | yardstick | what |
//! |---|---|
//! | `echo` | acknowledges frames: one task a connection, one write a read, no session |
//! | `task` | the same without a buffer of its own: what a connection costs at least |
//! | `api` | reads and writes the JSON of a `send`, stores nothing |
//! | `commit-per-request` | the same, and stores every text in a transaction of its own |
//! | `no-store` | the daemon's own code on a store that keeps messages in memory |
//! | `counted` | no yardstick: the part of [`crate::count`] that callgrind watches |
//! | [`disk`] | appends a line and flushes it, again and again |
//! | [`hand`] | reads the fields of frames, nothing else |
//! | [`group`] | SQLite with the daemon's schema, 100 texts in and 100 updates a transaction, no daemon |

mod api;
pub mod disk;
mod echo;
pub mod group;
pub mod hand;
pub mod memory;
mod no_store;

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::load::hold;
use crate::load::speech::Speech;

/// A yardstick, or a generator, in a process of its own.
pub struct Part {
    pub name: &'static str,
    pub run: fn(&[&str]) -> Result<()>,
}

pub const ALL: &[Part] = &[
    Part { name: "echo", run: |words| echo::echo(speech(words)) },
    Part { name: "task", run: |_| echo::task() },
    Part { name: "api", run: |_| api::no_storage() },
    Part { name: "commit-per-request", run: |words| api::commit_per_request(first(words)?) },
    Part { name: "hold", run: hold::run },
    Part { name: "no-store", run: |words| no_store::run(first(words)?) },
    Part { name: "counted", run: crate::count::counted },
];

fn first<'a>(words: &[&'a str]) -> Result<&'a str> {
    words.first().copied().context("an argument is missing")
}

fn speech(words: &[&str]) -> Speech {
    if words == ["wialon"] { Speech::Wialon } else { Speech::Jt808 }
}

fn current_thread() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// Listens as the daemon does and says where.
fn listen() -> Result<TcpListener> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = socket.listen(4096)?;
    println!("{}", listener.local_addr()?);
    Ok(listener)
}
