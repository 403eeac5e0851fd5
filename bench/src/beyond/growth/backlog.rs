//! Backlog: texts to connected devices beside ever more that wait for absent ones; and starts with them.

use anyhow::Result;

use super::stage::{Shares, Stage};
use super::{CLIENTS, TERMINALS, decades, texts};
use crate::beyond::history::{History, Kind};
use crate::gateway::Settings;
use crate::load::fleet::Fleet;
use crate::load::traffic::Traffic;
use crate::load::wire::Sources;
use crate::report::Figure;
use crate::rig::Rig;
use crate::series::Curves;

/// Devices that are known and not there.
const ABSENT: usize = 1000;

/// Texts to DELIVERED and starts, with ever more texts that wait.
pub fn curves(rig: &Rig) -> Result<Vec<Figure>> {
    let (mut sources, mut curves) = (Sources::default(), Curves::default());
    let amounts = decades(rig, [10, 1000, 100_000, 1_000_000]);
    let stage = |amount| {
        let trackers = TERMINALS..TERMINALS + ABSENT;
        let history = History { messages: amount, trackers, kind: Kind::Pending };
        Stage::prepare(rig, amount, &Settings::terminals(TERMINALS + ABSENT), &history)
    };
    let mut stages = amounts.into_iter().map(stage).collect::<Result<Vec<_>>>()?;
    let mut others = Shares::default();
    for _ in 0..rig.rounds {
        for stage in &mut stages {
            let at = stage.amount;
            stage.visit(&mut others, |gateway, started| {
                curves.add("start to ready: s", at, started.as_secs_f64());
                let speech = gateway.settings.speech;
                let mut fleet =
                    Fleet::connect(gateway.devices, 0..TERMINALS, speech, &mut sources)?;
                fleet.log_in()?;
                let mut requests = gateway.requests();
                requests.truncate(TERMINALS);
                let terminals = fleet.into_terminals()?;
                let mut traffic =
                    Traffic::new(gateway.api, CLIENTS, terminals, requests, &mut sources)?;
                // What a tracker's first text costs is not what the later ones do.
                texts(gateway, &mut traffic, rig.measured / 5)?;
                let (rate, cpu) = texts(gateway, &mut traffic, rig.measured / 3)?;
                curves.add("CPU µs per text to DELIVERED", at, cpu);
                curves.add("texts/s to DELIVERED", at, rate);
                Ok(())
            })?;
        }
    }
    Ok(curves.figures("backlog", "texts waiting for absent devices", others.mean()))
}
