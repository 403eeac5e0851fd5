//! Parsing complete bodies with nom, field by field: a failure says which field and where it begins. For formats whose parsers hand
//! the rest of the input on; where one position moves through a frame, see [`cursor`](super::cursor).

use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Parser};

use crate::error::DecodeErrorKind;

/// What a parser did not like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault<'a> {
    /// The input from the field on.
    pub(crate) rest: &'a [u8],
    /// The field.
    pub(crate) field: &'static str,
    /// What is wrong with it.
    pub(crate) kind: DecodeErrorKind,
}

/// What a parser of one field gives: the rest of the input, and the value.
pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T, Fault<'a>>;
/// What a parser of a whole body gives.
pub(crate) type Outcome<'a, T> = Result<T, nom::Err<Fault<'a>>>;

impl<'a> ParseError<&'a [u8]> for Fault<'a> {
    fn from_error_kind(rest: &'a [u8], kind: ErrorKind) -> Self {
        let kind = match kind {
            ErrorKind::Eof => DecodeErrorKind::Truncated,
            _ => DecodeErrorKind::Invalid,
        };
        Self { rest, field: "body", kind }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl<'a> From<nom::Err<Self>> for Fault<'a> {
    fn from(error: nom::Err<Self>) -> Self {
        match error {
            nom::Err::Error(fault) | nom::Err::Failure(fault) => fault,
            // The parsers are the complete ones, which never ask for more.
            nom::Err::Incomplete(_) => {
                Self { rest: &[], field: "body", kind: DecodeErrorKind::Truncated }
            }
        }
    }
}

/// Applies `parser`; a failure is named after the field and points at its beginning. (`Parser::parse` would run combinators in
/// streaming mode and ask for more where the body ends.)
#[inline]
pub(crate) fn field<'a, O>(
    name: &'static str,
    mut parser: impl Parser<&'a [u8], Output = O, Error = Fault<'a>>,
    input: &'a [u8],
) -> Parsed<'a, O> {
    parser
        .parse_complete(input)
        .map_err(|error| error.map(|fault| Fault { rest: input, field: name, kind: fault.kind }))
}

/// A number of fixed size. What reads it is no parser of its own: in formats of many small fields its detours cost more than they do.
#[inline]
pub(crate) fn number<'a, const N: usize, O>(
    field: &'static str,
    read: impl FnOnce([u8; N]) -> O,
    input: &'a [u8],
) -> Parsed<'a, O> {
    match input.split_first_chunk() {
        Some((bytes, rest)) => Ok((rest, read(*bytes))),
        None => {
            let kind = DecodeErrorKind::Truncated;
            Err(nom::Err::Error(Fault { rest: input, field, kind }))
        }
    }
}

/// `count` bytes.
#[inline]
pub(crate) fn bytes<'a>(
    field: &'static str,
    count: usize,
    input: &'a [u8],
) -> Parsed<'a, &'a [u8]> {
    let truncated = Fault { rest: input, field, kind: DecodeErrorKind::Truncated };
    let (bytes, rest) = input.split_at_checked(count).ok_or(nom::Err::Error(truncated))?;
    Ok((rest, bytes))
}

#[cfg(test)]
mod tests {
    use crate::wire::number::be_u16;

    use super::*;

    #[test]
    fn a_fault_points_at_the_beginning_of_its_field() {
        let (rest, word) = field("a", be_u16, &[1, 2, 3]).unwrap();
        assert_eq!((rest, word), (&[3][..], 0x0102));
        let fault = Fault::from(field("b", be_u16, rest).unwrap_err());
        let expected = Fault { rest, field: "b", kind: DecodeErrorKind::Truncated };
        assert_eq!((fault, Fault::from(bytes("b", 2, rest).unwrap_err())), (expected, expected));
    }
}
