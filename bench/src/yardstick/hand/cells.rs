//! Frames of bytes in which positions stand beside cells of the mobile network.

use std::hint::black_box;

use crc::{CRC_16_IBM_SDLC, Crc, Table};

use super::{Reader, add, degrees};

static X25: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_IBM_SDLC);

pub fn gt06(input: &[u8], _scratch: &mut Vec<u8>) -> Option<(usize, u64)> {
    let mut reader = Reader(input);
    let length = match reader.array()? {
        [0x78, 0x78] => reader.u8()?,
        [0x79, 0x79] => reader.u16()?,
        _ => return None,
    } as usize;
    let head = input.len() - reader.0.len();
    let whole = reader.take(length)?;
    (reader.array()? == [0x0d, 0x0a]).then_some(())?;
    let covered = input.get(2..head + length - 2)?;
    let (content, tail) = whole.split_last_chunk::<4>()?;
    let [s0, s1, c0, c1] = *tail;
    (X25.checksum(covered) == u16::from_be_bytes([c0, c1])).then_some(())?;
    let (mut content, mut sum) = (Reader(content), 0);
    let kind = content.u8()?;
    add(&mut sum, u16::from_be_bytes([s0, s1]).into());
    match kind {
        0x10 | 0x12 | 0x16 | 0x22 | 0x26 | 0x27 | 0x32 | 0xa0 if content.0.len() >= 18 => {
            add(&mut sum, gt06_position(kind, &mut content)?);
        }
        // Status, voltage, strength of the network, language.
        0x13 | 0x23 => {
            for _ in 0..3 {
                add(&mut sum, content.u8()?);
            }
        }
        _ => {}
    }
    add(&mut sum, content.rest());
    Some((head + length + 2, sum))
}

fn gt06_position(kind: u64, content: &mut Reader<'_>) -> Option<u64> {
    let mut sum = 0;
    for part in content.array::<6>()? {
        add(&mut sum, part.into());
    }
    add(&mut sum, content.u8()? & 0x0f);
    add(&mut sum, degrees(content.u32()?, 1_800_000.0));
    add(&mut sum, degrees(content.u32()?, 1_800_000.0));
    add(&mut sum, content.u8()?);
    let course = content.u16()?;
    add(&mut sum, course & 0x03ff);
    add(&mut sum, course >> 10);
    let alarm = matches!(kind, 0x16 | 0x26 | 0x27);
    if alarm && matches!(content.0.first(), Some(8..=10)) {
        content.u8()?;
    }
    if !matches!(kind, 0x10 | 0x32) && content.0.len() >= 8 {
        let country = content.u16()?;
        add(&mut sum, country & 0x7fff);
        add(&mut sum, if country & 0x8000 == 0 { content.u8()? } else { content.u16()? });
        // The area; the newest have more bytes for it and for the cell.
        add(&mut sum, if kind == 0xa0 { content.u32()? } else { content.u16()? });
        add(&mut sum, if kind == 0xa0 { content.u64()? } else { content.u24()? });
    }
    if alarm {
        // Status, voltage, strength of the network, alarm, language.
        for _ in 0..5 {
            add(&mut sum, content.u8().unwrap_or(0));
        }
    }
    Some(sum)
}

pub fn eelink(input: &[u8], _scratch: &mut Vec<u8>) -> Option<(usize, u64)> {
    let mut reader = Reader(input);
    // Packages carry no checksum; datagrams, which do, are another matter.
    (reader.array()? == [0x67, 0x67]).then_some(())?;
    let (kind, length) = (reader.u8()?, reader.u16()? as usize);
    let mut content = Reader(reader.take(length)?);
    let mut sum = content.u16()?;
    match kind {
        0x12 | 0x14..=0x16 => add(&mut sum, eelink_position(&mut content)?),
        0x02 | 0x04..=0x06 => add(&mut sum, eelink_old_position(&mut content)?),
        0x03 | 0x07 => add(&mut sum, content.u16()?),
        0x80 => {
            add(&mut sum, content.u8()?);
            add(&mut sum, content.u32()?);
        }
        _ => {}
    }
    if matches!(kind, 0x04 | 0x05 | 0x14 | 0x15) {
        add(&mut sum, content.u8()?);
    }
    if kind == 0x05 {
        add(&mut sum, content.u32()?);
    }
    if matches!(kind, 0x02 | 0x05 | 0x12 | 0x14 | 0x15) {
        add(&mut sum, content.u16().unwrap_or(0));
    }
    // Supply, analogue inputs; then the odometer and more on the new ones, the signal first on the old ones.
    if matches!(kind, 0x02 | 0x12) {
        for _ in 0..if kind == 0x02 { 4 } else { 3 } {
            add(&mut sum, content.u16().unwrap_or(0));
        }
        if let Some(metres) = content.u32() {
            add(&mut sum, metres);
        }
        while let Some(field) = content.u16() {
            add(&mut sum, field);
        }
    }
    add(&mut sum, content.rest());
    Some((length + 5, sum))
}

fn eelink_position(content: &mut Reader<'_>) -> Option<u64> {
    let mut sum = content.u32()?;
    let mask = content.u8()?;
    if mask & 1 != 0 {
        add(&mut sum, degrees(content.u32()?, 1_800_000.0));
        add(&mut sum, degrees(content.u32()?, 1_800_000.0));
        for _ in 0..3 {
            add(&mut sum, content.u16()?);
        }
        add(&mut sum, content.u8()?);
    }
    if mask & 2 != 0 {
        add(&mut sum, content.u16()?);
        add(&mut sum, content.u16()?);
    }
    for _ in 0..(mask >> 1 & 7).count_ones() {
        add(&mut sum, content.u16()?);
        add(&mut sum, content.u32()?);
        add(&mut sum, content.u8()?);
    }
    for _ in 0..(mask >> 4 & 7).count_ones() {
        add(&mut sum, black_box(content.array::<6>()?).len() as u64);
        add(&mut sum, content.u8()?);
    }
    if mask & 0x80 != 0 {
        add(&mut sum, content.u8()?);
        let count = content.u8()?;
        if count > 0 {
            for _ in 0..4 {
                add(&mut sum, content.u16()?);
            }
            add(&mut sum, content.u32()?);
            add(&mut sum, content.u16()?);
        }
        for _ in 0..count {
            add(&mut sum, content.u16()?);
            add(&mut sum, content.u16()?);
            add(&mut sum, content.u8()?);
        }
    }
    Some(sum)
}

fn eelink_old_position(content: &mut Reader<'_>) -> Option<u64> {
    let mut sum = content.u32()?;
    add(&mut sum, degrees(content.u32()?, 1_800_000.0));
    add(&mut sum, degrees(content.u32()?, 1_800_000.0));
    add(&mut sum, content.u8()?);
    for _ in 0..4 {
        add(&mut sum, content.u16()?);
    }
    add(&mut sum, content.u24()?);
    add(&mut sum, content.u8()?);
    Some(sum)
}
