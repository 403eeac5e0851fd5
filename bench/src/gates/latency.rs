//! G6, G6b, G6c: how long a text takes when there is time.

use std::time::Duration;

use anyhow::Result;

use crate::gateway::{Backing, DELIVERY_SECONDS, Gateway, Settings};
use crate::load::schedule::Pace;
use crate::load::traffic::Traffic;
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::times::{Histogram, quantile};
use crate::wait::eventually;
use crate::yardstick::disk;

const TERMINALS: usize = 1000;
const CLIENTS: usize = 16;
const RATE: u32 = 1000;

/// What a round of one gateway came to, in ms.
struct Times {
    delivered: [f64; 2],
    pushed: [f64; 2],
}

/// The daemon beside the same without storage and the disk's flushes.
pub fn at_a_thousand(rig: &Rig) -> Result<Vec<Figure>> {
    let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
    let gateway = Gateway::start(rig, &Settings::terminals(TERMINALS))?;
    let settings = Settings { backing: Backing::Nothing, ..Settings::terminals(TERMINALS) };
    let bound = Gateway::start(rig, &settings)?;
    let mut texts = gateway.traffic(CLIENTS, &mut sources)?;
    let mut unstored = bound.traffic(CLIENTS, &mut sources)?;
    // The first text to a device is loaded from the store; those after it go straight to its connection.
    for traffic in [&mut texts, &mut unstored] {
        traffic.run(Pace::Open(RATE), Duration::from_secs(1), Duration::ZERO)?;
    }
    let others = Others::watch([gateway.process.id(), bound.process.id()])?;
    for _ in 0..rig.rounds {
        let flush = disk::flushes(rig.directory()?.path(), rig.measured / 2)?;
        let is = run(rig, &gateway, &mut texts)?;
        let least = run(rig, &bound, &mut unstored)?;
        rounds.add("G6", is.delivered[0] / (least.delivered[0] + 2.0 * flush.p50_ms));
        rounds.add("G6b", is.delivered[1] / (least.delivered[1] + 2.0 * flush.p99_ms));
        rounds.add("G6c", is.pushed[0] / (least.pushed[0] + flush.p50_ms));
        for (number, share) in ["p50", "p99"].into_iter().enumerate() {
            let mut add =
                |what: &str, value: f64| rounds.add(&format!("{what}: {share} ms"), value);
            add("accepted to DELIVERED on disk", is.delivered[number]);
            add("due to arrival at the device", is.pushed[number]);
            add("no-op store: accepted to DELIVERED", least.delivered[number]);
            add("no-op store: due to arrival", least.pushed[number]);
            add("one flush", [flush.p50_ms, flush.p99_ms][number]);
        }
    }
    let share = others.share()?;
    gateway.stop()?;
    let figures = vec![
        rounds
            .figure("G6", "1000 texts/s, to DELIVERED: p50 ÷ (no-op store + 2 flushes)")
            .at_most(2.0, 1.3),
        rounds.figure("G6b", "the same for p99").at_most(6.0, 2.5),
        rounds.figure("G6c", "to the device: p50 ÷ (no-op store + 1 flush)").at_most(2.0, 1.3),
    ];
    Ok(rounds.finish(figures, share))
}

fn run(rig: &Rig, gateway: &Gateway, traffic: &mut Traffic) -> Result<Times> {
    let histogram = || anyhow::Ok(Histogram::parse(&gateway.metrics()?, DELIVERY_SECONDS));
    let before = histogram()?;
    let mut round = traffic.run(Pace::Open(RATE), rig.warm, rig.measured * 2)?;
    // Nearly all: a text that overtook another at its device's queue is loaded from the store.
    let sent = round.sent as f64;
    eventually("the gateway to note the deliveries", Duration::from_secs(10), || {
        Ok(histogram()?.since(&before).count() >= sent * 0.99)
    })?;
    let spent = histogram()?.since(&before);
    Ok(Times {
        delivered: [0.5, 0.99].map(|share| spent.quantile(share) * 1000.0),
        pushed: [0.5, 0.99].map(|share| quantile(&mut round.pushed, share)),
    })
}
