//! Devices that go on sending and have stopped reading, in a thread of their own. When they are disconnected they come back and
//! do the same again.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use mio::{Events, Poll, Registry};

use super::speech::{Speaker, Speech, Uplink};
use super::wire::{Sources, Wire};

/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(20);
/// Locations that are written at once.
const BLOCK: u8 = 64;
/// A socket that has taken nothing for so long is stuck: the server has stopped reading, too.
const STUCK: Duration = Duration::from_millis(500);
/// Writes of one peer before it is the next one's turn.
const WRITES: usize = 4;

/// What they did so far.
#[derive(Default)]
pub struct Deeds {
    /// Bytes that the sockets took.
    pub bytes: AtomicU64,
    /// Connections that the server ended.
    pub ended: AtomicU64,
    /// Peers whose socket takes nothing now, and has not for a while.
    pub stuck: AtomicUsize,
    /// Peers that have been so at least once.
    pub were_stuck: AtomicUsize,
    stop: AtomicBool,
}

/// The thread. It stops, and all its connections are reset, when this is dropped.
pub struct Stalled {
    pub deeds: Arc<Deeds>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Stalled {
    /// Terminals `numbers` connect to `server`, log in and send locations as fast as their sockets take them.
    pub fn start(
        server: SocketAddr,
        numbers: Range<usize>,
        speech: Speech,
        sources: Sources,
    ) -> Self {
        let deeds = Arc::new(Deeds::default());
        let shared = Arc::clone(&deeds);
        let thread = std::thread::spawn(move || run(server, numbers, speech, sources, &shared));
        Self { deeds, thread: Some(thread) }
    }

    /// Whether it ended by itself, which it does only when something goes wrong.
    pub fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Ends it. An error if it could not do what it should.
    pub fn stop(mut self) -> Result<()> {
        self.deeds.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().context("it is stopped already")?;
        thread.join().map_err(|_| anyhow!("the stalled peers panicked"))?
    }
}

impl Drop for Stalled {
    fn drop(&mut self) {
        self.deeds.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Something else went wrong already.
            drop(thread.join());
        }
    }
}

fn run(
    server: SocketAddr,
    numbers: Range<usize>,
    speech: Speech,
    mut sources: Sources,
    deeds: &Deeds,
) -> Result<()> {
    let mut poll = Poll::new()?;
    let mut peers = Vec::with_capacity(numbers.len());
    for (index, number) in numbers.enumerate() {
        let mut speaker = Speaker::new(speech, number);
        let wire = connect(server, &mut speaker, index, poll.registry(), &mut sources)?;
        peers.push(Peer::new(wire, speaker));
    }
    let mut events = Events::with_capacity(1024);
    let mut turns: Vec<usize> = Vec::new();
    while !deeds.stop.load(Ordering::Relaxed) {
        super::poll(&mut poll, &mut events, if turns.is_empty() { LOOK } else { Duration::ZERO })?;
        turns.extend(events.iter().map(|event| event.token().0));
        turns.sort_unstable();
        turns.dedup();
        for index in std::mem::take(&mut turns) {
            let peer = &mut peers[index];
            match peer.pour(deeds) {
                Ok(true) => {}
                Ok(false) => turns.push(index),
                Err(_) => {
                    deeds.ended.fetch_add(1, Ordering::Relaxed);
                    let speaker = &mut peer.speaker;
                    peer.wire = connect(server, speaker, index, poll.registry(), &mut sources)?;
                    (peer.at, peer.full) = (0, None);
                }
            }
        }
        peers.iter_mut().for_each(Peer::notice);
        let count = |is: fn(&Peer) -> bool| peers.iter().filter(|peer| is(peer)).count();
        deeds.stuck.store(count(Peer::is_stuck), Ordering::Relaxed);
        deeds.were_stuck.store(count(|peer| peer.was_stuck), Ordering::Relaxed);
    }
    Ok(())
}

fn connect(
    server: SocketAddr,
    speaker: &mut Speaker,
    index: usize,
    registry: &Registry,
    sources: &mut Sources,
) -> Result<Wire> {
    let mut wire = Wire::narrow(server, sources)?;
    let mut login = Vec::new();
    speaker.say(&mut login, Uplink::Login);
    wire.send(&login)?;
    wire.register_writable(registry, index)?;
    Ok(wire)
}

/// One of them.
struct Peer {
    wire: Wire,
    speaker: Speaker,
    /// What it says, over and over.
    block: Vec<u8>,
    /// How much of that the socket has taken.
    at: usize,
    /// Since when the socket takes nothing.
    full: Option<Instant>,
    was_stuck: bool,
}

impl Peer {
    fn new(wire: Wire, mut speaker: Speaker) -> Self {
        let mut block = Vec::new();
        for number in 0..BLOCK {
            speaker.say(&mut block, Uplink::Location(number % 10));
        }
        Self { wire, speaker, block, at: 0, full: None, was_stuck: false }
    }

    /// Writes for a while; whether the socket is full. An error means that the server ended the connection.
    fn pour(&mut self, deeds: &Deeds) -> Result<bool> {
        for _ in 0..WRITES {
            let written = self.wire.push(&self.block[self.at..])?;
            if written > 0 {
                deeds.bytes.fetch_add(written as u64, Ordering::Relaxed);
                self.full = None;
            }
            self.at += written;
            if self.at < self.block.len() {
                self.full.get_or_insert_with(Instant::now);
                return Ok(true);
            }
            self.at = 0;
        }
        Ok(false)
    }

    fn is_stuck(&self) -> bool {
        self.full.is_some_and(|since| since.elapsed() >= STUCK)
    }

    fn notice(&mut self) {
        self.was_stuck |= self.is_stuck();
    }
}
