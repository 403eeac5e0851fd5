//! Texts between Unicode and what a device shows: charsets, substitutes for what a charset lacks, cutting into parts.
//!
//! **The rule for characters a device cannot show**, everywhere: a letter or sign with an obvious ASCII spelling is written that
//! way (`é` → `e`, `ß` → `ss`, `€` → `EUR`, Cyrillic and Chinese in Latin letters), anything else becomes `?`; the text is then
//! marked lossy. Control characters other than line feed are removed, CR LF becomes LF.

use std::borrow::Cow;

use encoding_rs::{EUC_JP, Encoding, GBK, ISO_8859_5, ISO_8859_8, WINDOWS_1251};

/// How a device writes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// GBK (decoding accepts its superset GB 18030).
    Gbk,
    /// Windows-1251: Cyrillic.
    Windows1251,
    /// UTF-16, high byte first.
    Utf16Be,
    /// UTF-16, low byte first.
    Utf16Le,
    /// 7-bit ASCII.
    Ascii,
    /// ISO 8859-1: Western Europe.
    Latin1,
    /// ISO 8859-5: Cyrillic.
    Iso8859_5,
    /// ISO 8859-8: Hebrew.
    Iso8859_8,
    /// JIS X 0208: Japanese, two 7-bit bytes a character; ASCII only in its wide forms.
    JisX0208,
}

/// Bytes for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Something was replaced.
    pub lossy: bool,
}

impl Charset {
    /// Names as options use them.
    pub const NAMES: &'static [&'static str] = &[
        "utf8",
        "gbk",
        "cp1251",
        "utf16be",
        "utf16le",
        "ascii",
        "latin1",
        "iso8859_5",
        "iso8859_8",
        "jis_x0208",
    ];

    /// The charset called `name` in options.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "utf8" => Self::Utf8,
            "gbk" => Self::Gbk,
            "cp1251" => Self::Windows1251,
            "utf16be" => Self::Utf16Be,
            "utf16le" => Self::Utf16Le,
            "ascii" => Self::Ascii,
            "latin1" => Self::Latin1,
            "iso8859_5" => Self::Iso8859_5,
            "iso8859_8" => Self::Iso8859_8,
            "jis_x0208" => Self::JisX0208,
            _ => return None,
        })
    }

    /// Decodes what a device sent. What is no character of the charset becomes U+FFFD; an odd last byte of UTF-16 is dropped.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Gbk => legacy(GBK, bytes),
            Self::Windows1251 => legacy(WINDOWS_1251, bytes),
            Self::Iso8859_5 => legacy(ISO_8859_5, bytes),
            Self::Iso8859_8 => legacy(ISO_8859_8, bytes),
            Self::Latin1 => bytes.iter().map(|&byte| char::from(byte)).collect(),
            Self::Utf16Be => utf16(bytes, u16::from_be_bytes),
            Self::Utf16Le => utf16(bytes, u16::from_le_bytes),
            // EUC-JP is the same code with the high bits set.
            Self::JisX0208 => {
                let wide = |&byte: &u8| if byte > b' ' { byte | 0x80 } else { byte };
                legacy(EUC_JP, &bytes.iter().map(wide).collect::<Vec<_>>())
            }
            Self::Ascii => bytes
                .iter()
                .map(|&b| if b < 0x80 { char::from(b) } else { char::REPLACEMENT_CHARACTER })
                .collect(),
        }
    }

    /// Encodes for a device by the module's rule.
    #[must_use]
    pub fn encode(self, text: &str) -> Encoded {
        let mut encoded = Encoded { bytes: Vec::with_capacity(text.len()), lossy: false };
        for c in displayable(text) {
            encoded.lossy |= !self.push(c, &mut encoded.bytes);
        }
        encoded
    }

    /// Appends one character; `false` if it had to be replaced.
    fn push(self, c: char, out: &mut Vec<u8>) -> bool {
        if self.push_exact(c, out) {
            return true;
        }
        let substitute = substitute(c);
        for c in substitute.chars() {
            self.push_exact(c, out);
        }
        false
    }

    fn push_exact(self, c: char, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Utf8 => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Self::Utf16Be => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(&unit.to_be_bytes());
                }
            }
            Self::Utf16Le => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(&unit.to_le_bytes());
                }
            }
            Self::JisX0208 => return push_jis(c, out),
            _ if c.is_ascii() => out.push(c as u8),
            Self::Ascii => return false,
            // encoding_rs writes the euro sign as a single 0x80, which no terminal shows.
            Self::Gbk if c == '€' => return false,
            Self::Gbk => return push_legacy(GBK, c, out),
            Self::Windows1251 => return push_legacy(WINDOWS_1251, c, out),
            Self::Iso8859_5 => return push_legacy(ISO_8859_5, c, out),
            Self::Iso8859_8 => return push_legacy(ISO_8859_8, c, out),
            Self::Latin1 => match u8::try_from(c) {
                Ok(byte) => out.push(byte),
                Err(_) => return false,
            },
        }
        true
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// One character of JIS X 0208; ASCII in its wide form. Line feed stays as it is.
fn push_jis(c: char, out: &mut Vec<u8>) -> bool {
    let wide = match c {
        '\n' => {
            out.push(b'\n');
            return true;
        }
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c),
        c => c,
    };
    let mut utf8 = [0; 4];
    match EUC_JP.encode(wide.encode_utf8(&mut utf8)) {
        (bytes, _, false) => match *bytes {
            [high, low] if high > 0xa0 && low > 0xa0 => {
                out.extend_from_slice(&[high & 0x7f, low & 0x7f]);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

fn legacy(encoding: &'static Encoding, bytes: &[u8]) -> String {
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn push_legacy(encoding: &'static Encoding, c: char, out: &mut Vec<u8>) -> bool {
    let mut utf8 = [0; 4];
    let (bytes, _, unmappable) = encoding.encode(c.encode_utf8(&mut utf8));
    if unmappable {
        return false;
    }
    out.extend_from_slice(&bytes);
    true
}

fn substitute(c: char) -> Cow<'static, str> {
    match c {
        '€' => "EUR".into(),
        '£' => "GBP".into(),
        '¥' => "JPY".into(),
        // Beyond the basic plane: emoji and historic scripts. Their names would be noise on a small display.
        '\u{1_0000}'.. | '\u{2190}'..='\u{2bff}' | '\u{fe00}'..='\u{fe0f}' | '\u{200d}' => {
            "?".into()
        }
        _ => match deunicode::deunicode_char(c) {
            Some(ascii) if !ascii.is_empty() => ascii.trim_end().into(),
            _ => "?".into(),
        },
    }
}

/// The characters of `text` that may be shown: CR LF as LF, other control characters left out.
fn displayable(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter_map(|c| match c {
        '\n' => Some('\n'),
        '\t' => Some(' '),
        c if c.is_control() => None,
        c => Some(c),
    })
}

/// How a text travels: where it is cut into parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextPlan {
    /// Byte offsets at which the second and every later part begin; empty for a text that fits one part.
    pub cuts: Vec<u32>,
    /// The device's charset lacks some of its characters.
    pub lossy: bool,
}

impl TextPlan {
    /// Number of parts.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.cuts.len() + 1
    }

    /// Part `index` (from 0) of the planned text; empty if there is none.
    #[must_use]
    pub fn part<'a>(&self, text: &'a str, index: usize) -> &'a str {
        let at = |cut: Option<&u32>, or: usize| cut.map_or(or, |&offset| offset as usize);
        let start = match index.checked_sub(1) {
            None => 0,
            Some(previous) => at(self.cuts.get(previous), text.len()),
        };
        text.get(start..at(self.cuts.get(index), text.len())).unwrap_or("")
    }
}

/// What a device takes in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartRules {
    /// The device's charset.
    pub charset: Charset,
    /// Largest part in encoded bytes, label included.
    pub max_bytes: usize,
    /// Whether parts carry a label like `(1/3) `.
    pub numbered: bool,
}

/// A text that cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextRefusal {
    /// The device takes no text at all.
    #[error("the device takes no text")]
    NotSupported,
    /// It would need more parts than can be numbered.
    #[error("the text would need {parts} parts, the device takes at most {limit}")]
    TooManyParts {
        /// Needed.
        parts: usize,
        /// Possible.
        limit: usize,
    },
}

/// Most parts of one text.
pub const MAX_PARTS: usize = 4096;

/// What stands in front of part `part` (from 1) of `parts`.
#[must_use]
pub fn label(part: usize, parts: usize) -> String {
    format!("({part}/{parts}) ")
}

/// Cuts `text` into parts that fit `rules`, at word boundaries where there are any, never inside a character or between a
/// character and its combining marks.
///
/// # Errors
/// [`TextRefusal::TooManyParts`].
pub fn plan(text: &str, rules: PartRules) -> Result<TextPlan, TextRefusal> {
    let whole = cut(text, rules, rules.max_bytes);
    if whole.cuts.is_empty() || !rules.numbered {
        return checked(whole);
    }
    // The label's length depends on the number of parts, which depends on the label's length.
    for digits in 1_usize..=4 {
        let label_bytes = label_unit(rules.charset) * (2 * digits + 4);
        let plan = cut(text, rules, rules.max_bytes.saturating_sub(label_bytes));
        if plan.parts() < 10_usize.pow(u32::try_from(digits).unwrap_or(4)) {
            return checked(plan);
        }
    }
    Err(TextRefusal::TooManyParts { parts: text.len(), limit: MAX_PARTS })
}

fn checked(plan: TextPlan) -> Result<TextPlan, TextRefusal> {
    if plan.parts() > MAX_PARTS {
        return Err(TextRefusal::TooManyParts { parts: plan.parts(), limit: MAX_PARTS });
    }
    Ok(plan)
}

const fn label_unit(charset: Charset) -> usize {
    if matches!(charset, Charset::Utf16Be | Charset::Utf16Le | Charset::JisX0208) { 2 } else { 1 }
}

fn cut(text: &str, rules: PartRules, max_bytes: usize) -> TextPlan {
    let mut plan = TextPlan::default();
    let mut encoded = Vec::with_capacity(16);
    // Sizes since the start of the part, and the best place to cut seen in it: (byte offset, size up to there).
    let (mut size, mut last_break) = (0, None);
    let mut last_base = (0, 0);
    let mut start = 0;
    for (offset, c) in text.char_indices() {
        encoded.clear();
        for shown in displayable(c.encode_utf8(&mut [0; 4])) {
            plan.lossy |= !rules.charset.push(shown, &mut encoded);
        }
        if !joins_previous(c) {
            last_base = (offset, size);
        }
        if size + encoded.len() > max_bytes && offset > start {
            let (at, size_at) = match last_break {
                // A word boundary in the first half would waste most of the part: cut the word instead.
                Some((at, size_at)) if size_at * 2 >= max_bytes => (at, size_at),
                _ if last_base.0 > start => last_base,
                _ => (offset, size),
            };
            plan.cuts.push(u32::try_from(at).unwrap_or(u32::MAX));
            (start, size, last_break) = (at, size - size_at, None);
            last_base = (last_base.0, last_base.1.saturating_sub(size_at));
        }
        size += encoded.len();
        if breaks_after(c) {
            last_break = Some((offset + c.len_utf8(), size));
        }
    }
    plan
}

/// A part may end after this character.
fn breaks_after(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | ',' | ';' | '。' | '，' | '、' | '；' | '！' | '？' | '.' | '!' | '?')
}

/// This character belongs to the one before it.
fn joins_previous(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{20e3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, charset: Charset, max_bytes: usize, numbered: bool) -> Vec<String> {
        let plan = plan(text, PartRules { charset, max_bytes, numbered }).unwrap();
        (0..plan.parts()).map(|index| plan.part(text, index).to_owned()).collect()
    }

    #[test]
    fn a_text_that_fits_is_one_part() {
        assert_eq!(parts("short", Charset::Utf8, 5, true), ["short"]);
    }

    #[test]
    fn words_stay_whole_where_possible() {
        assert_eq!(
            parts("turn left at the gate", Charset::Ascii, 10, false),
            ["turn left ", "at the ", "gate"]
        );
    }

    #[test]
    fn a_word_longer_than_a_part_is_cut_between_characters() {
        assert_eq!(parts("абвгд", Charset::Utf8, 4, false), ["аб", "вг", "д"]);
        assert_eq!(parts("拥堵请绕行", Charset::Gbk, 5, false), ["拥堵", "请绕", "行"]);
    }

    #[test]
    fn labels_count_towards_the_limit() {
        let text = "0123456789".repeat(5);
        let parts = parts(&text, Charset::Ascii, 16, true);
        assert_eq!((parts.len(), parts.iter().map(String::len).max()), (5, Some(10)));
    }

    #[test]
    fn twenty_thousand_characters_come_back_whole() {
        let text: String = "Привет, 世界 🚚 ".chars().cycle().take(20_000).collect();
        for charset in [Charset::Utf8, Charset::Gbk, Charset::Windows1251, Charset::Utf16Be] {
            let parts = parts(&text, charset, 128, true);
            assert_eq!(parts.concat(), text);
            for (index, part) in parts.iter().enumerate() {
                let label = charset.encode(&label(index + 1, parts.len())).bytes.len();
                assert!(charset.encode(part).bytes.len() + label <= 128);
            }
        }
    }

    #[test]
    fn what_a_charset_lacks_is_spelled_or_marked() {
        let encoded = Charset::Gbk.encode("Größe 5 €, ok 🚚 前");
        assert_eq!(Charset::Gbk.decode(&encoded.bytes), "Grosse 5 EUR, ok ? 前");
        assert!(encoded.lossy);
        assert!(!Charset::Gbk.encode("前方2公里拥堵,请绕行").lossy);
        assert_eq!(
            Charset::Windows1251.encode("Приехал").bytes,
            [0xcf, 0xf0, 0xe8, 0xe5, 0xf5, 0xe0, 0xeb]
        );
    }

    #[test]
    fn every_named_charset_brings_its_own_letters_back() {
        let samples = [
            ("utf8", "Привет 你好 🚚"),
            ("gbk", "你好"),
            ("cp1251", "Привет"),
            ("utf16be", "Привет 你好 🚚"),
            ("utf16le", "Привет 你好 🚚"),
            ("ascii", "Hello"),
            ("latin1", "Größe £5"),
            ("iso8859_5", "Привет"),
            ("iso8859_8", "שלום"),
            ("jis_x0208", "こんにちは"),
        ];
        assert!(samples.iter().map(|(name, _)| *name).eq(Charset::NAMES.iter().copied()));
        for (name, text) in samples {
            let charset = Charset::by_name(name).unwrap();
            let encoded = charset.encode(text);
            assert_eq!((charset.decode(&encoded.bytes).as_str(), encoded.lossy), (text, false));
        }
        assert_eq!(Charset::by_name("koi8"), None);
        assert_eq!(Charset::JisX0208.encode("日本").bytes, [0x46, 0x7c, 0x4b, 0x5c]);
        let ascii = Charset::JisX0208.encode("OK 1\n");
        assert_eq!(Charset::JisX0208.decode(&ascii.bytes), "ＯＫ\u{3000}１\n");
        assert_eq!(Charset::Latin1.encode("Ж").bytes, b"Zh");
    }

    #[test]
    fn control_characters_never_reach_a_device() {
        assert_eq!(Charset::Ascii.encode("a\r\nb\0c\u{7}d\te").bytes, b"a\nbcd e");
    }
}
