//! The machine: what it is, what else it is doing, and on which of its processors a thread runs.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::{Deserialize, Serialize};

use crate::process;

/// Share of the machine that others may use at the beginning of a measurement.
const QUIET: f64 = 0.12;
/// How long that is looked at.
const LOOK: Duration = Duration::from_millis(700);

/// The machine, for the record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    pub processors: usize,
    pub model: String,
    pub kernel: String,
    pub memory_bytes: u64,
}

impl Machine {
    pub fn this() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
        let memory = read("/proc/meminfo");
        let kilobytes = memory.split_whitespace().nth(1).and_then(|total| total.parse().ok());
        Self {
            processors: processors(),
            model: model.unwrap_or("").trim_start_matches(['\t', ' ', ':']).to_owned(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            memory_bytes: kilobytes.unwrap_or(0) * 1024,
        }
    }
}

/// Memory that could be had without swapping.
pub fn available_bytes() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next());
    Ok(kilobytes.context("no MemAvailable")?.parse::<u64>()? * 1024)
}

/// Runs `work` with this thread bound to one processor; threads and processes it starts stay there.
///
/// On a machine with one processor nothing is bound.
pub fn on_processor<T>(number: usize, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let whole = sched_getaffinity(None)?;
    let mut one = CpuSet::new();
    one.set(number);
    if !whole.is_set(number) {
        return work();
    }
    sched_setaffinity(None, &one)?;
    let result = work();
    sched_setaffinity(None, &whole)?;
    result
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

/// Whether so much else was going on that latencies say nothing.
pub fn is_noisy(share: f64) -> bool {
    share > QUIET
}

/// Tells what share of the machine went to others than this program and its children while it measured.
pub struct Others {
    machine: (u64, u64),
    ours: Duration,
    since: Instant,
    children: Vec<u32>,
}

impl Others {
    /// From now on; `children` are the ids of the processes that this program started for the measurement.
    pub fn watch(children: impl IntoIterator<Item = u32>) -> Result<Self> {
        let children: Vec<_> = children.into_iter().collect();
        let (machine, ours) = (ticks()?, ours(&children)?);
        Ok(Self { machine, ours, since: Instant::now(), children })
    }

    /// The share until now.
    pub fn share(&self) -> Result<f64> {
        let now = ticks()?;
        let busy = (now.0 - self.machine.0) as f64 / (now.1 - self.machine.1).max(1) as f64;
        let processors = processors() as f64;
        let ours = ours(&self.children)?.saturating_sub(self.ours).as_secs_f64();
        Ok((busy - ours / self.since.elapsed().as_secs_f64() / processors).max(0.0))
    }
}

/// Processors of the machine, whatever this thread is bound to.
fn processors() -> usize {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let is_one = |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| !rest.starts_with(' '));
    stat.lines().filter(is_one).count().max(1)
}

fn ours(children: &[u32]) -> Result<Duration> {
    let mut sum = process::own_cpu()?;
    for child in children {
        sum += process::cpu_of(*child)?;
    }
    Ok(sum)
}
