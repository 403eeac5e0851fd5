//! Texts that carry a number, so that each is told from all others wherever it turns up.

/// Digits of a number; it always has all of them.
const DIGITS: usize = 10;

/// A text with a place for a number.
#[derive(Debug, Clone, Copy)]
pub struct Phrase {
    before: &'static str,
    after: &'static str,
}

/// What the dispatcher writes.
pub const TO_DRIVER: Phrase = Phrase { before: "Order ", after: ": call before you unload" };
/// What drivers write.
pub const FROM_DRIVER: Phrase = Phrase { before: "Note ", after: ": unloaded, driving back" };

impl Phrase {
    /// The text with this number.
    pub fn with(self, number: usize) -> String {
        format!("{}{number:0DIGITS$}{}", self.before, self.after)
    }

    /// The number, if it is exactly such a text.
    pub fn number(self, text: &[u8]) -> Option<usize> {
        let rest = text.strip_prefix(self.before.as_bytes())?;
        let digits = rest.strip_suffix(self.after.as_bytes())?;
        if digits.len() != DIGITS || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
    }

    /// Where the number stands in bytes that contain such a text.
    pub fn place(self, bytes: &[u8]) -> Option<usize> {
        let before = self.before.as_bytes();
        let found = bytes.windows(before.len()).position(|window| window == before)?;
        Some(found + before.len())
    }

    /// Puts another number at that place.
    pub fn renumber(bytes: &mut [u8], place: usize, number: usize) {
        let mut rest = number;
        for digit in bytes[place..place + DIGITS].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_back_from_its_text_only() {
        let mut bytes = format!("{{\"message\":\"{}\"}}", TO_DRIVER.with(0)).into_bytes();
        let place = TO_DRIVER.place(&bytes).unwrap();
        Phrase::renumber(&mut bytes, place, 1_234_567);
        let text = TO_DRIVER.with(1_234_567);
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("{{\"message\":\"{text}\"}}"));
        assert_eq!(TO_DRIVER.number(text.as_bytes()), Some(1_234_567));
        let strange = [&text[1..], &text[..text.len() - 1], &text.replace('7', "x")];
        for text in strange {
            assert_eq!(TO_DRIVER.number(text.as_bytes()), None, "{text}");
        }
        assert_eq!(FROM_DRIVER.number(text.as_bytes()), None);
    }
}
