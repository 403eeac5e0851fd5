//! Contents, the mirror of `decode`: what the platform sends, and what a simulated device does.

use jiff::Timestamp;

use super::message::Position;
use crate::wire::plain::utf16_hex;

/// `MESSAGE` of the platform (specification, section 4).
pub(super) fn text(text: &str) -> String {
    format!("MESSAGE,{}", utf16_hex(text))
}

/// A position behind `word`, without cells.
pub(super) fn position(word: &str, position: &Position) -> String {
    let moment = position.time.map_or_else(|| ",".to_owned(), moment);
    let fixed = if position.fixed { 'A' } else { 'V' };
    let (latitude, longitude) = position.place.unwrap_or_default();
    let (north, east) =
        (if latitude < 0.0 { 'S' } else { 'N' }, if longitude < 0.0 { 'W' } else { 'E' });
    let decimal = |value: Option<f64>| value.unwrap_or(0.0);
    let number = |value: Option<u32>| value.unwrap_or(0);
    format!(
        "{word},{moment},{fixed},{:.6},{north},{:.6},{east},{},{},{},{},{},{},{},{},{:08X}",
        latitude.abs(),
        longitude.abs(),
        decimal(position.speed),
        decimal(position.course),
        decimal(position.altitude),
        number(position.satellites),
        number(position.signal),
        number(position.battery),
        number(position.steps),
        number(position.rolls),
        number(position.status),
    )
}

/// `ddmmyy,hhmmss`.
fn moment(time: Timestamp) -> String {
    time.strftime("%d%m%y,%H%M%S").to_string()
}
