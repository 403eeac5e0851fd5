//! Protocol Pro: records of numbered data, high byte first.
//!
//! ```text
//! 2B 00 | length 2 | 1 bit: in parts | [parts, part] | IMEI 8 BCD | type 2 | version 2 | custom 1 | n, n reserved | records … | count 2 | CRC-8 | 24
//! record = length 1–2, itself included | made 4 | number 2 | id 1 | event 1 | { data id 1–2 | length 1–2 | bytes } …
//! 2B 10 | length 1 | IMEI 8 | type 2 | version 2 | custom 1 | made 4 | count 2 | CRC-8 | 24          heartbeat
//! ```
//! A first byte 2D is a late report. Numbers of one or two bytes have two if the high bit is set.

use bytes::Bytes;
use jiff::Timestamp;

use super::message::ProFrame;
use super::reader::Reader;
use crate::error::DecodeError;
use crate::event::{Attributes, Event, Fix, Report, Value};
use crate::wire::bcd;

const REPORT: &str = "Protocol Pro report";
/// Count, checksum and end.
const TAIL: usize = 4;
/// Most records of one frame: each takes at least nine bytes.
const MAX_RECORDS: usize = 256;

/// Who sent a frame: 16 digits, the first of which is none of the IMEI's.
pub(super) fn identity(frame: &ProFrame<'_>) -> Option<String> {
    let offset = match (frame.heartbeat, frame.frame.get(4)) {
        (true, _) => 3,
        (false, Some(flags)) if flags & 0x80 != 0 => 7,
        (false, _) => 5,
    };
    let digits = bcd::digits(frame.frame.get(offset..offset + 8)?)?;
    digits.get(1..).map(str::to_owned)
}

/// The count, quoted by an acknowledgement.
pub(super) fn count(frame: &ProFrame<'_>) -> Option<String> {
    let at = frame.frame.len().checked_sub(TAIL)?;
    let &[high, low] = frame.frame.get(at..at + 2)? else { return None };
    Some(format!("{:04X}", u16::from_be_bytes([high, low])))
}

/// The events of one report.
///
/// # Errors
/// A field is not there.
pub(super) fn events(frame: &ProFrame<'_>) -> Result<Vec<Event>, DecodeError> {
    let mut reader = Reader::new(REPORT, frame.frame, 4, TAIL);
    let archived = frame.frame.first() == Some(&b'-');
    if reader.u8("flags")? & 0x80 != 0 {
        // What may be cut where is not documented: a report in parts is kept raw.
        return Ok(vec![Event::Unhandled {
            kind: b'+'.into(),
            raw: Bytes::copy_from_slice(frame.frame),
        }]);
    }
    reader.take("IMEI", 8)?;
    let kind = reader.u16("device type")?;
    reader.take("versions", 3)?;
    let reserved = reader.u8("length of the reserved field")?;
    reader.take("reserved", reserved.into())?;
    let mut events = Vec::new();
    while !reader.rest().is_empty() && events.len() < MAX_RECORDS {
        let left = reader.rest().len();
        let length = usize::from(number(&mut reader, "record length")?);
        let head = left - reader.rest().len();
        let record = reader.take("record", length.saturating_sub(head))?;
        events.push(record_event(record, kind, archived)?);
    }
    Ok(events)
}

/// One or two bytes, which the high bit tells.
fn number(reader: &mut Reader<'_>, field: &'static str) -> Result<u16, DecodeError> {
    let first = reader.u8(field)?;
    if first & 0x80 == 0 {
        return Ok(first.into());
    }
    Ok(u16::from(first & 0x7f) << 8 | u16::from(reader.u8(field)?))
}

fn record_event(record: &[u8], kind: u16, archived: bool) -> Result<Event, DecodeError> {
    let mut reader = Reader::new(REPORT, record, 0, 0);
    let made = reader.u32("generated time")?;
    let mut list = Attributes::new();
    let mut put = |name: &'static str, value: Value| list.push((name.into(), value));
    put("device_type", Value::Int(kind.into()));
    put("record_number", Value::Int(reader.u16("record number")?.into()));
    put("record_id", Value::Int(reader.u8("record id")?.into()));
    put("event_code", Value::Int(reader.u8("event code")?.into()));
    let mut located = None;
    while !reader.rest().is_empty() {
        let id = number(&mut reader, "data id")?;
        let length = number(&mut reader, "data length")?;
        let data = reader.take("data", length.into())?;
        match (id, data) {
            // Not to be had.
            (_, []) => {}
            (81 | 82, data) => located = location(data, &mut list)?.or(located),
            (27, [state @ (0 | 1)]) => {
                list.push(("ignition".into(), Value::Bool(*state == 1)));
            }
            (31, &[a, b, c, d]) => {
                let metres = u32::from_be_bytes([a, b, c, d]);
                list.push(("odometer_km".into(), Value::Float(f64::from(metres) / 1000.0)));
            }
            (34, &[a, b, c, d]) => {
                let seconds = u32::from_be_bytes([a, b, c, d]);
                list.push(("engine_hours".into(), Value::Float(f64::from(seconds) / 3600.0)));
            }
            (id, data) => {
                let value = Value::Bytes(Bytes::copy_from_slice(data));
                list.push((format!("data_{id}").into(), value));
            }
        }
    }
    let (time, fix) = match located {
        Some((time, fix)) => (time, Some(fix)),
        None => (seconds(made), None),
    };
    Ok(Event::Report(Report { time, fix, archived, attributes: list }))
}

fn seconds(seconds: u32) -> Option<Timestamp> {
    Timestamp::from_second(seconds.into()).ok().filter(|_| seconds != 0)
}

/// Mini (81) and full (82) location: state, longitude, latitude, time, speed; full: HDOP, azimuth, altitude, satellites.
fn location(
    data: &[u8],
    list: &mut Attributes,
) -> Result<Option<(Option<Timestamp>, Fix)>, DecodeError> {
    let mut reader = Reader::new(REPORT, data, 0, 0);
    let state = reader.u8("state of the fix")?;
    let longitude = f64::from(reader.i32("longitude")?) / 1e6;
    let latitude = f64::from(reader.i32("latitude")?) / 1e6;
    let time = seconds(reader.u32("UTC time")?);
    let speed = Some(f32::from(reader.u16("speed")?) / 10.0);
    let mut fix = Fix {
        valid: state >> 2 & 3 == 2,
        latitude,
        longitude,
        altitude: None,
        speed,
        course: None,
        satellites: None,
    };
    if !reader.rest().is_empty() {
        list.push(("hdop".into(), Value::Float(f64::from(reader.u8("HDOP")?) / 10.0)));
        fix.course = Some(f32::from(reader.u16("azimuth")?));
        let [high, middle, low] = reader.array("altitude")?;
        // Three bytes with a sign: through the upper three of four.
        let tenths = i32::from_be_bytes([high, middle, low, 0]) >> 8;
        fix.altitude = Some(tenths as f32 / 10.0);
        fix.satellites = Some(reader.u8("satellites")?.into());
    }
    Ok(fix.on_globe().then_some((time, fix)))
}
