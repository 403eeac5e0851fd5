//! From a package to a [`Message`] (specification, sections 2 to 4).

use std::borrow::Cow;

use super::frame::Package;
use super::message::{Cell, Gps, Instruction, Login, Message, Report, Sensors, Sms, id};
use crate::error::DecodeError;
use crate::wire::cursor::Cursor;

/// What decoding gives.
type Decoded<T> = Result<T, DecodeError>;

/// Content of a login of version 2 (specification, section 2).
const VERSION_2: usize = 22;
/// Bytes of a telephone number, padded with zeros.
pub(super) const NUMBER: usize = 21;

/// Decodes one package of a device.
///
/// # Errors
/// [`DecodeError`] with the first field that is not what it should be; offsets count from the frame's start.
pub(super) fn uplink<'a>(package: &Package<'a>) -> Decoded<Message<'a>> {
    let mut cursor = Cursor::inside(name(package.id), package.content, package.offset);
    let cursor = &mut cursor;
    Ok(match package.id {
        id::LOGIN => Message::Login(Login {
            imei: cursor.array("IMEI")?,
            version2: package.content.len() >= VERSION_2,
        }),
        id::HEARTBEAT | id::OBD => Message::Status(cursor.u16("status")?),
        id::OLD_POSITION | id::OLD_WARNING | id::OLD_STATE => {
            let mut report = old_position(cursor)?;
            old_tail(package.id, cursor, &mut report)?;
            Message::Report(report)
        }
        id::POSITION | id::WARNING | id::REPORT => {
            let mut report = position(cursor)?;
            match package.id {
                id::WARNING => report.warning = Some(cursor.u8("warning")?),
                id::REPORT => report.code = Some(cursor.u8("report")?),
                _ => {}
            }
            report.status = Some(cursor.u16("status")?);
            if package.id == id::POSITION {
                report.sensors = sensors(cursor);
            }
            Message::Report(report)
        }
        id::OLD_SMS => {
            let report = old_position(cursor)?;
            Message::Sms(sms(report, cursor)?)
        }
        id::SMS => {
            let report = position(cursor)?;
            Message::Sms(sms(report, cursor)?)
        }
        id::INSTRUCTION => Message::Answer(instruction(cursor)?),
        _ => Message::Other,
    })
}

/// The specification's name of a package.
pub(super) const fn name(number: u8) -> &'static str {
    match number {
        id::LOGIN => "0x01 login",
        id::OLD_POSITION => "0x02 position",
        id::HEARTBEAT => "0x03 heartbeat",
        id::OLD_WARNING => "0x04 warning",
        id::OLD_STATE => "0x05 state",
        id::OLD_SMS => "0x06 message",
        id::OBD => "0x07 status",
        id::POSITION => "0x12 position",
        id::WARNING => "0x14 warning",
        id::REPORT => "0x15 report",
        id::SMS => "0x16 message",
        id::INSTRUCTION => "0x80 instruction",
        _ => "unknown package",
    }
}

/// 0x80 of either direction.
pub(super) fn instruction<'a>(cursor: &mut Cursor<'a>) -> Decoded<Instruction<'a>> {
    let (kind, unique_id) = (cursor.u8("type")?, cursor.u32("unique id")?);
    Ok(Instruction { kind, unique_id, text: String::from_utf8_lossy(cursor.rest("text")) })
}

/// The position of 0x02, 0x04, 0x05 and 0x06.
fn old_position(cursor: &mut Cursor<'_>) -> Decoded<Report> {
    let time = cursor.u32("time")?;
    let (latitude, longitude) = (cursor.i32("latitude")?, cursor.i32("longitude")?);
    let (speed, course) = (cursor.u8("speed")?.into(), cursor.u16("course")?);
    let (mcc, mnc) = (cursor.u16("MCC")?, cursor.u16("MNC")?);
    let (lac, cell) = (cursor.u16("LAC")?, cursor.u24("cell")?);
    let fixed = Some(cursor.u8("fix")? & 1 != 0);
    let gps = Gps { fixed, latitude, longitude, speed, course, ..Gps::default() };
    let cells = vec![Cell { mcc, mnc, lac, id: cell }];
    Ok(Report { time, gps: Some(gps), cells, ..Report::default() })
}

/// What stands behind the old position.
fn old_tail(number: u8, cursor: &mut Cursor<'_>, report: &mut Report) -> Decoded<()> {
    match number {
        id::OLD_WARNING => report.warning = Some(cursor.u8("warning")?),
        id::OLD_STATE => {
            report.code = Some(cursor.u8("state")?);
            cursor.u32("state time")?;
            report.status = Some(cursor.u16("status")?);
        }
        _ => {
            // Some firmware sends a single byte, which is no status.
            report.status = cursor.u16("status").ok();
            report.sensors.battery = cursor.u16("battery").ok();
            report.sensors.signal = cursor.u16("signal").ok();
            report.sensors.analogues = analogues(cursor);
        }
    }
    Ok(())
}

fn analogues(cursor: &mut Cursor<'_>) -> [Option<u16>; 2] {
    [cursor.u16("analogue 0").ok(), cursor.u16("analogue 1").ok()]
}

/// The position of 0x12, 0x14, 0x15 and 0x16: what the mask says.
fn position(cursor: &mut Cursor<'_>) -> Decoded<Report> {
    let mut report = Report { time: cursor.u32("time")?, ..Report::default() };
    let mask = cursor.u8("mask")?;
    let has = |bit: u8| mask & (1 << bit) != 0;
    if has(0) {
        report.gps = Some(Gps {
            fixed: None,
            latitude: cursor.i32("latitude")?,
            longitude: cursor.i32("longitude")?,
            altitude: Some(cursor.i16("altitude")?),
            speed: cursor.u16("speed")?,
            course: cursor.u16("course")?,
            satellites: Some(cursor.u8("satellites")?),
        });
    }
    let mut network = (0, 0);
    if has(1) {
        network = (cursor.u16("MCC")?, cursor.u16("MNC")?);
        report.cells.push(neighbour(network, cursor)?);
    }
    for bit in [2, 3] {
        if has(bit) {
            report.cells.push(neighbour(network, cursor)?);
        }
    }
    for bit in [4, 5, 6] {
        if has(bit) {
            cursor.bytes("Wi-Fi", 7)?;
        }
    }
    if has(7) {
        lte(cursor, &mut report.cells)?;
    }
    Ok(report)
}

fn neighbour((mcc, mnc): (u16, u16), cursor: &mut Cursor<'_>) -> Decoded<Cell> {
    let (lac, cell) = (cursor.u16("LAC")?, cursor.u32("cell")?);
    cursor.u8("level")?;
    Ok(Cell { mcc, mnc, lac, id: cell })
}

/// The block of mask bit 7.
fn lte(cursor: &mut Cursor<'_>, cells: &mut Vec<Cell>) -> Decoded<()> {
    cursor.u8("LTE kind")?;
    let count = cursor.u8("LTE count")?;
    if count > 0 {
        let (mcc, mnc) = (cursor.u16("MCC")?, cursor.u16("MNC")?);
        let lac = cursor.u16("LAC")?;
        cursor.u16("TAC")?;
        cells.push(Cell { mcc, mnc, lac, id: cursor.u32("cell")? });
        cursor.u16("TA")?;
        cursor.bytes("LTE cells", usize::from(count) * 5)?;
    }
    Ok(())
}

/// Behind the status of 0x12: as much as there is.
fn sensors(cursor: &mut Cursor<'_>) -> Sensors {
    let mut sensors = Sensors {
        battery: cursor.u16("battery").ok(),
        analogues: analogues(cursor),
        mileage: cursor.u32("mileage").ok(),
        ..Sensors::default()
    };
    // GSM and GPS counters, steps, walking time.
    if cursor.bytes("counters", 8).is_ok() {
        sensors.temperature1 = cursor.i16("temperature").ok();
    }
    // Humidity, light, CO2.
    if cursor.bytes("environment", 10).is_ok() {
        sensors.temperature2 = cursor.i16("second temperature").ok();
    }
    sensors
}

/// Behind the position of a message: number and text.
fn sms<'a>(report: Report, cursor: &mut Cursor<'a>) -> Decoded<Sms<'a>> {
    let number = text(cursor.bytes("number", NUMBER)?);
    Ok(Sms { report, number, text: text(cursor.rest("text")) })
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
    String::from_utf8_lossy(bytes.get(..end).unwrap_or(bytes))
}
