//! The records of a packet: what each is worth, what is stored, and the one answer to all of them (sections 2.3 and 3.2).

use bytes::{Bytes, BytesMut};

use super::admission::{Behind, Progress};
use super::link::{Address, RecordAnswer};
use super::{EgtsSession, Mode};
use crate::effect::Effects;
use crate::egts::about;
use crate::egts::decode;
use crate::egts::header::Route;
use crate::egts::message::{Body, Command, Packet, Record, Sub, code, service};
use crate::egts::report::Reports;
use crate::error::DecodeError;
use crate::event::{Attributes, Event};
use crate::session::{Now, SessionError};

/// Bytes of something that is not interpreted that are handed on.
const UNHANDLED_HEAD: usize = 1024;
/// Sub-records of one record that are handed on without being interpreted.
const MAX_UNHANDLED: usize = 16;

/// What became of one record.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Result code.
    result: u8,
    /// What it reports.
    pub(super) events: Vec<Event>,
    /// What is written once that is stored, behind the answer.
    pub(super) behind: Vec<(Address, Command<'static>)>,
    /// What is wrong with it.
    pub(super) problem: Option<SessionError>,
    unhandled: usize,
}

impl Taken {
    /// Refused whole: nothing of it is stored.
    fn refused(result: u8) -> Self {
        Self { result, ..Self::default() }
    }

    fn broken(error: DecodeError) -> Self {
        Self { problem: Some(error.into()), ..Self::refused(code::WRONG_DATA) }
    }

    /// Notes something that is not interpreted, unless there is too much of it.
    pub(super) fn unhandled(&mut self, service: u8, kind: u8, data: &[u8]) {
        if self.unhandled < MAX_UNHANDLED {
            self.unhandled += 1;
            let kind = u32::from(u16::from_be_bytes([service, kind]));
            let raw = Bytes::copy_from_slice(data.get(..UNHANDLED_HEAD).unwrap_or(data));
            self.events.push(Event::Unhandled { kind, raw });
        }
    }
}

/// What a packet's later records may leave out (section 3).
#[derive(Debug, Clone, Copy, Default)]
struct Inherited {
    object: Option<u32>,
    time: Option<u32>,
}

impl EgtsSession {
    /// Processes the records of a packet and answers it.
    pub(super) fn uplink(
        &mut self,
        packet: &Packet<'_>,
        progress: Progress,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let mut inherited = Inherited::default();
        let mut answers = Vec::with_capacity(packet.body.records().len());
        let mut stored: Vec<(usize, Vec<Event>)> = Vec::new();
        let (mut behind, mut problem) = (Vec::new(), None);
        for record in packet.body.records() {
            if record.object.is_some() && record.object != inherited.object {
                inherited = Inherited { object: record.object, time: None };
            }
            inherited.time = record.time.or(inherited.time);
            let lane = self.lane_of(inherited.object);
            if let Some(state) = lane.and_then(|lane| self.lanes.get_mut(lane)) {
                state.address.route = packet.header.route.map(Route::back);
            }
            let taken = self.record(record, lane, inherited.time, &progress, now, fx);
            let has_events = !taken.events.is_empty();
            if let Some(lane) = lane.filter(|_| has_events) {
                match stored.iter_mut().find(|(index, _)| *index == lane) {
                    Some((_, events)) => events.extend(taken.events),
                    None => stored.push((lane, taken.events)),
                }
            }
            answers.push(RecordAnswer {
                record: record.number,
                service: record.source,
                result: taken.result,
                stored: has_events,
            });
            behind.extend(taken.behind);
            problem = problem.or(taken.problem);
        }
        let close = progress.close;
        let (ack, nack) = self.answer_to(packet, &answers, progress.behind, &behind, now);
        self.store(stored, ack, nack, fx);
        if let Some(reason) = close {
            self.close(reason, fx);
        }
        problem.map_or(Ok(()), Err)
    }

    /// The answer to a packet, stored or not, and what stands behind it. A RESPONSE has none (section 2.3).
    fn answer_to(
        &mut self,
        packet: &Packet<'_>,
        answers: &[RecordAnswer],
        always: Vec<Behind>,
        if_stored: &[(Address, Command<'static>)],
        now: Now,
    ) -> (Bytes, Bytes) {
        if matches!(packet.body, Body::Response { .. }) {
            return (Bytes::new(), Bytes::new());
        }
        let route = packet.header.route.map(Route::back);
        let (ack, nack) = self.link.respond(packet.header.id, answers, route);
        if always.is_empty() && if_stored.is_empty() {
            return (ack, nack);
        }
        let always = self.behind(always, now).concat();
        let (mut ack, mut nack) = (BytesMut::from(ack), BytesMut::from(nack));
        ack.extend_from_slice(&always);
        nack.extend_from_slice(&always);
        for &(to, command) in if_stored {
            let sent = self.link.send(service::COMMANDS, to, &[Sub::Command(command)]);
            ack.extend_from_slice(&sent.bytes);
        }
        (ack.freeze(), nack.freeze())
    }

    /// Stores what each lane reported. The answer stands in the last record: the records of one input are stored together.
    fn store(&self, stored: Vec<(usize, Vec<Event>)>, ack: Bytes, nack: Bytes, fx: &mut Effects) {
        let last = stored.len().saturating_sub(1);
        if stored.is_empty() && !ack.is_empty() {
            return fx.transmit(ack);
        }
        for (place, (lane, events)) in stored.into_iter().enumerate() {
            let Some(lane) = self.lanes.get(lane) else { continue };
            if place == last {
                fx.record(lane.number, events, ack.clone(), nack.clone());
            } else {
                fx.record(lane.number, events, Bytes::new(), Bytes::new());
            }
        }
    }

    /// The lane whose record this is.
    fn lane_of(&self, object: Option<u32>) -> Option<usize> {
        match (self.mode, object) {
            (Mode::Unit, _) => Some(0),
            (Mode::Open, _) => None,
            (Mode::Relay { .. }, Some(_)) => {
                self.lanes.iter().position(|lane| lane.address.object == object)
            }
            // Units that leave their OID out of some records (section 11).
            (Mode::Relay { .. }, None) => (self.lanes.len() == 1).then_some(0),
        }
    }

    fn record(
        &mut self,
        record: &Record<'_>,
        lane: Option<usize>,
        time: Option<u32>,
        progress: &Progress,
        now: Now,
        fx: &mut Effects,
    ) -> Taken {
        match record.source {
            service::AUTH => self.auth(record, lane, progress, now, fx),
            service::TELEDATA | service::COMMANDS | service::FIRMWARE | service::ECALL => {
                let state = lane.and_then(|lane| self.lanes.get(lane));
                let refusal = match (state, self.mode) {
                    (Some(state), _) => state.refusal(),
                    (None, Mode::Relay { .. }) if record.object.is_some() => {
                        let problem = Some(SessionError::Limit("objects on one connection"));
                        return Taken { problem, ..Taken::refused(code::NO_RESOURCES) };
                    }
                    (None, Mode::Relay { .. }) => Some(code::NO_OBJECT),
                    (None, _) => Some(code::NOT_AUTHORISED),
                };
                match (refusal, lane) {
                    (None, Some(lane)) => self.data(record, lane, time, now, fx),
                    (refusal, _) => Taken::refused(refusal.unwrap_or(code::NOT_AUTHORISED)),
                }
            }
            _ => Taken::refused(code::UNKNOWN_SERVICE),
        }
    }

    /// A record of the authorisation service. What it asks for has been seen to; what it tells is kept if the unit is let in.
    fn auth(
        &mut self,
        record: &Record<'_>,
        lane: Option<usize>,
        progress: &Progress,
        now: Now,
        fx: &mut Effects,
    ) -> Taken {
        let mut about = Attributes::new();
        for raw in decode::subs(record) {
            match raw.and_then(|raw| decode::sub(record.source, &raw)) {
                Ok(Sub::RecordResponse { record, result }) => {
                    self.record_answered(record, result, now, fx);
                }
                Ok(sub) => about::add(&sub, &mut about),
                Err(error) => return Taken::broken(error),
            }
        }
        let mut taken = Taken::refused(progress.result);
        let online = lane.and_then(|lane| self.lanes.get(lane)).is_some_and(|lane| lane.online());
        if online && !about.is_empty() {
            taken.events.push(Event::Info(about));
        }
        taken
    }

    /// A record of a unit that is let in.
    fn data(
        &mut self,
        record: &Record<'_>,
        lane: usize,
        time: Option<u32>,
        now: Now,
        fx: &mut Effects,
    ) -> Taken {
        // A broken record is refused whole, so all of it is read before any of it counts.
        let mut subs = Vec::new();
        for raw in decode::subs(record) {
            let raw = match raw {
                Ok(raw) => raw,
                Err(error) => return Taken::broken(error),
            };
            match decode::contents(record.source, &raw) {
                Ok(sub) => subs.push((raw, sub)),
                Err(error) => return Taken::broken(decode::misfit(record.source, &raw, error)),
            }
        }
        // A unit that sends this has seen that it is let in, even if it never answers RESULT_CODE.
        self.greeting.take_if(|greeting| greeting.repeats > 0);
        let mut taken = Taken::default();
        let mut reports = Reports::new(time, now.wall);
        for (raw, sub) in subs {
            match sub {
                Sub::RecordResponse { record, result } => {
                    self.record_answered(record, result, now, fx);
                }
                Sub::Command(command) => self.command(&command, lane, time, &mut taken, now, fx),
                sub if record.source == service::TELEDATA && reports.add(&sub) => {}
                _ => taken.unhandled(record.source, raw.kind, raw.data),
            }
        }
        taken.events.extend(reports.finish().into_iter().map(Event::Report));
        taken
    }

    /// A RECORD_RESPONSE: about a text of some lane, or about nothing that waits for it.
    fn record_answered(&mut self, record: u16, result: u8, now: Now, fx: &mut Effects) {
        for lane in &mut self.lanes {
            lane.record_answered(record, result, now, fx);
        }
    }
}
