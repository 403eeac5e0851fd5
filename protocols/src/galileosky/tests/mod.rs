//! Tests of this protocol alone; the suites in `tests/it` run over it as over all others.

mod fixtures;
mod framing;
mod garmin;
mod known_answers;
mod roundtrip;
mod session;

/// Bytes from hexadecimal digits; blanks are ignored.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}
