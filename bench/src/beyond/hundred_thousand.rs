//! As many sessions as the machine's limit of descriptors allows only to several processes, each with a sign of life at the
//! interval that the nearest peer has published.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::gateway::{Gateway, Settings};
use crate::load::hold::Tally;
use crate::machine::{self, Others};
use crate::process::Process;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::times::monotonic;

/// What go-jt808 0.3.0 says of 100 012 connections with a sign of life each 20 s, on two processors of another machine that
/// half of its simulators were on, too: `example/simulator/README.md` of its repository.
const PEER_CPU_PERCENT: f64 = 120.0;
const PEER_GB: f64 = 1.7;
/// Time after which every sign of life of the measured time is answered or missing.
const GRACE: Duration = Duration::from_secs(6);
const GB: f64 = 1e9;

/// Several gateways with their generators at the same time; one round.
pub fn sessions(rig: &Rig) -> Result<Vec<Figure>> {
    let (wanted, most) = (rig.pick(100_000, 10_000), rig.sessions(rig.pick(17_000, 4_000)));
    let (interval, measured) = rig.pick((20, 40), (5, 10));
    let mut rounds = Rounds::default();
    let available = machine::available_bytes()? as f64;
    let begin = Instant::now();
    let gateways = gateways(rig, wanted, most)?;
    rounds.add("seconds to create trackers and start", begin.elapsed().as_secs_f64());
    let alone = private_bytes(&gateways)?;
    let begin = Instant::now();
    let mut holders = holders(&gateways, interval)?;
    let tallies = holders.iter_mut().map(tally).collect::<Result<Vec<_>>>()?;
    let logged_in: u64 = tallies.iter().map(|tally| tally.held).sum();
    rounds.add("logins per second, all in", logged_in as f64 / begin.elapsed().as_secs_f64());
    std::thread::sleep(Duration::from_secs(interval));
    let ids = gateways.iter().map(|gateway| &gateway.process).chain(&holders).map(Process::id);
    let others = Others::watch(ids)?;
    let (begin, cpu) = (monotonic(), cpu(&gateways)?);
    std::thread::sleep(Duration::from_secs(measured));
    let (end, cpu) = (monotonic(), self::cpu(&gateways)?.saturating_sub(cpu));
    let share = others.share()?;
    let used = available - machine::available_bytes()? as f64;
    let memory = private_bytes(&gateways)?;
    let result = Outcome::read(&mut holders, begin, end)?;
    drop(holders);
    gateways.into_iter().try_for_each(Gateway::stop)?;

    rounds.add("S1", result.held as f64);
    rounds.add("S1b", wanted as f64 - logged_in as f64);
    rounds.add("S1c", result.missing as f64);
    let seconds = (end - begin) as f64 / 1000.0;
    rounds.add("S1d", cpu.as_secs_f64() / seconds * 100.0);
    rounds.add("S1e", memory / GB);
    rounds.add("signs of life answered per second", result.per_second);
    rounds.add("available memory used per session, both ends: KB", used / 1000.0 / wanted as f64);
    rounds.add("private memory before the first session: GB", alone / GB);
    rounds.add("private memory per session: bytes", (memory - alone) / wanted as f64);
    rounds.add("gateway processes", wanted.div_ceil(most) as f64);
    rounds.add("published by go-jt808 for 100 012, another machine: CPU %", PEER_CPU_PERCENT);
    rounds.add("published by go-jt808 for 100 012, another machine: GB", PEER_GB);
    let all = wanted as f64;
    let figures = vec![
        rounds
            .figure("S1", &format!("sessions held, a sign of life each {interval} s"))
            .at_least(all, all),
        rounds.figure("S1b", "failed logins").at_most(0.0, 0.0),
        rounds.figure("S1c", "signs of life without an answer").at_most(0.0, 0.0),
        rounds.figure("S1d", "CPU of the gateways: % of a processor"),
        rounds.figure("S1e", "private memory of the gateways: GB"),
    ];
    Ok(rounds.finish(figures, share))
}

/// Gateways for `wanted` terminals in all, each with `most` at most.
fn gateways(rig: &Rig, wanted: usize, most: usize) -> Result<Vec<Gateway>> {
    let count = wanted.div_ceil(most);
    let share = |number: usize| wanted * (number + 1) / count - wanted * number / count;
    (0..count).map(|number| Gateway::start(rig, &Settings::terminals(share(number)))).collect()
}

/// For each gateway a generator with all its terminals.
fn holders(gateways: &[Gateway], interval: u64) -> Result<Vec<Process>> {
    let start = |(number, gateway): (usize, &Gateway)| {
        let (address, part) = (gateway.devices.to_string(), (number + 1).to_string());
        let terminals = gateway.trackers.len().to_string();
        Process::myself(&["hold", &address, &part, &terminals, &interval.to_string()])
    };
    gateways.iter().enumerate().map(start).collect()
}

fn tally(holder: &mut Process) -> Result<Tally> {
    Tally::parse(&holder.line().context("a generator with sessions")?)
}

fn cpu(gateways: &[Gateway]) -> Result<Duration> {
    gateways.iter().map(|gateway| gateway.process.cpu()).sum()
}

fn private_bytes(gateways: &[Gateway]) -> Result<f64> {
    let bytes: Result<u64> = gateways.iter().map(|gateway| gateway.process.private_bytes()).sum();
    Ok(bytes? as f64)
}

/// What the generators have to say.
#[derive(Default)]
struct Outcome {
    held: u64,
    missing: u64,
    /// Answers per second in the measured time.
    per_second: f64,
}

impl Outcome {
    fn read(holders: &mut [Process], begin: u64, end: u64) -> Result<Self> {
        let late = end + GRACE.as_millis() as u64;
        let mut sum = Self::default();
        for holder in holders {
            let mut after = |moment| loop {
                let tally = tally(holder)?;
                if tally.at >= moment {
                    return anyhow::Ok(tally);
                }
            };
            let (first, last, late) = (after(begin)?, after(end)?, after(late)?);
            let seconds = (last.at - first.at) as f64 / 1000.0;
            sum.per_second += (last.answered - first.answered) as f64 / seconds;
            sum.missing += late.missing;
            sum.held += late.held;
        }
        Ok(sum)
    }
}
