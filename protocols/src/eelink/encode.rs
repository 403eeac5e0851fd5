//! Contents of packages, the mirror of `decode`: what the platform sends, and what a simulated device does.

use jiff::Timestamp;

use super::decode::NUMBER;
use super::message::{Cell, Gps, Instruction, Login, Report, Sms};

/// The answer to a login of version 2: server time, version, no change of parameters.
pub(super) fn login_answer(now: Timestamp) -> [u8; 7] {
    let [a, b, c, d] = u32::try_from(now.as_second()).unwrap_or(0).to_be_bytes();
    [a, b, c, d, 0, 1, 0]
}

/// 0x80 of either direction.
pub(super) fn instruction(instruction: &Instruction<'_>) -> Vec<u8> {
    let mut content = vec![instruction.kind];
    content.extend_from_slice(&instruction.unique_id.to_be_bytes());
    content.extend_from_slice(instruction.text.as_bytes());
    content
}

/// 0x01 in English, zone UTC; of version 2 filled up to its length.
pub(super) fn login(login: &Login) -> Vec<u8> {
    let mut content = login.imei.to_vec();
    content.extend_from_slice(&[1, 0]);
    if login.version2 {
        content.resize(22, 0);
    }
    content
}

/// The position of 0x12, 0x14 and 0x16: position and cell.
pub(super) fn position(report: &Report) -> Vec<u8> {
    let mut content = report.time.to_be_bytes().to_vec();
    content.push(u8::from(report.gps.is_some()) | u8::from(!report.cells.is_empty()) << 1);
    if let Some(Gps { latitude, longitude, altitude, speed, course, satellites, .. }) = report.gps {
        content.extend_from_slice(&latitude.to_be_bytes());
        content.extend_from_slice(&longitude.to_be_bytes());
        content.extend_from_slice(&altitude.unwrap_or(0).to_be_bytes());
        content.extend_from_slice(&speed.to_be_bytes());
        content.extend_from_slice(&course.to_be_bytes());
        content.push(satellites.unwrap_or(0));
    }
    if let Some(Cell { mcc, mnc, lac, id }) = report.cells.first() {
        for number in [mcc, mnc, lac] {
            content.extend_from_slice(&number.to_be_bytes());
        }
        content.extend_from_slice(&id.to_be_bytes());
        content.push(0);
    }
    content.extend(report.warning);
    content.extend(report.status.iter().flat_map(|status| status.to_be_bytes()));
    content
}

/// 0x16.
pub(super) fn sms(sms: &Sms<'_>) -> Vec<u8> {
    let mut content = position(&sms.report);
    let mut number = sms.number.as_bytes().to_vec();
    number.resize(NUMBER, 0);
    content.extend_from_slice(&number);
    content.extend_from_slice(sms.text.as_bytes());
    content
}
