//! Dates as the API writes and reads them: local time of the account, or ISO 8601 when asked for.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use crate::model::Millis;

/// How one call wants its dates.
#[derive(Debug, Clone)]
pub(super) struct Dates {
    /// Time zone of the user.
    pub(super) zone: TimeZone,
    /// ISO 8601 with offset instead of the plain local time.
    pub(super) iso: bool,
}

impl Dates {
    /// `zone` is an IANA name; one that this system does not know (any more) counts as UTC.
    pub(super) fn new(zone: &str, iso: bool) -> Self {
        Self { zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC), iso }
    }

    /// A moment as date and time.
    pub(super) fn show(&self, moment: Millis) -> Shown<'_> {
        Shown { dates: self, moment }
    }

    /// A moment's local date.
    pub(super) fn day(&self, moment: Millis) -> String {
        self.zone.to_datetime(moment.timestamp()).date().to_string()
    }
}

/// A moment to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    dates: &'a Dates,
    moment: Millis,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = self.moment.timestamp();
        let offset = self.dates.zone.to_offset(timestamp);
        let local = offset.to_datetime(timestamp);
        let (date, time) = (local.date(), local.time());
        let between = if self.dates.iso { 'T' } else { ' ' };
        write!(f, "{:04}-{:02}-{:02}{between}", date.year(), date.month(), date.day())?;
        write!(f, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
        if !self.dates.iso {
            return Ok(());
        }
        if self.dates.zone == TimeZone::UTC {
            return f.write_str("Z");
        }
        let minutes = offset.seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads `yyyy-MM-dd HH:mm:ss` in `zone`, or ISO 8601 with or without offset, as seconds since 1970.
///
/// A local time that a clock change skipped is moved behind the gap. Of one that happened twice the first is meant, or with
/// `last` the second, so that a window from and to the same local time contains both.
pub(super) fn parse(text: &str, zone: &TimeZone, last: bool) -> Option<i64> {
    let text = text.trim();
    let (local, rest) = text.split_at_checked(19)?;
    if !has_shape(local.as_bytes()) {
        return None;
    }
    let local: DateTime = local.parse().ok()?;
    let rest = without_fraction(rest)?;
    let timestamp = match rest {
        "" => {
            let candidates = zone.to_ambiguous_timestamp(local);
            if last { candidates.later() } else { candidates.compatible() }.ok()?
        }
        _ if text.as_bytes().get(10) == Some(&b' ') => return None,
        offset => jiff::tz::Offset::from_seconds(offset_seconds(offset)?)
            .ok()?
            .to_timestamp(local)
            .ok()?,
    };
    Some(timestamp.as_second())
}

fn has_shape(text: &[u8]) -> bool {
    text.iter().zip(b"0000-00-00 00:00:00").all(|(&byte, &shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b' ' => matches!(byte, b' ' | b'T'),
        _ => byte == shape,
    })
}

/// Fractions of a second are below this API's resolution.
fn without_fraction(rest: &str) -> Option<&str> {
    let Some(fraction) = rest.strip_prefix('.') else { return Some(rest) };
    let tail = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    (tail.len() < fraction.len()).then_some(tail)
}

/// `Z`, `+05:00`, `+0500` or `+05`; a plus sign that a query string turned into a space is one too.
fn offset_seconds(text: &str) -> Option<i32> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+" | " ", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = match minutes.len() {
        0 => "0",
        2 => minutes,
        3 => minutes.strip_prefix(':')?,
        _ => return None,
    };
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse::<i32>().ok(),
        false => None,
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Millis = Millis(1_773_576_000_000); // 2026-03-15 12:00:00 UTC

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn shown(name: &str, iso: bool) -> String {
        Dates::new(name, iso).show(NOON).to_string()
    }

    #[test]
    fn dates_are_local_to_the_account() {
        assert_eq!(shown("UTC", false), "2026-03-15 12:00:00");
        assert_eq!(shown("Asia/Yekaterinburg", false), "2026-03-15 17:00:00");
        assert_eq!(shown("America/New_York", false), "2026-03-15 08:00:00");
    }

    #[test]
    fn iso_dates_carry_the_offset_and_z_only_for_utc() {
        assert_eq!(shown("UTC", true), "2026-03-15T12:00:00Z");
        assert_eq!(shown("Asia/Kathmandu", true), "2026-03-15T17:45:00+05:45");
        assert_eq!(shown("America/New_York", true), "2026-03-15T08:00:00-04:00");
        assert_eq!(shown("Africa/Abidjan", true), "2026-03-15T12:00:00+00:00");
    }

    #[test]
    fn an_unknown_zone_counts_as_utc() {
        assert_eq!(shown("Mars/Olympus", true), "2026-03-15T12:00:00Z");
    }

    #[test]
    fn what_is_written_can_be_read() {
        for name in ["UTC", "Asia/Kathmandu", "America/St_Johns"] {
            for iso in [false, true] {
                let seconds = parse(&shown(name, iso), &zone(name), false);
                assert_eq!(seconds, Some(NOON.0 / 1000), "{name} {iso}");
            }
        }
    }

    #[test]
    fn all_forms_of_iso_are_read() {
        for text in [
            "2026-03-15T12:00:00Z",
            "2026-03-15T17:00:00+05:00",
            "2026-03-15T17:00:00+0500",
            "2026-03-15T17:00:00+05",
            "2026-03-15T17:00:00 05:00",
            "2026-03-15T12:00:00.123Z",
            "2026-03-15T08:00:00-04:00",
            "2026-03-15T12:00:00",
        ] {
            assert_eq!(parse(text, &TimeZone::UTC, false), Some(NOON.0 / 1000), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-03-15",
            "2026-13-01 00:00:00",
            "2026-02-30 00:00:00",
            "2026-03-15 24:00:00",
            "2026-03-15 12:00:00 nonsense",
            "2026-03-15 12:00:00+05:00",
            "2026-03-15T12:00:00+5:000",
            "2026-03-15T12:00:00+99:00",
            "2026-03-15T12:00:00.Z",
            "1773576000",
            "2026-3-15 12:00:000",
            "２０２６-03-15 12:00:00",
        ] {
            assert_eq!(parse(text, &TimeZone::UTC, false), None, "{text}");
        }
    }

    #[test]
    fn a_time_that_the_clock_skipped_is_behind_the_gap() {
        let gap = "2026-03-08 02:30:00"; // New York
        let after = parse("2026-03-08T03:30:00-04:00", &TimeZone::UTC, false);
        assert_eq!(parse(gap, &zone("America/New_York"), false), after);
        assert_eq!(parse(gap, &zone("America/New_York"), true), after);
    }

    #[test]
    fn a_time_that_happened_twice_means_both_as_a_window() {
        let twice = "2026-11-01 01:30:00"; // New York
        let first = parse(twice, &zone("America/New_York"), false).unwrap();
        let second = parse(twice, &zone("America/New_York"), true).unwrap();
        assert_eq!(second - first, 3600);
    }
}
