//! What single models add to the specification, inferred from published frames and their published readings: packets of other
//! numbers, and tails of known ones. A layout is taken only where its length or its content tells it from others.

use std::borrow::Cow;

use bytes::Bytes;

use super::decode::{Decoded, cell, gps, looks_like_gps, network};
use super::message::{Battery, Cell, Gps, Message, Report, Status, kind};
use crate::event::{Attributes, Value};
use crate::wire::bcd;
use crate::wire::cursor::Cursor;
use crate::wire::shown::hex;

/// Most modules of one 0x70 that are read.
const MAX_MODULES: usize = 64;

/// Packets whose numbers the specification does not explain.
pub(super) fn uplink<'a>(number: u8, cursor: &mut Cursor<'a>) -> Decoded<Message<'a>> {
    let content = cursor.left();
    Ok(match (number, content) {
        (kind::POSITION_11 | kind::POSITION_24, _) if looks_like_gps(content) => {
            let mut report = located(cursor)?;
            report.cell = Some(cell(cursor)?);
            Message::Report(report)
        }
        (kind::POSITION_37, _) if looks_like_gps(content) => {
            let mut report = located(cursor)?;
            report.cell = Some(cell(cursor)?);
            state(cursor, &mut report);
            Message::Report(report)
        }
        (kind::POSITION_32, _) if looks_like_gps(content) => Message::Report(located(cursor)?),
        (kind::POSITION_34, [_, _, _, _, behind @ ..]) if looks_like_gps(behind) => {
            cursor.u32("alarm")?;
            Message::Report(located(cursor)?)
        }
        (kind::POSITION_4G, _) if looks_like_gps(content) => {
            let mut report = located(cursor)?;
            report.cell = Some(cell_4g(cursor)?);
            state(cursor, &mut report);
            Message::Report(report)
        }
        (kind::ADDRESS, _) if content.len() == 35 && looks_like_gps(content) => {
            let mut report = located(cursor)?;
            report.cell = Some(cell(cursor)?);
            report.card = card(cursor.bytes("card", 8)?);
            Message::Report(report)
        }
        (kind::POSITION_CARD, [_, _, _, _, _, _, _, _, behind @ ..]) if looks_like_gps(behind) => {
            cursor.bytes("IMEI", 8)?;
            let mut report = located(cursor)?;
            report.cell = Some(cell(cursor)?);
            cursor.bytes("state", 3)?;
            report.card = Some(Cow::Owned(cursor.u32("card")?.to_string()));
            Message::Report(report)
        }
        (kind::POSITION_DATED, _) if looks_like_gps(content.get(15..).unwrap_or_default()) => {
            cursor.bytes("IMEI and first time", 15)?;
            let mut report = located(cursor)?;
            report.card = framed_card(cursor.rest("card"));
            Message::Report(report)
        }
        (kind::STATE_36, _) if content.len() == 48 && looks_like_gps(content) => {
            Message::Report(position_36(cursor)?)
        }
        (kind::STATE_36, _) => Message::Heartbeat(heartbeat_36(cursor)?),
        (kind::CELL_ALARM, _) if content.len() == 13 => {
            let mut report = Report { cell: Some(cell(cursor)?), ..Report::default() };
            alarm_tail(number, cursor, &mut report)?;
            Message::Report(report)
        }
        (kind::CELL_ALARM_4G, _) if content.len() == 20 => {
            let mut report = Report { cell: Some(cell_4g(cursor)?), ..Report::default() };
            alarm_tail(number, cursor, &mut report)?;
            Message::Report(report)
        }
        (kind::EVENT, _) if content.len() >= 7 => {
            let (time, alarm) = (Some(cursor.array("time")?), Some(cursor.u8("event")?));
            Message::Report(Report { time, alarm, ..Report::default() })
        }
        (kind::STEPS, _) if content.len() == 19 => {
            cursor.bytes("state", 9)?;
            let steps = Value::Int(cursor.u32("steps")?.into());
            Message::Information(with(vec![("steps".into(), steps)]))
        }
        (kind::PERIPHERAL, [_, _, _, _, _, _, ..]) => {
            let unix_time = Some(cursor.u32("time")?);
            let number = Value::Int(cursor.u16("peripheral")?.into());
            let data = Value::Bytes(Bytes::copy_from_slice(cursor.rest("data")));
            let extras = vec![("peripheral".into(), number), ("peripheral_data".into(), data)];
            Message::Report(Report { unix_time, extras, ..Report::default() })
        }
        (kind::SERIAL_DATA, [_, data @ ..]) => Message::Information(with(vec![serial(data)])),
        (kind::INFORMATION, _) => information(cursor)?,
        (kind::MODULES, _) => modules(cursor)?,
        _ => Message::Other,
    })
}

fn with<'a>(extras: Attributes) -> Report<'a> {
    Report { extras, ..Report::default() }
}

fn located<'a>(cursor: &mut Cursor<'a>) -> Decoded<Report<'a>> {
    let mut report = Report::default();
    gps(cursor, &mut report)?;
    Ok(report)
}

/// A cell with wide numbers.
fn cell_4g(cursor: &mut Cursor<'_>) -> Decoded<Cell> {
    let (mcc, mnc) = network(cursor)?;
    Ok(Cell { mcc, mnc, lac: cursor.u32("LAC")?, id: cursor.u64("cell")? })
}

/// Behind the cell of 0x22, 0x37 and 0xA0, as far as it is there: ignition, reason of the report, whether it was stored; then
/// the mileage; then, from one model, a temperature in hundredths of a degree.
pub(super) fn state(cursor: &mut Cursor<'_>, report: &mut Report<'_>) {
    let &[ignition, _reason, stored, ref behind @ ..] = cursor.left() else { return };
    report.ignition = Some(ignition & 1 != 0);
    report.archived = stored == 1;
    if let (&[.., high, low, _, _], 13) = (behind, behind.len()) {
        let celsius = f64::from(i16::from_be_bytes([high, low])) / 100.0;
        report.extras.push(("temperature1_c".into(), Value::Float(celsius)));
    }
}

/// Status, battery, signal, alarm, language at the end of an alarm. A byte more: the battery in per cent before them, or the
/// number of the fence behind. Eight more: a driver's card.
pub(super) fn alarm_tail<'a>(
    number: u8,
    cursor: &mut Cursor<'a>,
    report: &mut Report<'a>,
) -> Decoded<()> {
    let percent = cursor.left().len() == 6 && number != kind::ALARM_FENCE;
    let info = cursor.u8("status")?;
    if percent {
        cursor.u8("voltage")?;
    }
    let battery = cursor.u8("battery")?;
    let battery = if percent { Battery::Percent(battery) } else { Battery::Level(battery) };
    report.status = Some(Status { info, battery, signal: cursor.u8("GSM")? });
    report.alarm = Some(cursor.u8("alarm")?).filter(|&code| code != 0);
    cursor.u8("language")?;
    match cursor.rest("details") {
        &[fence] if number == kind::ALARM_FENCE => {
            report.extras.push(("area_id".into(), Value::Int(fence.into())));
        }
        id if id.len() == 8 => report.card = card(id),
        _ => {}
    }
    Ok(())
}

/// Heartbeats of single models; `None` for the specification's. `80` behind the status: battery in per cent and in volts.
/// Nine bytes more than usual: a temperature in tenths of a degree at the end.
pub(super) fn heartbeat<'a>(cursor: &mut Cursor<'a>) -> Decoded<Option<Report<'a>>> {
    let mut extras = Attributes::new();
    let status = match *cursor.left() {
        [info, 0x80, _, _, _, percent, signal, high, low, ..] => {
            let volts = f64::from(u16::from_be_bytes([high, low])) / 100.0;
            extras.push(("power_v".into(), Value::Float(volts)));
            Status { info, battery: Battery::Percent(percent), signal }
        }
        [info, level, signal, 0, 2, _, _, 0, 0, 0, 0, 0, high, low] => {
            let celsius = f64::from(i16::from_be_bytes([high, low])) / 10.0;
            extras.push(("temperature1_c".into(), Value::Float(celsius)));
            Status { info, battery: Battery::Level(level), signal }
        }
        _ => return Ok(None),
    };
    cursor.rest("others");
    Ok(Some(Report { status: Some(status), extras, ..Report::default() }))
}

/// 0x36: a heartbeat followed by items: id `u16`, length `u8`, value. 0x0018 is the battery in hundredths of a volt.
fn heartbeat_36<'a>(cursor: &mut Cursor<'a>) -> Decoded<Report<'a>> {
    let (info, level) = (cursor.u8("status")?, cursor.u8("voltage")?);
    let status = Status { info, battery: Battery::Level(level), signal: cursor.u8("GSM")? };
    cursor.u16("language")?;
    let mut extras = Attributes::new();
    while let [_, _, _, ..] = cursor.left() {
        let (id, length) = (cursor.u16("item")?, cursor.u8("item length")?);
        match (id, cursor.bytes("item value", length.into())?) {
            (0x0018, &[high, low]) => extras.push(("battery_v".into(), volts([high, low]))),
            (_, value) => {
                let value = Value::Bytes(Bytes::copy_from_slice(value));
                extras.push((format!("item_{id:04X}").into(), value));
            }
        }
    }
    Ok(Report { status: Some(status), extras, ..Report::default() })
}

/// 0x36 with a position: behind the cell, among zeros, the battery in tenths of a volt.
fn position_36<'a>(cursor: &mut Cursor<'a>) -> Decoded<Report<'a>> {
    let mut report = located(cursor)?;
    let (mcc, mnc) = network(cursor)?;
    let (lac, id) = (cursor.u16("LAC")?, cursor.u32("cell")?);
    report.cell = Some(Cell { mcc, mnc, lac: lac.into(), id: id.into() });
    cursor.bytes("state", 9)?;
    let tenths = f64::from(cursor.u8("battery")?);
    report.extras.push(("battery_v".into(), Value::Float(tenths / 10.0)));
    Ok(report)
}

/// 0x94: a kind, then what it says.
fn information<'a>(cursor: &mut Cursor<'a>) -> Decoded<Message<'a>> {
    let number = cursor.u8("kind")?;
    Ok(match (number, cursor.left()) {
        (0x00 | 0x0b, &[high, low]) => {
            Message::Information(with(vec![("power_v".into(), volts([high, low]))]))
        }
        (0x05, data) if data.len() == 7 => {
            let (time, door) = (Some(cursor.array("time")?), cursor.u8("door")?);
            let extras = vec![("door1_open".into(), Value::Bool(door & 1 != 0))];
            Message::Report(Report { time, extras, ..Report::default() })
        }
        (0x0a, data) if data.len() == 26 => {
            let mut extras = Attributes::new();
            identity("imei", cursor.bytes("IMEI", 8)?, &mut extras);
            identity("imsi", cursor.bytes("IMSI", 8)?, &mut extras);
            iccid(cursor.bytes("ICCID", 10)?, &mut extras);
            Message::Information(with(extras))
        }
        (0x0d, data) => Message::Information(with(vec![serial(data)])),
        (0x1b, &[0x02, _, ref id @ .., _, _]) if id.len() == 4 => {
            Message::Information(Report { card: card(id), ..Report::default() })
        }
        _ => Message::Other,
    })
}

/// 0x70: five bytes, then modules: id and length `u16`, content.
fn modules<'a>(cursor: &mut Cursor<'a>) -> Decoded<Message<'a>> {
    cursor.bytes("head", 5)?;
    let mut report = Report::default();
    for _ in 0..MAX_MODULES {
        if cursor.left().len() < 4 {
            break;
        }
        let (id, length) = (cursor.u16("module")?, cursor.u16("module length")?);
        let content = cursor.bytes("module content", length.into())?;
        match (id, content) {
            (0x0001, imei) if imei.len() == 8 => identity("imei", imei, &mut report.extras),
            (0x0002, imsi) if imsi.len() == 8 => identity("imsi", imsi, &mut report.extras),
            (0x0003, card) if card.len() == 10 => iccid(card, &mut report.extras),
            (0x0018, &[high, low]) => {
                report.extras.push(("battery_v".into(), volts([high, low])));
            }
            (0x0033, content) if content.len() == 18 => {
                let mut module = Cursor::inside("0x70 module 0x33", content, 0);
                report.unix_time = Some(module.u32("time")?);
                let satellites = module.u8("satellites")?;
                report.altitude = Some(module.i16("altitude")?);
                report.gps = Some(Gps {
                    satellites,
                    latitude: module.u32("latitude")?,
                    longitude: module.u32("longitude")?,
                    speed: module.u8("speed")?,
                    course: module.u16("course")?,
                });
            }
            _ => {}
        }
    }
    Ok(Message::Report(report))
}

fn volts(hundredths: [u8; 2]) -> Value {
    Value::Float(f64::from(u16::from_be_bytes(hundredths)) / 100.0)
}

/// BCD digits, without the zero that makes their number even.
fn identity(name: &'static str, digits: &[u8], out: &mut Attributes) {
    if let Some(digits) = bcd::digits(digits) {
        let digits = digits.strip_prefix('0').unwrap_or(&digits).to_owned();
        out.push((name.into(), Value::Text(digits)));
    }
}

/// The number of a SIM card, always 89 in front: digits in their order or exchanged in pairs, filled up with F.
fn iccid(digits: &[u8], out: &mut Attributes) {
    let exchanged = digits.first() == Some(&0x98);
    let digits: String = digits
        .iter()
        .map(|byte| if exchanged { byte.rotate_left(4) } else { *byte })
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let digits = digits.trim_end_matches('f');
    if digits.bytes().all(|digit| digit.is_ascii_digit()) {
        out.push(("iccid".into(), Value::Text(digits.to_owned())));
    }
}

/// A card's number; zeros are no card.
fn card(id: &[u8]) -> Option<Cow<'static, str>> {
    id.iter().any(|&byte| byte != 0).then(|| Cow::Owned(hex(id)))
}

/// A card's number as its reader sends it: letters and digits between the control characters STX and ETX, at the very end.
fn framed_card(tail: &[u8]) -> Option<Cow<'_, str>> {
    let (&0x03, rest) = tail.split_last()? else { return None };
    let start = rest.iter().rposition(|&byte| byte == 0x02)?;
    let id = std::str::from_utf8(rest.get(start + 1..)?).ok()?;
    let letters = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (!id.is_empty() && letters).then_some(Cow::Borrowed(id))
}

/// What came from the serial port.
fn serial(data: &[u8]) -> (Cow<'static, str>, Value) {
    let text = data.trim_ascii_end();
    match std::str::from_utf8(text) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') => {
            ("serial_text".into(), Value::Text(text.to_owned()))
        }
        _ => ("serial_data".into(), Value::Bytes(Bytes::copy_from_slice(data))),
    }
}
