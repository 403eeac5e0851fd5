//! The bodies, one by one, in the order of the specification.

use super::walk::{bits, quoted, time};
use crate::garmin;
use crate::jt808::decode;
use crate::jt808::header::{Edition, Style};
use crate::jt808::location::ALARMS;
use crate::jt808::message::{self, Context, Driver, Message, id};
use crate::text::Charset;
use crate::wire::shown::{Shown, hex};

/// Names the fields of a body.
pub(super) fn explain(id: u16, context: Context, walk: &mut Shown<'_>) {
    match id {
        id::TERMINAL_ANSWER | id::PLATFORM_ANSWER => {
            walk.number16("answers serial");
            walk.word("answers message", |id| format!("{} ({id:#06x})", message::name(id)));
            walk.byte("result", |result| result_name(result).to_owned());
        }
        id::RESEND_FRAGMENTS | id::FRAGMENTS_WANTED => {
            walk.number16("serial of the first fragment");
            if walk.left.len().is_multiple_of(2) {
                walk.number16("indexes")
            } else {
                walk.number8("indexes")
            }
            while walk.left.len() >= 2 {
                walk.number16("index");
            }
        }
        id::TIME => walk.bytes("time", 6, |bytes| format!("{} UTC", time(bytes))),
        id::TIME_EPOCH => walk.number32("seconds since 1970"),
        id::TIME_CALENDAR => {
            walk.number16("year");
            ["month", "day", "hour", "minute", "second", "result"]
                .into_iter()
                .for_each(|part| walk.number8(part));
        }
        id::REGISTRATION => registration(context, walk),
        id::REGISTRATION_ANSWER => {
            walk.number16("answers serial");
            walk.byte("result", |result| registration_result(result).to_owned());
            walk.text_rest("authentication code");
        }
        id::AUTHENTICATION => authentication(context, walk),
        id::PARAMETERS => {
            walk.number16("answers serial");
            parameters(walk);
        }
        id::SET_PARAMETERS => parameters(walk),
        id::QUERY_PARAMETERS => {
            walk.number8("parameters");
            while walk.left.len() >= 4 {
                walk.double("id", |id| format!("{id:#06x}"));
            }
        }
        id::PROPERTIES => properties(context, walk),
        id::LOCATION => location(walk),
        id::LOCATION_ANSWER | id::CONTROL_ANSWER => {
            let body = decode::parse(id, context, walk.left);
            if !matches!(body, Ok(Message::LocationAnswer { serial: None, .. })) {
                walk.number16("answers serial");
            }
            location(walk);
        }
        id::BATCH => batch(walk),
        id::DRIVER => driver(context, walk),
        id::TRACKING => {
            walk.number16("interval in seconds");
            walk.number32("validity in seconds");
        }
        id::CONFIRM_ALARMS => {
            walk.number16("serial of the alarm message");
            walk.double("alarm bits", bits);
        }
        id::UPGRADE_RESULT => {
            walk.number8("type");
            walk.number8("result");
        }
        _ => dispatch(id, context, walk),
    }
}

/// Texts, questions, choices, data (sections 12 to 14).
fn dispatch(id: u16, context: Context, walk: &mut Shown<'_>) {
    match id {
        id::CONTROL => {
            walk.number8("command");
            walk.text_rest("arguments");
        }
        id::TEXT => {
            walk.byte("flag", |flag| format!("bits {}", bits(flag.into())));
            if context.style == Style::V2019 {
                walk.number8("text type");
            }
            walk.text_rest("text");
        }
        id::EVENTS | id::MENU => {
            walk.number8("action");
            walk.number8("items");
            while !walk.left.is_empty() {
                walk.number8(if id == id::MENU { "information type" } else { "event id" });
                if id == id::MENU { walk.long_text("name") } else { walk.short_text("text") }
            }
        }
        id::EVENT_REPORT => walk.number8("event id"),
        id::QUESTION => {
            walk.byte("flag", |flag| format!("bits {}", bits(flag.into())));
            walk.short_text("question");
            while !walk.left.is_empty() {
                walk.number8("answer id");
                walk.long_text("answer");
            }
        }
        id::QUESTION_ANSWER => {
            walk.number16("answers question with serial");
            walk.number8("chosen answer id");
        }
        id::MENU_CHOICE => {
            walk.number8("information type");
            walk.byte("choice", |choice| {
                if choice == 0 { "0 = cancel" } else { "1 = subscribe" }.to_owned()
            });
        }
        id::INFORMATION => {
            walk.number8("information type");
            walk.long_text("text");
        }
        id::TRANSPARENT_UP | id::TRANSPARENT_DOWN => {
            walk.byte("type", |kind| format!("{kind:#04x}"));
            match garmin::explain::fields(walk.left) {
                Some(packets) => {
                    walk.left = &[];
                    walk.fields.extend(packets);
                }
                None => walk.rest("data", quoted),
            }
        }
        id::WAYBILL | id::COMPRESSED => {
            walk.number32("length");
            walk.rest("content", quoted);
        }
        id::MEDIA_EVENT | id::MEDIA_DATA => {
            walk.number32("media id");
            ["type", "format", "event", "channel"].into_iter().for_each(|part| walk.number8(part));
            walk.rest("data", |data| format!("{} bytes", data.len()));
        }
        id::MEDIA_ANSWER => {
            walk.number32("media id");
            walk.number8("fragments wanted again");
            while walk.left.len() >= 2 {
                walk.number16("index");
            }
        }
        id::TEXT_REPORT => {
            let encoding = walk.left.first().copied();
            walk.byte("encoding", |encoding| {
                format!("{encoding} ({})", if encoding == 1 { "UTF-16" } else { "GBK" })
            });
            walk.rest("text", |text| if encoding == Some(1) { utf16(text) } else { quoted(text) });
        }
        id::TEXT_ANSWER => {
            walk.number16("answers text with serial");
            walk.rest("text", utf16);
        }
        id::RSA_KEY_UP | id::RSA_KEY_DOWN => {
            walk.number32("e");
            walk.bytes("n", 128, |_| "128 bytes".to_owned());
        }
        _ => walk.rest("body", |_| "undefined: ignored or kept raw".to_owned()),
    }
}

fn utf16(text: &[u8]) -> String {
    format!("\"{}\"", Charset::Utf16Be.decode(text))
}

const fn result_name(result: u8) -> &'static str {
    match result {
        0 => "0 = ok",
        1 => "1 = failed",
        2 => "2 = message wrong",
        3 => "3 = not supported",
        4 => "4 = alarm handled",
        _ => "unknown",
    }
}

const fn registration_result(result: u8) -> &'static str {
    match result {
        0 => "0 = ok",
        1 => "1 = vehicle already registered",
        2 => "2 = vehicle not in database",
        3 => "3 = terminal already registered",
        4 => "4 = terminal not in database",
        _ => "unknown",
    }
}

fn registration(context: Context, walk: &mut Shown<'_>) {
    let edition = match decode::parse(id::REGISTRATION, context, walk.left) {
        Ok(Message::Registration(registration)) => registration.edition,
        _ => Edition::V2013,
    };
    let (manufacturer, model, terminal_id) = match edition {
        Edition::V2011 => (5, 8, 7),
        Edition::V2013 => (5, 20, 7),
        Edition::V2019 => (11, 30, 30),
    };
    walk.number16("province");
    walk.number16("city/county");
    walk.text("manufacturer", manufacturer);
    walk.text("model", model);
    walk.text("terminal ID", terminal_id);
    walk.number8("plate colour");
    walk.text_rest("plate");
}

fn authentication(context: Context, walk: &mut Shown<'_>) {
    match decode::parse(id::AUTHENTICATION, context, walk.left) {
        Ok(Message::Authentication(authentication)) if authentication.device.is_some() => {
            walk.short_text("code");
            walk.text("IMEI", 15);
            walk.text("software", 20);
        }
        _ => walk.text_rest("code"),
    }
}

fn parameters(walk: &mut Shown<'_>) {
    walk.number8("parameters");
    while let Some(&[_, _, _, _, length]) = walk.left.first_chunk() {
        if walk.left.len() < 5 + usize::from(length) {
            return;
        }
        walk.double("id", |id| format!("{id:#06x}"));
        walk.number8("length");
        walk.bytes("value", length.into(), |value| match value {
            [_] | [_, _] | [_, _, _, _] => {
                value.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)).to_string()
            }
            text => quoted(text),
        });
    }
}

fn properties(context: Context, walk: &mut Shown<'_>) {
    let Ok(Message::Properties(found)) = decode::parse(id::PROPERTIES, context, walk.left) else {
        return;
    };
    walk.word("type", |kind| format!("bits {}", bits(kind.into())));
    walk.text("manufacturer", found.manufacturer.len());
    walk.text("model", found.model.len());
    walk.text("terminal ID", found.terminal_id.len());
    walk.bytes("SIM ICCID", 10, hex);
    walk.short_text("hardware");
    walk.short_text("firmware");
    walk.byte("GNSS", |gnss| format!("bits {}", bits(gnss.into())));
    walk.byte("communication", |radio| format!("bits {}", bits(radio.into())));
}

fn driver(context: Context, walk: &mut Shown<'_>) {
    match decode::parse(id::DRIVER, context, walk.left) {
        Ok(Message::Driver(Driver::Identity { .. })) => {
            walk.short_text("name");
            walk.text("id number", 20);
            walk.text("licence", 40);
            walk.short_text("agency");
        }
        Ok(Message::Driver(Driver::Card { .. })) => {
            walk.byte("status", |status| match status {
                1 => "1 = card in".to_owned(),
                2 => "2 = card out".to_owned(),
                other => other.to_string(),
            });
            walk.bytes("time", 6, time);
            walk.number8("read result");
            walk.short_text("name");
            walk.text("licence", 20);
            walk.short_text("agency");
            walk.bytes("valid until", 4, hex);
            walk.text("id number", 20);
        }
        _ => {}
    }
}

fn batch(walk: &mut Shown<'_>) {
    walk.number16("items");
    walk.byte("kind", |kind| {
        if kind == 1 { "1 = made up after an outage" } else { "0 = normal" }.to_owned()
    });
    let mut number = 0;
    while let Some(&length) = walk.left.first_chunk() {
        let length = usize::from(u16::from_be_bytes(length));
        if walk.left.len() < 2 + length {
            return;
        }
        number += 1;
        walk.group(format!("item {number}"), format!("{length} bytes"), 2, length, location);
    }
}

fn location(walk: &mut Shown<'_>) {
    walk.double("alarm", |alarm| {
        let set = ALARMS.iter().enumerate().filter(|(bit, _)| alarm >> bit & 1 != 0);
        let names: Vec<_> = set.map(|(bit, name)| format!("{bit} {name}")).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    });
    let status = walk.left.first_chunk().map_or(0, |status| u32::from_be_bytes(*status));
    walk.double("status", |status| format!("bits {}", bits(status)));
    let degrees = |value: u32, bit: u32| {
        let sign = if status >> bit & 1 != 0 { "-" } else { "" };
        format!("{sign}{}.{:06}", value / 1_000_000, value % 1_000_000)
    };
    walk.double("latitude", |value| degrees(value, 2));
    walk.double("longitude", |value| degrees(value, 3));
    walk.word("altitude", |metres| {
        format!("{} m", if metres > 60_000 { i32::from(metres) - 65_536 } else { metres.into() })
    });
    walk.word("speed", |speed| format!("{}.{} km/h", speed / 10, speed % 10));
    walk.word("direction", |degrees| format!("{degrees}°"));
    walk.bytes("time", 6, time);
    while let Some(&[id, length]) = walk.left.first_chunk() {
        if walk.left.len() < 2 + usize::from(length) {
            return;
        }
        let value = walk.left.get(2..2 + usize::from(length)).unwrap_or_default();
        let (name, value) = item(id, value);
        walk.bytes(
            &format!("item {id:02X}, {length} bytes: {name}"),
            2 + usize::from(length),
            |_| value,
        );
    }
}

/// Name and value of an additional item (section 11.1).
fn item(id: u8, value: &[u8]) -> (&'static str, String) {
    let number = value.iter().take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    let tenths = |unit: &str| format!("{}.{} {unit}", number / 10, number % 10);
    match (id, value.len()) {
        (0x01, 4) => ("odometer", tenths("km")),
        (0x02, 2) => ("fuel", tenths("L")),
        (0x03, 2) => ("recorder speed", tenths("km/h")),
        (0x04, 2) => ("alarm event", number.to_string()),
        (0x05, _) => ("tyre pressures", hex(value)),
        (0x06, 2) => (
            "compartment temperature",
            format!("{}{} °C", if number & 0x8000 == 0 { "" } else { "-" }, number & 0x7fff),
        ),
        (0x11, _) => ("overspeed", hex(value)),
        (0x12, 6) => ("area or route", hex(value)),
        (0x13, 7) => ("segment time", hex(value)),
        (0x14, 4) => ("video alarms", format!("bits {}", bits(number))),
        (0x25, 4) => ("vehicle signals", format!("bits {}", bits(number))),
        (0x2a, 2) => ("IO", format!("bits {}", bits(number))),
        (0x2b, 4) => ("analogue", format!("AD0 {}, AD1 {}", number & 0xffff, number >> 16)),
        (0x30, 1) => ("radio signal", number.to_string()),
        (0x31, 1) => ("satellites", number.to_string()),
        _ => ("unknown", hex(value)),
    }
}
