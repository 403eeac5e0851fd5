//! The platform's side of the dialogue (specification, sections 2 and 4).
//!
//! The state machine is [`SingleSession`](crate::single::SingleSession)'s; here is what the packets mean. Logins, heartbeats and
//! requests for the time are answered at once; alarms after their commit; positions not at all.

use std::time::Duration;

use bytes::Bytes;

use super::decode;
use super::encode;
use super::frame::{Packet, seal};
use super::message::{Answer, Command, Login, Message, kind};
use super::options::Settings;
use super::report;
use crate::effect::{DeliveryStage, Effects, Evidence};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::event::Event;
use crate::options::DeviceOptions;
use crate::session::{Credentials, Downlink, Now, SessionError};
use crate::single::{
    Dialect, Fault, LANE, NO_DISPLAY, Patience, SingleSession, Texts, named, number,
};
use crate::wire::bcd;

/// What our flags have in common: none is 0, and the low half is the number of the text.
const FLAG: u32 = 0x0001_0000;
/// [`DeliveryStage::Refused`] code: the device answered with an error.
const ERROR: u16 = 1;
/// Bytes of a packet that nobody interprets that are handed on.
const UNHANDLED_HEAD: usize = 1024;

/// The session.
pub(super) type Gt06Session = SingleSession<Device>;

/// An admitted device.
#[derive(Debug)]
pub(super) struct Device {
    identity: String,
    /// Serial of our next command.
    serial: u16,
    settings: Settings,
}

/// Who sent a login.
#[derive(Debug)]
pub(super) struct Named {
    identity: String,
    /// Serial of the packet, which its answer copies.
    serial: u16,
}

/// The IMEI of a login without its leading zero.
fn identity(login: &Login) -> Result<String, DecodeError> {
    let (message, field) = ("0x01 login", "IMEI");
    let invalid = DecodeError { message, field, offset: 4, kind: DecodeErrorKind::Invalid };
    let digits = bcd::digits(&login.imei).ok_or_else(|| invalid.clone())?;
    let imei = digits.strip_prefix('0').unwrap_or(&digits);
    if imei.bytes().all(|digit| digit == b'0') { Err(invalid) } else { Ok(imei.to_owned()) }
}

/// The answer to a packet: its number and serial.
fn echo(kind: u8, serial: u16) -> Bytes {
    seal(kind, &[], serial, false)
}

impl Dialect for Device {
    type Login = Named;

    fn identify(frame: &[u8], _fx: &mut Effects) -> Result<(Credentials, Named), Fault> {
        match decode::uplink(frame)? {
            (packet, Message::Login(login)) => {
                let identity = identity(&login)?;
                Ok((named(identity.clone()), Named { identity, serial: packet.serial }))
            }
            (packet, _) => {
                let message = decode::name(packet.kind);
                Err(SessionError::Unexpected { message, state: "login" }.into())
            }
        }
    }

    fn admitted(
        login: Named,
        options: &DeviceOptions,
        _now: Now,
        fx: &mut Effects,
    ) -> (Self, Patience) {
        let settings = Settings::read(options);
        fx.transmit(echo(kind::LOGIN, login.serial));
        let wait = Duration::from_secs(settings.answer_seconds);
        let quiet = if settings.flag_zero_confirms { wait } else { Duration::ZERO };
        // A command is not written twice: it would be shown twice. The outbox tries again later.
        let patience = Patience { wait, quiet, ..Patience::default() };
        (Self { identity: login.identity, serial: 0, settings }, patience)
    }

    fn uplink(
        &mut self,
        frame: &[u8],
        texts: &mut Texts,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let (packet, message) = decode::uplink(frame)?;
        let offset = self.settings.time_offset;
        match message {
            Message::Login(login) => self.login_again(&packet, &login, fx)?,
            Message::Heartbeat(state) => {
                fx.transmit(echo(packet.kind, packet.serial));
                store(report::events(&state, offset, now.wall), Bytes::new(), fx);
            }
            Message::Report(positioned) => {
                let ack = match packet.kind {
                    kind::ALARM | kind::ALARM_26 | kind::ALARM_FENCE => {
                        echo(packet.kind, packet.serial)
                    }
                    _ => Bytes::new(),
                };
                store(report::events(&positioned, offset, now.wall), ack, fx);
            }
            Message::Information(state) => {
                store(report::events(&state, offset, now.wall), Bytes::new(), fx);
            }
            Message::Answer(answer) => {
                self.answered(&answer, texts, now, fx);
                store(report::answer(&answer, offset), Bytes::new(), fx);
            }
            Message::TimeRequest => {
                fx.transmit(seal(kind::TIME, &encode::time(now.wall), packet.serial, false));
            }
            Message::Other => {
                let raw = packet.content.get(..UNHANDLED_HEAD).unwrap_or(packet.content);
                let raw = Bytes::copy_from_slice(raw);
                store(vec![Event::Unhandled { kind: packet.kind.into(), raw }], Bytes::new(), fx);
            }
        }
        Ok(())
    }

    fn compose(&mut self, downlink: &Downlink, _now: Now) -> Result<Bytes, u16> {
        let text = self.settings.command(&downlink.content).ok_or(NO_DISPLAY)?;
        let flag = FLAG | u32::from(number(downlink));
        let command = Command { flag, text: &text, language: self.settings.language };
        self.serial = self.serial.wrapping_add(1);
        Ok(seal(kind::COMMAND, &encode::command(&command), self.serial, false))
    }
}

fn store(events: Vec<Event>, ack: Bytes, fx: &mut Effects) {
    if !events.is_empty() || !ack.is_empty() {
        fx.record(LANE, events, ack, Bytes::new());
    }
}

impl Device {
    /// The same login again is a device that missed the answer; another one is not this connection's.
    fn login_again(
        &self,
        packet: &Packet<'_>,
        login: &Login,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        if identity(login)? != self.identity {
            let (message, state) = ("0x01 login of another IMEI", "online");
            return Err(SessionError::Unexpected { message, state });
        }
        fx.transmit(echo(kind::LOGIN, packet.serial));
        Ok(())
    }

    /// The device's answer to a command (specification, section 4).
    fn answered(&self, answer: &Answer<'_>, texts: &mut Texts, now: Now, fx: &mut Effects) {
        let stage = match self.settings.errors.found_in(&answer.text) {
            true => DeliveryStage::Refused { code: ERROR, retry: false },
            false => DeliveryStage::Confirmed(Evidence::Accepted),
        };
        let low = answer.flag.checked_sub(FLAG).and_then(|low| u16::try_from(low).ok());
        if let Some(number) = low {
            return texts.answered_number(number, stage, fx);
        }
        // Devices also send such packets on their own: `<ICCID:…>`.
        if answer.flag == 0 && self.settings.flag_zero_confirms && !answer.text.starts_with('<') {
            texts.answered(stage, now, fx);
        }
    }
}
