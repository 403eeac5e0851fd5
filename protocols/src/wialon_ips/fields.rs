//! The fields of a body: what stands between semicolons, and the forms a field can have (specification 4.2).
//!
//! Blanks around a field are dropped, `NA` and an empty field are "not given", a decimal comma is a decimal point: all of it
//! occurs in the field.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use memchr::memchr;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::{char as byte, digit0, digit1, one_of};
use nom::combinator::{all_consuming, opt, recognize};
use nom::sequence::{pair, preceded};

use crate::error::{DecodeError, DecodeErrorKind};
use crate::wire::digits::{short_decimal, two_digits};

/// Largest plausible number of digits of one number; longer ones are no measurement.
const MAX_NUMBER: usize = 40;

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// Without blanks around it.
    pub(super) text: &'a [u8],
    /// Where it begins in the body.
    pub(super) offset: usize,
}

/// A field that says nothing: empty, `NA`, `N/A`.
pub(super) fn absent(text: &[u8]) -> bool {
    text.is_empty() || text.eq_ignore_ascii_case(b"NA") || text.eq_ignore_ascii_case(b"N/A")
}

/// Takes fields off the front of a body.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    message: &'static str,
    rest: Option<&'a [u8]>,
    offset: usize,
    left: usize,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(message: &'static str, body: &'a [u8]) -> Self {
        Self { message, rest: Some(body), offset: 0, left: usize::MAX }
    }

    /// Pretends that there are only `count` more fields.
    pub(super) const fn truncate(&mut self, count: usize) {
        self.left = count;
    }

    /// Everything that has not been taken, semicolons included.
    pub(super) fn remainder(&mut self) -> Option<Field<'a>> {
        let text = self.rest.take()?;
        Some(Field { text: text.trim_ascii(), offset: self.offset })
    }

    pub(super) fn error(
        &self,
        field: &'static str,
        offset: usize,
        kind: DecodeErrorKind,
    ) -> DecodeError {
        DecodeError { message: self.message, field, offset, kind }
    }

    /// The next field, which must be there.
    pub(super) fn required(&mut self, name: &'static str) -> Result<Field<'a>, DecodeError> {
        let offset = self.offset;
        self.next().ok_or_else(|| self.error(name, offset, DecodeErrorKind::Truncated))
    }

    /// The next field, as it stands.
    pub(super) fn text(&mut self, name: &'static str) -> Result<&'a [u8], DecodeError> {
        Ok(self.required(name)?.text)
    }

    /// The next field by `parser`; `None` for a field that says nothing.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        parser: impl Fn(&'a [u8]) -> Option<T>,
    ) -> Result<Option<T>, DecodeError> {
        let field = self.required(name)?;
        self.parsed(field, name, parser)
    }

    /// Like [`Fields::optional`], but the field may be missing altogether.
    pub(super) fn trailing<T>(
        &mut self,
        name: &'static str,
        parser: impl Fn(&'a [u8]) -> Option<T>,
    ) -> Result<Option<T>, DecodeError> {
        match self.next() {
            None => Ok(None),
            Some(field) => self.parsed(field, name, parser),
        }
    }

    fn parsed<T>(
        &self,
        field: Field<'a>,
        name: &'static str,
        parser: impl Fn(&'a [u8]) -> Option<T>,
    ) -> Result<Option<T>, DecodeError> {
        if absent(field.text) {
            return Ok(None);
        }
        match parser(field.text) {
            None => Err(self.error(name, field.offset, DecodeErrorKind::Invalid)),
            value => Ok(value),
        }
    }

    /// A whole number that must be there.
    pub(super) fn number(&mut self, name: &'static str) -> Result<u32, DecodeError> {
        let offset = self.offset;
        self.optional(name, integer)?
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| self.error(name, offset, DecodeErrorKind::Invalid))
    }

    /// The number of binary bytes, which must be what was found.
    pub(super) fn size(&mut self, name: &'static str, found: usize) -> Result<(), DecodeError> {
        let offset = self.offset;
        if self.number(name)? as usize == found {
            return Ok(());
        }
        Err(self.error(name, offset, DecodeErrorKind::Invalid))
    }

    /// Date and time; `None` if either is not given.
    pub(super) fn time(&mut self) -> Result<Option<Timestamp>, DecodeError> {
        let date = self.optional("date", date)?;
        let time = self.optional("time", time)?;
        Ok(date.zip(time).and_then(|(date, time)| {
            Offset::UTC.to_timestamp(DateTime::from_parts(date, time)).ok()
        }))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        self.left = self.left.checked_sub(1)?;
        let rest = self.rest?;
        let offset = self.offset;
        let text = match memchr(b';', rest) {
            Some(at) => {
                self.rest = rest.get(at + 1..);
                self.offset = offset + at + 1;
                rest.get(..at).unwrap_or(rest)
            }
            None => {
                self.rest = None;
                self.offset = offset + rest.len();
                rest
            }
        };
        Some(Field { text: text.trim_ascii(), offset })
    }
}

fn complete<'a, T>(
    parser: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
    text: &'a [u8],
) -> Option<T> {
    all_consuming(parser).parse(text).ok().map(|(_, value)| value)
}

/// `DDMMYY`, of this century.
pub(super) fn date(text: &[u8]) -> Option<Date> {
    let (day, month, year) = complete((two_digits, two_digits, two_digits), text)?;
    Date::new(2000 + i16::from(year), month, day).ok()
}

/// `HHMMSS`, in 2.1 perhaps with decimals of the second.
pub(super) fn time(text: &[u8]) -> Option<Time> {
    let decimals = preceded(byte('.'), take_while1(|digit: u8| digit.is_ascii_digit()));
    let parser = (two_digits, two_digits, two_digits, opt(decimals));
    let (hour, minute, second, decimals) = complete(parser, text)?;
    let nanoseconds = (0..9).fold(0_i32, |sum, place| {
        let digit = decimals.and_then(|digits| digits.get(place)).map_or(0, |digit| digit - b'0');
        sum * 10 + i32::from(digit)
    });
    Time::new(hour, minute, second, nanoseconds).ok()
}

/// A whole number.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let digits = complete(recognize(pair(opt(one_of("+-")), digit1)), text)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A bit mask: a whole number without sign.
pub(super) fn mask(text: &[u8]) -> Option<u32> {
    integer(text).and_then(|number| u32::try_from(number).ok())
}

/// How many: a whole number; some devices write decimals.
pub(super) fn satellites(text: &[u8]) -> Option<u16> {
    let number = decimal(text)?;
    // The check makes the conversion exact but for the decimals.
    (0.0..=f64::from(u16::MAX)).contains(&number).then_some(number as u16)
}

/// A number with or without decimals, behind a point or a comma.
pub(super) fn decimal(text: &[u8]) -> Option<f64> {
    short_decimal(text, b',').or_else(|| long_decimal(text))
}

fn long_decimal(text: &[u8]) -> Option<f64> {
    let after = || pair(one_of(".,"), digit0);
    let before = pair(digit1, opt(after()));
    let unsigned = alt((recognize(before), recognize(pair(one_of(".,"), digit1))));
    let number = complete(recognize(pair(opt(one_of("+-")), unsigned)), text)?;
    if number.len() > MAX_NUMBER {
        return None;
    }
    let mut point = [0; MAX_NUMBER];
    let point = point.get_mut(..number.len())?;
    for (to, &from) in point.iter_mut().zip(number) {
        *to = if from == b',' { b'.' } else { from };
    }
    std::str::from_utf8(point).ok()?.parse().ok()
}
