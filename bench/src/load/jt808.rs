//! JT/T 808-2013 as the generator speaks it: frames sealed by hand, answers looked at and not parsed.

use super::speech::{Downlink, Uplink};

/// Delimiter and escape.
const DELIMITER: u8 = 0x7e;
const ESCAPE: u8 = 0x7d;
/// Bytes before the body in the header of 2013.
const HEADER: usize = 12;

/// Message ids that occur here.
pub mod id {
    pub const CONFIRMATION: u16 = 0x0001;
    pub const HEARTBEAT: u16 = 0x0002;
    pub const AUTHENTICATION: u16 = 0x0102;
    pub const LOCATION: u16 = 0x0200;
    pub const TEXT_REPORT: u16 = 0x6006;
    pub const PLATFORM_ANSWER: u16 = 0x8001;
    pub const TEXT: u16 = 0x8300;
}

/// A terminal's number: six bytes of BCD.
pub type Phone = [u8; 6];

/// The phone of terminal `number`, and the same as the digits that the operator enters.
pub fn phone(number: usize) -> (Phone, String) {
    let digits = format!("1380{number:08}");
    let nibbles: Vec<u8> = digits.bytes().map(|digit| digit - b'0').collect();
    let mut phone = [0; 6];
    for (byte, pair) in phone.iter_mut().zip(nibbles.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    (phone, digits)
}

/// Appends one frame to `out`.
pub fn seal(out: &mut Vec<u8>, id: u16, phone: &Phone, serial: u16, body: &[u8]) {
    let mut header = [0; HEADER];
    header[..2].copy_from_slice(&id.to_be_bytes());
    header[2..4].copy_from_slice(&(body.len() as u16 & 0x3ff).to_be_bytes());
    header[4..10].copy_from_slice(phone);
    header[10..].copy_from_slice(&serial.to_be_bytes());
    let sum = header.iter().chain(body).fold(0, |sum, byte| sum ^ byte);
    out.push(DELIMITER);
    for &byte in header.iter().chain(body).chain([&sum]) {
        match byte {
            DELIMITER => out.extend_from_slice(&[ESCAPE, 2]),
            ESCAPE => out.extend_from_slice(&[ESCAPE, 1]),
            byte => out.push(byte),
        }
    }
    out.push(DELIMITER);
}

/// Body of a location with mileage, fuel, inputs and satellites: 60 bytes on the wire. `variant` moves the vehicle.
pub fn location(variant: u8) -> Vec<u8> {
    let mut body = Vec::with_capacity(45);
    body.extend_from_slice(&0_u32.to_be_bytes()); // no alarm
    body.extend_from_slice(&0x0000_0003_u32.to_be_bytes()); // ignition on, position good
    body.extend_from_slice(&(55_751_000 + u32::from(variant) * 10).to_be_bytes());
    body.extend_from_slice(&(37_618_000 + u32::from(variant) * 10).to_be_bytes());
    body.extend_from_slice(&[0, 152, 2, 88, 0, 77]); // 152 m, 60.0 km/h, 77 degrees
    body.extend_from_slice(&[0x26, 0x01, 0x31, 0x12, 0x30, variant % 10]);
    body.extend_from_slice(&[0x01, 4, 0, 1, 0xe2, 0x40]); // 12 345.6 km
    body.extend_from_slice(&[0x02, 2, 1, 0xc2]); // 45.0 l
    body.extend_from_slice(&[0x2a, 2, 0, 1]);
    body.extend_from_slice(&[0x31, 1, 11]);
    body
}

/// Body of a driver's text in the report that carries it, without the text.
const TEXT_HEAD: u8 = 0;

/// Appends the frame that says `uplink`.
pub fn write(out: &mut Vec<u8>, phone: &Phone, serial: u16, uplink: Uplink<'_>) {
    match uplink {
        Uplink::Login => seal(out, id::AUTHENTICATION, phone, serial, b"load"),
        Uplink::Location(variant) => seal(out, id::LOCATION, phone, serial, &location(variant)),
        Uplink::Heartbeat => seal(out, id::HEARTBEAT, phone, serial, &[]),
        Uplink::Text(text) => {
            let body = [&[TEXT_HEAD], text].concat();
            seal(out, id::TEXT_REPORT, phone, serial, &body);
        }
        Uplink::Confirmation(text) => {
            let [high, low] = text.to_be_bytes();
            seal(out, id::CONFIRMATION, phone, serial, &[high, low, 0x83, 0x00, 0]);
        }
    }
}

/// Serial number and message id of what the platform's general answer in an unescaped frame is about.
pub fn answered(frame: &[u8]) -> Option<(u16, u16)> {
    let (header, body) = frame.split_first_chunk::<HEADER>()?;
    let [s0, s1, i0, i1, ..] = body else { return None };
    let is_answer = header.starts_with(&id::PLATFORM_ANSWER.to_be_bytes());
    is_answer.then(|| (u16::from_be_bytes([*s0, *s1]), u16::from_be_bytes([*i0, *i1])))
}

/// What one unescaped frame says.
pub fn understand(frame: &[u8]) -> Downlink<'_> {
    let [i0, i1, _, _, _, _, _, _, _, _, s0, s1, body @ .., _] = frame else {
        return Downlink::Other;
    };
    match (u16::from_be_bytes([*i0, *i1]), body) {
        (id::PLATFORM_ANSWER, [.., 0]) => Downlink::Done,
        (id::PLATFORM_ANSWER, _) => Downlink::Refused,
        (id::TEXT, [_flags, text @ ..]) => {
            Downlink::Text { serial: u16::from_be_bytes([*s0, *s1]), text }
        }
        _ => Downlink::Other,
    }
}

/// Hands what every whole frame in `bytes` says to `take`; returns how many bytes are dealt with.
pub fn split(bytes: &[u8], scratch: &mut Vec<u8>, mut take: impl FnMut(Downlink<'_>)) -> usize {
    frames(bytes, scratch, |frame| take(understand(frame)))
}

/// Hands every whole frame in `bytes`, unescaped, to `take`; returns how many bytes are dealt with.
pub fn frames(bytes: &[u8], scratch: &mut Vec<u8>, mut take: impl FnMut(&[u8])) -> usize {
    let mut done = 0;
    while let Some((_, after)) = bytes[done..].split_first() {
        let Some(length) = after.iter().position(|&byte| byte == DELIMITER) else { break };
        take(unescape(&after[..length], scratch));
        done += length + 2;
    }
    done
}

fn unescape<'a>(segment: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if !segment.contains(&ESCAPE) {
        return segment;
    }
    scratch.clear();
    let mut bytes = segment.iter();
    while let Some(&byte) = bytes.next() {
        scratch.push(match byte {
            ESCAPE if bytes.next() == Some(&2) => DELIMITER,
            byte => byte,
        });
    }
    scratch
}
