//! Every real frame decodes to what its row states.

use serde::Deserialize;

use super::super::explain;
use super::super::frame::QueclinkFramer;
use super::{Dialogue, events, hex, reports, values};
use crate::event::{Event, Value};
use crate::framing::{Frame, Framer, Limits, Rejection};

const ROWS: &str = include_str!("../../../../fixtures/queclink/frames.jsonl");

#[derive(Debug, Deserialize)]
struct Row {
    n: u32,
    test: String,
    kind: String,
    hex: Option<String>,
    text: Option<String>,
    expect: String,
    frame_hex: Option<String>,
    attributes: Option<serde_json::Value>,
}

impl Row {
    /// The frame as the framer hands it out.
    fn frame(&self) -> Vec<u8> {
        match (&self.text, &self.hex) {
            (Some(text), _) => text.trim_end_matches('$').as_bytes().to_vec(),
            (None, Some(digits)) => hex(digits),
            (None, None) => panic!("{}: no bytes", self.n),
        }
    }

    /// The events that a session records for it.
    fn events(&self) -> Vec<Event> {
        events(&Dialogue::online(&self.frame(), &[]).first)
    }
}

fn rows() -> Vec<Row> {
    ROWS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_row_decodes_to_what_it_states() {
    let rows = rows();
    assert_eq!(rows.len(), 105);
    for row in rows.iter().filter(|row| row.kind == "decode") {
        let events = row.events();
        let reports = reports(&events);
        match row.expect.as_str() {
            "null" => assert!(reports.is_empty(), "{}", row.n),
            "other" => assert!(!events.is_empty(), "{}", row.n),
            "attributes" => assert!(!values(&events, "report").is_empty() || row.text.is_none()),
            "position" => {
                let [report] = &reports[..] else { panic!("{}: {reports:?}", row.n) };
                assert!(report.fix.is_some() && report.time.is_some(), "{}", row.n);
            }
            "positions" => {
                assert!(!reports.is_empty(), "{}", row.n);
                assert!(reports.iter().all(|report| report.fix.is_some()), "{}", row.n);
                assert!(reports.iter().all(|report| report.time.is_some()), "{}", row.n);
            }
            other => panic!("{}: {other}", row.n),
        }
        for (name, value) in row.attributes.iter().flat_map(|stated| stated.as_object().unwrap()) {
            stated(row.n, &events, name, value);
        }
    }
}

/// The rows state attributes under their own project's names.
fn stated(n: u32, events: &[Event], name: &str, value: &serde_json::Value) {
    let one = |name| match values(events, name)[..] {
        [value] => value.clone(),
        ref other => panic!("{n}: {name}: {other:?}"),
    };
    let number = || match value.as_i64() {
        Some(whole) if !value.is_f64() => Value::Int(whole),
        _ => Value::Float(value.as_f64().unwrap()),
    };
    match name {
        "batteryLevel" if value.is_null() => {
            assert!(values(events, "battery_level").is_empty(), "{n}");
        }
        "batteryLevel" => assert_eq!(one("battery_level"), number(), "{n}"),
        "fuel" => assert_eq!(one("fuel_sensor"), number(), "{n}"),
        "ignition" => assert_eq!(one("ignition"), Value::Bool(value.as_bool().unwrap()), "{n}"),
        "accessoryVoltage" => assert_eq!(one("accessory_v"), number(), "{n}"),
        "power" => assert_eq!(one("power_v"), number(), "{n}"),
        "adc3" => assert_eq!(one("adc3"), number(), "{n}"),
        "alarm" => {
            let ours = match value.as_str().unwrap() {
                "hardCornering" => "harsh_cornering",
                "powerOff" => "power_off",
                "powerOn" => "power_on",
                other => panic!("{n}: the test does not know the stated alarm {other}"),
            };
            assert_eq!(one("alarm"), Value::Text(ours.to_owned()), "{n}");
        }
        other => panic!("{n}: the test does not know the stated attribute {other}"),
    }
}

#[test]
fn reports_with_several_positions_have_them_all() {
    let count = |n: u32| {
        let rows = rows();
        let row = rows.iter().find(|row| row.n == n && row.test.contains("Text")).unwrap();
        reports(&row.events()).len()
    };
    assert_eq!([64, 142, 161, 4].map(count), [4, 2, 2, 1]);
}

#[test]
fn binary_rows_have_their_positions() {
    let rows = rows();
    let binary = |n: u32| {
        let row = rows.iter().find(|row| row.n == n && row.test.contains("BinaryProtocol"));
        row.unwrap().events()
    };
    // Protocol Pro.
    let events = binary(0);
    let [report] = &reports(&events)[..] else { panic!("{events:?}") };
    let fix = report.fix.unwrap();
    assert_eq!((fix.latitude, fix.longitude, fix.valid), (44.833_422, -91.543_308, true));
    assert_eq!((fix.speed, fix.course, fix.satellites), (Some(0.0), Some(0.0), Some(5)));
    assert_eq!(fix.altitude, Some(434.1));
    assert_eq!(report.time.unwrap().to_string(), "2026-06-26T19:45:53Z");
    // Compressed points, one second apart.
    let events = binary(2);
    let found = reports(&events);
    assert!(found.len() > 100, "{}", found.len());
    for pair in found.windows(2) {
        let moved = |of: fn(crate::event::Fix) -> f64| {
            (of(pair[0].fix.unwrap()) - of(pair[1].fix.unwrap())).abs()
        };
        assert!(moved(|fix| fix.latitude) < 0.01 && moved(|fix| fix.longitude) < 0.01);
        assert!(pair[0].time < pair[1].time);
    }
    // By mask, with a phone number in between.
    let events = binary(3);
    let fix = reports(&events)[0].fix.unwrap();
    assert_eq!((fix.latitude, fix.longitude), (31.164_093, 121.392_449));
    assert_eq!((fix.course, fix.altitude), (Some(272.0), Some(69.0)));
}

#[test]
fn the_framer_finds_every_row() {
    for row in rows() {
        let mut wire = row.frame();
        if row.text.is_some() {
            wire.push(b'$');
        }
        let (mut framer, mut scratch) = (QueclinkFramer::new(&Limits::default()), Vec::new());
        let cut = framer.cut(&wire, &mut scratch).unwrap();
        assert_eq!(cut.consumed, wire.len(), "{}", row.n);
        assert_eq!(cut.frame, Some(Frame::Valid(&row.frame())), "{}", row.n);
        if let Some(stated) = &row.frame_hex {
            assert_eq!(row.frame(), hex(stated));
        }
    }
}

#[test]
fn a_flipped_bit_of_a_binary_row_is_noticed() {
    for row in rows().iter().filter(|row| row.text.is_none()) {
        let mut frame = row.frame();
        let middle = frame.len() / 2;
        frame[middle] ^= 0x10;
        let (mut framer, mut scratch) = (QueclinkFramer::new(&Limits::default()), Vec::new());
        let cut = framer.cut(&frame, &mut scratch).unwrap();
        let rejected = |frame: &Frame<'_>| {
            matches!(frame, Frame::Rejected { reason: Rejection::Checksum { .. }, .. })
        };
        assert!(cut.frame.as_ref().is_some_and(rejected), "{}", row.n);
    }
}

#[test]
fn every_row_is_explained() {
    for row in rows() {
        let explanation = explain::explain(&row.frame());
        let answer = row.test.contains("Binary") && row.n == 7;
        assert_eq!(explanation.problem.is_some(), answer, "{}: {explanation:?}", row.n);
        assert!(explanation.fields.len() >= 2, "{}", row.n);
    }
}
