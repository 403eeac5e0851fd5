//! Frames as types: what is on the wire, borrowed.

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message<'a> {
    /// From the device, as text.
    Sentence(Sentence<'a>),
    /// `+SACK:…`: the count, or for a heartbeat its version and count.
    ServerAck {
        /// The answer is about a heartbeat.
        heartbeat: bool,
        /// Four hexadecimal digits, copied from what is acknowledged.
        count: &'a [u8],
    },
    /// `AT+GTDAT=…`.
    Data(DataCommand<'a>),
    /// Any other command.
    Command(&'a [u8]),
    /// Binary, HEX form.
    Hex(HexFrame<'a>),
    /// Binary, Protocol Pro.
    Pro(ProFrame<'a>),
}

/// What stands before the colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// `+RESP`: live.
    Report,
    /// `+BUFF`: sent late.
    Buffered,
    /// `+ACK`: answer to a command, or heartbeat.
    Ack,
}

/// A sentence of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence<'a> {
    /// What stands before the colon.
    pub(super) class: Class,
    /// `GTFRI`, …
    pub(super) kind: &'a [u8],
    /// Protocol version: device type and version in hexadecimal; empty in an old dialect that begins with the id.
    pub(super) version: &'a [u8],
    /// IMEI or MEID.
    pub(super) id: &'a [u8],
    /// What follows the id: name, …, send time, count.
    pub(super) fields: Vec<&'a [u8]>,
}

impl<'a> Sentence<'a> {
    /// The count: the last field, if it is one.
    pub(super) fn count(&self) -> Option<&'a [u8]> {
        let count = self.fields.last().copied()?;
        (count.len() == 4 && count.iter().all(u8::is_ascii_hexdigit)).then_some(count)
    }

    /// The send time, 14 digits, of no known zone.
    pub(super) fn send_time(&self) -> Option<&'a [u8]> {
        let before = self.fields.len().checked_sub(2)?;
        self.fields.get(before).copied().filter(|time| is_time(time))
    }

    /// Fields without send time and count, as far as they are there.
    pub(super) fn content(&self) -> &[&'a [u8]] {
        let tail = match (self.count(), self.send_time()) {
            (Some(_), Some(_)) => 2,
            (Some(_), None) => 1,
            _ => 0,
        };
        self.fields.get(..self.fields.len() - tail).unwrap_or_default()
    }

    /// The device's type: the version without its last four digits, two or six of them.
    pub(super) fn device_type(&self) -> &'a [u8] {
        self.version
            .len()
            .checked_sub(4)
            .and_then(|end| self.version.get(..end))
            .unwrap_or_default()
    }
}

/// 14 digits.
pub(super) fn is_time(field: &[u8]) -> bool {
    field.len() == 14 && field.iter().all(u8::is_ascii_digit)
}

/// `AT+GTDAT` (section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DataCommand<'a> {
    /// The device's password.
    pub(super) password: &'a [u8],
    /// 1: to the serial port.
    pub(super) kind: &'a [u8],
    /// The text; may hold commas.
    pub(super) data: Vec<u8>,
    /// Whether the terminal has to answer.
    pub(super) need_ack: &'a [u8],
    /// Echoed in the acknowledgement: four hexadecimal digits.
    pub(super) serial: &'a [u8],
}

/// A frame of the HEX form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HexFrame<'a> {
    /// `+RSP`, …
    pub(super) head: [u8; 4],
    /// The whole frame.
    pub(super) frame: &'a [u8],
}

/// A frame of Protocol Pro.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProFrame<'a> {
    /// A heartbeat rather than a report.
    pub(super) heartbeat: bool,
    /// The whole frame.
    pub(super) frame: &'a [u8],
}
