//! Every real frame decodes to what its row states.

use serde::Deserialize;

use super::super::{decode, explain, report};
use super::{frames, read};
use crate::event::Value;

const ROWS: &str = include_str!("../../../../fixtures/taip/frames.jsonl");

#[derive(Debug, Deserialize)]
struct Row {
    n: u32,
    text: String,
    expect: String,
    time: Option<String>,
    valid: Option<bool>,
    lat: Option<f64>,
    lon: Option<f64>,
    attributes: Option<serde_json::Value>,
}

impl Row {
    /// The frame as the framer hands it out; some rows lack their end.
    fn content(&self) -> &[u8] {
        self.text.trim().trim_start_matches('>').trim_end_matches('<').as_bytes()
    }
}

fn rows() -> Vec<Row> {
    ROWS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_row_decodes_to_what_it_states() {
    let rows = rows();
    assert_eq!(rows.len(), 19);
    for row in &rows {
        let message = decode::message(row.content()).unwrap();
        match row.expect.as_str() {
            "null" => {
                assert!(report::report(&message, None).is_none(), "{}", row.n);
                continue;
            }
            "position" => assert!(read(row.content()).fix.is_some(), "{}", row.n),
            "attributes" => {}
            other => panic!("{}: {other}", row.n),
        }
        let report = read(row.content());
        // One unit did not know the time.
        assert_eq!(report.time.is_none(), [23, 34].contains(&row.n), "{}", row.n);
        if let Some(time) = &row.time {
            let expected: jiff::Timestamp = format!("{}Z", time.replace(' ', "T")).parse().unwrap();
            assert_eq!(report.time, Some(expected), "{}", row.n);
        }
        if let (Some(valid), Some(lat), Some(lon)) = (row.valid, row.lat, row.lon) {
            let fix = report.fix.unwrap();
            assert_eq!(fix.valid, valid, "{}", row.n);
            assert!((fix.latitude - lat).abs() < 1e-9 && (fix.longitude - lon).abs() < 1e-9);
        }
        for (name, value) in row.attributes.iter().flat_map(|stated| stated.as_object().unwrap()) {
            let ours = match name.as_str() {
                "temp1" => "temperature1_c",
                "battery" => "battery_v",
                "versionFw" => "firmware",
                other => panic!("{}: the test does not know the stated {other}", row.n),
            };
            let found = report.attributes.iter().find(|(key, _)| key == ours);
            let expected = match value.as_f64() {
                Some(number) => Value::Float(number),
                None => Value::Text(value.as_str().unwrap().to_owned()),
            };
            assert_eq!(found.map(|(_, value)| value), Some(&expected), "{}", row.n);
        }
    }
}

#[test]
fn checksums_of_rows_are_right_by_one_of_the_rules() {
    for row in rows() {
        let frame = format!(">{}<", row.content().escape_ascii());
        let (seen, left) = frames(frame.as_bytes());
        assert_eq!(left, 0, "{}", row.n);
        if row.n == 28 {
            // Its identity was replaced, its checksum left: by neither rule.
            assert_eq!(seen, ["rejected: checksum is 0x007f, expected 0x0079"]);
        } else {
            assert_eq!(seen, [row.content().escape_ascii().to_string()], "{}", row.n);
        }
    }
}

#[test]
fn every_row_is_explained() {
    for row in rows() {
        let explanation = explain::explain(row.content());
        assert_eq!(explanation.problem, None, "{}", row.n);
        assert!(explanation.fields.len() > 1, "{}", row.n);
    }
}
