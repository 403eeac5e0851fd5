//! Times: quantiles of those that were measured here and of histograms that the gateway keeps, and a clock for several processes.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The system's monotonic clock in ms, the same for all processes.
pub fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1000 + now.tv_nsec.unsigned_abs() / 1_000_000
}

/// The `share`-quantile in milliseconds.
pub fn quantile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let index = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
    times.get(index).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}

/// A histogram in Prometheus text, as cumulative counts by upper bound.
#[derive(Debug, Clone, Default)]
pub struct Histogram(Vec<(f64, f64)>);

impl Histogram {
    /// The histogram `name` in `text`.
    pub fn parse(text: &str, name: &str) -> Self {
        let prefix = format!("{name}_bucket{{le=\"");
        let rows = text.lines().filter_map(|line| {
            let (bound, count) = line.strip_prefix(&prefix)?.split_once("\"} ")?;
            Some((bound.replace("+Inf", "inf").parse().ok()?, count.parse().ok()?))
        });
        Self(rows.collect())
    }

    /// What has been added since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |bound: f64| {
            earlier.0.iter().find(|(other, _)| *other == bound).map_or(0.0, |(_, count)| *count)
        };
        Self(self.0.iter().map(|&(bound, count)| (bound, count - before(bound))).collect())
    }

    /// How many there are.
    pub fn count(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, count)| *count)
    }

    /// The `share`-quantile, evenly spread within its bucket.
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = self.count() * share;
        let mut below = (0.0, 0.0);
        for &(bound, count) in &self.0 {
            if count >= wanted && count > below.1 {
                if bound.is_infinite() {
                    return below.0;
                }
                return below.0 + (bound - below.0) * (wanted - below.1) / (count - below.1);
            }
            below = (bound, count);
        }
        f64::NAN
    }
}
