//! The platform's side of the dialogue (specification 2 to 6).
//!
//! The state machine is [`SingleSession`]'s; here is what the packets mean. Logins and keep-alives are answered at once; answers to
//! data stand in the [`Effect::Record`](crate::effect::Effect::Record) whose commit they wait for. Anything but a login, from a
//! device that has not said who it is, ends the connection.

use bytes::Bytes;
use jiff::Timestamp;

use super::decode::{self, Integers};
use super::encode::answer;
use super::frame::{CHECKSUM, Header};
use super::message::{Key, Login, MAX_IDENTITY, Message, Packet, code};
use super::options::{Settings, TextForm};
use super::report;
use crate::effect::{DeliveryStage, Effects, Evidence};
use crate::event::{DriverMessage, Event};
use crate::framing::Rejection;
use crate::options::DeviceOptions;
use crate::session::{Credentials, Downlink, Now, SessionError};
use crate::single::{Denial, Dialect, Fault, LANE, NO_DISPLAY, Patience, SingleSession, Texts};

/// Digits of an IMEI: as a number it loses its leading zeros (specification 3).
const IMEI_DIGITS: usize = 15;
/// [`Event::Unhandled`] kinds from here on are packet types; below, sub-record types.
const UNKNOWN_PACKET: u32 = 0x1_0000;
/// A driver's message so much older than the text is from the device's memory, not an answer. Clocks differ, but not by more.
const STALE_SECONDS: i64 = 300;
/// Why a login is refused that names nobody.
const NO_ID: &str = "the login has no usable id";

/// The session.
pub(super) type CombineSession = SingleSession<Device>;

/// An admitted device.
#[derive(Debug)]
pub(super) struct Device {
    identity: String,
    settings: Settings,
    /// When the last text was written.
    text_sent: Timestamp,
    /// Number and checksum of the last data packet: the same again is a device that missed the answer (specification 2).
    last_data: Option<(u16, [u8; CHECKSUM])>,
}

/// Who sent a login, and its number.
#[derive(Debug)]
pub(super) struct Named {
    identity: String,
    seq: u16,
}

const NOT_A_PACKET: SessionError =
    SessionError::Unexpected { message: "what only a server sends", state: "any" };

/// The number of a packet, for its answer; `None` for what no device sends.
fn seq(frame: &[u8]) -> Option<u16> {
    match Header::read(frame)?.0 {
        Header::Packet { seq, .. } | Header::KeepAlive { seq } => Some(seq),
        Header::Answer { .. } | Header::Command { .. } => None,
    }
}

/// A key as people write it.
fn written(key: &Key<'_>) -> String {
    match key {
        Key::U16(number) => number.to_string(),
        Key::U32(number) => number.to_string(),
        Key::U64(number) => number.to_string(),
        Key::Text(text) => String::from_utf8_lossy(text).into_owned(),
    }
}

/// Identity and aliases; `None` if it is none.
fn identity(id: &Key<'_>) -> Option<(String, Vec<String>)> {
    let identity = written(id).trim().to_owned();
    if identity.is_empty() || identity.len() > MAX_IDENTITY || identity == "0" {
        return None;
    }
    let padded = match id {
        Key::U64(number) if identity.len() < IMEI_DIGITS => vec![format!("{number:0IMEI_DIGITS$}")],
        _ => Vec::new(),
    };
    Some((identity, padded))
}

/// The end of a connection that does not begin with a usable login.
fn stranger(
    seq: u16,
    reason: &'static str,
    error: Option<SessionError>,
    fx: &mut Effects,
) -> Fault {
    fx.transmit(answer(code::NOT_AUTHORISED, seq));
    Fault::Refused { reason, error }
}

impl Dialect for Device {
    const WRONG_SECRET: &'static str = "wrong password";

    type Login = Named;

    fn identify(frame: &[u8], fx: &mut Effects) -> Result<(Credentials, Named), Fault> {
        let seq = seq(frame).ok_or(NOT_A_PACKET)?;
        let login = match decode::message(frame, Integers::Document) {
            Ok(Message::Packet { packet: Packet::Login(login), .. }) => login,
            Ok(_) => {
                let error = SessionError::Unexpected { message: "packet", state: "login" };
                return Err(stranger(seq, "data before the login", Some(error), fx));
            }
            Err(error) => return Err(stranger(seq, NO_ID, Some(error.into()), fx)),
        };
        let (identity, aliases) =
            identity(&login.id).ok_or_else(|| stranger(seq, NO_ID, None, fx))?;
        let secret = login.password.as_ref().map(written);
        let credentials = Credentials { identity: identity.clone(), aliases, secret };
        Ok((credentials, Named { identity, seq }))
    }

    fn admitted(
        login: Named,
        options: &DeviceOptions,
        _now: Now,
        fx: &mut Effects,
    ) -> (Self, Patience) {
        let Named { identity, seq } = login;
        let settings = Settings::read(options);
        fx.transmit(answer(code::STORED, seq));
        let patience = Patience { wait: settings.answer_limit, ..Patience::default() };
        let text_sent = Timestamp::UNIX_EPOCH;
        (Self { identity, settings, text_sent, last_data: None }, patience)
    }

    fn denied(login: Named, denial: Denial, fx: &mut Effects) {
        let code = match denial {
            Denial::Stranger => code::NOT_AUTHORISED,
            Denial::WrongSecret => code::WRONG_PASSWORD,
        };
        fx.transmit(answer(code, login.seq));
    }

    fn rejected(device: Option<&Self>, raw: &[u8], reason: Rejection, fx: &mut Effects) {
        let code = match reason {
            Rejection::Checksum { .. } => code::BAD_CHECKSUM,
            _ => code::NOT_STORED,
        };
        match (device, seq(raw)) {
            (Some(_), Some(seq)) => say(code, seq, fx),
            (None, Some(seq)) => fx.transmit(answer(code, seq)),
            (_, None) => {}
        }
    }

    fn uplink(
        &mut self,
        frame: &[u8],
        texts: &mut Texts,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let seq = seq(frame).ok_or(NOT_A_PACKET)?;
        let packet = match decode::message(frame, self.settings.integers) {
            Ok(Message::Packet { packet, .. }) => packet,
            Ok(_) => return Err(NOT_A_PACKET.into()),
            Err(error) => {
                say(code::NOT_STORED, seq, fx);
                return Err(error.into());
            }
        };
        match packet {
            Packet::Login(login) => self.login_again(seq, &login, fx)?,
            Packet::KeepAlive => {
                fx.transmit(answer(code::STORED, seq));
                self.confirm_by(None, texts, now, fx);
            }
            Packet::Data(data) => {
                let events = report::events(&data, &self.settings);
                let this = frame.last_chunk().map(|sum| (seq, *sum));
                let repeat = std::mem::replace(&mut self.last_data, this) == this;
                let said = newest_message(&events).filter(|_| !repeat);
                let (ack, nack) = (answer(code::STORED, seq), answer(code::NOT_STORED, seq));
                fx.record(LANE, events, ack, nack);
                self.confirm_by(said, texts, now, fx);
            }
            Packet::Unknown { kind, body } => {
                let event = report::unhandled(UNKNOWN_PACKET + u32::from(kind), body);
                let refusal = answer(code::NOT_STORED, seq);
                fx.record(LANE, vec![event], refusal.clone(), refusal);
            }
        }
        Ok(())
    }

    fn takes_texts(&self) -> bool {
        self.settings.form != TextForm::Off
    }

    fn compose(&mut self, downlink: &Downlink, now: Now) -> Result<Bytes, u16> {
        self.text_sent = now.wall;
        self.settings.downlink(&downlink.content, now.wall).ok_or(NO_DISPLAY)
    }
}

/// An answer that keeps its place behind the answers that wait for a commit.
fn say(code: u8, seq: u16, fx: &mut Effects) {
    let answer = answer(code, seq);
    fx.record(LANE, Vec::new(), answer.clone(), answer);
}

impl Device {
    /// Only the first login counts; the same one again is a device that missed the answer.
    fn login_again(
        &self,
        seq: u16,
        login: &Login<'_>,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        if identity(&login.id).is_some_and(|(identity, _)| identity == self.identity) {
            fx.transmit(answer(code::STORED, seq));
            return Ok(());
        }
        fx.transmit(answer(code::NOT_AUTHORISED, seq));
        Err(SessionError::Unexpected { message: "login of another id", state: "online" })
    }

    /// A packet of the device came, perhaps with a driver's message: is it what makes the text delivered?
    fn confirm_by(
        &self,
        said: Option<Option<Timestamp>>,
        texts: &mut Texts,
        now: Now,
        fx: &mut Effects,
    ) {
        let age = |time: Timestamp| self.text_sent.as_second().saturating_sub(time.as_second());
        let fresh = |time: Option<Timestamp>| time.is_none_or(|time| age(time) <= STALE_SECONDS);
        if self.settings.next_packet_confirms || said.is_some_and(fresh) {
            texts.answered(DeliveryStage::Confirmed(Evidence::Inferred), now, fx);
        }
    }
}

/// The time of the newest driver's message among `events`, if there is one.
fn newest_message(events: &[Event]) -> Option<Option<Timestamp>> {
    let messages = events.iter().filter_map(|event| match event {
        Event::Message(DriverMessage { device_time, .. }) => Some(*device_time),
        _ => None,
    });
    messages.max()
}
