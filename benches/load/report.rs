//! Figures: rounds in, medians out, as a table and as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::machine::Machine;

/// The median of rounds with the extremes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    pub fn of(rounds: &[f64]) -> Self {
        let mut rounds = rounds.to_vec();
        rounds.sort_by(f64::total_cmp);
        let at = |index: usize| rounds.get(index).copied().unwrap_or(f64::NAN);
        let middle = (at(rounds.len().saturating_sub(1) / 2) + at(rounds.len() / 2)) / 2.0;
        Self { median: middle, min: at(0), max: at(rounds.len().saturating_sub(1)) }
    }
}

/// What is expected of a figure.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    AtMost(f64),
    AtLeast(f64),
}

impl Expected {
    fn met(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        }
    }
}

/// The answer to one of the questions.
#[derive(Debug, Serialize)]
pub struct Figure {
    pub goal: char,
    pub what: &'static str,
    #[serde(flatten)]
    pub value: Spread,
    pub expected: Expected,
    /// What it is made of.
    pub parts: BTreeMap<&'static str, Spread>,
    /// Share of the machine that others used while it was measured.
    pub others: f64,
}

/// Everything of one run.
#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub figures: Vec<Figure>,
}

impl Report {
    pub fn table(&self) -> String {
        self.figures.iter().map(Figure::lines).collect()
    }
}

impl Figure {
    fn lines(&self) -> String {
        let (sign, bound) = match self.expected {
            Expected::AtMost(bound) => ("≤", bound),
            Expected::AtLeast(bound) => ("≥", bound),
        };
        let verdict = if self.expected.met(self.value.median) { "yes" } else { "NO" };
        let (value, bound) = (shown(self.value), number(bound));
        let others = self.others * 100.0;
        let mut lines = format!(
            "({}) {:<58} {value:>26}   {sign} {bound} {verdict}, others used {others:.0} %\n",
            self.goal, self.what
        );
        for (name, value) in &self.parts {
            lines += &format!("      {name:<56} {:>26}\n", shown(*value));
        }
        lines
    }
}

fn shown(spread: Spread) -> String {
    let Spread { median, min, max } = spread;
    if min == max {
        return number(median);
    }
    format!("{} ({} … {})", number(median), number(min), number(max))
}

fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
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
