//! Tests of the parts: known answers, round trips, framing, the session's rules, explanations.

mod explain;
mod framing;
mod known_answers;
mod roundtrip;
mod session;

/// Bytes written in hexadecimal, blanks ignored.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
