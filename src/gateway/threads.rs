//! Threads that serve device connections, each with a runtime of its own.
//!
//! The API has a thread, and devices have as many as there are processors beyond that one; the store's writer mostly waits for the
//! disk. With one processor, devices share the API's thread. A runtime with one thread polls its connections in the order in which
//! they became ready: when there is more to do than can be done, all wait about the same time. Where several threads take work
//! from each other, a few connections wait ten times longer than most.

use std::io;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// Polls of its own tasks after which a thread attends to one that another thread has woken. Rarely, and a connection whose records
/// are committed would wait behind all those that have something to read: the store answers from a thread of its own.
const OWN_TASKS: u32 = 2;
/// Polls after which it looks what has arrived on its sockets. One poll may handle a hundred frames.
const POLLS: u32 = 16;

/// How many threads devices get on this machine besides the API's.
#[must_use]
pub fn for_devices() -> usize {
    std::thread::available_parallelism().map_or(0, |all| all.get() - 1)
}

/// The threads; they end when it is dropped, and what still runs on them with them.
pub struct DeviceThreads {
    handles: Vec<Handle>,
    threads: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

impl DeviceThreads {
    /// Starts so many. With none, connections are served on the runtime that calls.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(count: usize) -> io::Result<Self> {
        let mut this =
            Self { handles: Vec::new(), threads: Vec::new(), stop: CancellationToken::new() };
        for number in 0..count {
            let mut runtime = Builder::new_current_thread();
            runtime.enable_all().global_queue_interval(OWN_TASKS).event_interval(POLLS);
            let runtime = runtime.build()?;
            this.handles.push(runtime.handle().clone());
            let stop = this.stop.clone();
            let thread = std::thread::Builder::new().name(format!("devices-{number}"));
            this.threads.push(thread.spawn(move || runtime.block_on(stop.cancelled()))?);
        }
        Ok(this)
    }

    /// Where connections are to be served.
    pub(crate) fn handles(&self) -> &[Handle] {
        &self.handles
    }
}

impl Drop for DeviceThreads {
    fn drop(&mut self) {
        self.stop.cancel();
        for thread in self.threads.drain(..) {
            // It panics only if the runtime itself does, which has been reported then.
            drop(thread.join());
        }
    }
}
