//! Runtimes with one thread, as everything here runs on.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Polls of its own tasks after which the thread attends to one that another thread has woken. Rarely, and a connection whose
/// records are committed would wait behind all those that have something to read: the store answers from a thread of its own.
const OWN_TASKS: u32 = 2;
/// Polls after which it looks what has arrived on its sockets. One poll may handle a hundred frames.
const POLLS: u32 = 16;

/// A runtime for the thread that calls.
///
/// # Errors
/// What the system says.
pub fn with_one_thread() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .global_queue_interval(OWN_TASKS)
        .event_interval(POLLS)
        .build()
}
