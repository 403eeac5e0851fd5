//! What one flush costs on the disk that holds the build.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::times::quantile;

/// Appending a line and flushing it.
#[derive(Debug, Clone, Copy)]
pub struct Flushes {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// Appends 100 bytes and calls `fdatasync`, again and again, for `time`.
pub fn flushes(directory: &Path, time: Duration) -> Result<Flushes> {
    let mut file = File::create(directory.join("flushed"))?;
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < time {
        let begin = Instant::now();
        file.write_all(&[b'.'; 100])?;
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    let per_second = times.len() as f64 / begin.elapsed().as_secs_f64();
    let (p50_ms, p99_ms) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
    Ok(Flushes { per_second, p50_ms, p99_ms })
}
