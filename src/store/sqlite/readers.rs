//! The connections that read: a few threads, each with a connection of its own.
//!
//! Whoever wants to read takes a permit (as many as threads), and with it a thread that has nothing to do: the one that was busy last,
//! whose memory is warm. It hands it a function and waits for the answer; the thread is free again before the answer is given.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot};

use super::error::{Failure, store_error};
use super::{SqliteOptions, closed, schema};
use crate::store::StoreError;

/// How long a call waits for one of the connections before it is told [`StoreError::Busy`].
const PATIENCE: Duration = Duration::from_secs(5);

/// What a thread is to do.
type Work = Box<dyn FnOnce(&mut Reader) + Send>;

/// Threads with nothing to do, the one that was busy last at the end.
type Idle = Arc<Mutex<Vec<SyncSender<Work>>>>;

/// The threads that read. They end when this is dropped.
pub(super) struct Readers {
    permits: Arc<Semaphore>,
    idle: Idle,
    count: u32,
}

impl Readers {
    /// Starts the threads. Each opens its connection when it is first needed.
    pub(super) fn start(path: &Path, options: &SqliteOptions) -> std::io::Result<Self> {
        let count = options.readers.max(1);
        let idle = Idle::default();
        for number in 0..count {
            let (sender, work) = sync_channel(1);
            let reader = Reader { path: path.to_owned(), options: options.clone(), conn: None };
            let thread = std::thread::Builder::new().name(format!("store-reader-{number}"));
            thread.spawn(move || reader.run(&work))?;
            idle.lock().push(sender);
        }
        Ok(Self { permits: Arc::new(Semaphore::new(count as usize)), idle, count })
    }

    /// Has one of the threads run `work`.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lease = self.lease().await?;
        let (reply, answer) = oneshot::channel();
        let thread = lease.thread.clone();
        let work = move |reader: &mut Reader| {
            let result = match reader.connection() {
                Ok(conn) => work(conn).map_err(StoreError::from),
                Err(error) => Err(store_error(&error)),
            };
            drop(lease);
            // A caller that has given up waiting is no error.
            drop(reply.send(result));
        };
        thread.try_send(Box::new(work)).map_err(|_| no_answer())?;
        answer.await.unwrap_or_else(|_| Err(no_answer()))
    }

    async fn lease(&self) -> Result<Lease, StoreError> {
        let permits = Arc::clone(&self.permits);
        let permit = match Arc::clone(&permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::Closed) => return Err(closed()),
            Err(TryAcquireError::NoPermits) => {
                let waiting = tokio::time::timeout(PATIENCE, permits.acquire_owned());
                waiting.await.map_err(|_| StoreError::Busy)?.map_err(|_| closed())?
            }
        };
        let thread = self.idle.lock().pop().ok_or_else(no_answer)?;
        Ok(Lease { thread, idle: Arc::clone(&self.idle), _permit: permit })
    }

    /// Waits for those who are reading, then closes the connections. Who comes later is told that the store is closed.
    pub(super) async fn close(&self) {
        let Ok(all) = self.permits.acquire_many(self.count).await else { return };
        self.permits.close();
        let threads = std::mem::take(&mut *self.idle.lock());
        for thread in threads {
            let (reply, done) = oneshot::channel();
            let close = move |reader: &mut Reader| {
                reader.conn = None;
                reply.send(()).ok();
            };
            if thread.try_send(Box::new(close)).is_ok() {
                drop(done.await);
            }
        }
        drop(all);
    }
}

fn no_answer() -> StoreError {
    StoreError::Unavailable("a thread that reads has stopped".into())
}

/// A thread as long as it is somebody's. It is given back before the permit, so that every permit finds a thread.
struct Lease {
    thread: SyncSender<Work>,
    idle: Idle,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.idle.lock().push(self.thread.clone());
    }
}

/// What a thread owns.
struct Reader {
    path: PathBuf,
    options: SqliteOptions,
    conn: Option<Connection>,
}

impl Reader {
    fn run(mut self, work: &Receiver<Work>) {
        while let Ok(work) = work.recv() {
            if catch_unwind(AssertUnwindSafe(|| work(&mut self))).is_err() {
                tracing::error!("something panicked while it read from the store");
                self.conn = None;
            }
        }
    }

    fn connection(&mut self) -> rusqlite::Result<&Connection> {
        match &mut self.conn {
            Some(conn) => Ok(conn),
            none => Ok(none.insert(schema::reader(&self.path, &self.options)?)),
        }
    }
}
