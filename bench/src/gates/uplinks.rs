//! G5c: the most driver texts that are stored and then acknowledged.

use anyhow::{Result, ensure};

use crate::gateway::{Gateway, Settings};
use crate::load::fleet::{Course, Saying};
use crate::load::schedule::Pace;
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::times::quantile;
use crate::yardstick::disk;

const TERMINALS: usize = 256;

/// The daemon and a disk that is flushed, in turn.
pub fn stored(rig: &Rig) -> Result<Vec<Figure>> {
    let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
    let gateway = Gateway::start(rig, &Settings::terminals(TERMINALS))?;
    let mut fleet = gateway.fleet(&mut sources)?;
    let others = Others::watch([gateway.process.id()])?;
    for _ in 0..rig.rounds {
        let flushes = disk::flushes(rig.directory()?.path(), rig.measured / 2)?.per_second;
        let before = gateway.incoming()?;
        let mut round = fleet.run(Course {
            saying: Saying::Texts,
            pace: Pace::Closed,
            burst: 1,
            warm: rig.warm,
            measured: rig.measured,
            process: Some(&gateway.process),
        })?;
        let rows = gateway.incoming()? - before;
        ensure!(rows == round.sent, "{} texts were acknowledged, {rows} are stored", round.sent);
        rounds.add("G5c", round.rate() / flushes);
        rounds.add("gateway: texts/s", round.rate());
        rounds.add("gateway: CPU µs per text", round.cpu_micros());
        rounds.add("text sent to acknowledged: p50 ms", quantile(&mut round.latency, 0.5));
        rounds.add("text sent to acknowledged: p99 ms", quantile(&mut round.latency, 0.99));
        rounds.add("one flush after the other: per second", flushes);
    }
    let share = others.share()?;
    gateway.stop()?;
    let what = "driver texts/s stored, then acknowledged ÷ flushes/s of the disk";
    let figures = vec![rounds.figure("G5c", what).at_least(5.0, 10.0)];
    Ok(rounds.finish(figures, share))
}
