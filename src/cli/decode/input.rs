//! Bytes out of what people paste: hexadecimal in all its spellings, hex dumps, log lines, base64, quoted text.
//!
//! A paste can often be read in several ways (`4142` is hexadecimal, base64 and text). [`readings`] returns all of them, the
//! most literal first; which one it was is decided by the protocols, see [`super`].

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// How a paste was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Pairs of hexadecimal digits, whatever is between them.
    Hex,
    /// Output of a hex dump tool, with offsets and a text column.
    Dump,
    /// Base64, either alphabet.
    Base64,
    /// The text itself, with escapes like `\r` or `\x7e` replaced.
    Text,
    /// Hexadecimal digits within log lines.
    Log,
}

impl Form {
    /// For the reader.
    #[must_use]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hex => "hexadecimal",
            Self::Dump => "hex dump",
            Self::Base64 => "base64",
            Self::Text => "text",
            Self::Log => "hexadecimal in log lines",
        }
    }
}

/// A way to read a paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// How.
    pub(super) form: Form,
    /// The bytes.
    pub(super) bytes: Vec<u8>,
}

/// Fewest hexadecimal digits that count as a frame within a log line: fewer are ids and times.
const LOG_DIGITS: usize = 16;

/// Fewest characters that may be base64: fewer are words.
const BASE64_CHARS: usize = 8;

/// A way to read a paste; `None` if it cannot be read like that.
type Read = fn(&str) -> Option<Vec<u8>>;

/// All ways to read `paste`, the most literal first. Empty only if there is nothing in it.
#[must_use]
pub(super) fn readings(paste: &str) -> Vec<Reading> {
    let paste = unquoted(paste);
    if paste.is_empty() {
        return Vec::new();
    }
    let forms: [(Form, Read); 5] = [
        (Form::Hex, hex),
        (Form::Dump, dump),
        (Form::Base64, base64),
        (Form::Text, text),
        (Form::Log, log),
    ];
    let mut readings: Vec<_> = forms
        .into_iter()
        .filter_map(|(form, read)| read(paste).map(|bytes| Reading { form, bytes }))
        .collect();
    // Nobody types a text of nothing but pairs of hexadecimal digits, but some protocols would take it for one.
    if readings.iter().any(|reading| matches!(reading.form, Form::Hex | Form::Dump)) {
        readings.retain(|reading| reading.form != Form::Text);
    }
    readings
}

/// Without surrounding white space and the quotes of a programming language or shell.
fn unquoted(paste: &str) -> &str {
    let trimmed = paste.trim_matches([' ', '\t']);
    let inner = trimmed.trim();
    let literal = inner.strip_prefix('b').unwrap_or(inner);
    for quote in ['"', '\'', '`'] {
        if let Some(text) = literal.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return text;
        }
    }
    if inner.is_empty() { inner } else { trimmed }
}

/// `7e 02 00`, `7E0200`, `0x7e, 0x02`, `\x7e\x02`, `7e:02:00`, `{0x7E,0x02}`.
fn hex(paste: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(paste.len() / 2);
    let words = paste.split(|c: char| c.is_whitespace() || ",;:-|[](){}\\".contains(c));
    for word in words.filter(|word| !word.is_empty()) {
        let digits = ["0x", "0X", "x", "X"].iter().find_map(|prefix| word.strip_prefix(prefix));
        push_pairs(digits.unwrap_or(word), &mut bytes)?;
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// Appends the bytes that `digits` spell, which must be pairs; a single digit is a byte too (`0x0, 0x7`).
fn push_pairs(digits: &str, bytes: &mut Vec<u8>) -> Option<()> {
    let whole = digits.len() == 1 || digits.len().is_multiple_of(2);
    if !whole || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for pair in digits.as_bytes().chunks(2) {
        bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
    }
    Some(())
}

/// `hexdump -C`, `xxd`, `tcpdump -X`: offset, at most 16 bytes, a text column that is dropped.
fn dump(paste: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for line in paste.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let line = line.strip_prefix("0x").unwrap_or(line);
        let digits = line.bytes().take_while(u8::is_ascii_hexdigit).count();
        if !(4..=8).contains(&digits)
            || usize::from_str_radix(&line[..digits], 16) != Ok(bytes.len())
        {
            return None;
        }
        let rest = &line[digits..];
        let rest = match rest.strip_prefix(':') {
            Some(rest) => rest,
            None if rest.is_empty() => continue, // hexdump ends with the bare length
            None => rest.strip_prefix("  ")?,
        };
        let before = bytes.len();
        let columns = rest.trim_start().split("   ").next()?.split('|').next()?;
        for word in columns.split_whitespace() {
            if bytes.len() - before >= 16 || push_pairs(word, &mut bytes).is_none() {
                break;
            }
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

fn base64(paste: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let packed: String = paste.chars().filter(|c| !c.is_whitespace()).collect();
    if packed.len() < BASE64_CHARS {
        return None;
    }
    let alphabet =
        if packed.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    GeneralPurpose::new(alphabet, config).decode(packed).ok()
}

/// The text itself. Shells and chat windows eat line ends: a last line without one gets CR LF.
fn text(paste: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(paste.len() + 2);
    let mut rest = paste;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let (byte, length) = match escape.bytes().next() {
            Some(b'r') => (b'\r', 1),
            Some(b'n') => (b'\n', 1),
            Some(b't') => (b'\t', 1),
            Some(b'0') => (0, 1),
            Some(c @ (b'\\' | b'"' | b'\'')) => (c, 1),
            Some(b'x') => match escape.get(1..3).map(|pair| u8::from_str_radix(pair, 16)) {
                Some(Ok(byte)) => (byte, 3),
                _ => (b'\\', 0),
            },
            _ => (b'\\', 0),
        };
        bytes.push(byte);
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    if !bytes.ends_with(b"\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    Some(bytes)
}

/// The longest run of hexadecimal digits of each line that has one worth the name.
fn log(paste: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for line in paste.lines() {
        let runs = line.split(|c: char| !c.is_ascii_hexdigit());
        let frames = runs.filter(|run| run.len() >= LOG_DIGITS && run.len().is_multiple_of(2));
        if let Some(run) = frames.max_by_key(|run| run.len()) {
            push_pairs(run, &mut bytes)?;
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: Form, paste: &str) -> Option<Vec<u8>> {
        readings(paste).into_iter().find(|reading| reading.form == form).map(|r| r.bytes)
    }

    #[test]
    fn hexadecimal_in_all_spellings() {
        for paste in [
            "7e0102",
            "7E 01 02",
            " 7e\n01\t02 \n",
            "0x7e, 0x01, 0x02",
            r"\x7e\x01\x02",
            "\"7e0102\"",
            "7e:01:02",
            "{0x7E,0x1,0x2}",
            "7e-01-02",
        ] {
            assert_eq!(read(Form::Hex, paste), Some(vec![0x7e, 1, 2]), "{paste}");
        }
        for paste in ["7e010", "7e 0g", "#L#1;2", ""] {
            assert_eq!(read(Form::Hex, paste), None, "{paste}");
        }
    }

    #[test]
    fn hex_dumps_lose_their_offsets_and_text() {
        let bytes: Vec<u8> = (0x41..0x41 + 18).collect();
        let hexdump = "00000000  41 42 43 44 45 46 47 48  49 4a 4b 4c 4d 4e 4f 50  |ABCDEFGHIJKLMNOP|\n\
                       00000010  51 52                                             |QR|\n\
                       00000012\n";
        let xxd = "00000000: 4142 4344 4546 4748 494a 4b4c 4d4e 4f50  ABCDEFGHIJKLMNOP\n\
                   00000010: 5152                                     QR\n";
        let tcpdump = "\t0x0000:  4142 4344 4546 4748 494a 4b4c 4d4e 4f50  ABCDEFGHIJKLMNOP\n\
                       \t0x0010:  5152                                     QR";
        for paste in [hexdump, xxd, tcpdump] {
            assert_eq!(read(Form::Dump, paste), Some(bytes.clone()), "{paste}");
        }
        assert_eq!(read(Form::Dump, "00000004: 4142"), None);
    }

    #[test]
    fn base64_with_and_without_padding() {
        for paste in ["fgECAwQFfg==", "fgECAwQFfg", "fgEC AwQF\nfg=="] {
            assert_eq!(read(Form::Base64, paste), Some(vec![0x7e, 1, 2, 3, 4, 5, 0x7e]), "{paste}");
        }
        assert_eq!(read(Form::Base64, "-_-_-_-_").map(|bytes| bytes.len()), Some(6));
        assert_eq!(read(Form::Base64, "#L#1;NA"), None);
    }

    #[test]
    fn text_keeps_its_bytes_and_gets_its_line_end_back() {
        assert_eq!(read(Form::Text, "#P#").unwrap(), b"#P#\r\n");
        assert_eq!(read(Form::Text, "'#P#'\n").unwrap(), b"#P#\r\n");
        assert_eq!(read(Form::Text, r"#P#\r\n").unwrap(), b"#P#\r\n");
        assert_eq!(read(Form::Text, "#P#\n#P#\n").unwrap(), b"#P#\n#P#\n");
        assert_eq!(read(Form::Text, r"a\x7e\q\").unwrap(), b"a~\\q\\\r\n");
    }

    #[test]
    fn log_lines_give_their_longest_run() {
        let paste = "2026-03-01 10:00:00 INFO [T12ab34cd: 5023 < 10.0.0.7] 78780d010123456789012345\n\
                     no bytes here\n\
                     2026-03-01 10:00:01 id=0000000000000001 HEX: 00010d0a0000000000000000";
        let bytes = read(Form::Log, paste).unwrap();
        assert_eq!((bytes.len(), bytes[0], bytes[12], bytes[13]), (24, 0x78, 0, 1));
    }

    #[test]
    fn nothing_reads_as_nothing() {
        assert!(readings(" \n").is_empty());
    }
}
