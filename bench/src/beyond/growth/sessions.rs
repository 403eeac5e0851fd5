//! Sessions: the same number of locations a second, from ever more terminals.

use std::time::Duration;

use anyhow::Result;

use crate::gateway::{Gateway, Settings};
use crate::load::fleet::{Course, Fleet, Saying};
use crate::load::schedule::Pace;
use crate::load::wire::Sources;
use crate::machine::{Others, on_processor};
use crate::report::Figure;
use crate::rig::Rig;
use crate::series::Curves;
use crate::times::quantile;
use crate::wait::eventually;

const SERVER: usize = 0;
const GENERATOR: usize = 1;
/// Rounds: each has to wait for what the daemon does every 5 s.
const ROUNDS: usize = 3;

/// One gateway that knows all terminals, of which some, more, and all are connected.
pub fn curves(rig: &Rig) -> Result<Vec<Figure>> {
    on_processor(GENERATOR, || {
        let (mut sources, mut curves) = (Sources::default(), Curves::default());
        let sizes = rig.pick([1000, 5000, 10_000, 19_000], [10, 50, 100, 190]);
        let sizes = sizes.map(|size| rig.sessions(size));
        let rate = rig.pick(10_000, 1000);
        let settings =
            Settings { processor: Some(SERVER), ..Settings::terminals(sizes[sizes.len() - 1]) };
        let gateway = Gateway::start(rig, &settings)?;
        let others = Others::watch([gateway.process.id()])?;
        for _ in 0..rig.rounds.min(ROUNDS) {
            for size in sizes {
                let mut fleet = Fleet::connect(
                    gateway.devices,
                    0..size,
                    gateway.settings.speech,
                    &mut sources,
                )?;
                fleet.log_in()?;
                // The first location of a session is dearer than the others.
                let all_once = Duration::from_secs_f64(size as f64 / f64::from(rate));
                let mut round = fleet.run(Course {
                    saying: Saying::Locations,
                    pace: Pace::Open(rate),
                    burst: 1,
                    warm: rig.warm + all_once,
                    // States are merged every 5 s, those of all devices that have said something.
                    measured: rig.pick(Duration::from_secs(5), rig.measured),
                    process: Some(&gateway.process),
                })?;
                let at = size as f64;
                curves.add("CPU µs per location", at, round.cpu_micros());
                curves.add("ack p50 ms", at, quantile(&mut round.latency, 0.5));
                curves.add("ack p99 ms", at, quantile(&mut round.latency, 0.99));
                drop(fleet);
                eventually("the connections to end", Duration::from_secs(20), || {
                    Ok(gateway.connections()? == 0.0)
                })?;
            }
        }
        let share = others.share()?;
        gateway.stop()?;
        Ok(curves.figures("sessions", "sessions", share))
    })
}
