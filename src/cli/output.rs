//! What commands print: whole texts at once, to a pipe that may close early.

use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;

use crate::model::Millis;

/// How a command ended that did not fail by an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As asked: exit code 0.
    Done,
    /// It ran, but what it was to show is not so (a frame that does not decode, a terminal that could not log in): exit code 1.
    Failed,
}

/// Prints to standard output. A reader that has seen enough (`| head`) is no error.
///
/// # Errors
/// If standard output cannot be written.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Prints as JSON.
///
/// # Errors
/// If standard output cannot be written.
pub(super) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// `text` with control characters as escapes, so that what a device sent cannot steer the terminal.
#[must_use]
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_debug());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

/// A moment, in UTC.
#[must_use]
pub(super) fn moment(at: Millis) -> String {
    at.timestamp().strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Appends a formatted line to a `String`.
macro_rules! line {
    ($out:expr, $($arg:tt)*) => {
        $out.push_str(&format!("{}\n", format_args!($($arg)*)))
    };
}
pub(in crate::cli) use line;
