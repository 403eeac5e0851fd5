//! A storm: terminals that all connect at once, as after a gateway's restart, each with its login as soon as it is connected.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use mio::{Events, Poll};

use super::fleet::{Fleet, Terminal};
use super::speech::{Downlink, Speaker, Speech, Uplink};
use super::wire::{Sources, Wire};

/// Connects on their way at once.
const OUTSTANDING: usize = 256;
/// Longest time in which nothing happens; a connect that the server's queue had no place for is tried again after 1, 3 and 7 s.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who says something once it is connected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Speaking {
    /// Every terminal logs in.
    All,
    /// Only the last: a server that accepts in turn has accepted all when it answers.
    Last,
}

/// Terminals that have arrived.
pub struct Arrival {
    poll: Poll,
    pub terminals: Vec<Terminal>,
    /// For each terminal whether it has the answer that it wants.
    pub arrived: Vec<bool>,
    /// From the first connect to the last answer.
    pub took: Duration,
}

impl Arrival {
    /// How many did not get what they wanted.
    pub fn failed(&self) -> usize {
        self.arrived.iter().filter(|arrived| !**arrived).count()
    }

    /// All of them as a fleet, if none failed.
    pub fn fleet(self) -> Result<Fleet> {
        let failed = self.failed();
        ensure!(failed == 0, "{failed} of {} terminals could not log in", self.terminals.len());
        Fleet::over(self.poll, self.terminals)
    }

    /// Their event loop, in which they are registered by their index, and the terminals.
    pub fn into_parts(self) -> (Poll, Vec<Terminal>) {
        (self.poll, self.terminals)
    }
}

/// Connects terminals `numbers` to `server`, as many at once as are allowed to be on their way.
pub fn arrive(
    server: SocketAddr,
    numbers: Range<usize>,
    speech: Speech,
    speaking: Speaking,
    sources: &mut Sources,
) -> Result<Arrival> {
    let begin = Instant::now();
    let mut storm = Storm::new(numbers.len())?;
    let mut numbers = numbers.peekable();
    let mut events = Events::with_capacity(1024);
    while storm.open > 0 || numbers.peek().is_some() {
        while storm.connecting < OUTSTANDING
            && let Some(number) = numbers.next()
        {
            let speaks = speaking == Speaking::All || numbers.peek().is_none();
            storm.begin(server, Speaker::new(speech, number), speaks, sources)?;
        }
        super::poll(&mut storm.poll, &mut events, PATIENCE)?;
        ensure!(!events.is_empty(), "{} terminals wait in vain to be logged in", storm.open);
        for event in &events {
            storm.look(event.token().0);
        }
    }
    let arrived = storm.stages.iter().map(|stage| *stage == Stage::Arrived).collect();
    Ok(Arrival { poll: storm.poll, terminals: storm.terminals, arrived, took: begin.elapsed() })
}

/// How far a terminal is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its connect is on its way; then it speaks or is content.
    Connecting {
        speaks: bool,
    },
    /// It waits for the answer to its login.
    Waiting,
    Arrived,
    Failed,
}

struct Storm {
    poll: Poll,
    terminals: Vec<Terminal>,
    stages: Vec<Stage>,
    connecting: usize,
    /// Terminals that have begun and neither arrived nor failed.
    open: usize,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    out: Vec<u8>,
}

impl Storm {
    fn new(terminals: usize) -> Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            terminals: Vec::with_capacity(terminals),
            stages: Vec::with_capacity(terminals),
            connecting: 0,
            open: 0,
            buffer: vec![0; 4096],
            scratch: Vec::new(),
            out: Vec::new(),
        })
    }

    fn begin(
        &mut self,
        server: SocketAddr,
        speaker: Speaker,
        speaks: bool,
        sources: &mut Sources,
    ) -> Result<()> {
        let mut wire = Wire::begin(server, sources)?;
        wire.register_both(self.poll.registry(), self.terminals.len())?;
        self.terminals.push(Terminal { wire, speaker });
        self.stages.push(Stage::Connecting { speaks });
        self.connecting += 1;
        self.open += 1;
        Ok(())
    }

    /// Something happened to terminal `index`.
    fn look(&mut self, index: usize) {
        let before = self.stages[index];
        // Whatever goes wrong is one terminal's failure.
        let after = self.next_stage(index).unwrap_or(Stage::Failed);
        let is_connecting = |stage| matches!(stage, Stage::Connecting { .. });
        let is_open = |stage| is_connecting(stage) || stage == Stage::Waiting;
        self.connecting -= usize::from(is_connecting(before) && !is_connecting(after));
        self.open -= usize::from(is_open(before) && !is_open(after));
        self.stages[index] = after;
    }

    fn next_stage(&mut self, index: usize) -> Result<Stage> {
        let terminal = &mut self.terminals[index];
        match self.stages[index] {
            Stage::Connecting { speaks } => {
                if !terminal.wire.is_connected()? {
                    return Ok(Stage::Connecting { speaks });
                }
                if !speaks {
                    return Ok(Stage::Arrived);
                }
                terminal.send(&mut self.out, Uplink::Login)?;
                Ok(Stage::Waiting)
            }
            Stage::Waiting => {
                let (mut stage, scratch) = (Stage::Waiting, &mut self.scratch);
                let speech = terminal.speaker.speech();
                terminal.wire.receive(&mut self.buffer, |bytes| {
                    speech.split(bytes, scratch, |answer| match answer {
                        Downlink::Done => stage = Stage::Arrived,
                        Downlink::Refused => stage = Stage::Failed,
                        Downlink::Text { .. } | Downlink::Other => {}
                    })
                })?;
                Ok(stage)
            }
            stage @ (Stage::Arrived | Stage::Failed) => Ok(stage),
        }
    }
}
