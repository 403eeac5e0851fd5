//! Fields of a binary message for a human reader, taken off the front one by one. What is not there is left out: the decoder
//! says so.

use crate::explain::Field;

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}

/// A message being explained. What only one protocol's fields need is an `impl` block beside its explanations.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) left: &'a [u8],
    pub(crate) fields: Vec<Field>,
    low_byte_first: bool,
}

impl<'a> Shown<'a> {
    /// Numbers in it have their high byte first.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, fields: Vec::new(), low_byte_first: false }
    }

    /// Numbers in it have their low byte first.
    pub(crate) const fn low_byte_first(bytes: &'a [u8]) -> Self {
        Self { left: bytes, fields: Vec::new(), low_byte_first: true }
    }

    /// The next `count` bytes, or all that is left, for fields of their own.
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (bytes, left) = self.left.split_at_checked(count).unwrap_or((self.left, &[]));
        self.left = left;
        bytes
    }

    /// Takes `count` bytes and names them; nothing if there are fewer.
    pub(crate) fn bytes(
        &mut self,
        name: &str,
        count: usize,
        value: impl FnOnce(&'a [u8]) -> String,
    ) {
        if count > 0
            && let Some((bytes, left)) = self.left.split_at_checked(count)
        {
            self.left = left;
            self.fields.push(Field::new(name, value(bytes), hex(bytes)));
        }
    }

    /// All that is left.
    pub(crate) fn rest(&mut self, name: &str, value: impl FnOnce(&'a [u8]) -> String) {
        self.bytes(name, self.left.len(), value);
    }

    /// Everything but the last `behind` bytes.
    pub(crate) fn until(
        &mut self,
        behind: usize,
        name: &str,
        value: impl FnOnce(&'a [u8]) -> String,
    ) {
        self.bytes(name, self.left.len().saturating_sub(behind), value);
    }

    /// A number of up to eight bytes in words of `value`; returns it, or 0 if it is not there.
    pub(crate) fn value(
        &mut self,
        name: &str,
        count: usize,
        value: impl FnOnce(u64) -> String,
    ) -> u64 {
        let push = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        let number = self.left.get(..count).map_or(0, |bytes| match self.low_byte_first {
            true => bytes.iter().rev().fold(0, push),
            false => bytes.iter().fold(0, push),
        });
        self.bytes(name, count, |_| value(number));
        number
    }

    /// A number that needs no explanation; returns it, or 0.
    pub(crate) fn number(&mut self, name: &str, count: usize) -> u64 {
        self.value(name, count, |number| number.to_string())
    }

    /// One byte; returns it, or 0.
    pub(crate) fn byte(&mut self, name: &str, value: impl FnOnce(u8) -> String) -> u8 {
        let byte = self.left.first().copied().unwrap_or(0);
        self.bytes(name, 1, |_| value(byte));
        byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_their_byte_order_and_shown_as_they_stand() {
        for (mut shown, number) in
            [(Shown::new(&[1, 2, 9]), 0x0102), (Shown::low_byte_first(&[1, 2, 9]), 0x0201)]
        {
            assert_eq!((shown.number("a", 2), shown.number("b", 2)), (number, 0));
            shown.rest("c", hex);
            assert_eq!((shown.byte("d", |_| String::new()), shown.left), (0, &[][..]));
            let expected =
                [Field::new("a", number.to_string(), "0102"), Field::new("c", "09", "09")];
            assert_eq!(shown.fields, expected);
        }
    }
}
