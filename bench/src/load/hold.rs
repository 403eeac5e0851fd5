//! A generator in a process of its own: it holds sessions, has each send a sign of life at an interval, evenly spread, and says
//! every second how it goes.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use mio::{Events, Poll};

use super::arrival::{Arrival, Speaking, arrive};
use super::fleet::Terminal;
use super::speech::{Downlink, Speech, Uplink};
use super::wire::Sources;
use crate::process::end_with_parent;
use crate::times::monotonic;

/// An answer that takes longer is missing.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it says how it goes.
const SAY: Duration = Duration::from_secs(1);
/// Longest sleep: signs of life are due about once a millisecond.
const NAP: Duration = Duration::from_millis(1);

/// How it goes at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// The system's monotonic clock, the same for all processes, in ms.
    pub at: u64,
    pub sent: u64,
    pub answered: u64,
    /// Signs of life without an answer for too long.
    pub missing: u64,
    /// Sessions that are there.
    pub held: u64,
}

impl Tally {
    fn print(&self) -> Result<()> {
        let Self { at, sent, answered, missing, held } = self;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{at} {sent} {answered} {missing} {held}")?;
        Ok(out.flush()?)
    }

    /// What [`run`] has said.
    pub fn parse(line: &str) -> Result<Self> {
        let numbers: Vec<u64> = line.split(' ').flat_map(str::parse).collect();
        let [at, sent, answered, missing, held] = numbers[..] else { bail!("not a tally: {line}") };
        Ok(Self { at, sent, answered, missing, held })
    }
}

/// Logs in `words`: the server's address, the generator's part of the source addresses, how many terminals, and the interval of
/// their signs of life in seconds. The first tally comes when all are logged in or refused.
pub fn run(words: &[&str]) -> Result<()> {
    end_with_parent();
    let [server, part, terminals, seconds] = words else { bail!("four arguments are needed") };
    let server: SocketAddr = server.parse().context("address")?;
    let terminals: usize = terminals.parse()?;
    let interval = Duration::from_secs(seconds.parse()?);
    let mut sources = Sources::of_part(part.parse()?);
    let arrival = arrive(server, 0..terminals, Speech::Jt808, Speaking::All, &mut sources)?;
    let mut holder = Holder::of(arrival, interval);
    holder.tally()?.print()?;
    let mut say = Instant::now() + SAY;
    loop {
        holder.turn()?;
        if Instant::now() >= say {
            say += SAY;
            holder.tally()?.print()?;
        }
    }
}

struct Session {
    /// `None`: it is over.
    terminal: Option<Terminal>,
    /// When the sign of life was sent that is not answered.
    waits: Option<Instant>,
}

struct Holder {
    poll: Poll,
    events: Events,
    sessions: Vec<Session>,
    begin: Instant,
    /// From one sign of life of any session to the next.
    step: Duration,
    sent: u64,
    answered: u64,
    missing: u64,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    out: Vec<u8>,
}

impl Holder {
    fn of(arrival: Arrival, interval: Duration) -> Self {
        let arrived = arrival.arrived.clone();
        let (poll, terminals) = arrival.into_parts();
        let count = u32::try_from(terminals.len()).unwrap_or(u32::MAX);
        let sessions = terminals.into_iter().zip(arrived);
        Self {
            poll,
            events: Events::with_capacity(1024),
            sessions: sessions
                .map(|(terminal, arrived)| Session {
                    terminal: arrived.then_some(terminal),
                    waits: None,
                })
                .collect(),
            begin: Instant::now(),
            step: interval / count.max(1),
            sent: 0,
            answered: 0,
            missing: 0,
            buffer: vec![0; 4096],
            scratch: Vec::new(),
            out: Vec::new(),
        }
    }

    fn tally(&self) -> Result<Tally> {
        let overdue = |session: &&Session| session.waits.is_some_and(|at| at.elapsed() > PATIENCE);
        let held = self.sessions.iter().filter(|session| session.terminal.is_some()).count();
        Ok(Tally {
            at: monotonic(),
            sent: self.sent,
            answered: self.answered,
            missing: self.missing + self.sessions.iter().filter(overdue).count() as u64,
            held: held as u64,
        })
    }

    /// Sends what is due, and then takes what arrives for a moment.
    fn turn(&mut self) -> Result<()> {
        let mut due = self.begin + self.step.mul_f64(self.sent as f64);
        let now = Instant::now();
        while due <= now {
            let index = self.sent as usize % self.sessions.len();
            self.sign_of_life(index, now);
            self.sent += 1;
            due += self.step;
        }
        super::poll(&mut self.poll, &mut self.events, NAP)?;
        for event in &self.events {
            let session = &mut self.sessions[event.token().0];
            let Some(terminal) = &mut session.terminal else { continue };
            let (scratch, speech, mut answers) = (&mut self.scratch, terminal.speaker.speech(), 0);
            let received = terminal.wire.receive(&mut self.buffer, |bytes| {
                speech
                    .split(bytes, scratch, |answer| answers += u64::from(answer == Downlink::Done))
            });
            if answers > 0 && session.waits.take().is_some() {
                self.answered += 1;
            }
            if received.is_err() {
                session.terminal = None;
            }
        }
        Ok(())
    }

    /// One session says that it is there. What waits for an answer since its last one is missing.
    fn sign_of_life(&mut self, index: usize, now: Instant) {
        let session = &mut self.sessions[index];
        self.missing += u64::from(session.waits.is_some());
        session.waits = Some(now);
        if let Some(terminal) = &mut session.terminal
            && terminal.send(&mut self.out, Uplink::Heartbeat).is_err()
        {
            session.terminal = None;
        }
    }
}
