//! Bytes and words as transcripts write them.

/// One word of a line: `word`, `key=word`, `"quoted"` or `key="quoted"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// What stands before `=`.
    pub(crate) key: Option<String>,
    /// What stands behind it, escapes resolved.
    pub(crate) value: Vec<u8>,
    /// Whether it was quoted.
    pub(crate) quoted: bool,
}

impl Word {
    /// The value as text.
    pub(crate) fn text(&self) -> Result<&str, String> {
        std::str::from_utf8(&self.value).map_err(|_| "not UTF-8".to_owned())
    }
}

/// Splits a line into words.
pub(crate) fn words(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let mut key = None;
        let end = rest.find([' ', '"']).unwrap_or(rest.len());
        if let Some(at) = rest.find('=').filter(|&at| at < end) {
            key = Some(rest[..at].to_owned());
            rest = &rest[at + 1..];
        }
        if let Some(quoted) = rest.strip_prefix('"') {
            let (value, behind) = unquote(quoted)?;
            words.push(Word { key, value, quoted: true });
            rest = behind.trim_start();
        } else {
            let end = rest.find(' ').unwrap_or(rest.len());
            let value = rest.as_bytes()[..end].to_vec();
            words.push(Word { key, value, quoted: false });
            rest = rest[end..].trim_start();
        }
    }
    Ok(words)
}

/// Resolves escapes up to the closing quote; gives the bytes and what stands behind the quote.
fn unquote(text: &str) -> Result<(Vec<u8>, &str), String> {
    let mut bytes = Vec::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Ok((bytes, &text[at + 1..])),
            '\\' => {
                let escape = characters.next().map(|(_, c)| c);
                bytes.push(match escape {
                    Some('r') => b'\r',
                    Some('n') => b'\n',
                    Some('t') => b'\t',
                    Some('0') => 0,
                    Some('\\') => b'\\',
                    Some('"') => b'"',
                    Some('x') => {
                        let digits: String = characters.by_ref().take(2).map(|(_, c)| c).collect();
                        u8::from_str_radix(&digits, 16)
                            .map_err(|_| format!("\\x{digits} is not a byte"))?
                    }
                    other => return Err(format!("unknown escape \\{}", other.unwrap_or(' '))),
                });
            }
            c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err("a quote is not closed".to_owned())
}

/// Reads bytes: hexadecimal digits with blanks anywhere between bytes, and quoted text, in any mixture.
///
/// # Errors
/// What is wrong, for the reader of the file.
pub fn parse_bytes(line: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for word in words(line)? {
        if word.quoted && word.key.is_none() {
            bytes.extend(word.value);
            continue;
        }
        let digits = word.text()?;
        if !digits.is_ascii() || digits.len() % 2 != 0 {
            return Err(format!("`{digits}` is not hexadecimal"));
        }
        for at in (0..digits.len()).step_by(2) {
            let pair = &digits[at..at + 2];
            let byte = u8::from_str_radix(pair, 16)
                .map_err(|_| format!("`{pair}` is not a hexadecimal byte"))?;
            bytes.push(byte);
        }
    }
    Ok(bytes)
}

/// Writes bytes for [`parse_bytes`]: as text if they are readable text, else in hexadecimal.
#[must_use]
pub fn bytes_literal(bytes: &[u8]) -> String {
    let readable = |text: &&str| text.chars().all(|c| !c.is_control() || matches!(c, '\r' | '\n'));
    match std::str::from_utf8(bytes).ok().filter(readable) {
        Some(text) => quoted(text),
        None => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// Writes text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => {
                out.push_str(&format!("\\x{:02x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        let mixed = parse_bytes(r##"7e 02 0a0b "#M#да\r\n\x00" ff"##);
        assert_eq!(mixed, Ok(b"\x7e\x02\x0a\x0b#M#\xd0\xb4\xd0\xb0\r\n\0\xff".to_vec()));
        for bytes in [&b"#M#\xd0\xb4\xd0\xb0 \"x\" \\\r\n"[..], b"\x7e\x00\x80", b""] {
            assert_eq!(parse_bytes(&bytes_literal(bytes)), Ok(bytes.to_vec()));
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse_bytes("7e 0"), Err("`0` is not hexadecimal".to_owned()));
        assert_eq!(parse_bytes("zz"), Err("`zz` is not a hexadecimal byte".to_owned()));
        assert_eq!(parse_bytes("\"ab"), Err("a quote is not closed".to_owned()));
        assert_eq!(parse_bytes("\"\\q\""), Err("unknown escape \\q".to_owned()));
    }

    #[test]
    fn keys_are_split_off() {
        let words = words("text token=1 name=\"a=b c\" \"x=y\"").unwrap_or_default();
        let keys: Vec<_> = words.iter().map(|word| word.key.as_deref()).collect();
        assert_eq!(keys, [None, Some("token"), Some("name"), None]);
        assert_eq!(words[2].text(), Ok("a=b c"));
    }
}
