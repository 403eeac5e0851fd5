//! G11: what sessions cost in processor time while they send nothing.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::gateway::{Gateway, Settings};
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;

/// Time after which the work for what was said last is done: states are merged into the database within seconds.
const SETTLE: Duration = Duration::from_secs(6);

/// The daemon alone, first without sessions, then with many that say nothing.
pub fn sessions(rig: &Rig) -> Result<Vec<Figure>> {
    let sessions = rig.sessions(rig.pick(15_000, 5_000));
    let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
    let gateway = Gateway::start(rig, &Settings::terminals(sessions))?;
    let others = Others::watch([gateway.process.id()])?;
    std::thread::sleep(rig.warm);
    for _ in 0..rig.rounds {
        rounds.add("without any session: share of a processor", share(rig, &gateway)?);
    }
    let mut fleet = gateway.fleet(&mut sources)?;
    fleet.locate()?;
    std::thread::sleep(SETTLE);
    for _ in 0..rig.rounds {
        rounds.add("G11", share(rig, &gateway)?);
    }
    let open = gateway.connections()?;
    ensure!(open == sessions as f64, "{open} of {sessions} sessions are left");
    let others = others.share()?;
    drop(fleet);
    gateway.stop()?;
    let what = format!("{sessions} idle sessions: share of a processor");
    let figures = vec![rounds.figure("G11", &what).at_most(0.01, 0.002)];
    Ok(rounds.finish(figures, others))
}

/// Share of one processor that the gateway uses.
fn share(rig: &Rig, gateway: &Gateway) -> Result<f64> {
    let (begin, cpu) = (Instant::now(), gateway.process.cpu()?);
    std::thread::sleep(rig.measured);
    let cpu = gateway.process.cpu()?.saturating_sub(cpu);
    Ok(cpu.as_secs_f64() / begin.elapsed().as_secs_f64())
}
