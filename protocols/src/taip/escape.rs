//! Texts between bytes and what stands in `STX` and `RTX` (section 4).

/// Writes `bytes` so that they can stand in a frame: what is not printable or has a meaning there as `\HH`.
pub(super) fn escape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b';' | b'<' | b'>' | b'\\' | b'*' => out.extend(format!("\\{byte:02X}").bytes()),
            b' '..=b'~' => out.push(byte),
            _ => out.extend(format!("\\{byte:02X}").bytes()),
        }
    }
    out
}

/// The bytes that a payload stands for. Two hexadecimal digits in capitals go before the letters of the older generation; a
/// backslash before anything else is one.
pub(super) fn unescape(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len());
    let mut rest = payload;
    while let Some((&byte, behind)) = rest.split_first() {
        let (byte, behind) = match (byte, behind) {
            (b'\\', &[high, low, ref behind @ ..])
                if digit(high).is_some() && digit(low).is_some() =>
            {
                (digit(high).unwrap_or(0) << 4 | digit(low).unwrap_or(0), behind)
            }
            (b'\\', &[letter, ref behind @ ..]) if meaning(letter).is_some() => {
                (meaning(letter).unwrap_or(letter), behind)
            }
            other => other,
        };
        out.push(byte);
        rest = behind;
    }
    out
}

/// A hexadecimal digit; small letters are none here.
const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Escapes of the older generation.
const fn meaning(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'e' => 0x1b,
        b'f' => 0x0c,
        b'n' => 0x0a,
        b'r' => 0x0d,
        b't' => 0x09,
        b'\\' => b'\\',
        b's' => b';',
        b'y' => b'>',
        b'z' => b'<',
        _ => return None,
    })
}
