//! Bytes of the device's serial port: what a terminal, a sensor or a navigator sent (section 5).
//!
//! `GTDAT` has them as they are, in a short and a long layout; `GTDTT` in hexadecimal with their number.

use super::blocks::{self, LENGTH};
use super::message::Sentence;

/// Fields of the long layout before the data: name, type of report, two reserved.
const LONG_BEFORE: usize = 4;

/// The bytes of a `GTDAT` or `GTDTT`; `None` for any other sentence, or one that holds none.
pub(crate) fn bytes(sentence: &Sentence<'_>) -> Option<Vec<u8>> {
    match sentence.kind {
        b"GTDAT" => plain(sentence),
        b"GTDTT" => transparent(sentence),
        _ => None,
    }
}

/// What stands between the name and the send time or, where there is a position, between its fields. May hold commas.
fn plain(sentence: &Sentence<'_>) -> Option<Vec<u8>> {
    let fields = sentence.content();
    let (from, to) = match blocks::blocks(fields).last() {
        Some(block) => (LONG_BEFORE, block.range.end - LENGTH),
        None => (1, fields.len()),
    };
    Some(fields.get(from..to)?.join(&b","[..]))
}

/// The last two fields: number of bytes, which must be right, and hexadecimal digits.
fn transparent(sentence: &Sentence<'_>) -> Option<Vec<u8>> {
    let &[.., length, digits] = sentence.content() else {
        return None;
    };
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    (digits.len() == length.checked_mul(2)?).then(|| unhex(digits)).flatten()
}

/// Hexadecimal digits, as devices write them.
pub(super) fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect()
}

/// The bytes that hexadecimal digits stand for; `None` if they are none.
pub(super) fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| u8::try_from(nibble(high)? * 16 + nibble(low)?).ok()).collect()
}

/// The bytes as text, without line ends around it; `None` if they are not printable.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes.trim_ascii()).replace("\r\n", "\n");
    let printable = |c: char| matches!(c, '\n' | '\t') || !(c.is_control() || c == '\u{fffd}');
    (!text.is_empty() && text.chars().all(printable)).then_some(text)
}

/// A fuel sensor's line (`COMB,0,94.0,…` behind its maker's name): the level.
pub(super) fn fuel(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("COMB,"))?;
    line.split(',').nth(1)?.parse().ok().filter(|level: &f64| level.is_finite())
}
