//! What an accepted terminal reports, and how it is answered (section 8.3): data are stored before their answer is written,
//! signs of life are answered at once.

use bytes::Bytes;

use super::lane::LaneState;
use super::{Uplink, is_answered};
use crate::effect::Effects;
use crate::event::{Event, Report, Value};
use crate::jt808::decode;
use crate::jt808::info;
use crate::jt808::message::{Location, MediaEvent, Message, id};
use crate::jt808::time::STANDARD_OFFSET;
use crate::session::{Now, SessionError};

impl LaneState {
    /// A message of an accepted terminal.
    pub(super) fn accept(
        &mut self,
        uplink: Uplink<'_>,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let message = match decode::message(uplink.header, uplink.body, self.context()) {
            Ok(message) => message,
            Err(error) => {
                if is_answered(uplink.header.id) {
                    self.answer(uplink.header, 2, fx);
                }
                return Err(error.into());
            }
        };
        let charset = self.charset();
        let event = match message {
            Message::Answer { answer, .. } => {
                self.on_answer(answer, now, fx);
                return Ok(());
            }
            Message::FragmentRequest { request, .. } => {
                self.resend(&request, fx);
                return Ok(());
            }
            Message::Bare { .. } => {
                self.answer(uplink.header, 0, fx);
                return Ok(());
            }
            Message::Media(_) => {
                self.answer(uplink.header, 0, fx);
                return Ok(());
            }
            Message::MediaData { media, .. } => {
                self.take_media(uplink, media, fx);
                return Ok(());
            }
            Message::Batch(batch) => {
                let archived = batch.kind == 1;
                let reports =
                    batch.locations().map(|location| self.located(&location, now, archived));
                let events = reports.map(Event::Report).collect();
                self.store(uplink, events, 0, fx);
                return Ok(());
            }
            Message::Location(location) => Event::Report(self.located(&location, now, false)),
            Message::LocationAnswer { location, .. } => {
                Event::Report(self.located(&location, now, false))
            }
            Message::Event { event } => self.event_text(uplink, event),
            Message::Answered { serial, answer } => self.answer_text(uplink, serial, answer, fx),
            Message::TextReport { encoding, text } => {
                self.text_report(uplink, encoding, text, now, fx)
            }
            Message::TextAnswer { serial, text } => self.text_answer(uplink, serial, text, now, fx),
            Message::Transparent { kind, data, .. } if self.is_navigator(kind) => {
                return self.take_packets(uplink, data, now, fx);
            }
            Message::Transparent { kind, data, .. } => {
                self.transparent_text(uplink, kind, data).unwrap_or_else(|| unhandled(uplink))
            }
            Message::Driver(driver) => {
                Event::Driver(info::driver(&driver, charset, self.time_offset()))
            }
            Message::Parameters { list, .. } => Event::Info(info::parameters(&list, charset)),
            Message::Properties(properties) => Event::Info(info::properties(&properties, charset)),
            Message::Upgrade { kind, result } => Event::Info(vec![
                ("upgrade_type".into(), Value::Int(kind.into())),
                ("upgrade_result".into(), Value::Int(result.into())),
            ]),
            Message::MenuChoice { kind, subscribe } => Event::Info(vec![
                ("information_type".into(), Value::Int(kind.into())),
                ("information_subscribed".into(), Value::Bool(subscribe != 0)),
            ]),
            Message::Sized { id: id::WAYBILL, content, .. } => {
                Event::Info(vec![("waybill".into(), Value::Text(charset.decode(content)))])
            }
            Message::RsaKey { .. } => {
                fx.record(self.number, vec![unhandled(uplink)], Bytes::new(), Bytes::new());
                return Ok(());
            }
            _ => {
                let ok = is_interpreted_elsewhere(uplink.header.id)
                    || self.settings.as_ref().is_some_and(|settings| settings.ack_unknown);
                self.store(uplink, vec![unhandled(uplink)], if ok { 0 } else { 3 }, fx);
                return Ok(());
            }
        };
        self.store(uplink, vec![event], 0, fx);
        Ok(())
    }

    /// Stores events, then answers with `result`, or with 1 if storing fails.
    fn store(&mut self, uplink: Uplink<'_>, events: Vec<Event>, result: u8, fx: &mut Effects) {
        let (ack, nack) = self.answers(uplink.header, result, 1);
        fx.record(self.number, events, ack, nack);
    }

    /// The device's zone in minutes east of UTC.
    fn time_offset(&self) -> i32 {
        self.settings.as_ref().map_or(STANDARD_OFFSET, |settings| settings.time_offset)
    }

    fn located(&self, location: &Location<'_>, now: Now, archived: bool) -> Report {
        location.report(self.edition(), self.time_offset(), now.wall, archived)
    }

    /// Multimedia are acknowledged, so that they are not sent again, and not stored (section 13.6).
    fn take_media(&mut self, uplink: Uplink<'_>, media: MediaEvent, fx: &mut Effects) {
        self.answer(uplink.header, 0, fx);
        let complete = Message::MediaAnswer { media: media.id, again: None };
        self.send(id::MEDIA_ANSWER, &complete, fx);
    }
}

fn unhandled(uplink: Uplink<'_>) -> Event {
    Event::Unhandled { kind: uplink.header.id.into(), raw: Bytes::copy_from_slice(uplink.body) }
}

/// Messages of the standard and of vendors that are kept raw and answered as stored (sections 8.3 and 14.1).
const fn is_interpreted_elsewhere(id: u16) -> bool {
    matches!(id, 0x0304 | 0x0700 | 0x0705 | 0x0802 | 0x0805 | id::COMPRESSED | 0x1007 | 0x6007)
}
