//! Taking the fields of a complete binary frame one by one, by name.
//!
//! The parsers are nom's; what the cursor adds is where a field stood: in the [`DecodeError`] when it does not parse, and, if asked
//! for, as a [`Span`] when it does, so that a frame is explained by the same code that decodes it.

use crate::wire::number::{be_i16, be_i32, be_u8, be_u16, be_u24, be_u32, be_u64};
use nom::Parser;
use nom::error::{Error, ErrorKind};

use crate::error::{DecodeError, DecodeErrorKind};

/// Where one field stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The field.
    pub name: &'static str,
    /// Offset of its first byte in the frame.
    pub at: usize,
    /// Offset behind its last byte.
    pub end: usize,
}

impl Span {
    /// The field's bytes, of the frame it was found in.
    #[must_use]
    pub fn of<'a>(&self, frame: &'a [u8]) -> &'a [u8] {
        frame.get(self.at..self.end).unwrap_or_default()
    }
}

/// A frame of which the front has been read.
#[derive(Debug)]
pub struct Cursor<'a> {
    left: &'a [u8],
    at: usize,
    message: &'static str,
    spans: Option<Vec<Span>>,
}

impl<'a> Cursor<'a> {
    /// At the beginning of `frame`; errors name `message`.
    #[must_use]
    pub const fn new(message: &'static str, frame: &'a [u8]) -> Self {
        Self { left: frame, at: 0, message, spans: None }
    }

    /// At the beginning of `bytes`, which stand at `offset` of their frame.
    #[must_use]
    pub const fn inside(message: &'static str, bytes: &'a [u8], offset: usize) -> Self {
        Self { left: bytes, at: offset, message, spans: None }
    }

    /// Like [`Cursor::new`], and keeps the span of every field.
    #[must_use]
    pub const fn tracing(message: &'static str, frame: &'a [u8]) -> Self {
        Self { left: frame, at: 0, message, spans: Some(Vec::new()) }
    }

    /// From here on errors name `message`.
    pub const fn enter(&mut self, message: &'static str) {
        self.message = message;
    }

    /// Bytes not read yet.
    #[must_use]
    pub const fn left(&self) -> &'a [u8] {
        self.left
    }

    /// Reads the field `name` with `parser`.
    ///
    /// # Errors
    /// [`DecodeError`] at the field's first byte; nothing is read then.
    #[inline]
    pub fn field<O>(
        &mut self,
        name: &'static str,
        mut parser: impl Parser<&'a [u8], Output = O, Error = Error<&'a [u8]>>,
    ) -> Result<O, DecodeError> {
        match parser.parse_complete(self.left) {
            Ok((left, value)) => {
                self.moved(name, left);
                Ok(value)
            }
            Err(nom::Err::Error(error) | nom::Err::Failure(error))
                if error.code != ErrorKind::Eof =>
            {
                Err(self.error(name, DecodeErrorKind::Invalid))
            }
            Err(_) => Err(self.error(name, DecodeErrorKind::Truncated)),
        }
    }

    /// Reads `count` bytes.
    ///
    /// # Errors
    /// There are fewer.
    #[inline]
    pub fn bytes(&mut self, name: &'static str, count: usize) -> Result<&'a [u8], DecodeError> {
        let (bytes, left) = self
            .left
            .split_at_checked(count)
            .ok_or_else(|| self.error(name, DecodeErrorKind::Truncated))?;
        self.moved(name, left);
        Ok(bytes)
    }

    /// A number of one byte.
    ///
    /// # Errors
    /// There is none.
    #[inline]
    pub fn u8(&mut self, name: &'static str) -> Result<u8, DecodeError> {
        self.field(name, be_u8)
    }

    /// A number of two bytes, high byte first.
    ///
    /// # Errors
    /// There are fewer bytes.
    #[inline]
    pub fn u16(&mut self, name: &'static str) -> Result<u16, DecodeError> {
        self.field(name, be_u16)
    }

    /// A number of three bytes, high byte first.
    ///
    /// # Errors
    /// There are fewer bytes.
    #[inline]
    pub fn u24(&mut self, name: &'static str) -> Result<u32, DecodeError> {
        self.field(name, be_u24)
    }

    /// A number of four bytes, high byte first.
    ///
    /// # Errors
    /// There are fewer bytes.
    #[inline]
    pub fn u32(&mut self, name: &'static str) -> Result<u32, DecodeError> {
        self.field(name, be_u32)
    }

    /// A number of eight bytes, high byte first.
    ///
    /// # Errors
    /// There are fewer bytes.
    pub fn u64(&mut self, name: &'static str) -> Result<u64, DecodeError> {
        self.field(name, be_u64)
    }

    /// A number of two bytes, high byte first, two's complement.
    ///
    /// # Errors
    /// There are fewer bytes.
    #[inline]
    pub fn i16(&mut self, name: &'static str) -> Result<i16, DecodeError> {
        self.field(name, be_i16)
    }

    /// A number of four bytes, high byte first, two's complement.
    ///
    /// # Errors
    /// There are fewer bytes.
    #[inline]
    pub fn i32(&mut self, name: &'static str) -> Result<i32, DecodeError> {
        self.field(name, be_i32)
    }

    /// Reads `N` bytes.
    ///
    /// # Errors
    /// There are fewer.
    #[inline]
    pub fn array<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N], DecodeError> {
        let (array, left) = self
            .left
            .split_first_chunk()
            .ok_or_else(|| self.error(name, DecodeErrorKind::Truncated))?;
        self.moved(name, left);
        Ok(*array)
    }

    /// Reads all that is left; nothing, and no span, if there is nothing.
    pub fn rest(&mut self, name: &'static str) -> &'a [u8] {
        let rest = self.left;
        if !rest.is_empty() {
            self.moved(name, &[]);
        }
        rest
    }

    /// Leaves `count` bytes at the end alone: they are not read by anything that follows. Nothing happens if there are fewer.
    pub fn hold_back(&mut self, count: usize) {
        let keep = self.left.len().checked_sub(count);
        self.left = keep.and_then(|keep| self.left.get(..keep)).unwrap_or(self.left);
    }

    /// An error about the field `name`, which would begin here.
    #[must_use]
    pub const fn error(&self, name: &'static str, kind: DecodeErrorKind) -> DecodeError {
        DecodeError { message: self.message, field: name, offset: self.at, kind }
    }

    /// The spans of a tracing cursor so far.
    #[must_use]
    pub fn into_spans(self) -> Vec<Span> {
        self.spans.unwrap_or_default()
    }

    #[inline]
    fn moved(&mut self, name: &'static str, left: &'a [u8]) {
        let at = self.at;
        self.at = at.saturating_add(self.left.len().saturating_sub(left.len()));
        self.left = left;
        if let Some(spans) = &mut self.spans {
            spans.push(Span { name, at, end: self.at });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::number::{be_u8, be_u16};
    use nom::bytes::complete::tag;

    use super::*;

    #[test]
    fn fields_are_named_where_they_stand() {
        let frame = [1, 2, 3, 9, 9];
        let mut cursor = Cursor::tracing("m", &frame);
        cursor.hold_back(2);
        assert_eq!((cursor.field("a", be_u8), cursor.field("b", be_u16)), (Ok(1), Ok(0x203)));
        let short =
            DecodeError { message: "m", field: "c", offset: 3, kind: DecodeErrorKind::Truncated };
        assert_eq!(cursor.field("c", be_u8), Err(short.clone()));
        assert_eq!(cursor.bytes("c", 1), Err(short));
        assert_eq!(cursor.rest("nothing"), &[0; 0]);
        let spans = cursor.into_spans();
        assert_eq!(
            spans.iter().map(|span| span.of(&frame)).collect::<Vec<_>>(),
            [&[1][..], &[2, 3]]
        );
    }

    #[test]
    fn numbers_count_from_where_their_bytes_stand() {
        let mut cursor = Cursor::inside("m", &[1, 2, 3, 4, 5], 10);
        assert_eq!((cursor.u8("a"), cursor.array("b")), (Ok(1), Ok([2, 3])));
        let kind = DecodeErrorKind::Truncated;
        let short = |field| DecodeError { message: "m", field, offset: 13, kind };
        assert_eq!(cursor.u24("c"), Err(short("c")));
        assert_eq!(cursor.array::<3>("d"), Err(short("d")));
        assert_eq!((cursor.u16("e"), cursor.left()), (Ok(0x0405), &[][..]));
    }

    #[test]
    fn a_wrong_value_is_not_a_short_one() {
        let mut cursor = Cursor::new("m", b"xy");
        let error = cursor.field("mark", tag(&b"ab"[..])).unwrap_err();
        assert_eq!((error.offset, error.kind), (0, DecodeErrorKind::Invalid));
    }
}
