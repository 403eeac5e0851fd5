//! What the work is known to cost, and what to say when it costs something else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::Counted;
use super::callgrind::Callgrind;

/// The committed baseline.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.json");

/// Per cent by which a figure may grow, unless the file says otherwise of it.
const TOLERANCE: f64 = 5.0;

const ABOUT: &str = "Instructions per operation, counted by callgrind in a build with the profile `count`. They depend on the \
    compiler, on the vector instructions that memchr and the C library find on the processor, and slightly on valgrind: where one \
    of those differs, differences are reported and fail nothing. `tolerance` is in per cent. Rewritten by \
    `cargo run --profile count -p bench -- count --update`; say why in the commit message.";

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Baseline {
    about: String,
    conditions: Conditions,
    figures: BTreeMap<String, Known>,
}

/// What counts depend on besides the code.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    compiler: String,
    valgrind: String,
    vectors: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Known {
    instructions: u64,
    tolerance: f64,
}

/// What a comparison came to.
pub struct Outcome {
    pub text: String,
    pub failed: bool,
}

impl Conditions {
    pub fn here(callgrind: &Callgrind) -> Result<Self> {
        let compiler = Command::new("rustc").arg("--version").output().context("no rustc")?;
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let flags = cpu.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
        // valgrind passes on no newer ones.
        let has = |flag: &&str| flags.split_whitespace().any(|word| word == *flag);
        let vectors = ["avx2", "avx", "sse4_2"].into_iter().find(has).unwrap_or("none");
        Ok(Self {
            compiler: String::from_utf8_lossy(&compiler.stdout).trim().to_owned(),
            valgrind: callgrind.version.clone(),
            vectors: vectors.to_owned(),
        })
    }

    fn shown(&self) -> String {
        format!("{}, {}, {}", self.compiler, self.valgrind, self.vectors)
    }
}

impl Baseline {
    pub fn load() -> Result<Self> {
        let text = std::fs::read_to_string(FILE).with_context(|| format!("cannot read {FILE}"))?;
        serde_json::from_str(&text).with_context(|| format!("cannot understand {FILE}"))
    }

    pub fn save(&self) -> Result<()> {
        Ok(std::fs::write(FILE, serde_json::to_string_pretty(self)? + "\n")?)
    }

    /// With these counts; tolerances stay.
    pub fn updated(&self, conditions: Conditions, counted: &Counted) -> Self {
        let figure = |(name, count): (&String, &f64)| {
            let tolerance = self.figures.get(name).map_or(TOLERANCE, |known| known.tolerance);
            (name.clone(), Known { instructions: count.round() as u64, tolerance })
        };
        let figures = counted.iter().map(figure).collect();
        Self { about: ABOUT.to_owned(), conditions, figures }
    }

    /// Fails if something costs more than it may, unless it was counted under other conditions.
    pub fn compare(&self, now: &Conditions, counted: &Counted) -> Outcome {
        let (mut text, mut wrong) = (String::new(), 0);
        for (name, &count) in counted {
            let (line, is_wrong) = match self.figures.get(name) {
                Some(known) => known.judge(name, count),
                None => {
                    (format!("{name:<24} {count:>12.0}  has no baseline: `count --update`"), true)
                }
            };
            wrong += usize::from(is_wrong);
            // Writing to a string cannot fail.
            let _written = writeln!(text, "{line}");
        }
        for name in self.figures.keys().filter(|name| !counted.contains_key(*name)) {
            wrong += 1;
            let _written = writeln!(text, "{name:<24} is in the baseline only: `count --update`");
        }
        let same = *now == self.conditions;
        let _written = match (wrong, same) {
            (0, _) => writeln!(text, "count: {} figures within their tolerance", counted.len()),
            (_, true) => writeln!(
                text,
                "count: FAILED, {wrong} of {} figures. Look where the instructions go (`valgrind --tool=callgrind \
                 target/count/bench counted NAME 50`, then `callgrind_annotate`); if the cost is meant, rewrite the baseline \
                 (`cargo run --profile count -p bench -- count --update`) and give the reason in the commit message",
                counted.len()
            ),
            (_, false) => writeln!(
                text,
                "count: NOT CHECKED. The baseline is of {}; here is {}. {wrong} of {} figures would fail; `count --update` \
                 makes a baseline for here",
                self.conditions.shown(),
                now.shown(),
                counted.len()
            ),
        };
        Outcome { text, failed: wrong > 0 && same }
    }
}

impl Known {
    /// What to say of a count, and whether it is too much.
    fn judge(self, name: &str, count: f64) -> (String, bool) {
        let Self { instructions, tolerance } = self;
        let more = (count / instructions as f64 - 1.0) * 100.0;
        let (verdict, wrong) = match more {
            more if more > tolerance => ("TOO MUCH", true),
            more if more < -tolerance => ("better: update the baseline, so that it stays", false),
            _ => ("", false),
        };
        let line = format!(
            "{name:<24} {count:>12.0}  was {instructions:>12}  {more:>+6.1} % (±{tolerance} %) {verdict}"
        );
        (line.trim_end().to_owned(), wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline() -> Baseline {
        let figures = [("decode/a".to_owned(), Known { instructions: 1000, tolerance: 5.0 })];
        Baseline { figures: figures.into(), ..Baseline::default() }
    }

    fn outcome(conditions: &Conditions, count: f64) -> Outcome {
        baseline().compare(conditions, &[("decode/a".to_owned(), count)].into())
    }

    #[test]
    fn more_than_the_tolerance_fails_and_less_is_mentioned() {
        let here = Conditions::default();
        assert!(outcome(&here, 1060.0).failed);
        assert!(outcome(&here, 1060.0).text.contains("+6.0 %"));
        assert!(!outcome(&here, 1040.0).failed);
        let better = outcome(&here, 900.0);
        assert!(!better.failed && better.text.contains("better"), "{}", better.text);
    }

    #[test]
    fn another_compiler_is_reported_and_fails_nothing() {
        let there = Conditions { compiler: "rustc 2.0".to_owned(), ..Conditions::default() };
        let outcome = outcome(&there, 2000.0);
        assert!(!outcome.failed && outcome.text.contains("NOT CHECKED"), "{}", outcome.text);
    }

    #[test]
    fn work_without_a_baseline_and_a_baseline_without_work_fail() {
        let none = baseline().compare(&Conditions::default(), &Counted::new());
        assert!(none.failed && none.text.contains("baseline only"), "{}", none.text);
        let both = [("decode/a".to_owned(), 1000.0), ("decode/b".to_owned(), 1.0)].into();
        assert!(baseline().compare(&Conditions::default(), &both).failed);
    }

    #[test]
    fn an_update_keeps_tolerances() {
        let mut old = baseline();
        old.figures.insert("b".to_owned(), Known { instructions: 1, tolerance: 20.0 });
        let counted = [("b".to_owned(), 7.4), ("c".to_owned(), 1.0)].into();
        let new = old.updated(Conditions::default(), &counted);
        assert_eq!(new.figures.len(), 2);
        assert!(new.figures["b"].tolerance == 20.0 && new.figures["b"].instructions == 7);
        assert!(new.figures["c"].tolerance == TOLERANCE);
    }
}
