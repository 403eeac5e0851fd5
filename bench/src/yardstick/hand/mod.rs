//! Readers written by hand: what it costs at least to find a frame's end, verify its checksum and read every field of it.
//!
//! They know the frames of the fixtures and nothing else: no session, no options, no names, no memory of their own. They read the
//! fields that the specifications have, each for itself: what they read comes to a sum, every addend of which the compiler has to
//! have at hand, so that it does not turn many small fields into few large ones. The checksums are those of the crate that the real
//! readers use, so that a ratio compares reading.

mod binary;
mod cells;
mod lines;

use std::hint::black_box;

/// The length of the first frame in some bytes, and the sum of what its fields say; `None` if it is not whole and right.
pub type Hand = fn(&[u8], &mut Vec<u8>) -> Option<(usize, u64)>;

/// The reader for a protocol.
pub fn of(protocol: &str) -> Option<Hand> {
    Some(match protocol {
        "eelink" => cells::eelink,
        "egts" => binary::egts,
        "galileosky" => binary::galileosky,
        "gt06" => cells::gt06,
        "jt808" => binary::jt808,
        "queclink" => lines::queclink,
        "taip" => lines::taip,
        "teltonika" => binary::teltonika,
        "wialon_ips" => lines::wialon_ips,
        _ => return None,
    })
}

/// Takes fields off the front.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u64> {
        self.array().map(|[byte]: [u8; 1]| byte.into())
    }

    fn u16(&mut self) -> Option<u64> {
        self.array().map(|bytes| u16::from_be_bytes(bytes).into())
    }

    fn u32(&mut self) -> Option<u64> {
        self.array().map(|bytes| u32::from_be_bytes(bytes).into())
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn u16_le(&mut self) -> Option<u64> {
        self.array().map(|bytes| u16::from_le_bytes(bytes).into())
    }

    fn u32_le(&mut self) -> Option<u64> {
        self.array().map(|bytes| u32::from_le_bytes(bytes).into())
    }

    fn u24(&mut self) -> Option<u64> {
        self.array().map(|[a, b, c]: [u8; 3]| u32::from_be_bytes([0, a, b, c]).into())
    }

    fn u24_le(&mut self) -> Option<u64> {
        self.array().map(|[a, b, c]: [u8; 3]| u32::from_le_bytes([a, b, c, 0]).into())
    }

    /// What is left as one field: a number, high byte first, if it has the size of one, else bytes that stay what they are.
    fn rest(mut self) -> u64 {
        let number = match self.0.len() {
            1 => self.u8(),
            2 => self.u16(),
            4 => self.u32(),
            8 => self.u64(),
            _ => None,
        };
        number.unwrap_or_else(|| black_box(self.0).len() as u64)
    }
}

/// Degrees of a coordinate, as what goes into the sum.
fn degrees(value: u64, unit: f64) -> u64 {
    (value as f64 / unit).to_bits()
}

/// One field has been read.
fn add(sum: &mut u64, value: u64) {
    *sum = sum.wrapping_add(black_box(value));
}
