//! What single models add to the specification, inferred from published frames and their published readings: packets of other
//! numbers, and tails of known ones. A layout is taken only where its length or its content tells it from others.

use std::borrow::Cow;

use bytes::Bytes;

use super::decode::{Decoded, cell, gps, looks_like_gps, network};
use super::message::{Battery, Cell, Gps, Message, Report, Status, kind};
use crate::event::{Attributes, Value};
use crate::wire::bcd;
use crate::wire::reader::Reader;
use crate::wire::shown::hex;

/// Most modules of one 0x70 that are read.
const MAX_MODULES: usize = 64;

/// Packets whose numbers the specification does not explain.
pub(super) fn uplink<'a>(number: u8, reader: &mut Reader<'a>) -> Decoded<Message<'a>> {
    let content = reader.left();
    Ok(match (number, content) {
        (kind::POSITION_11 | kind::POSITION_24, _) if looks_like_gps(content) => {
            let mut report = located(reader)?;
            report.cell = Some(cell(reader)?);
            Message::Report(report)
        }
        (kind::POSITION_37, _) if looks_like_gps(content) => {
            let mut report = located(reader)?;
            report.cell = Some(cell(reader)?);
            state(reader, &mut report);
            Message::Report(report)
        }
        (kind::POSITION_32, _) if looks_like_gps(content) => Message::Report(located(reader)?),
        (kind::POSITION_34, [_, _, _, _, behind @ ..]) if looks_like_gps(behind) => {
            reader.u32("alarm")?;
            Message::Report(located(reader)?)
        }
        (kind::POSITION_4G, _) if looks_like_gps(content) => {
            let mut report = located(reader)?;
            report.cell = Some(cell_4g(reader)?);
            state(reader, &mut report);
            Message::Report(report)
        }
        (kind::ADDRESS, _) if content.len() == 35 && looks_like_gps(content) => {
            let mut report = located(reader)?;
            report.cell = Some(cell(reader)?);
            report.card = card(reader.bytes("card", 8)?);
            Message::Report(report)
        }
        (kind::POSITION_CARD, [_, _, _, _, _, _, _, _, behind @ ..]) if looks_like_gps(behind) => {
            reader.bytes("IMEI", 8)?;
            let mut report = located(reader)?;
            report.cell = Some(cell(reader)?);
            reader.bytes("state", 3)?;
            report.card = Some(Cow::Owned(reader.u32("card")?.to_string()));
            Message::Report(report)
        }
        (kind::POSITION_DATED, _) if looks_like_gps(content.get(15..).unwrap_or_default()) => {
            reader.bytes("IMEI and first time", 15)?;
            let mut report = located(reader)?;
            report.card = framed_card(reader.rest());
            Message::Report(report)
        }
        (kind::STATE_36, _) if content.len() == 48 && looks_like_gps(content) => {
            Message::Report(position_36(reader)?)
        }
        (kind::STATE_36, _) => Message::Heartbeat(heartbeat_36(reader)?),
        (kind::CELL_ALARM, _) if content.len() == 13 => {
            let mut report = Report { cell: Some(cell(reader)?), ..Report::default() };
            alarm_tail(number, reader, &mut report)?;
            Message::Report(report)
        }
        (kind::CELL_ALARM_4G, _) if content.len() == 20 => {
            let mut report = Report { cell: Some(cell_4g(reader)?), ..Report::default() };
            alarm_tail(number, reader, &mut report)?;
            Message::Report(report)
        }
        (kind::EVENT, _) if content.len() >= 7 => {
            let (time, alarm) = (Some(reader.array("time")?), Some(reader.u8("event")?));
            Message::Report(Report { time, alarm, ..Report::default() })
        }
        (kind::STEPS, _) if content.len() == 19 => {
            reader.bytes("state", 9)?;
            let steps = Value::Int(reader.u32("steps")?.into());
            Message::Information(with(vec![("steps".into(), steps)]))
        }
        (kind::PERIPHERAL, [_, _, _, _, _, _, ..]) => {
            let unix_time = Some(reader.u32("time")?);
            let number = Value::Int(reader.u16("peripheral")?.into());
            let data = Value::Bytes(Bytes::copy_from_slice(reader.rest()));
            let extras = vec![("peripheral".into(), number), ("peripheral_data".into(), data)];
            Message::Report(Report { unix_time, extras, ..Report::default() })
        }
        (kind::SERIAL_DATA, [_, data @ ..]) => Message::Information(with(vec![serial(data)])),
        (kind::INFORMATION, _) => information(reader)?,
        (kind::MODULES, _) => modules(reader)?,
        _ => Message::Other,
    })
}

fn with<'a>(extras: Attributes) -> Report<'a> {
    Report { extras, ..Report::default() }
}

fn located<'a>(reader: &mut Reader<'a>) -> Decoded<Report<'a>> {
    let mut report = Report::default();
    gps(reader, &mut report)?;
    Ok(report)
}

/// A cell with wide numbers.
fn cell_4g(reader: &mut Reader<'_>) -> Decoded<Cell> {
    let (mcc, mnc) = network(reader)?;
    Ok(Cell { mcc, mnc, lac: reader.u32("LAC")?, id: reader.u64("cell")? })
}

/// Behind the cell of 0x22, 0x37 and 0xA0, as far as it is there: ignition, reason of the report, whether it was stored; then
/// the mileage; then, from one model, a temperature in hundredths of a degree.
pub(super) fn state(reader: &mut Reader<'_>, report: &mut Report<'_>) {
    let &[ignition, _reason, stored, ref behind @ ..] = reader.left() else { return };
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
    reader: &mut Reader<'a>,
    report: &mut Report<'a>,
) -> Decoded<()> {
    let percent = reader.left().len() == 6 && number != kind::ALARM_FENCE;
    let info = reader.u8("status")?;
    if percent {
        reader.u8("voltage")?;
    }
    let battery = reader.u8("battery")?;
    let battery = if percent { Battery::Percent(battery) } else { Battery::Level(battery) };
    report.status = Some(Status { info, battery, signal: reader.u8("GSM")? });
    report.alarm = Some(reader.u8("alarm")?).filter(|&code| code != 0);
    reader.u8("language")?;
    match reader.rest() {
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
pub(super) fn heartbeat<'a>(reader: &mut Reader<'a>) -> Decoded<Option<Report<'a>>> {
    let mut extras = Attributes::new();
    let status = match *reader.left() {
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
    reader.rest();
    Ok(Some(Report { status: Some(status), extras, ..Report::default() }))
}

/// 0x36: a heartbeat followed by items: id `u16`, length `u8`, value. 0x0018 is the battery in hundredths of a volt.
fn heartbeat_36<'a>(reader: &mut Reader<'a>) -> Decoded<Report<'a>> {
    let (info, level) = (reader.u8("status")?, reader.u8("voltage")?);
    let status = Status { info, battery: Battery::Level(level), signal: reader.u8("GSM")? };
    reader.u16("language")?;
    let mut extras = Attributes::new();
    while let [_, _, _, ..] = reader.left() {
        let (id, length) = (reader.u16("item")?, reader.u8("item length")?);
        match (id, reader.bytes("item value", length.into())?) {
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
fn position_36<'a>(reader: &mut Reader<'a>) -> Decoded<Report<'a>> {
    let mut report = located(reader)?;
    let (mcc, mnc) = network(reader)?;
    let (lac, id) = (reader.u16("LAC")?, reader.u32("cell")?);
    report.cell = Some(Cell { mcc, mnc, lac: lac.into(), id: id.into() });
    reader.bytes("state", 9)?;
    let tenths = f64::from(reader.u8("battery")?);
    report.extras.push(("battery_v".into(), Value::Float(tenths / 10.0)));
    Ok(report)
}

/// 0x94: a kind, then what it says.
fn information<'a>(reader: &mut Reader<'a>) -> Decoded<Message<'a>> {
    let number = reader.u8("kind")?;
    Ok(match (number, reader.left()) {
        (0x00 | 0x0b, &[high, low]) => {
            Message::Information(with(vec![("power_v".into(), volts([high, low]))]))
        }
        (0x05, data) if data.len() == 7 => {
            let (time, door) = (Some(reader.array("time")?), reader.u8("door")?);
            let extras = vec![("door1_open".into(), Value::Bool(door & 1 != 0))];
            Message::Report(Report { time, extras, ..Report::default() })
        }
        (0x0a, data) if data.len() == 26 => {
            let mut extras = Attributes::new();
            identity("imei", reader.bytes("IMEI", 8)?, &mut extras);
            identity("imsi", reader.bytes("IMSI", 8)?, &mut extras);
            iccid(reader.bytes("ICCID", 10)?, &mut extras);
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
fn modules<'a>(reader: &mut Reader<'a>) -> Decoded<Message<'a>> {
    reader.bytes("head", 5)?;
    let mut report = Report::default();
    for _ in 0..MAX_MODULES {
        if reader.left().len() < 4 {
            break;
        }
        let (id, length) = (reader.u16("module")?, reader.u16("module length")?);
        let content = reader.bytes("module content", length.into())?;
        match (id, content) {
            (0x0001, imei) if imei.len() == 8 => identity("imei", imei, &mut report.extras),
            (0x0002, imsi) if imsi.len() == 8 => identity("imsi", imsi, &mut report.extras),
            (0x0003, card) if card.len() == 10 => iccid(card, &mut report.extras),
            (0x0018, &[high, low]) => {
                report.extras.push(("battery_v".into(), volts([high, low])));
            }
            (0x0033, content) if content.len() == 18 => {
                let mut module = Reader::new("0x70 module 0x33", content, 0);
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
