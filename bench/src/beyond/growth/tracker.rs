//! One tracker with an ever longer history: what is asked about it, and what goes to it and comes from it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::stage::{Shares, Stage};
use super::{decades, p50};
use crate::beyond::history::{History, Kind};
use crate::gateway::{DELIVERED, Gateway, Settings};
use crate::load::fleet::{Course, Saying};
use crate::load::schedule::Pace;
use crate::load::traffic::Traffic;
use crate::load::wire::Sources;
use crate::report::Figure;
use crate::rig::Rig;
use crate::series::Curves;
use crate::times::quantile;

/// Messages on a page of a list.
const PAGE: u32 = 50;
/// Texts a second to the tracker: fewer than a device can confirm one after the other.
const RATE: u32 = 300;

/// Reads and texts with ever more messages; the counts of unread ones also when nobody has ever read any.
pub fn curves(rig: &Rig) -> Result<Vec<Figure>> {
    let (mut sources, mut curves) = (Sources::default(), Curves::default());
    let amounts = decades(rig, [1000, 10_000, 100_000, 1_000_000]);
    let stage = |amount| {
        let history = History { messages: amount, trackers: 0..1, kind: Kind::Past { unread: 3 } };
        Stage::prepare(rig, amount, &Settings::terminals(1), &history)
    };
    let mut stages = amounts.into_iter().map(stage).collect::<Result<Vec<_>>>()?;
    let mut others = Shares::default();
    for _ in 0..rig.rounds {
        for stage in &mut stages {
            let at = stage.amount;
            stage.visit(&mut others, |gateway, _| {
                reads(rig, gateway, &mut sources, |what, ms| curves.add(what, at, ms))?;
                texts(rig, gateway, &mut sources, |what, value| curves.add(what, at, value))
            })?;
        }
    }
    for stage in &stages {
        stage.change("UPDATE message SET status = 0 WHERE direction = 0")?;
    }
    for _ in 0..rig.rounds {
        for stage in &mut stages {
            let at = stage.amount;
            let unread = stage.visit(&mut others, |gateway, _| {
                p50(
                    gateway,
                    vec![gateway.call("unread/count", json!({}))],
                    rig.measured / 5,
                    &mut sources,
                )
            })?;
            curves.add("unread/count, half unread: p50 ms", at, unread);
        }
    }
    Ok(curves.figures("tracker", "messages of one tracker", others.mean()))
}

/// Lists, dates of the last message, counts of unread ones.
fn reads(
    rig: &Rig,
    gateway: &Gateway,
    sources: &mut Sources,
    mut add: impl FnMut(&str, f64),
) -> Result<()> {
    let tracker = gateway.trackers[0];
    let moment = |id: &str| {
        let sql =
            format!("SELECT datetime(submit_ms / 1000, 'unixepoch') FROM message WHERE id = {id}");
        let rows: Vec<(String,)> = gateway.query(&sql)?;
        anyhow::Ok(rows.into_iter().next().context("no messages")?.0)
    };
    // An account in UTC takes and gives such times as they are.
    let middle = moment("(SELECT max(id) / 2 FROM message)")?;
    let mut ask = |what: &str, action: &str, arguments| {
        let ms = p50(gateway, vec![gateway.call(action, arguments)], rig.measured / 5, sources)?;
        add(what, ms);
        anyhow::Ok(())
    };
    let last = json!({ "tracker_id": tracker, "ascending": false, "limit": PAGE });
    ask("list, last 50: p50 ms", "list", last)?;
    let from = json!({ "tracker_id": tracker, "from": middle, "limit": PAGE });
    ask("list, 50 from the middle on: p50 ms", "list", from)?;
    let until = json!({ "tracker_id": tracker, "to": middle, "ascending": false, "limit": PAGE });
    ask("list, 50 before the middle: p50 ms", "list", until)?;
    ask("updated/list: p50 ms", "updated/list", json!({ "trackers": [tracker] }))?;
    ask("unread/count, 3 unread: p50 ms", "unread/count", json!({}))
}

/// Texts to the device, at a rate, and from it, one after the other.
fn texts(
    rig: &Rig,
    gateway: &Gateway,
    sources: &mut Sources,
    mut add: impl FnMut(&str, f64),
) -> Result<()> {
    let micros = |cpu: Duration, texts: u64| cpu.as_secs_f64() * 1e6 / texts as f64;
    let mut fleet = gateway.fleet(sources)?;
    let mut round = fleet.run(Course {
        saying: Saying::Texts,
        pace: Pace::Closed,
        burst: 1,
        warm: rig.warm / 3,
        measured: rig.measured / 3,
        process: Some(&gateway.process),
    })?;
    add("CPU µs per text from the driver", round.cpu_micros());
    add("driver's text to its ack: p50 ms", quantile(&mut round.latency, 0.5));
    let terminals = fleet.into_terminals()?;
    let mut traffic = Traffic::new(gateway.api, 4, terminals, gateway.requests(), sources)?;
    traffic.run(Pace::Open(RATE), Duration::ZERO, rig.warm / 3)?;
    let (counted, cpu) = (gateway.counter(DELIVERED)?, gateway.process.cpu()?);
    let mut round = traffic.run(Pace::Open(RATE), Duration::ZERO, rig.measured / 2)?;
    gateway.wait_delivered(counted, round.sent)?;
    let cpu = gateway.process.cpu()?.saturating_sub(cpu);
    add("CPU µs per text to the driver", micros(cpu, round.sent));
    add("due to arrival at the device: p50 ms", quantile(&mut round.pushed, 0.5));
    Ok(())
}
