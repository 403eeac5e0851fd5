//! G2, G2b, G2c: what a session costs in memory while nothing happens, and whether it grows.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::gateway::{Gateway, Settings};
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
        let gateway = Gateway::start(rig, &Settings::terminals(sessions))?;
        let others = Others::watch([gateway.process.id()])?;
        let memory = Memory::of(rig, &gateway, sessions)?;
        rounds.add("gateway without sessions: MB", memory.before / MB);
        let idle = memory.waves(&mut rounds, &mut sources)?;
        rounds.add("G2", idle);
        rounds.add("G2b", idle / task);
        rounds.add("bare task: bytes per connection", task);
        shares.push(others.share()?);
        gateway.stop()?;
    }
    let share = shares.into_iter().fold(0.0, f64::max);
    let figures = vec![
        rounds.figure("G2", "bytes per idle logged-in session").at_most(3072.0, 2048.0),
        rounds.figure("G2b", "the same ÷ a bare task").at_most(3.0, 2.0),
        rounds.figure("G2c", "sessions after the 5th reconnect ÷ the 1st").at_most(1.05, 1.02),
        rounds.figure("G2d", "sessions after half frames of 1 KB ÷ before").at_most(1.3, 1.05),
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

    /// All come, leave and come back; and then half a frame arrives of each. Returns what a session costs at first.
    fn waves(&self, rounds: &mut Rounds, sources: &mut Sources) -> Result<f64> {
        let mut fleet = self.arrive(sources)?;
        let first = self.settled()?;
        fleet.locate()?;
        rounds.add("after one more location: bytes per session", self.settled()?);
        let mut last = first;
        for wave in 2..=WAVES {
            drop(fleet);
            self.wait_gone()?;
            fleet = self.arrive(sources)?;
            last = self.settled()?;
            rounds.add(&format!("reconnect wave {wave}: bytes per session"), last);
        }
        rounds.add("G2c", last / first);
        let (half, after) = self.half_frames(&mut fleet)?;
        rounds.add("while half a frame is there: bytes per session", half);
        rounds.add("after its rest and its acknowledgement: bytes per session", after);
        rounds.add("G2d", after / last);
        drop(fleet);
        self.wait_gone()?;
        rounds.add("left when all are gone: bytes per former session", self.settled()?);
        Ok(first)
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
        let stored = self.gateway.incoming()? - stored;
        ensure!(stored == frames.len() as u64, "{stored} texts of {} are stored", frames.len());
        Ok((half, after))
    }
}
