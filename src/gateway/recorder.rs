//! What devices report, as the store wants it.

use protocols::{DriverMessage, Event, Origin, RepeatKey, Report, Value};
use sha2::{Digest as _, Sha256};

use crate::model::{
    Attributes, DeviceState, EmployeeId, Millis, NewDriverText, Repeat, TrackerId, Uplink,
};

/// Where and when something was reported.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub(crate) tracker: TrackerId,
    pub(crate) employee: Option<EmployeeId>,
    pub(crate) connection: u64,
    pub(crate) now: Millis,
}

/// How far a device's clock may be ahead, in milliseconds: a date beyond it would hide every later position.
const MAX_AHEAD: i64 = 24 * 3600 * 1000;
/// Longest attribute value kept, in characters or bytes.
const MAX_VALUE: usize = 1024;
/// Attributes kept of one report.
const MAX_ATTRIBUTES: usize = 256;

/// Adds events to an uplink. Returns how many of them were recognised but not interpreted.
pub(crate) fn add(uplink: &mut Uplink, events: Vec<Event>, source: Source) -> u64 {
    let mut unhandled = 0;
    for event in events {
        let state = match event {
            Event::Message(message) => {
                uplink.texts.push(driver_text(message, source));
                continue;
            }
            Event::Report(report) => state_of(report, source.now),
            Event::Driver(driver) => {
                let mut state = DeviceState { seen: source.now, ..DeviceState::default() };
                let present = (driver.present).then_some(driver);
                state.attributes.insert("driver_present", present.is_some());
                let (id, name) = present.map_or((None, None), |driver| (driver.id, driver.name));
                state.attributes.insert("driver_id", id);
                state.attributes.insert("driver_name", name);
                state
            }
            Event::Info(attributes) => state_with(attributes, source.now),
            _ => {
                unhandled += 1;
                DeviceState { seen: source.now, ..DeviceState::default() }
            }
        };
        uplink.states.push((source.tracker, state));
    }
    unhandled
}

fn driver_text(message: DriverMessage, source: Source) -> NewDriverText {
    let (number, seconds, other_connection_only) = match message.repeat {
        RepeatKey::Numbered { key, window_seconds } => (key, window_seconds, false),
        RepeatKey::TextOnly { window_seconds } => (0, window_seconds, true),
    };
    NewDriverText {
        tracker: source.tracker,
        repeat: Repeat {
            key: repeat_key(number, &message.text),
            window: i64::from(seconds) * 1000,
            other_connection_only,
            connection: source.connection,
        },
        // A database keeps no NUL in a text, and a display shows none.
        text: if message.text.contains('\0') {
            message.text.replace('\0', "")
        } else {
            message.text
        },
        employee: source.employee,
        device_time: message.device_time.map(Into::into),
        received: source.now,
        reply_to: message.reply_to,
        from_device: message.origin == Origin::Device,
    }
}

/// Stable over restarts and builds, because repeats are recognised after both.
fn repeat_key(number: u64, text: &str) -> u64 {
    let hash = Sha256::new_with_prefix(number.to_be_bytes()).chain_update(text).finalize();
    hash.iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}

fn state_of(report: Report, now: Millis) -> DeviceState {
    let mut state = state_with(report.attributes, now);
    let dated = report.time.map(Millis::from).filter(|time| *time <= now.plus(MAX_AHEAD));
    let fix = report.fix.filter(protocols::Fix::on_globe);
    if report.archived && (dated.is_none() || fix.is_none()) {
        // From the device's memory, and nothing says that it is newer than what is known.
        state.attributes = Attributes::default();
    } else if let Some(fix) = fix {
        state.fix_time = Some(dated.unwrap_or(now));
        state.latitude = Some(fix.latitude);
        state.longitude = Some(fix.longitude);
        (state.speed, state.course, state.altitude) = (fix.speed, fix.course, fix.altitude);
        state.satellites = fix.satellites;
    }
    state
}

fn state_with(attributes: protocols::Attributes, now: Millis) -> DeviceState {
    let mut state = DeviceState { seen: now, ..DeviceState::default() };
    state.attributes = Attributes::with_capacity(attributes.len().min(MAX_ATTRIBUTES));
    for (name, value) in attributes.into_iter().take(MAX_ATTRIBUTES) {
        let value: serde_json::Value = match value {
            Value::Bool(value) => value.into(),
            Value::Int(value) => value.into(),
            Value::Float(value) => value.into(),
            Value::Text(value) => value.chars().take(MAX_VALUE).collect::<String>().into(),
            Value::Bytes(value) => {
                crate::secret::hex(value.get(..MAX_VALUE).unwrap_or(&value)).into()
            }
        };
        state.attributes.insert(name, value);
    }
    state
}
