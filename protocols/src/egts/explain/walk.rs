//! Taking fields off a packet one by one. What is not there is left out; the decoder has said so already.

use crate::egts::message::moment;
use crate::egts::names;
use crate::explain::Field;

/// Bytes being explained.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) left: &'a [u8],
    pub(super) fields: Vec<Field>,
}

impl<'a> Walk<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, fields: Vec::new() }
    }

    /// The next `count` bytes, or all that is left, for fields of their own.
    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (bytes, left) = self.left.split_at_checked(count).unwrap_or((self.left, &[]));
        self.left = left;
        bytes
    }

    /// Takes `count` bytes and names them; nothing if there are fewer.
    pub(super) fn bytes(
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
    pub(super) fn rest(&mut self, name: &str, value: impl FnOnce(&'a [u8]) -> String) {
        self.bytes(name, self.left.len(), value);
    }

    /// A number of up to eight bytes in words of `value`, which gets 0 if it is not there; returns it.
    pub(super) fn value(
        &mut self,
        name: &str,
        count: usize,
        value: impl FnOnce(u64) -> String,
    ) -> u64 {
        let number = self.left.get(..count).map_or(0, number);
        self.bytes(name, count, |_| value(number));
        number
    }

    /// A number; returns it.
    pub(super) fn number(&mut self, name: &str, count: usize) -> u64 {
        self.value(name, count, |number| number.to_string())
    }

    /// One byte.
    pub(super) fn byte(&mut self, name: &str, value: impl FnOnce(u8) -> String) -> u8 {
        let byte = self.left.first().copied().unwrap_or(0);
        self.bytes(name, 1, |_| value(byte));
        byte
    }

    /// Bits.
    pub(super) fn bits(&mut self, name: &str) -> u8 {
        self.byte(name, |bits| format!("{bits:08b}"))
    }

    /// A result code.
    pub(super) fn code(&mut self, name: &str) {
        self.byte(name, |code| format!("{code} {}", names::result(code)));
    }

    /// Seconds since 2010.
    pub(super) fn time(&mut self, name: &str) {
        self.value(name, 4, |seconds| {
            let moment = u32::try_from(seconds).ok().and_then(moment);
            moment.map_or_else(|| "none".to_owned(), |moment| format!("{seconds} = {moment}"))
        });
    }
}

/// A little-endian number.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}
