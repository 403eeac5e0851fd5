//! Positions inside the text answers of trackers: `…Lat:N54.739332,Lon:E25.273270,Course:126.53,Speed:0.0000,DateTime:2017-05-26
//! 10:27:47`. Several makers' firmware answers a request for the position like this.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::event::{Attributes, Fix, Report};

/// Longest text that is searched.
const MAX_TEXT: usize = 1024;

/// The position in `text`, if there is one; its clock is `offset` minutes east of UTC.
pub(crate) fn report(text: &str, offset: i32) -> Option<Report> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let fix = Fix {
        valid: true,
        latitude: degrees(field(text, "Lat:")?, 'N', 'S')?,
        longitude: degrees(field(text, "Lon:")?, 'E', 'W')?,
        altitude: None,
        speed: field(text, "Speed:").and_then(number),
        course: field(text, "Course:").and_then(number),
        satellites: None,
    };
    let time = text.split_once("DateTime:").and_then(|(_, time)| moment(time, offset));
    let report = Report { time, fix: Some(fix), archived: false, attributes: Attributes::new() };
    fix.on_globe().then_some(report)
}

/// What stands between `name` and the next comma.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = text.split_once(name)?;
    value.split(',').next()
}

/// A number, perhaps followed by its unit.
fn number(text: &str) -> Option<f32> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

fn degrees(text: &str, positive: char, negative: char) -> Option<f64> {
    let hemisphere = text.chars().next()?;
    let size: f64 = text.get(hemisphere.len_utf8()..)?.parse().ok()?;
    match hemisphere {
        c if c == positive => Some(size),
        c if c == negative => Some(-size),
        _ => None,
    }
    .filter(|degrees| degrees.is_finite())
}

/// `2017-05-26  10:27:47`, with any number of blanks.
fn moment(text: &str, offset: i32) -> Option<Timestamp> {
    let mut words = text.split_ascii_whitespace();
    let (date, time) = (words.next()?, words.next()?);
    let local: DateTime = format!("{date}T{}", time.get(..8)?).parse().ok()?;
    let zone = Offset::from_seconds(offset.checked_mul(60)?).ok()?;
    zone.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_found_in_an_answer() {
        let text = "Current position!Lat:S54.739332,Lon:W25.273270,Course:126.53,Speed:7.5km/h,DateTime:2017-05-26  10:27:47";
        let report = report(text, 60).unwrap();
        let fix = report.fix.unwrap();
        assert_eq!((fix.latitude, fix.longitude), (-54.739_332, -25.273_27));
        assert_eq!((fix.course, fix.speed), (Some(126.53), Some(7.5)));
        assert_eq!(report.time, "2017-05-26T09:27:47Z".parse().ok());
    }

    #[test]
    fn other_texts_have_none() {
        for text in
            ["OK!", "Lat:N1.5", "Lat:X1,Lon:E2", "Lat:N91,Lon:E2", "Lat:Nnan,Lon:E2", "Lat:é,Lon:"]
        {
            assert_eq!(report(text, 0), None, "{text}");
        }
    }
}
