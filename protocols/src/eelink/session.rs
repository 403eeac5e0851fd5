//! The platform's side of the dialogue (specification, sections 2 and 4).
//!
//! The state machine is [`SingleSession`](crate::single::SingleSession)'s; here is what the packages mean. Logins and heartbeats are
//! answered at once, everything else after its commit. A device that sends datagrams is answered in datagrams.

use std::time::Duration;

use bytes::Bytes;

use super::decode;
use super::encode;
use super::frame::{Package, datagram_imei, packages, seal, seal_datagram};
use super::message::{Instruction, Login, Message, id};
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

/// What our unique ids have in common: none is 0, and the low half is the number of the text.
const UNIQUE: u32 = 0x0001_0000;
/// [`DeliveryStage::Refused`] code: the device answered with an error.
const ERROR: u16 = 1;
/// How often an unanswered text is sent again (specification, section 4).
const REPEATS: u8 = 2;
/// Bytes of a package that nobody interprets that are handed on.
const UNHANDLED_HEAD: usize = 1024;

/// The session.
pub(super) type EelinkSession = SingleSession<Device>;

/// An admitted device.
#[derive(Debug)]
pub(super) struct Device {
    imei: [u8; 8],
    /// The device wraps its packages in datagrams.
    datagrams: bool,
    /// Sequence number of our next instruction.
    sequence: u16,
    settings: Settings,
}

/// The digits of an IMEI without its leading zero.
fn identity(imei: [u8; 8]) -> Result<String, DecodeError> {
    let (message, field) = ("0x01 login", "IMEI");
    let invalid = DecodeError { message, field, offset: 7, kind: DecodeErrorKind::Invalid };
    match bcd::digits(&imei) {
        Some(digits) if digits.bytes().any(|digit| digit != b'0') => {
            Ok(digits.strip_prefix('0').unwrap_or(&digits).to_owned())
        }
        _ => Err(invalid),
    }
}

impl Dialect for Device {
    // Datagrams name their device and report at once; so the login, too, is answered where everything else is.
    const NAMED_BY_DATA: bool = true;

    /// The IMEI as it was sent.
    type Login = [u8; 8];

    fn identify(frame: &[u8], _fx: &mut Effects) -> Result<(Credentials, [u8; 8]), Fault> {
        if let Some(imei) = datagram_imei(frame) {
            return Ok((named(identity(imei)?), imei));
        }
        let package = packages(frame).next().ok_or(SessionError::Bug("a frame without package"))?;
        match decode::uplink(&package)? {
            Message::Login(login) => Ok((named(identity(login.imei)?), login.imei)),
            _ => {
                let message = decode::name(package.id);
                Err(SessionError::Unexpected { message, state: "login" }.into())
            }
        }
    }

    fn admitted(
        imei: [u8; 8],
        options: &DeviceOptions,
        _now: Now,
        _fx: &mut Effects,
    ) -> (Self, Patience) {
        let settings = Settings::read(options);
        let wait = Duration::from_secs(settings.answer_seconds);
        let patience = Patience { wait, repeats: REPEATS, ..Patience::default() };
        (Self { imei, datagrams: false, sequence: 0, settings }, patience)
    }

    fn uplink(
        &mut self,
        frame: &[u8],
        texts: &mut Texts,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let datagram = datagram_imei(frame);
        if datagram.is_some_and(|imei| imei != self.imei) {
            let (message, state) = ("datagram of another IMEI", "online");
            return Err(SessionError::Unexpected { message, state }.into());
        }
        self.datagrams = datagram.is_some();
        // One package that makes no sense does not cost the others.
        let mut outcome = Ok(());
        for package in packages(frame) {
            if let Err(error) = self.package(&package, texts, now, fx) {
                outcome = Err(error.into());
            }
        }
        outcome
    }

    fn compose(&mut self, downlink: &Downlink, _now: Now) -> Result<Bytes, u16> {
        let settings = &self.settings;
        let text = settings.text(&downlink.content).ok_or(NO_DISPLAY)?;
        let unique_id = UNIQUE | u32::from(number(downlink));
        let instruction = Instruction { kind: settings.text_type, unique_id, text };
        self.sequence = self.sequence.wrapping_add(1);
        let content = encode::instruction(&instruction);
        Ok(self.wrap(seal(id::INSTRUCTION, self.sequence, &content)))
    }
}

impl Device {
    fn wrap(&self, package: Bytes) -> Bytes {
        if self.datagrams { seal_datagram(self.imei, &package) } else { package }
    }

    /// The answer to a package: its id and sequence number.
    fn echo(&self, package: &Package<'_>, content: &[u8]) -> Bytes {
        self.wrap(seal(package.id, package.sequence, content))
    }

    fn package(
        &self,
        package: &Package<'_>,
        texts: &mut Texts,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let (events, ack) = match decode::uplink(package)? {
            Message::Login(login) => return self.login(package, login, now, fx),
            Message::Status(status) => {
                fx.transmit(self.echo(package, &[]));
                (vec![report::status(status)], Bytes::new())
            }
            Message::Report(report) => {
                (vec![Event::Report(report::report(&report, now.wall))], self.echo(package, &[]))
            }
            Message::Sms(sms) => (report::sms(&sms, now.wall), self.echo(package, &[])),
            Message::Answer(answer) => {
                self.answered(&answer, texts, fx);
                (report::answer(&answer), Bytes::new())
            }
            Message::Other => {
                let raw = package.content.get(..UNHANDLED_HEAD).unwrap_or(package.content);
                let raw = Bytes::copy_from_slice(raw);
                let event = Event::Unhandled { kind: package.id.into(), raw };
                (vec![event], self.echo(package, &[]))
            }
        };
        fx.record(LANE, events, ack, Bytes::new());
        Ok(())
    }

    fn login(
        &self,
        package: &Package<'_>,
        login: Login,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        if login.imei != self.imei {
            let (message, state) = ("0x01 login of another IMEI", "online");
            return Err(SessionError::Unexpected { message, state });
        }
        let long = encode::login_answer(now.wall);
        fx.transmit(self.echo(package, if login.version2 { &long } else { &[] }));
        Ok(())
    }

    /// The device's answer to an instruction: ours, or one that somebody else sent.
    fn answered(&self, answer: &Instruction<'_>, texts: &mut Texts, fx: &mut Effects) {
        let low = answer.unique_id.checked_sub(UNIQUE).and_then(|low| u16::try_from(low).ok());
        if let Some(number) = low {
            let stage = match self.settings.errors.found_in(&answer.text) {
                true => DeliveryStage::Refused { code: ERROR, retry: false },
                false => DeliveryStage::Confirmed(Evidence::Accepted),
            };
            texts.answered_number(number, stage, fx);
        }
    }
}
