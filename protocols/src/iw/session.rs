//! The platform's side of the dialogue (specification, sections 2 and 4).
//!
//! The state machine is [`SingleSession`](crate::single::SingleSession)'s; here is what the frames mean. Logins and heartbeats are
//! answered at once, everything else after its commit, answers to commands and receipts never.

use std::time::Duration;

use bytes::Bytes;

use super::decode;
use super::encode;
use super::frame::{Parts, Prefix, seal};
use super::message::{Message, Receipt};
use super::options::Settings;
use super::report;
use crate::effect::{DeliveryStage, Effects, Evidence};
use crate::event::Event;
use crate::options::DeviceOptions;
use crate::session::{Credentials, Downlink, Now, SessionError};
use crate::single::{
    Dialect, Fault, LANE, NO_DISPLAY, Patience, SingleSession, Texts, named, number,
};

/// How often an unanswered text is sent again (specification, section 4).
const REPEATS: u8 = 2;
/// [`DeliveryStage::Refused`] code: result 0.
const FAILED: u16 = 0;
/// Bytes of data that nobody interprets that are handed on.
const UNHANDLED_HEAD: usize = 1024;

/// The session.
pub(super) type IwSession = SingleSession<Device>;

/// An admitted device.
#[derive(Debug)]
pub(super) struct Device {
    imei: String,
    prefix: Prefix,
    settings: Settings,
}

/// Who sent a login, and how it writes.
#[derive(Debug)]
pub(super) struct Named {
    imei: String,
    prefix: Prefix,
}

/// The serial number of a text: six digits, never 0.
const fn serial(number: u16) -> u32 {
    if number == 0 { 0x1_0000 } else { number as u32 }
}

/// The answer's word: the device's with its first letter advanced by one (specification, section 1).
fn answering([first, rest @ ..]: [u8; 4]) -> String {
    let letters = [first.wrapping_add(1)].into_iter().chain(rest);
    letters.map(char::from).collect()
}

impl Dialect for Device {
    type Login = Named;

    fn identify(frame: &[u8], _fx: &mut Effects) -> Result<(Credentials, Named), Fault> {
        match decode::uplink(frame)? {
            (parts, Message::Login { imei }) => {
                let login = Named { imei: imei.to_owned(), prefix: parts.prefix };
                Ok((named(imei.to_owned()), login))
            }
            _ => Err(SessionError::Unexpected { message: "frame", state: "login" }.into()),
        }
    }

    fn admitted(
        login: Named,
        options: &DeviceOptions,
        now: Now,
        fx: &mut Effects,
    ) -> (Self, Patience) {
        let Named { imei, prefix } = login;
        let device = Self { imei, prefix, settings: Settings::read(options) };
        fx.transmit(device.login_answer(now));
        let wait = Duration::from_secs(device.settings.answer_seconds);
        // Some firmware answers without a number.
        let patience = Patience { wait, repeats: REPEATS, quiet: wait, ..Patience::default() };
        (device, patience)
    }

    fn uplink(
        &mut self,
        frame: &[u8],
        texts: &mut Texts,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let (parts, message) = decode::uplink(frame)?;
        self.prefix = parts.prefix;
        let answer = seal(parts.prefix, &answering(parts.word), "");
        match message {
            Message::Login { imei } if imei == self.imei => fx.transmit(self.login_answer(now)),
            Message::Login { .. } => {
                let (message, state) = ("AP00 login of another IMEI", "online");
                return Err(SessionError::Unexpected { message, state }.into());
            }
            Message::Heartbeat(heartbeat) => {
                fx.transmit(answer);
                store(report::heartbeat(&heartbeat, parts.prefix), Bytes::new(), fx);
            }
            Message::Position(position) => {
                let report = report::report(&position, parts.prefix, now.wall);
                store(Event::Report(report), answer, fx);
            }
            Message::Health(values) => store(report::health(&values), answer, fx),
            Message::Receipt(receipt) => received(receipt, texts, now, fx),
            Message::CommandAnswer => store(unhandled(&parts), Bytes::new(), fx),
            Message::Other if parts.word == *b"AP14" => {
                // Trackers expect two numbers here.
                store(unhandled(&parts), seal(parts.prefix, "BP14", ",0.000,0.000"), fx);
            }
            Message::Other => store(unhandled(&parts), answer, fx),
        }
        Ok(())
    }

    fn compose(&mut self, downlink: &Downlink, _now: Now) -> Result<Bytes, u16> {
        let settings = &self.settings;
        if !settings.display || (self.prefix == Prefix::Trv && !settings.trv_texts) {
            return Err(NO_DISPLAY);
        }
        let text = settings.text(&downlink.content);
        let data = encode::text(&self.imei, serial(number(downlink)), &text);
        Ok(seal(self.prefix, "BP40", &data))
    }
}

impl Device {
    /// Watches are told the time.
    fn login_answer(&self, now: Now) -> Bytes {
        let data = match self.prefix {
            Prefix::Iw => encode::login_answer(now.wall, self.settings.zone_hours),
            Prefix::Trv => String::new(),
        };
        seal(self.prefix, "BP00", &data)
    }
}

/// The receipt of a text (specification, section 4): by its number, or about the one that waits.
fn received(receipt: Receipt, texts: &mut Texts, now: Now, fx: &mut Effects) {
    let stage = match receipt.ok {
        true => DeliveryStage::Confirmed(Evidence::Accepted),
        false => DeliveryStage::Refused { code: FAILED, retry: true },
    };
    match receipt.serial {
        Some(quoted) => {
            if let Some(number) = ours(quoted) {
                texts.answered_number(number, stage, fx);
            }
        }
        None => {
            texts.answered(stage, now, fx);
        }
    }
}

/// The number of the text with this serial; `None` if it is none of ours.
fn ours(quoted: u32) -> Option<u16> {
    match quoted {
        0x1_0000 => Some(0),
        0 => None,
        other => u16::try_from(other).ok(),
    }
}

fn store(event: Event, ack: Bytes, fx: &mut Effects) {
    fx.record(LANE, vec![event], ack, Bytes::new());
}

/// Kept raw, under the letters of its word.
fn unhandled(parts: &Parts<'_>) -> Event {
    let raw = parts.data.get(..UNHANDLED_HEAD).unwrap_or(parts.data);
    Event::Unhandled { kind: u32::from_be_bytes(parts.word), raw: Bytes::copy_from_slice(raw) }
}
