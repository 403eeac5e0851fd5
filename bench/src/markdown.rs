//! A run as tables for a document.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use crate::report::{Figure, Report, Verdict, shown};
use crate::series::{Series, amount};

/// The figures of a file: those with a bar in one table, the curves over the same amounts in one each, and then everything that
/// figures are made of.
pub fn tables(file: &Path) -> Result<String> {
    let report = Report::read(file)?;
    let mut text = report.heading();
    text.push_str("\n| | what | got | gate | great | |\n| --- | --- | --- | --- | --- | --- |\n");
    for figure in report.figures.iter().filter(|figure| figure.bar.is_some()) {
        let bar = figure.bar.map(|bar| bar.shown()).unwrap_or_default();
        let (gate, great) = bar.split_once(" | ").unwrap_or((&bar, ""));
        let (id, what, got) = (&figure.id, &figure.what, shown(figure.value));
        let noisy = if figure.is_noisy() { " (noisy)" } else { "" };
        let verdict = figure.verdict.map_or("", Verdict::name);
        writeln!(text, "| {id} | {what} | {got} | {gate} | {great} | {verdict}{noisy} |")?;
    }
    let curves: Vec<_> = report.figures.iter().filter_map(|f| f.series.as_ref()).collect();
    for group in curves.chunk_by(|one, next| one.group == next.group) {
        write_curves(&mut text, group)?;
    }
    text.push_str("\n| | what | figure |\n| --- | --- | --- |\n");
    for figure in &report.figures {
        if figure.bar.is_none() {
            writeln!(text, "| {} | {} | {} |", figure.id, figure.what, shown(figure.value))?;
        }
        write_parts(&mut text, figure)?;
    }
    Ok(text)
}

/// Curves over the same amounts, one in each row.
fn write_curves(text: &mut String, group: &[&Series]) -> Result<()> {
    let Some(first) = group.first() else { return Ok(()) };
    write!(text, "\n| {}:", first.x)?;
    for point in &first.points {
        write!(text, " | {}", amount(point.x))?;
    }
    writeln!(text, " |\n| ---{} |", " | ---".repeat(first.points.len()))?;
    for series in group {
        write!(text, "| {}", series.y)?;
        for point in &series.points {
            write!(text, " | {}", shown(point.y))?;
        }
        writeln!(text, " |")?;
    }
    Ok(())
}

fn write_parts(text: &mut String, figure: &Figure) -> Result<()> {
    for (name, value) in &figure.parts {
        writeln!(text, "| {} | {name} | {} |", figure.id, shown(*value))?;
    }
    Ok(())
}
