//! G2 to G2d: what a session costs in memory while nothing happens, and whether it grows.
//!
//! G2 and G2b are the daemon as it is. Whether sessions grow is asked of the same code on a store that keeps nothing: the pages that
//! SQLite has in memory grow with what is stored, up to their bound, and belong to no session. What they come to is told beside it.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::gateway::{Backing, Gateway, Settings};
use crate::load::fleet::Fleet;
use crate::load::speech::{Speech, Uplink};
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::process::Process;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::wait::eventually;

/// Waves of reconnects.
const WAVES: usize = 5;
/// Time in which all connections of terminals that left must be closed.
const LEAVING: Duration = Duration::from_secs(30);
/// What arrives first of a frame, and the length of the text that fills the frame: the body is as long as the header can say.
const HALF: usize = 1024;
const LONG_TEXT: usize = 1022;
/// Bytes in a MB.
const MB: f64 = 1e6;

/// The daemon, and a server that keeps nothing but a task for each connection.
pub fn of_sessions(rig: &Rig) -> Result<Vec<Figure>> {
    let sessions = rig.sessions(rig.pick(15_000, 5_000));
    let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
    let mut shares = Vec::new();
    for _ in 0..rig.pick(3, 1) {
        let task = bare_task(rig, sessions, &mut sources)?;
        rounds.add("bare task: bytes per connection", task);
        for (name, backing) in [("daemon", Backing::Sqlite), ("no-op store", Backing::Nothing)] {
            let gateway =
                Gateway::start(rig, &Settings { backing, ..Settings::terminals(sessions) })?;
            let others = Others::watch([gateway.process.id()])?;
            let course =
                Memory::of(rig, &gateway, sessions)?.course(name, &mut rounds, &mut sources)?;
            shares.push(others.share()?);
            gateway.stop()?;
            match backing {
                Backing::Nothing => {
                    rounds.add("G2c", course.last / course.first);
                    rounds.add("G2d", course.after_halves / course.last);
                }
                _ => {
                    rounds.add("G2", course.first);
                    rounds.add("G2b", course.first / task);
                }
            }
        }
    }
    let share = shares.into_iter().fold(0.0, f64::max);
    let figures = vec![
        rounds.figure("G2", "bytes per idle logged-in session").at_most(3072.0, 2048.0),
        rounds.figure("G2b", "the same ÷ a bare task").at_most(3.0, 2.0),
        rounds
            .figure("G2c", "no-op store: sessions after the 5th reconnect ÷ the 1st")
            .at_most(1.05, 1.02),
        rounds.figure("G2d", "no-op store: after half frames of 1 KB ÷ before").at_most(1.3, 1.05),
    ];
    Ok(rounds.finish(figures, share))
}

/// What a connection costs that has nothing but a task, in bytes.
fn bare_task(rig: &Rig, connections: usize, sources: &mut Sources) -> Result<f64> {
    let (process, address) = Process::yardstick(&["task"])?;
    settle(rig);
    let before = process.private_bytes()? as f64;
    let mut fleet = Fleet::connect(address, 0..connections, Speech::Jt808, sources)?;
    fleet.log_in()?;
    fleet.locate()?;
    settle(rig);
    Ok((process.private_bytes()? as f64 - before) / connections as f64)
}

/// Waits until nothing moves any more.
fn settle(rig: &Rig) {
    std::thread::sleep(Duration::from_millis(rig.pick(1500, 600)));
}

/// Bytes per session on the way.
struct Course {
    first: f64,
    last: f64,
    after_halves: f64,
}

/// The memory of a gateway beyond what it had before the first session.
struct Memory<'a> {
    rig: &'a Rig,
    gateway: &'a Gateway,
    sessions: Range<usize>,
    before: f64,
}

impl<'a> Memory<'a> {
    fn of(rig: &'a Rig, gateway: &'a Gateway, sessions: usize) -> Result<Self> {
        settle(rig);
        let before = gateway.process.private_bytes()? as f64;
        Ok(Self { rig, gateway, sessions: 0..sessions, before })
    }

    /// Bytes for each session, once nothing moves any more.
    fn settled(&self) -> Result<f64> {
        settle(self.rig);
        let bytes = self.gateway.process.private_bytes()? as f64 - self.before;
        Ok(bytes / self.sessions.len() as f64)
    }

    /// All come, leave and come back; and then half a frame arrives of each.
    fn course(&self, name: &str, rounds: &mut Rounds, sources: &mut Sources) -> Result<Course> {
        let mut note = |what: &str, bytes: f64| rounds.add(&format!("{name}: {what}"), bytes);
        note("MB without sessions", self.before / MB);
        let mut fleet = self.arrive(sources)?;
        let first = self.settled()?;
        note("bytes per session", first);
        fleet.locate()?;
        note("bytes after one more location", self.settled()?);
        let mut last = first;
        for wave in 2..=WAVES {
            drop(fleet);
            self.wait_gone()?;
            fleet = self.arrive(sources)?;
            last = self.settled()?;
            note(&format!("bytes in reconnect wave {wave}"), last);
        }
        let (half, after_halves) = self.half_frames(&mut fleet)?;
        note("bytes while half a frame is there", half);
        note("bytes after its rest and its acknowledgement", after_halves);
        drop(fleet);
        self.wait_gone()?;
        note("bytes per former session when all are gone", self.settled()?);
        Ok(Course { first, last, after_halves })
    }

    fn arrive(&self, sources: &mut Sources) -> Result<Fleet> {
        let mut fleet = self.gateway.fleet(sources)?;
        ensure!(fleet.terminals.len() == self.sessions.len(), "not all terminals are there");
        fleet.locate()?;
        Ok(fleet)
    }

    fn wait_gone(&self) -> Result<()> {
        eventually("connections to be closed", LEAVING, || Ok(self.gateway.connections()? == 0.0))
    }

    /// Every session gets the first KB of a driver's text, and later the rest. What a session costs meanwhile and afterwards.
    fn half_frames(&self, fleet: &mut Fleet) -> Result<(f64, f64)> {
        let stored = self.gateway.incoming()?;
        let mut frames = Vec::with_capacity(fleet.terminals.len());
        for terminal in &mut fleet.terminals {
            let mut frame = Vec::new();
            terminal.speaker.say(&mut frame, Uplink::Text(&[b'.'; LONG_TEXT]));
            let rest = frame.split_off(HALF);
            terminal.wire.send(&frame)?;
            frames.push(rest);
        }
        let half = self.settled()?;
        fleet.each_once(|index, terminal| terminal.wire.send(&frames[index]))?;
        let after = self.settled()?;
        if self.gateway.settings.backing == Backing::Sqlite {
            let stored = self.gateway.incoming()? - stored;
            ensure!(stored == frames.len() as u64, "{stored} texts of {} are stored", frames.len());
        }
        Ok((half, after))
    }
}
