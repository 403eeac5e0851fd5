//! Two runs beside each other: what became better and what worse.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use crate::report::{Bar, Figure, Report, Spread, shown};

/// A median that moved by less than this is noise, whatever the extremes say.
const STILL: f64 = 0.03;

/// The figures of two files, and which of them moved.
pub fn compare(before: &Path, after: &Path) -> Result<String> {
    let (old, new) = (Report::read(before)?, Report::read(after)?);
    let mut text = String::new();
    if old.machine.model != new.machine.model || old.machine.kernel != new.machine.kernel {
        writeln!(text, "two machines: only ratios can be compared")?;
    }
    for figure in &new.figures {
        let Some(was) = old.figures.iter().find(|other| other.id == figure.id) else {
            writeln!(
                text,
                "{:<5} {:<66} {:>28}  new",
                figure.id,
                figure.what,
                shown(figure.value)
            )?;
            continue;
        };
        let change = figure.value.median / was.value.median - 1.0;
        let (id, what, from, to) =
            (&figure.id, &figure.what, shown(was.value), shown(figure.value));
        let percent = change * 100.0;
        let judged = judge(was, figure, change);
        writeln!(text, "{id:<5} {what:<66} {from:>28} → {to:<28} {percent:+6.1} %  {judged}")?;
    }
    for gone in old.figures.iter().filter(|old| new.figures.iter().all(|new| new.id != old.id)) {
        writeln!(
            text,
            "{:<5} {:<66} {:>28} → not measured",
            gone.id,
            gone.what,
            shown(gone.value)
        )?;
    }
    Ok(text)
}

/// Rounds that overlap may be the same.
fn judge(was: &Figure, is: &Figure, change: f64) -> &'static str {
    let overlap = |a: Spread, b: Spread| a.min <= b.max && b.min <= a.max;
    let has_rounds = |spread: Spread| spread.min < spread.max;
    if change.abs() < STILL {
        return "same";
    }
    if has_rounds(was.value) && has_rounds(is.value) && overlap(was.value, is.value) {
        return "within noise";
    }
    match is.bar {
        None => "moved",
        Some(Bar::AtLeast { .. }) if change > 0.0 => "better",
        Some(Bar::AtMost { .. }) if change < 0.0 => "better",
        Some(_) => "WORSE",
    }
}
