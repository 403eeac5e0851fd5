//! Lists on their way into a statement: JSON arrays.

use std::borrow::Cow;

use serde::Serialize;

/// An array of anything that JSON can write. What the store hands in always can be written.
pub(super) fn array<T: Serialize>(items: impl IntoIterator<Item = T>) -> String {
    let mut text = vec![b'['];
    for item in items {
        if text.len() > 1 {
            text.push(b',');
        }
        let start = text.len();
        if let Err(error) = serde_json::to_writer(&mut text, &item) {
            // Keys always can be written.
            debug_assert!(false, "{error}");
            text.truncate(start);
            text.extend_from_slice(b"null");
        }
    }
    text.push(b']');
    String::from_utf8(text).unwrap_or_else(|_| "[]".to_owned())
}

/// `text` without U+0000, which databases cannot hold in texts: U+001A (substitute) stands for it. Same length, so that offsets
/// into the text stay right.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{1a}").into() } else { text.into() }
}
