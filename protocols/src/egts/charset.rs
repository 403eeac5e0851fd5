//! CHS: which charset a text is in (section 7), both ways.
//!
//! The standard's list is that of the short-message protocol SMPP. Its byte order for UCS2 is not stated: we write the high byte
//! first, and read whichever order a byte-order mark names or more of the text is letters in.

use crate::text::Charset;

/// Values of CHS.
mod chs {
    pub(super) const CP1251: u8 = 0;
    pub(super) const ASCII: u8 = 1;
    pub(super) const LATIN1: u8 = 3;
    pub(super) const JIS: u8 = 5;
    pub(super) const ISO8859_5: u8 = 6;
    pub(super) const ISO8859_8: u8 = 7;
    pub(super) const UCS2: u8 = 8;
}

/// How texts to a device are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// CP-1251 if it can write the whole text, else UCS2.
    Auto,
    /// Always in this charset.
    In(Charset, u8),
}

impl Writing {
    /// Names as the option uses them.
    pub(super) const NAMES: &'static [&'static str] =
        &["cp1251", "auto", "ucs2", "ascii", "latin1", "iso8859_5", "iso8859_8", "jis_x0208"];

    /// The one called `name`; CP-1251 for a name that is none.
    pub(super) fn by_name(name: &str) -> Self {
        match name {
            "auto" => Self::Auto,
            "ucs2" => Self::In(Charset::Utf16Be, chs::UCS2),
            "ascii" => Self::In(Charset::Ascii, chs::ASCII),
            "latin1" => Self::In(Charset::Latin1, chs::LATIN1),
            "iso8859_5" => Self::In(Charset::Iso8859_5, chs::ISO8859_5),
            "iso8859_8" => Self::In(Charset::Iso8859_8, chs::ISO8859_8),
            "jis_x0208" => Self::In(Charset::JisX0208, chs::JIS),
            _ => Self::In(Charset::Windows1251, chs::CP1251),
        }
    }

    /// Charset and CHS for `text`; CHS is absent for CP-1251, as in section 12, S1.
    pub(super) fn of(self, text: &str) -> (Charset, Option<u8>) {
        match self {
            Self::In(charset, chs::CP1251) => (charset, None),
            Self::In(charset, chs) => (charset, Some(chs)),
            Self::Auto if Charset::Windows1251.encode(text).lossy => {
                (Charset::Utf16Be, Some(chs::UCS2))
            }
            Self::Auto => (Charset::Windows1251, None),
        }
    }
}

/// A text of charset `chs`. `None` for binary content and charsets of the list's gaps, unless it is UTF-8. Control characters
/// other than line feed and tab are left out.
pub(super) fn decode(chs: Option<u8>, utf8_unnamed: bool, bytes: &[u8]) -> Option<String> {
    let utf8 = || std::str::from_utf8(bytes).ok().map(str::to_owned);
    let text = match chs {
        None | Some(chs::CP1251) => utf8()
            .filter(|_| utf8_unnamed && chs.is_none())
            .unwrap_or_else(|| Charset::Windows1251.decode(bytes)),
        Some(chs::ASCII) => Charset::Ascii.decode(bytes),
        Some(chs::LATIN1) => Charset::Latin1.decode(bytes),
        Some(chs::JIS) => Charset::JisX0208.decode(bytes),
        Some(chs::ISO8859_5) => Charset::Iso8859_5.decode(bytes),
        Some(chs::ISO8859_8) => Charset::Iso8859_8.decode(bytes),
        Some(chs::UCS2) => ucs2(bytes),
        Some(_) => utf8()?,
    };
    Some(text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect())
}

fn ucs2(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, text @ ..] => Charset::Utf16Be.decode(text),
        [0xff, 0xfe, text @ ..] => Charset::Utf16Le.decode(text),
        _ => {
            let (big, little) = (Charset::Utf16Be.decode(bytes), Charset::Utf16Le.decode(bytes));
            if score(&little) > score(&big) { little } else { big }
        }
    }
}

/// Letters, counted double within one of the alphabets in which texts to drivers are written: read in the wrong order, most
/// scripts become rare letters of another.
fn score(text: &str) -> usize {
    let worth = |c: char| match c {
        ' ' | '0'..='9' | 'A'..='Z' | 'a'..='z' | 'А'..='я' | 'Ё' | 'ё' => 2,
        c if c.is_alphanumeric() => 1,
        _ => 0,
    };
    text.chars().map(worth).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_charset_of_the_list_comes_back() {
        let samples = [
            ("cp1251", "Позвоните диспетчеру", None),
            ("ascii", "Call dispatch", Some(1)),
            ("latin1", "Größe", Some(3)),
            ("jis_x0208", "こんにちは", Some(5)),
            ("iso8859_5", "Привет", Some(6)),
            ("iso8859_8", "שלום", Some(7)),
            ("ucs2", "Привет 你好", Some(8)),
            ("auto", "Привет", None),
            ("auto", "Привет 你好", Some(8)),
        ];
        for (name, text, expected) in samples {
            let (charset, chs) = Writing::by_name(name).of(text);
            assert_eq!(chs, expected, "{name}");
            let bytes = charset.encode(text).bytes;
            assert_eq!(decode(chs, false, &bytes).as_deref(), Some(text), "{name}");
        }
        assert!(samples.iter().all(|(name, ..)| Writing::NAMES.contains(name)));
    }

    #[test]
    fn ucs2_is_read_in_either_order() {
        for text in ["Привет 你好", "Доставлено", "ok 12", "你好"] {
            let big = Charset::Utf16Be.encode(text).bytes;
            assert_eq!(decode(Some(8), false, &big).as_deref(), Some(text));
            let marked = [&[0xff, 0xfe], Charset::Utf16Le.encode(text).bytes.as_slice()].concat();
            assert_eq!(decode(Some(8), false, &marked).as_deref(), Some(text));
        }
        let little = Charset::Utf16Le.encode("Доставлено 5").bytes;
        assert_eq!(decode(Some(8), false, &little).as_deref(), Some("Доставлено 5"));
    }

    #[test]
    fn what_names_no_charset_is_cp1251_unless_the_device_writes_utf8() {
        let utf8 = "Привет".as_bytes();
        assert_eq!(decode(None, true, utf8).as_deref(), Some("Привет"));
        assert_ne!(decode(None, false, utf8).as_deref(), Some("Привет"));
        assert_ne!(decode(Some(0), true, utf8).as_deref(), Some("Привет"));
        assert_eq!(decode(None, true, &[0xcf]).as_deref(), Some("П"));
    }

    #[test]
    fn binary_is_no_text() {
        for chs in [2, 4, 9, 255] {
            assert_eq!(decode(Some(chs), false, &[0xff, 0x00]), None);
            assert_eq!(decode(Some(chs), false, b"ok\x07").as_deref(), Some("ok"));
        }
    }
}
