//! Every real frame decodes to what its row states.

use serde::Deserialize;

use super::super::decode;
use super::super::frame::split;
use super::super::message::{Packet, Version};
use super::super::report;
use crate::event::{Event, Fix, Report, Value};
use crate::text::Charset;

const ROWS: &str = include_str!("../../../../fixtures/wialon_ips/frames.jsonl");

#[derive(Debug, Deserialize)]
struct Row {
    n: u32,
    text: String,
    expect: String,
    check: String,
    time: Option<String>,
    valid: Option<bool>,
    lat: Option<f64>,
    lon: Option<f64>,
    attributes: Option<serde_json::Value>,
}

fn rows() -> Vec<Row> {
    ROWS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn reports(row: &Row) -> Option<Vec<Report>> {
    let version = if row.check == "ok" { Version::V2 } else { Version::V1 };
    let parts = split(row.text.as_bytes()).unwrap();
    let packet = match decode::body(&parts, version) {
        Ok(packet) => packet,
        // The identity was replaced and its checksum left.
        Err(error) if row.text.ends_with(";;CE45") => {
            assert_eq!((error.message, error.field), ("L login", decode::CRC));
            return None;
        }
        Err(error) => panic!("{}: {error}", row.n),
    };
    let (records, archived) = match packet {
        Packet::ShortData(record) | Packet::Data(record) => (vec![record], false),
        Packet::BlackBox(black_box) => {
            assert_eq!(black_box.unreadable, 0, "{}", row.n);
            (black_box.records, true)
        }
        Packet::Login(_) => return None,
        other => panic!("{}: {other:?}", row.n),
    };
    let mut events = Vec::new();
    for record in &records {
        report::events(record, archived, Charset::Utf8, &mut events);
    }
    let reports = events.into_iter().filter_map(|event| match event {
        Event::Report(report) => Some(report),
        _ => None,
    });
    Some(reports.collect())
}

#[test]
fn every_row_decodes_to_what_it_states() {
    let rows = rows();
    assert_eq!(rows.len(), 17);
    for row in &rows {
        let reports = match (reports(row), row.expect.as_str()) {
            (None, "null") => continue,
            (Some(reports), "position" | "positions" | "attributes") => reports,
            (reports, expect) => panic!("{}: {expect}, found {reports:?}", row.n),
        };
        if row.expect.starts_with("position") {
            assert!(reports.iter().all(|report| report.fix.is_some()), "{}", row.n);
        }
        let report = &reports[0];
        if let Some(time) = &row.time {
            let expected: jiff::Timestamp = format!("{}Z", time.replace(' ', "T")).parse().unwrap();
            assert_eq!(report.time, Some(expected), "{}", row.n);
        }
        if let (Some(valid), Some(lat), Some(lon)) = (row.valid, row.lat, row.lon) {
            let fix: Fix = report.fix.unwrap();
            assert_eq!(fix.valid, valid, "{}", row.n);
            assert!((fix.latitude - lat).abs() < 1e-5 && (fix.longitude - lon).abs() < 1e-5);
        }
        if let Some(attributes) = &row.attributes {
            stated(row.n, attributes, report);
        }
    }
}

/// The rows state attributes under their own project's names.
fn stated(n: u32, attributes: &serde_json::Value, report: &Report) {
    let found = |name: &str| {
        let value = report.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        match value {
            Some(Value::Int(number)) => serde_json::json!(*number as f64),
            Some(Value::Float(number)) => serde_json::json!(number),
            other => panic!("{n}: {name} is {other:?}"),
        }
    };
    let number = |value: &serde_json::Value| serde_json::json!(value.as_f64().unwrap());
    for (name, value) in attributes.as_object().unwrap() {
        match name.as_str() {
            "deviceTemp" => assert_eq!(found("device_temperature_c"), number(value)),
            "batteryLevel" => assert_eq!(found("battery_level"), number(value)),
            "network" => {
                for (index, tower) in (1..).zip(value["cellTowers"].as_array().unwrap()) {
                    let cell = |part: &str| found(&format!("cell{index}.{part}"));
                    assert_eq!(cell("mcc"), number(&tower["mobileCountryCode"]));
                    assert_eq!(cell("mnc"), number(&tower["mobileNetworkCode"]));
                    assert_eq!(cell("lac"), number(&tower["locationAreaCode"]));
                    assert_eq!(cell("id"), number(&tower["cellId"]));
                }
            }
            other => panic!("{n}: the test does not know the stated attribute {other}"),
        }
    }
}

#[test]
fn a_damaged_digit_of_a_checked_row_is_noticed() {
    for row in rows().iter().filter(|row| row.check == "ok") {
        let damaged = row.text.replacen(";N;", ";S;", 1);
        let parts = split(damaged.as_bytes()).unwrap();
        let error = decode::body(&parts, Version::V2).unwrap_err();
        assert_eq!(error.field, decode::CRC, "{}", row.n);
    }
}

#[test]
fn every_row_is_explained_without_a_problem() {
    for row in rows() {
        let explanation = super::super::explain::explain(row.text.as_bytes());
        let redacted = row.text.ends_with(";;CE45");
        assert_eq!(explanation.problem.is_some(), redacted, "{}: {explanation:?}", row.n);
    }
}
