//! The frames of real devices: `fixtures/<protocol>/frames.jsonl`.

use crate::literal::parse_bytes;
use crate::transcript::root;

/// The rows of one protocol as they are on the wire; none if it has none.
///
/// # Errors
/// The file cannot be read, or a row is none.
pub fn rows(protocol: &str) -> Result<Vec<Vec<u8>>, String> {
    let file = root().join(protocol).join("frames.jsonl");
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(file).map_err(|problem| problem.to_string())?;
    let row = |line: &str| {
        let row: serde_json::Value =
            serde_json::from_str(line).map_err(|problem| problem.to_string())?;
        match (row["text"].as_str(), row["hex"].as_str()) {
            (Some(text), _) => Ok(format!("{text}\r\n").into_bytes()),
            (None, hex) => parse_bytes(hex.unwrap_or("")).map(on_the_wire),
        }
    };
    text.lines().map(row).collect()
}

/// Rows between 7E are stored without the escapes that go inside.
fn on_the_wire(frame: Vec<u8>) -> Vec<u8> {
    match &frame[..] {
        [0x7e, inner @ .., 0x7e] => escaped(inner),
        _ => frame,
    }
}

/// `inner` between 7E marks, with the marks and escapes inside it escaped.
#[must_use]
pub fn escaped(inner: &[u8]) -> Vec<u8> {
    let mut wire = vec![0x7e];
    for &byte in inner {
        match byte {
            0x7e => wire.extend([0x7d, 0x02]),
            0x7d => wire.extend([0x7d, 0x01]),
            byte => wire.push(byte),
        }
    }
    wire.push(0x7e);
    wire
}
