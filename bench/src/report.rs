//! Figures: rounds in, medians out, as a table and as JSON.

use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::machine::{self, Machine};
use crate::series::Series;

/// The median of rounds with the extremes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    #[serde(deserialize_with = "number_or_null")]
    pub median: f64,
    #[serde(deserialize_with = "number_or_null")]
    pub min: f64,
    #[serde(deserialize_with = "number_or_null")]
    pub max: f64,
}

/// JSON has no word for a number that is none: it is written as null, when a round on a busy machine came to nothing.
fn number_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

impl Spread {
    pub fn of(rounds: &[f64]) -> Self {
        let mut rounds = rounds.to_vec();
        rounds.sort_by(f64::total_cmp);
        let at = |index: usize| rounds.get(index).copied().unwrap_or(f64::NAN);
        let middle = f64::midpoint(at(rounds.len().saturating_sub(1) / 2), at(rounds.len() / 2));
        Self { median: middle, min: at(0), max: at(rounds.len().saturating_sub(1)) }
    }
}

/// What is wanted of a figure: the gate, and what would be great.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    AtMost { gate: f64, great: f64 },
    AtLeast { gate: f64, great: f64 },
}

/// How a figure stands to its bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Great,
    Gate,
    /// The median misses the gate, the best round does not: noise, perhaps.
    BestRoundOnly,
    Missed,
}

impl Verdict {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Great => "great",
            Self::Gate => "gate",
            Self::BestRoundOnly => "gate in the best round only",
            Self::Missed => "MISSED",
        }
    }
}

impl Bar {
    fn verdict(self, value: Spread) -> Verdict {
        let (great, gate, best) = match self {
            Self::AtMost { gate, great } => {
                (value.median <= great, value.median <= gate, value.min <= gate)
            }
            Self::AtLeast { gate, great } => {
                (value.median >= great, value.median >= gate, value.max >= gate)
            }
        };
        match (great, gate, best) {
            (true, ..) => Verdict::Great,
            (_, true, _) => Verdict::Gate,
            (_, _, true) => Verdict::BestRoundOnly,
            _ => Verdict::Missed,
        }
    }

    /// The gate and what is great, with a stroke between them.
    pub fn shown(self) -> String {
        let (sign, gate, great) = match self {
            Self::AtMost { gate, great } => ("≤", gate, great),
            Self::AtLeast { gate, great } => ("≥", gate, great),
        };
        format!("{sign} {} | {}", number(gate), number(great))
    }
}

/// One answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figure {
    /// The goal and, where it has several answers, a letter.
    pub id: String,
    pub what: String,
    #[serde(flatten)]
    pub value: Spread,
    pub bar: Option<Bar>,
    pub verdict: Option<Verdict>,
    /// What it is made of.
    pub parts: Vec<(String, Spread)>,
    /// How it came about as something grew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<Series>,
    /// Share of the machine that others used while it was measured.
    pub others: f64,
}

impl Figure {
    pub fn new(id: &str, what: &str, rounds: &[f64]) -> Self {
        let (id, what, value) = (id.to_owned(), what.to_owned(), Spread::of(rounds));
        let (bar, verdict, parts, series) = (None, None, Vec::new(), None);
        Self { id, what, value, bar, verdict, parts, series, others: 0.0 }
    }

    /// The largest round counts, not the median: what must never happen.
    pub fn worst(mut self) -> Self {
        self.value.median = self.value.max;
        self
    }

    fn against(mut self, bar: Bar) -> Self {
        self.verdict = Some(bar.verdict(self.value));
        self.bar = Some(bar);
        self
    }

    /// More is better.
    pub fn at_least(self, gate: f64, great: f64) -> Self {
        self.against(Bar::AtLeast { gate, great })
    }

    /// Less is better.
    pub fn at_most(self, gate: f64, great: f64) -> Self {
        self.against(Bar::AtMost { gate, great })
    }

    /// One more part.
    pub fn part(mut self, name: &str, rounds: &[f64]) -> Self {
        self.parts.push((name.to_owned(), Spread::of(rounds)));
        self
    }

    /// Whether so much else was going on that it says little.
    pub fn is_noisy(&self) -> bool {
        machine::is_noisy(self.others)
    }

    fn lines(&self) -> String {
        let verdict = self.verdict.map_or("", Verdict::name);
        let bar = self.bar.map(Bar::shown).unwrap_or_default();
        let noisy = if self.is_noisy() {
            format!(", NOISY: others used {:.0} %", self.others * 100.0)
        } else {
            String::new()
        };
        let (id, what, value) = (&self.id, &self.what, shown(self.value));
        let mut lines = format!("{id:<4} {what:<74} {value:>30}  {bar:<15} {verdict}{noisy}\n");
        for (name, value) in self.rows() {
            lines += &format!("       {name:<72} {:>30}\n", shown(value));
        }
        lines
    }

    /// What it is made of, and the points of its curve.
    pub fn rows(&self) -> Vec<(String, Spread)> {
        self.parts.iter().cloned().chain(self.series.iter().flat_map(Series::rows)).collect()
    }
}

/// Everything of one run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    pub machine: Machine,
    /// Rounds of each figure that has rounds.
    pub rounds: usize,
    pub figures: Vec<Figure>,
}

impl Report {
    /// What a run wrote down.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        serde_json::from_str(&text).with_context(|| format!("{} is no report", file.display()))
    }

    pub fn heading(&self) -> String {
        let Machine { processors, model, kernel, memory_bytes } = &self.machine;
        format!(
            "{processors} processors, {model}, {} GiB, Linux {kernel}; median (min … max) of {} \
             rounds; wanted: gate | great\n",
            memory_bytes >> 30,
            self.rounds
        )
    }
}

/// A table of figures.
pub fn table(figures: &[Figure]) -> String {
    figures.iter().map(Figure::lines).collect()
}

/// A spread as people read it.
pub fn shown(spread: Spread) -> String {
    let Spread { median, min, max } = spread;
    if min == max {
        return number(median);
    }
    format!("{} ({} … {})", number(median), number(min), number(max))
}

/// A number with as many digits as matter.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Values of rounds, by name, in the order in which the names first came.
#[derive(Debug, Default)]
pub struct Rounds(Vec<(String, Vec<f64>)>);

impl Rounds {
    pub fn add(&mut self, name: &str, value: f64) {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, rounds)) => rounds.push(value),
            None => self.0.push((name.to_owned(), vec![value])),
        }
    }

    /// The figure whose rounds were added under its id.
    pub fn figure(&mut self, id: &str, what: &str) -> Figure {
        let at = self.0.iter().position(|(name, _)| name == id);
        let rounds = at.map(|at| self.0.remove(at).1).unwrap_or_default();
        Figure::new(id, what, &rounds)
    }

    /// What is left, as parts of the first of `figures`; all of them were measured while others used that share of the machine.
    pub fn finish(self, mut figures: Vec<Figure>, others: f64) -> Vec<Figure> {
        for figure in &mut figures {
            figure.others = others;
        }
        if let Some(first) = figures.first_mut() {
            let parts = self.0.into_iter().map(|(name, rounds)| (name, Spread::of(&rounds)));
            first.parts.extend(parts);
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let mut figure = Figure::new("x", "what", &[1.0, f64::NAN]).at_most(2.0, 1.0);
        let y = Spread::of(&[3.0]);
        figure.series = Some(Series {
            group: "group".to_owned(),
            x: "things".to_owned(),
            y: "ms".to_owned(),
            points: vec![crate::series::Point { x: 10.0, y }],
        });
        let text = serde_json::to_string(&figure).unwrap();
        let read: Figure = serde_json::from_str(&text).unwrap();
        assert_eq!(read.series, figure.series);
        assert_eq!((read.value.min, read.value.max.is_nan()), (1.0, true));
        assert_eq!((read.bar, read.verdict), (figure.bar, figure.verdict));
    }
}
