//! Reading binary fields, high byte first, with the name and offset of the one that is missing.

use crate::error::{DecodeError, DecodeErrorKind};

/// Takes fields off the front of a frame.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    message: &'static str,
    end: usize,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `frame` from `offset` up to `tail` bytes before its end.
    pub(super) fn new(message: &'static str, frame: &'a [u8], offset: usize, tail: usize) -> Self {
        let end = frame.len().saturating_sub(tail);
        Self { message, end, rest: frame.get(offset..end).unwrap_or_default() }
    }

    /// What is left.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// An error at this place.
    pub(super) fn error(&self, field: &'static str, kind: DecodeErrorKind) -> DecodeError {
        let offset = self.end.saturating_sub(self.rest.len());
        DecodeError { message: self.message, field, offset, kind }
    }

    /// `count` bytes.
    pub(super) fn take(
        &mut self,
        field: &'static str,
        count: usize,
    ) -> Result<&'a [u8], DecodeError> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.error(field, DecodeErrorKind::Truncated)),
        }
    }

    /// Exactly `N` bytes.
    pub(super) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], DecodeError> {
        match self.rest.split_first_chunk() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(*taken)
            }
            None => Err(self.error(field, DecodeErrorKind::Truncated)),
        }
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.array(field)?))
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.array(field)?))
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }

    pub(super) fn i32(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array(field)?))
    }
}
