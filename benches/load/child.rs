//! Processes that this program starts: they end with it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};

/// Time a process has to end by itself.
const GRACE: Duration = Duration::from_secs(15);

/// A process; killed when dropped.
pub struct Process {
    child: Child,
}

impl Process {
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child })
    }

    /// This program again, as one of the yardsticks; it says on which address it listens.
    pub fn yardstick(arguments: &[&str]) -> Result<(Self, SocketAddr)> {
        let mut command = Command::new(std::env::current_exe()?);
        // Its standard input ends with this process, and it with that.
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Self::spawn(&mut command)?;
        let said = process.child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        let address = line.trim().parse().with_context(|| format!("{arguments:?} said {line:?}"));
        Ok((process, address?))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has it ended already?
    pub fn is_over(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Private memory in bytes that the process has written to.
    pub fn private_bytes(&self) -> Result<u64> {
        let path = format!("/proc/{}/smaps_rollup", self.id());
        let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
        let line = text.lines().find_map(|line| line.strip_prefix("Private_Dirty:"));
        let kilobytes = line.and_then(|rest| rest.split_whitespace().next());
        let kilobytes: u64 = kilobytes.context("no Private_Dirty")?.parse()?;
        Ok(kilobytes * 1024)
    }

    /// CPU time used so far.
    pub fn cpu(&self) -> Result<Duration> {
        cpu(Path::new(&format!("/proc/{}", self.id())))
    }

    /// Asks it to end, and ends it if it does not.
    pub fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let begin = Instant::now();
        while begin.elapsed() < GRACE {
            if self.is_over()? {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it is over already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// CPU time of all threads of a process, those that ended included.
pub fn cpu(process: &Path) -> Result<Duration> {
    let stat = std::fs::read_to_string(process.join("stat"))?;
    // The name in parentheses may contain blanks; utime and stime are fields 14 and 15 of 52.
    let (_, rest) = stat.rsplit_once(')').context("no name in stat")?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || -> Result<u64> { Ok(fields.next().context("stat is short")?.parse()?) };
    let ticks = ticks()? + ticks()?;
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}
