//! Texts to the display and what becomes of them (specification 5).
//!
//! A text's NPH request id is the serial that the host persisted for it, and its message number the lower half of that. So a result
//! counts that comes over a later connection, and a repeat is recognisable: it has the same numbers.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::encode;
use super::markup::{self, Screen};
use super::message::{
    Body, Content, MESSAGE_SCRIPT, Nph, Npl, Packet, Receipt as DeviceResult, Text, WHOLE, code,
    kind, npl, service,
};
use super::options::Settings;
use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt};
use crate::session::{Downlink, Lane, Now};

/// The only device of a connection.
pub(super) const LANE: Lane = Lane(0);
/// Peer address of what the live server sends.
const PEER: u32 = 0x400;
/// How often a text goes out again before it is given back.
const RESENDS: u8 = 3;
/// Texts whose buttons are remembered for the driver's answer.
const REMEMBERED: usize = 16;
/// Bits of a serial that a result quotes: all of the NPH request id.
const SERIAL_BITS: u8 = 32;

/// The texts of one device.
#[derive(Debug)]
pub(super) struct Texts {
    outstanding: Option<Outstanding>,
    sent: VecDeque<Sent>,
    /// What the device said last: some say it twice.
    last: Option<(u32, DeliveryStage)>,
    /// Largest packet that the device takes.
    max_packet: usize,
}

/// The text that waits for its result.
#[derive(Debug)]
struct Outstanding {
    token: DeliveryToken,
    serial: u32,
    bytes: Bytes,
    deadline: Duration,
    resends: u8,
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

impl Texts {
    /// For a device that declares to take packets of so many bytes (0: it does not say).
    pub(super) fn new(max_packet: u32) -> Self {
        let max_packet = match max_packet {
            0 => usize::MAX,
            bytes => usize::try_from(bytes).unwrap_or(usize::MAX),
        };
        Self { outstanding: None, sent: VecDeque::new(), last: None, max_packet }
    }

    pub(super) const fn idle(&self) -> bool {
        self.outstanding.is_none()
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.outstanding.as_ref().map(|text| text.deadline)
    }

    pub(super) fn send(
        &mut self,
        downlink: &Downlink,
        settings: &Settings,
        now: Now,
        fx: &mut Effects,
    ) {
        let Downlink { token, serial, .. } = *downlink;
        let message = message_number(serial);
        let (text, labels) = settings.shown(&downlink.content);
        let screen = Screen { id: message, seconds: settings.screen_seconds, beep: settings.beep };
        let script = markup::screen(screen, &text, &labels, settings.charset);
        let bytes = title_data(serial, message, &script);
        if bytes.len() > self.max_packet {
            // The option `max_packet` promises more than the device declares.
            let code = u16::try_from(code::BAD_LENGTH).unwrap_or(u16::MAX);
            let stage = DeliveryStage::Refused { code, retry: false };
            return delivery(Receipt::Token(token), stage, fx);
        }
        self.remember(Sent {
            message,
            serial,
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
        });
        fx.transmit(bytes.clone());
        delivery(Receipt::Token(token), DeliveryStage::Transmitted, fx);
        let deadline = now.monotonic.saturating_add(settings.answer_limit);
        self.outstanding = Some(Outstanding { token, serial, bytes, deadline, resends: RESENDS });
    }

    fn remember(&mut self, sent: Sent) {
        self.sent.retain(|other| other.message != sent.message);
        if self.sent.len() >= REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back(sent);
    }

    /// No result in time: the same bytes again, or the text is given back.
    pub(super) fn expire(&mut self, settings: &Settings, now: Now, fx: &mut Effects) {
        let Some(text) = self.outstanding.as_mut().filter(|text| text.deadline <= now.monotonic)
        else {
            return;
        };
        if let Some(left) = text.resends.checked_sub(1) {
            text.resends = left;
            text.deadline = now.monotonic.saturating_add(settings.answer_limit);
            fx.transmit(text.bytes.clone());
        } else if let Some(text) = self.outstanding.take() {
            delivery(Receipt::Token(text.token), DeliveryStage::TimedOut, fx);
        }
    }

    /// The device's result: about the outstanding text, about one of an earlier connection, or about nothing of ours.
    pub(super) fn device_result(
        &mut self,
        nph: &Nph,
        result: DeviceResult,
        settings: &Settings,
        fx: &mut Effects,
    ) {
        // Devices return the fragment word as it was, or without its last bit.
        let ours = result.message == message_number(nph.request) && result.fragment & !WHOLE == 0;
        if ours {
            let stage = match result.result {
                code::OK => DeliveryStage::Confirmed(Evidence::Accepted),
                code => refused(code, settings),
            };
            self.resolve(nph.request, stage, fx);
        }
    }

    /// A plain result of service 5: a refusal, if it is one.
    pub(super) fn plain_result(
        &mut self,
        nph: &Nph,
        code: u32,
        settings: &Settings,
        fx: &mut Effects,
    ) {
        let outstanding = self.outstanding.as_ref().is_some_and(|text| text.serial == nph.request);
        if code != code::OK && outstanding {
            self.resolve(nph.request, refused(code, settings), fx);
        }
    }

    fn resolve(&mut self, serial: u32, stage: DeliveryStage, fx: &mut Effects) {
        let repeated = self.last.replace((serial, stage)) == Some((serial, stage));
        let receipt = match self.outstanding.take_if(|text| text.serial == serial) {
            Some(text) => Receipt::Token(text.token),
            None if repeated => return,
            None => Receipt::Serial { serial, bits: SERIAL_BITS },
        };
        delivery(receipt, stage, fx);
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

fn title_data(serial: u32, message: u16, script: &[u8]) -> Bytes {
    let nph = Nph {
        service: service::EXTERNAL_DEVICE,
        kind: kind::TITLE_DATA,
        flags: 0,
        request: serial,
    };
    let text = Text { message, fragment: WHOLE, device: 0, content: MESSAGE_SCRIPT, text: script };
    let npl = Npl { flags: 0, kind: npl::NPH, peer: PEER, request: message };
    encode::packet(&Packet { npl, content: Content::Nph(nph, Body::Text(text)) })
}

fn refused(code: u32, settings: &Settings) -> DeliveryStage {
    let retry = code == code::BUSY || settings.retry_refused;
    DeliveryStage::Refused { code: u16::try_from(code).unwrap_or(u16::MAX), retry }
}

fn delivery(receipt: Receipt, stage: DeliveryStage, fx: &mut Effects) {
    fx.push(Effect::Delivery { lane: LANE, receipt, stage });
}
