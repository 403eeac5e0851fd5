//! Readers written by hand: what it costs at least to find a frame's end, verify its checksum and read every field of it.
//!
//! They know the frames of the fixtures and nothing else: no session, no options, no names, no memory of their own; what they read
//! comes to a sum. The checksums are those of the crate that the real readers use, so that a ratio compares reading.

mod binary;
mod lines;

/// The length of the first frame in some bytes, and the sum of what its fields say; `None` if it is not whole and right.
pub type Hand = fn(&[u8], &mut Vec<u8>) -> Option<(usize, u64)>;

/// The reader for a protocol.
pub fn of(protocol: &str) -> Option<Hand> {
    Some(match protocol {
        "eelink" => binary::eelink,
        "egts" => binary::egts,
        "galileosky" => binary::galileosky,
        "gt06" => binary::gt06,
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

    /// What is left, as numbers of four bytes.
    fn words(self) -> u64 {
        let (words, rest) = self.0.as_chunks();
        let sum = words.iter().map(|word| u64::from(u32::from_be_bytes(*word)));
        sum.chain(rest.iter().map(|&byte| byte.into())).fold(0, u64::wrapping_add)
    }
}

/// Degrees of a coordinate, as what goes into the sum.
fn degrees(value: u64, unit: f64) -> u64 {
    (value as f64 / unit).to_bits()
}

fn add(sum: &mut u64, value: u64) {
    *sum = sum.wrapping_add(value);
}
