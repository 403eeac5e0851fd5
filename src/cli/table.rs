//! Tables for people: columns as wide as their widest cell.

use unicode_width::UnicodeWidthStr;

use super::output::printable;

/// A table that is filled row by row.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings. A heading that starts with `>` belongs to a column of numbers, aligned to the right.
    pub(super) fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Adds a row. Control characters are shown as escapes, so that what a device sent cannot steer the terminal.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| printable(cell)).collect());
    }

    /// The lines, with the headings first. Without rows, `none` and nothing else.
    pub(super) fn render_or(&self, none: &str) -> String {
        if self.rows.is_empty() { format!("{none}\n") } else { self.render() }
    }

    /// The lines, with the headings first.
    pub(super) fn render(&self) -> String {
        let right: Vec<bool> = self.headings.iter().map(|h| h.starts_with('>')).collect();
        let headings: Vec<String> =
            self.headings.iter().map(|h| h.trim_start_matches('>').to_owned()).collect();
        let lines: Vec<&Vec<String>> = std::iter::once(&headings).chain(&self.rows).collect();
        let widths: Vec<usize> = (0..headings.len())
            .map(|column| {
                lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.width()).max()
            })
            .map(|width| width.unwrap_or(0))
            .collect();
        let mut out = String::new();
        for line in lines {
            let mut text = String::new();
            for ((cell, width), right) in line.iter().zip(&widths).zip(&right) {
                let pad = " ".repeat(width.saturating_sub(cell.width()));
                let (before, after) = if *right { (pad.as_str(), "") } else { ("", pad.as_str()) };
                text.extend([before, cell, after, "  "]);
            }
            out.push_str(text.trim_end());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&[">id", "label", "protocol"]);
        table.row(["7".into(), "Van".into(), "a".into()]);
        table.row(["1024".into(), "前方 truck".into(), String::new()]);
        assert_eq!(
            table.render(),
            "  id  label       protocol\n   7  Van         a\n1024  前方 truck\n"
        );
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(Table::new(&["a"]).render_or("no users"), "no users\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let mut table = Table::new(&["text"]);
        table.row(["a\u{1b}[31mb\nc".into()]);
        assert_eq!(table.render(), "text\na\\u{1b}[31mb\\nc\n");
    }
}
