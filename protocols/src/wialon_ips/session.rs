//! The platform's side of the dialogue (specification 4, 5 and 8).
//!
//! The state machine is [`SingleSession`]'s; here is what the packets mean. Answers to data stand in the
//! [`Effect::Record`](crate::effect::Effect::Record) whose commit they wait for, refusals of data in empty records, so that the
//! device, which counts answers, sees them in the order of its packets. Only `AP` and `AL` are written at once.

use bytes::Bytes;

use super::decode::{self, CRC};
use super::encode::{self, answer};
use super::frame::{Parts, split};
use super::message::{BlackBox, Login, Packet, Record, Version};
use super::options::{ReceiptRule, Settings};
use super::refusal::refusal;
use super::report;
use crate::effect::{DeliveryStage, Effects, Evidence};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::event::Event;
use crate::framing::Rejection;
use crate::options::DeviceOptions;
use crate::session::{Credentials, Downlink, Now, SessionError};
use crate::single::{Denial, Dialect, Fault, LANE, Patience, SingleSession, Texts};

/// Bytes of a packet that nobody interprets that are handed on.
const UNHANDLED_HEAD: usize = 1024;
/// [`DeliveryStage::Refused`] codes: the device said `0`, or twice `01`.
const REFUSED: u16 = 0;
const REFUSED_CHECKSUM: u16 = 1;

/// The session.
pub(super) type IpsSession = SingleSession<Device>;

/// An admitted device.
#[derive(Debug)]
pub(super) struct Device {
    version: Version,
    identity: String,
    settings: Settings,
    /// Number of the last block of the tachograph file announced by `IT`.
    last_block: Option<u32>,
}

/// Who sent a login, and how it writes.
#[derive(Debug)]
pub(super) struct Named {
    version: Version,
    identity: String,
}

/// A packet that begins where the frame does.
fn parts(frame: &[u8]) -> Option<Parts<'_>> {
    split(frame).filter(|parts| parts.prefix.is_empty())
}

impl Dialect for Device {
    const WRONG_SECRET: &'static str = "wrong password";

    type Login = Named;

    fn identify(frame: &[u8], fx: &mut Effects) -> Result<(Credentials, Named), Fault> {
        let parts = parts(frame).ok_or_else(not_a_packet)?;
        if parts.kind != b"L" {
            // Nothing it sends is taken: a device that counts answers gets the refusing one.
            if let Some(refusal) = refusal(&parts, "ASD", None) {
                fx.transmit(refusal);
            }
            return Err(SessionError::Unexpected { message: "packet", state: "login" }.into());
        }
        let login = match decode::body(&parts, Version::V1) {
            Ok(Packet::Login(login)) => login,
            Ok(_) => return Err(SessionError::Bug("a login that decodes to something else").into()),
            Err(error) => {
                let (code, reason) = match error.field {
                    CRC => ("10", "the login's checksum is wrong"),
                    _ => ("0", "the login has no usable id"),
                };
                fx.transmit(answer("AL", code));
                return Err(Fault::Refused { reason, error: Some(error.into()) });
            }
        };
        let (identity, version) = (String::from_utf8_lossy(login.id).into_owned(), login.version);
        let secret = login.password.map(|secret| String::from_utf8_lossy(secret).into_owned());
        let credentials = Credentials { identity: identity.clone(), aliases: Vec::new(), secret };
        Ok((credentials, Named { version, identity }))
    }

    fn admitted(
        login: Named,
        options: &DeviceOptions,
        _now: Now,
        fx: &mut Effects,
    ) -> (Self, Patience) {
        let Named { version, identity } = login;
        let settings = Settings::read(options);
        fx.transmit(answer("AL", 1));
        let patience = Patience {
            wait: settings.answer_limit,
            never_answers: settings.receipt == ReceiptRule::Write,
            ..Patience::default()
        };
        (Self { version, identity, settings, last_block: None }, patience)
    }

    fn denied(_login: Named, denial: Denial, fx: &mut Effects) {
        let code = match denial {
            Denial::Stranger => "0",
            Denial::WrongSecret => "01",
        };
        fx.transmit(answer("AL", code));
    }

    fn rejected(device: Option<&Self>, raw: &[u8], reason: Rejection, fx: &mut Effects) {
        if let (Some(device), Rejection::TooLong { .. }, Some(parts)) = (device, reason, parts(raw))
            && let Some(refusal) = refusal(&parts, device.settings.sd_answer, None)
        {
            say(refusal, fx);
        }
    }

    fn uplink(
        &mut self,
        frame: &[u8],
        texts: &mut Texts,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let parts = parts(frame).ok_or_else(not_a_packet)?;
        let packet = match decode::body(&parts, self.version) {
            Ok(packet) => packet,
            Err(error) => {
                if let Some(refusal) = refusal(&parts, self.settings.sd_answer, Some(&error)) {
                    say(refusal, fx);
                }
                return Err(error.into());
            }
        };
        match packet {
            Packet::Login(login) => self.login_again(&login, fx)?,
            Packet::Ping => fx.transmit(answer("AP", "")),
            Packet::ShortData(record) => self.data(&record, self.settings.sd_answer, fx),
            Packet::Data(record) => self.data(&record, "AD", fx),
            Packet::BlackBox(black_box) => self.black_box(&black_box, fx),
            Packet::Message(text) => self.message(text, fx),
            Packet::Picture(picture) => {
                let done = picture.index == picture.last;
                self.file(&parts, "AI", picture.index, done, fx);
            }
            Packet::TachographFile(file) => {
                self.last_block = Some(file.last);
                let code = u8::from(self.settings.acknowledge_files);
                self.unhandled(&parts, answer("AIT", code), fx);
            }
            Packet::TachographBlock(block) => {
                let done = self.last_block == Some(block.index);
                self.file(&parts, "AT", block.index, done, fx);
            }
            Packet::Answer(text) if text.kind == b"AM" => {
                self.answered(text.code, texts, now, fx)?;
            }
            // Questions and files go the other way, as do the other answers; 2.1's video packets are nobody's business here.
            _ => self.unhandled(&parts, Bytes::new(), fx),
        }
        // What proves that the connection lives.
        if self.settings.receipt == ReceiptRule::NextPacket
            && matches!(parts.kind, b"P" | b"SD" | b"D" | b"B" | b"I" | b"IT" | b"T")
        {
            texts.answered(DeliveryStage::Confirmed(Evidence::Inferred), now, fx);
        }
        Ok(())
    }

    fn compose(&mut self, downlink: &Downlink, _now: Now) -> Result<Bytes, u16> {
        let text = self.settings.encode(&downlink.content);
        Ok(encode::packet(&Packet::Message(&text), self.version).into())
    }
}

/// An answer that keeps its place behind the answers that wait for a commit.
fn say(answer: Bytes, fx: &mut Effects) {
    fx.record(LANE, Vec::new(), answer.clone(), answer);
}

impl Device {
    /// Only the first login counts; the same one again is a device that missed the answer.
    fn login_again(&mut self, login: &Login<'_>, fx: &mut Effects) -> Result<(), SessionError> {
        if String::from_utf8_lossy(login.id) == self.identity {
            self.version = login.version;
            fx.transmit(answer("AL", 1));
            return Ok(());
        }
        fx.transmit(answer("AL", 0));
        Err(SessionError::Unexpected { message: "L login of another id", state: "online" })
    }

    fn data(&self, record: &Record<'_>, kind: &'static str, fx: &mut Effects) {
        let mut events = Vec::with_capacity(2);
        report::events(record, false, self.settings.charset, &mut events);
        // -1, "wrong structure", is the only refusal that does not blame a value.
        fx.record(LANE, events, answer(kind, 1), answer(kind, -1));
    }

    fn black_box(&self, black_box: &BlackBox<'_>, fx: &mut Effects) {
        let mut events = Vec::with_capacity(black_box.records.len());
        for record in &black_box.records {
            report::events(record, true, self.settings.charset, &mut events);
        }
        fx.record(LANE, events, answer("AB", black_box.records.len()), answer("AB", 0));
    }

    fn message(&self, words: &[u8], fx: &mut Effects) {
        let words = report::text(words, self.settings.charset);
        let mut events = Vec::new();
        if !words.trim().is_empty() {
            events.push(report::message(words));
        }
        fx.record(LANE, events, answer("AM", 1), answer("AM", 0));
    }

    /// One block of a file, dropped.
    fn file(
        &self,
        parts: &Parts<'_>,
        kind: &'static str,
        index: u32,
        done: bool,
        fx: &mut Effects,
    ) {
        if !self.settings.acknowledge_files {
            return say(answer(kind, format_args!("{index};0")), fx);
        }
        let block = format!("#{kind}#{index};1\r\n");
        let whole = if done { format!("#{kind}#1\r\n") } else { String::new() };
        self.unhandled(parts, (block + &whole).into(), fx);
    }

    /// Counted, its line kept in part.
    fn unhandled(&self, parts: &Parts<'_>, ack: Bytes, fx: &mut Effects) {
        let kind = parts.kind.iter().fold(0, |kind, &letter| (kind << 8) | u32::from(letter));
        let raw = parts.body.get(..UNHANDLED_HEAD).unwrap_or(parts.body);
        let event = Event::Unhandled { kind, raw: Bytes::copy_from_slice(raw) };
        fx.record(LANE, vec![event], ack, Bytes::new());
    }

    /// `AM` from the device: about the one outstanding text, or about nothing (specification 5.1).
    fn answered(
        &self,
        code: &[u8],
        texts: &mut Texts,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), DecodeError> {
        if texts.in_flight().is_none() {
            return Ok(());
        }
        let retry = self.settings.retry_refused;
        let stage = match code {
            b"1" => DeliveryStage::Confirmed(Evidence::Accepted),
            b"0" => DeliveryStage::Refused { code: REFUSED, retry },
            b"01" if texts.again(fx) => return Ok(()),
            b"01" => DeliveryStage::Refused { code: REFUSED_CHECKSUM, retry },
            // It may still answer properly; if not, the time limit ends it.
            _ => {
                let (message, field, kind) = ("AM answer", "code", DecodeErrorKind::Invalid);
                return Err(DecodeError { message, field, offset: 0, kind });
            }
        };
        texts.answered(stage, now, fx);
        Ok(())
    }
}

const fn not_a_packet() -> DecodeError {
    DecodeError { message: "packet", field: "type", offset: 0, kind: DecodeErrorKind::Invalid }
}
