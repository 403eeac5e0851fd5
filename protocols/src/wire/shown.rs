//! Fields of a binary message for a human reader, taken off the front one by one. What is not there is left out: the decoder
//! says so.

use crate::explain::Field;

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A message being explained.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    rest: &'a [u8],
    pub(crate) fields: Vec<Field>,
}

impl<'a> Shown<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, fields: Vec::new() }
    }

    /// Bytes that have not been taken.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Takes `count` bytes and names them; `false` if there are fewer.
    pub(crate) fn bytes(
        &mut self,
        name: &str,
        count: usize,
        value: impl FnOnce(&'a [u8]) -> String,
    ) -> bool {
        let Some((bytes, rest)) = self.rest.split_at_checked(count).filter(|_| count > 0) else {
            return false;
        };
        self.rest = rest;
        self.fields.push(Field::new(name, value(bytes), hex(bytes)));
        true
    }

    /// A number of up to eight bytes, high byte first.
    pub(crate) fn number(
        &mut self,
        name: &str,
        count: usize,
        value: impl FnOnce(u64) -> String,
    ) -> bool {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, &byte| (sum << 8) | u64::from(byte));
        self.bytes(name, count, |bytes| value(number(bytes)))
    }

    /// A number that needs no explanation.
    pub(crate) fn plain(&mut self, name: &str, count: usize) -> bool {
        self.number(name, count, |number| number.to_string())
    }

    /// Everything but the last `behind` bytes.
    pub(crate) fn until(
        &mut self,
        behind: usize,
        name: &str,
        value: impl FnOnce(&'a [u8]) -> String,
    ) {
        self.bytes(name, self.rest.len().saturating_sub(behind), value);
    }
}
