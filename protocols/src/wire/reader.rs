//! Fields off the front of a binary message, big-endian, by nom's parsers for complete input. What goes wrong names the message,
//! the field and its offset.

use nom::Parser;
use nom::bytes::complete::take;
use nom::error::{Error, ErrorKind};
use nom::number::complete::{be_u8, be_u16, be_u32, be_u64};

use crate::error::{DecodeError, DecodeErrorKind};

/// What is left of a message.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    message: &'static str,
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, which begin at `offset` of the frame.
    pub(crate) const fn new(message: &'static str, bytes: &'a [u8], offset: usize) -> Self {
        Self { message, rest: bytes, offset }
    }

    /// One field by `parser`.
    ///
    /// # Errors
    /// The field is not there, or is not what it should be.
    pub(crate) fn field<O>(
        &mut self,
        name: &'static str,
        mut parser: impl Parser<&'a [u8], Output = O, Error = Error<&'a [u8]>>,
    ) -> Result<O, DecodeError> {
        match parser.parse_complete(self.rest) {
            Ok((rest, value)) => {
                self.offset += self.rest.len() - rest.len();
                self.rest = rest;
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

    /// The error that the field at the front gives.
    pub(crate) const fn error(&self, field: &'static str, kind: DecodeErrorKind) -> DecodeError {
        DecodeError { message: self.message, field, offset: self.offset, kind }
    }

    pub(crate) fn u8(&mut self, name: &'static str) -> Result<u8, DecodeError> {
        self.field(name, be_u8)
    }

    pub(crate) fn u16(&mut self, name: &'static str) -> Result<u16, DecodeError> {
        self.field(name, be_u16)
    }

    pub(crate) fn u32(&mut self, name: &'static str) -> Result<u32, DecodeError> {
        self.field(name, be_u32)
    }

    pub(crate) fn u64(&mut self, name: &'static str) -> Result<u64, DecodeError> {
        self.field(name, be_u64)
    }

    /// Three bytes.
    pub(crate) fn u24(&mut self, name: &'static str) -> Result<u32, DecodeError> {
        self.field(name, nom::number::complete::be_u24)
    }

    /// Two's complement.
    pub(crate) fn i16(&mut self, name: &'static str) -> Result<i16, DecodeError> {
        self.field(name, nom::number::complete::be_i16)
    }

    /// Two's complement.
    pub(crate) fn i32(&mut self, name: &'static str) -> Result<i32, DecodeError> {
        self.field(name, nom::number::complete::be_i32)
    }

    pub(crate) fn bytes(
        &mut self,
        name: &'static str,
        count: usize,
    ) -> Result<&'a [u8], DecodeError> {
        self.field(name, take(count))
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        name: &'static str,
    ) -> Result<[u8; N], DecodeError> {
        let bytes = self.bytes(name, N)?;
        bytes.try_into().map_err(|_| self.error(name, DecodeErrorKind::Truncated))
    }

    /// What is left, without taking it.
    pub(crate) const fn left(&self) -> &'a [u8] {
        self.rest
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = std::mem::take(&mut self.rest);
        self.offset += rest.len();
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_field_and_where_it_begins() {
        let mut reader = Reader::new("test", &[1, 2, 3, 4], 10);
        assert_eq!((reader.u8("a"), reader.u16("b")), (Ok(1), Ok(0x0203)));
        let kind = DecodeErrorKind::Truncated;
        let error = DecodeError { message: "test", field: "c", offset: 13, kind };
        assert_eq!(reader.u16("c"), Err(error));
        assert_eq!((reader.left(), reader.rest(), reader.left()), (&[4][..], &[4][..], &[][..]));
    }
}
