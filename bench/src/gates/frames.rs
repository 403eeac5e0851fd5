//! Frames in, acknowledgements out: the gateway on one processor, the generator on the other.

use anyhow::Result;

use crate::gateway::{Backing, Gateway, Settings};
use crate::load::fleet::{Course, Fleet, Round, Saying};
use crate::load::schedule::Pace;
use crate::load::speech::Speech;
use crate::load::wire::Sources;
use crate::machine::{Others, on_processor};
use crate::process::Process;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::times::quantile;

const TERMINALS: usize = 1000;
const SERVER: usize = 0;
const GENERATOR: usize = 1;

/// Someone who acknowledges, and the terminals connected to it.
struct Pair {
    process: Process,
    fleet: Fleet,
    // The directory of a gateway goes with it.
    _site: Option<crate::gateway::Site>,
}

impl Pair {
    fn echo(speech: Speech, sources: &mut Sources) -> Result<Self> {
        let name = if speech == Speech::Wialon { "wialon" } else { "jt808" };
        let (process, address) = on_processor(SERVER, || Process::yardstick(&["echo", name]))?;
        let fleet = Fleet::connect(address, 0..TERMINALS, speech, sources)?;
        Ok(Self { process, fleet, _site: None })
    }

    fn gateway(rig: &Rig, backing: Backing, speech: Speech, sources: &mut Sources) -> Result<Self> {
        let settings =
            Settings { speech, backing, processor: Some(SERVER), ..Settings::terminals(TERMINALS) };
        let gateway = Gateway::start(rig, &settings)?;
        let fleet = gateway.fleet(sources)?;
        let Gateway { process, site } = gateway;
        Ok(Self { process, fleet, _site: Some(site) })
    }

    fn id(&self) -> u32 {
        self.process.id()
    }

    /// As many frames as can be, each write with `burst` of them.
    fn saturate(&mut self, rig: &Rig, saying: Saying, burst: usize) -> Result<Round> {
        self.fleet.run(Course {
            saying,
            pace: Pace::Closed,
            burst,
            warm: rig.warm,
            measured: rig.measured,
            process: Some(&self.process),
        })
    }
}

/// G1, G1b: what storage, parser and session cost beside an echo.
pub fn against_echo(rig: &Rig) -> Result<Vec<Figure>> {
    on_processor(GENERATOR, || {
        let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
        let mut echo = Pair::echo(Speech::Jt808, &mut sources)?;
        let mut lines = Pair::echo(Speech::Wialon, &mut sources)?;
        let mut gateway = |backing, speech| Pair::gateway(rig, backing, speech, &mut sources);
        let mut bare = gateway(Backing::Nothing, Speech::Jt808)?;
        let mut whole = gateway(Backing::Sqlite, Speech::Jt808)?;
        let mut whole_lines = gateway(Backing::Sqlite, Speech::Wialon)?;
        let others = Others::watch([&echo, &lines, &bare, &whole, &whole_lines].map(Pair::id))?;
        for _ in 0..rig.rounds {
            let mut round = |pair: &mut Pair, saying, name: &str| {
                let round = pair.saturate(rig, saying, 1)?;
                rounds.add(&format!("{name}: frames/s"), round.rate());
                rounds.add(&format!("{name}: CPU µs per frame"), round.cpu_micros());
                anyhow::Ok((round.rate(), round.cpu_micros()))
            };
            let yard = round(&mut echo, Saying::Locations, "echo")?;
            let acked = round(&mut bare, Saying::Locations, "no-op store")?;
            let alive = round(&mut whole, Saying::Heartbeats, "signs of life")?;
            let stored = round(&mut whole, Saying::Locations, "stored first")?;
            let yard_lines = round(&mut lines, Saying::Locations, "echo of lines")?;
            let stored_lines = round(&mut whole_lines, Saying::Locations, "lines, stored first")?;
            rounds.add("G1", acked.0 / yard.0);
            rounds.add("G1b", yard.1 / acked.1);
            rounds.add("G1h", alive.0 / yard.0);
            rounds.add("G1d", stored.0 / yard.0);
            rounds.add("G1w", stored_lines.0 / yard_lines.0);
        }
        let share = others.share()?;
        let figures = vec![
            rounds.figure("G1", "locations acked/s, no-op store ÷ echo").at_least(0.70, 0.85),
            rounds.figure("G1b", "the same as CPU per frame, echo ÷ gateway").at_least(0.70, 0.85),
            rounds.figure("G1h", "signs of life acked/s, the daemon ÷ echo").at_least(0.70, 0.85),
            rounds.figure("G1d", "locations acked/s, each on disk first ÷ echo"),
            rounds.figure("G1w", "Wialon lines acked/s, each on disk first ÷ echo of lines"),
        ];
        Ok(rounds.finish(figures, share))
    })
}

/// G4: one write with 16 frames against 16 writes.
pub fn bursts(rig: &Rig) -> Result<Vec<Figure>> {
    const BURST: usize = 16;
    on_processor(GENERATOR, || {
        let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
        let mut bare = Pair::gateway(rig, Backing::Nothing, Speech::Jt808, &mut sources)?;
        let mut whole = Pair::gateway(rig, Backing::Sqlite, Speech::Jt808, &mut sources)?;
        let others = Others::watch([&bare, &whole].map(Pair::id))?;
        for _ in 0..rig.rounds {
            let mut ratio = |pair: &mut Pair, names: [&str; 2]| {
                let single = pair.saturate(rig, Saying::Locations, 1)?.rate();
                let many = pair.saturate(rig, Saying::Locations, BURST)?.rate();
                rounds.add(names[0], many / single);
                rounds.add(names[1], many);
                anyhow::Ok(())
            };
            ratio(&mut bare, ["G4", "no-op store, 16 in a write: frames/s"])?;
            ratio(&mut whole, ["G4d", "stored first, 16 in a write: frames/s"])?;
        }
        let share = others.share()?;
        let figures = vec![
            rounds.figure("G4", "16 frames in a write ÷ one, no-op store").at_least(4.0, 10.0),
            rounds.figure("G4d", "16 frames in a write ÷ one, each on disk first"),
        ];
        Ok(rounds.finish(figures, share))
    })
}

/// G9: how much later the latest are.
pub fn saturated(rig: &Rig) -> Result<Vec<Figure>> {
    on_processor(GENERATOR, || {
        let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
        let mut echo = Pair::echo(Speech::Jt808, &mut sources)?;
        let mut bare = Pair::gateway(rig, Backing::Nothing, Speech::Jt808, &mut sources)?;
        let mut whole = Pair::gateway(rig, Backing::Sqlite, Speech::Jt808, &mut sources)?;
        let others = Others::watch([&echo, &bare, &whole].map(Pair::id))?;
        for _ in 0..rig.rounds {
            let mut tail = |pair: &mut Pair, name: &str| {
                let mut round = pair.saturate(rig, Saying::Locations, 1)?;
                let [p50, p99] = [0.5, 0.99].map(|share| quantile(&mut round.latency, share));
                rounds.add(&format!("{name}: p50 ms"), p50);
                rounds.add(&format!("{name}: p99 ms"), p99);
                anyhow::Ok(p99 / p50)
            };
            let _yard = tail(&mut echo, "echo")?;
            let acked = tail(&mut bare, "no-op store")?;
            let stored = tail(&mut whole, "stored first")?;
            rounds.add("G9", acked);
            rounds.add("G9d", stored);
        }
        let share = others.share()?;
        let figures = vec![
            rounds
                .figure("G9", "saturated, 1000 terminals: p99 ÷ p50, no-op store")
                .at_most(10.0, 3.0),
            rounds.figure("G9d", "the same, each on disk first").at_most(10.0, 3.0),
        ];
        Ok(rounds.finish(figures, share))
    })
}
