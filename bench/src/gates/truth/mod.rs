//! G12: the gate that makes the others honest. At full load the gateway is killed at a random moment, started again on what is
//! left, and in the end the table is compared with what it promised to clients and devices.
//!
//! | file | owns |
//! | --- | --- |
//! | `crowd` | clients and terminals in one event loop, over several lives of the gateway |
//! | `terminal` | one terminal, which says again what was not acknowledged |
//! | `phrase` | texts with a number, told from all others |
//! | `ledger` | everything the generator saw |
//! | `table` | the table beside the ledger |
//!
//! A text that a device was given, and whose confirmation did not reach the disk before the kill, comes again: with the same
//! serial number, by which a JT/T 808 terminal tells a repeat. With another serial number it would be a second text.

mod crowd;
mod ledger;
mod phrase;
mod table;
mod terminal;

use std::time::{Duration, Instant};

use anyhow::Result;

use self::crowd::Crowd;
use self::ledger::Ledger;
use self::table::Findings;
use crate::gateway::{Gateway, Settings};
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::report::Figure;
use crate::rig::Rig;

/// The load of G5, and drivers who write.
const TERMINALS: usize = 1000;
const CLIENTS: usize = 128;
const DRIVERS: usize = 100;
/// How long the gateway works before it is killed, in ms.
const LIFE: std::ops::Range<u64> = 500..3000;
/// The end of it, in which nothing else is looked at.
const LAST: Duration = Duration::from_millis(100);

/// What was seen over all lives.
#[derive(Debug, Default)]
struct Lives {
    seed: u32,
    /// How long each worked, in s.
    worked: Vec<f64>,
    /// How long each took from its start until everything was settled, in s.
    recovered: Vec<f64>,
    /// DELIVERED at the moments of the kills.
    delivered: u64,
    /// The same, though no device had confirmed it.
    unconfirmed: u64,
    /// Share of the machine that others used, per life.
    others: Vec<f64>,
}

/// Kills at full load.
pub fn after_kills(rig: &Rig) -> Result<Vec<Figure>> {
    let mut random = u64::from(rig.seed);
    let mut lives = Lives { seed: rig.seed, ..Lives::default() };
    eprintln!("g12: the moments of the kills come from --seed {}", rig.seed);
    let (mut sources, settings) = (Sources::default(), Settings::terminals(TERMINALS));
    let mut gateway = Gateway::start(rig, &settings)?;
    let mut crowd = Crowd::new(&gateway, CLIENTS, DRIVERS)?;
    crowd.connect(&gateway, &mut sources)?;
    crowd.settle(&gateway)?;
    for _ in 0..rig.pick(20, 2) {
        let settled = table::highest(&gateway)?;
        let life = LIFE.start + next(&mut random) % (LIFE.end - LIFE.start);
        let life = Duration::from_millis(life);
        let others = Others::watch([gateway.process.id()])?;
        crowd.work(life - LAST).or_else(|error| gateway.check().and(Err(error)))?;
        lives.others.push(others.share()?);
        crowd.work(LAST)?;
        let site = gateway.kill()?;
        crowd.hear_the_rest()?;
        let left = table::look(&site, &mut crowd.ledger, settled)?;
        lives.delivered += left.delivered;
        lives.unconfirmed += left.unconfirmed;
        let begin = Instant::now();
        gateway = site.start()?;
        crowd.connect(&gateway, &mut sources)?;
        crowd.settle(&gateway)?;
        lives.worked.push(life.as_secs_f64());
        lives.recovered.push(begin.elapsed().as_secs_f64());
    }
    let site = gateway.leave()?;
    let found = table::compare(&site, &mut crowd.ledger)?;
    crowd.ledger.examples.iter().for_each(|example| eprintln!("g12: {example}"));
    Ok(figures(&lives, &crowd.ledger, &found))
}

/// Sums over all lives: a median would forgive what happened in a few.
fn figures(lives: &Lives, ledger: &Ledger, found: &Findings) -> Vec<Figure> {
    let sum = |id, what, parts: &[(&str, u64)]| {
        let all: u64 = parts.iter().map(|(_, count)| count).sum();
        let figure = Figure::new(id, what, &[all as f64]).at_most(0.0, 0.0);
        parts.iter().fold(figure, |figure, (name, count)| figure.part(name, &[*count as f64]))
    };
    let (orders, notes) = (&ledger.orders, &ledger.notes);
    let count = |count: usize| [count as f64];
    let answered = orders.iter().filter(|order| order.id != 0).count();
    let given = orders.iter().filter(|order| order.serial.is_some()).count();
    let confirmed = orders.iter().filter(|order| order.confirmed).count();
    let acked = notes.iter().filter(|note| note.acked).count();
    let lost = "texts answered with an id and absent after kills at full load";
    let mut figures = vec![
        sum("G12a", lost, &[("answered and absent", found.lost)])
            .part("seed", &[f64::from(lives.seed)])
            .part("kills", &count(lives.worked.len()))
            .part("s from the first request to the kill", &lives.worked)
            .part("s from the start to all settled", &lives.recovered)
            .part("rows", &[found.rows as f64])
            .part("texts sent", &count(orders.len()))
            .part("texts answered", &count(answered))
            .part("texts not answered, and stored", &[found.unanswered as f64])
            .part("texts given to devices", &count(given))
            .part("texts confirmed by devices", &count(confirmed))
            .part("texts DELIVERED already when it was killed", &[lives.delivered as f64])
            .part("texts given again with their serial number", &[ledger.marked as f64])
            .part("driver texts", &count(notes.len()))
            .part("driver texts acknowledged", &count(acked))
            .part("driver texts said again after a kill", &[ledger.said_again as f64]),
        sum(
            "G12b",
            "driver texts acknowledged and absent, or stored twice",
            &[
                ("driver texts acknowledged and absent", found.notes_lost),
                ("driver texts stored twice", found.notes_twice),
            ],
        ),
        sum(
            "G12c",
            "DELIVERED and not confirmed, or another text than was sent",
            &[
                ("DELIVERED and not confirmed, at the kill", lives.unconfirmed),
                ("DELIVERED and not confirmed, in the end", found.unconfirmed),
                ("rows that differ from what was sent and answered", found.different),
                ("texts that a device got and nobody sent it", ledger.strange),
            ],
        ),
        sum(
            "G12d",
            "given to a device twice without a marker, or after DELIVERED",
            &[
                ("given again with another serial number", ledger.unmarked),
                ("given again after DELIVERED", ledger.after_settled),
                ("stored twice", found.twice),
            ],
        ),
    ];
    let others = lives.others.iter().sum::<f64>() / lives.others.len().max(1) as f64;
    figures.iter_mut().for_each(|figure| figure.others = others);
    figures
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
