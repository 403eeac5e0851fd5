//! Terminals: many connections, one thread, one event loop.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use mio::{Events, Poll};

use super::schedule::{Pace, Schedule};
use super::speech::{Downlink, Speaker, Speech, Uplink};
use super::ticks::Ticks;
use super::wire::{Sources, Wire};
use crate::process::Process;

/// Longest wait for an answer. Nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes read at once.
const READ: usize = 16 * 1024;
/// Connects or logins on their way at once.
const OUTSTANDING: usize = 256;
/// Different locations of each terminal.
const VARIANTS: u8 = 4;

/// One terminal.
pub struct Terminal {
    pub wire: Wire,
    pub speaker: Speaker,
}

impl Terminal {
    /// Says something now.
    pub fn send(&mut self, out: &mut Vec<u8>, uplink: Uplink<'_>) -> Result<()> {
        out.clear();
        self.speaker.say(out, uplink);
        self.wire.send(out)
    }
}

/// Terminals connected to one server.
pub struct Fleet {
    poll: Poll,
    events: Events,
    pub terminals: Vec<Terminal>,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    ticks: Ticks,
}

/// What each terminal says, again and again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Saying {
    Locations,
    /// Signs of life, which are answered and not stored.
    Heartbeats,
    /// Driver texts, each a new one.
    Texts,
}

/// How a round of uplinks goes.
#[derive(Clone, Copy)]
pub struct Course<'a> {
    pub saying: Saying,
    pub pace: Pace,
    /// Frames in one write, one after the other.
    pub burst: usize,
    pub warm: Duration,
    pub measured: Duration,
    /// Whose processor time is looked at.
    pub process: Option<&'a Process>,
}

/// What a round of uplinks came to.
#[derive(Default)]
pub struct Round {
    /// Frames acknowledged within the measured time.
    pub acks: u64,
    /// The measured time.
    pub time: Duration,
    /// Frames sent, and acknowledged sooner or later.
    pub sent: u64,
    /// Processor time of the watched process in the measured time.
    pub cpu: Duration,
    /// From the moment each write was due to its last acknowledgement, of those due in the measured time.
    pub latency: Vec<Duration>,
}

impl Round {
    /// Frames acknowledged per second.
    pub fn rate(&self) -> f64 {
        self.acks as f64 / self.time.as_secs_f64()
    }

    /// Processor time of the watched process in µs per frame.
    pub fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.acks as f64
    }
}

impl Fleet {
    /// Connects terminals `numbers` to `server`.
    pub fn connect(
        server: SocketAddr,
        numbers: Range<usize>,
        speech: Speech,
        sources: &mut Sources,
    ) -> Result<Self> {
        let poll = Poll::new()?;
        let mut terminals = Vec::with_capacity(numbers.len());
        for number in numbers {
            let mut wire = Wire::open(server, sources)?;
            wire.register(poll.registry(), terminals.len())?;
            terminals.push(Terminal { wire, speaker: Speaker::new(speech, number) });
        }
        Self::over(poll, terminals)
    }

    /// Terminals that are connected already and registered with `poll` by their index.
    pub fn over(poll: Poll, terminals: Vec<Terminal>) -> Result<Self> {
        let (events, buffer) = (Events::with_capacity(1024), vec![0; READ]);
        let ticks = Ticks::register(poll.registry())?;
        Ok(Self { poll, events, terminals, buffer, scratch: Vec::new(), ticks })
    }

    /// The terminals, to be driven by somebody else's event loop.
    pub fn into_terminals(mut self) -> Result<Vec<Terminal>> {
        for terminal in &mut self.terminals {
            terminal.wire.deregister(self.poll.registry())?;
        }
        Ok(self.terminals)
    }

    /// Has every terminal log in.
    pub fn log_in(&mut self) -> Result<()> {
        self.all_once(Uplink::Login).context("login")
    }

    /// Has every terminal send one location.
    pub fn locate(&mut self) -> Result<()> {
        self.all_once(Uplink::Location(0)).context("location")
    }

    /// Every terminal says one thing and gets its answer.
    pub fn all_once(&mut self, uplink: Uplink<'_>) -> Result<()> {
        let mut out = Vec::new();
        self.each_once(|_, terminal| terminal.send(&mut out, uplink))
    }

    /// Every terminal, with its index, sends what gets one answer, and gets it.
    pub fn each_once(
        &mut self,
        mut send: impl FnMut(usize, &mut Terminal) -> Result<()>,
    ) -> Result<()> {
        let (mut sent, mut answered) = (0, 0);
        while answered < self.terminals.len() {
            while sent < self.terminals.len() && sent - answered < OUTSTANDING {
                send(sent, &mut self.terminals[sent])?;
                sent += 1;
            }
            self.wait(|_, _, frames| {
                answered += frames;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Runs a round: terminals send in turn when something is due and they have all their answers.
    pub fn run(&mut self, course: Course<'_>) -> Result<Round> {
        let mut sayings = self.prepare(course)?;
        let mut schedule = Schedule::new(course.pace, course.warm, course.measured);
        self.ticks.set(course.pace)?;
        let mut idle: VecDeque<usize> = (0..self.terminals.len()).collect();
        let mut waiting = vec![(0, Instant::now()); self.terminals.len()];
        let mut round = Round { time: course.measured, ..Round::default() };
        let mut meter = Meter::new(course.process, &schedule);
        loop {
            let now = Instant::now();
            meter.look(now)?;
            while let Some(&next) = idle.front()
                && let Some(due) = schedule.next(now)
            {
                idle.pop_front();
                sayings[next].send(&mut self.terminals[next])?;
                waiting[next] = (course.burst, due);
                round.sent += course.burst as u64;
            }
            if idle.len() == self.terminals.len() && schedule.is_over(now) {
                break;
            }
            self.wait(|index, now, frames| {
                let (open, due) = &mut waiting[index];
                ensure!(frames <= *open, "terminal {index} got more answers than it waits for");
                *open -= frames;
                round.acks += if schedule.measures(now) { frames as u64 } else { 0 };
                if *open == 0 {
                    idle.push_back(index);
                    if schedule.measures(*due) {
                        round.latency.push(now - *due);
                    }
                }
                Ok(())
            })?;
        }
        self.ticks.set(Pace::Closed)?;
        round.cpu = meter.end()?;
        Ok(round)
    }

    fn prepare(&mut self, course: Course<'_>) -> Result<Vec<Prepared>> {
        ensure!(course.burst > 0, "a write has at least one frame");
        let locations = (0..VARIANTS).map(Uplink::Location).collect::<Vec<_>>();
        let build = |terminal: &mut Terminal| match course.saying {
            Saying::Texts => Prepared::Texts(Vec::new(), course.burst),
            Saying::Locations => Prepared::bursts(terminal, &locations, course.burst),
            Saying::Heartbeats => Prepared::bursts(terminal, &[Uplink::Heartbeat], course.burst),
        };
        Ok(self.terminals.iter_mut().map(build).collect())
    }

    /// Waits for something to happen; `take` learns of each terminal that got answers how many. All of them must say "done".
    pub fn wait(
        &mut self,
        mut take: impl FnMut(usize, Instant, usize) -> Result<()>,
    ) -> Result<()> {
        super::poll(&mut self.poll, &mut self.events, PATIENCE)?;
        ensure!(!self.events.is_empty(), "no answer for {PATIENCE:?}");
        let now = Instant::now();
        for event in &self.events {
            if self.ticks.take(event.token()) {
                continue;
            }
            let index = event.token().0;
            let Some(terminal) = self.terminals.get_mut(index) else { continue };
            let (scratch, mut frames, mut refused) = (&mut self.scratch, 0, 0);
            let speech = terminal.speaker.speech();
            terminal.wire.receive(&mut self.buffer, |bytes| {
                speech.split(bytes, scratch, |answer| match answer {
                    Downlink::Done => frames += 1,
                    Downlink::Refused => refused += 1,
                    Downlink::Text { .. } | Downlink::Other => {}
                })
            })?;
            ensure!(refused == 0, "terminal {index} got {refused} answers other than \"done\"");
            if frames > 0 {
                take(index, now, frames)?;
            }
        }
        Ok(())
    }
}

/// Processor time of a process between the beginning and the end of the time that counts.
struct Meter<'a> {
    process: Option<&'a Process>,
    window: (Instant, Instant),
    read: Vec<Duration>,
}

impl<'a> Meter<'a> {
    fn new(process: Option<&'a Process>, schedule: &Schedule) -> Self {
        Self { process, window: schedule.window(), read: Vec::new() }
    }

    fn look(&mut self, now: Instant) -> Result<()> {
        let due = [self.window.0, self.window.1].get(self.read.len()).is_some_and(|at| now >= *at);
        if due && let Some(process) = self.process {
            self.read.push(process.cpu()?);
        }
        Ok(())
    }

    fn end(mut self) -> Result<Duration> {
        self.look(self.window.1)?;
        Ok(match self.read[..] {
            [from, until] => until.saturating_sub(from),
            _ => Duration::ZERO,
        })
    }
}

/// The next uplinks of one terminal.
enum Prepared {
    /// The same few writes, over and over.
    Writes(Vec<Vec<u8>>, usize),
    Texts(Vec<u8>, usize),
}

/// What drivers write.
const DRIVER_TEXT: &[u8] = b"Unloading is done, going back to the depot";

impl Prepared {
    fn bursts(terminal: &mut Terminal, sayings: &[Uplink<'_>], burst: usize) -> Self {
        let mut build = |first: usize| {
            let mut write = Vec::new();
            for saying in sayings.iter().cycle().skip(first).take(burst) {
                terminal.speaker.say(&mut write, *saying);
            }
            write
        };
        Self::Writes((0..sayings.len()).map(&mut build).collect(), 0)
    }

    fn send(&mut self, terminal: &mut Terminal) -> Result<()> {
        match self {
            Self::Writes(writes, next) => {
                *next = (*next + 1) % writes.len();
                terminal.wire.send(&writes[*next])
            }
            Self::Texts(buffer, burst) => {
                buffer.clear();
                for _ in 0..*burst {
                    terminal.speaker.say(buffer, Uplink::Text(DRIVER_TEXT));
                }
                terminal.wire.send(buffer)
            }
        }
    }
}
