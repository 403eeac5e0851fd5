//! Texts to the display and what becomes of them (specification 5).
//!
//! A text's NPH request id is the serial that the host persisted for it, and its message number the lower half of that. So a result
//! counts that comes over a later connection, and a repeat is recognisable: it has the same numbers.

use std::collections::VecDeque;

use bytes::Bytes;

use super::encode;
use super::markup::{self, Screen};
use super::message::{
    Body, Content, MESSAGE_SCRIPT, Nph, Npl, Packet, Receipt as DeviceResult, Text, WHOLE, code,
    kind, npl, service,
};
use super::options::Settings;
use crate::effect::{DeliveryStage, Evidence};

/// Peer address of what the live server sends.
const PEER: u32 = 0x400;
/// Texts whose buttons are remembered for the driver's answer.
const REMEMBERED: usize = 16;
/// Bits of a serial that a result quotes: all of the NPH request id.
pub(super) const SERIAL_BITS: u8 = 32;

/// The last texts of one device.
#[derive(Debug, Default)]
pub(super) struct Shown {
    sent: VecDeque<Sent>,
}

/// What a driver may answer.
#[derive(Debug)]
struct Sent {
    message: u16,
    serial: u32,
    labels: Vec<String>,
}

/// The number under which the display knows the text with this serial: from 1, because 0 is not used.
const fn message_number(serial: u32) -> u16 {
    let [.., high, low] = serial.to_be_bytes();
    match u16::from_be_bytes([high, low]) {
        0 => u16::MAX,
        number => number,
    }
}

impl Shown {
    /// A text with this serial goes out, and has buttons with these labels.
    pub(super) fn remember(&mut self, serial: u32, labels: &[&str]) {
        let message = message_number(serial);
        self.sent.retain(|other| other.message != message);
        if self.sent.len() >= REMEMBERED {
            self.sent.pop_front();
        }
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        self.sent.push_back(Sent { message, serial, labels });
    }

    /// Serial of the text that a driver answers with message `number`, naming text `id` and perhaps a button (specification 6: how
    /// devices say this is not known); and what the button says.
    pub(super) fn answered(
        &self,
        number: u16,
        id: Option<u32>,
        button: Option<usize>,
    ) -> (Option<u32>, Option<&str>) {
        let named = id.and_then(|id| self.sent.iter().find(|sent| u32::from(sent.message) == id));
        let sent = match button {
            // A message of the device's own carries its own number there.
            None => named.filter(|_| id != Some(number.into())),
            Some(_) => {
                named.or_else(|| self.sent.iter().rev().find(|sent| !sent.labels.is_empty()))
            }
        };
        let label = sent
            .zip(button)
            .and_then(|(sent, button)| sent.labels.get(button.checked_sub(1)?).map(String::as_str));
        (sent.map(|sent| sent.serial), label)
    }
}

/// The packet of a text with buttons.
pub(super) fn title_data(serial: u32, text: &str, labels: &[&str], settings: &Settings) -> Bytes {
    let message = message_number(serial);
    let screen = Screen { id: message, seconds: settings.screen_seconds, beep: settings.beep };
    let script = markup::screen(screen, text, labels, settings.charset);
    let nph = Nph {
        service: service::EXTERNAL_DEVICE,
        kind: kind::TITLE_DATA,
        flags: 0,
        request: serial,
    };
    let text = Text { message, fragment: WHOLE, device: 0, content: MESSAGE_SCRIPT, text: &script };
    let npl = Npl { flags: 0, kind: npl::NPH, peer: PEER, request: message };
    encode::packet(&Packet { npl, content: Content::Nph(nph, Body::Text(text)) })
}

/// What the device's result says of the text that it names; `None` if that is none of ours.
pub(super) fn stage(nph: &Nph, result: DeviceResult, settings: &Settings) -> Option<DeliveryStage> {
    // Devices return the fragment word as it was, or without its last bit.
    let ours = result.message == message_number(nph.request) && result.fragment & !WHOLE == 0;
    ours.then(|| match result.result {
        code::OK => DeliveryStage::Confirmed(Evidence::Accepted),
        code => refused(code, settings),
    })
}

pub(super) fn refused(code: u32, settings: &Settings) -> DeliveryStage {
    let retry = code == code::BUSY || settings.retry_refused;
    DeliveryStage::Refused { code: u16::try_from(code).unwrap_or(u16::MAX), retry }
}
