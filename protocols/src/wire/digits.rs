//! Decimal digits as numbers, without a detour over texts and iterators.

use nom::IResult;
use nom::error::{ErrorKind, ParseError};

/// `count` digits, nine at most.
pub(crate) fn digits<'a, E: ParseError<&'a [u8]>>(
    count: usize,
) -> impl Fn(&'a [u8]) -> IResult<&'a [u8], u32, E> {
    move |input| match input.split_at_checked(count) {
        Some((digits, rest)) if count <= 9 && digits.iter().all(u8::is_ascii_digit) => {
            Ok((rest, digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))))
        }
        _ => Err(nom::Err::Error(E::from_error_kind(input, ErrorKind::Digit))),
    }
}

/// Two digits.
#[inline]
pub(crate) fn two_digits<'a, E: ParseError<&'a [u8]>>(input: &'a [u8]) -> IResult<&'a [u8], i8, E> {
    match *input {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ref rest @ ..] => {
            Ok((rest, ((tens - b'0') * 10 + (ones - b'0')).cast_signed()))
        }
        _ => Err(nom::Err::Error(E::from_error_kind(input, ErrorKind::Digit))),
    }
}

/// A number as devices write them: a sign or none, no more than 15 digits, among them a point or `comma` or none. `None` for what
/// is none, or is longer. Exact: the digits and the power of ten are numbers that a float holds, and one division rounds once.
pub(crate) fn short_decimal(text: &[u8], comma: u8) -> Option<f64> {
    const MOST: usize = 15;
    const TENS: [f64; MOST + 1] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (negative, text) = match text {
        [b'-', text @ ..] => (true, text),
        [b'+', text @ ..] => (false, text),
        text => (false, text),
    };
    let (mut number, mut point) = (0_u64, None);
    if text.len() > MOST {
        return None;
    }
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + u64::from(byte - b'0'),
            _ if point.is_none() && (byte == b'.' || byte == comma) => point = Some(at),
            _ => return None,
        }
    }
    if text.len() == usize::from(point.is_some()) {
        return None;
    }
    let places = point.map_or(0, |at| text.len() - at - 1);
    let size = number as f64 / TENS.get(places)?;
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn short_decimals_are_what_the_library_reads(text in "[+-]?[0-9]{0,9}[.]?[0-9]{0,9}") {
            if let Some(number) = short_decimal(text.as_bytes(), b',') {
                prop_assert_eq!(Some(number.to_bits()), text.parse().ok().map(f64::to_bits));
            } else {
                prop_assert!(text.len() > 15 || text.parse::<f64>().is_err());
            }
        }
    }

    #[test]
    fn digits_are_counted() {
        type Read<'a, T> = IResult<&'a [u8], T, nom::error::Error<&'a [u8]>>;
        let read: Read<'_, u32> = digits(3)(b"0421");
        assert_eq!(read, Ok((&b"1"[..], 42)));
        let read: Read<'_, u32> = digits(3)(b"42");
        assert!(read.is_err());
        let read: Read<'_, i8> = two_digits(b"077");
        assert_eq!(read, Ok((&b"7"[..], 7)));
        assert_eq!((short_decimal(b"1,5", b','), short_decimal(b"1,5", b'.')), (Some(1.5), None));
    }
}
