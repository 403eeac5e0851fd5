//! The platform's side of the dialogue (specification 2 to 7).
//!
//! The state machine is [`SingleSession`]'s; here is what the packets mean. Results of what is stored stand in the
//! [`Effect::Record`](crate::effect::Effect::Record) whose commit they wait for; all others are written at once.

use bytes::Bytes;

use super::decode;
use super::delivery::{self, SERIAL_BITS, Shown};
use super::encode;
use super::frame::ENCRYPTED;
use super::markup;
use super::message::{
    Body, Content, Login, MESSAGE_SCRIPT, Nph, Npl, Packet, Receipt as DeviceResult, Text, code,
    kind, service,
};
use super::options::Settings;
use super::report;
use crate::effect::Effects;
use crate::event::{DriverMessage, Event, Origin, RepeatKey, Value};
use crate::options::DeviceOptions;
use crate::session::{Credentials, Downlink, Now, SessionError};
use crate::single::{Denial, Dialect, Fault, LANE, Patience, SingleSession, Texts};
use crate::text::Charset;

/// Digits of IMEI and IMSI.
const ID_DIGITS: usize = 15;
/// NPH flag: a result is wanted.
pub(super) const WANTS_RESULT: u16 = 1;
/// How long the number of a driver's message stays significant: terminals count from 1 again when they are switched on.
const REPEAT_WINDOW_SECONDS: u32 = 600;
/// How often a text goes out again before it is given back.
const RESENDS: u8 = 3;

/// The session.
pub(super) type NdtpSession = SingleSession<Device>;

/// An admitted device.
#[derive(Debug)]
pub(super) struct Device {
    identity: String,
    settings: Settings,
    shown: Shown,
    /// Largest packet that it takes.
    max_packet: usize,
    /// What its login says beside the identity is stored.
    introduced: bool,
}

/// A login that waits for its result.
#[derive(Debug)]
pub(super) struct Named {
    npl: Npl,
    nph: Nph,
    identity: String,
    max_packet: u32,
}

/// IMEI and IMSI of a login, where they are there.
fn ids<'a>(login: &Login<'a>) -> (Option<&'a str>, Option<&'a str>) {
    let digits = |from: usize| {
        let digits = login.ids.get(from..from + ID_DIGITS)?;
        let digits = std::str::from_utf8(digits).ok()?;
        digits.bytes().all(|digit| digit.is_ascii_digit()).then_some(digits)
    };
    (digits(0), digits(ID_DIGITS))
}

/// Identity and aliases; `None` if the login names nobody.
fn identity(login: &Login<'_>) -> Option<(String, Vec<String>)> {
    let address = (login.address != 0).then(|| login.address.to_string());
    match ids(login).0 {
        Some(imei) => Some((imei.to_owned(), address.into_iter().collect())),
        None => Some((address?, Vec::new())),
    }
}

fn info(login: &Login<'_>) -> Event {
    let (major, minor) = login.version;
    let mut list = vec![
        ("protocol_version".into(), Value::Text(format!("{major}.{minor}"))),
        ("device_address".into(), Value::Int(login.address.into())),
        ("max_packet".into(), Value::Int(login.max_packet.into())),
    ];
    if let Some(imsi) = ids(login).1 {
        list.push(("imsi".into(), Value::Text(imsi.to_owned())));
    }
    Event::Info(list)
}

/// A terminal that encrypts cannot be understood: its connection ends.
fn only_plain(packet: &Packet<'_>) -> Result<(), Fault> {
    if packet.npl.flags & ENCRYPTED == 0 {
        return Ok(());
    }
    Err(Fault::Refused { reason: "the terminal encrypts; how is not published", error: None })
}

/// Answers a packet whose data makes no sense, if it wants an answer; nothing of it is stored.
fn refuse_malformed(frame: &[u8], fx: &mut Effects) {
    if let Some((npl, nph)) = decode::headers(frame)
        && nph.flags & WANTS_RESULT != 0
    {
        let answer = encode::result(&npl, &nph, code::BAD_FORMAT);
        fx.record(LANE, Vec::new(), answer.clone(), answer);
    }
}

impl Dialect for Device {
    const NAMED_BY_DATA: bool = true;
    const WRONG_SECRET: &'static str =
        "the device has no password to present, but one is configured";

    type Login = Named;

    fn identify(frame: &[u8], fx: &mut Effects) -> Result<(Credentials, Named), Fault> {
        let packet = decode::packet(frame)?;
        only_plain(&packet)?;
        let Content::Nph(nph, Body::Login(login)) = &packet.content else {
            return Err(SessionError::Unexpected { message: "packet", state: "login" }.into());
        };
        let (npl, nph, max_packet) = (packet.npl, *nph, login.max_packet);
        let Some((identity, aliases)) = identity(login) else {
            fx.transmit(encode::result(&npl, &nph, code::NOT_AUTHORISED));
            let reason = "the login has neither IMEI nor device address";
            return Err(Fault::Refused { reason, error: None });
        };
        let credentials = Credentials { identity: identity.clone(), aliases, secret: None };
        Ok((credentials, Named { npl, nph, identity, max_packet }))
    }

    fn admitted(
        login: Named,
        options: &DeviceOptions,
        _now: Now,
        fx: &mut Effects,
    ) -> (Self, Patience) {
        let settings = Settings::read(options);
        fx.transmit(encode::result(&login.npl, &login.nph, code::OK));
        let patience =
            Patience { wait: settings.answer_limit, repeats: RESENDS, ..Patience::default() };
        let max_packet = match login.max_packet {
            // It does not say.
            0 => usize::MAX,
            bytes => usize::try_from(bytes).unwrap_or(usize::MAX),
        };
        let (identity, shown) = (login.identity, Shown::default());
        (Self { identity, settings, shown, max_packet, introduced: false }, patience)
    }

    fn denied(login: Named, _denial: Denial, fx: &mut Effects) {
        fx.transmit(encode::result(&login.npl, &login.nph, code::NOT_AUTHORISED));
    }

    fn uplink(
        &mut self,
        frame: &[u8],
        texts: &mut Texts,
        _now: Now,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        match decode::packet(frame) {
            Ok(packet) => {
                only_plain(&packet)?;
                self.packet(&packet, texts, fx)
            }
            Err(error) => {
                refuse_malformed(frame, fx);
                Err(error.into())
            }
        }
    }

    fn takes_texts(&self) -> bool {
        self.settings.display
    }

    fn compose(&mut self, downlink: &Downlink, _now: Now) -> Result<Bytes, u16> {
        let (text, labels) = self.settings.shown(&downlink.content);
        let bytes = delivery::title_data(downlink.serial, &text, &labels, &self.settings);
        if bytes.len() > self.max_packet {
            // The option `max_packet` promises more than the device declares.
            return Err(u16::try_from(code::BAD_LENGTH).unwrap_or(u16::MAX));
        }
        self.shown.remember(downlink.serial, &labels);
        Ok(bytes)
    }
}

impl Device {
    fn packet(
        &mut self,
        packet: &Packet<'_>,
        texts: &mut Texts,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let (nph, body) = match &packet.content {
            Content::Nph(nph, body) => (nph, body),
            Content::Error(code) => {
                keep(packet, &code.to_le_bytes(), fx);
                return Ok(());
            }
            Content::Other(bytes) => {
                keep(packet, bytes, fx);
                return Ok(());
            }
        };
        let answer = |code| match nph.flags & WANTS_RESULT {
            0 => Bytes::new(),
            _ => encode::result(&packet.npl, nph, code),
        };
        match body {
            Body::Login(login) => self.login(packet, nph, login, fx)?,
            Body::Navigation(navigation) => {
                let archived = nph.kind == kind::HISTORY;
                let events = report::events(navigation, archived, &self.settings);
                fx.record(LANE, events, answer(code::OK), answer(code::DATABASE_ERROR));
            }
            Body::Text(text) => self.said(packet, nph, text, fx),
            Body::Receipt(result) => {
                if let Some(stage) = delivery::stage(nph, *result, &self.settings) {
                    texts.answered_serial(nph.request, SERIAL_BITS, stage, fx);
                }
                let answer = answer(code::OK);
                if !answer.is_empty() {
                    fx.transmit(answer);
                }
            }
            // A refusal, if it is one.
            Body::Result(code) if nph.service == service::EXTERNAL_DEVICE => {
                if *code != code::OK && texts.in_flight() == Some(nph.request) {
                    let stage = delivery::refused(*code, &self.settings);
                    texts.answered_serial(nph.request, SERIAL_BITS, stage, fx);
                }
            }
            // Nothing else that we send wants a result.
            Body::Result(_) => {}
            Body::Other(bytes) => {
                let kind = u32::from(nph.service) << 16 | u32::from(nph.kind);
                let answer = match self.settings.ack_unknown {
                    true => answer(code::OK),
                    false => answer(code::NOT_SUPPORTED),
                };
                fx.record(LANE, vec![report::unhandled(kind, bytes)], answer.clone(), answer);
            }
        }
        Ok(())
    }

    /// The first login was answered at the admission, and what it says beside the identity is stored now; the same one again is a
    /// device that missed the result.
    fn login(
        &mut self,
        packet: &Packet<'_>,
        nph: &Nph,
        login: &Login<'_>,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        if !std::mem::replace(&mut self.introduced, true) {
            fx.record(LANE, vec![info(login)], Bytes::new(), Bytes::new());
            return Ok(());
        }
        if identity(login).is_some_and(|(identity, _)| identity == self.identity) {
            fx.transmit(encode::result(&packet.npl, nph, code::OK));
            return Ok(());
        }
        fx.transmit(encode::result(&packet.npl, nph, code::NOT_AUTHORISED));
        Err(SessionError::Unexpected { message: "login of another identity", state: "online" })
    }

    /// Section 6: a text of the driver, or something that is none. Its receipt is due whether or not it asks for a result.
    fn said(&self, packet: &Packet<'_>, nph: &Nph, text: &Text<'_>, fx: &mut Effects) {
        let receipt = |result| {
            let Text { message, fragment, .. } = *text;
            encode::receipt(&packet.npl, nph, DeviceResult { fragment, result, message })
        };
        let mut events = Vec::with_capacity(2);
        let script = plain(text.text, self.settings.charset);
        let reading = markup::read(&script);
        if text.content == MESSAGE_SCRIPT {
            events.extend(self.message(nph, text, &reading));
        }
        if text.content != MESSAGE_SCRIPT || reading.marked || events.is_empty() {
            let kind = u32::from(nph.service) << 16 | u32::from(nph.kind);
            events.push(report::unhandled(kind, text.text));
        }
        fx.record(LANE, events, receipt(code::OK), receipt(code::DATABASE_ERROR));
    }

    /// `None` if it holds no words and names no button.
    fn message(&self, nph: &Nph, text: &Text<'_>, reading: &markup::Reading) -> Option<Event> {
        let (reply_to, label) = self.shown.answered(text.message, reading.id, reading.button);
        let named = reading.button.map(|button| format!("btn{button}"));
        let words = match (label, named) {
            // The button's name, or nothing, stands for what the button says.
            (Some(label), Some(name)) if reading.text.is_empty() || reading.text == name => {
                label.to_owned()
            }
            (_, Some(name)) if reading.text.is_empty() => name,
            _ if reading.text.is_empty() => return None,
            _ => reading.text.clone(),
        };
        let key = u64::from(text.message) << 32 | u64::from(nph.request);
        Some(Event::Message(DriverMessage {
            text: words,
            device_time: None,
            repeat: RepeatKey::Numbered { key, window_seconds: REPEAT_WINDOW_SECONDS },
            reply_to,
            origin: Origin::Driver,
        }))
    }
}

/// A text as the device wrote it, without control characters other than line feed and tab.
pub(super) fn plain(bytes: &[u8], charset: Charset) -> String {
    let text = charset.decode(bytes);
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Keeps what is not NPH: the kind is the NPL type in the upper byte.
fn keep(packet: &Packet<'_>, bytes: &[u8], fx: &mut Effects) {
    let kind = u32::from(packet.npl.kind) << 24;
    fx.record(LANE, vec![report::unhandled(kind, bytes)], Bytes::new(), Bytes::new());
}
