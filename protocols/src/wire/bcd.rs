//! Binary-coded decimal: one decimal digit per nibble, most significant first.

/// The digits of `bytes`, or `None` if a nibble is above 9.
#[must_use]
pub fn digits(bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len() * 2);
    for &byte in bytes {
        for nibble in [byte >> 4, byte & 0x0f] {
            text.push(char::from_digit(u32::from(nibble), 10)?);
        }
    }
    Some(text)
}

/// One byte of two digits as a number, or `None` if a nibble is above 9.
#[must_use]
pub const fn number(byte: u8) -> Option<u8> {
    let (high, low) = (byte >> 4, byte & 0x0f);
    if high > 9 || low > 9 { None } else { Some(high * 10 + low) }
}

/// A number below 100 as one byte; larger ones wrap at 100.
#[must_use]
pub const fn byte(number: u8) -> u8 {
    let number = number % 100;
    ((number / 10) << 4) | (number % 10)
}

/// The last 16 digits of a number as eight bytes, filled up with zeros in front: how trackers write an IMEI. Anything but a digit
/// counts as one.
#[must_use]
pub fn sixteen(digits: &str) -> [u8; 8] {
    let mut bytes = [0; 8];
    let mut values = digits.bytes().rev().map(|digit| digit.wrapping_sub(b'0') % 10);
    for slot in bytes.iter_mut().rev() {
        let (low, high) = (values.next().unwrap_or(0), values.next().unwrap_or(0));
        *slot = byte(high * 10 + low);
    }
    bytes
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_two_digit_number_comes_back() {
        for n in 0..100 {
            assert_eq!(super::number(super::byte(n)), Some(n));
        }
        assert_eq!(super::digits(&[0x01, 0x39]), Some("0139".to_owned()));
        assert_eq!(super::sixteen("12345"), [0, 0, 0, 0, 0, 1, 0x23, 0x45]);
        assert_eq!((super::number(0x0a), super::digits(&[0xa0])), (None, None));
    }
}
