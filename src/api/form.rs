//! Form bodies and query strings, cut into pairs.
//!
//! Arrays arrive in every way that libraries have: repeated keys, `a[]=1`, `a[0]=1`. They are told apart here (name and whether
//! it was indexed) and put together in [`super::params`]. Text that is not UTF-8 is kept as such, not replaced: a driver must
//! not be sent question marks because a client used another charset.

/// More pairs than any call needs; the rest of a request with more is not looked at, it is refused.
pub(super) const MAX_PAIRS: usize = 20_000;

/// One `name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    /// Name without any index.
    pub(super) name: String,
    /// It was written as `name[]` or `name[0]`.
    pub(super) indexed: bool,
    /// Value; `None` if it is not UTF-8 or stands under an index that is none.
    pub(super) value: Option<String>,
}

/// Cuts `text` into pairs; `None` if there are more than [`MAX_PAIRS`].
pub(super) fn pairs(text: &[u8]) -> Option<Vec<Pair>> {
    let mut pairs = Vec::new();
    for piece in text.split(|&byte| byte == b'&').filter(|piece| !piece.is_empty()) {
        if pairs.len() == MAX_PAIRS {
            return None;
        }
        let split = piece.iter().position(|&byte| byte == b'=');
        let (name, value) = match split {
            Some(at) => (&piece[..at], &piece[at + 1..]),
            None => (piece, &[][..]),
        };
        // A name that is not UTF-8 is no parameter of ours.
        let Ok(name) = String::from_utf8(decode(name)) else { continue };
        pairs.push(pair(name, String::from_utf8(decode(value)).ok()));
    }
    Some(pairs)
}

fn pair(mut name: String, mut value: Option<String>) -> Pair {
    let Some(bracket) = name.find('[').filter(|&at| at > 0) else {
        return Pair { name, indexed: false, value };
    };
    let index = &name[bracket..];
    let number = index.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if !number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
        value = None;
    }
    name.truncate(bracket);
    Pair { name, indexed: true, value }
}

/// Undoes percent-encoding, with `+` for a space. A `%` without two digits stands for itself.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = after;
                }
                _ => decoded.push(b'%'),
            },
            _ => decoded.push(byte),
        }
    }
    decoded
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, bool, Option<String>)> {
        let pairs = pairs(text.as_bytes()).unwrap();
        pairs.into_iter().map(|pair| (pair.name, pair.indexed, pair.value)).collect()
    }

    fn one(text: &str) -> (String, bool, Option<String>) {
        let mut all = read(text);
        assert_eq!(all.len(), 1, "{text}");
        all.remove(0)
    }

    #[test]
    fn plus_percent_and_literal_spaces_are_spaces() {
        for text in ["m=a+b", "m=a%20b", "m=a b"] {
            assert_eq!(one(text), ("m".into(), false, Some("a b".into())));
        }
    }

    #[test]
    fn text_in_utf8_comes_back() {
        assert_eq!(one("m=%D0%9F%f0%9f%9a%9a%0A").2.as_deref(), Some("П🚚\n"));
    }

    #[test]
    fn text_in_another_charset_is_not_guessed() {
        assert_eq!(one("m=%CF%F0%E8"), ("m".into(), false, None));
        assert_eq!(one("m=%ED%A0%80").2, None, "a lone surrogate");
    }

    #[test]
    fn a_percent_sign_that_encodes_nothing_stays() {
        assert_eq!(one("m=100%").2.as_deref(), Some("100%"));
        assert_eq!(one("m=%zz%4").2.as_deref(), Some("%zz%4"));
    }

    #[test]
    fn indices_are_taken_off_the_name() {
        for text in ["t[]=1", "t[0]=1", "t%5B%5D=1", "t%5B12%5D=1"] {
            assert_eq!(one(text), ("t".into(), true, Some("1".into())), "{text}");
        }
        assert_eq!(one("t[x]=1"), ("t".into(), true, None));
        assert_eq!(one("t[0][1]=1"), ("t".into(), true, None));
    }

    #[test]
    fn empty_pieces_are_skipped_and_missing_values_are_empty() {
        assert_eq!(
            read("&&a&b=&"),
            [("a".into(), false, Some(String::new())), ("b".into(), false, Some(String::new()))]
        );
    }

    #[test]
    fn the_number_of_pairs_is_bounded() {
        assert!(pairs("a&".repeat(MAX_PAIRS).as_bytes()).is_some());
        assert!(pairs("a&".repeat(MAX_PAIRS + 1).as_bytes()).is_none());
    }
}
