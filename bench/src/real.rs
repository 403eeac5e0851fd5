//! Frames of real devices, and sessions that are logged in to take them: what is measured of a protocol without a socket.
//!
//! The frames are the rows of `fixtures/<protocol>/frames.jsonl`; where there are none, what devices write in the protocol's
//! transcripts.

use anyhow::{Context as _, Result, anyhow};
use kit::host::{Happening, Host};
use kit::play::play_login;
use kit::rows::rows;
use kit::transcript::{Admit, Input, Transcript, load};
use protocols::{Effect, Effects, Event, Frame, Framer, Limits, Now, Protocol, Session};

/// A logged-in connection, without a host: what it wants done is dropped.
pub struct Dialogue {
    framer: Box<dyn Framer>,
    pub session: Box<dyn Session>,
    pub now: Now,
    pub fx: Effects,
    scratch: Vec<u8>,
}

impl From<Host> for Dialogue {
    fn from(host: Host) -> Self {
        let (framer, session, now) = host.into_parts();
        Self { framer, session, now, fx: Effects::new(), scratch: Vec::new() }
    }
}

impl Dialogue {
    /// Cuts and handles every frame in `bytes`; how many were understood.
    pub fn feed(&mut self, bytes: &[u8]) -> u32 {
        let Self { framer, session, now, fx, scratch } = self;
        frames(&mut **framer, bytes, scratch, |frame| {
            // A row may not fit what another row taught the session; what it then costs counts, too.
            let handled = session.handle_frame(frame, *now, fx).is_ok();
            drop(fx.drain());
            handled
        })
    }

    /// Cuts every frame in `bytes` and reads its fields, without the session; how many were in order.
    pub fn read(&mut self, protocol: &dyn Protocol, bytes: &[u8]) -> u32 {
        let Self { framer, scratch, .. } = self;
        frames(&mut **framer, bytes, scratch, |frame| protocol.read(frame).is_ok())
    }
}

/// How many frames in `bytes` satisfy `each`.
fn frames(
    framer: &mut dyn Framer,
    mut bytes: &[u8],
    scratch: &mut Vec<u8>,
    mut each: impl FnMut(&[u8]) -> bool,
) -> u32 {
    let mut count = 0;
    while !bytes.is_empty() {
        let Ok(cut) = framer.cut(bytes, scratch) else { break };
        if cut.consumed == 0 {
            break;
        }
        bytes = bytes.get(cut.consumed..).unwrap_or_default();
        if let Some(Frame::Valid(frame)) = cut.frame {
            count += u32::from(each(frame));
        }
    }
    count
}

/// Frames that belong to one dialogue.
pub struct Spoken {
    pub dialogue: Dialogue,
    pub rows: Vec<Row>,
}

/// One of them.
pub struct Row {
    pub frame: Vec<u8>,
    /// Positions in it.
    pub positions: usize,
}

/// The frames of a protocol that a logged-in session records, each in the first dialogue that does: dialects differ. A frame that
/// belongs to no transcript's dialogue may name its device and so begin one.
pub fn spoken(protocol: &'static dyn Protocol) -> Result<Vec<Spoken>> {
    let name = protocol.info().name;
    let transcripts = load(name).map_err(|problem| anyhow!(problem))?;
    let mut rows = rows(name).map_err(|problem| anyhow!(problem))?;
    if rows.is_empty() {
        rows = written(&transcripts);
    }
    let mut all = Vec::new();
    for transcript in &transcripts {
        let login = || play_login(transcript, protocol).map_err(|problem| anyhow!(problem));
        if login()?.is_some() {
            let again = || login()?.context("a login that went well does not go well again");
            all.extend(taken(&mut rows, again)?);
        }
    }
    while !rows.is_empty() {
        match taken(&mut rows, || Ok(Host::new(protocol, Limits::default())))? {
            Some(spoken) => all.push(spoken),
            // It begins nothing, and is left out.
            None => drop(rows.remove(0)),
        }
    }
    Ok(all)
}

/// Takes those of `rows` that are recorded in the dialogue that `begin` begins; `None` if there are none.
fn taken(rows: &mut Vec<Vec<u8>>, begin: impl Fn() -> Result<Host>) -> Result<Option<Spoken>> {
    let (mut host, mut taken, mut left) = (begin()?, Vec::new(), Vec::new());
    for row in rows.drain(..) {
        match records(&mut host, &row)? {
            Some(positions) => taken.push(Row { frame: row, positions }),
            None => left.push(row),
        }
        // A row that is no part of a dialogue ends the connection: the next one gets a new one.
        if host.closed() {
            host = begin()?;
            for row in &taken {
                records(&mut host, &row.frame)?;
            }
        }
    }
    *rows = left;
    Ok((!taken.is_empty()).then(|| Spoken { dialogue: host.into(), rows: taken }))
}

/// What devices write in transcripts.
fn written(transcripts: &[Transcript]) -> Vec<Vec<u8>> {
    let steps = transcripts.iter().flat_map(|transcript| &transcript.steps);
    steps
        .filter_map(|step| match &step.input {
            Input::Device(bytes) => Some(bytes.clone()),
            _ => None,
        })
        .collect()
}

/// How many positions the session records of this row; `None` if it records nothing when the row comes a second time and the device
/// is known.
fn records(host: &mut Host, row: &[u8]) -> Result<Option<usize>> {
    let (mut recorded, mut positions) = (false, 0);
    for _ in 0..2 {
        host.receive(row);
        while host.asking().is_some() {
            let known = Admit::Known { secret: None, options: Vec::new() };
            host.admit(&known).map_err(|problem| anyhow!(problem))?;
        }
        host.commit_all();
        let happened = host.take();
        let events = happened.iter().filter_map(|happening| match happening {
            Happening::Effect(Effect::Record { events, .. }) => Some(events),
            _ => None,
        });
        recorded = events.clone().any(|events| !events.is_empty());
        // What has been seen before is dropped by some sessions.
        positions = positions.max(events.flatten().filter(|event| located(event)).count());
    }
    Ok((recorded && !host.closed()).then_some(positions))
}

fn located(event: &Event) -> bool {
    matches!(event, Event::Report(report) if report.fix.is_some())
}
