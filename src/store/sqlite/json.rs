//! Rows on their way into a statement: JSON arrays.

use std::borrow::Cow;
use std::io::Write as _;

use serde::Serialize;

/// Rows of one statement are cut off beyond so many bytes.
const STATEMENT_BYTES: usize = 1 << 20;

/// An array of anything that JSON can write. What the store hands in always can be written.
pub(super) fn array<T: Serialize>(items: impl IntoIterator<Item = T>) -> String {
    let mut rows = Rows::default();
    items.into_iter().for_each(|item| rows.push(&item));
    rows.finish()
}

/// An array under construction.
#[derive(Debug)]
pub(super) struct Rows {
    text: Vec<u8>,
}

impl Default for Rows {
    fn default() -> Self {
        Self { text: vec![b'['] }
    }
}

impl Rows {
    /// Appends one row, a tuple.
    pub(super) fn push<T: Serialize>(&mut self, row: &T) {
        self.separate();
        let start = self.text.len();
        if let Err(error) = serde_json::to_writer(&mut self.text, row) {
            // Tuples of numbers and strings always can be written.
            debug_assert!(false, "{error}");
            self.text.truncate(start);
            self.text.extend_from_slice(b"null");
        }
    }

    /// Appends `[number, value]`, the value being JSON already.
    pub(super) fn push_raw(&mut self, number: i64, value: &str) {
        self.separate();
        // Writing to memory does not fail.
        drop(write!(self.text, "[{number},"));
        self.text.extend_from_slice(value.as_bytes());
        self.text.push(b']');
    }

    fn separate(&mut self) {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.text.len() <= 1
    }

    /// Enough for one statement.
    pub(super) const fn is_full(&self) -> bool {
        self.text.len() >= STATEMENT_BYTES
    }

    /// The array; what follows starts a new one.
    pub(super) fn finish(&mut self) -> String {
        let mut text = std::mem::replace(&mut self.text, vec![b'[']);
        text.push(b']');
        String::from_utf8(text).unwrap_or_else(|_| "[]".to_owned())
    }
}

/// `text` without U+0000, which databases cannot hold in texts: U+001A (substitute) stands for it. Same length, so that offsets
/// into the text stay right.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{1a}").into() } else { text.into() }
}
