//! What a terminal says about itself and its driver, in neutral words (sections 10.1, 10.2 and 13).

use std::borrow::Cow;

use bytes::Bytes;

use super::message::{
    Authentication, Card, Driver, ParameterList, Properties, Registration, trimmed, until_nul,
};
use super::time;
use crate::event::{Attributes, DriverIdentity, Value};
use crate::text::Charset;
use crate::wire::shown::hex;

/// Attributes being put together; empty texts are left out.
struct Notes {
    charset: Charset,
    list: Attributes,
}

impl Notes {
    const fn new(charset: Charset) -> Self {
        Self { charset, list: Vec::new() }
    }

    fn text(&mut self, name: &'static str, field: &[u8]) {
        let text = self.charset.decode(trimmed(field));
        if !text.is_empty() {
            self.put(name, Value::Text(text));
        }
    }

    fn int(&mut self, name: &'static str, number: impl Into<i64>) {
        self.put(name, Value::Int(number.into()));
    }

    fn put(&mut self, name: &'static str, value: Value) {
        self.list.push((Cow::Borrowed(name), value));
    }
}

/// 0x0100.
pub(crate) fn registration(registration: &Registration<'_>, charset: Charset) -> Attributes {
    let mut notes = Notes::new(charset);
    notes.int("province", registration.province);
    notes.int("city", registration.city);
    notes.text("manufacturer", registration.manufacturer);
    notes.text("model", registration.model);
    notes.text("terminal_id", registration.terminal_id);
    notes.int("plate_colour", registration.colour);
    notes.text(
        if registration.colour == 0 { "vin" } else { "plate" },
        until_nul(registration.plate),
    );
    notes.list
}

/// The device part of 0x0102.
pub(crate) fn authentication(authentication: &Authentication<'_>) -> Attributes {
    let mut notes = Notes::new(Charset::Gbk);
    if let Some((imei, software)) = authentication.device {
        notes.text("imei", imei);
        notes.text("software", software);
    }
    notes.list
}

/// 0x0107.
pub(crate) fn properties(properties: &Properties<'_>, charset: Charset) -> Attributes {
    let mut notes = Notes::new(charset);
    notes.int("terminal_type_bits", properties.kind);
    notes.text("manufacturer", properties.manufacturer);
    notes.text("model", properties.model);
    notes.text("terminal_id", properties.terminal_id);
    notes.put("iccid", Value::Text(hex(properties.iccid)));
    notes.text("hardware", properties.hardware);
    notes.text("firmware", properties.firmware);
    notes.int("gnss_bits", properties.gnss);
    notes.int("radio_bits", properties.radio);
    notes.list
}

/// 0x0104: parameters that a gateway knows by name, the others as `parameter_` and the id in four hexadecimal digits.
pub(crate) fn parameters(list: &ParameterList<'_>, charset: Charset) -> Attributes {
    let mut notes = Notes::new(charset);
    for &(id, value) in &list.items {
        match (parameter_name(id), value) {
            (Some((name, Kind::Number)), number @ ([_] | [_, _] | [_, _, _, _])) => {
                notes.int(
                    name,
                    number.iter().fold(0_i64, |sum, &byte| (sum << 8) | i64::from(byte)),
                );
            }
            (Some((name, Kind::Text)), text) => notes.text(name, text),
            _ => {
                let name = Cow::Owned(format!("parameter_{id:04X}"));
                notes.list.push((name, Value::Bytes(Bytes::copy_from_slice(value))));
            }
        }
    }
    notes.list
}

enum Kind {
    Number,
    Text,
}

const fn parameter_name(id: u32) -> Option<(&'static str, Kind)> {
    Some(match id {
        0x0001 => ("heartbeat_interval_s", Kind::Number),
        0x0002 => ("tcp_answer_timeout_s", Kind::Number),
        0x0003 => ("tcp_retransmissions", Kind::Number),
        0x0010 => ("apn", Kind::Text),
        0x0013 => ("server", Kind::Text),
        0x0017 => ("backup_server", Kind::Text),
        0x0018 => ("tcp_port", Kind::Number),
        0x0026 => ("slave_server", Kind::Text),
        0x0020 => ("reporting_strategy", Kind::Number),
        0x0021 => ("reporting_scheme", Kind::Number),
        0x0022 => ("report_interval_no_driver_s", Kind::Number),
        0x0027 => ("report_interval_asleep_s", Kind::Number),
        0x0028 => ("report_interval_emergency_s", Kind::Number),
        0x0029 => ("report_interval_s", Kind::Number),
        0x0055 => ("top_speed_kmh", Kind::Number),
        0x0057 => ("driving_limit_s", Kind::Number),
        0x0081 => ("province", Kind::Number),
        0x0082 => ("city", Kind::Number),
        0x0083 => ("plate", Kind::Text),
        0x0084 => ("plate_colour", Kind::Number),
        _ => return None,
    })
}

/// 0x0702. Status 1 is "card in"; the 2011 layout has no status and is sent when a driver comes.
pub(crate) fn driver(driver: &Driver<'_>, charset: Charset, offset: i32) -> DriverIdentity {
    let text = |field: &[u8]| {
        let text = charset.decode(trimmed(field));
        (!text.is_empty()).then_some(text)
    };
    match driver {
        Driver::Card { status, time, card, .. } => DriverIdentity {
            present: *status == 1,
            id: card.as_ref().and_then(|card| text(card.licence).or_else(|| text(card.id_number?))),
            name: card.as_ref().and_then(|Card { name, .. }| text(name)),
            time: time::moment(*time, offset).or_else(|| time::moment_binary(*time, offset)),
        },
        Driver::Identity { name, id_number, licence, .. } => DriverIdentity {
            present: true,
            id: text(licence).or_else(|| text(id_number)),
            name: text(name),
            time: None,
        },
    }
}
