//! What the driver writes and who drives (sections 10 and 13): stored before its receipt is written.

use super::Fmi;
use super::flight::serial_of;
use super::outcome::REPEAT_WINDOW_SECONDS;
use crate::effect::Effects;
use crate::event::{DriverIdentity, DriverMessage, Event, Fix, Origin, RepeatKey, Report, Value};
use crate::garmin::message::{Message, Reply, id, timestamp};
use crate::session::Now;

impl Fmi {
    /// Gives back what is not from the driver.
    pub(super) fn about_driver<'a>(
        &mut self,
        message: Message<'a>,
        now: Now,
        fx: &mut Effects,
    ) -> Option<Message<'a>> {
        let (events, receipt) = match message {
            Message::DriverText { time, number, reply, text } => {
                let text = words(text);
                let key = u64::from(number) << 32 | u64::from(time);
                let message = Event::Message(DriverMessage {
                    text,
                    device_time: timestamp(time),
                    repeat: RepeatKey::Numbered { key, window_seconds: REPEAT_WINDOW_SECONDS },
                    reply_to: reply.and_then(|reply| serial_of(&reply.id)),
                    origin: Origin::Driver,
                });
                let place = reply.and_then(|reply| position(&reply, time));
                let receipt = Message::Number { kind: id::DRIVER_TEXT_RECEIPT, number };
                ([Some(message), place.map(Event::Report)], receipt)
            }
            Message::Driver { change, time, place, driver, .. } => {
                let driver = words(driver);
                let event = Event::Driver(DriverIdentity {
                    present: !driver.is_empty(),
                    id: (!driver.is_empty()).then_some(driver),
                    name: None,
                    time: timestamp(time),
                });
                ([Some(event), None], receipt_for(id::DRIVER_RECEIPT, change, place))
            }
            Message::DriverStatus { change, status, place, .. } => {
                let event = Event::Info(vec![("driver_status".into(), Value::Int(status.into()))]);
                ([Some(event), None], receipt_for(id::DRIVER_STATUS_RECEIPT, change, place))
            }
            other => return Some(other),
        };
        let receipt = self.receipt(&receipt, now);
        fx.record(self.lane, events.into_iter().flatten().collect(), receipt, Vec::new());
        None
    }
}

const fn receipt_for(kind: u16, change: u32, place: Option<u8>) -> Message<'static> {
    let place = match place {
        Some(place) => place,
        None => 0,
    };
    Message::DriverReceipt { kind, change, ok: true, place }
}

/// Words of the driver: UTF-8 once both sides agreed on it, else code page 1252, which is seldom valid UTF-8 by chance.
fn words(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// Where the driver was when writing.
fn position(reply: &Reply, time: u32) -> Option<Report> {
    let (latitude, longitude) = reply.degrees()?;
    let fix = Fix {
        valid: true,
        latitude,
        longitude,
        altitude: None,
        speed: None,
        course: None,
        satellites: None,
    };
    let time = timestamp(time);
    fix.on_globe().then(|| Report { time, fix: Some(fix), archived: false, attributes: Vec::new() })
}
