//! G3, G3b: everybody reconnects at once.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::gateway::{Gateway, Settings};
use crate::load::arrival::{Arrival, Speaking, arrive};
use crate::load::speech::Speech;
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::process::Process;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::wait::eventually;

/// Time in which all connections of a storm must be closed again.
const LEAVING: Duration = Duration::from_secs(30);

/// The daemon and the echo, in turn.
pub fn reconnects(rig: &Rig) -> Result<Vec<Figure>> {
    let sessions = rig.sessions(rig.pick(15_000, 5_000));
    let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
    let gateway = Gateway::start(rig, &Settings::terminals(sessions))?;
    let (echo, address) = Process::yardstick(&["echo", "jt808"])?;
    let others = Others::watch([gateway.process.id(), echo.id()])?;
    let mut storm = |server, speaking| {
        let arrival = arrive(server, 0..sessions, Speech::Jt808, speaking, &mut sources)?;
        let took = arrival.took.as_secs_f64();
        anyhow::Ok((arrival, sessions as f64 / took))
    };
    for _ in 0..rig.rounds {
        let before = Dropped::now()?;
        let (arrival, logins) = storm(gateway.devices, Speaking::All)?;
        let dropped = before.since()?;
        leave(&gateway, arrival)?;
        let (arrival, accepts) = storm(address, Speaking::Last)?;
        leave_echo(&echo, arrival)?;
        let (arrival, answers) = storm(address, Speaking::All)?;
        leave_echo(&echo, arrival)?;
        rounds.add("G3", (dropped.overflows + dropped.drops) as f64);
        rounds.add("G3b", logins / accepts);
        rounds.add("gateway: accepted and logged in per second", logins);
        rounds.add("echo: accepted per second", accepts);
        rounds.add("echo: accepted and answered per second", answers);
        rounds.add("gateway ÷ echo that answers", logins / answers);
    }
    let share = others.share()?;
    gateway.stop()?;
    let figures = vec![
        rounds
            .figure(
                "G3",
                &format!("{sessions} reconnects at once: connects that the system dropped"),
            )
            .worst()
            .at_most(0.0, 0.0),
        rounds.figure("G3b", "logged in per second ÷ accepts of an echo").at_least(0.4, 0.7),
    ];
    Ok(rounds.finish(figures, share))
}

/// All leave, and the gateway has seen it. Nobody may have failed.
fn leave(gateway: &Gateway, arrival: Arrival) -> Result<()> {
    drop(arrival.fleet()?);
    eventually("connections to be closed", LEAVING, || Ok(gateway.connections()? == 0.0))
}

/// The same for the echo, which says nothing about itself: it holds a descriptor for each.
fn leave_echo(echo: &Process, arrival: Arrival) -> Result<()> {
    let open = arrival.terminals.len();
    drop(arrival.fleet()?);
    eventually("connections to be closed", LEAVING, || Ok(echo.open_files()? < open.min(100)))
}

/// Connects that the system dropped because nobody took them in time; counted for the whole network namespace.
#[derive(Clone, Copy)]
struct Dropped {
    overflows: u64,
    drops: u64,
}

impl Dropped {
    fn now() -> Result<Self> {
        let text = std::fs::read_to_string("/proc/net/netstat")?;
        // Two lines: the names, and the values in the same order.
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt:"));
        let (names, values) =
            lines.next().zip(lines.next()).context("/proc/net/netstat has no TcpExt")?;
        let value = |wanted: &str| -> Result<u64> {
            let mut pairs = names.split_whitespace().zip(values.split_whitespace());
            let (_, value) =
                pairs.find(|(name, _)| *name == wanted).context("a counter is missing")?;
            Ok(value.parse()?)
        };
        Ok(Self { overflows: value("ListenOverflows")?, drops: value("ListenDrops")? })
    }

    fn since(self) -> Result<Self> {
        let now = Self::now()?;
        Ok(Self { overflows: now.overflows - self.overflows, drops: now.drops - self.drops })
    }
}
