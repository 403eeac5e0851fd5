//! The six questions, each answered by rounds that alternate with their yardstick where there is one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::child::Process;
use crate::fleet::{Fleet, Uplink};
use crate::gateway::Gateway;
use crate::machine::Others;
use crate::report::{Expected, Figure, Histogram, Spread, quantile};
use crate::traffic::{Pace, Traffic};
use crate::wire::Sources;

/// How long everything takes.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub rounds: usize,
    pub warm: Duration,
    pub measured: Duration,
}

/// Idle sessions of (a).
const SESSIONS: usize = 10_000;
/// Descriptors that are no sessions.
const SPARE: u64 = 500;
/// Time memory has to settle.
const SETTLE: Duration = Duration::from_millis(1500);

/// Private bytes per idle logged-in session.
pub fn idle(descriptors: u64) -> Result<Figure> {
    let sessions = SESSIONS.min(usize::try_from(descriptors.saturating_sub(SPARE))?);
    let gateway = Gateway::start(sessions)?;
    let others = Others::start(&[&gateway.process])?;
    let mut sources = Sources::default();
    let before = gateway.process.private_bytes()?;
    let begin = Instant::now();
    let mut fleet = gateway.fleet(&mut sources)?;
    let logins = sessions as f64 / begin.elapsed().as_secs_f64();
    fleet.locate()?;
    std::thread::sleep(SETTLE);
    let bytes = gateway.process.private_bytes()?.saturating_sub(before);
    let figure = Figure {
        goal: 'a',
        what: "private bytes per idle logged-in session",
        value: Spread::of(&[bytes as f64 / sessions as f64]),
        expected: Expected::AtMost(4096.0),
        parts: parts([
            ("sessions", &[sessions as f64]),
            ("connected and logged in per second", &[logins]),
        ]),
        others: others.share(&[&gateway.process])?,
    };
    drop(fleet);
    gateway.stop()?;
    Ok(figure)
}

/// Location frames acknowledged, against the echo.
pub fn frames(plan: Plan) -> Result<Figure> {
    const TERMINALS: usize = 1000;
    let mut sources = Sources::default();
    let (echo, address) = Process::yardstick(&["--echo"])?;
    let mut echoed = Fleet::connect(address, 0..TERMINALS, &mut sources)?;
    let gateway = Gateway::start(TERMINALS)?;
    let mut fleet = gateway.fleet(&mut sources)?;
    let children = [&echo, &gateway.process];
    let others = Others::start(&children)?;
    let mut rounds = Rounds::default();
    for _ in 0..plan.rounds {
        let mut round = |fleet: &mut Fleet, process: &Process, uplink, names: [_; 2]| {
            let cpu = process.cpu()?;
            let round = fleet.closed_loop(uplink, plan.warm, plan.measured)?;
            let cpu = process.cpu()?.saturating_sub(cpu);
            let rate = round.acks as f64 / round.time.as_secs_f64();
            rounds.add(names[0], rate);
            rounds.add(names[1], cpu.as_secs_f64() * 1e6 / round.sent as f64);
            anyhow::Ok(rate)
        };
        let names = ["echo: frames/s", "echo: CPU µs per frame"];
        let bare = round(&mut echoed, &echo, Uplink::Locations, names)?;
        let names = ["gateway: frames/s", "gateway: CPU µs per frame"];
        let stored = round(&mut fleet, &gateway.process, Uplink::Locations, names)?;
        let names = ["signs of life: frames/s", "signs of life: CPU µs per frame"];
        let answered = round(&mut fleet, &gateway.process, Uplink::Heartbeats, names)?;
        rounds.add("", stored / bare);
        rounds.add("signs of life, which are not stored, ÷ bare echo", answered / bare);
    }
    let others = others.share(&children)?;
    gateway.stop()?;
    let what = "location frames acknowledged/s, 1000 terminals ÷ bare echo";
    Ok(rounds.figure('b', what, Expected::AtLeast(0.7), others))
}

/// `send` requests, against one commit per request.
pub fn send(plan: Plan) -> Result<Figure> {
    const CLIENTS: usize = 256;
    const TRACKERS: usize = 1000;
    let mut sources = Sources::default();
    let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    let database = directory.path().join("yardstick.db");
    let arguments = ["--commit-per-request", &database.display().to_string()];
    let (single, address) = Process::yardstick(&arguments)?;
    let gateway = Gateway::start(TRACKERS)?;
    let mut usual = Traffic::new(address, CLIENTS, Vec::new(), gateway.requests(), &mut sources)?;
    let mut ours =
        Traffic::new(gateway.api, CLIENTS, Vec::new(), gateway.requests(), &mut sources)?;
    let children = [&single, &gateway.process];
    let others = Others::start(&children)?;
    let mut rounds = Rounds::default();
    for _ in 0..plan.rounds {
        let mut rates = [0.0; 2];
        for (traffic, rate, name) in [
            (&mut usual, 0, "one commit per request: requests/s"),
            (&mut ours, 1, "gateway: requests/s"),
        ] {
            let round = traffic.run(Pace::Closed, plan.warm, plan.measured)?;
            rates[rate] = round.answers as f64 / plan.measured.as_secs_f64();
            rounds.add(name, rates[rate]);
        }
        rounds.add("", rates[1] / rates[0]);
    }
    let others = others.share(&children)?;
    gateway.stop()?;
    let what = "send requests/s, 256 clients ÷ one commit per request";
    Ok(rounds.figure('c', what, Expected::AtLeast(12.0), others))
}

/// How long it takes from `send` to DELIVERED when there is time.
pub fn latency(plan: Plan) -> Result<Figure> {
    const TERMINALS: usize = 1000;
    const CLIENTS: usize = 16;
    const RATE: u32 = 1000;
    const METRIC: &str = "cabwire_delivery_seconds";
    let mut sources = Sources::default();
    let gateway = Gateway::start(TERMINALS)?;
    let mut traffic = texts(&gateway, CLIENTS, &mut sources)?;
    let others = Others::start(&[&gateway.process])?;
    // The first text to a device is loaded from the store; those after it go straight to its connection.
    traffic.run(Pace::Open(RATE), Duration::from_secs(1), Duration::ZERO)?;
    let mut rounds = Rounds::default();
    for _ in 0..plan.rounds {
        let before = Histogram::parse(&gateway.metrics()?, METRIC);
        let mut round = traffic.run(Pace::Open(RATE), plan.warm, plan.measured)?;
        let spent = || -> Result<Histogram> {
            Ok(Histogram::parse(&gateway.metrics()?, METRIC).since(&before))
        };
        // Nearly all: a text that overtook another at its device's queue is loaded from the store.
        let sent = round.sent as f64;
        eventually("the gateway to note the deliveries", || Ok(spent()?.count() >= sent * 0.99))?;
        let spent = spent()?;
        let inside = [0.5, 0.99].map(|share| spent.quantile(share) * 1000.0);
        let outside = [0.5, 0.99].map(|share| quantile(&mut round.confirmed, share));
        rounds.add("", inside[1].max(outside[1]));
        rounds.add("gateway, accepted to DELIVERED committed: p50 ms", inside[0]);
        rounds.add("gateway, accepted to DELIVERED committed: p99 ms", inside[1]);
        rounds.add("generator, due to confirmation written: p50 ms", outside[0]);
        rounds.add("generator, due to confirmation written: p99 ms", outside[1]);
        rounds.add("generator, due to API answer: p50 ms", quantile(&mut round.answered, 0.5));
        rounds.add("generator, due to API answer: p99 ms", quantile(&mut round.answered, 0.99));
    }
    let others = others.share(&[&gateway.process])?;
    gateway.stop()?;
    let what = "send to DELIVERED at 1000 texts/s, 1000 terminals: p99 ms";
    Ok(rounds.figure('d', what, Expected::AtMost(8.0), others))
}

/// The most texts from `send` to DELIVERED.
pub fn most_texts(plan: Plan) -> Result<Figure> {
    const TERMINALS: usize = 1000;
    const CLIENTS: usize = 128;
    const METRIC: &str = "cabwire_texts_delivered_total";
    let mut sources = Sources::default();
    let gateway = Gateway::start(TERMINALS)?;
    let mut traffic = texts(&gateway, CLIENTS, &mut sources)?;
    let others = Others::start(&[&gateway.process])?;
    let mut rounds = Rounds::default();
    for _ in 0..plan.rounds {
        let (before, cpu) = (gateway.delivered()?, gateway.process.cpu()?);
        let counted = counter(&gateway, METRIC)?;
        let begin = Instant::now();
        let round = traffic.run(Pace::Closed, Duration::ZERO, plan.measured)?;
        // The last confirmations are on their way into the database.
        let all = counted + round.sent as f64;
        eventually("all texts to be DELIVERED", || Ok(counter(&gateway, METRIC)? >= all))?;
        let (time, rows) = (begin.elapsed(), gateway.delivered()? - before);
        ensure!(rows == round.sent, "{} texts were sent, {rows} are DELIVERED", round.sent);
        let cpu = gateway.process.cpu()?.saturating_sub(cpu);
        rounds.add("", rows as f64 / time.as_secs_f64());
        rounds.add("gateway: CPU µs per text", cpu.as_secs_f64() * 1e6 / rows as f64);
    }
    let others = others.share(&[&gateway.process])?;
    gateway.stop()?;
    let what = "most texts/s from send to DELIVERED, 1000 terminals";
    Ok(rounds.figure('e', what, Expected::AtLeast(15_000.0), others))
}

/// The most driver texts stored and acknowledged.
pub fn driver_texts(plan: Plan) -> Result<Figure> {
    const TERMINALS: usize = 256;
    let mut sources = Sources::default();
    let gateway = Gateway::start(TERMINALS)?;
    let mut fleet = gateway.fleet(&mut sources)?;
    let others = Others::start(&[&gateway.process])?;
    let mut rounds = Rounds::default();
    for _ in 0..plan.rounds {
        let (before, cpu) = (gateway.incoming()?, gateway.process.cpu()?);
        let round = fleet.closed_loop(Uplink::Texts, plan.warm, plan.measured)?;
        let rows = gateway.incoming()? - before;
        ensure!(rows == round.sent, "{} texts were acknowledged, {rows} are stored", round.sent);
        let cpu = gateway.process.cpu()?.saturating_sub(cpu);
        rounds.add("", round.acks as f64 / round.time.as_secs_f64());
        rounds.add("gateway: CPU µs per text", cpu.as_secs_f64() * 1e6 / rows as f64);
    }
    let others = others.share(&[&gateway.process])?;
    gateway.stop()?;
    let what = "most driver texts/s stored and acknowledged, 256 terminals";
    Ok(rounds.figure('f', what, Expected::AtLeast(35_000.0), others))
}

/// Clients and connected terminals on `gateway`.
fn texts(gateway: &Gateway, clients: usize, sources: &mut Sources) -> Result<Traffic> {
    let terminals = gateway.fleet(sources)?.into_terminals();
    Traffic::new(gateway.api, clients, terminals, gateway.requests(), sources)
}

/// Waits until something is so, at most for some seconds.
fn eventually(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let begin = Instant::now();
    while !is_so()? {
        ensure!(begin.elapsed() < Duration::from_secs(10), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// The value of a counter of the gateway; 0 if it was never touched.
fn counter(gateway: &Gateway, name: &str) -> Result<f64> {
    let text = gateway.metrics()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    Ok(value.unwrap_or(0.0))
}

/// Figures of the rounds, by name; the one without a name is the answer.
#[derive(Default)]
struct Rounds(BTreeMap<&'static str, Vec<f64>>);

impl Rounds {
    fn add(&mut self, name: &'static str, value: f64) {
        self.0.entry(name).or_default().push(value);
    }

    fn figure(mut self, goal: char, what: &'static str, expected: Expected, others: f64) -> Figure {
        let value = Spread::of(&self.0.remove("").unwrap_or_default());
        let parts = self.0.iter().map(|(name, rounds)| (*name, Spread::of(rounds))).collect();
        Figure { goal, what, value, expected, parts, others }
    }
}

fn parts<const N: usize>(list: [(&'static str, &[f64]); N]) -> BTreeMap<&'static str, Spread> {
    list.into_iter().map(|(name, rounds)| (name, Spread::of(rounds))).collect()
}
