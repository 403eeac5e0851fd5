//! How long a start takes, with a backlog and a fleet: from the program's start until `/ready` answers 200.
//!
//! The figures are seconds, not ratios: who restarts a gateway waits for so long. The daemon is asked every 5 ms.

use std::fs::File;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::fs::{Advice, fadvise};

use super::history::{History, Kind, last};
use crate::gateway::{Gateway, Settings, Site};
use crate::load::fleet::{Course, Fleet, Saying};
use crate::load::schedule::Pace;
use crate::load::traffic::Traffic;
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::series::amount;

/// Devices that are connected before the gateway is killed; no text waits for them.
const CONNECTED: usize = 500;
const CLIENTS: usize = 32;

/// Starts with nothing stored, with devices, with devices and texts, after `kill -9`, and from a disk that was not read lately, in
/// turn.
pub fn until_ready(rig: &Rig) -> Result<Vec<Figure>> {
    let (devices, texts) = rig.pick((100_000, 1_000_000), (10_000, 100_000));
    let (mut sources, mut rounds, mut shares) = (Sources::default(), Rounds::default(), Vec::new());
    let mut bare = Site::prepare(rig, &Settings::terminals(1))?;
    let mut fleet = Site::prepare(rig, &Settings::terminals(devices))?;
    let mut whole = Site::prepare(rig, &Settings::terminals(devices))?;
    let history = History { messages: texts, trackers: CONNECTED..devices, kind: Kind::Pending };
    history.write(&whole)?;
    let (last, _) = last(&whole)?;
    for _ in 0..rig.rounds {
        let mut timed = |site: Site, name: &str, cpu_name: &str| {
            let (gateway, spent) = start(site)?;
            rounds.add(name, spent.wall.as_secs_f64());
            rounds.add(cpu_name, spent.cpu.as_secs_f64());
            shares.push(spent.others);
            anyhow::Ok(gateway)
        };
        bare = timed(bare, "one device, no texts: s", "one device, no texts: CPU s")?.leave()?;
        fleet =
            timed(fleet, "the devices, no texts: s", "the devices, no texts: CPU s")?.leave()?;
        let gateway = timed(whole, "start", "all of it: CPU s")?;
        work(&gateway, rig, &mut sources)?;
        let killed = gateway.kill()?;
        whole = timed(killed, "start-killed", "after kill -9: CPU s")?.leave()?;
        // Texts whose confirmation came too late for the kill would be sent again in the next round.
        whole.execute(&format!("DELETE FROM message WHERE id > {last}"))?;
        forget(&whole)?;
        whole = timed(whole, "read from the disk: s", "read from the disk: CPU s")?.leave()?;
    }
    let share = shares.iter().sum::<f64>() / shares.len() as f64;
    let what = format!(
        "s from start to ready, {} pending texts, {} devices",
        amount(texts as f64),
        amount(devices as f64)
    );
    let figures = vec![
        rounds.figure("start", &what).at_most(2.0, 1.0),
        rounds.figure("start-killed", "the same after kill -9 under load").at_most(2.0, 1.0),
    ];
    Ok(rounds.finish(figures, share))
}

/// What a start took.
struct Spent {
    wall: Duration,
    cpu: Duration,
    /// Share of the machine that others used meanwhile.
    others: f64,
}

fn start(site: Site) -> Result<(Gateway, Spent)> {
    let (others, begin) = (Others::watch([])?, Instant::now());
    let gateway = site.start()?;
    let (wall, cpu) = (begin.elapsed(), gateway.process.cpu()?);
    // All of the daemon's time was spent since then.
    let share = others.share()? - cpu.as_secs_f64() / wall.as_secs_f64() / processors();
    Ok((gateway, Spent { wall, cpu, others: share.max(0.0) }))
}

fn processors() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64)
}

/// Positions and texts until the moment of the kill, so that something is in the logs of database and states.
fn work(gateway: &Gateway, rig: &Rig, sources: &mut Sources) -> Result<()> {
    let mut fleet =
        Fleet::connect(gateway.devices, 0..CONNECTED, gateway.settings.speech, sources)?;
    fleet.log_in()?;
    fleet.run(Course {
        saying: Saying::Locations,
        pace: Pace::Closed,
        burst: 1,
        warm: Duration::ZERO,
        measured: rig.measured / 4,
        process: None,
    })?;
    let requests = gateway.trackers[..CONNECTED].iter();
    let requests = requests.map(|&tracker| gateway.send(tracker, crate::gateway::site::TEXT));
    let terminals = fleet.into_terminals()?;
    let mut traffic = Traffic::new(gateway.api, CLIENTS, terminals, requests.collect(), sources)?;
    traffic.run(Pace::Closed, Duration::ZERO, rig.measured / 4)?;
    Ok(())
}

/// Has the system drop what it keeps of the database in memory.
fn forget(site: &Site) -> Result<()> {
    let database = File::open(&site.database)?;
    database.sync_all()?;
    Ok(fadvise(&database, 0, None, Advice::DontNeed)?)
}
