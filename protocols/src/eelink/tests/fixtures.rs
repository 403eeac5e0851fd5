//! Every real frame decodes to what its row states.

use serde::Deserialize;

use super::super::encode;
use super::super::frame::{seal, seal_datagram};
use super::super::message::{Instruction, id};
use super::{bytes, cut, events, reports};
use crate::event::{Event, Report, Value};
use crate::wire::bcd;
use crate::wire::shown::hex;

const ROWS: &str = include_str!("../../../../fixtures/eelink/frames.jsonl");

#[derive(Debug, Deserialize)]
struct Row {
    n: u32,
    kind: String,
    test: String,
    method: String,
    #[serde(default)]
    hex: String,
    expect_hex: Option<String>,
    unique_id: Option<String>,
    expect: String,
    attributes: Option<serde_json::Map<String, serde_json::Value>>,
}

fn rows(kind: &str) -> Vec<Row> {
    let rows = ROWS.lines().map(|line| serde_json::from_str::<Row>(line).unwrap());
    rows.filter(|row| row.kind == kind).collect()
}

#[test]
fn every_row_decodes_to_what_it_states() {
    let rows = rows("decode");
    assert_eq!(rows.len(), 14);
    for row in &rows {
        let wire = bytes(&row.hex);
        let (frames, rejected) = cut(&wire);
        assert_eq!((frames.concat(), rejected), (wire.clone(), 0), "{}", row.n);
        let found = reports(&wire);
        let fixed = found.iter().filter(|report| report.fix.is_some()).count();
        match (row.n, row.expect.as_str()) {
            // What that project fills in from earlier is not in the frame: 0/0 without a fix, and three times no position at all.
            (18, "position") => assert_eq!((found.len(), fixed), (1, 0)),
            (4, "positions") => assert_eq!((found.len(), fixed), (3, 0)),
            (n, "position") => assert_eq!((found.len(), fixed), (1, 1), "{n}"),
            (n, "attributes") => assert!(!events(&wire).is_empty(), "{n}"),
            (n, "null") => assert!(events(&wire).is_empty(), "{n}"),
            (n, other) => panic!("{n}: {other}"),
        }
        for (name, value) in row.attributes.iter().flatten() {
            let lists = events(&wire).into_iter().filter_map(|event| match event {
                Event::Report(Report { attributes, .. }) | Event::Info(attributes) => {
                    Some(attributes)
                }
                _ => None,
            });
            let (neutral, value) = match (name.as_str(), value) {
                ("alarm", value) if value == "removing" => {
                    ("alarm", Value::Text("tamper".to_owned()))
                }
                ("ignition", value) => ("ignition", Value::Bool(value.as_bool().unwrap())),
                ("temp2", value) => ("temperature2_c", Value::Float(value.as_f64().unwrap())),
                (other, _) => panic!("{}: the test does not know {other}", row.n),
            };
            assert!(
                lists.flatten().any(|found| found == (neutral.into(), value.clone())),
                "{}",
                row.n
            );
        }
    }
}

#[test]
fn the_encoders_rows_are_what_we_write() {
    let rows = rows("encode");
    assert_eq!(rows.len(), 2);
    for row in rows {
        let instruction = Instruction { kind: 1, unique_id: 0, text: "RELAY,1#".into() };
        let package = seal(id::INSTRUCTION, 0, &encode::instruction(&instruction));
        let wire = match row.method.as_str() {
            "testEncodeTcp" => package,
            _ => seal_datagram(bcd::sixteen(row.unique_id.as_deref().unwrap()), &package),
        };
        assert_eq!(Some(hex(&wire)), row.expect_hex, "{}", row.test);
    }
}

#[test]
fn every_row_is_explained_without_a_problem() {
    for row in rows("decode") {
        let explanation = super::super::explain::explain(&bytes(&row.hex));
        assert_eq!(explanation.problem, None, "{}", row.n);
        let raw: String = explanation.fields.iter().map(|field| field.raw.as_str()).collect();
        assert_eq!(raw, row.hex, "{}: every byte is shown", row.n);
    }
}
