//! Waiting for something to be so.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// Waits until `is_so`, at most for `patience`.
pub fn eventually(
    what: &str,
    patience: Duration,
    mut is_so: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let begin = Instant::now();
    while !is_so()? {
        ensure!(begin.elapsed() < patience, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
