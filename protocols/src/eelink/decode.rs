//! From a package to a [`Message`] (specification, sections 2 to 4).

use std::borrow::Cow;

use super::frame::Package;
use super::message::{Cell, Gps, Instruction, Login, Message, Report, Sensors, Sms, id};
use crate::error::DecodeError;
use crate::wire::reader::Reader;

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
    let mut reader = Reader::new(name(package.id), package.content, package.offset);
    let reader = &mut reader;
    Ok(match package.id {
        id::LOGIN => Message::Login(Login {
            imei: reader.array("IMEI")?,
            version2: package.content.len() >= VERSION_2,
        }),
        id::HEARTBEAT | id::OBD => Message::Status(reader.u16("status")?),
        id::OLD_POSITION | id::OLD_WARNING | id::OLD_STATE => {
            let mut report = old_position(reader)?;
            old_tail(package.id, reader, &mut report)?;
            Message::Report(report)
        }
        id::POSITION | id::WARNING | id::REPORT => {
            let mut report = position(reader)?;
            match package.id {
                id::WARNING => report.warning = Some(reader.u8("warning")?),
                id::REPORT => report.code = Some(reader.u8("report")?),
                _ => {}
            }
            report.status = Some(reader.u16("status")?);
            if package.id == id::POSITION {
                report.sensors = sensors(reader);
            }
            Message::Report(report)
        }
        id::OLD_SMS => {
            let report = old_position(reader)?;
            Message::Sms(sms(report, reader)?)
        }
        id::SMS => {
            let report = position(reader)?;
            Message::Sms(sms(report, reader)?)
        }
        id::INSTRUCTION => Message::Answer(instruction(reader)?),
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
pub(super) fn instruction<'a>(reader: &mut Reader<'a>) -> Decoded<Instruction<'a>> {
    let (kind, unique_id) = (reader.u8("type")?, reader.u32("unique id")?);
    Ok(Instruction { kind, unique_id, text: String::from_utf8_lossy(reader.rest()) })
}

/// The position of 0x02, 0x04, 0x05 and 0x06.
fn old_position(reader: &mut Reader<'_>) -> Decoded<Report> {
    let time = reader.u32("time")?;
    let (latitude, longitude) = (reader.i32("latitude")?, reader.i32("longitude")?);
    let (speed, course) = (reader.u8("speed")?.into(), reader.u16("course")?);
    let (mcc, mnc) = (reader.u16("MCC")?, reader.u16("MNC")?);
    let (lac, cell) = (reader.u16("LAC")?, reader.u24("cell")?);
    let fixed = Some(reader.u8("fix")? & 1 != 0);
    let gps = Gps { fixed, latitude, longitude, speed, course, ..Gps::default() };
    let cells = vec![Cell { mcc, mnc, lac, id: cell }];
    Ok(Report { time, gps: Some(gps), cells, ..Report::default() })
}

/// What stands behind the old position.
fn old_tail(number: u8, reader: &mut Reader<'_>, report: &mut Report) -> Decoded<()> {
    match number {
        id::OLD_WARNING => report.warning = Some(reader.u8("warning")?),
        id::OLD_STATE => {
            report.code = Some(reader.u8("state")?);
            reader.u32("state time")?;
            report.status = Some(reader.u16("status")?);
        }
        _ => {
            // Some firmware sends a single byte, which is no status.
            report.status = reader.u16("status").ok();
            report.sensors.battery = reader.u16("battery").ok();
            report.sensors.signal = reader.u16("signal").ok();
            report.sensors.analogues = analogues(reader);
        }
    }
    Ok(())
}

fn analogues(reader: &mut Reader<'_>) -> [Option<u16>; 2] {
    [reader.u16("analogue 0").ok(), reader.u16("analogue 1").ok()]
}

/// The position of 0x12, 0x14, 0x15 and 0x16: what the mask says.
fn position(reader: &mut Reader<'_>) -> Decoded<Report> {
    let mut report = Report { time: reader.u32("time")?, ..Report::default() };
    let mask = reader.u8("mask")?;
    let has = |bit: u8| mask & (1 << bit) != 0;
    if has(0) {
        report.gps = Some(Gps {
            fixed: None,
            latitude: reader.i32("latitude")?,
            longitude: reader.i32("longitude")?,
            altitude: Some(reader.i16("altitude")?),
            speed: reader.u16("speed")?,
            course: reader.u16("course")?,
            satellites: Some(reader.u8("satellites")?),
        });
    }
    let mut network = (0, 0);
    if has(1) {
        network = (reader.u16("MCC")?, reader.u16("MNC")?);
        report.cells.push(neighbour(network, reader)?);
    }
    for bit in [2, 3] {
        if has(bit) {
            report.cells.push(neighbour(network, reader)?);
        }
    }
    for bit in [4, 5, 6] {
        if has(bit) {
            reader.bytes("Wi-Fi", 7)?;
        }
    }
    if has(7) {
        lte(reader, &mut report.cells)?;
    }
    Ok(report)
}

fn neighbour((mcc, mnc): (u16, u16), reader: &mut Reader<'_>) -> Decoded<Cell> {
    let (lac, cell) = (reader.u16("LAC")?, reader.u32("cell")?);
    reader.u8("level")?;
    Ok(Cell { mcc, mnc, lac, id: cell })
}

/// The block of mask bit 7.
fn lte(reader: &mut Reader<'_>, cells: &mut Vec<Cell>) -> Decoded<()> {
    reader.u8("LTE kind")?;
    let count = reader.u8("LTE count")?;
    if count > 0 {
        let (mcc, mnc) = (reader.u16("MCC")?, reader.u16("MNC")?);
        let lac = reader.u16("LAC")?;
        reader.u16("TAC")?;
        cells.push(Cell { mcc, mnc, lac, id: reader.u32("cell")? });
        reader.u16("TA")?;
        reader.bytes("LTE cells", usize::from(count) * 5)?;
    }
    Ok(())
}

/// Behind the status of 0x12: as much as there is.
fn sensors(reader: &mut Reader<'_>) -> Sensors {
    let mut sensors = Sensors {
        battery: reader.u16("battery").ok(),
        analogues: analogues(reader),
        mileage: reader.u32("mileage").ok(),
        ..Sensors::default()
    };
    // GSM and GPS counters, steps, walking time.
    if reader.bytes("counters", 8).is_ok() {
        sensors.temperature1 = reader.i16("temperature").ok();
    }
    // Humidity, light, CO2.
    if reader.bytes("environment", 10).is_ok() {
        sensors.temperature2 = reader.i16("second temperature").ok();
    }
    sensors
}

/// Behind the position of a message: number and text.
fn sms<'a>(report: Report, reader: &mut Reader<'a>) -> Decoded<Sms<'a>> {
    let number = text(reader.bytes("number", NUMBER)?);
    Ok(Sms { report, number, text: text(reader.rest()) })
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
    String::from_utf8_lossy(bytes.get(..end).unwrap_or(bytes))
}
