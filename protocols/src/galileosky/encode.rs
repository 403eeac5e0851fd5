//! From packets to bytes: the mirror of `decode.rs`, for both directions.

use bytes::Bytes;

use super::frame::{confirmation, seal};
use super::garmin;
use super::message::{Command, Compressed, Main, Minimal, Packet, Tag, header};
use super::tags::{self, Length};

/// One whole packet; `None` if it is longer than a packet can be, or a value has not the length of its tag.
pub(super) fn packet(packet: &Packet<'_>) -> Option<Bytes> {
    match packet {
        Packet::Main(main) => seal(header::MAIN, main.archive, &main_body(main)?),
        Packet::Confirmation(checksum) => Some(confirmation(header::CONFIRMATION, *checksum)),
        Packet::Garmin(fmi) => garmin::wrap(fmi),
        Packet::Photo { part, data } => {
            let mut body = Vec::with_capacity(1 + data.len());
            body.push(*part);
            body.extend_from_slice(data);
            seal(header::PHOTO, false, &body)
        }
        Packet::Compressed { records, rest } => {
            let mut body = Vec::new();
            for record in records {
                compressed(record, &mut body)?;
            }
            body.extend_from_slice(rest);
            seal(header::COMPRESSED, false, &body)
        }
    }
}

/// A packet with a command or the answer to one: IMEI, device number, number, text.
pub(super) fn command(command: &Command) -> Option<Bytes> {
    let number = command.number.to_le_bytes();
    let device = command.device.to_le_bytes();
    let imei = command.imei.as_deref();
    let mut list = Vec::with_capacity(4);
    list.extend(imei.map(|value| Tag { id: tags::IMEI, value }));
    list.push(Tag { id: tags::DEVICE, value: &device });
    list.push(Tag { id: tags::COMMAND_NUMBER, value: &number });
    list.push(Tag { id: tags::COMMAND_TEXT, value: &command.text });
    packet(&Packet::Main(Main { archive: false, tags: list, rest: &[] }))
}

fn main_body(main: &Main<'_>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    for tag in &main.tags {
        body.push(tag.id);
        value(tag, &mut body)?;
    }
    body.extend_from_slice(main.rest);
    Some(body)
}

fn compressed(record: &Compressed<'_>, out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(&minimal(&record.minimal));
    out.push(u8::try_from(record.tags.len()).ok().filter(|count| count & 0x80 == 0)?);
    out.extend(record.tags.iter().map(|tag| tag.id));
    record.tags.iter().try_for_each(|tag| value(tag, out))
}

fn value(tag: &Tag<'_>, out: &mut Vec<u8>) -> Option<()> {
    let found = tag.value.len();
    match tags::length(tag.id)? {
        Length::Fixed(length) if usize::from(length) == found => {}
        Length::Fixed(_) => return None,
        Length::Byte => out.push(u8::try_from(found).ok()?),
        Length::Word => out.extend_from_slice(&u16::try_from(found).ok()?.to_le_bytes()),
    }
    out.extend_from_slice(tag.value);
    Some(())
}

fn minimal(minimal: &Minimal) -> [u8; 10] {
    let mut all = 0_u128;
    for (value, width) in [
        (u32::from(minimal.flag), 1),
        (minimal.second, 25),
        (u32::from(minimal.invalid), 1),
        (minimal.longitude, 22),
        (minimal.latitude, 21),
        (u32::from(minimal.alarm), 1),
        (u32::from(minimal.rest), 9),
    ] {
        all = (all << width) | (u128::from(value) & ((1 << width) - 1));
    }
    let mut bytes = [0; 10];
    for (to, from) in bytes.iter_mut().zip(all.to_be_bytes().iter().skip(6)) {
        *to = *from;
    }
    bytes
}
