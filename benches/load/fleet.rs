//! Terminals: many connections, one thread, one event loop.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use mio::{Events, Poll};

use crate::frames::{self, Phone, id};
use crate::wire::{Sources, Wire};

/// Longest wait for an answer. Nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes read at once.
const READ: usize = 16 * 1024;
/// Logins on their way at once.
const LOGINS: usize = 256;

/// One terminal.
pub struct Terminal {
    pub wire: Wire,
    pub phone: Phone,
    serial: u16,
}

impl Terminal {
    /// Appends a frame with the next serial to `out`.
    pub fn seal(&mut self, out: &mut Vec<u8>, id: u16, body: &[u8]) {
        frames::seal(out, id, &self.phone, self.serial, body);
        self.serial = self.serial.wrapping_add(1);
    }

    /// Sends a frame with the next serial.
    pub fn send(&mut self, out: &mut Vec<u8>, id: u16, body: &[u8]) -> Result<()> {
        out.clear();
        self.seal(out, id, body);
        self.wire.send(out)
    }
}

/// Terminals connected to one server.
pub struct Fleet {
    poll: Poll,
    events: Events,
    terminals: Vec<Terminal>,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
}

/// What each terminal sends, again and again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Uplink {
    /// Locations, prebuilt.
    Locations,
    /// Signs of life, which are answered and not stored.
    Heartbeats,
    /// Driver texts, each a new one.
    Texts,
}

/// What a round of uplinks came to.
pub struct Round {
    /// Frames acknowledged within the measured time.
    pub acks: u64,
    /// The measured time.
    pub time: Duration,
    /// Frames sent, and acknowledged sooner or later.
    pub sent: u64,
}

impl Fleet {
    /// Connects terminals `numbers` to `server`.
    pub fn connect(
        server: SocketAddr,
        numbers: std::ops::Range<usize>,
        sources: &mut Sources,
    ) -> Result<Self> {
        let poll = Poll::new()?;
        let mut terminals = Vec::with_capacity(numbers.len());
        for number in numbers {
            let mut wire = Wire::open(server, sources)?;
            wire.register(poll.registry(), terminals.len())?;
            terminals.push(Terminal { wire, phone: frames::phone(number).0, serial: 1 });
        }
        let (events, buffer) = (Events::with_capacity(1024), vec![0; READ]);
        Ok(Self { poll, events, terminals, buffer, scratch: Vec::new() })
    }

    /// The terminals, to be driven by somebody else's event loop.
    pub fn into_terminals(self) -> Vec<Terminal> {
        self.terminals
    }

    /// Has every terminal log in.
    pub fn log_in(&mut self) -> Result<()> {
        self.all_once(id::AUTHENTICATION, b"load").context("login")
    }

    /// Has every terminal send one location.
    pub fn locate(&mut self) -> Result<()> {
        self.all_once(id::LOCATION, &frames::location(0)).context("location")
    }

    /// Every terminal sends one message and gets its answer.
    fn all_once(&mut self, id: u16, body: &[u8]) -> Result<()> {
        let mut out = Vec::new();
        let (mut sent, mut answered) = (0, 0);
        while answered < self.terminals.len() {
            while sent < self.terminals.len() && sent - answered < LOGINS {
                self.terminals[sent].send(&mut out, id, body)?;
                sent += 1;
            }
            self.wait(|_, frames| {
                answered += usize::try_from(frames)?;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Every terminal sends, waits for the acknowledgement and sends again, for `warm` and then for `measured`.
    pub fn closed_loop(
        &mut self,
        uplink: Uplink,
        warm: Duration,
        measured: Duration,
    ) -> Result<Round> {
        let mut prebuilt = self.prebuild(uplink);
        let begin = Instant::now();
        let (from, until) = (begin + warm, begin + warm + measured);
        for (terminal, next) in self.terminals.iter_mut().zip(&mut prebuilt) {
            next.send(terminal)?;
        }
        let (mut acks, mut acked, mut sent) = (0, 0, self.terminals.len() as u64);
        while acked < sent {
            let now = Instant::now();
            let (counts, goes_on) = (now >= from && now < until, now < until);
            self.wait(|terminal, frames| {
                acked += frames;
                acks += if counts { frames } else { 0 };
                if goes_on {
                    let (index, terminal) = terminal;
                    prebuilt[index].send(terminal)?;
                    sent += 1;
                }
                Ok(())
            })?;
        }
        Ok(Round { acks, time: measured, sent })
    }

    fn prebuild(&mut self, uplink: Uplink) -> Vec<Prebuilt> {
        let locations: Vec<_> = (0..4).map(frames::location).collect();
        let build = |terminal: &mut Terminal| match uplink {
            Uplink::Texts => Prebuilt::Texts(Vec::new()),
            Uplink::Locations => Prebuilt::frames(terminal, id::LOCATION, &locations),
            Uplink::Heartbeats => Prebuilt::frames(terminal, id::HEARTBEAT, &[Vec::new()]),
        };
        self.terminals.iter_mut().map(build).collect()
    }

    /// Waits for answers; `take` learns of each terminal how many it got. All of them must say "done".
    fn wait(
        &mut self,
        mut take: impl FnMut((usize, &mut Terminal), u64) -> Result<()>,
    ) -> Result<()> {
        self.poll.poll(&mut self.events, Some(PATIENCE))?;
        ensure!(!self.events.is_empty(), "no answer for {PATIENCE:?}");
        for event in &self.events {
            let index = event.token().0;
            let Some(terminal) = self.terminals.get_mut(index) else { continue };
            let (scratch, mut frames, mut refused) = (&mut self.scratch, 0, 0);
            terminal.wire.receive(&mut self.buffer, |bytes| {
                frames::split(bytes, scratch, |answer| {
                    let done = answer.id == id::PLATFORM_ANSWER && answer.body.last() == Some(&0);
                    (frames, refused) = (frames + u64::from(done), refused + u64::from(!done));
                })
            })?;
            ensure!(refused == 0, "terminal {index} got {refused} answers other than \"done\"");
            if frames > 0 {
                take((index, terminal), frames)?;
            }
        }
        Ok(())
    }
}

/// The next uplinks of one terminal.
enum Prebuilt {
    /// The same few, over and over.
    Frames(Vec<Vec<u8>>, usize),
    Texts(Vec<u8>),
}

impl Prebuilt {
    fn frames(terminal: &mut Terminal, id: u16, bodies: &[Vec<u8>]) -> Self {
        let build = |body: &Vec<u8>| {
            let mut frame = Vec::new();
            terminal.seal(&mut frame, id, body);
            frame
        };
        Self::Frames(bodies.iter().map(build).collect(), 0)
    }

    fn send(&mut self, terminal: &mut Terminal) -> Result<()> {
        match self {
            Self::Frames(frames, next) => {
                *next = (*next + 1) % frames.len();
                terminal.wire.send(&frames[*next])
            }
            Self::Texts(buffer) => terminal.send(buffer, id::TEXT_REPORT, frames::DRIVER_TEXT),
        }
    }
}
