//! Data of frames, the mirror of `decode`: what the platform sends, and what a simulated device does.

use jiff::Timestamp;

use super::message::{Heartbeat, Position, Receipt, State};
use crate::wire::plain::utf16_hex;

/// `BP00` to a watch: UTC and its zone in hours.
pub(super) fn login_answer(now: Timestamp, zone: i64) -> String {
    format!(",{},{zone}", now.strftime("%Y%m%d%H%M%S"))
}

/// `BP40`.
pub(super) fn text(imei: &str, serial: u32, text: &str) -> String {
    format!(",{imei},{serial:06},{}", utf16_hex(text))
}

/// `AP40`.
pub(super) fn receipt(receipt: Receipt) -> String {
    match receipt.serial {
        Some(serial) => format!(",{serial:06},{}", u8::from(receipt.ok)),
        None => String::new(),
    }
}

/// `AP03`.
pub(super) fn heartbeat(heartbeat: &Heartbeat) -> String {
    let number = |value: Option<u32>| value.unwrap_or(0);
    format!(",{},{},{}", state(heartbeat.state), number(heartbeat.steps), number(heartbeat.rolls))
}

/// `AP01`; with an alarm `AP10`.
pub(super) fn position(position: &Position) -> String {
    let time =
        |format| position.time.map_or_else(String::new, |time| time.strftime(format).to_string());
    let letter = |degrees: f64, [positive, negative]: [char; 2]| {
        if degrees < 0.0 { negative } else { positive }
    };
    let [mcc, mnc, lac, cell] = position.cell.map(|number| number.unwrap_or(0));
    let alarm = position.alarm.map(|alarm| format!(",{alarm:02},00,00")).unwrap_or_default();
    format!(
        "{:0>6}{}{}{}{}{}{:05.1}{:0>6}{:06.2}{},{mcc},{mnc},{lac},{cell}{alarm}",
        time("%y%m%d"),
        if position.fixed { 'A' } else { 'V' },
        minutes(position.latitude, 2),
        letter(position.latitude, ['N', 'S']),
        minutes(position.longitude, 3),
        letter(position.longitude, ['E', 'W']),
        position.speed.clamp(0.0, 999.9),
        time("%H%M%S"),
        position.course.rem_euclid(360.0),
        state(position.state),
    )
}

/// Degrees in so many digits, then minutes with four decimals.
fn minutes(degrees: f64, digits: usize) -> String {
    let ten_thousandths = (degrees.abs() * 600_000.0).round() as u64;
    let (whole, part) = (ten_thousandths / 600_000, ten_thousandths % 600_000);
    format!("{whole:0digits$}{:02}.{:04}", part / 10_000, part % 10_000)
}

fn state(state: State) -> String {
    let State { signal, satellites, battery, ignition } = state;
    format!(
        "{:03}{:03}{:03}{}0102",
        signal.min(999),
        satellites.min(999),
        battery.min(999),
        ignition.min(9)
    )
}
