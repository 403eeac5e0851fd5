//! When something is due, and whether it counts.

use std::time::{Duration, Instant};

/// How uplinks or requests follow each other.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Each sender sends when it has its answer.
    Closed,
    /// So many a second, whatever the answers take.
    Open(u32),
}

/// A run: some time to warm up, and then the time that counts.
pub struct Schedule {
    pace: Pace,
    begin: Instant,
    from: Instant,
    until: Instant,
    issued: u64,
}

impl Schedule {
    pub fn new(pace: Pace, warm: Duration, measured: Duration) -> Self {
        let begin = Instant::now();
        let from = begin + warm;
        Self { pace, begin, from, until: from + measured, issued: 0 }
    }

    /// The due time of what is next, if it is due by now.
    pub fn next(&mut self, now: Instant) -> Option<Instant> {
        let due = match self.pace {
            Pace::Closed => now,
            Pace::Open(rate) => {
                self.begin + Duration::from_secs_f64(self.issued as f64 / f64::from(rate))
            }
        };
        if due > now || due >= self.until {
            return None;
        }
        self.issued += 1;
        Some(due)
    }

    /// Nothing more is sent.
    pub fn is_over(&self, now: Instant) -> bool {
        now >= self.until
    }

    /// Whether `moment` lies in the time that counts.
    pub fn measures(&self, moment: Instant) -> bool {
        moment >= self.from && moment < self.until
    }

    /// When the time that counts begins and ends.
    pub const fn window(&self) -> (Instant, Instant) {
        (self.from, self.until)
    }
}
