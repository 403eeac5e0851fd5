//! Values in text protocols: numbers, dates, hexadecimal UTF-16.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use nom::Parser;
use nom::combinator::all_consuming;
use nom::error::Error;

use super::digits::{short_decimal, two_digits};

/// Longest number that is one.
const MAX_NUMBER: usize = 24;

/// A decimal number of any sign, with blanks around it.
pub(crate) fn decimal(text: &[u8]) -> Option<f64> {
    let text = text.trim_ascii();
    let plain = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    if text.is_empty() || text.len() > MAX_NUMBER || !text.iter().all(plain) {
        return None;
    }
    short_decimal(text, b'.').or_else(|| std::str::from_utf8(text).ok()?.parse().ok())
}

/// A whole number without sign, with blanks around it.
pub(crate) fn integer(text: &[u8]) -> Option<u32> {
    let text = text.trim_ascii();
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Three numbers of two digits each.
fn pairs(text: &[u8]) -> Option<[i8; 3]> {
    let parsed = all_consuming((two_digits, two_digits, two_digits)).parse_complete(text);
    let (_, (a, b, c)) = parsed.map_err(|_: nom::Err<Error<&[u8]>>| ()).ok()?;
    Some([a, b, c])
}

/// A moment in UTC from year, month and day of this century, and `hhmmss`.
fn moment([year, month, day]: [i8; 3], time: &[u8]) -> Option<Timestamp> {
    let [hour, minute, second] = pairs(time)?;
    let local = DateTime::new(2000 + i16::from(year), month, day, hour, minute, second, 0).ok()?;
    Offset::UTC.to_timestamp(local).ok()
}

/// `ddmmyy` and `hhmmss`, UTC.
pub(crate) fn day_first(date: &[u8], time: &[u8]) -> Option<Timestamp> {
    let [day, month, year] = pairs(date)?;
    moment([year, month, day], time)
}

/// `yymmdd` and `hhmmss`, UTC.
pub(crate) fn year_first(date: &[u8], time: &[u8]) -> Option<Timestamp> {
    moment(pairs(date)?, time)
}

/// `text` as UTF-16, high byte first, four capital hexadecimal digits a unit. What lies beyond the basic plane becomes `?`.
pub(crate) fn utf16_hex(text: &str) -> String {
    let basic = |c: char| if c.len_utf16() == 1 { c } else { '?' };
    let units = text.chars().filter(|&c| c != '\r').map(basic);
    units.map(|c| format!("{:04X}", u32::from(c))).collect()
}

/// The text in hexadecimal digits of either case; `None` if they are no such digits.
pub(crate) fn from_utf16_hex(digits: &[u8]) -> Option<String> {
    let mut units = Vec::with_capacity(digits.len() / 4);
    let mut quads = digits.chunks_exact(4);
    for quad in &mut quads {
        let value = |&digit: &u8| char::from(digit).to_digit(16);
        let unit = quad.iter().try_fold(0, |sum, digit| Some(sum * 16 + value(digit)?))?;
        units.push(u16::try_from(unit).ok()?);
    }
    quads.remainder().is_empty().then(|| String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_moments_are_read_as_written() {
        assert_eq!(
            (decimal(b" 9.15"), decimal(b"-84.1"), decimal(b"+1")),
            (Some(9.15), Some(-84.1), Some(1.0))
        );
        assert_eq!(
            (decimal(b""), decimal(b"nan"), decimal(b"1e9"), decimal(b"1.2.3")),
            (None, None, None, None)
        );
        assert_eq!(
            (integer(b"007"), integer(b"-1"), integer(b"99999999999")),
            (Some(7), None, None)
        );
        assert_eq!(year_first(b"080524", b"061830"), "2008-05-24T06:18:30Z".parse().ok());
        assert_eq!(day_first(b"120316", b"140444"), "2016-03-12T14:04:44Z".parse().ok());
        assert_eq!((day_first(b"081324", b"0618"), day_first(b"3113", b"061830")), (None, None));
    }

    #[test]
    fn texts_travel_as_hexadecimal_units() {
        assert_eq!(utf16_hex("好1\r\n🚚"), "597D0031000A003F");
        assert_eq!(from_utf16_hex(b"597d0031"), Some("好1".to_owned()));
        assert_eq!((from_utf16_hex(b"597"), from_utf16_hex(b"59XY")), (None, None));
    }
}
