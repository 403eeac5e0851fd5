//! API clients and terminals in one event loop, over several lives of the gateway: their connections end with it, what they
//! wait for does not.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use mio::{Events, Poll, Token};

use super::ledger::Ledger;
use super::phrase::{Phrase, TO_DRIVER};
use super::terminal::{Scratch, Terminal};
use crate::gateway::{Gateway, Site};
use crate::load::wire::{Sources, Wire};
use crate::load::{self, http};

/// Events of API clients begin here; those of terminals at 0.
const CLIENTS: usize = 1 << 20;
/// Longest time until everything is settled, or all connections of a dead gateway are gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the table is asked whether everything is DELIVERED.
const LOOK: Duration = Duration::from_millis(25);

/// All of them.
pub struct Crowd {
    poll: Poll,
    clients: Vec<Client>,
    terminals: Vec<Terminal>,
    requests: Vec<Request>,
    /// Whose request is next.
    next: usize,
    scratch: Scratch,
    pub ledger: Ledger,
}

/// A client of the API.
struct Client {
    wire: Option<Wire>,
    /// The text whose answer it waits for.
    waiting: Option<usize>,
}

/// The request that sends a text to one terminal.
struct Request {
    bytes: Vec<u8>,
    /// Where the text's number stands.
    place: usize,
}

impl Crowd {
    /// Everybody, not connected. Terminals below `drivers` have a driver who writes.
    pub fn new(site: &Site, clients: usize, drivers: usize) -> Result<Self> {
        let request = |tracker: &i64| {
            let bytes = site.send(*tracker, &TO_DRIVER.with(0));
            let place = TO_DRIVER.place(&bytes).context("the request does not hold its text")?;
            anyhow::Ok(Request { bytes, place })
        };
        let terminal = |number| Terminal::new(number, number < drivers);
        Ok(Self {
            poll: Poll::new()?,
            clients: (0..clients).map(|_| Client { wire: None, waiting: None }).collect(),
            terminals: (0..site.trackers.len()).map(terminal).collect(),
            requests: site.trackers.iter().map(request).collect::<Result<_>>()?,
            next: 0,
            scratch: Scratch::new(),
            ledger: Ledger::default(),
        })
    }

    /// Connects everybody; the terminals begin to log in.
    pub fn connect(&mut self, site: &Site, sources: &mut Sources) -> Result<()> {
        self.poll = Poll::new()?;
        for (number, terminal) in self.terminals.iter_mut().enumerate() {
            let mut wire = Wire::open(site.devices, sources)?;
            wire.register(self.poll.registry(), number)?;
            terminal.connect(wire, &mut self.scratch)?;
        }
        for (number, client) in self.clients.iter_mut().enumerate() {
            let mut wire = Wire::open(site.api, sources)?;
            wire.register(self.poll.registry(), CLIENTS + number)?;
            *client = Client { wire: Some(wire), waiting: None };
        }
        Ok(())
    }

    /// Clients send and drivers write, as fast as they are answered, for `time`. What is under way at the end is left so.
    pub fn work(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        for number in 0..self.clients.len() {
            self.order(number)?;
        }
        for terminal in &mut self.terminals {
            terminal.speak(&mut self.ledger)?;
        }
        let mut events = Events::with_capacity(1024);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            load::poll(&mut self.poll, &mut events, left)?;
            for event in &events {
                let Token(token) = event.token();
                self.hear(token)?;
                match token.checked_sub(CLIENTS) {
                    Some(client) => self.order(client)?,
                    None => self.terminals[token].speak(&mut self.ledger)?,
                }
            }
        }
    }

    /// Nothing new is said until all that is under way is answered, and everything in the table is DELIVERED.
    pub fn settle(&mut self, gateway: &Gateway) -> Result<()> {
        let (begin, mut events) = (Instant::now(), Events::with_capacity(1024));
        let mut look = begin;
        loop {
            load::poll(&mut self.poll, &mut events, LOOK)?;
            for event in &events {
                self.hear(event.token().0)?;
            }
            let quiet = self.terminals.iter().all(Terminal::is_quiet)
                && self.clients.iter().all(|client| client.waiting.is_none());
            if quiet && look.elapsed() >= LOOK {
                if gateway.pending()? == 0 {
                    self.ledger.settle();
                    return Ok(());
                }
                look = Instant::now();
            }
            ensure!(begin.elapsed() < PATIENCE, "{PATIENCE:?} are over, and not all is settled");
        }
    }

    /// Takes what the dead gateway wrote last, until all connections are gone.
    pub fn hear_the_rest(&mut self) -> Result<()> {
        let begin = Instant::now();
        loop {
            let mut open = 0;
            for terminal in &mut self.terminals {
                let over = terminal.hear_the_rest(&mut self.scratch, &mut self.ledger)?;
                open += usize::from(!over);
            }
            for client in &mut self.clients {
                let read = client.hear(&mut self.scratch.read, &mut self.ledger);
                if read?.is_some() {
                    client.wire = None;
                }
                open += usize::from(client.wire.is_some());
            }
            if open == 0 {
                return Ok(());
            }
            ensure!(begin.elapsed() < PATIENCE, "{open} connections outlive the gateway");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn hear(&mut self, token: usize) -> Result<()> {
        match token.checked_sub(CLIENTS) {
            None => self.terminals[token].hear(&mut self.scratch, &mut self.ledger),
            Some(client) => self.clients[client]
                .hear(&mut self.scratch.read, &mut self.ledger)?
                .map_or(Ok(()), Err),
        }
    }

    /// Has a client send a new text to the next terminal, unless it waits for an answer.
    fn order(&mut self, client: usize) -> Result<()> {
        let client = &mut self.clients[client];
        let (None, Some(wire)) = (client.waiting, &mut client.wire) else { return Ok(()) };
        let Request { bytes, place } = &mut self.requests[self.next];
        let order = self.ledger.order(self.next);
        Phrase::renumber(bytes, *place, order);
        self.next = (self.next + 1) % self.terminals.len();
        client.waiting = Some(order);
        wire.send(bytes)
    }
}

impl Client {
    /// Notes the answer, if it has arrived. `Some` says why the connection cannot be read any more.
    fn hear(&mut self, read: &mut [u8], ledger: &mut Ledger) -> Result<Option<anyhow::Error>> {
        let Some(wire) = &mut self.wire else { return Ok(None) };
        let (waiting, mut strange) = (&mut self.waiting, None);
        let end = wire.receive(read, |bytes| {
            let Some((length, success)) = http::answer(bytes) else { return 0 };
            match (waiting.take(), success.then(|| id(&bytes[..length])).flatten()) {
                (Some(order), Some(id)) => ledger.orders[order].id = id,
                _ => strange = Some(String::from_utf8_lossy(&bytes[..length]).into_owned()),
            }
            length
        });
        ensure!(strange.is_none(), "the API answered {}", strange.unwrap_or_default());
        Ok(end.err())
    }
}

/// The message id in an answer of the API.
fn id(answer: &[u8]) -> Option<i64> {
    const KEY: &[u8] = b"\"id\":";
    let at = answer.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let digits = answer[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let id = digits.fold(0, |id: i64, digit| id * 10 + i64::from(digit - b'0'));
    (id > 0).then_some(id)
}
