//! Who is let in (section 5.3), unit by unit or object by object.

use std::time::Duration;

use bytes::Bytes;

use super::lane::{LaneState, Standing};
use super::link::Address;
use super::{EgtsSession, Greeting, Mode};
use crate::effect::{CloseReason, Effect, Effects};
use crate::egts::about::text;
use crate::egts::decode;
use crate::egts::message::{
    AuthParams, DispatcherIdentity, Packet, Record, ServiceInfo, Sub, code, known, service,
};
use crate::egts::options::Settings;
use crate::session::{Admission, Credentials, Lane, Now, Profile, SecretCheck};

/// How far the questions that a packet raises have been answered.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// It says who the unit is.
    identifies: bool,
    /// The host has been asked who the unit is.
    asked: bool,
    /// Objects for which the host has been asked.
    objects: Vec<u32>,
    /// Result for its authorisation records.
    pub(super) result: u8,
    /// What is written behind its answer.
    pub(super) behind: Vec<Behind>,
    /// Why the connection is closed behind its answer.
    pub(super) close: Option<CloseReason>,
}

/// Something of the authorisation service that follows the answer to a packet.
#[derive(Debug)]
pub(super) enum Behind {
    /// These sub-records.
    Say(Vec<Sub<'static>>),
    /// RESULT_CODE 0 to a unit, whose answer is waited for.
    Greet,
}

/// A packet whose question the host is answering.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) frame: Bytes,
    pub(super) progress: Progress,
    pub(super) asked: Asked,
}

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Who the unit is.
    Unit,
    /// Whether this lane's object is known.
    Object(usize),
}

impl Progress {
    /// Something of the authorisation service, unless the packet has caused too much of it already.
    fn say(&mut self, subs: impl Into<Vec<Sub<'static>>>) {
        if self.behind.len() < MAX_BEHIND {
            self.behind.push(Behind::Say(subs.into()));
        }
    }
}

/// The authorisation sub-records of a record. What does not parse is counted when the record is processed.
fn auth_subs<'a>(record: &Record<'a>) -> impl Iterator<Item = Sub<'a>> + use<'a> {
    let is_auth = record.source == service::AUTH;
    let raw = is_auth.then(|| decode::subs(record)).into_iter().flatten();
    raw.filter_map(move |raw| decode::sub(service::AUTH, &raw.ok()?).ok())
}

impl EgtsSession {
    /// Notes what a packet says about its sender.
    pub(super) fn listen(&mut self, packet: &Packet<'_>, progress: &mut Progress) {
        for record in packet.body.records() {
            for sub in auth_subs(record) {
                match sub {
                    Sub::TermIdentity(identity) => {
                        if matches!(self.mode, Mode::Relay { dispatcher: true })
                            || self.lanes.len() > 1
                        {
                            // A relay passes on what its units say; the units are its OIDs.
                            continue;
                        }
                        let login = self.login.get_or_insert_default();
                        login.term_identity(&identity, record.object);
                        progress.identifies = true;
                    }
                    Sub::VehicleData(vehicle) => {
                        let online = self.anybody_online();
                        let login = self.login.get_or_insert_default();
                        login.vin = known(vehicle.vin).map(|vin| text(vin).into_boxed_str());
                        // A unit without a number of its own is known by its vehicle.
                        let nameless = login.unit && login.imei.is_none() && login.id == 0;
                        progress.identifies |= nameless && !online && login.vin.is_some();
                    }
                    Sub::AuthInfo(info) => {
                        let login = self.login.get_or_insert_default();
                        login.user = known(info.user).map(|user| text(user).into_boxed_str());
                        login.password = Some(text(info.password).into_boxed_str());
                        self.password_came(progress);
                    }
                    Sub::DispatcherIdentity(dispatcher) => {
                        self.dispatcher_came(&dispatcher, progress);
                    }
                    Sub::ServiceInfo(info) if info.parameters & 0x80 != 0 => {
                        let offered = matches!(info.service, service::TELEDATA | service::COMMANDS);
                        let state = if offered { 0 } else { NOT_CONFIGURED };
                        let info = ServiceInfo { service: info.service, state, parameters: 0 };
                        progress.say([Sub::ServiceInfo(info)]);
                    }
                    _ => {}
                }
            }
        }
    }

    /// AUTH_INFO: of a unit that was asked for it, of a dispatcher, or instead of any identity.
    fn password_came(&mut self, progress: &mut Progress) {
        match self.mode {
            Mode::Relay { .. } => progress.say([Sub::ResultCode(code::OK)]),
            Mode::Unit if self.anybody_online() => progress.say([Sub::ResultCode(code::OK)]),
            Mode::Open | Mode::Unit => progress.identifies = true,
        }
    }

    /// A dispatcher is let in: what it may bring is decided object by object.
    fn dispatcher_came(&mut self, dispatcher: &DispatcherIdentity<'_>, progress: &mut Progress) {
        if self.mode == Mode::Unit {
            progress.result = code::DENIED;
            return;
        }
        self.mode = Mode::Relay { dispatcher: true };
        let login = self.login.get_or_insert_default();
        if let Some(credentials) = known(dispatcher.description) {
            login.password = Some(text(credentials).into_boxed_str());
        }
        progress.say([Sub::ResultCode(code::OK)]);
        progress.say(SERVICES.map(offer));
    }

    /// The next question that a packet raises, put to the host.
    pub(super) fn ask(
        &mut self,
        packet: &Packet<'_>,
        progress: &mut Progress,
        fx: &mut Effects,
    ) -> Option<Asked> {
        if progress.close.is_some() {
            return None;
        }
        if progress.identifies && !progress.asked {
            progress.asked = true;
            return self.ask_unit(progress, fx);
        }
        if self.mode == Mode::Unit || progress.asked {
            return None;
        }
        self.ask_object(packet, progress, fx)
    }

    fn ask_unit(&mut self, progress: &mut Progress, fx: &mut Effects) -> Option<Asked> {
        let login = self.login.get_or_insert_default();
        let mut names = login.names().into_iter();
        let Some(identity) = names.next() else {
            // Being configured (section 5.3): it will try again.
            progress.say([Sub::ResultCode(code::UNKNOWN_ID)]);
            return None;
        };
        let secret = login.secret();
        let lane = self.lane(0, None)?;
        if lane.online() && *lane.identity == *identity {
            // It missed the answer.
            progress.behind.push(Behind::Greet);
            return None;
        }
        lane.identity = identity.as_str().into();
        // Somebody else from here on; what was in flight is the host's again.
        self.unit_offline(code::NOT_AUTHORISED, fx);
        let credentials = Credentials { identity, aliases: names.collect(), secret };
        fx.push(Effect::Authenticate { lane: Lane(0), credentials });
        Some(Asked::Unit)
    }

    fn ask_object(
        &mut self,
        packet: &Packet<'_>,
        progress: &mut Progress,
        fx: &mut Effects,
    ) -> Option<Asked> {
        let unknown =
            packet.body.records().iter().filter_map(|record| record.object).find(|&oid| {
                let online = |lane: &LaneState| lane.address.object == Some(oid) && lane.online();
                !progress.objects.contains(&oid) && !self.lanes.iter().any(online)
            })?;
        if progress.objects.len() >= usize::from(self.max_lanes) {
            return None;
        }
        progress.objects.push(unknown);
        let index = self.place(unknown, progress)?;
        let secret = self.login.as_ref().and_then(|login| login.secret());
        if self.mode == Mode::Open {
            self.mode = Mode::Relay { dispatcher: false };
        }
        let lane = self.lanes.get_mut(index)?;
        let credentials = Credentials { identity: unknown.to_string(), aliases: vec![], secret };
        lane.identity = credentials.identity.as_str().into();
        fx.push(Effect::Authenticate { lane: lane.number, credentials });
        Some(Asked::Object(index))
    }

    /// The lane of an object: its own, a new one, or that of an object that was refused.
    fn place(&mut self, object: u32, progress: &Progress) -> Option<usize> {
        if let Some(index) = self.lanes.iter().position(|lane| lane.address.object == Some(object))
        {
            return Some(index);
        }
        if self.lanes.len() < usize::from(self.max_lanes) {
            let index = self.lanes.len();
            return self.lane(index, Some(object)).map(|_| index);
        }
        let free = |lane: &LaneState| {
            let asked = lane.address.object.is_some_and(|oid| progress.objects.contains(&oid));
            !lane.online() && !asked
        };
        let index = self.lanes.iter().position(free)?;
        let lane = self.lanes.get_mut(index)?;
        *lane = LaneState::new(lane.number, Some(object));
        Some(index)
    }

    /// Lane `index`, made if it is the next one.
    fn lane(&mut self, index: usize, object: Option<u32>) -> Option<&mut LaneState> {
        if index == self.lanes.len() {
            if index == 0 {
                // Nearly always the only one: an idle session stays small.
                self.lanes.reserve_exact(1);
            }
            let number = Lane(u16::try_from(index).ok()?);
            self.lanes.push(LaneState::new(number, object));
        }
        self.lanes.get_mut(index)
    }

    /// The host's answer.
    pub(super) fn admitted(
        &mut self,
        lane: Lane,
        admission: Admission,
        waiting: &mut Waiting,
        fx: &mut Effects,
    ) {
        match (waiting.asked, admission) {
            (Asked::Unit, Admission::Known(profile)) => {
                self.unit_known(&profile, &mut waiting.progress, fx);
            }
            (Asked::Unit, Admission::Unknown) => {
                self.unit_refused(code::UNKNOWN_ID, &mut waiting.progress, fx);
            }
            (Asked::Unit, Admission::Blocked) => {
                self.unit_refused(code::NOT_AUTHORISED, &mut waiting.progress, fx);
            }
            (Asked::Object(index), admission) => {
                let Some(state) = self.lanes.get_mut(index) else { return };
                let refusal = match admission {
                    Admission::Known(profile) if profile.secret == SecretCheck::Differs => {
                        if !std::mem::replace(&mut state.refusal_told, true) {
                            let reason = "wrong password, or none";
                            fx.push(Effect::Refuse { lane, reason });
                        }
                        code::NOT_AUTHORISED
                    }
                    Admission::Known(profile) => {
                        state.go_online(&profile, fx);
                        return;
                    }
                    Admission::Unknown => code::UNKNOWN_ID,
                    Admission::Blocked => code::NOT_AUTHORISED,
                };
                state.standing = Standing::Refused(refusal);
            }
        }
    }

    fn unit_known(&mut self, profile: &Profile, progress: &mut Progress, fx: &mut Effects) {
        let login = self.login.get_or_insert_default();
        if profile.secret == SecretCheck::Differs {
            if login.password.is_some() || login.challenged {
                fx.push(Effect::Refuse { lane: Lane(0), reason: "wrong password, or none" });
                return self.unit_refused(code::NOT_AUTHORISED, progress, fx);
            }
            login.challenged = true;
            self.unit_offline(code::NOT_AUTHORISED, fx);
            self.mode = Mode::Unit;
            let params = vec![Sub::AuthParams(AuthParams::default())];
            return progress.behind.push(Behind::Say(params));
        }
        let max_packet = login.max_packet;
        self.mode = Mode::Unit;
        let Some(lane) = self.lanes.first_mut() else { return };
        lane.max_packet = max_packet;
        // A unit is addressed by its connection.
        lane.address.object = None;
        lane.go_online(profile, fx);
        progress.behind.push(Behind::Greet);
    }

    /// What stands behind the answer to a packet.
    pub(super) fn behind(&mut self, list: Vec<Behind>, now: Now) -> Vec<Bytes> {
        let mut packets = Vec::with_capacity(list.len());
        for item in list {
            let (subs, greets) = match item {
                Behind::Say(subs) => (subs, false),
                Behind::Greet => (self.greeting_subs(), true),
            };
            let sent = self.link.send(service::AUTH, Address::default(), &subs);
            packets.push(sent.bytes.clone());
            if greets {
                let settings = self.lanes.first().and_then(LaneState::settings);
                let wait = settings.map_or(Duration::ZERO, |settings| settings.answer_wait);
                let deadline = Some(now.monotonic.saturating_add(wait));
                self.greeting = Some(Box::new(Greeting { sent, repeats: 0, deadline }));
            }
        }
        packets
    }

    /// RESULT_CODE 0, with the services before it for a unit that waits for them.
    fn greeting_subs(&self) -> Vec<Sub<'static>> {
        let mut subs = Vec::with_capacity(3);
        if self.login.as_ref().is_some_and(|login| login.wants_services) {
            subs.extend(SERVICES.map(offer));
        }
        subs.push(Sub::ResultCode(code::OK));
        subs
    }

    fn unit_offline(&mut self, refusal: u8, fx: &mut Effects) {
        let Some(lane) = self.lanes.first_mut() else { return };
        if lane.online() {
            fx.push(Effect::Offline { lane: lane.number });
        }
        lane.standing = Standing::Refused(refusal);
        lane.delivery = super::delivery::Delivery::default();
        self.greeting = None;
    }

    fn unit_refused(&mut self, result: u8, progress: &mut Progress, fx: &mut Effects) {
        self.unit_offline(result, fx);
        self.mode = Mode::Unit;
        progress.behind.push(Behind::Say(vec![Sub::ResultCode(result)]));
        progress.close = Some(CloseReason::NotAdmitted);
    }
}

impl LaneState {
    /// The lane becomes the live one of its device.
    fn go_online(&mut self, profile: &Profile, fx: &mut Effects) {
        self.standing = Standing::Online(Box::new(Settings::read(&profile.options)));
        self.refusal_told = false;
        fx.push(Effect::Online { lane: self.number });
    }
}

/// Packets of ours that one packet causes, besides its answer and the outcome of its login.
const MAX_BEHIND: usize = 4;
/// SERVICE_INFO: not configured.
const NOT_CONFIGURED: u8 = 130;
/// The services that we offer.
const SERVICES: [u8; 2] = [service::TELEDATA, service::COMMANDS];

/// SERVICE_INFO: in service.
const fn offer(service: u8) -> Sub<'static> {
    Sub::ServiceInfo(ServiceInfo { service, state: 0, parameters: 0 })
}
