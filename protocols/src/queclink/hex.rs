//! The HEX form: `+RSP`, `+EVT`, `+INF` and others, high byte first, with fields that a mask switches on.
//!
//! The framer has verified length, line end and checksum. Which bit of the mask means which field is what published frames show;
//! a frame that does not add up is kept raw.

use bytes::Bytes;

use super::message::HexFrame;
use super::reader::Reader;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::event::{Attributes, Event, Fix, Report, Value};

const REPORT: &str = "+RSP report";
const EVENT: &str = "+EVT event";
/// Count, checksum and line end.
const TAIL: usize = 6;
/// Most points of one compressed report.
const MAX_POINTS: usize = 1024;
/// Types of `+RSP` whose layout differs.
const TYPE_LOCATION_BY_CALL: u8 = 3;
const TYPE_GEOFENCE: u8 = 8;
const TYPE_COMPRESSED: u8 = 100;

/// Who sent a frame.
///
/// Eight bytes: an IMEI, two decimal digits a byte, or a name.
pub(super) fn identity(frame: &HexFrame<'_>) -> Option<String> {
    let (offset, named) = match &frame.head {
        b"+RSP" | b"+BSP" | b"+EVT" | b"+BVT" => {
            let mask = mask(frame.frame);
            (11 + usize::from(device_fields(mask)), Some(mask & (1 << 6) != 0))
        }
        b"+INF" | b"+BNF" => (9, None),
        b"+ACK" => (12, None),
        b"+HBD" => (11, None),
        b"+LGN" => (15, None),
        _ => return None,
    };
    let id: [u8; 8] = frame.frame.get(offset..offset + 8)?.try_into().ok()?;
    // Where no mask tells: an IMEI has a byte that no name can have.
    let name = named.unwrap_or_else(|| {
        let name = id.iter().position(|&byte| byte == 0).unwrap_or(id.len());
        let (name, padding) = id.split_at(name);
        name.iter().all(u8::is_ascii_graphic) && padding.iter().all(|&byte| byte == 0)
    });
    if name {
        let name = String::from_utf8_lossy(&id);
        let name = name.trim_end_matches('\0');
        return (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()))
            .then(|| name.to_owned());
    }
    imei(id)
}

fn imei(id: [u8; 8]) -> Option<String> {
    let [pairs @ .., last] = id;
    if last > 9 || pairs.iter().any(|&pair| pair > 99) {
        return None;
    }
    Some(pairs.iter().map(|pair| format!("{pair:02}")).collect::<String>() + &last.to_string())
}

/// The count, quoted by an acknowledgement.
pub(super) fn count(frame: &HexFrame<'_>) -> Option<String> {
    let at = frame.frame.len().checked_sub(TAIL)?;
    let &[high, low] = frame.frame.get(at..at + 2)? else { return None };
    Some(format!("{:04X}", u16::from_be_bytes([high, low])))
}

fn mask(frame: &[u8]) -> u32 {
    frame.get(5..9).and_then(|mask| mask.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// Bytes of device type, protocol and firmware version.
fn device_fields(mask: u32) -> u8 {
    let bit = |bit: u32| (mask >> bit & 1) as u8;
    bit(8) + 2 * bit(9) + 2 * bit(10)
}

/// The events of one frame. A frame of another kind, or one that does not add up, is kept raw.
pub(super) fn events(frame: &HexFrame<'_>) -> Vec<Event> {
    let archived = frame.head[1] == b'B';
    let events = match &frame.head {
        b"+RSP" | b"+BSP" => report(frame.frame, archived),
        b"+EVT" | b"+BVT" => event(frame.frame, archived),
        b"+INF" | b"+BNF" => Ok(vec![information(frame.frame)]),
        b"+HBD" => Ok(Vec::new()),
        _ => Ok(vec![unhandled(frame)]),
    };
    events.unwrap_or_else(|_| vec![unhandled(frame)])
}

/// Three letters of the head as a number.
fn unhandled(frame: &HexFrame<'_>) -> Event {
    let kind = frame.head.iter().skip(1).fold(0, |kind, &letter| (kind << 8) | u32::from(letter));
    Event::Unhandled { kind, raw: Bytes::copy_from_slice(frame.frame) }
}

fn put(list: &mut Attributes, name: &'static str, value: impl Into<i64>) {
    list.push((name.into(), Value::Int(value.into())));
}

/// What stands before the positions: the reader behind it, the type, the mask, and attributes.
fn start<'a>(
    message: &'static str,
    frame: &'a [u8],
) -> Result<(Reader<'a>, u8, u32, Attributes), DecodeError> {
    let mut reader = Reader::new(message, frame, 4, TAIL);
    let (kind, mask) = (reader.u8("type")?, reader.u32("mask")?);
    reader.u16("length")?;
    reader.take("device", device_fields(mask).into())?;
    reader.take("unique id", 8)?;
    let mut list = Attributes::new();
    put(&mut list, "event_code", kind);
    if mask & (1 << 11) != 0 {
        let percent = reader.u8("battery level")?;
        if percent <= 100 {
            put(&mut list, "battery_level", percent);
        }
    }
    if mask & (1 << 12) != 0 {
        let millivolts = reader.u16("external power")?;
        list.push(("power_v".into(), Value::Float(f64::from(millivolts) / 1000.0)));
    }
    if kind == TYPE_GEOFENCE && message == REPORT {
        reader.take("reserved", 2)?;
    }
    if mask & (1 << 14) != 0 {
        put(&mut list, "adc1", reader.u16("analog input")?);
    }
    if mask & (1 << 17) != 0 {
        put(&mut list, "inputs", reader.u8("digital input")?);
        put(&mut list, "outputs", reader.u8("digital output")?);
    }
    if mask & (1 << 18) != 0 {
        let motion = reader.u8("motion status")?;
        match motion >> 4 {
            1 => list.push(("ignition".into(), Value::Bool(false))),
            2 => list.push(("ignition".into(), Value::Bool(true))),
            _ => {}
        }
    }
    if mask & (1 << 19) != 0 {
        put(&mut list, "satellites", reader.u8("satellites")? & 0x0f);
    }
    Ok((reader, kind, mask, list))
}

fn report(frame: &[u8], archived: bool) -> Result<Vec<Event>, DecodeError> {
    let (mut reader, kind, mask, attributes) = start(REPORT, frame)?;
    if kind == TYPE_COMPRESSED {
        return compressed(&mut reader, &attributes, archived);
    }
    reader.u8("report id and type")?;
    if kind == TYPE_LOCATION_BY_CALL {
        reader.u8("length of the phone number")?;
        // Decimal digits up to the first that is none.
        while reader.u8("phone number").is_ok_and(|pair| pair & 0x0f != 0x0f && pair < 0xf0) {}
    }
    let number = reader.u8("number")?;
    positions(&mut reader, number, mask, &attributes, archived)
}

fn event(frame: &[u8], archived: bool) -> Result<Vec<Event>, DecodeError> {
    let (mut reader, kind, mask, attributes) = start(EVENT, frame)?;
    // What each event inserts before its position.
    let insert = match kind {
        6 | 25 | 31 => 2,
        13 | 14 | 17 => 4,
        15 | 34 => 3,
        21 => 5,
        23 | 33 | 35 => 1,
        26 => 12,
        45 | 46 => 7,
        _ => 0,
    };
    reader.take("details", insert)?;
    let number = reader.u8("number")?;
    positions(&mut reader, number, mask, &attributes, archived)
}

fn positions(
    reader: &mut Reader<'_>,
    number: u8,
    mask: u32,
    attributes: &Attributes,
    archived: bool,
) -> Result<Vec<Event>, DecodeError> {
    // Fifteen are the most that the text form knows.
    if !(1..=15).contains(&number) {
        return Err(reader.error("number", DecodeErrorKind::Invalid));
    }
    let mut events = Vec::new();
    for _ in 0..number {
        let accuracy = reader.u8("accuracy")?;
        // The fraction is left out: whether it counts tenths or hundredths differs.
        let speed = match mask & 1 {
            0 => None,
            _ => Some(f32::from(u16::from_be_bytes(reader.array::<3>("speed").map(first_two)?))),
        };
        let course = if mask & 2 == 0 { None } else { Some(f32::from(reader.u16("azimuth")?)) };
        let altitude = match mask & 4 {
            0 => None,
            _ => Some(f32::from(i16::from_be_bytes(reader.array("altitude")?))),
        };
        let longitude = f64::from(reader.i32("longitude")?) / 1e6;
        let latitude = f64::from(reader.i32("latitude")?) / 1e6;
        let time = calendar(reader)?;
        let mut attributes = attributes.clone();
        if accuracy != 0 {
            attributes.push(("hdop".into(), Value::Float(accuracy.into())));
        }
        if mask & 8 != 0 {
            reader.take("cell and reserved", 9)?;
        }
        let valid = accuracy != 0;
        let satellites = None;
        let fix = Fix { valid, latitude, longitude, altitude, speed, course, satellites };
        let fix = fix.on_globe().then_some(fix);
        let report = Report { time, fix, archived, attributes };
        events.push(Event::Report(counted(report)));
    }
    Ok(events)
}

/// A report whose number of satellites stands in its position, if it has one.
fn counted(mut report: Report) -> Report {
    if let Some(fix) = &mut report.fix {
        report.attributes.retain(|(name, value)| match (name.as_ref(), value) {
            ("satellites", Value::Int(count)) => {
                fix.satellites = u16::try_from(*count).ok();
                false
            }
            _ => true,
        });
    }
    report
}

const fn first_two([high, low, _]: [u8; 3]) -> [u8; 2] {
    [high, low]
}

/// Year, month, day, hour, minute, second. A clock that was never set is no time; what is no date is no frame that adds up.
fn calendar(reader: &mut Reader<'_>) -> Result<Option<jiff::Timestamp>, DecodeError> {
    let invalid = reader.error("time", DecodeErrorKind::Invalid);
    let bytes: [u8; 7] = reader.array("time")?;
    if bytes == [0; 7] {
        return Ok(None);
    }
    let [high, low, rest @ ..] = bytes;
    let digits = rest.iter().map(|part| format!("{part:02}")).collect::<String>();
    let text = format!("{:04}{digits}", u16::from_be_bytes([high, low]));
    super::blocks::moment(text.as_bytes()).map(Some).ok_or(invalid)
}

/// Points one second apart, the first whole, most others as differences.
fn compressed(
    reader: &mut Reader<'_>,
    attributes: &Attributes,
    archived: bool,
) -> Result<Vec<Event>, DecodeError> {
    let count = usize::from(reader.u16("number of points")?);
    if count > MAX_POINTS {
        return Err(reader.error("number of points", DecodeErrorKind::Invalid));
    }
    let mut events = Vec::new();
    let mut point = Point::default();
    for _ in 0..count {
        point.time = point.time.map(|time| time.saturating_add(1));
        match reader.rest().first().map_or(0, |first| first >> 6) {
            1 => point.whole(reader)?,
            2 => point.difference(reader.array("point")?),
            // No fix, or the same place.
            _ => {
                reader.u8("point")?;
                continue;
            }
        }
        events.push(Event::Report(counted(point.report(attributes.clone(), archived))));
    }
    Ok(events)
}

/// A point of a compressed report: tenths of km/h, degrees, millionths of a degree.
#[derive(Debug, Clone, Copy, Default)]
struct Point {
    speed: i32,
    course: i32,
    longitude: i32,
    latitude: i32,
    time: Option<u32>,
}

impl Point {
    /// 2 bits of kind, 1 of fix, 12 of speed, 9 of course; longitude, latitude; the first has the time.
    fn whole(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        let [a, b, c] = reader.array("point")?;
        let bits = i32::from(a) << 16 | i32::from(b) << 8 | i32::from(c);
        self.speed = bits >> 9 & 0xfff;
        self.course = bits & 0x1ff;
        self.longitude = reader.i32("longitude")?;
        self.latitude = reader.i32("latitude")?;
        if self.time.is_none() {
            self.time = Some(reader.u32("time")?);
        }
        Ok(())
    }

    /// 2 bits of kind, 1 of fix, then differences of 7, 7, 12 and 11 bits.
    fn difference(&mut self, bytes: [u8; 5]) {
        let bits = bytes.iter().fold(0_i64, |bits, &byte| (bits << 8) | i64::from(byte));
        let signed = |shift: u32, width: u32| {
            let value = (bits >> shift) & ((1 << width) - 1);
            let value = if value >> (width - 1) != 0 { value - (1 << width) } else { value };
            i32::try_from(value).unwrap_or(0)
        };
        self.speed = self.speed.saturating_add(signed(30, 7));
        self.course = self.course.saturating_add(signed(23, 7));
        self.longitude = self.longitude.saturating_add(signed(11, 12));
        self.latitude = self.latitude.saturating_add(signed(0, 11));
    }

    fn report(&self, attributes: Attributes, archived: bool) -> Report {
        let fix = Fix {
            valid: true,
            latitude: f64::from(self.latitude) / 1e6,
            longitude: f64::from(self.longitude) / 1e6,
            altitude: None,
            speed: Some(self.speed as f32 / 10.0),
            course: Some(self.course.rem_euclid(360) as f32),
            satellites: None,
        };
        let time = self.time.and_then(|time| jiff::Timestamp::from_second(time.into()).ok());
        Report { time, fix: fix.on_globe().then_some(fix), archived, attributes }
    }
}

/// `+INF`: what the device is; the rest depends on masks that differ between models.
fn information(frame: &[u8]) -> Event {
    let byte = |at: usize| frame.get(at).copied().unwrap_or(0);
    let version = |at: usize| Value::Text(format!("{}.{:02}", byte(at), byte(at + 1)));
    let mut list = Attributes::new();
    put(&mut list, "event_code", byte(4));
    put(&mut list, "device_type", byte(17));
    list.push(("protocol_version".into(), version(18)));
    list.push(("firmware".into(), version(20)));
    list.push(("raw".into(), Value::Bytes(Bytes::copy_from_slice(frame))));
    Event::Info(list)
}
