//! The device's side: logs in, reports, speaks and answers texts.
//!
//! An identity of 15 digits is an IMEI; any other is the device address. There is no sign of life in this protocol: as terminals do
//! where they have no position, it sends real-time data without one. Refusing is result 102, service not available.

use std::collections::VecDeque;

use super::decode;
use super::encode;
use super::markup;
use super::message::{
    Body, Content, Login, MESSAGE_SCRIPT, Nph, Npl, Packet, Receipt, Text, WHOLE, code, kind, npl,
    service,
};
use super::report;
use super::session::{WANTS_RESULT, plain};
use crate::event::Report;
use crate::session::Now;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};
use crate::text::Charset;

/// Most packets that wait for their result, and texts that wait for their answer; older ones are forgotten.
const MAX_WAITING: usize = 1024;
/// Digits of an IMEI.
const IMEI_DIGITS: usize = 15;
/// What follows the IMEI in a login.
const IMSI: &str = "250010000000001";
/// Largest packet that it takes.
const MAX_PACKET: u32 = 1024;
/// Peer address of texts, both ways.
const PEER: u32 = 0x400;

/// A simulated device.
#[derive(Debug)]
pub(super) struct NdtpTerminal {
    settings: TerminalSettings,
    /// NPH request id of the next packet.
    request: u32,
    /// Packets without a result, oldest first; `None` is the login.
    waiting: VecDeque<(u32, Option<Uplink>)>,
    /// Texts that came, with what an answer needs.
    texts: VecDeque<(u64, Npl, Nph, u16)>,
    /// Token of the newest text.
    token: u64,
}

impl NdtpTerminal {
    pub(super) const fn new(settings: TerminalSettings) -> Self {
        Self { settings, request: 0, waiting: VecDeque::new(), texts: VecDeque::new(), token: 0 }
    }

    fn send(
        &mut self,
        (service, kind): (u16, u16),
        body: Body<'_>,
        uplink: Option<Uplink>,
        fx: &mut Vec<TerminalEffect>,
    ) {
        let request = self.request;
        self.request = request.wrapping_add(1);
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back((request, uplink));
        let nph = Nph { service, kind, flags: WANTS_RESULT, request };
        let peer = if service == service::EXTERNAL_DEVICE { PEER } else { 0 };
        let npl = Npl { flags: 0, kind: npl::NPH, peer, request: 0 };
        let bytes = encode::packet(&Packet { npl, content: Content::Nph(nph, body) });
        fx.push(TerminalEffect::Transmit(bytes));
    }

    fn log_in(&mut self, fx: &mut Vec<TerminalEffect>) {
        let identity = self.settings.identity.clone();
        let is_imei = identity.len() == IMEI_DIGITS;
        let ids = if is_imei { identity.clone() + IMSI } else { String::new() };
        // Of an IMEI the last nine digits, so that simulated devices differ in this, too.
        let digits = if is_imei { identity.get(6..).unwrap_or("") } else { &identity };
        let address = digits.parse().unwrap_or(0);
        let login = Login {
            version: (6, 2),
            flags: 0x0302,
            address,
            max_packet: MAX_PACKET,
            ids: ids.as_bytes(),
        };
        self.send((service::GENERIC, kind::LOGIN), Body::Login(login), None, fx);
    }

    fn report(&mut self, report: &Report, uplink: Uplink, fx: &mut Vec<TerminalEffect>) {
        let kind = if report.archived { kind::HISTORY } else { kind::REAL_TIME };
        let body = Body::Navigation(report::navigation(report));
        self.send((service::NAVIGATION, kind), body, Some(uplink), fx);
    }

    fn say(&mut self, text: &str, fx: &mut Vec<TerminalEffect>) {
        let [.., high, low] = self.request.to_be_bytes();
        let message = u16::from_be_bytes([high, low]);
        let script = markup::from_device(message, text, Charset::Windows1251);
        let text =
            Text { message, fragment: WHOLE, device: 0, content: MESSAGE_SCRIPT, text: &script };
        let kind = (service::EXTERNAL_DEVICE, kind::TITLE_DATA);
        self.send(kind, Body::Text(text), Some(Uplink::Text), fx);
    }

    fn frame(&mut self, frame: &[u8], fx: &mut Vec<TerminalEffect>) {
        let Ok(Packet { npl, content: Content::Nph(nph, body) }) = decode::packet(frame) else {
            return;
        };
        match body {
            Body::Result(code) => self.result(nph.request, code, fx),
            Body::Receipt(receipt) => self.result(nph.request, receipt.result, fx),
            Body::Text(text) if text.content == MESSAGE_SCRIPT => {
                let shown = markup::read(&plain(text.text, Charset::Windows1251)).text;
                self.token += 1;
                if self.texts.len() >= MAX_WAITING {
                    self.texts.pop_front();
                }
                self.texts.push_back((self.token, npl, nph, text.message));
                fx.push(TerminalEffect::Text { token: self.token, text: shown });
            }
            _ => {}
        }
    }

    fn result(&mut self, request: u32, code: u32, fx: &mut Vec<TerminalEffect>) {
        let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == request) else {
            return;
        };
        let uplink = self.waiting.remove(at).and_then(|(_, uplink)| uplink);
        match (uplink, code) {
            (None, code::OK) => fx.push(TerminalEffect::Online),
            (None, code) => {
                fx.push(TerminalEffect::Refused(format!("result {code}")));
                fx.push(TerminalEffect::Close);
            }
            (Some(uplink), code::OK) => fx.push(TerminalEffect::Acked(uplink)),
            (Some(uplink), _) => fx.push(TerminalEffect::Nacked(uplink)),
        }
    }

    fn answer(&self, token: u64, result: u32, fx: &mut Vec<TerminalEffect>) {
        let text = self.texts.iter().find(|(found, ..)| *found == token);
        if let Some((_, npl, nph, message)) = text {
            let receipt = Receipt { fragment: 0, result, message: *message };
            let npl = Npl { request: 0, ..*npl };
            fx.push(TerminalEffect::Transmit(encode::receipt(&npl, nph, receipt)));
        }
    }
}

impl Terminal for NdtpTerminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => {
                self.waiting.clear();
                self.log_in(fx);
            }
            TerminalInput::Frame(frame) => self.frame(frame, fx),
            TerminalInput::Heartbeat => {
                let time = Some(now.wall);
                let report = Report { time, fix: None, archived: false, attributes: Vec::new() };
                self.report(&report, Uplink::Heartbeat, fx);
            }
            TerminalInput::Report(report) => self.report(report, Uplink::Report, fx),
            TerminalInput::Say(text) => self.say(text, fx),
            TerminalInput::Answer { token, outcome: Outcome::Confirm } => {
                self.answer(token, code::OK, fx);
            }
            TerminalInput::Answer { token, outcome: Outcome::Refuse } => {
                self.answer(token, code::NOT_AVAILABLE, fx);
            }
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
            TerminalInput::Timeout => {}
        }
    }
}
