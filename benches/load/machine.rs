//! What else the machine is doing: figures from a busy machine say little.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::child;

/// Share of the machine that others may use at the beginning of a measurement.
const QUIET: f64 = 0.12;
/// How long that is looked at.
const LOOK: Duration = Duration::from_millis(700);

/// The machine, for the record.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    pub processors: usize,
    pub model: String,
    pub kernel: String,
}

impl Machine {
    pub fn this() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
        Self {
            processors: std::thread::available_parallelism().map_or(0, usize::from),
            model: model.unwrap_or("").trim_start_matches(['\t', ' ', ':']).to_owned(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

/// Processor time of the whole machine, in ticks: busy (stolen time included) and all.
fn ticks() -> Result<(u64, u64)> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("/proc/stat is empty")?;
    let fields: Vec<u64> = line.split_whitespace().skip(1).flat_map(str::parse).collect();
    let all: u64 = fields.iter().take(8).sum();
    let idle: u64 = fields.iter().skip(3).take(2).sum();
    Ok((all - idle, all))
}

/// Share of the machine's processors in use now.
fn busy() -> Result<f64> {
    let before = ticks()?;
    std::thread::sleep(LOOK);
    let after = ticks()?;
    Ok((after.0 - before.0) as f64 / (after.1 - before.1).max(1) as f64)
}

/// Waits until the machine has nothing else to do, at most for `patience`; the share in use then.
pub fn wait_for_quiet(patience: Duration) -> Result<f64> {
    let begin = Instant::now();
    loop {
        let share = busy()?;
        if share <= QUIET || begin.elapsed() >= patience {
            return Ok(share);
        }
    }
}

/// Tells what share of the machine went to others than this program and `children` while it measured.
pub struct Others {
    machine: (u64, u64),
    ours: Duration,
    since: Instant,
}

impl Others {
    pub fn start(children: &[&child::Process]) -> Result<Self> {
        Ok(Self { machine: ticks()?, ours: ours(children)?, since: Instant::now() })
    }

    pub fn share(&self, children: &[&child::Process]) -> Result<f64> {
        let now = ticks()?;
        let busy = (now.0 - self.machine.0) as f64 / (now.1 - self.machine.1).max(1) as f64;
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let ours = ours(children)?.saturating_sub(self.ours).as_secs_f64();
        Ok((busy - ours / self.since.elapsed().as_secs_f64() / processors).max(0.0))
    }
}

fn ours(children: &[&child::Process]) -> Result<Duration> {
    let mut sum = child::cpu(Path::new("/proc/self"))?;
    for child in children {
        sum += child.cpu()?;
    }
    Ok(sum)
}
