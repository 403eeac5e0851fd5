//! G7, G7b: the API alone, with devices that are not there.

use std::time::Duration;

use anyhow::Result;

use crate::gateway::{Gateway, Settings};
use crate::load::schedule::Pace;
use crate::load::traffic::Traffic;
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::process::Process;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::times::quantile;

const TRACKERS: usize = 1000;
const CLIENTS: usize = 256;

/// The daemon, a server that stores nothing, and one that commits every request, in turn.
pub fn sends(rig: &Rig) -> Result<Vec<Figure>> {
    let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
    let directory = rig.directory()?;
    let database = directory.path().join("usual.db");
    let (usual, usual_address) =
        Process::yardstick(&["commit-per-request", &database.display().to_string()])?;
    let (nothing, nothing_address) = Process::yardstick(&["api"])?;
    let gateway = Gateway::start(rig, &Settings::terminals(TRACKERS))?;
    let mut clients = |address, clients| {
        Traffic::new(address, clients, Vec::new(), gateway.requests(), &mut sources)
    };
    let mut many = [
        ("stores nothing", &nothing, clients(nothing_address, CLIENTS)?),
        ("gateway", &gateway.process, clients(gateway.api, CLIENTS)?),
        ("one commit per request", &usual, clients(usual_address, CLIENTS)?),
    ];
    let mut single = [
        ("gateway", clients(gateway.api, 1)?),
        ("one commit per request", clients(usual_address, 1)?),
    ];
    let others = Others::watch([nothing.id(), usual.id(), gateway.process.id()])?;
    for _ in 0..rig.rounds {
        let (mut rates, mut cpus, mut alone) = ([0.0; 3], [0.0; 3], [0.0; 2]);
        for (number, (name, process, traffic)) in many.iter_mut().enumerate() {
            let cpu = process.cpu()?;
            let round = traffic.run(Pace::Closed, rig.warm, rig.measured)?;
            let cpu = process.cpu()?.saturating_sub(cpu);
            rates[number] = round.answers as f64 / rig.measured.as_secs_f64();
            cpus[number] = cpu.as_secs_f64() * 1e6 / round.sent as f64;
            rounds.add(&format!("{name}: requests/s"), rates[number]);
            rounds.add(&format!("{name}: CPU µs per request"), cpus[number]);
        }
        for (number, (name, traffic)) in single.iter_mut().enumerate() {
            let mut round = traffic.run(Pace::Closed, Duration::ZERO, rig.measured / 2)?;
            alone[number] = quantile(&mut round.answered, 0.5);
            rounds.add(&format!("{name}, one client: p50 ms"), alone[number]);
        }
        rounds.add("G7", rates[1] / rates[0]);
        rounds.add("G7c", cpus[0] / cpus[1]);
        rounds.add("G7b", alone[0] / alone[1]);
        rounds.add("gateway ÷ one commit per request", rates[1] / rates[2]);
    }
    let share = others.share()?;
    gateway.stop()?;
    let figures = vec![
        rounds.figure("G7", "send requests/s, 256 clients ÷ storing nothing").at_least(0.25, 0.40),
        rounds
            .figure("G7c", "the same as CPU per request, storing nothing ÷ gateway")
            .at_least(0.25, 0.40),
        rounds.figure("G7b", "one client: p50 ÷ one commit per request").at_most(1.1, 1.0),
    ];
    Ok(rounds.finish(figures, share))
}
