//! Processes that this program starts: they end with it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// Time a process has to end by itself.
const GRACE: Duration = Duration::from_secs(30);

/// A process; killed when dropped.
pub struct Process {
    child: Child,
    said: Option<BufReader<ChildStdout>>,
}

impl Process {
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let said = child.stdout.take().map(BufReader::new);
        Ok(Self { child, said })
    }

    /// This program again, in one of its hidden parts. Its standard input ends with this process, and it with that.
    pub fn myself(arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        Self::spawn(&mut command)
    }

    /// This program again, as a yardstick that says first on which address it listens.
    pub fn yardstick(arguments: &[&str]) -> Result<(Self, SocketAddr)> {
        let mut process = Self::myself(arguments)?;
        let line = process.line()?;
        let address = line.parse().with_context(|| format!("{arguments:?} said {line:?}"));
        Ok((process, address?))
    }

    /// The next line of its standard output.
    pub fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let said = self.said.as_mut().context("its standard output is not read")?;
        ensure!(said.read_line(&mut line)? > 0, "a part of the rig ended early");
        Ok(line.trim().to_owned())
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

    /// Descriptors that it has open.
    pub fn open_files(&self) -> Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.id()))?.count())
    }

    /// CPU time that its threads have used so far, to the nanosecond; threads that ended are not counted.
    pub fn cpu(&self) -> Result<Duration> {
        cpu_of(self.id())
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

    /// Ends it at once, without giving it a chance to do anything (SIGKILL).
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
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

/// CPU time that the threads of a process have used so far, to the nanosecond; threads that ended are not counted.
pub fn cpu_of(process: u32) -> Result<Duration> {
    let mut sum = 0;
    for task in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end between being listed and being read.
        let text = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        let nanoseconds = text.split_whitespace().next().unwrap_or("0");
        sum += nanoseconds.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(sum))
}

/// CPU time of this process, threads that ended included, in ticks of the system.
pub fn own_cpu() -> Result<Duration> {
    let stat = std::fs::read_to_string(Path::new("/proc/self/stat"))?;
    // The name in parentheses may contain blanks; utime and stime are fields 14 and 15 of 52.
    let (_, rest) = stat.rsplit_once(')').context("no name in stat")?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || -> Result<u64> { Ok(fields.next().context("stat is short")?.parse()?) };
    let ticks = ticks()? + ticks()?;
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// Ends this process when the one that started it is gone: its end of our standard input closes then.
pub fn end_with_parent() {
    std::thread::spawn(|| {
        drop(std::io::stdin().read(&mut [0]));
        std::process::exit(0);
    });
}
