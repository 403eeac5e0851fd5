//! Every real frame decodes to what its row states, or is rejected where its checksum is bad.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::frame::GalileoskyFramer;
use super::super::message::{Command, Packet};
use super::super::{decode, encode, explain, report};
use super::hex;
use crate::event::{Event, Report, Value};
use crate::framing::{Frame, Framer, Limits, Rejection};

const ROWS: &str = include_str!("../../../../fixtures/galileosky/frames.jsonl");

#[derive(Debug, Deserialize)]
struct Row {
    n: u32,
    kind: String,
    #[serde(default)]
    hex: String,
    expect_hex: Option<String>,
    unique_id: Option<String>,
    attributes: Option<serde_json::Value>,
    expect: String,
    check: String,
}

fn rows() -> Vec<Row> {
    ROWS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn events(frame: &[u8]) -> Vec<Event> {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut events = Vec::new();
    match decode::packet(frame).unwrap() {
        Packet::Main(main) => {
            assert!(main.rest.is_empty(), "{:02X?}", main.rest);
            for record in main.records() {
                report::events(record, main.archive, now, &mut events);
            }
        }
        Packet::Photo { .. } => {}
        other => panic!("{other:?}"),
    }
    events
}

fn reports(frame: &[u8]) -> Vec<Report> {
    let of_report = |event| match event {
        Event::Report(report) => Some(report),
        _ => None,
    };
    events(frame).into_iter().filter_map(of_report).collect()
}

#[test]
fn every_row_decodes_to_what_it_states() {
    let rows = rows();
    assert_eq!(rows.len(), 9);
    for row in rows.iter().filter(|row| row.kind != "encode") {
        let (n, frame) = (row.n, hex(&row.hex));
        let (mut framer, mut scratch) = (GalileoskyFramer::new(&Limits::default()), Vec::new());
        let cut = framer.cut(&frame, &mut scratch).unwrap();
        assert_eq!(cut.consumed, frame.len(), "{n}");
        if row.check == "bad" {
            // A satellite modem's packets: no checksum at all.
            let reason = Rejection::Malformed;
            assert_eq!(cut.frame, Some(Frame::Rejected { raw: &frame, reason }), "{n}");
            continue;
        }
        assert_eq!(cut.frame, Some(Frame::Valid(&frame)), "{n}");
        match (row.expect.as_str(), n) {
            ("null", _) => assert!(events(&frame).is_empty(), "{n}"),
            // The answer to a command: their reading repeats the last position.
            ("positions", 5) => {
                let Ok(Packet::Main(main)) = decode::packet(&frame) else { panic!("{n}") };
                let answer = main.records().find_map(decode::command).unwrap();
                assert_eq!((answer.number, &answer.text[..]), (0, &b"OUT(3..0) = 1110"[..]));
                assert_eq!(answer.imei.as_deref(), Some(&b"863591023517372"[..]));
            }
            ("positions", _) => {
                let reports = reports(&frame);
                assert!(!reports.is_empty(), "{n}");
                for report in reports {
                    assert!(report.fix.is_some() && report.time.is_some(), "{n}: {report:?}");
                }
            }
            (other, _) => panic!("{n}: {other}"),
        }
    }
}

#[test]
fn the_command_is_the_one_that_is_stated() {
    let rows = rows();
    let row = rows.iter().find(|row| row.kind == "encode").unwrap();
    let text = row.attributes.as_ref().unwrap()["data"].as_str().unwrap();
    let command = Command {
        imei: Some(row.unique_id.clone().unwrap().into()),
        device: 0,
        number: 0,
        text: text.as_bytes().to_vec(),
    };
    assert_eq!(encode::command(&command).unwrap(), hex(row.expect_hex.as_ref().unwrap()));
}

#[test]
fn numbers_of_records_and_their_first_values() {
    let frame = |n: u32| {
        let rows = rows();
        hex(&rows.iter().find(|row| row.n == n && row.kind == "decode").unwrap().hex)
    };
    assert_eq!([2, 8, 9, 12].map(|n| reports(&frame(n)).len()), [5, 15, 3, 9]);

    let first = &reports(&frame(2))[0];
    let fix = first.fix.unwrap();
    assert_eq!(first.time.unwrap().to_string(), "2018-09-11T05:21:12Z");
    assert_eq!((fix.latitude, fix.longitude, fix.valid), (26.294_976, 49.924_871, true));
    assert_eq!((fix.speed, fix.course, fix.altitude), (Some(10.1), Some(179.8), Some(19.0)));
    // The top bit of the length: the device has more to tell.
    assert!(reports(&frame(9)).iter().all(|report| report.archived));
}

#[test]
fn extended_tags_are_read_one_by_one() {
    let rows = rows();
    let row = rows.iter().find(|row| row.n == 12).unwrap();
    let reports = reports(&hex(&row.hex));
    let value = |name: &str| {
        let found = reports[0].attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    assert_eq!(value("extended_0021"), Some(Value::Int(0x34d)));
    assert_eq!(value("extended_0028"), Some(Value::Int(0xffff_ffa8)));
    assert_eq!(value("odometer_km"), Some(Value::Float(23.441)));
    assert_eq!(value("power_v"), Some(Value::Float(26.632)));
}

#[test]
fn every_row_is_explained() {
    for row in rows().iter().filter(|row| row.kind == "decode" && row.check != "bad") {
        let explanation = explain::explain(&hex(&row.hex));
        assert_eq!(explanation.problem, None, "{}", row.n);
        assert!(explanation.fields.len() > 2, "{}", row.n);
    }
}

#[test]
fn a_flipped_bit_of_a_row_is_noticed() {
    for row in rows().iter().filter(|row| row.check == "ok" && row.kind == "decode") {
        let mut frame = hex(&row.hex);
        let middle = frame.len() / 2;
        frame[middle] ^= 0x10;
        let (mut framer, mut scratch) = (GalileoskyFramer::new(&Limits::default()), Vec::new());
        let cut = framer.cut(&frame, &mut scratch).unwrap();
        let rejected = |frame: &Frame<'_>| {
            matches!(frame, Frame::Rejected { reason: Rejection::Checksum { .. }, .. })
        };
        assert!(cut.frame.as_ref().is_some_and(rejected), "{}", row.n);
    }
}
