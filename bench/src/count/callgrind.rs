//! Runs this program under callgrind and reads how many instructions it took.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use parking_lot::Mutex;
use tempfile::{NamedTempFile, TempDir};

use super::{Counted, Piece};

/// A valgrind that works on this machine.
pub struct Callgrind {
    /// What it calls itself.
    pub version: String,
}

impl Callgrind {
    /// Looks for it, and tries it: it may not know this processor.
    pub fn find() -> Result<Self> {
        let said = Command::new("valgrind").arg("--version").output();
        let said = said.context("valgrind is not installed")?;
        let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        let this = std::env::current_exe()?;
        let trial = command(Path::new("/dev/null")).arg(this).arg("--help").output()?;
        ensure!(trial.status.success(), "{version} does not work on this machine");
        Ok(Self { version })
    }

    /// Instructions per operation of each piece. Runs do not disturb each other, so there are as many at once as processors.
    pub fn count(&self, pieces: &[Piece]) -> Result<Counted> {
        let directory = TempDir::with_prefix("count-")?;
        let mut runs = Vec::new();
        for piece in pieces {
            runs.extend(std::iter::repeat_n(piece, piece.runs));
        }
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some(piece) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let count = difference(piece, directory.path());
                        found.lock().push((piece.name.clone(), count));
                    }
                });
            }
        });
        let mut counts = std::collections::BTreeMap::<String, Vec<f64>>::new();
        for (name, count) in found.into_inner() {
            counts.entry(name).or_default().push(count?);
        }
        Ok(counts.into_iter().map(|(name, counts)| (name, median(counts))).collect())
    }
}

/// Instructions of one operation: many repetitions less few.
fn difference(piece: &Piece, directory: &Path) -> Result<f64> {
    let (few, _) = run(piece, piece.few, directory)?;
    let (many, operations) = run(piece, piece.many, directory)?;
    Ok((many - few) / (piece.many - piece.few) as f64 / operations)
}

/// Instructions of one run, and how many operations one repetition is.
fn run(piece: &Piece, repetitions: usize, directory: &Path) -> Result<(f64, f64)> {
    let name = &piece.name;
    let file = NamedTempFile::new_in(directory)?;
    let mut command = command(file.path());
    command.arg(std::env::current_exe()?).args(["counted", name, &repetitions.to_string()]);
    let output = command.output()?;
    let problem = || format!("{name} under callgrind: {}", String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), problem());
    let operations =
        String::from_utf8_lossy(&output.stdout).trim().parse().with_context(problem)?;
    let text = std::fs::read_to_string(file.path()).with_context(problem)?;
    // All threads together.
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok((total.with_context(problem)?.trim().parse()?, operations))
}

fn command(file: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet"]);
    command.arg(format!("--callgrind-out-file={}", file.display()));
    command.stdin(Stdio::null());
    command
}

fn median(mut counts: Vec<f64>) -> f64 {
    counts.sort_by(f64::total_cmp);
    counts.get(counts.len() / 2).copied().unwrap_or(f64::NAN)
}
