//! A timer in the event loop: it wakes a generator that has to send at a given rate.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use anyhow::Result;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use super::schedule::Pace;

/// Events of the timer.
const TIMER: Token = Token(usize::MAX);
/// How often it is looked whether something is due.
const TICK: Duration = Duration::from_micros(250);

/// The timer.
pub struct Ticks(File);

impl Ticks {
    pub fn register(registry: &Registry) -> Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        registry.register(&mut SourceFd(&timer.as_raw_fd()), TIMER, Interest::READABLE)?;
        Ok(Self(timer.into()))
    }

    /// Ticks while the pace needs it.
    pub fn set(&self, pace: Pace) -> Result<()> {
        let every = if matches!(pace, Pace::Open(_)) { TICK } else { Duration::ZERO };
        let every = Timespec { tv_sec: 0, tv_nsec: every.subsec_nanos().into() };
        let setting = Itimerspec { it_interval: every, it_value: every };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &setting)?;
        Ok(())
    }

    /// Whether the event was the timer's. How often it has ticked does not matter: the schedule knows the time.
    pub fn take(&mut self, token: Token) -> bool {
        if token == TIMER {
            drop(self.0.read(&mut [0; 8]));
        }
        token == TIMER
    }
}
