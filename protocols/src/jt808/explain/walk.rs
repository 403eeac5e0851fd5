//! Fields that only these bodies have.

use crate::explain::Field;
use crate::jt808::message::trimmed;
use crate::text::Charset;
use crate::wire::shown::{Shown, hex};

impl Shown<'_> {
    pub(super) fn word(&mut self, name: &str, value: impl FnOnce(u16) -> String) {
        self.bytes(name, 2, |bytes| {
            value(bytes.iter().fold(0, |word, byte| word << 8 | u16::from(*byte)))
        });
    }

    pub(super) fn double(&mut self, name: &str, value: impl FnOnce(u32) -> String) {
        self.bytes(name, 4, |bytes| {
            value(bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte)))
        });
    }

    pub(super) fn number8(&mut self, name: &str) {
        self.byte(name, |number| number.to_string());
    }

    pub(super) fn number16(&mut self, name: &str) {
        self.word(name, |number| number.to_string());
    }

    pub(super) fn number32(&mut self, name: &str) {
        self.double(name, |number| number.to_string());
    }

    /// A text of fixed width.
    pub(super) fn text(&mut self, name: &str, count: usize) {
        self.bytes(name, count, quoted);
    }

    /// A text to the end.
    pub(super) fn text_rest(&mut self, name: &str) {
        self.rest(name, quoted);
    }

    /// Length byte, then text.
    pub(super) fn short_text(&mut self, name: &str) {
        let length = self.left.first().copied().map_or(0, usize::from);
        self.number8(&format!("{name} length"));
        self.text(name, length);
    }

    /// Length word, then text.
    pub(super) fn long_text(&mut self, name: &str) {
        let length =
            self.left.first_chunk().map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
        self.number16(&format!("{name} length"));
        self.text(name, length);
    }

    /// A field of its own bytes whose parts are walked by `parts`, which get `inner` bytes.
    pub(super) fn group(
        &mut self,
        name: String,
        value: String,
        own: usize,
        inner: usize,
        parts: impl FnOnce(&mut Self),
    ) {
        let Some((own, left)) = self.left.split_at_checked(own) else { return };
        let Some((inner, left)) = left.split_at_checked(inner) else { return };
        self.left = left;
        let mut walk = Shown::new(inner);
        parts(&mut walk);
        walk.rest("bytes left over", |_| "ignored".to_owned());
        self.fields.push(Field::new(name, value, hex(own)).with(walk.fields));
    }
}

/// A text field as GBK, padding removed.
pub(super) fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", Charset::Gbk.decode(trimmed(bytes)))
}

/// Six BCD digits pairs as a time, whatever they are.
pub(super) fn time(bytes: &[u8]) -> String {
    let digits = hex(bytes);
    let part = |at: usize| digits.get(at..at + 2).unwrap_or("??");
    format!("20{}-{}-{} {}:{}:{}", part(0), part(2), part(4), part(6), part(8), part(10))
}

/// Numbers of the bits that are set.
pub(super) fn bits(word: u32) -> String {
    let set: Vec<_> =
        (0..32).filter(|bit| word >> bit & 1 != 0).map(|bit| bit.to_string()).collect();
    if set.is_empty() { "none".to_owned() } else { format!("[{}]", set.join(", ")) }
}
