//! Cost as work grows: sessions, messages stored, texts that wait for absent devices, the history of one tracker. Wanted is a
//! flat curve each time.

mod backlog;
mod sessions;
mod stage;
mod stored;
mod tracker;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::gateway::{DELIVERED, Gateway};
use crate::load::schedule::Pace;
use crate::load::traffic::Traffic;
use crate::load::wire::Sources;
use crate::report::Figure;
use crate::rig::Rig;
use crate::times::quantile;

/// Connected terminals that get texts, where their number is not what grows.
const TERMINALS: usize = 1000;
/// API clients that send them.
const CLIENTS: usize = 128;

/// Fewest answers of which a median is taken, and longest time that they may take.
const ENOUGH: usize = 20;
const PATIENCE: Duration = Duration::from_secs(20);

/// All curves.
pub fn curves(rig: &Rig) -> Result<Vec<Figure>> {
    let mut figures = sessions::curves(rig)?;
    figures.extend(stored::curves(rig)?);
    figures.extend(backlog::curves(rig)?);
    figures.extend(tracker::curves(rig)?);
    Ok(figures)
}

/// Amounts that grow tenfold from one to the next; a quick run has the first ones, a hundred times smaller.
fn decades(rig: &Rig, amounts: [u64; 4]) -> [u64; 4] {
    amounts.map(|amount| if rig.quick { (amount / 100).max(1) } else { amount })
}

/// Texts to DELIVERED, as many as possible: how many a second, and CPU µs of each.
fn texts(gateway: &Gateway, traffic: &mut Traffic, time: Duration) -> Result<(f64, f64)> {
    let (counted, cpu) = (gateway.counter(DELIVERED)?, gateway.process.cpu()?);
    let round = traffic.run(Pace::Closed, Duration::ZERO, time)?;
    gateway.wait_delivered(counted, round.sent)?;
    let cpu = gateway.process.cpu()?.saturating_sub(cpu).as_secs_f64() * 1e6;
    Ok((round.sent as f64 / round.whole.as_secs_f64(), cpu / round.sent as f64))
}

/// The median time in ms that one client waits for the answers to these requests, in turn.
fn p50(
    gateway: &Gateway,
    requests: Vec<Vec<u8>>,
    time: Duration,
    sources: &mut Sources,
) -> Result<f64> {
    let mut client = Traffic::new(gateway.api, 1, Vec::new(), requests, sources)?;
    let (mut times, begin) = (Vec::new(), Instant::now());
    // Longer only on a machine that has other things to do.
    while times.len() < ENOUGH {
        times.extend(client.run(Pace::Closed, time / 4, time)?.answered);
        ensure!(begin.elapsed() < PATIENCE, "{} answers in {PATIENCE:?}", times.len());
    }
    Ok(quantile(&mut times, 0.5))
}
