//! The two clocks, passed in everywhere: nothing else in the daemon asks the system for the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use protocols::Now;

use crate::model::Millis;

/// A source of time.
pub trait Clock: Send + Sync + 'static {
    /// Both clocks at once.
    fn now(&self) -> Now;

    /// Calendar time in milliseconds.
    fn wall(&self) -> Millis {
        self.now().wall.into()
    }
}

/// The system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Starts the monotonic clock at zero.
    #[must_use]
    #[allow(clippy::disallowed_methods)] // the one place that reads the clock
    pub fn new() -> Arc<Self> {
        Arc::new(Self { start: Instant::now() })
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place that reads the clock
    fn now(&self) -> Now {
        Now { monotonic: self.start.elapsed(), wall: Timestamp::now() }
    }
}

/// A clock that stands still until it is moved: tests.
#[derive(Debug)]
pub struct ManualClock(Mutex<Now>);

impl ManualClock {
    /// Starts at `wall`.
    #[must_use]
    pub fn new(wall: Timestamp) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Now { monotonic: Duration::ZERO, wall })))
    }

    /// Moves both clocks forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock();
        now.monotonic += by;
        now.wall += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.0.lock()
    }
}
