//! Deadlines of all connections in one wheel, instead of a timer in each.
//!
//! A connection writes its next deadline into its [`Handle`]; that is one store for the usual case that the deadline moved away
//! (a sign of life). The wheel holds one entry per connection for the earliest deadline it ever had since it fired last, and
//! looks at the real one when it fires. Entries are numbers, so that a connection that is gone leaves nothing behind in slots whose
//! time has not come.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::presence::{Closing, Handle, millis};

/// Resolution of all deadlines.
pub(crate) const TICK: Duration = Duration::from_millis(100);
const TICK_MS: u64 = 100;
/// Slots: deadlines further away than this wait in the last one and are put back.
const SLOTS: u64 = 2048;

pub(crate) struct Wheel {
    inner: Mutex<Inner>,
}

struct Inner {
    /// Numbers of connections.
    slots: Vec<Vec<u64>>,
    /// The tick that has been carried out last.
    now: u64,
    /// All open connections, by number.
    all: HashMap<u64, Arc<Handle>>,
}

impl Wheel {
    pub(crate) fn new(now: Duration) -> Self {
        let slots = (0..SLOTS).map(|_| Vec::new()).collect();
        Self { inner: Mutex::new(Inner { slots, now: millis(now) / TICK_MS, all: HashMap::new() }) }
    }

    /// A connection was opened.
    pub(crate) fn add(&self, handle: &Arc<Handle>) {
        self.inner.lock().all.insert(handle.id, Arc::clone(handle));
    }

    /// A connection is gone.
    pub(crate) fn remove(&self, handle: &Handle) {
        handle.retire();
        let mut inner = self.inner.lock();
        inner.all.remove(&handle.id);
        if inner.all.len() * 4 < inner.all.capacity() {
            let keep = inner.all.len() * 2;
            inner.all.shrink_to(keep);
        }
    }

    /// The handle's deadline was set; makes sure that an entry fires by then.
    pub(crate) fn arm(&self, handle: &Handle) {
        let deadline = handle.deadline();
        if deadline < handle.scheduled() {
            self.inner.lock().insert(handle, deadline);
        }
    }

    /// Closes every connection.
    pub(crate) fn close_all(&self, why: Closing) {
        let all: Vec<_> = self.inner.lock().all.values().cloned().collect();
        all.iter().for_each(|handle| handle.close(why));
    }

    /// Fires what is due by `now`.
    pub(crate) fn advance(&self, now: Duration) {
        let now = millis(now);
        let mut due = Vec::new();
        {
            let mut inner = self.inner.lock();
            while inner.now < now / TICK_MS {
                inner.now += 1;
                inner.tick(now, &mut due);
            }
        }
        due.iter().for_each(|handle| handle.fire());
    }
}

impl Inner {
    fn insert(&mut self, handle: &Handle, deadline: u64) {
        let tick = deadline.div_ceil(TICK_MS).clamp(self.now + 1, self.now + SLOTS - 1);
        handle.set_scheduled(tick * TICK_MS);
        if let Some(slot) = self.slots.get_mut(usize::try_from(tick % SLOTS).unwrap_or(0)) {
            slot.push(handle.id);
        }
    }

    fn tick(&mut self, now: u64, due: &mut Vec<Arc<Handle>>) {
        let index = usize::try_from(self.now % SLOTS).unwrap_or(0);
        let Some(slot) = self.slots.get_mut(index) else { return };
        for id in std::mem::take(slot) {
            let Some(handle) = self.all.get(&id).map(Arc::clone) else { continue };
            if handle.scheduled() != self.now * TICK_MS {
                continue; // an earlier deadline has taken its place
            }
            handle.set_scheduled(u64::MAX);
            match handle.deadline() {
                u64::MAX => {}
                deadline if deadline <= now => due.push(handle),
                deadline => self.insert(&handle, deadline),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn armed(wheel: &Wheel, id: u64, deadline: u64) -> Arc<Handle> {
        let handle = Handle::new(id);
        wheel.add(&handle);
        handle.set_deadline(Some(at(deadline)));
        wheel.arm(&handle);
        handle
    }

    #[test]
    fn a_deadline_fires_once_and_never_early() {
        let wheel = Wheel::new(at(0));
        let handle = armed(&wheel, 1, 1234);
        wheel.advance(at(1233));
        assert!(!handle.take().due);
        wheel.advance(at(1300));
        assert!(handle.take().due);
        wheel.advance(at(9000));
        assert!(!handle.take().due, "once");
    }

    #[test]
    fn a_deadline_that_moved_away_fires_at_its_new_time() {
        let wheel = Wheel::new(at(0));
        let handle = armed(&wheel, 1, 1000);
        handle.set_deadline(Some(at(500_000)));
        wheel.arm(&handle);
        wheel.advance(at(400_000));
        assert!(!handle.take().due);
        wheel.advance(at(500_100));
        assert!(handle.take().due);
    }

    #[test]
    fn a_connection_that_is_gone_leaves_nothing_behind() {
        let wheel = Wheel::new(at(0));
        let handle = armed(&wheel, 1, 100_000);
        let task = Arc::new(());
        handle.register(&waker_of(&task));
        wheel.remove(&handle);
        assert_eq!(Arc::strong_count(&task), 1, "the waker keeps a task's memory");
        assert_eq!(Arc::strong_count(&handle), 1);
        wheel.advance(at(200_000));
        assert!(!handle.take().due);
    }

    /// A waker that holds `task`, as that of a runtime does.
    fn waker_of(task: &Arc<()>) -> std::task::Waker {
        struct Task(#[allow(dead_code)] Arc<()>);
        impl std::task::Wake for Task {
            fn wake(self: Arc<Self>) {}
        }
        Arc::new(Task(Arc::clone(task))).into()
    }

    #[test]
    fn an_earlier_deadline_is_not_missed() {
        let wheel = Wheel::new(at(0));
        let handle = armed(&wheel, 1, 60_000);
        handle.set_deadline(Some(at(700)));
        wheel.arm(&handle);
        wheel.advance(at(800));
        assert!(handle.take().due);
    }
}
