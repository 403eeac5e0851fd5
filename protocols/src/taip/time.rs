//! Moments as reports write them (section 3).

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// 1980-01-06T00:00:00Z, where weeks begin to count.
const EPOCH: i64 = 315_964_800;
const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
/// After so many weeks some units begin again.
const ROLL_OVER: i64 = 1024 * WEEK;
/// A date further back than this is one of them.
const OLDEST: i64 = 15 * 365 * DAY;

/// Week, day of the week (0 Sunday) and second of the day. Leap seconds are left out.
pub(super) fn of_week(
    week: u32,
    day: u32,
    second: u32,
    now: Option<Timestamp>,
) -> Option<Timestamp> {
    if day > 6 || second >= 86_400 {
        return None;
    }
    let moment = EPOCH + i64::from(week) * WEEK + i64::from(day) * DAY + i64::from(second);
    let later = moment + ROLL_OVER;
    let rolled = now.is_some_and(|now| {
        let now = now.as_second();
        now - moment > OLDEST && later <= now + DAY
    });
    Timestamp::from_second(if rolled { later } else { moment }).ok()
}

/// Week, day and second of a moment.
pub(super) fn week_of(moment: Timestamp) -> (i64, i64, i64) {
    let since = (moment.as_second() - EPOCH).max(0);
    (since / WEEK % 10_000, since % WEEK / DAY, since % DAY)
}

/// A second of the day, of the day that brings it nearest to `now`.
pub(super) fn of_day(second: u32, now: Timestamp) -> Option<Timestamp> {
    if second >= 86_400 {
        return None;
    }
    let midnight = now.as_second().div_euclid(DAY) * DAY;
    let days = [midnight - DAY, midnight, midnight + DAY];
    let moments = days.into_iter().map(|day| day + i64::from(second));
    let nearest = moments.min_by_key(|moment| (moment - now.as_second()).abs())?;
    Timestamp::from_second(nearest).ok()
}

/// Calendar date and time, six numbers below 100: year, month, day, hour, minute, second.
pub(super) fn calendar([year, month, day, hour, minute, second]: [i8; 6]) -> Option<Timestamp> {
    let moment = DateTime::new(2000 + i16::from(year), month, day, hour, minute, second, 0).ok()?;
    Offset::UTC.to_timestamp(moment).ok()
}

/// Whether a moment lies more than a day ahead.
pub(super) fn in_future(moment: Timestamp, now: Timestamp) -> bool {
    moment.duration_since(now) > SignedDuration::from_hours(24)
}
