//! A few requests at once and everything that comes of them: from the first byte sent to the last answer, and to the last text at
//! its device.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use mio::{Events, Poll, Token};

use super::fleet::Terminal;
use super::http;
use super::speech::{Downlink, Uplink};
use super::wire::{Sources, Wire};

/// Longest time in which nothing happens.
const PATIENCE: Duration = Duration::from_secs(20);
/// Events of API clients begin here; those of terminals at 0.
const CLIENTS: usize = 1 << 20;

/// Clients and terminals on one server, at rest between two volleys.
pub struct Volley {
    poll: Poll,
    clients: Vec<Wire>,
    terminals: Vec<Terminal>,
    /// Texts that were not confirmed: terminal and serial.
    unconfirmed: Vec<(usize, u16)>,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    out: Vec<u8>,
}

/// What one volley took.
#[derive(Debug, Clone, Copy)]
pub struct Shot {
    /// Until the last answer.
    pub answered: Duration,
    /// Until the last text arrived.
    pub arrived: Duration,
}

impl Volley {
    /// `clients` connections to the API at `server`, beside `terminals`.
    pub fn new(
        server: SocketAddr,
        clients: usize,
        mut terminals: Vec<Terminal>,
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
            open.push(wire);
        }
        Ok(Self {
            poll,
            clients: open,
            terminals,
            unconfirmed: Vec::new(),
            buffer: vec![0; 64 * 1024],
            scratch: Vec::new(),
            out: Vec::new(),
        })
    }

    /// Has the first `clients` send these requests, each the next one when it has its answer, and waits until all of them are
    /// answered and `texts` have arrived. Devices confirm at once, or not at all yet.
    pub fn fire(
        &mut self,
        requests: &[Vec<u8>],
        clients: usize,
        texts: usize,
        confirm: bool,
    ) -> Result<Shot> {
        let mut events = Events::with_capacity(1024);
        let begin = Instant::now();
        let mut next = requests.iter();
        for (client, request) in self.clients.iter_mut().take(clients).zip(&mut next) {
            client.send(request)?;
        }
        let (mut answers, mut arrivals) = (0, 0);
        let mut shot = Shot { answered: Duration::ZERO, arrived: Duration::ZERO };
        while answers < requests.len() || arrivals < texts {
            super::poll(&mut self.poll, &mut events, PATIENCE)?;
            ensure!(!events.is_empty(), "nothing happened for {PATIENCE:?}");
            for event in &events {
                let Token(token) = event.token();
                if let Some(number) = token.checked_sub(CLIENTS) {
                    if self.is_answered(number)? {
                        answers += 1;
                        shot.answered = begin.elapsed();
                        if let Some(request) = next.next() {
                            self.clients[number].send(request)?;
                        }
                    }
                    continue;
                }
                let before = self.unconfirmed.len();
                self.take(token)?;
                if self.unconfirmed.len() > before {
                    arrivals += self.unconfirmed.len() - before;
                    shot.arrived = begin.elapsed();
                }
                if confirm {
                    self.confirm()?;
                }
            }
        }
        ensure!(arrivals == texts, "{arrivals} texts arrived, {texts} were sent");
        Ok(shot)
    }

    /// Confirms what has arrived.
    pub fn confirm(&mut self) -> Result<()> {
        for (number, serial) in self.unconfirmed.drain(..) {
            self.terminals[number].send(&mut self.out, Uplink::Confirmation(serial))?;
        }
        Ok(())
    }

    fn is_answered(&mut self, number: usize) -> Result<bool> {
        let mut answered = None;
        self.clients[number]
            .receive(&mut self.buffer, |bytes| {
                let Some((length, success)) = http::answer(bytes) else { return 0 };
                answered = Some(success);
                length
            })
            .context("API")?;
        ensure!(answered != Some(false), "a request failed");
        Ok(answered.is_some())
    }

    fn take(&mut self, number: usize) -> Result<()> {
        let Some(terminal) = self.terminals.get_mut(number) else { return Ok(()) };
        let (scratch, unconfirmed) = (&mut self.scratch, &mut self.unconfirmed);
        let speech = terminal.speaker.speech();
        terminal.wire.receive(&mut self.buffer, |bytes| {
            speech.split(bytes, scratch, |frame| {
                if let Downlink::Text { serial, .. } = frame {
                    unconfirmed.push((number, serial));
                }
            })
        })
    }
}
