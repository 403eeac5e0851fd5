//! A broadcast to as many trackers as one call may name, beside as many sends.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use crate::gateway::site::TEXT;
use crate::gateway::{DELIVERED, Gateway, Settings};
use crate::load::volley::{Shot, Volley};
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::times::quantile;

/// Most trackers that a broadcast may name.
const TRACKERS: usize = 300;
/// Clients that send the same texts one by one.
const CLIENTS: usize = 32;
/// Rounds of sends by one client, one after the other, which take long.
const ALONE: usize = 5;
/// Counter of the gateway: transactions of the store.
const COMMITS: &str = "cabwire_store_commits_total";

/// A broadcast, as many sends by several clients, and by one, in turn.
pub fn against_sends(rig: &Rig) -> Result<Vec<Figure>> {
    let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
    let gateway = Gateway::start(rig, &Settings::terminals(TRACKERS))?;
    let terminals = gateway.fleet(&mut sources)?.into_terminals()?;
    let mut volley = Volley::new(gateway.api, CLIENTS, terminals, &mut sources)?;
    let broadcast = json!({ "trackers": gateway.trackers, "message": TEXT });
    let broadcast = [gateway.call("broadcast", broadcast)];
    let sends = gateway.requests();
    let mut salvo = |requests: &[Vec<u8>], clients| {
        let before = gateway.counter(DELIVERED)?;
        let shot = volley.fire(requests, clients, TRACKERS, true)?;
        // The next one finds all devices at rest.
        gateway.wait_delivered(before, TRACKERS as u64)?;
        anyhow::Ok(shot)
    };
    // What a tracker's first text costs is not what the later ones do.
    salvo(&broadcast, 1)?;
    let others = Others::watch([gateway.process.id()])?;
    for _ in 0..rig.rounds {
        let (mut together, mut apart, mut alone) = <(Times, Times, Times)>::default();
        let begin = Instant::now();
        while begin.elapsed() < rig.measured * 2 {
            together.add(salvo(&broadcast, 1)?);
            apart.add(salvo(&sends, CLIENTS)?);
            if alone.arrived.len() < ALONE {
                alone.add(salvo(&sends, 1)?);
            }
        }
        let last = [
            together.quantiles("a broadcast", &mut rounds),
            apart.quantiles("300 sends by 32 clients", &mut rounds),
        ];
        alone.quantiles("300 sends by one client", &mut rounds);
        rounds.add("broadcast", last[0][0] / last[1][0]);
        rounds.add("broadcast-p99", last[0][1] / last[1][1]);
    }
    for _ in 0..rig.rounds {
        let (of_one, of_many) = (
            transactions(&gateway, &mut volley, &broadcast, 1)?,
            transactions(&gateway, &mut volley, &sends, CLIENTS)?,
        );
        rounds.add("broadcast-commits", of_one);
        rounds.add("transactions that store 300 sends by 32 clients", of_many);
    }
    let share = others.share()?;
    let rows = gateway.count("SELECT count(DISTINCT tracker_id) FROM message")?;
    anyhow::ensure!(rows == TRACKERS as u64, "texts of {rows} trackers are stored");
    gateway.stop()?;
    let figures = vec![
        rounds.figure(
            "broadcast",
            "last text of a broadcast to 300 at its device ÷ of 300 sends, p50",
        ),
        rounds.figure("broadcast-p99", "the same for p99"),
        rounds
            .figure("broadcast-commits", "transactions that store a broadcast to 300")
            .at_most(1.0, 1.0),
    ];
    Ok(rounds.finish(figures, share))
}

/// What volleys took.
#[derive(Default)]
struct Times {
    answered: Vec<Duration>,
    arrived: Vec<Duration>,
}

impl Times {
    fn add(&mut self, shot: Shot) {
        self.answered.push(shot.answered);
        self.arrived.push(shot.arrived);
    }

    /// Adds what they took to `rounds`; p50 and p99 of the last text's arrival.
    fn quantiles(&mut self, name: &str, rounds: &mut Rounds) -> [f64; 2] {
        let shares = [("p50", 0.5), ("p99", 0.99)];
        let mut add = |what, share: &str, value| {
            rounds.add(&format!("{name}: {what}, {share} ms"), value);
            value
        };
        for (name, share) in shares {
            add("last answer", name, quantile(&mut self.answered, share));
        }
        shares.map(|(name, share)| {
            add("last text at its device", name, quantile(&mut self.arrived, share))
        })
    }
}

/// Transactions from the first request to the last arrival, while no device confirms anything.
fn transactions(
    gateway: &Gateway,
    volley: &mut Volley,
    requests: &[Vec<u8>],
    clients: usize,
) -> Result<f64> {
    let (delivered, before) = (gateway.counter(DELIVERED)?, gateway.counter(COMMITS)?);
    volley.fire(requests, clients, TRACKERS, false)?;
    let after = gateway.counter(COMMITS)?;
    volley.confirm()?;
    gateway.wait_delivered(delivered, TRACKERS as u64)?;
    Ok(after - before)
}
