//! Every JT/T 808 row of `fixtures/jt808/frames.jsonl`: frames of real devices, and what another project reads in them.
//!
//! That project knows vendors' items by model; here they are kept raw. [`COVERED`] says for each stated attribute what it is
//! here: a neutral attribute, the driver's (or the machine's) text, or the raw bytes in which the vendor put it.

use std::path::PathBuf;

use protocols::{Event, Report, Value};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::jt808_bench::{Host, Out, Peer, bytes, escaped, events, jt808};

#[derive(Deserialize)]
struct Row {
    kind: String,
    n: u32,
    hex: Option<String>,
    expect: String,
    check: Option<String>,
    #[serde(default)]
    attributes: serde_json::Map<String, Json>,
}

fn rows(kind: &str) -> Vec<Row> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/jt808/frames.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Row>(line).unwrap());
    rows.filter(|row| row.kind == kind).collect()
}

/// Where a stated attribute is found.
enum Where {
    /// A neutral attribute with this value.
    Neutral(&'static str, Value),
    /// A text that contains the stated value.
    Text,
    /// A vendor's item: only its presence is checked.
    Item(&'static str),
    /// A vendor's transparent data of this type: only its presence is checked.
    Data(u8),
    /// A message of a related protocol, which is recognised and not decoded.
    Relative,
}

use Where::{Data, Item, Neutral, Relative, Text};

/// Row, attribute as stated, and where it is here.
const COVERED: &[(u32, &str, Where)] = &[
    (1, "power", Item("item_EB")),
    (3, "batteryLevel", Item("item_E4")),
    (8, "battery", Item("item_EB")),
    (9, "alarm", Item("item_EB")),
    (11, "motion", Item("item_EB")),
    (12, "timezone", Item("item_EB")),
    (14, "videoAlarm", Neutral("video_alarms", Value::Int(4))),
    (18, "tire1Pressure", Item("item_77")),
    (19, "driverUniqueId", Text),
    (22, "fuelUsed", Data(0x41)),
    (23, "result", Text),
    (26, "temp1", Item("item_F6")),
    (28, "batteryLevel", Item("item_E3")),
    (29, "temp1", Item("item_5D")),
    (31, "batteryLevel", Item("item_EB")),
    (35, "driverUniqueId", Item("item_60")),
    (36, "lock2Battery", Item("item_66")),
    (38, "batteryLevel", Item("item_56")),
    (42, "batteryLevel", Item("item_E1")),
    (44, "tilt", Relative),
    (49, "temp3", Item("item_E6")),
    (50, "alarm", Item("item_FE")),
    (53, "lock1Locked", Item("item_D5")),
    (57, "dtcs", Item("item_A0")),
    (65, "power", Item("item_EB")),
    (73, "battery", Item("item_33")),
    (95, "power", Item("item_82")),
    (102, "door", Neutral("door4_open", Value::Bool(true))),
    (103, "alarm", Item("item_57")),
    // The vendor gives bit 16 a meaning of its own; the standard of 2013 has none for it.
    (104, "alarm", Neutral("alarm_bits", Value::Int(0x1_0000))),
    (105, "battery", Item("item_E8")),
    (107, "alarm", Item("item_E8")),
    (110, "iccid", Item("item_F8")),
    (111, "tag1Mac", Data(0x53)),
    (112, "deviceTemp", Data(0x54)),
];

/// Rows whose position is in a message that is not decoded here: of a related protocol, or in vendors' data.
const POSITION_ELSEWHERE: &[u32] = &[34, 54, 70];

fn reports(events: &[Event]) -> Vec<&Report> {
    let reports = events.iter().filter_map(|event| match event {
        Event::Report(report) => Some(report),
        _ => None,
    });
    reports.collect()
}

/// What a terminal that sends only this frame causes.
fn outcome(row: &Row) -> Vec<Out> {
    let plain = bytes(row.hex.as_deref().unwrap());
    let mut peer = Peer::new(Host::known(&[]));
    peer.feed(&escaped(&plain[1..plain.len() - 1]))
}

fn has(report: &Report, wanted: &str) -> bool {
    report.attributes.iter().any(|(name, _)| name == wanted)
}

#[track_caller]
fn check_attribute(row: &Row, attribute: &str, value: &Json, out: &[Out]) {
    let covered = COVERED.iter().find(|(n, name, _)| (*n, *name) == (row.n, attribute));
    let (.., place) =
        covered.unwrap_or_else(|| panic!("{} {attribute} is not in the table", row.n));
    let events = events(out);
    let reports = reports(&events);
    let found = match place {
        Neutral(name, value) => {
            reports.iter().any(|report| report.attributes.iter().any(|(n, v)| n == name && v == value))
        }
        Item(name) => reports.iter().any(|report| has(report, name)),
        Text => events.iter().any(
            |event| matches!(event, Event::Message(text) if text.text.contains(value.as_str().unwrap())),
        ),
        Data(kind) => events.iter().any(
            |event| matches!(event, Event::Unhandled { kind: 0x0900, raw } if raw.first() == Some(kind)),
        ),
        Relative => matches!(out, [Out::Error(error)] if error.contains("related protocol")),
    };
    assert!(found, "{} {attribute}: {out:?}", row.n);
}

#[test]
fn every_frame_of_a_real_device_is_understood() {
    let rows = rows("decode");
    assert_eq!(rows.len(), 57);
    let mut used = 0;
    for row in &rows {
        let out = outcome(row);
        if row.check.as_deref() == Some("bad") {
            assert!(out.is_empty(), "{}: {out:?}", row.n);
            continue;
        }
        let events = events(&out);
        let reports = reports(&events);
        let fixes = reports.iter().filter(|report| report.fix.is_some()).count();
        match row.expect.as_str() {
            "null" => assert!(events.is_empty(), "{}: {events:?}", row.n),
            "position" | "positions" if POSITION_ELSEWHERE.contains(&row.n) => {
                assert!(reports.is_empty())
            }
            "position" => assert_eq!((reports.len(), fixes), (1, 1), "{}", row.n),
            "positions" => assert!(fixes >= 2 && fixes == reports.len(), "{}: {fixes}", row.n),
            _ => assert!(!out.is_empty(), "{}", row.n),
        }
        assert!(reports.iter().all(|report| report.time.is_some()), "{}", row.n);
        for (name, value) in &row.attributes {
            check_attribute(row, name, value, &out);
            used += 1;
        }
    }
    // One row of the table's attributes is in a frame with a wrong checksum.
    assert_eq!(used, COVERED.len());
}

#[test]
fn every_one_of_them_can_be_explained() {
    for row in rows("decode").iter().filter(|row| row.check.as_deref() == Some("ok")) {
        let plain = bytes(row.hex.as_deref().unwrap());
        let explanation = jt808().explain(&plain[1..plain.len() - 2]);
        assert!(!explanation.fields.is_empty() && !explanation.title.is_empty(), "{}", row.n);
        // A relative, and two frames whose length field is wrong, have something said about them; the others have not.
        if let Some(problem) = explanation.problem {
            assert!(
                problem.contains("related protocol") || problem.contains("length field"),
                "{}: {problem}",
                row.n
            );
        }
    }
}
