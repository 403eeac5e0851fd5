//! Contents of packets, the mirror of `decode`: what the platform sends, and what a simulated device does.

use jiff::Timestamp;

use super::message::{Answer, Battery, Cell, Command, Gps, Login, Report, Status, kind};
use super::report::{FIXED, NORTH, PER_DEGREE, WEST, clock};
use crate::event::Fix;

/// 0x80 (specification, section 4).
pub(super) fn command(command: &Command<'_>) -> Vec<u8> {
    // Longer texts are cut into parts; what is beyond the length byte would be lost silently.
    let text = command.text.get(..MAX_COMMAND).unwrap_or(command.text);
    let mut content = Vec::with_capacity(text.len() + 7);
    content.push(u8::try_from(text.len() + 4).unwrap_or(u8::MAX));
    content.extend_from_slice(&command.flag.to_be_bytes());
    content.extend_from_slice(text);
    if let Some(language) = command.language {
        content.extend_from_slice(&language.to_be_bytes());
    }
    content
}

/// Most bytes of a command with its language in a packet with a length of one byte: 240 by the specification.
pub(super) const MAX_COMMAND: usize = 240;

/// 0x8A from the platform: UTC.
pub(super) fn time(now: Timestamp) -> [u8; 6] {
    clock(now, 0)
}

/// 0x01.
pub(super) fn login(login: &Login) -> Vec<u8> {
    let mut content = login.imei.to_vec();
    content.extend(login.model_and_zone.iter().flatten());
    content
}

/// 0x13.
pub(super) fn heartbeat(status: Status) -> Vec<u8> {
    let mut content = vec![status.info, level(status.battery), status.signal];
    content.extend_from_slice(&ENGLISH.to_be_bytes());
    content
}

const ENGLISH: u16 = 2;

/// 0x10, 0x12, 0x22, 0x16: as much of a report as the number carries.
pub(super) fn position(number: u8, report: &Report<'_>) -> Vec<u8> {
    let mut content = report.time.unwrap_or_default().to_vec();
    let gps = report.gps.unwrap_or_default();
    content.push(0xc0 | (gps.satellites & 0x0f));
    content.extend_from_slice(&gps.latitude.to_be_bytes());
    content.extend_from_slice(&gps.longitude.to_be_bytes());
    content.push(gps.speed);
    content.extend_from_slice(&gps.course.to_be_bytes());
    if number == kind::POSITION_GPS {
        return content;
    }
    if number == kind::ALARM {
        content.push(9);
    }
    cell(report.cell.unwrap_or_default(), &mut content);
    match number {
        kind::POSITION_22 => content.extend_from_slice(&[
            u8::from(report.ignition == Some(true)),
            0,
            u8::from(report.archived),
        ]),
        kind::ALARM => {
            let status = report.status.unwrap_or_default();
            content.extend_from_slice(&[status.info, level(status.battery), status.signal]);
            content.extend_from_slice(&[report.alarm.unwrap_or(0), 2]);
        }
        _ => {}
    }
    content
}

/// 0x15, answering in English.
pub(super) fn answer(answer: &Answer<'_>) -> Vec<u8> {
    let text = answer.text.as_bytes();
    let text = text.get(..MAX_COMMAND).unwrap_or(text);
    command(&Command { flag: answer.flag, text, language: Some(ENGLISH) })
}

fn cell(cell: Cell, out: &mut Vec<u8>) {
    match u8::try_from(cell.mnc) {
        Ok(mnc) => {
            out.extend_from_slice(&cell.mcc.to_be_bytes());
            out.push(mnc);
        }
        Err(_) => {
            out.extend_from_slice(&(cell.mcc | 0x8000).to_be_bytes());
            out.extend_from_slice(&cell.mnc.to_be_bytes());
        }
    }
    out.extend_from_slice(&u16::try_from(cell.lac).unwrap_or(u16::MAX).to_be_bytes());
    out.extend(cell.id.to_be_bytes().iter().skip(5));
}

const fn level(battery: Battery) -> u8 {
    match battery {
        Battery::Level(level) | Battery::Percent(level) => level,
        Battery::CentiVolts(_) => 0,
    }
}

/// A neutral position in the packet's units.
pub(super) fn gps(fix: &Fix) -> Gps {
    let flag = |set: bool, bit: u16| if set { bit } else { 0 };
    let course = fix.course.map_or(0, |course| course.round() as u16) & 0x03ff;
    Gps {
        satellites: u8::try_from(fix.satellites.unwrap_or(0)).unwrap_or(u8::MAX).min(15),
        latitude: (fix.latitude.abs() * PER_DEGREE).round() as u32,
        longitude: (fix.longitude.abs() * PER_DEGREE).round() as u32,
        speed: fix.speed.map_or(0, |speed| speed.round() as u8),
        course: course
            | flag(fix.valid, FIXED)
            | flag(fix.latitude >= 0.0, NORTH)
            | flag(fix.longitude < 0.0, WEST),
    }
}
