//! Times: six BCD digits pairs in the device's zone (section 1).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::wire::bcd;

/// Minutes of the zone that the standard prescribes: GMT+8.
pub(crate) const STANDARD_OFFSET: i32 = 480;

/// The moment that `time` names on a clock `offset` minutes east of UTC; `None` if it is no time.
pub(crate) fn moment(time: [u8; 6], offset: i32) -> Option<Timestamp> {
    let [year, month, day, hour, minute, second] = time.map(bcd::number);
    civil(year?, month?, day?, hour?, minute?, second?, offset)
}

/// Like [`moment`], for the terminals that write plain numbers instead of BCD.
pub(crate) fn moment_binary(
    [year, month, day, hour, minute, second]: [u8; 6],
    offset: i32,
) -> Option<Timestamp> {
    if year > 99 {
        return None;
    }
    civil(year, month, day, hour, minute, second, offset)
}

fn civil(
    year: u8,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    offset: i32,
) -> Option<Timestamp> {
    let small = |number: u8| i8::try_from(number).ok();
    let year = 2000 + i16::from(year);
    let local = DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    )
    .ok()?;
    zone(offset).to_timestamp(local).ok()
}

/// A moment as six BCD bytes on a clock `offset` minutes east of UTC.
pub(crate) fn bcd_time(moment: Timestamp, offset: i32) -> [u8; 6] {
    let local = zone(offset).to_datetime(moment);
    let year = local.year().rem_euclid(100);
    let parts = [
        year,
        local.month().into(),
        local.day().into(),
        local.hour().into(),
        local.minute().into(),
    ];
    let [year, month, day, hour, minute] =
        parts.map(|part| bcd::byte(u8::try_from(part).unwrap_or(0)));
    [year, month, day, hour, minute, bcd::byte(u8::try_from(local.second()).unwrap_or(0))]
}

fn zone(offset: i32) -> Offset {
    Offset::from_seconds(offset.saturating_mul(60)).unwrap_or(Offset::UTC)
}
