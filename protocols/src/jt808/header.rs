//! The message header (section 3): which of its four forms a frame has, who sent it, and how to address the answer.

use super::message;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::wire::fault::Fault;
use crate::wire::shown::hex;

/// Form of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// 2011 and 2013: a 6-byte phone.
    Legacy,
    /// 2019: protocol version and a 10-byte phone.
    V2019,
}

/// Which edition's message bodies a terminal uses. In the field this is independent of the header (section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edition {
    /// JT/T 808-2011.
    V2011,
    /// JT/T 808-2013.
    V2013,
    /// JT/T 808-2019.
    V2019,
}

/// The terminal's number, right-aligned: the same terminal is the same value under both header forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phone([u8; 10]);

/// Everything of a header that an answer has to copy (section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    /// Form.
    pub(crate) style: Style,
    /// Bit 14 as received, which does not always tell the form.
    pub(crate) flag: bool,
    /// Protocol version of the 2019 form; 0 in the others.
    pub(crate) version: u8,
    /// Whose.
    pub(crate) phone: Phone,
}

/// Package item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Number of fragments.
    pub(crate) total: u16,
    /// This one, from 1.
    pub(crate) index: u16,
}

/// How the header's form was found (section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Flag bits and declared length agree.
    Declared,
    /// The flag bits are wrong, another form fits the declared length.
    Other,
    /// No form fits the declared length; the body is what is there.
    WrongLength,
}

/// A parsed header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Message id.
    pub(crate) id: u16,
    /// Properties word as received.
    pub(crate) properties: u16,
    /// Sender.
    pub(crate) address: Address,
    /// Serial.
    pub(crate) serial: u16,
    /// Package item, if any.
    pub(crate) fragment: Option<Fragment>,
    /// Length of the header in bytes: where the body begins.
    pub(crate) length: usize,
    /// How the form was found.
    pub(crate) fit: Fit,
}

/// The four forms: form, with package item, length in bytes.
const FORMS: [(Style, bool, usize); 4] = [
    (Style::Legacy, false, 12),
    (Style::Legacy, true, 16),
    (Style::V2019, false, 17),
    (Style::V2019, true, 21),
];

impl Header {
    /// Parses the header of `frame` (without its checksum) and returns it with the body.
    ///
    /// `habit` is the form that this peer was seen to use against its own flag bits; it decides where the declared length
    /// helps no further.
    pub(crate) fn parse(frame: &[u8], habit: Option<Style>) -> Result<(Self, &[u8]), DecodeError> {
        let wrong = |field, offset, kind| DecodeError { message: "header", field, offset, kind };
        let word = |at: usize| Some(u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?]));
        let (Some(id), Some(properties)) = (word(0), word(2)) else {
            return Err(wrong("message id", frame.len(), DecodeErrorKind::Truncated));
        };
        let ((style, _, length), fit) = form(frame, properties, habit);
        let Some((head, body)) = frame.split_at_checked(length) else {
            return Err(wrong("header", frame.len(), DecodeErrorKind::Truncated));
        };
        let phone_at = if style == Style::V2019 { 5 } else { 4 };
        let serial_at = phone_at + style.phone_bytes();
        let phone = Phone::from_raw(head.get(phone_at..serial_at).unwrap_or_default());
        let fragment = match (word(serial_at + 2), word(serial_at + 4)) {
            (Some(total), Some(index)) if length >= serial_at + 6 => {
                Some(Fragment { total, index })
            }
            _ => None,
        };
        let version = if style == Style::V2019 { head.get(4).copied().unwrap_or(1) } else { 0 };
        let address = Address { style, flag: properties & 0x4000 != 0, version, phone };
        let serial = word(serial_at).unwrap_or(0);
        Ok((Self { id, properties, address, serial, fragment, length, fit }, body))
    }

    /// The body is encrypted (section 7).
    pub(crate) const fn encrypted(&self) -> bool {
        self.properties & 0x1c00 != 0
    }

    /// The declared body length.
    pub(crate) const fn declared(&self) -> usize {
        (self.properties & 0x3ff) as usize
    }

    /// A fault in the body of this message as an error that says where.
    pub(crate) fn error(&self, body: &[u8], fault: &Fault<'_>) -> DecodeError {
        DecodeError {
            message: message::name(self.id),
            field: fault.field,
            offset: self.length + body.len().saturating_sub(fault.rest.len()),
            kind: fault.kind,
        }
    }
}

/// Finds the header's form by its length (section 4.1): at most one of the four can fit.
fn form(frame: &[u8], properties: u16, habit: Option<Style>) -> ((Style, bool, usize), Fit) {
    let body = usize::from(properties & 0x3ff);
    let fits = |&(_, _, length): &(Style, bool, usize)| length + body == frame.len();
    let split = properties & 0x2000 != 0;
    let by_bits = if properties & 0x4000 != 0 { Style::V2019 } else { Style::Legacy };
    let declared = |style: Style| {
        let found = FORMS.into_iter().find(|&(form, item, _)| form == style && item == split);
        found.unwrap_or((Style::Legacy, false, 12))
    };
    let bits = declared(by_bits);
    if fits(&bits) {
        return (bits, Fit::Declared);
    }
    match FORMS.into_iter().find(|form| fits(form) && plausible(frame, *form, split)) {
        Some(form) => (form, Fit::Other),
        None => (declared(habit.unwrap_or(by_bits)), Fit::WrongLength),
    }
}

/// Guards against a length that fits another form by accident: the fields this form adds must make sense.
fn plausible(
    frame: &[u8],
    (style, item, length): (Style, bool, usize),
    declared_item: bool,
) -> bool {
    let version_fits = style == Style::Legacy || matches!(frame.get(4), Some(1..=15));
    let tail = length.checked_sub(4).and_then(|at| frame.get(at..length));
    let item_fits = match tail {
        Some(&[t0, t1, i0, i1]) if item && !declared_item => {
            let (total, index) = (u16::from_be_bytes([t0, t1]), u16::from_be_bytes([i0, i1]));
            (2..=2048).contains(&total) && (1..=total).contains(&index)
        }
        _ => true,
    };
    version_fits && item_fits
}

impl Style {
    /// Bytes of the phone.
    pub(crate) const fn phone_bytes(self) -> usize {
        match self {
            Self::Legacy => 6,
            Self::V2019 => 10,
        }
    }

    /// The edition to assume until a registration says better (section 4.2).
    pub(crate) const fn usual_edition(self) -> Edition {
        match self {
            Self::Legacy => Edition::V2013,
            Self::V2019 => Edition::V2019,
        }
    }
}

impl Phone {
    /// From the header's bytes.
    pub(crate) fn from_raw(raw: &[u8]) -> Self {
        let mut bytes = [0; 10];
        for (slot, byte) in bytes.iter_mut().rev().zip(raw.iter().rev()) {
            *slot = *byte;
        }
        Self(bytes)
    }

    /// From an identity as [`Self::identity`] gives it: hexadecimal digits, the last 20 of them.
    pub(crate) fn from_identity(identity: &str) -> Self {
        let mut bytes = [0; 10];
        let digits = identity.chars().rev().filter_map(|c| c.to_digit(16)).take(20);
        for (place, digit) in digits.enumerate() {
            if let Some(slot) = bytes.iter_mut().rev().nth(place / 2) {
                *slot |= u8::try_from(digit << (4 * (place % 2))).unwrap_or(0);
            }
        }
        Self(bytes)
    }

    /// The header's bytes.
    pub(crate) fn raw(&self, style: Style) -> &[u8] {
        self.0.get(10 - style.phone_bytes()..).unwrap_or_default()
    }

    /// The name the device goes by (section 3.3): decimal digits without leading zeros or, where a nibble is above 9, all
    /// hexadecimal digits.
    pub(crate) fn identity(&self, style: Style) -> String {
        let full = self.digits(style);
        if full.bytes().any(|digit| digit > b'9') {
            return full;
        }
        match full.trim_start_matches('0') {
            "" => "0".to_owned(),
            key => key.to_owned(),
        }
    }

    /// Other names an operator may have given: all digits; for a hexadecimal phone the number without leading zeros and the
    /// IMEI that some makers put here as an integer (decimal digits and their Luhn digit).
    pub(crate) fn aliases(&self, style: Style) -> Vec<String> {
        let (full, identity) = (self.digits(style), self.identity(style));
        let mut aliases = Vec::new();
        if full.bytes().any(|digit| digit > b'9') {
            aliases.push(full.trim_start_matches('0').to_owned());
            let number =
                self.0.iter().fold(0_u128, |number, &byte| (number << 8) | u128::from(byte));
            if number < 100_000_000_000_000 {
                let decimal = format!("{number:014}");
                aliases.push(format!("{decimal}{}", luhn(&decimal)));
            }
        } else {
            aliases.push(full);
        }
        aliases.retain(|alias| *alias != identity);
        aliases
    }

    /// All digits.
    pub(crate) fn digits(&self, style: Style) -> String {
        hex(self.raw(style))
    }
}

impl Address {
    /// The address with what the operator wants forced.
    pub(crate) fn overridden(mut self, style: Option<Style>, flag: Option<bool>) -> Self {
        if let Some(style) = style
            && style != self.style
        {
            self.style = style;
            self.flag = style == Style::V2019;
            self.version = self.version.max(1);
        }
        self.flag = flag.unwrap_or(self.flag);
        self
    }
}

/// The check digit of an IMEI's first 14 digits.
fn luhn(digits: &str) -> u32 {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, doubled @ 10..) => doubled - 9,
            (0, doubled) => doubled,
            _ => digit,
        })
        .sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
#[path = "tests/header.rs"]
mod tests;
