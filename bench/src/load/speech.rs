//! What terminals say and hear, in the bytes of one of two protocols: a binary one and one of lines.

use std::collections::BTreeMap;

use super::{jt808, wialon};

/// Which protocol the terminals speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speech {
    /// JT/T 808-2013.
    #[default]
    Jt808,
    /// Wialon IPS 1.1.
    Wialon,
}

/// What a terminal says.
#[derive(Debug, Clone, Copy)]
pub enum Uplink<'a> {
    /// Who it is.
    Login,
    /// Where it is; the variant moves the vehicle.
    Location(u8),
    /// That it is there; nothing is stored.
    Heartbeat,
    /// What the driver wrote.
    Text(&'a [u8]),
    /// That it shows the text with this serial.
    Confirmation(u16),
}

/// What a terminal hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downlink<'a> {
    /// What it said is taken.
    Done,
    /// What it said is refused.
    Refused,
    /// A text for the driver.
    Text { serial: u16, text: &'a [u8] },
    /// Something else.
    Other,
}

/// Who speaks.
#[derive(Debug, Clone, Copy)]
pub struct Speaker {
    speech: Speech,
    number: usize,
    phone: jt808::Phone,
    /// Serial number of its next frame.
    pub serial: u16,
}

impl Speech {
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::Jt808 => "jt808",
            Self::Wialon => "wialon_ips",
        }
    }

    /// Identity of terminal `number`, as the operator enters it.
    pub fn identity(self, number: usize) -> String {
        match self {
            Self::Jt808 => jt808::phone(number).1,
            Self::Wialon => wialon::imei(number),
        }
    }

    /// Options of the devices, where a real terminal wants to be waited for and these do not.
    pub fn options(self) -> BTreeMap<String, String> {
        match self {
            Self::Jt808 => [("first_text_delay_ms".to_owned(), "0".to_owned())].into(),
            Self::Wialon => BTreeMap::new(),
        }
    }

    /// Hands everything whole in `bytes` to `take`; returns how many bytes are dealt with.
    pub fn split(
        self,
        bytes: &[u8],
        scratch: &mut Vec<u8>,
        take: impl FnMut(Downlink<'_>),
    ) -> usize {
        match self {
            Self::Jt808 => jt808::split(bytes, scratch, take),
            Self::Wialon => wialon::split(bytes, take),
        }
    }
}

impl Speaker {
    /// Terminal `number`.
    pub fn new(speech: Speech, number: usize) -> Self {
        Self { speech, number, phone: jt808::phone(number).0, serial: 1 }
    }

    pub const fn speech(&self) -> Speech {
        self.speech
    }

    /// Appends what it says to `out`, with its next serial number.
    pub fn say(&mut self, out: &mut Vec<u8>, uplink: Uplink<'_>) {
        match self.speech {
            Speech::Jt808 => jt808::write(out, &self.phone, self.serial, uplink),
            Speech::Wialon => wialon::write(out, self.number, uplink),
        }
        self.serial = self.serial.wrapping_add(1);
    }
}
