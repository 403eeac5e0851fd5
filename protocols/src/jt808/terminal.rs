//! The device's side: what the simulator and the end-to-end tests run. Dialects: `2011`, `2013` (the default), `2019`.
//!
//! It logs in with its code if it has one and registers otherwise, shows texts and questions, and answers queries. What the
//! driver says goes out as 0x6006 unless it is an answer to the open question (0x0302) or a canned one (0x0301). If the platform
//! speaks to a Garmin navigator in transparent data, there is one, and texts go through it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::decode;
use super::fragments::{Groups, Outcome as Reassembled};
use super::frame::{self, Outgoing};
use super::header::{Address, Edition, Fragment, Header, Phone, Style};
use super::message::{
    Answer, Authentication, Choices, Context, FragmentRequest, Location, Message, ParameterList,
    Properties, Registration, id, until_nul,
};
use super::time::{STANDARD_OFFSET, bcd_time};
use crate::event::{Report, Value};
use crate::garmin::Navigator;
use crate::session::{Lane, Now};
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};
use crate::text::Charset;

/// Uplinks whose answers are waited for; older ones are forgotten.
const MAX_WAITING: usize = 256;
/// Bytes of half-received messages.
const MAX_REASSEMBLY: usize = 256 * 1024;

/// A simulated terminal.
#[derive(Debug)]
pub(crate) struct Jt808Terminal {
    address: Address,
    edition: Edition,
    serial: u16,
    code: Option<Vec<u8>>,
    /// Serial, message id and kind of what is not acknowledged.
    waiting: VecDeque<(u16, u16, Uplink)>,
    groups: Groups,
    /// The last message in fragments: serial of the first, and all.
    sent: Option<(u16, Vec<Bytes>)>,
    /// Body of the last location.
    location: Vec<u8>,
    events: Vec<(u8, String)>,
    /// The open question: serial and answers.
    question: Option<(u16, Vec<(u8, String)>)>,
    /// A navigator on a serial port, once the platform spoke to one, and the type of its transparent data.
    navigator: Option<(u8, Box<Navigator>)>,
}

impl Jt808Terminal {
    pub(crate) fn new(settings: &TerminalSettings) -> Self {
        let edition = match settings.dialect.as_deref() {
            Some("2011") => Edition::V2011,
            Some("2019") => Edition::V2019,
            _ => Edition::V2013,
        };
        let style = if edition == Edition::V2019 { Style::V2019 } else { Style::Legacy };
        let phone = Phone::from_identity(&settings.identity);
        let address = Address { style, flag: style == Style::V2019, version: 1, phone };
        let mut location = Vec::new();
        Location::default().encode(&mut location);
        Self {
            address,
            edition,
            serial: 0,
            code: settings.secret.as_ref().map(|code| code.clone().into_bytes()),
            waiting: VecDeque::new(),
            groups: Groups::default(),
            sent: None,
            location,
            events: Vec::new(),
            question: None,
            navigator: None,
        }
    }

    /// Sends a message; with a `kind`, its answer is waited for.
    fn send(
        &mut self,
        id: u16,
        message: &Message<'_>,
        kind: Option<Uplink>,
        fx: &mut Vec<TerminalEffect>,
    ) {
        let outgoing = Outgoing { address: self.address, id, serial: self.serial, fragment: None };
        let frames = frame::seal_parts(&outgoing, &message.encode());
        let last =
            outgoing.serial.wrapping_add(u16::try_from(frames.len()).unwrap_or(1)).wrapping_sub(1);
        self.serial = last.wrapping_add(1);
        if let Some(kind) = kind {
            if self.waiting.len() >= MAX_WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back((last, id, kind));
        }
        fx.extend(frames.iter().cloned().map(TerminalEffect::Transmit));
        if frames.len() > 1 {
            self.sent = Some((outgoing.serial, frames));
        }
    }

    fn log_in(&mut self, fx: &mut Vec<TerminalEffect>) {
        let code = self.code.clone().unwrap_or_default();
        let device =
            (self.edition == Edition::V2019).then_some((&b"123456789012345"[..], &b"cabwire"[..]));
        let message = Message::Authentication(Authentication { code: &code, device });
        self.send(id::AUTHENTICATION, &message, Some(Uplink::Other), fx);
    }

    fn register(&mut self, fx: &mut Vec<TerminalEffect>) {
        let message = Message::Registration(Registration {
            edition: self.edition,
            province: 31,
            city: 115,
            manufacturer: b"CABWR",
            model: b"SIMTERM1",
            terminal_id: b"SIM0001",
            colour: 1,
            plate: b"A12345",
        });
        self.send(id::REGISTRATION, &message, None, fx);
    }

    fn receive(&mut self, frame: &[u8], now: Now, fx: &mut Vec<TerminalEffect>) {
        let Ok((header, body)) = Header::parse(frame, None) else { return };
        match header.fragment {
            None | Some(Fragment { total: 1, index: 1 }) => {
                self.take(&header, header.serial, body, fx)
            }
            Some(fragment) => {
                let groups = &mut self.groups;
                let outcome =
                    groups.add(Lane(0), &header, fragment, body, now.monotonic, MAX_REASSEMBLY);
                if let Reassembled::Complete(serial, body) = outcome {
                    self.take(&header, serial, &body, fx);
                }
            }
        }
    }

    /// A whole message from the platform; `serial` is its first frame's.
    fn take(&mut self, header: &Header, serial: u16, body: &[u8], fx: &mut Vec<TerminalEffect>) {
        let context = Context { style: self.address.style, edition: self.edition };
        let Ok(message) = decode::message(header, body, context) else {
            return self.confirm(header.id, serial, 2, fx);
        };
        match message {
            Message::Answer { id: id::PLATFORM_ANSWER, answer } => self.answered(answer, fx),
            Message::RegistrationAnswer(answer) if answer.result == 0 => {
                self.code = Some(until_nul(answer.code).to_vec());
                self.log_in(fx);
            }
            Message::RegistrationAnswer(answer) => {
                fx.push(TerminalEffect::Refused(format!(
                    "registration answered with result {}",
                    answer.result
                )));
            }
            Message::Text(text) => {
                let text = Charset::Gbk.decode(until_nul(text.text));
                fx.push(TerminalEffect::Text { token: token(id::TEXT, serial), text });
            }
            Message::Question(question) => {
                let answers = named(&question.answers);
                let lines: String =
                    answers.iter().map(|(id, text)| format!("\n{id}: {text}")).collect();
                let text = Charset::Gbk.decode(question.text) + &lines;
                self.question = Some((serial, answers));
                fx.push(TerminalEffect::Text { token: token(id::QUESTION, serial), text });
            }
            Message::Choices { id: id::EVENTS, list } => {
                self.change_events(&list);
                self.confirm(header.id, serial, 0, fx);
            }
            Message::FragmentRequest { request, .. } => self.resend(&request, fx),
            Message::Transparent { kind, data, .. } if Navigator::addressed(data) => {
                self.confirm(header.id, serial, 0, fx);
                self.navigator.get_or_insert_with(|| (kind, Box::new(Navigator::new())));
                self.navigate(fx, |navigator, fx| navigator.receive(data, fx));
            }
            message => self.obey(header.id, serial, &message, fx),
        }
    }

    /// Queries and commands that concern no driver.
    fn obey(
        &mut self,
        command: u16,
        serial: u16,
        message: &Message<'_>,
        fx: &mut Vec<TerminalEffect>,
    ) {
        match command {
            id::TIME
            | id::TIME_EPOCH
            | id::TIME_CALENDAR
            | id::MEDIA_ANSWER
            | id::PLATFORM_ANSWER => {}
            id::QUERY_ALL_PARAMETERS | id::QUERY_PARAMETERS => {
                let list =
                    ParameterList { count: 1, in_packet: None, items: vec![(1, &[0, 0, 0, 60])] };
                self.send(
                    id::PARAMETERS,
                    &Message::Parameters { serial, list },
                    Some(Uplink::Other),
                    fx,
                );
            }
            id::QUERY_PROPERTIES => {
                let wide = self.edition == Edition::V2019;
                let (model, terminal_id) = if wide { (30, 30) } else { (20, 7) };
                let properties = Properties {
                    kind: 0,
                    manufacturer: b"CABWR",
                    model: &vec![b'M'; model],
                    terminal_id: &vec![b'1'; terminal_id],
                    iccid: &[0x89; 10],
                    hardware: b"simulated",
                    firmware: env!("CARGO_PKG_VERSION").as_bytes(),
                    gnss: 1,
                    radio: 1,
                };
                self.send(
                    id::PROPERTIES,
                    &Message::Properties(properties),
                    Some(Uplink::Other),
                    fx,
                );
            }
            id::QUERY_LOCATION => {
                let body = self.location.clone();
                let context = Context { style: self.address.style, edition: self.edition };
                if let Ok(Message::Location(location)) = decode::parse(id::LOCATION, context, &body)
                {
                    let serial = (self.edition != Edition::V2011).then_some(serial);
                    let answer =
                        Message::LocationAnswer { id: id::LOCATION_ANSWER, serial, location };
                    self.send(id::LOCATION_ANSWER, &answer, Some(Uplink::Other), fx);
                }
            }
            _ => {
                let known = !matches!(message, Message::Other { .. });
                self.confirm(command, serial, if known { 0 } else { 3 }, fx);
            }
        }
    }

    fn confirm(&mut self, id: u16, serial: u16, result: u8, fx: &mut Vec<TerminalEffect>) {
        let answer =
            Message::Answer { id: id::TERMINAL_ANSWER, answer: Answer { serial, id, result } };
        self.send(id::TERMINAL_ANSWER, &answer, None, fx);
    }

    /// The platform's general answer.
    fn answered(&mut self, answer: Answer, fx: &mut Vec<TerminalEffect>) {
        let ours =
            |&(serial, id, _): &(u16, u16, Uplink)| (serial, id) == (answer.serial, answer.id);
        let Some(place) = self.waiting.iter().position(ours) else { return };
        let Some((_, id, kind)) = self.waiting.remove(place) else { return };
        let ok = matches!(answer.result, 0 | 4);
        fx.push(match (id, ok) {
            (id::AUTHENTICATION, true) => TerminalEffect::Online,
            (id::AUTHENTICATION, false) => TerminalEffect::Refused(format!(
                "authentication answered with result {}",
                answer.result
            )),
            (id::LOGOUT, _) => TerminalEffect::Close,
            (_, true) => TerminalEffect::Acked(kind),
            (_, false) => TerminalEffect::Nacked(kind),
        });
    }

    fn change_events(&mut self, list: &Choices<'_>) {
        let items = named(&list.items);
        match list.action {
            0 => self.events.clear(),
            1 => self.events = items,
            4 => self.events.retain(|(id, _)| !items.iter().any(|(gone, _)| gone == id)),
            _ => {
                self.events.retain(|(id, _)| !items.iter().any(|(new, _)| new == id));
                self.events.extend(items);
            }
        }
    }

    fn resend(&self, request: &FragmentRequest, fx: &mut Vec<TerminalEffect>) {
        let Some((first, frames)) = &self.sent else { return };
        if *first == request.first {
            let wanted =
                frames.iter().zip(1_u16..).filter(|(_, index)| request.indexes.contains(index));
            fx.extend(wanted.map(|(frame, _)| TerminalEffect::Transmit(frame.clone())));
        }
    }

    /// The navigator does something; its packets travel as transparent data.
    fn navigate(
        &mut self,
        fx: &mut Vec<TerminalEffect>,
        what: impl FnOnce(&mut Navigator, &mut Vec<TerminalEffect>),
    ) {
        let Some((kind, navigator)) = &mut self.navigator else { return };
        let (kind, mut inner) = (*kind, Vec::new());
        what(navigator, &mut inner);
        let wide = self.edition == Edition::V2011;
        for effect in inner {
            let TerminalEffect::Transmit(data) = effect else {
                fx.push(effect);
                continue;
            };
            let total = wide.then(|| u32::try_from(data.len()).unwrap_or(0));
            let id = id::TRANSPARENT_UP;
            self.send(id, &Message::Transparent { id, kind, total, data: &data }, None, fx);
        }
    }

    fn say(&mut self, text: &str, fx: &mut Vec<TerminalEffect>) {
        let chosen = |choices: &[(u8, String)]| {
            choices.iter().find(|(_, choice)| choice == text).map(|(id, _)| *id)
        };
        let answer =
            self.question.as_ref().and_then(|(serial, answers)| Some((*serial, chosen(answers)?)));
        if let Some((serial, answer)) = answer {
            self.question = None;
            return self.send(
                id::QUESTION_ANSWER,
                &Message::Answered { serial, answer },
                Some(Uplink::Text),
                fx,
            );
        }
        if let Some(event) = chosen(&self.events) {
            return self.send(id::EVENT_REPORT, &Message::Event { event }, Some(Uplink::Text), fx);
        }
        let gbk = Charset::Gbk.encode(text);
        let (encoding, bytes) = match gbk.lossy {
            false => (0, gbk.bytes),
            true => (1, Charset::Utf16Be.encode(text).bytes),
        };
        let report = Message::TextReport { encoding, text: &bytes };
        self.send(id::TEXT_REPORT, &report, Some(Uplink::Text), fx);
    }

    fn report(&mut self, report: &Report, now: Now, fx: &mut Vec<TerminalEffect>) {
        let items = items(report);
        let mut location = location(report, &items);
        location.time = bcd_time(report.time.unwrap_or(now.wall), STANDARD_OFFSET);
        self.location.clear();
        location.encode(&mut self.location);
        self.send(id::LOCATION, &Message::Location(location), Some(Uplink::Report), fx);
    }
}

impl Terminal for Jt808Terminal {
    fn handle(&mut self, input: TerminalInput<'_>, now: Now, fx: &mut Vec<TerminalEffect>) {
        match input {
            TerminalInput::Connected => {
                self.waiting.clear();
                self.navigate(fx, |navigator, _| navigator.reconnected());
                if self.code.is_some() { self.log_in(fx) } else { self.register(fx) }
            }
            TerminalInput::Frame(frame) => self.receive(frame, now, fx),
            TerminalInput::Heartbeat => {
                let heartbeat = Message::Bare { id: id::HEARTBEAT, rest: &[] };
                self.send(id::HEARTBEAT, &heartbeat, Some(Uplink::Heartbeat), fx);
            }
            TerminalInput::Report(report) => self.report(report, now, fx),
            TerminalInput::Say(text)
                if self.navigator.as_ref().is_some_and(|(_, navigator)| navigator.enabled()) =>
            {
                self.navigate(fx, |navigator, fx| navigator.say(text, now, fx));
            }
            TerminalInput::Say(text) => self.say(text, fx),
            TerminalInput::Answer { token, outcome } if Navigator::owns(token) => {
                self.navigate(fx, |navigator, fx| navigator.answer(token, outcome, now, fx));
            }
            TerminalInput::Answer { token, outcome } => {
                let half = |number: u64| u16::try_from(number & 0xffff).unwrap_or(0);
                let result = if outcome == Outcome::Confirm { 0 } else { 1 };
                self.confirm(half(token >> 16), half(token), result, fx);
            }
            TerminalInput::Logout => {
                let logout = Message::Bare { id: id::LOGOUT, rest: &[] };
                self.send(id::LOGOUT, &logout, Some(Uplink::Other), fx);
            }
            TerminalInput::Timeout => drop(self.groups.due(now.monotonic)),
        }
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.groups.deadline()
    }
}

fn token(id: u16, serial: u16) -> u64 {
    u64::from(id) << 16 | u64::from(serial)
}

fn named(items: &[(u8, &[u8])]) -> Vec<(u8, String)> {
    items.iter().map(|(id, text)| (*id, Charset::Gbk.decode(text))).collect()
}

/// A report as a location without its time.
fn location<'a>(report: &Report, items: &'a [u8]) -> Location<'a> {
    let mut location = Location { items, ..Location::default() };
    let ignition = report
        .attributes
        .iter()
        .any(|(name, value)| name == "ignition" && *value == Value::Bool(true));
    location.status = u32::from(ignition);
    if let Some(fix) = report.fix {
        location.status |= u32::from(fix.valid) << 1;
        location.status |= u32::from(fix.latitude < 0.0) << 2 | u32::from(fix.longitude < 0.0) << 3;
        location.latitude = whole(fix.latitude.abs() * 1e6);
        location.longitude = whole(fix.longitude.abs() * 1e6);
        // Negative heights are two's complement on the wire.
        location.altitude = fix.altitude.map_or(0, |metres| (metres.round() as i16) as u16);
        location.speed = fix.speed.map_or(0, |speed| (speed * 10.0).round() as u16);
        location.direction = fix.course.map_or(0, |course| course.round() as u16);
    }
    location
}

/// A float as the nearest whole number of the field; floats out of range become its bounds.
fn whole(number: f64) -> u32 {
    number.round() as u32
}

/// The additional items for what has a neutral name.
fn items(report: &Report) -> Vec<u8> {
    let mut items = Vec::new();
    let mut put = |id: u8, value: &[u8]| {
        items.push(id);
        items.push(u8::try_from(value.len()).unwrap_or(0));
        items.extend_from_slice(value);
    };
    for (name, value) in &report.attributes {
        match (Cow::as_ref(name), value) {
            ("odometer_km", Value::Float(km)) => put(0x01, &whole(km * 10.0).to_be_bytes()),
            ("fuel_l", Value::Float(litres)) => {
                put(0x02, &((litres * 10.0).round() as u16).to_be_bytes())
            }
            ("signal", Value::Int(signal)) => put(0x30, &[u8::try_from(*signal).unwrap_or(0)]),
            _ => {}
        }
    }
    if let Some(satellites) = report.fix.and_then(|fix| fix.satellites) {
        put(0x31, &[u8::try_from(satellites).unwrap_or(u8::MAX)]);
    }
    items
}
