//! The generator: terminals and API clients, one thread with one event loop, written apart from the code under test on purpose:
//! what measures must not cost what is measured.

pub mod arrival;
pub mod fleet;
pub mod hold;
pub mod http;
pub mod jt808;
pub mod schedule;
pub mod speech;
pub mod stalled;
pub mod ticks;
pub mod traffic;
pub mod volley;
pub mod wialon;
pub mod wire;

use std::io::ErrorKind;
use std::time::Duration;

use anyhow::Result;
use mio::{Events, Poll};

/// Waits for events, at most for `patience`. A process that was paused and goes on is no reason to give up.
pub fn poll(poll: &mut Poll, events: &mut Events, patience: Duration) -> Result<()> {
    loop {
        match poll.poll(events, Some(patience)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return Ok(result?),
        }
    }
}
