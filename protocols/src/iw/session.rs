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
use crate::session::{Downlink, Now, SessionError};
use crate::single::{Dialect, LANE, Patience, Texts, number};

/// How often an unanswered text is sent again (specification, section 4).
const REPEATS: u8 = 2;
/// [`DeliveryStage::Refused`] code: result 0.
const FAILED: u16 = 0;
/// Bytes of data that nobody interprets that are handed on.
const UNHANDLED_HEAD: usize = 1024;

/// What the frames of one device mean.
#[derive(Debug, Default)]
pub(super) struct IwDialect {
    imei: String,
    prefix: Prefix,
    settings: Option<Settings>,
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

impl Dialect for IwDialect {
    fn identify(&mut self, frame: &[u8]) -> Result<String, SessionError> {
        match decode::uplink(frame)? {
            (parts, Message::Login { imei }) => {
                (self.imei, self.prefix) = (imei.to_owned(), parts.prefix);
                Ok(self.imei.clone())
            }
            _ => Err(SessionError::Unexpected { message: "frame", state: "login" }),
        }
    }

    fn admitted(&mut self, options: &DeviceOptions, now: Now, fx: &mut Effects) -> Patience {
        let settings = Settings::read(options);
        let wait = Duration::from_secs(settings.answer_seconds);
        self.settings = Some(settings);
        fx.transmit(self.login_answer(now));
        // Some firmware answers without a number.
        Patience { wait, repeats: REPEATS, quiet: wait, until_awake: false }
    }

    fn uplink(
        &mut self,
        frame: &[u8],
        texts: &mut Texts,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let (parts, message) = decode::uplink(frame)?;
        self.prefix = parts.prefix;
        let answer = seal(parts.prefix, &answering(parts.word), "");
        match message {
            Message::Login { imei } if imei == self.imei => fx.transmit(self.login_answer(now)),
            Message::Login { .. } => {
                let (message, state) = ("AP00 login of another IMEI", "online");
                return Err(SessionError::Unexpected { message, state });
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

    fn compose(&mut self, downlink: &Downlink) -> Option<Bytes> {
        let settings = self.settings.as_ref().filter(|settings| settings.display)?;
        if self.prefix == Prefix::Trv && !settings.trv_texts {
            return None;
        }
        let text = settings.text(&downlink.content);
        let data = encode::text(&self.imei, serial(number(downlink)), &text);
        Some(seal(self.prefix, "BP40", &data))
    }
}

impl IwDialect {
    /// Watches are told the time.
    fn login_answer(&self, now: Now) -> Bytes {
        let zone = self.settings.map_or(0, |settings| settings.zone_hours);
        let data = match self.prefix {
            Prefix::Iw => encode::login_answer(now.wall, zone),
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
