//! Every real packet decodes to what its row states.

use serde::Deserialize;

use super::super::encode;
use super::super::frame::seal;
use super::super::message::{Command, kind};
use super::{bytes, cut, events};
use crate::event::{Event, Report, Value};
use crate::wire::shown::hex;

const ROWS: &str = include_str!("../../../../fixtures/gt06/frames.jsonl");

/// Rows of which only the packet itself is stated to be readable and nothing in it: kept raw. See `fixtures/gt06/README.md`.
const KEPT_RAW: [u32; 12] = [13, 59, 60, 91, 92, 94, 95, 96, 109, 112, 134, 162];

#[derive(Debug, Deserialize)]
struct Row {
    n: u32,
    kind: String,
    #[serde(default)]
    hex: String,
    expect_hex: Option<String>,
    expect: String,
    check: String,
    time: Option<String>,
    valid: Option<bool>,
    lat: Option<f64>,
    lon: Option<f64>,
    attributes: Option<serde_json::Map<String, serde_json::Value>>,
}

fn rows() -> Vec<Row> {
    ROWS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_row_decodes_to_what_it_states_or_is_rejected() {
    let rows = rows();
    assert_eq!(rows.len(), 98);
    let good = seal(kind::TIME, &[], 1, false);
    for row in rows.iter().filter(|row| row.kind != "encode") {
        // The packet behind shows that the stream is in step again.
        let (mut packets, rejected) = cut(&[bytes(&row.hex), good.to_vec()].concat());
        assert_eq!(packets.pop().as_deref(), Some(&good[..]), "{}", row.n);
        match row.check.as_str() {
            // One of them is not even whole.
            "bad" => assert!(packets.is_empty() && (rejected > 0 || row.n == 159), "{}", row.n),
            "ok" => stated(row, &packets, rejected),
            other => panic!("{}: {other}", row.n),
        }
    }
}

fn stated(row: &Row, packets: &[Vec<u8>], rejected: usize) {
    assert!(rejected == 0 && packets.concat() == bytes(&row.hex), "{}", row.n);
    let events: Vec<Event> = packets.iter().flat_map(|packet| events(packet)).collect();
    let reports = || {
        events.iter().filter_map(|event| match event {
            Event::Report(report) => Some(report),
            _ => None,
        })
    };
    let fixed = reports().any(|report| report.fix.is_some());
    match row.expect.as_str() {
        "position" => assert!(fixed, "{}: {events:?}", row.n),
        "null" => assert!(!fixed, "{}: {events:?}", row.n),
        _ if KEPT_RAW.contains(&row.n) => assert!(events.is_empty(), "{}: {events:?}", row.n),
        _ => assert!(!events.is_empty(), "{}", row.n),
    }
    if let Some(time) = &row.time {
        let report = reports().next().unwrap();
        let time: jiff::Timestamp = format!("{}Z", time.replace(' ', "T")).parse().unwrap();
        let (fix, near) = (report.fix.unwrap(), |a: f64, b: f64| (a - b).abs() < 1e-5);
        assert_eq!((report.time, Some(fix.valid)), (Some(time), row.valid), "{}", row.n);
        assert!(near(fix.latitude, row.lat.unwrap()) && near(fix.longitude, row.lon.unwrap()));
    }
    for (name, value) in row.attributes.iter().flatten() {
        attribute(row.n, name, value, &events);
    }
}

/// The rows state attributes under their own project's names.
fn attribute(n: u32, name: &str, stated: &serde_json::Value, events: &[Event]) {
    let values = |name: &str| -> Vec<Value> {
        let lists = events.iter().filter_map(|event| match event {
            Event::Report(Report { attributes, .. }) | Event::Info(attributes) => Some(attributes),
            _ => None,
        });
        let values = lists.flatten().filter(|(key, _)| key == name).map(|(_, value)| value.clone());
        values.collect()
    };
    let one = |name: &str| match &values(name)[..] {
        [value] => value.clone(),
        other => panic!("{n}: {name} is {other:?}"),
    };
    let words = |text: &str| Value::Text(text.to_owned());
    let text = stated.as_str().unwrap_or_default();
    match name {
        "alarm" => {
            let neutral = match text {
                "removing" | "tampering" => "tamper",
                "hardAcceleration" => "harsh_acceleration",
                "hardBraking" => "harsh_braking",
                same => same,
            };
            assert!(values("alarm").contains(&words(neutral)), "{n}: {:?}", values("alarm"));
        }
        "power" => assert_eq!(one("power_v"), Value::Float(stated.as_f64().unwrap()), "{n}"),
        "battery" => assert_eq!(one("battery_v"), Value::Float(stated.as_f64().unwrap()), "{n}"),
        "temp1" => assert_eq!(one("temperature1_c"), Value::Float(stated.as_f64().unwrap()), "{n}"),
        "batteryLevel" => {
            assert_eq!(one("battery_level"), Value::Int(stated.as_i64().unwrap()), "{n}");
        }
        "steps" => assert_eq!(one("steps"), Value::Int(stated.as_i64().unwrap()), "{n}"),
        "event" => assert_eq!(one("alarm_code"), Value::Int(stated.as_i64().unwrap()), "{n}"),
        "ignition" => assert_eq!(one("ignition"), Value::Bool(stated.as_bool().unwrap()), "{n}"),
        "iccid" => assert_eq!(one("iccid"), words(text), "{n}"),
        "door" => {
            assert_eq!((one("door1_open"), stated.as_bool()), (Value::Bool(true), Some(true)))
        }
        // A text as text; anything else is stated in hexadecimal.
        "result" if !values("serial_text").is_empty() => {
            assert_eq!(one("serial_text"), words(text), "{n}");
        }
        "result" => match one("serial_data") {
            Value::Bytes(found) => assert_eq!(hex(&found), text, "{n}"),
            other => panic!("{n}: {other:?}"),
        },
        "driverUniqueId" => {
            let card = events.iter().find_map(|event| match event {
                Event::Driver(driver) => driver.id.clone(),
                _ => None,
            });
            let card = card.unwrap();
            // One is stated with the control characters around it.
            let framed = format!("02{}03", hex(card.as_bytes()).to_ascii_uppercase());
            assert!(card == text || framed == text, "{n}: {card}");
            assert_eq!(one("driver_key"), Value::Text(card), "{n}");
        }
        // That project took the packet's checksum for a height: 0x8429 is −31703.
        "altitude" => assert_eq!((n, stated.as_f64()), (20, Some(-31703.0))),
        other => panic!("{n}: the test does not know the stated attribute {other}"),
    }
}

#[test]
fn the_encoders_row_is_what_we_write() {
    let rows = rows();
    let row = rows.iter().find(|row| row.kind == "encode").unwrap();
    let command = Command { flag: 0, text: b"Relay,1#", language: None };
    let wire = seal(kind::COMMAND, &encode::command(&command), 0, false);
    assert_eq!(Some(hex(&wire)), row.expect_hex);
}

#[test]
fn every_readable_row_is_explained_without_a_problem() {
    for row in rows().iter().filter(|row| row.check == "ok" && row.kind != "encode") {
        for packet in cut(&bytes(&row.hex)).0 {
            let explanation = super::super::explain::explain(&packet);
            assert_eq!(explanation.problem, None, "{}", row.n);
            let raw: String = explanation.fields.iter().map(|field| field.raw.as_str()).collect();
            assert_eq!(raw, hex(&packet), "{}: every byte is shown", row.n);
        }
    }
}
