//! Instructions instead of time: what a change costs, the same on a busy machine as on a quiet one.
//!
//! Each piece of work runs under callgrind twice, with few repetitions and with many; the difference is what the additional
//! repetitions cost, without the start of the program and the preparation. `baseline.json` holds what the last reviewed change
//! cost. `cargo run --profile count -p bench -- count` compares, `-- count --update` rewrites the baseline.

mod baseline;
mod callgrind;
mod work;

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};

use baseline::{Baseline, Conditions};
use callgrind::Callgrind;
use work::Piece;

/// Counts everything and compares with the baseline, or rewrites it.
pub fn count(update: bool) -> Result<ExitCode> {
    if cfg!(debug_assertions) {
        bail!("a debug build counts for nothing: cargo run --profile count -p bench -- count");
    }
    let callgrind = match Callgrind::find() {
        Ok(callgrind) => callgrind,
        Err(why) => {
            eprintln!("count: SKIPPED, instruction counts are NOT CHECKED: {why:#}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let now = Conditions::here(&callgrind)?;
    let pieces = work::all();
    let counted = callgrind.count(&pieces)?;
    let known = Baseline::load();
    if update {
        known.unwrap_or_default().updated(now, &counted).save()?;
        println!("count: wrote {}", baseline::FILE);
        return Ok(ExitCode::SUCCESS);
    }
    let known = known.context("no baseline: run `count --update` and commit it")?;
    let outcome = known.compare(&now, &counted);
    print!("{}", outcome.text);
    Ok(if outcome.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The hidden part that callgrind watches: prepares the piece called `name`, does it so many times, and says how many operations
/// one time is.
pub fn counted(words: &[&str]) -> Result<()> {
    let &[name, repetitions] = words else { bail!("needs a name and a number") };
    let pieces = work::all();
    let piece = pieces.iter().find(|piece| piece.name == name).context("no such piece of work")?;
    let repetitions: usize = repetitions.parse()?;
    let mut job = (piece.prepare)()?;
    for _ in 0..repetitions {
        (job.once)()?;
    }
    ensure!(job.operations > 0, "{name} has nothing to do");
    println!("{}", job.operations);
    Ok(())
}

/// Instructions of one operation, by the name of the piece.
type Counted = BTreeMap<String, f64>;
