//! The calls that wait for the writer: a bounded queue between the runtime's threads and the writer's one.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::time::Instant;

use super::op::Op;
use crate::store::StoreError;
use crate::store::sqlite::closed;

/// The queue. Whoever holds [`Calls`] puts in, the writer takes out.
struct Queue {
    waiting: Mutex<Waiting>,
    /// The writer sleeps here.
    arrived: Condvar,
    bound: usize,
}

struct Waiting {
    calls: VecDeque<Op>,
    closed: bool,
}

/// The side of those who call. Dropping it closes the queue.
pub(in crate::store::sqlite) struct Calls(Arc<Queue>);

/// The writer's side.
pub(super) struct Inbox(Arc<Queue>);

/// What [`Inbox::take`] came back with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Some calls.
    Calls,
    /// Nothing; it is time.
    Timeout,
    /// Nothing, and nothing will come any more.
    Closed,
}

/// A queue in which `bound` calls may wait.
pub(super) fn queue(bound: usize) -> (Calls, Inbox) {
    let waiting = Mutex::new(Waiting { calls: VecDeque::new(), closed: false });
    let queue = Arc::new(Queue { waiting, arrived: Condvar::new(), bound });
    (Calls(Arc::clone(&queue)), Inbox(queue))
}

impl Calls {
    /// Puts a call at the end of the queue.
    pub(in crate::store::sqlite) fn put(&self, call: Op) -> Result<(), StoreError> {
        let mut waiting = self.0.waiting.lock();
        if waiting.closed {
            return Err(closed());
        }
        if waiting.calls.len() >= self.0.bound {
            return Err(StoreError::Busy);
        }
        waiting.calls.push_back(call);
        let first = waiting.calls.len() == 1;
        drop(waiting);
        // Who finds others waiting knows that the writer is awake, or has been told.
        if first {
            self.0.arrived.notify_one();
        }
        Ok(())
    }

    /// Nothing more is accepted. What waits is still carried out.
    pub(in crate::store::sqlite) fn close(&self) {
        self.0.waiting.lock().closed = true;
        self.0.arrived.notify_one();
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inbox {
    /// Waits for a call, at most until `deadline`, then hands over what waits until `take` has enough, which it says with `false`.
    pub(super) fn take(
        &self,
        deadline: Option<Instant>,
        mut take: impl FnMut(Op) -> bool,
    ) -> Taken {
        let mut waiting = self.0.waiting.lock();
        while waiting.calls.is_empty() {
            if waiting.closed {
                return Taken::Closed;
            }
            match deadline {
                None => self.0.arrived.wait(&mut waiting),
                Some(at) => {
                    let rest = at.saturating_duration_since(Instant::now());
                    if rest.is_zero() {
                        return Taken::Timeout;
                    }
                    self.0.arrived.wait_for(&mut waiting, rest);
                }
            }
        }
        gather(&mut waiting);
        while let Some(call) = waiting.calls.pop_front() {
            if !take(call) {
                break;
            }
        }
        Taken::Calls
    }
}

/// Turns that others get at most before what has gathered is written.
const TURNS: u32 = 8;

/// Lets whoever is ready have a turn first, as long as they bring something: it then shares the commit. Where a processor is idle
/// this takes no time; where all are busy, a commit for every call would be what keeps them busy.
fn gather(waiting: &mut MutexGuard<'_, Waiting>) {
    for _ in 0..TURNS {
        let before = waiting.calls.len();
        MutexGuard::unlocked(waiting, std::thread::yield_now);
        if waiting.calls.len() == before {
            return;
        }
    }
}

impl Drop for Inbox {
    /// Whoever waits for an answer gets none; nobody is to wait in vain.
    fn drop(&mut self) {
        let mut waiting = self.0.waiting.lock();
        waiting.closed = true;
        let lost = std::mem::take(&mut waiting.calls);
        drop(waiting);
        drop(lost);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    fn ping() -> Op {
        Op::Ping(oneshot::channel().0)
    }

    #[test]
    fn no_more_than_the_bound_may_wait() {
        let (calls, inbox) = queue(2);
        assert!(calls.put(ping()).is_ok() && calls.put(ping()).is_ok());
        assert!(matches!(calls.put(ping()), Err(StoreError::Busy)));
        let mut taken = 0;
        let one = |_| {
            taken += 1;
            false
        };
        assert_eq!(inbox.take(None, one), Taken::Calls);
        assert_eq!(taken, 1);
        assert!(calls.put(ping()).is_ok());
    }

    #[test]
    fn what_waits_when_the_queue_is_closed_is_still_taken() {
        let (calls, inbox) = queue(8);
        calls.put(ping()).unwrap();
        calls.close();
        assert!(matches!(calls.put(ping()), Err(StoreError::Unavailable(_))));
        assert_eq!(inbox.take(None, |_| true), Taken::Calls);
        assert_eq!(inbox.take(None, |_| true), Taken::Closed);
    }

    #[test]
    fn nothing_is_waited_for_beyond_the_deadline() {
        let (calls, inbox) = queue(8);
        assert_eq!(inbox.take(Some(Instant::now()), |_| true), Taken::Timeout);
        drop(calls);
        assert_eq!(inbox.take(Some(Instant::now()), |_| true), Taken::Closed);
    }

    #[test]
    fn a_call_wakes_the_writer() {
        let (calls, inbox) = queue(8);
        let writer = std::thread::spawn(move || {
            let mut taken = 0;
            let mut count = |_| {
                taken += 1;
                true
            };
            while inbox.take(None, &mut count) == Taken::Calls {}
            taken
        });
        for _ in 0..1000 {
            while calls.put(ping()).is_err() {
                std::thread::yield_now();
            }
        }
        drop(calls);
        assert_eq!(writer.join().unwrap(), 1000);
    }

    #[test]
    fn calls_that_nobody_takes_any_more_are_dropped() {
        let (calls, inbox) = queue(8);
        let (reply, mut answer) = oneshot::channel();
        calls.put(Op::Ping(reply)).unwrap();
        drop(inbox);
        assert!(
            answer.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
        );
        assert!(calls.put(ping()).is_err());
    }
}
