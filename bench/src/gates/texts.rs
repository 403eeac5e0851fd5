//! G5, G5b, G5d: the most texts from the API to DELIVERED.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::gateway::{Backing, DELIVERED, Gateway, Settings};
use crate::load::schedule::Pace;
use crate::load::traffic::Traffic;
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::yardstick::{disk, group};

const TERMINALS: usize = 1000;
const CLIENTS: usize = 128;

/// The daemon, the same without storage, a disk that is flushed, and SQLite alone, in turn.
pub fn delivered(rig: &Rig) -> Result<Vec<Figure>> {
    let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
    let gateway = Gateway::start(rig, &Settings::terminals(TERMINALS))?;
    let settings = Settings { backing: Backing::Nothing, ..Settings::terminals(TERMINALS) };
    let bound = Gateway::start(rig, &settings)?;
    let mut texts = gateway.traffic(CLIENTS, &mut sources)?;
    let mut unstored = bound.traffic(CLIENTS, &mut sources)?;
    let others = Others::watch([gateway.process.id(), bound.process.id()])?;
    let (time, short) = (rig.measured * 2, rig.measured / 2);
    for _ in 0..rig.rounds {
        let directory = rig.directory()?;
        let flushes = disk::flushes(directory.path(), short)?.per_second;
        let alone = group::texts_per_second(directory.path(), rig.measured)?;
        let before = gateway.delivered()?;
        let (sent, rate, cpu) = run(&gateway, &mut texts, time)?;
        let rows = gateway.delivered()? - before;
        ensure!(rows == sent, "{sent} texts were sent, {rows} are DELIVERED");
        let (_, free, free_cpu) = run(&bound, &mut unstored, rig.measured)?;
        rounds.add("G5", rate / flushes);
        rounds.add("G5b", rate / free);
        rounds.add("G5d", rate / alone);
        rounds.add("gateway: texts/s to DELIVERED", rate);
        rounds.add("gateway: CPU µs per text", cpu);
        rounds.add("no-op store: texts/s", free);
        rounds.add("no-op store: CPU µs per text", free_cpu);
        rounds.add("one flush after the other: per second", flushes);
        rounds.add("SQLite alone: texts/s", alone);
    }
    let share = others.share()?;
    gateway.stop()?;
    let figures = vec![
        rounds.figure("G5", "texts/s to DELIVERED ÷ flushes/s of the disk").at_least(4.0, 8.0),
        rounds.figure("G5b", "÷ the same with a no-op store").at_least(0.5, 0.75),
        rounds.figure("G5d", "÷ SQLite alone").at_least(0.15, 0.30),
    ];
    Ok(rounds.finish(figures, share))
}

/// One round: texts sent, texts DELIVERED per second, CPU µs per text.
fn run(gateway: &Gateway, traffic: &mut Traffic, time: Duration) -> Result<(u64, f64, f64)> {
    let (counted, cpu, begin) =
        (gateway.counter(DELIVERED)?, gateway.process.cpu()?, Instant::now());
    let round = traffic.run(Pace::Closed, Duration::ZERO, time)?;
    // The last confirmations are on their way into the database.
    gateway.wait_delivered(counted, round.sent)?;
    let took = begin.elapsed().as_secs_f64();
    let cpu = gateway.process.cpu()?.saturating_sub(cpu).as_secs_f64() * 1e6;
    Ok((round.sent, round.sent as f64 / took, cpu / round.sent as f64))
}
