//! Message bodies as bytes: the mirror of `decode`, in its order. Both directions, because the simulated terminal speaks too.

use super::header::Edition;
use super::message::{
    Answer, Batch, Card, Choices, Driver, FragmentRequest, Location, MediaEvent, Message,
    ParameterList, Properties, Question, Registration, TimeAnswer,
};

impl Message<'_> {
    /// The body. Counts and lengths that do not fit their field are clipped together with what they count.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        match self {
            Self::Bare { rest, .. } => out.extend_from_slice(rest),
            Self::Answer { answer, .. } => out.extend_from_slice(&answer.encode()),
            Self::FragmentRequest { request, .. } => request.encode(&mut out),
            Self::Time(time) => time.encode(&mut out),
            Self::Registration(registration) => registration.encode(&mut out),
            Self::RegistrationAnswer(answer) => {
                word(&mut out, answer.serial);
                out.push(answer.result);
                if answer.result == 0 {
                    out.extend_from_slice(answer.code);
                }
            }
            Self::Authentication(authentication) => match authentication.device {
                None => out.extend_from_slice(authentication.code),
                Some((imei, software)) => {
                    short(&mut out, authentication.code);
                    padded(&mut out, imei, 15);
                    padded(&mut out, software, 20);
                }
            },
            Self::Parameters { serial, list } => {
                word(&mut out, *serial);
                list.encode(&mut out);
            }
            Self::SetParameters(list) => list.encode(&mut out),
            Self::QueryParameters(ids) => {
                let count = u8::try_from(ids.len()).unwrap_or(u8::MAX);
                out.push(count);
                ids.iter().take(count.into()).for_each(|&id| double(&mut out, id));
            }
            Self::Properties(properties) => properties.encode(&mut out),
            Self::Upgrade { kind, result } => out.extend_from_slice(&[*kind, *result]),
            Self::Location(location) => location.encode(&mut out),
            Self::LocationAnswer { serial, location, .. } => {
                if let Some(serial) = serial {
                    word(&mut out, *serial);
                }
                location.encode(&mut out);
            }
            Self::Batch(batch) => batch.encode(&mut out),
            Self::Tracking { interval, validity } => {
                word(&mut out, *interval);
                if let Some(validity) = validity {
                    double(&mut out, *validity);
                }
            }
            Self::ConfirmAlarms { serial, alarms } => {
                word(&mut out, *serial);
                double(&mut out, *alarms);
            }
            Self::Control { command, arguments } => {
                out.push(*command);
                out.extend_from_slice(arguments);
            }
            Self::Text(text) => {
                out.push(text.flag);
                out.extend(text.kind);
                out.extend_from_slice(text.text);
            }
            Self::Choices { id, list } => list.encode(*id == super::message::id::MENU, &mut out),
            Self::Event { event } => out.push(*event),
            Self::Question(question) => question.encode(&mut out),
            Self::Answered { serial, answer } => {
                word(&mut out, *serial);
                out.push(*answer);
            }
            Self::MenuChoice { kind, subscribe } => out.extend_from_slice(&[*kind, *subscribe]),
            Self::Information { kind, total, text } => {
                out.push(*kind);
                if let Some(total) = total {
                    word(&mut out, *total);
                }
                long(&mut out, text);
            }
            Self::Transparent { kind, total, data, .. } => {
                out.push(*kind);
                if let Some(total) = total {
                    double(&mut out, *total);
                    long(&mut out, data);
                } else {
                    out.extend_from_slice(data);
                }
            }
            Self::Sized { length, content, .. } => {
                double(&mut out, *length);
                out.extend_from_slice(content);
            }
            Self::Driver(driver) => driver.encode(&mut out),
            Self::Media(media) => media.encode(&mut out),
            Self::MediaData { media, rest } => {
                media.encode(&mut out);
                out.extend_from_slice(rest);
            }
            Self::MediaAnswer { media, again } => {
                double(&mut out, *media);
                if let Some(again) = again {
                    let count = u8::try_from(again.len()).unwrap_or(u8::MAX);
                    out.push(count);
                    again.iter().take(count.into()).for_each(|&index| word(&mut out, index));
                }
            }
            Self::TextReport { encoding, text } => {
                out.push(*encoding);
                out.extend_from_slice(text);
            }
            Self::TextAnswer { serial, text } => {
                word(&mut out, *serial);
                out.extend_from_slice(text);
            }
            Self::RsaKey { exponent, modulus, .. } => {
                double(&mut out, *exponent);
                padded(&mut out, modulus, 128);
            }
            Self::Other { body, .. } => out.extend_from_slice(body),
        }
        out
    }
}

impl Answer {
    /// The body of 0x0001 and 0x8001: apart from the others because it is written for every uplink.
    pub(crate) const fn encode(&self) -> [u8; 5] {
        let ([s0, s1], [i0, i1]) = (self.serial.to_be_bytes(), self.id.to_be_bytes());
        [s0, s1, i0, i1, self.result]
    }
}

impl FragmentRequest {
    fn encode(&self, out: &mut Vec<u8>) {
        word(out, self.first);
        let limit = if self.wide { u16::MAX } else { u8::MAX.into() };
        let count = u16::try_from(self.indexes.len()).unwrap_or(u16::MAX).min(limit);
        match u8::try_from(count) {
            Ok(count) if !self.wide => out.push(count),
            _ => word(out, count),
        }
        self.indexes.iter().take(count.into()).for_each(|&index| word(out, index));
    }
}

impl TimeAnswer {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bcd(bytes) => out.extend_from_slice(bytes),
            Self::Epoch(seconds) => double(out, *seconds),
            Self::Calendar { year, rest, result } => {
                word(out, *year);
                out.extend_from_slice(rest);
                out.extend(*result);
            }
        }
    }
}

impl Registration<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        let (manufacturer, model, terminal_id) = match self.edition {
            Edition::V2011 => (5, 8, 7),
            Edition::V2013 => (5, 20, 7),
            Edition::V2019 => (11, 30, 30),
        };
        word(out, self.province);
        word(out, self.city);
        padded(out, self.manufacturer, manufacturer);
        padded(out, self.model, model);
        padded(out, self.terminal_id, terminal_id);
        out.push(self.colour);
        out.extend_from_slice(self.plate);
    }
}

impl ParameterList<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.count);
        out.extend(self.in_packet);
        for (id, value) in &self.items {
            double(out, *id);
            short(out, value);
        }
    }
}

impl Properties<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        word(out, self.kind);
        for field in [self.manufacturer, self.model, self.terminal_id] {
            out.extend_from_slice(field);
        }
        padded(out, self.iccid, 10);
        short(out, self.hardware);
        short(out, self.firmware);
        out.extend_from_slice(&[self.gnss, self.radio]);
    }
}

impl Location<'_> {
    /// The body of 0x0200.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        for value in [self.alarm, self.status, self.latitude, self.longitude] {
            double(out, value);
        }
        for value in [self.altitude, self.speed, self.direction] {
            word(out, value);
        }
        out.extend_from_slice(&self.time);
        out.extend_from_slice(self.items);
    }
}

impl Batch<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        word(out, self.count);
        out.push(self.kind);
        out.extend_from_slice(self.items);
    }
}

impl Choices<'_> {
    fn encode(&self, menu: bool, out: &mut Vec<u8>) {
        out.push(self.action);
        if self.action == 0 {
            return;
        }
        let count = u8::try_from(self.items.len()).unwrap_or(u8::MAX);
        out.push(count);
        out.extend(self.in_packet);
        for (id, text) in self.items.iter().take(count.into()) {
            out.push(*id);
            if menu { long(out, text) } else { short(out, text) }
        }
    }
}

impl Question<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.flag);
        short(out, self.text);
        for (id, text) in &self.answers {
            out.push(*id);
            long(out, text);
        }
    }
}

impl Driver<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Card { status, time, read, card } => {
                out.push(*status);
                out.extend_from_slice(time);
                out.extend(*read);
                if let Some(card) = card {
                    card.encode(out);
                }
            }
            Self::Identity { name, id_number, licence, agency } => {
                short(out, name);
                padded(out, id_number, 20);
                padded(out, licence, 40);
                short(out, agency);
            }
        }
    }
}

impl Card<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        short(out, self.name);
        padded(out, self.licence, 20);
        short(out, self.agency);
        out.extend_from_slice(&self.valid_until);
        if let Some(id_number) = self.id_number {
            padded(out, id_number, 20);
        }
    }
}

impl MediaEvent {
    fn encode(&self, out: &mut Vec<u8>) {
        double(out, self.id);
        out.extend_from_slice(&[self.kind, self.format, self.event, self.channel]);
    }
}

fn word(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

fn double(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Length byte and content.
fn short(out: &mut Vec<u8>, content: &[u8]) {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    out.push(length);
    out.extend(content.iter().take(length.into()));
}

/// Length word and content.
fn long(out: &mut Vec<u8>, content: &[u8]) {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    word(out, length);
    out.extend(content.iter().take(length.into()));
}

/// Exactly `width` bytes, NULs behind.
fn padded(out: &mut Vec<u8>, content: &[u8], width: usize) {
    out.extend(content.iter().copied().chain(std::iter::repeat(0)).take(width));
}
