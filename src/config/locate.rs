//! From a place in the file to its key, and from a key to its place: what turns a parser's byte offset into
//! `cabwire.toml:12: limits.login_seconds`.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Problem};
use super::validate::Invalid;

/// The file with the place of every key.
pub(super) struct Located<'a> {
    name: &'a str,
    text: &'a str,
    table: Spanned<DeTable<'a>>,
}

/// One step on the way to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a table.
    Key(String),
    /// Into an array.
    Index(usize),
}

impl<'a> Located<'a> {
    /// Parses the file; reports every mistake of syntax.
    pub(super) fn parse(name: &'a str, text: &'a str) -> Result<Self, ConfigError> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let located = Self { name, text, table };
        if errors.is_empty() {
            return Ok(located);
        }
        let problems = errors
            .iter()
            .map(|error| located.problem(error.span(), String::new(), error.message().to_owned()))
            .collect();
        Err(ConfigError { problems })
    }

    /// A value that does not fit the configuration's types.
    pub(super) fn serde_error(&self, error: &toml::de::Error) -> ConfigError {
        let span = error.span();
        let path = span.as_ref().map(|span| self.path_at(span.start)).unwrap_or_default();
        let problem = self.problem(span, display(&path), plain(error.message()));
        ConfigError { problems: vec![problem] }
    }

    /// Values that make no sense.
    pub(super) fn invalid(&self, invalid: Vec<Invalid>) -> ConfigError {
        let mut problems: Vec<_> = invalid
            .into_iter()
            .map(|Invalid { path, message }| {
                self.problem(self.place_of(&path), display(&path), message)
            })
            .collect();
        problems.sort_by_key(|problem| problem.line);
        ConfigError { problems }
    }

    fn problem(&self, span: Option<Range<usize>>, key: String, message: String) -> Problem {
        Problem {
            file: self.name.to_owned(),
            line: span.map(|span| self.line_at(span.start)),
            key,
            message,
        }
    }

    fn line_at(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// The path of the smallest key or value at `offset`.
    fn path_at(&self, offset: usize) -> Vec<Step> {
        let mut best = Best { offset, size: usize::MAX, path: Vec::new() };
        search_table(self.table.get_ref(), &mut Vec::new(), &mut best);
        best.path
    }

    /// The place of the last step of `path` that the file has.
    fn place_of(&self, path: &[Step]) -> Option<Range<usize>> {
        let (first, mut rest) = match path.split_first()? {
            (Step::Key(key), rest) => (find(self.table.get_ref(), key)?, rest),
            (Step::Index(_), _) => return None,
        };
        let (mut span, mut value) = first;
        while let Some((step, further)) = rest.split_first() {
            let next = match (step, value) {
                (Step::Key(key), DeValue::Table(table)) => find(table, key),
                (Step::Index(index), DeValue::Array(array)) => {
                    array.get(*index).map(|value| (value.span(), value.get_ref()))
                }
                _ => None,
            };
            let Some(next) = next else { break };
            (span, value) = next;
            rest = further;
        }
        Some(span)
    }
}

fn find<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<(Range<usize>, &'t DeValue<'i>)> {
    table
        .iter()
        .find(|(name, _)| name.get_ref() == key)
        .map(|(name, value)| (name.span(), value.get_ref()))
}

struct Best {
    offset: usize,
    size: usize,
    path: Vec<Step>,
}

impl Best {
    fn offer(&mut self, span: &Range<usize>, path: &[Step]) {
        if span.contains(&self.offset) && span.len() <= self.size {
            self.size = span.len();
            path.clone_into(&mut self.path);
        }
    }
}

fn search_table(table: &DeTable<'_>, path: &mut Vec<Step>, best: &mut Best) {
    for (key, value) in table.iter() {
        path.push(Step::Key(key.get_ref().to_string()));
        best.offer(&key.span(), path);
        search_value(value, path, best);
        path.pop();
    }
}

fn search_value(value: &Spanned<DeValue<'_>>, path: &mut Vec<Step>, best: &mut Best) {
    best.offer(&value.span(), path);
    match value.get_ref() {
        DeValue::Table(table) => search_table(table, path, best),
        DeValue::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                path.push(Step::Index(index));
                search_value(value, path, best);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Keys joined by dots. Indexes are left out: the line says which one it is.
fn display(path: &[Step]) -> String {
    let keys = path.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    });
    keys.collect::<Vec<_>>().join(".")
}

/// The deserialiser's message in an operator's words.
fn plain(message: &str) -> String {
    if let Some((_, rest)) = message.split_once("unknown field `") {
        let known = rest.split_once("`, ").map_or("", |(_, known)| known);
        let known = known.trim_start_matches("expected one of ").trim_start_matches("expected ");
        let known = known.replace("` or `", ", ").replace('`', "");
        return format!("there is no such key (known: {known})");
    }
    if let Some(key) = message.strip_prefix("missing field `") {
        return format!("`{} is missing", key);
    }
    let mut message = message.to_owned();
    for (rust, words) in [
        ("expected u16", "expected a whole number from 0 to 65535"),
        ("expected u32", "expected a whole number from 0 to 4294967295"),
        ("expected u64", "expected a whole number, 0 or more"),
        ("expected usize", "expected a whole number, 0 or more"),
        ("expected a boolean", "expected true or false"),
        ("expected a sequence", "expected a list in brackets"),
        ("expected path string", "expected a path in quotes"),
    ] {
        if message.ends_with(rust) {
            message.truncate(message.len() - rust.len());
            message.push_str(words);
        }
    }
    message
}
