//! Frames of bytes.

use std::hint::black_box;

use crc::{CRC_8_NRSC_5, CRC_16_ARC, CRC_16_IBM_3740, CRC_16_MODBUS, Crc, Table};
use memchr::memchr;

use super::{Reader, add, degrees};

static ARC: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_ARC);
static CCITT: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_IBM_3740);
static HEADER: Crc<u8, Table<16>> = Crc::<u8, Table<16>>::new(&CRC_8_NRSC_5);
static MODBUS: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_MODBUS);

pub fn jt808(input: &[u8], scratch: &mut Vec<u8>) -> Option<(usize, u64)> {
    let inner = input.strip_prefix(&[0x7e])?;
    let end = memchr(0x7e, inner)?;
    let inner = inner.get(..end)?;
    let frame = match memchr(0x7d, inner) {
        None => inner,
        Some(_) => unescape(inner, scratch),
    };
    let (_, covered) = frame.split_last()?;
    if frame.iter().fold(0, |sum, byte| sum ^ byte) != 0 {
        return None;
    }
    let (mut reader, mut sum) = (Reader(covered), 0);
    let (id, properties) = (reader.u16()?, reader.u16()?);
    // From 2019 on: a version and ten digits more of the phone.
    let phone = reader.take(if properties & 0x4000 == 0 { 6 } else { 11 })?;
    add(&mut sum, black_box(phone).len() as u64);
    add(&mut sum, reader.u16()?);
    if properties & 0x2000 != 0 {
        add(&mut sum, reader.u16()?);
        add(&mut sum, reader.u16()?);
    }
    match id {
        0x0200 => add(&mut sum, jt808_location(reader)?),
        0x0704 => {
            let (count, kind) = (reader.u16()?, reader.u8()?);
            add(&mut sum, kind);
            for _ in 0..count {
                let length = reader.u16()? as usize;
                add(&mut sum, jt808_location(Reader(reader.take(length)?))?);
            }
        }
        _ => add(&mut sum, reader.rest()),
    }
    Some((end + 2, sum))
}

fn unescape<'a>(inner: &[u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    scratch.clear();
    let mut bytes = inner.iter();
    while let Some(&byte) = bytes.next() {
        scratch.push(match byte {
            0x7d if bytes.next() == Some(&2) => 0x7e,
            byte => byte,
        });
    }
    scratch
}

fn jt808_location(mut reader: Reader<'_>) -> Option<u64> {
    let mut sum = 0;
    for _ in 0..2 {
        add(&mut sum, reader.u32()?);
    }
    for _ in 0..2 {
        add(&mut sum, degrees(reader.u32()?, 1e6));
    }
    for _ in 0..3 {
        add(&mut sum, reader.u16()?);
    }
    for digits in reader.array::<6>()? {
        add(&mut sum, u64::from(digits >> 4) * 10 + u64::from(digits & 15));
    }
    while let Some(id) = reader.u8() {
        // Some devices end with half an item.
        let Some(value) = reader.u8().and_then(|length| reader.take(length as usize)) else {
            break;
        };
        add(&mut sum, id);
        add(&mut sum, Reader(value).rest());
    }
    Some(sum)
}

pub fn teltonika(input: &[u8], _scratch: &mut Vec<u8>) -> Option<(usize, u64)> {
    let mut reader = Reader(input);
    (reader.u32()? == 0).then_some(())?;
    let length = reader.u32()? as usize;
    let data = reader.take(length)?;
    (u64::from(ARC.checksum(data)) == reader.u32()?).then_some(())?;
    let mut data = Reader(data);
    let (codec, count) = (data.u8()?, data.u8()?);
    let mut sum = count;
    if !matches!(codec, 0x08 | 0x8e | 0x10) {
        add(&mut sum, data.rest());
        return Some((length + 12, sum));
    }
    for _ in 0..count {
        add(&mut sum, data.u64()?);
        add(&mut sum, data.u8()?);
        add(&mut sum, degrees(data.u32()?, 1e7));
        add(&mut sum, degrees(data.u32()?, 1e7));
        add(&mut sum, data.u16()?);
        add(&mut sum, data.u16()?);
        add(&mut sum, data.u8()?);
        add(&mut sum, data.u16()?);
        add(&mut sum, teltonika_elements(&mut data, codec)?);
    }
    (data.u8()? == count).then_some((length + 12, sum))
}

fn teltonika_elements(data: &mut Reader<'_>, codec: u64) -> Option<u64> {
    let wide = codec == 0x8e;
    let id = |data: &mut Reader<'_>| if codec == 0x08 { data.u8() } else { data.u16() };
    let many = |data: &mut Reader<'_>| if wide { data.u16() } else { data.u8() };
    let mut sum = id(data)?;
    if codec == 0x10 {
        add(&mut sum, data.u8()?);
    }
    add(&mut sum, many(data)?);
    for size in [1, 2, 4, 8] {
        for _ in 0..many(data)? {
            add(&mut sum, id(data)?);
            let value = match size {
                1 => data.u8()?,
                2 => data.u16()?,
                4 => data.u32()?,
                _ => data.u64()?,
            };
            add(&mut sum, value);
        }
    }
    if wide {
        for _ in 0..data.u16()? {
            add(&mut sum, data.u16()?);
            let length = data.u16()? as usize;
            add(&mut sum, Reader(data.take(length)?).rest());
        }
    }
    Some(sum)
}

pub fn egts(input: &[u8], _scratch: &mut Vec<u8>) -> Option<(usize, u64)> {
    let mut reader = Reader(input);
    let _version = reader.u16()?;
    let (_flags, header, _encoding) = (reader.u8()?, reader.u8()? as usize, reader.u8()?);
    let (length, number, _kind) = (reader.u16_le()? as usize, reader.u16_le()?, reader.u8()?);
    let (check, covered) = input.get(..header)?.split_last()?;
    (HEADER.checksum(covered) == *check).then_some(())?;
    let data = input.get(header..header + length)?;
    let mut tail = Reader(input.get(header + length..)?);
    (u64::from(CCITT.checksum(data)) == tail.u16_le()?).then_some(())?;
    let (mut data, mut sum) = (Reader(data), number);
    while !data.0.is_empty() {
        let (length, number, flags) = (data.u16_le()? as usize, data.u16_le()?, data.u8()?);
        add(&mut sum, number);
        for bit in [1, 2, 4] {
            if flags & bit != 0 {
                add(&mut sum, data.u32_le()?);
            }
        }
        add(&mut sum, data.u8()?);
        add(&mut sum, data.u8()?);
        let mut record = Reader(data.take(length)?);
        while !record.0.is_empty() {
            let (kind, length) = (record.u8()?, record.u16_le()? as usize);
            add(&mut sum, egts_part(kind, Reader(record.take(length)?))?);
        }
    }
    Some((header + length + 2, sum))
}

fn egts_part(kind: u64, mut part: Reader<'_>) -> Option<u64> {
    let mut sum = kind;
    match kind {
        16 => add(&mut sum, egts_position(&mut part)?),
        // Inputs by one mask, analogue ones by another.
        18 => {
            let (inputs, _) = (part.u8()?, add(&mut sum, part.u8()?));
            let analogue = part.u8()?;
            for _ in 0..inputs.count_ones() {
                add(&mut sum, part.u8()?);
            }
            for _ in 0..analogue.count_ones() {
                add(&mut sum, part.u24_le()?);
            }
        }
        19 => {
            for _ in 0..part.u8()?.count_ones() {
                add(&mut sum, part.u24_le()?);
            }
        }
        20 | 21 if part.0.len() == 5 => {
            for _ in 0..5 {
                add(&mut sum, part.u8()?);
            }
        }
        23 | 24 => {
            add(&mut sum, part.u8()?);
            add(&mut sum, part.u24_le()?);
        }
        27 => {
            add(&mut sum, part.u8()?);
            add(&mut sum, part.u16_le()?);
        }
        _ => {}
    }
    add(&mut sum, part.rest());
    Some(sum)
}

fn egts_position(part: &mut Reader<'_>) -> Option<u64> {
    let mut sum = part.u32_le()?;
    add(&mut sum, degrees(part.u32_le()?, f64::from(u32::MAX) / 90.0));
    add(&mut sum, degrees(part.u32_le()?, f64::from(u32::MAX) / 180.0));
    let flags = part.u8()?;
    add(&mut sum, flags);
    add(&mut sum, part.u16_le()?);
    add(&mut sum, part.u8()?);
    add(&mut sum, part.u24_le()?);
    add(&mut sum, part.u8()?);
    add(&mut sum, part.u8()?);
    if flags & 0x80 != 0 {
        add(&mut sum, part.u24_le()?);
    }
    Some(sum)
}

pub fn galileosky(input: &[u8], _scratch: &mut Vec<u8>) -> Option<(usize, u64)> {
    let mut reader = Reader(input);
    (reader.u8()? == 1).then_some(())?;
    let length = reader.u16_le()? as usize & 0x7fff;
    let mut tags = Reader(reader.take(length)?);
    let covered = input.get(..3 + length)?;
    (u64::from(MODBUS.checksum(covered)) == reader.u16_le()?).then_some(())?;
    let mut sum = 0;
    while let Some(tag) = tags.u8() {
        add(&mut sum, tag);
        let length = match tag {
            0x20 | 0x33 | 0x44 | 0x47 | 0x5a | 0x90 | 0xc0..=0xc3 | 0xd3 | 0xd4 => 4,
            0xdb..=0xe0 | 0xe2..=0xe9 | 0xf0..=0xf9 => 4,
            0x30 => {
                add(&mut sum, tags.u8()?);
                add(&mut sum, degrees(tags.u32_le()?, 1e6));
                add(&mut sum, degrees(tags.u32_le()?, 1e6));
                continue;
            }
            0x01 | 0x02 | 0x35 | 0x43 | 0x88..=0x8c | 0xa0..=0xaf | 0xc4..=0xd2 | 0xd5 => 1,
            0x04 | 0x10 | 0x21 | 0x34 | 0x40..=0x42 | 0x45 | 0x46 | 0x48 => 2,
            0x50..=0x59 | 0x60..=0x62 | 0x70..=0x79 | 0xb0..=0xb9 | 0xd6..=0xda => 2,
            0x5d | 0x63..=0x6f | 0x80..=0x87 | 0xfa => 3,
            0xfd => 8,
            0x03 => 15,
            0x5c => 68,
            0xe1 | 0xea => tags.u8()? as usize,
            0xfe => tags.u16_le()? as usize,
            // A tag of unknown length: nobody knows where the next one begins.
            _ => break,
        };
        add(
            &mut sum,
            match length {
                1 => tags.u8()?,
                2 => tags.u16_le()?,
                3 => tags.u24_le()?,
                4 => tags.u32_le()?,
                length => black_box(tags.take(length)?).len() as u64,
            },
        );
    }
    Some((length + 5, sum))
}
