//! Waiting for what arrives, as every event loop here does it.

use std::io::ErrorKind;
use std::time::Duration;

use anyhow::Result;
use mio::{Events, Poll};

/// Waits for events, at most for `patience`. The end of a pause, which is a signal, does not end it.
pub fn wait(poll: &mut Poll, events: &mut Events, patience: Duration) -> Result<()> {
    loop {
        match poll.poll(events, Some(patience)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return Ok(result?),
        }
    }
}
