//! Which answer refuses which packet (specification 4 and 8).

use bytes::Bytes;

use super::decode::CRC;
use super::encode::answer;
use super::frame::Parts;
use crate::error::{DecodeError, DecodeErrorKind};

/// The answer to a packet that is not taken: because of `error`, or as a whole (`None`: too long, or before the login).
pub(super) fn refusal(
    parts: &Parts<'_>,
    sd_answer: &'static str,
    error: Option<&DecodeError>,
) -> Option<Bytes> {
    let field = error.map_or("", |error| error.field);
    let crc = field == CRC;
    let code = match field {
        "date" | "time" => "0",
        "lat" | "NS" | "lon" | "EW" => "10",
        "speed" | "course" | "alt" => "11",
        "sats" | "hdop" => "12",
        "inputs" | "outputs" => "13",
        "adc" => "14",
        "params" => "15",
        _ => "-1",
    };
    let truncated = error.is_some_and(|error| error.kind == DecodeErrorKind::Truncated);
    let code = if truncated { "-1" } else { code };
    Some(match parts.kind {
        b"SD" if crc => answer(sd_answer, if sd_answer == "AD" { "16" } else { "13" }),
        b"SD" => answer(sd_answer, code),
        b"D" if crc => answer("AD", "16"),
        b"D" => answer("AD", code),
        b"B" if crc => answer("AB", ""),
        b"B" => answer("AB", 0),
        b"M" if crc => answer("AM", "01"),
        b"M" => answer("AM", 0),
        b"I" => of_block("AI", parts, 1, crc, error),
        b"IT" if crc => answer("AIT", "01"),
        b"IT" => answer("AIT", 0),
        b"T" => of_block("AT", parts, 2, crc, error),
        _ => return None,
    })
}

/// `AI` and `AT` name the block, unless the packet does not.
fn of_block(
    kind: &'static str,
    parts: &Parts<'_>,
    index_field: usize,
    crc: bool,
    error: Option<&DecodeError>,
) -> Bytes {
    let index = parts.body.split(|&byte| byte == b';').nth(index_field);
    let index = index.and_then(|index| std::str::from_utf8(index.trim_ascii()).ok()?.parse().ok());
    match index {
        Some::<u32>(index) if crc => answer(kind, format_args!("{index};01")),
        Some(index) if error.is_none() => answer(kind, format_args!("{index};0")),
        _ => answer(kind, "NA;0"),
    }
}
