//! Every real frame decodes to what its row states, or is rejected where its checksum is bad.

use serde::Deserialize;

use super::super::envelope::{MessageCodec, unwrap, wrap12};
use super::super::message::{Codec, IoValue};
use super::super::names::Naming;
use super::super::report::Plausible;
use super::super::{decode, explain};
use super::{bytes, cut_all, records, whole};
use crate::event::Value;
use crate::framing::Limits;

const ROWS: &str = include_str!("../../../../fixtures/teltonika/frames.jsonl");

#[derive(Debug, Deserialize)]
struct Row {
    kind: String,
    n: u32,
    #[serde(default)]
    hex: String,
    #[serde(default)]
    expect_hex: String,
    #[serde(default)]
    frame_hex: String,
    expect: String,
    check: String,
    #[serde(default = "yes")]
    check_location: bool,
    #[serde(default)]
    setup: Vec<String>,
    attributes: Option<serde_json::Value>,
}

const fn yes() -> bool {
    true
}

fn rows(kind: &str) -> Vec<Row> {
    let rows = ROWS.lines().map(|line| serde_json::from_str(line).unwrap());
    rows.filter(|row: &Row| row.kind == kind).collect()
}

/// Reports of a row's records, or nothing for a row of another kind.
fn check(row: &Row) {
    let raw = bytes(&row.hex);
    match row.check.as_str() {
        "bad" => {
            let (seen, _) = cut_all(&raw, &Limits::default());
            let rejected = seen.is_empty() || seen[0].starts_with("checksum is");
            return assert!(rejected, "{}: {seen:?}", row.n);
        }
        "none" if raw == [0xff] => {
            return assert_eq!(cut_all(&raw, &Limits::default()), (Vec::new(), Ok(0)));
        }
        "none" => return assert_eq!(decode::handshake(&raw), Ok("123456789012345"), "{}", row.n),
        _ => {}
    }
    let frame = whole(&raw);
    let id = decode::codec(&frame).unwrap();
    if let Some(codec) = Codec::by_id(id) {
        return positions(row, &frame, codec);
    }
    match MessageCodec::by_id(id) {
        Some(codec) => assert_eq!(unwrap(&frame, codec).unwrap().len(), 1, "{}", row.n),
        None => assert_eq!((row.n, id), (31, 7), "codec 7 is not read"),
    }
}

fn positions(row: &Row, frame: &[u8], codec: Codec) {
    let extended = row.setup.iter().any(|line| line == "setExtended(true)");
    let naming = if row.setup.is_empty() { Naming::Common } else { Naming::Fmb };
    let records = records(frame, codec, extended);
    assert_eq!(Some(&(records.len() as u8)), frame.get(9), "{}", row.n);
    for record in &records {
        let report = record
            .report(record.time(Plausible::at("2027-01-01T00:00:00Z".parse().unwrap())), naming);
        // A row whose locations are not stated may have none.
        assert!(report.fix.is_some() || !row.check_location, "{}: {report:?}", row.n);
        let mut elements = 0;
        record.io.each(|_, _| elements += 1);
        assert_eq!(usize::from(record.total), elements, "{}", row.n);
    }
    for (name, stated) in row.attributes.iter().flat_map(|list| list.as_object().unwrap()) {
        let stated = stated.as_f64().unwrap();
        match name.as_str() {
            "eyeTemp1" => {
                let report = records[0].report(None, naming);
                let found = report.attributes.iter().find(|(key, _)| key == "eye1.temperature_c");
                assert_eq!(found.map(|(_, value)| value.clone()), Some(Value::Float(stated)));
            }
            // A list of beacons in one value, kept as bytes: the voltage of the first stands in two bytes behind its mark.
            "tag1Voltage" => {
                let mut list = None;
                records[0].io.each(|id, value| {
                    if let (548, IoValue::Bytes(bytes)) = (id, value) {
                        list = Some(bytes);
                    }
                });
                let list = list.unwrap();
                let at = list.windows(3).position(|bytes| bytes == [2, 2, 0x80]).unwrap();
                assert_eq!(f64::from(list[at + 3]) * 10.0 + 2000.0, stated);
            }
            other => panic!("{}: the test does not know the stated attribute {other}", row.n),
        }
    }
}

#[test]
fn every_row_decodes_to_what_it_states() {
    let rows = rows("decode");
    assert_eq!(rows.len(), 29);
    rows.iter().for_each(check);
    assert_eq!(rows.iter().filter(|row| row.check == "bad").count(), 5);
    assert!(rows.iter().all(|row| ["positions", "attributes", "null"].contains(&&*row.expect)));
}

#[test]
fn the_framing_rows_are_cut_as_they_state() {
    for row in rows("frame") {
        let stream = bytes(&row.hex);
        // A keep-alive is a frame there, and skipped here; either way it is one byte.
        let expected = if row.frame_hex == "ff" { stream.len() - 1 } else { stream.len() };
        let seen = vec![format!("{expected} bytes")];
        assert_eq!(cut_all(&stream, &Limits::default()), (seen, Ok(0)), "{}", row.n);
    }
}

#[test]
fn the_command_row_is_what_we_write() {
    let rows = rows("encode");
    let [row] = &rows[..] else { panic!("{rows:?}") };
    let command = row.attributes.as_ref().unwrap()["data"].as_str().unwrap();
    assert_eq!(wrap12(5, command.as_bytes()), bytes(&row.expect_hex));
}

#[test]
fn a_flipped_bit_of_a_checked_row_is_noticed() {
    let limits = Limits::default();
    let checked = rows("decode").into_iter().filter(|row| row.check == "ok");
    for row in checked.filter(|row| row.hex.len() < 400) {
        let good = bytes(&row.hex);
        // The length decides where the checksum stands, so the frame may become an unfinished one; it is never another one.
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let stream = [b"\0\x0f356307042441013", &bad[..]].concat();
            let (seen, _) = cut_all(&stream, &limits);
            let valid = seen.iter().skip(1).any(|seen| seen.ends_with("bytes"));
            assert!(!valid, "{} bit {bit}: {seen:?}", row.n);
        }
    }
}

#[test]
fn every_row_is_explained() {
    for row in rows("decode") {
        let frame = bytes(&row.hex);
        let explanation = explain::explain(&frame);
        let fine = row.check == "ok" && row.n != 31 || row.hex.starts_with("000f");
        assert_eq!(explanation.problem.is_none(), fine, "{}: {explanation:?}", row.n);
    }
}
