//! Frames of text.

use std::hint::black_box;

use crc::{CRC_16_ARC, Crc, Table};
use memchr::{memchr, memchr2, memrchr};

use super::{Reader, add};

static ARC: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_ARC);

/// Decimal digits with or without a point or a comma; what is no number counts by its length.
fn number(text: &[u8]) -> u64 {
    let (mut digits, mut places, mut behind) = (0_u64, 0, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits = digits.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                places += i32::from(behind);
            }
            b'.' | b',' if !behind => behind = true,
            b'+' | b'-' if at == 0 => {}
            _ => return text.len() as u64,
        }
    }
    if places == 0 { digits } else { (digits as f64 / 10_f64.powi(places)).to_bits() }
}

/// The sum of the fields between `mark`s.
fn fields(text: &[u8], mark: u8) -> u64 {
    let mut sum = 0;
    text.split(|&byte| byte == mark).for_each(|field| add(&mut sum, number(field)));
    sum
}

/// The length of a frame with the line end behind it.
fn with_line_end(input: &[u8], end: usize) -> Option<usize> {
    let behind = input.get(end..)?;
    Some(end + behind.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count())
}

pub fn wialon_ips(input: &[u8], _scratch: &mut Vec<u8>) -> Option<(usize, u64)> {
    let end = memchr(b'\n', input)?;
    let line = input.get(..end)?.trim_ascii_end().strip_prefix(b"#")?;
    let (kind, body) = line.split_at_checked(memchr(b'#', line)?)?;
    let body = body.get(1..)?;
    // 2.0 has a checksum behind the last semicolon; 1.1 has none, and only the login tells.
    let covered = memrchr(b';', body).and_then(|at| body.get(..=at)).unwrap_or(body);
    let mut sum = u64::from(ARC.checksum(covered));
    if kind == b"B" {
        for record in body.split(|&byte| byte == b'|') {
            add(&mut sum, wialon_record(record));
        }
    } else {
        add(&mut sum, wialon_record(body));
    }
    Some((end + 1, sum))
}

/// Fields between semicolons; parameters `name:kind:value` between commas.
fn wialon_record(record: &[u8]) -> u64 {
    let mut sum = 0;
    for field in record.split(|&byte| byte == b';') {
        if memchr(b':', field).is_none() {
            add(&mut sum, number(field));
            continue;
        }
        for parameter in field.split(|&byte| byte == b',') {
            let mut parts = parameter.splitn(3, |&byte| byte == b':');
            let (name, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            add(&mut sum, black_box(name).len() as u64);
            add(&mut sum, kind.len() as u64);
            add(&mut sum, number(parts.next().unwrap_or_default()));
        }
    }
    sum
}

pub fn queclink(input: &[u8], _scratch: &mut Vec<u8>) -> Option<(usize, u64)> {
    if !input.starts_with(b"+RESP:") && !input.starts_with(b"+BUFF:") {
        return None;
    }
    let end = memchr2(b'$', 0, input)?;
    Some((with_line_end(input, end + 1)?, fields(input.get(..end)?, b',')))
}

pub fn taip(input: &[u8], _scratch: &mut Vec<u8>) -> Option<(usize, u64)> {
    let end = memchr(b'<', input)?;
    let frame = input.get(1..end)?;
    let (covered, found) = frame.split_last_chunk::<2>()?;
    // With the star or without it: two rules are in use.
    let sum = covered.iter().fold(b'>', |sum, byte| sum ^ byte);
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let found = digit(found[0])? * 16 + digit(found[1])?;
    ([sum, sum ^ b'*'].map(u32::from).contains(&found)).then_some(())?;
    let mut total = 0;
    for part in covered.split(|&byte| byte == b';') {
        // Name and qualifier, then columns of digits.
        let mut columns = Reader(part);
        columns.take(3.min(part.len()))?;
        for column in columns.0.split(|byte| matches!(byte, b',' | b'+' | b'-')) {
            add(&mut total, number(column));
        }
    }
    Some((with_line_end(input, end + 1)?, total))
}
