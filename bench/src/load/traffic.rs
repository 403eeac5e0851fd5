//! API clients and terminals in one event loop with one clock: texts go in over HTTP and come out at devices that confirm them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use mio::{Events, Poll, Token};

use super::fleet::Terminal;
use super::http;
use super::schedule::{Pace, Schedule};
use super::speech::{Downlink, Uplink};
use super::ticks::Ticks;
use super::wire::{Sources, Wire};

/// Longest time in which nothing happens.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest answer: what is unread of ten thousand trackers takes 120 kB.
const BUFFER: usize = 1 << 20;
/// Events of API clients begin here; those of terminals at 0.
const CLIENTS: usize = 1 << 20;

/// Clients and terminals on one server.
pub struct Traffic {
    poll: Poll,
    clients: Vec<Client>,
    idle: Vec<usize>,
    terminals: Vec<Terminal>,
    /// For each terminal, when the requests for its texts under way were due.
    under_way: Vec<VecDeque<Instant>>,
    /// How many there are in all.
    unconfirmed: usize,
    /// Used in turn; with terminals, the one at `n` sends a text to terminal `n`.
    requests: Vec<Vec<u8>>,
    next: usize,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    out: Vec<u8>,
    ticks: Ticks,
}

struct Client {
    wire: Wire,
    /// When the request under way was due.
    due: Instant,
}

/// What a round came to.
#[derive(Default)]
pub struct Round {
    /// Requests answered within the measured time.
    pub answers: u64,
    /// Requests sent, all of them answered sooner or later.
    pub sent: u64,
    /// From the first request to the last answer and confirmation.
    pub whole: Duration,
    /// From the due time of each request to the arrival of its text at the device.
    pub pushed: Vec<Duration>,
    /// From the due time of each request to its answer.
    pub answered: Vec<Duration>,
}

impl Traffic {
    /// `clients` connections to the API at `server`, beside `terminals`; `requests[n]` sends a text to terminal `n` if there
    /// are terminals.
    pub fn new(
        server: SocketAddr,
        clients: usize,
        mut terminals: Vec<Terminal>,
        requests: Vec<Vec<u8>>,
        sources: &mut Sources,
    ) -> Result<Self> {
        let poll = Poll::new()?;
        for (number, terminal) in terminals.iter_mut().enumerate() {
            terminal.wire.register(poll.registry(), number)?;
        }
        let mut open = Vec::with_capacity(clients);
        for number in 0..clients {
            let mut wire = Wire::open(server, sources)?;
            wire.register(poll.registry(), CLIENTS + number)?;
            open.push(Client { wire, due: Instant::now() });
        }
        let ticks = Ticks::register(poll.registry())?;
        Ok(Self {
            poll,
            idle: Vec::with_capacity(clients),
            clients: open,
            under_way: terminals.iter().map(|_| VecDeque::new()).collect(),
            unconfirmed: 0,
            terminals,
            requests,
            next: 0,
            buffer: vec![0; BUFFER],
            scratch: Vec::new(),
            out: Vec::new(),
            ticks,
        })
    }

    /// Sends requests at `pace` for `warm` and then for `measured`, and waits until all is answered and confirmed.
    pub fn run(&mut self, pace: Pace, warm: Duration, measured: Duration) -> Result<Round> {
        let mut events = Events::with_capacity(1024);
        let begin = Instant::now();
        let mut schedule = Schedule::new(pace, warm, measured);
        let mut round = Round::default();
        self.idle = (0..self.clients.len()).collect();
        self.ticks.set(pace)?;
        loop {
            self.send_due(&mut schedule, &mut round)?;
            let all_done = self.idle.len() == self.clients.len() && self.unconfirmed == 0;
            if all_done && schedule.is_over(Instant::now()) {
                break;
            }
            super::poll(&mut self.poll, &mut events, PATIENCE)?;
            ensure!(!events.is_empty(), "nothing happened for {PATIENCE:?}");
            let now = Instant::now();
            for event in &events {
                let Token(token) = event.token();
                if self.ticks.take(event.token()) {
                    continue;
                } else if token >= CLIENTS {
                    self.answered(token - CLIENTS, now, &schedule, &mut round)?;
                } else {
                    self.confirm(token, now, &schedule, &mut round)?;
                }
            }
        }
        self.ticks.set(Pace::Closed)?;
        round.whole = begin.elapsed();
        Ok(round)
    }

    fn send_due(&mut self, schedule: &mut Schedule, round: &mut Round) -> Result<()> {
        while let Some(&client) = self.idle.last()
            && let Some(due) = schedule.next(Instant::now())
        {
            self.idle.pop();
            let target = self.next;
            self.next = (self.next + 1) % self.requests.len();
            if let Some(queue) = self.under_way.get_mut(target) {
                queue.push_back(due);
                self.unconfirmed += 1;
            }
            self.clients[client].due = due;
            self.clients[client].wire.send(&self.requests[target])?;
            round.sent += 1;
        }
        Ok(())
    }

    fn answered(
        &mut self,
        number: usize,
        now: Instant,
        schedule: &Schedule,
        round: &mut Round,
    ) -> Result<()> {
        let Client { wire, due } = &mut self.clients[number];
        let mut failed = None;
        wire.receive(&mut self.buffer, |bytes| {
            let Some((length, success)) = http::answer(bytes) else { return 0 };
            if !success {
                failed = Some(String::from_utf8_lossy(&bytes[..length]).into_owned());
            }
            self.idle.push(number);
            round.answers += u64::from(schedule.measures(now));
            if schedule.measures(*due) {
                round.answered.push(now - *due);
            }
            length
        })
        .context("API")?;
        ensure!(failed.is_none(), "a request failed: {}", failed.unwrap_or_default());
        Ok(())
    }

    /// Confirms the texts that terminal `number` got.
    fn confirm(
        &mut self,
        number: usize,
        now: Instant,
        schedule: &Schedule,
        round: &mut Round,
    ) -> Result<()> {
        let Some(terminal) = self.terminals.get_mut(number) else { return Ok(()) };
        let (scratch, mut serials) = (&mut self.scratch, Vec::new());
        let speech = terminal.speaker.speech();
        terminal.wire.receive(&mut self.buffer, |bytes| {
            speech.split(bytes, scratch, |frame| {
                if let Downlink::Text { serial, .. } = frame {
                    serials.push(serial);
                }
            })
        })?;
        self.out.clear();
        for &serial in &serials {
            terminal.speaker.say(&mut self.out, Uplink::Confirmation(serial));
        }
        if serials.is_empty() {
            return Ok(());
        }
        terminal.wire.send(&self.out)?;
        for _ in serials {
            let due = self.under_way[number].pop_front();
            let due = due.context("a device got a text twice, or one that nobody sent")?;
            self.unconfirmed -= 1;
            if schedule.measures(due) {
                round.pushed.push(now - due);
            }
        }
        Ok(())
    }
}
