//! What every measurement is given: how long it may take, where the daemon is, what the machine allows.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use cabwire::descriptors;
use tempfile::TempDir;

/// How measurements are made in this run.
#[derive(Debug, Clone)]
pub struct Rig {
    /// Rounds of gateway and yardstick.
    pub rounds: usize,
    /// Time before the time that counts.
    pub warm: Duration,
    /// The time that counts, of one round.
    pub measured: Duration,
    /// Fewer, shorter and smaller: for a look, not for a claim.
    pub quick: bool,
    /// How long to wait for a machine with nothing else to do.
    pub patience: Duration,
    /// The daemon's program.
    pub cabwire: PathBuf,
    /// Where what is random in a measurement comes from.
    pub seed: u32,
    /// Descriptors that a process may have.
    pub descriptors: usize,
}

/// Descriptors of a gateway or a generator that are no sessions.
const SPARE: usize = 500;

impl Rig {
    /// With the defaults of a quick or of a full run.
    pub fn new(quick: bool, cabwire: Option<PathBuf>) -> Result<Self> {
        let millis = Duration::from_millis;
        let cabwire = match cabwire {
            Some(path) => path,
            None => beside_this()?,
        };
        ensure!(
            cabwire.is_file(),
            "{} is not there: run `cargo build --release` first, or name the program with --cabwire",
            cabwire.display()
        );
        Ok(Self {
            rounds: if quick { 3 } else { 5 },
            warm: millis(if quick { 300 } else { 700 }),
            measured: millis(if quick { 1000 } else { 2000 }),
            quick,
            patience: Duration::from_secs(if quick { 2 } else { 60 }),
            cabwire,
            seed: SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos(),
            descriptors: usize::try_from(descriptors::expand()?)?,
        })
    }

    /// As many sessions as wanted, or as one process can have.
    pub fn sessions(&self, wanted: usize) -> usize {
        wanted.min(self.descriptors.saturating_sub(SPARE))
    }

    /// `full`, or `quick` in a quick run.
    pub const fn pick<T: Copy>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// A directory on the disk that holds the build, because the system's directory for temporary files may be memory.
    pub fn directory(&self) -> Result<TempDir> {
        let beside = self.cabwire.parent().unwrap_or_else(|| Path::new("."));
        TempDir::with_prefix_in("bench-", beside).context("cannot make a directory")
    }
}

fn beside_this() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("cabwire"))
}
