//! The device's side: what the simulator and the end-to-end tests run. Dialects: `imei` (the default), `tid` (identified by its
//! unit id), `oid` (no identity but the OID of its records).
//!
//! It shows messages (CT_MSGTO) and the RAW_DATA of commands, and confirms them with CT_MSGCONF and CT_COMCONF.

use std::collections::VecDeque;

use super::charset::{self, Writing};
use super::decode;
use super::encode::{self, FROM_DEVICE};
use super::header::{packet as pt, seal};
use super::message::{
    AuthInfo, Body, Command, OrderAnswer, Packet, Position, Record, Sub, TermIdentity, cct, code,
    ct, seconds, service,
};
use super::names;
use crate::event::Report;
use crate::session::Now;
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};

/// Uplinks whose answers are waited for; older ones are forgotten.
const MAX_WAITING: usize = 256;
/// Texts that can still be answered.
const MAX_SHOWN: usize = 64;
/// BS: largest packet it accepts.
const MAX_PACKET: u16 = 4096;

/// A simulated unit.
#[derive(Debug)]
pub(super) struct EgtsTerminal {
    settings: TerminalSettings,
    packet: u16,
    record: u16,
    /// Number of its next text.
    texts: u32,
    online: bool,
    /// PID and kind of what is not answered.
    waiting: VecDeque<(u16, Uplink)>,
    /// CID, SID and type of the texts that were shown.
    shown: VecDeque<Shown>,
}

#[derive(Debug, Clone, Copy)]
struct Shown {
    id: u32,
    sender: u32,
    /// It came as a command to this module address.
    command: Option<(u16, u16)>,
}

impl EgtsTerminal {
    pub(super) const fn new(settings: TerminalSettings) -> Self {
        Self {
            settings,
            packet: 0,
            record: 0,
            texts: 0,
            online: false,
            waiting: VecDeque::new(),
            shown: VecDeque::new(),
        }
    }

    fn is(&self, dialect: &str) -> bool {
        self.settings.dialect.as_deref() == Some(dialect)
    }

    fn object(&self) -> Option<u32> {
        if self.is("oid") { self.settings.identity.parse().ok() } else { None }
    }

    fn next_packet(&mut self) -> u16 {
        self.packet = self.packet.wrapping_add(1);
        self.packet
    }

    /// Sends an APPDATA packet of one record; its answer is waited for.
    fn send(
        &mut self,
        service: u8,
        subs: &[Sub<'_>],
        time: Option<u32>,
        kind: Option<Uplink>,
        fx: &mut Vec<TerminalEffect>,
    ) {
        self.record = self.record.wrapping_add(1);
        let data = encode::subs(subs);
        let object = self.object();
        let head = encode::record(FROM_DEVICE, self.record, service, &data);
        let body = encode::data(&[Record { object, time, ..head }]);
        self.write(&body, kind, fx);
    }

    fn write(&mut self, body: &[u8], kind: Option<Uplink>, fx: &mut Vec<TerminalEffect>) {
        let packet = self.next_packet();
        if let Some(kind) = kind {
            if self.waiting.len() >= MAX_WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back((packet, kind));
        }
        fx.push(TerminalEffect::Transmit(seal(pt::APPDATA, packet, None, body)));
    }

    fn log_in(&mut self, fx: &mut Vec<TerminalEffect>) {
        if self.is("oid") {
            // Nothing would be said before its first record; an empty one shows the OID.
            return self.send(service::TELEDATA, &[], None, Some(Uplink::Other), fx);
        }
        let identity = self.settings.identity.clone();
        let id = identity.parse().ok().filter(|_| self.is("tid"));
        let imei = id.is_none().then_some(identity.as_bytes());
        let identity = TermIdentity {
            id: id.unwrap_or(0),
            simple: true,
            imei,
            buffer: Some(MAX_PACKET),
            ..TermIdentity::default()
        };
        self.send(service::AUTH, &[Sub::TermIdentity(identity)], None, None, fx);
    }

    fn frame(&mut self, frame: &[u8], fx: &mut Vec<TerminalEffect>) {
        let Ok(packet) = decode::packet(frame) else { return };
        match &packet.body {
            Body::Response { answered, result, records } => {
                if let Some(answered) = *answered {
                    self.answered(answered, *result, records, fx);
                }
            }
            Body::Data { .. } => self.data(&packet, fx),
        }
    }

    /// The platform answered a packet.
    fn answered(
        &mut self,
        answered: u16,
        result: u8,
        records: &[Record<'_>],
        fx: &mut Vec<TerminalEffect>,
    ) {
        let refused = |record: &Record<'_>| {
            let subs = decode::subs(record).flatten();
            let read = subs.filter_map(|raw| decode::sub(record.source, &raw).ok());
            read.into_iter().any(|sub| matches!(sub, Sub::RecordResponse { result: 128.., .. }))
        };
        let taken = result < 128 && !records.iter().any(refused);
        let place = self.waiting.iter().position(|(packet, _)| *packet == answered);
        let Some((_, kind)) = place.and_then(|place| self.waiting.remove(place)) else { return };
        if self.is("oid") && !self.online {
            self.online = taken;
            fx.push(match taken {
                true => TerminalEffect::Online,
                false => TerminalEffect::Refused("records are refused".to_owned()),
            });
            return;
        }
        fx.push(match taken {
            true => TerminalEffect::Acked(kind),
            false => TerminalEffect::Nacked(kind),
        });
    }

    /// The platform's records: answered at once, then done.
    fn data(&mut self, packet: &Packet<'_>, fx: &mut Vec<TerminalEffect>) {
        let records = packet.body.records();
        let answers: Vec<_> = records
            .iter()
            .map(|record| {
                let sub = Sub::RecordResponse { record: record.number, result: code::OK };
                (record.source, encode::subs(&[sub]))
            })
            .collect();
        let answers: Vec<_> = answers
            .iter()
            .map(|(service, data)| {
                self.record = self.record.wrapping_add(1);
                encode::record(FROM_DEVICE, self.record, *service, data)
            })
            .collect();
        let body = encode::response(packet.header.id, code::OK, &answers);
        let response = seal(pt::RESPONSE, self.next_packet(), None, &body);
        fx.push(TerminalEffect::Transmit(response));
        for record in records {
            for raw in decode::subs(record).flatten() {
                match decode::sub(record.source, &raw) {
                    Ok(Sub::ResultCode(result)) => self.result_code(result, fx),
                    Ok(Sub::AuthParams(_)) => self.password(fx),
                    Ok(Sub::Command(command)) => self.command(&command, fx),
                    _ => {}
                }
            }
        }
    }

    fn result_code(&mut self, result: u8, fx: &mut Vec<TerminalEffect>) {
        if result < 128 {
            if !std::mem::replace(&mut self.online, true) {
                fx.push(TerminalEffect::Online);
            }
            return;
        }
        self.online = false;
        fx.push(TerminalEffect::Refused(format!("{result} {}", names::result(result))));
        fx.push(TerminalEffect::Close);
    }

    /// AUTH_INFO. One without a password says so with an empty one.
    fn password(&mut self, fx: &mut Vec<TerminalEffect>) {
        let user = self.settings.identity.clone();
        let password = self.settings.secret.clone().unwrap_or_default();
        let info = AuthInfo {
            user: user.as_bytes(),
            password: password.as_bytes(),
            server_sequence: None,
        };
        self.send(service::AUTH, &[Sub::AuthInfo(info)], None, None, fx);
    }

    fn command(&mut self, command: &Command<'_>, fx: &mut Vec<TerminalEffect>) {
        let (text, order) = match (command.kind, decode::order(command.data)) {
            (ct::MSGTO, _) => (command.data, None),
            (ct::COM, Some(order)) if order.action == 0 && order.code == 0 => {
                (order.data, Some((order.address, order.code)))
            }
            _ => return,
        };
        let Some(text) = charset::decode(command.charset, false, text) else { return };
        if self.shown.len() >= MAX_SHOWN {
            self.shown.pop_front();
        }
        self.shown.push_back(Shown { id: command.id, sender: command.sender, command: order });
        fx.push(TerminalEffect::Text { token: command.id.into(), text });
    }

    fn answer(&mut self, token: u64, outcome: Outcome, fx: &mut Vec<TerminalEffect>) {
        let found = self.shown.iter().rev().find(|shown| u64::from(shown.id) == token);
        let Some(&Shown { id, sender, command }) = found else { return };
        let result = match outcome {
            Outcome::Confirm => cct::OK,
            Outcome::Refuse => cct::ERROR,
        };
        let mut data = Vec::new();
        if let Some((address, code)) = command {
            OrderAnswer { address, code, data: &[] }.encode(&mut data);
        }
        let kind = if command.is_some() { ct::COMCONF } else { ct::MSGCONF };
        let answer = Command { kind, result, id, sender, data: &data, ..Command::default() };
        self.send(service::COMMANDS, &[Sub::Command(answer)], None, None, fx);
    }

    fn say(&mut self, text: &str, now: Now, fx: &mut Vec<TerminalEffect>) {
        let (charset, chs) = Writing::Auto.of(text);
        let words = charset.encode(text).bytes;
        self.texts = self.texts.wrapping_add(1);
        let said = Command {
            kind: ct::MSGFROM,
            id: self.texts,
            charset: chs,
            data: &words,
            ..Command::default()
        };
        let time = Some(seconds(now.wall));
        self.send(service::COMMANDS, &[Sub::Command(said)], time, Some(Uplink::Text), fx);
    }

    fn report(&mut self, report: &Report, fx: &mut Vec<TerminalEffect>) {
        let mut subs = vec![Sub::Position(Position::of(report))];
        if let Some(satellites) = report.fix.and_then(|fix| fix.satellites) {
            let satellites = Some(u8::try_from(satellites).unwrap_or(u8::MAX));
            let extension = super::message::ExtPosition { satellites, ..Default::default() };
            subs.push(Sub::ExtPosition(extension));
        }
        self.send(service::TELEDATA, &subs, None, Some(Uplink::Report), fx);
    }
}

impl Terminal for EgtsTerminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => self.log_in(fx),
            TerminalInput::Frame(frame) => self.frame(frame, fx),
            TerminalInput::Heartbeat => self.write(&[], Some(Uplink::Heartbeat), fx),
            TerminalInput::Report(report) => self.report(report, fx),
            TerminalInput::Say(text) => self.say(text, now, fx),
            TerminalInput::Answer { token, outcome } => self.answer(token, outcome, fx),
            TerminalInput::Logout => fx.push(TerminalEffect::Close),
            TerminalInput::Timeout => {}
        }
    }
}
