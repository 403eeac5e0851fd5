//! G10: what devices that have stopped reading cost those that have not.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::gateway::{Gateway, Settings};
use crate::load::fleet::{Course, Fleet, Saying};
use crate::load::schedule::Pace;
use crate::load::speech::Speech;
use crate::load::stalled::Stalled;
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::times::quantile;
use crate::wait::eventually;

/// Devices that read; one in ten comes to them that does not.
const LIVE: usize = 1000;
/// Locations of those that read, per second in all.
const RATE: u32 = 5000;
/// Time until each stalled device must have been stuck once.
const FILLING: Duration = Duration::from_secs(100);
/// And how long to wait then for all of them to be stuck at once.
const AT_ONCE: Duration = Duration::from_secs(5);
const MB: f64 = 1e6;

/// The same devices without and with others that have stopped reading, in turn.
pub fn peers(rig: &Rig) -> Result<Vec<Figure>> {
    let mut rounds = Rounds::default();
    // Until the others are stuck, their locations are stored: fewer of them in a quick run.
    let (live, rate) = (rig.pick(LIVE, LIVE / 5), rig.pick(RATE, RATE / 5));
    let gateway = Gateway::start(rig, &Settings::terminals(live + live / 10))?;
    let mut sources = Sources::default();
    let fleet = Fleet::connect(gateway.devices, 0..live, Speech::Jt808, &mut sources)?;
    let mut scene = Scene { rig, gateway: &gateway, fleet, rate };
    scene.fleet.log_in()?;
    let others = Others::watch([gateway.process.id()])?;
    for round in 0..rig.rounds {
        scene.round(round, &mut rounds)?;
    }
    let share = others.share()?;
    gateway.stop()?;
    let figures = vec![
        rounds
            .figure("G10", "p99 beside 10 % that have stopped reading ÷ without them")
            .at_most(1.5, 1.1),
        rounds.figure("G10b", "the same while they pour in what they can, before they are stuck"),
    ];
    Ok(rounds.finish(figures, share))
}

/// A gateway and the devices that read.
struct Scene<'a> {
    rig: &'a Rig,
    gateway: &'a Gateway,
    fleet: Fleet,
    rate: u32,
}

impl Scene<'_> {
    /// Without the others, while they come, and when they are stuck.
    fn round(&mut self, number: usize, rounds: &mut Rounds) -> Result<()> {
        let (gateway, live) = (self.gateway, self.fleet.terminals.len());
        let memory = || anyhow::Ok(gateway.process.private_bytes()? as f64 / MB);
        let (stalled, before) = (live / 10, memory()?);
        let alone = self.measure("without", rounds)?;
        let sources = Sources::of_part(u8::try_from(number % 200)? + 1);
        let numbers = live..live + stalled;
        let peers = Stalled::start(gateway.devices, numbers, Speech::Jt808, sources);
        let pouring = self.measure("while they pour", rounds)?;
        eventually("the stalled devices to be stuck", FILLING, || {
            Ok(peers.deeds.were_stuck.load(Relaxed) >= stalled || peers.is_over())
        })?;
        // All at once, if those that were stuck first are not disconnected before the last are.
        let begin = Instant::now();
        while peers.deeds.stuck.load(Relaxed) < stalled && begin.elapsed() < AT_ONCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        rounds.add("stuck at the beginning", peers.deeds.stuck.load(Relaxed) as f64);
        let beside = self.measure("stuck", rounds)?;
        rounds.add("memory grown meanwhile: MB", memory()? - before);
        let deeds = &peers.deeds;
        rounds.add("MB taken from the stalled", deeds.bytes.load(Relaxed) as f64 / MB);
        rounds.add("stuck at the end", deeds.stuck.load(Relaxed) as f64);
        rounds.add("disconnected meanwhile", deeds.ended.load(Relaxed) as f64);
        peers.stop().context("stalled devices")?;
        eventually("the stalled devices' connections to be closed", FILLING, || {
            Ok(gateway.connections()? <= live as f64)
        })?;
        rounds.add("G10", beside / alone);
        rounds.add("G10b", pouring / alone);
        Ok(())
    }

    /// One round of those that read: the p99 of their latency.
    fn measure(&mut self, name: &str, rounds: &mut Rounds) -> Result<f64> {
        let mut round = self.fleet.run(Course {
            saying: Saying::Locations,
            pace: Pace::Open(self.rate),
            burst: 1,
            warm: self.rig.warm,
            measured: self.rig.measured * self.rig.pick(2, 1),
            process: Some(&self.gateway.process),
        })?;
        let [p50, p99] = [0.5, 0.99].map(|share| quantile(&mut round.latency, share));
        let cpu = round.cpu.as_secs_f64() / round.time.as_secs_f64();
        rounds.add(&format!("{name}: p50 ms"), p50);
        rounds.add(&format!("{name}: p99 ms"), p99);
        rounds.add(&format!("{name}: gateway's share of a processor"), cpu);
        Ok(p99)
    }
}
