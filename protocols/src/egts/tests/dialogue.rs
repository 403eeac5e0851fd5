//! A session with what it did, for the tests beside this file.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Receipt};
use crate::egts::encode::{self, FROM_DEVICE};
use crate::egts::header::{packet as pt, seal};
use crate::egts::message::{Command, Record, Sub, TermIdentity, ct, service};
use crate::egts::options::OPTIONS;
use crate::egts::session::EgtsSession;
use crate::event::Event;
use crate::framing::Limits;
use crate::options::DeviceOptions;
use crate::session::{
    Admission, Content, Downlink, Lane, Now, Profile, SecretCheck, Session, SessionError,
};

/// One connection and the unit at its other end.
pub(super) struct Dialogue {
    pub(super) session: EgtsSession,
    pub(super) now: Now,
    packet: u16,
}

/// The answer to a login.
pub(super) fn known(options: &[(&str, &str)]) -> Admission {
    let options = DeviceOptions::parse(OPTIONS, options.iter().copied()).unwrap();
    Admission::Known(Profile {
        options: Arc::new(options),
        secret: SecretCheck::NoneNeeded,
        issued_code: String::new(),
    })
}

impl Dialogue {
    pub(super) fn new(limits: &Limits) -> Self {
        let wall = "2025-10-06T08:20:00Z".parse().unwrap();
        let now = Now { monotonic: Duration::ZERO, wall };
        Self { session: EgtsSession::new(limits), now, packet: 100 }
    }

    /// A unit that is online and takes texts.
    pub(super) fn online(options: &[(&str, &str)]) -> Self {
        let mut dialogue = Self::new(&Limits::default());
        let identity = TermIdentity { id: 4711, simple: true, ..TermIdentity::default() };
        let asked = dialogue.record(service::AUTH, None, &[Sub::TermIdentity(identity)]);
        assert!(matches!(asked[..], [Effect::Authenticate { .. }]), "{asked:?}");
        dialogue.admit(Lane(0), known(options));
        // RESULT_CODE is our second packet and record.
        dialogue.answer(2, 2, 0);
        assert!(dialogue.session.window(Lane(0)) > 0);
        dialogue
    }

    pub(super) fn admit(&mut self, lane: Lane, admission: Admission) -> Vec<Effect> {
        let mut fx = Effects::new();
        self.session.handle_admission(lane, admission, self.now, &mut fx);
        fx.drain().collect()
    }

    pub(super) fn frame(&mut self, frame: &[u8]) -> (Vec<Effect>, Result<(), SessionError>) {
        let mut fx = Effects::new();
        let result = self.session.handle_frame(frame, self.now, &mut fx);
        (fx.drain().collect(), result)
    }

    /// Some records in one packet: number, service, object and sub-records.
    pub(super) fn packet(
        &mut self,
        records: &[(u16, u8, Option<u32>, Vec<Sub<'_>>)],
    ) -> Vec<Effect> {
        let data: Vec<_> = records.iter().map(|(.., subs)| encode::subs(subs)).collect();
        let records = records.iter().zip(&data).map(|((number, service, object, _), data)| {
            let head = encode::record(FROM_DEVICE, *number, *service, data);
            Record { object: *object, ..head }
        });
        self.packet += 1;
        let body = encode::data(&records.collect::<Vec<_>>());
        let (effects, result) = self.frame(&seal(pt::APPDATA, self.packet, None, &body));
        assert_eq!(result, Ok(()));
        effects
    }

    pub(super) fn record(
        &mut self,
        service: u8,
        object: Option<u32>,
        subs: &[Sub<'_>],
    ) -> Vec<Effect> {
        self.packet(&[(1, service, object, subs.to_vec())])
    }

    /// CT_MSGCONF, CT_DELIV, …
    pub(super) fn confirm(&mut self, kind: u8, result: u8, id: u32) -> Vec<Effect> {
        let command = Command { kind, result, id, sender: 1, ..Command::default() };
        self.record(service::COMMANDS, None, &[Sub::Command(command)])
    }

    /// RESPONSE to packet `packet` with the answer to record `record`.
    pub(super) fn answer(&mut self, packet: u16, record: u16, result: u8) -> Vec<Effect> {
        let data = encode::subs(&[Sub::RecordResponse { record, result }]);
        let head = encode::record(FROM_DEVICE, 1, service::COMMANDS, &data);
        let body = encode::response(packet, 0, &[head]);
        let (effects, result) = self.frame(&seal(pt::RESPONSE, 1, None, &body));
        assert_eq!(result, Ok(()));
        effects
    }

    pub(super) fn text(&mut self, lane: Lane, number: u32, text: &str) -> Vec<Effect> {
        let content = Content::Text { text: text.to_owned(), part: 1, parts: 1 };
        let token = DeliveryToken(number.into());
        let downlink = Downlink { token, serial: number, repeat: false, content };
        let mut fx = Effects::new();
        self.session.handle_downlink(lane, downlink, self.now, &mut fx);
        fx.drain().collect()
    }

    /// Time passes up to and including the next timeout.
    pub(super) fn wait(&mut self) -> Vec<Effect> {
        self.now.monotonic = self.session.poll_timeout().unwrap();
        let mut fx = Effects::new();
        self.session.handle_timeout(self.now, &mut fx);
        fx.drain().collect()
    }
}

/// What became known about texts.
pub(super) fn stages(effects: &[Effect]) -> Vec<(Receipt, DeliveryStage)> {
    let of = effects.iter().filter_map(|effect| match effect {
        Effect::Delivery { receipt, stage, .. } => Some((*receipt, *stage)),
        _ => None,
    });
    of.collect()
}

/// Bytes written at once.
pub(super) fn written(effects: &[Effect]) -> Vec<Bytes> {
    let of = effects.iter().filter_map(|effect| match effect {
        Effect::Transmit(bytes) => Some(bytes.clone()),
        _ => None,
    });
    of.collect()
}

/// Lane, number of events, and answers of the records.
pub(super) fn records(effects: &[Effect]) -> Vec<(Lane, Vec<Event>, Bytes, Bytes)> {
    let of = effects.iter().filter_map(|effect| match effect {
        Effect::Record { lane, events, ack, nack } => {
            Some((*lane, events.clone(), ack.clone(), nack.clone()))
        }
        _ => None,
    });
    of.collect()
}

/// A message from the driver.
pub(super) fn said(id: u32, text: &'static str) -> Sub<'static> {
    Sub::Command(Command { kind: ct::MSGFROM, id, data: text.as_bytes(), ..Command::default() })
}
