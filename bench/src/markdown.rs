//! A run as tables for a document.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use crate::report::{Figure, Report, Verdict, shown};

/// The figures of a file: those with a bar in one table, the others, the parts and the points of curves in a second.
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
    text.push_str("\n| | what | figure |\n| --- | --- | --- |\n");
    for figure in &report.figures {
        if figure.bar.is_none() {
            writeln!(text, "| {} | {} | {} |", figure.id, figure.what, shown(figure.value))?;
        }
        write_parts(&mut text, figure)?;
    }
    Ok(text)
}

fn write_parts(text: &mut String, figure: &Figure) -> Result<()> {
    for (name, value) in figure.rows() {
        writeln!(text, "| {} | {name} | {} |", figure.id, shown(value))?;
    }
    Ok(())
}
