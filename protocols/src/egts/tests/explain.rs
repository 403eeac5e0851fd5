//! Explanations: all bytes, in order, under the names of the listing.

use super::{sample, samples};
use crate::egts::explain::explain;
use crate::explain::{Explanation, Field};

/// Fields that have bytes of their own, in wire order.
fn flat(fields: &[Field], out: &mut Vec<(String, String, String)>) {
    for field in fields {
        if !field.raw.is_empty() {
            out.push((field.raw.clone(), field.name.clone(), field.value.clone()));
        }
        flat(&field.children, out);
    }
}

fn walked(explanation: &Explanation) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    flat(&explanation.fields, &mut out);
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_byte_of_a_sample_is_explained_once() {
    for sample in samples() {
        let explanation = explain(&sample.bytes);
        assert_eq!(explanation.problem, None, "{}", sample.tag);
        let all: String = walked(&explanation).into_iter().map(|(raw, ..)| raw).collect();
        assert_eq!(all, hex(&sample.bytes), "{}", sample.tag);
    }
}

#[test]
fn fields_are_those_of_the_listing() {
    for sample in samples() {
        let mut found = walked(&explain(&sample.bytes));
        if sample.tag != "R1" {
            let body = found.iter().position(|(_, name, _)| name == "HCS").unwrap() + 1;
            found.drain(..body);
            if found.last().is_some_and(|(_, name, _)| name == "SFRCS") {
                found.pop();
            }
        }
        let names = found.iter().map(|(raw, name, _)| (raw.as_str(), name.as_str()));
        let found: Vec<_> = names.collect();
        assert_eq!(found.len(), sample.fields.len(), "{}: {found:?}", sample.tag);
        for ((raw, name), (bytes, listed)) in found.iter().zip(&sample.fields) {
            // Long fields are cut off in the listing; remarks stand in brackets.
            let same = match bytes.strip_suffix('…') {
                Some(start) => raw.starts_with(start),
                None => raw == bytes,
            };
            let listed = listed.split(" (").next().unwrap();
            assert!(
                same && *name == listed,
                "{}: {raw} {name}, listed {bytes} {listed}",
                sample.tag
            );
        }
    }
}

#[test]
fn values_are_in_words() {
    let value = |tag: &str, wanted: &str| {
        let explanation = explain(&sample(tag));
        let found = walked(&explanation).into_iter().find(|(_, name, _)| name == wanted);
        found.unwrap().2
    };
    assert_eq!(value("R1", "IMEI"), "\"866104029690008\"");
    assert_eq!(value("R7", "NTM"), "351477040 = 2021-02-20T00:30:40Z");
    assert_eq!(value("R7", "LAT"), "46.942941");
    assert_eq!(value("R7", "ODM"), "19.1 km");
    assert_eq!(value("R11", "DT"), "\"internet\"");
    assert_eq!(value("S1", "CD"), "\"Позвоните диспетчеру\"");
    assert_eq!(value("S6", "CT/CCT"), "CT=2 MSGCONF, CCT=1 ERROR");
    assert_eq!(value("S13", "PR"), "138 DATACRC_ERROR");
    assert_eq!(explain(&sample("S11")).title, "APPDATA: sign of life");
    assert_eq!(explain(&sample("R4")).title, "APPDATA: DISPATCHER_IDENTITY");
}

#[test]
fn what_is_wrong_is_said() {
    let problem = |bytes: &[u8]| explain(bytes).problem.unwrap_or_default();
    let mut damaged = sample("R6");
    damaged[5] ^= 1;
    assert!(problem(&damaged).starts_with("header CRC is"));
    let mut foreign = sample("R6");
    foreign[0] = 9;
    assert_eq!(problem(&foreign), "not version 1: 128 UNS_PROTOCOL");
    assert_eq!(problem(&sample("R6")[..7]), "not a whole header");
    let unknown = crate::egts::header::seal(7, 1, None, b"abc");
    assert_eq!(problem(&unknown), "is not processed: 133 UNS_TYPE");
    let broken = crate::egts::header::seal(1, 1, None, &[9, 0, 1, 0, 0, 2, 2, 16, 1]);
    assert_eq!(problem(&broken), "APPDATA: field RD at offset 18: ends too early");
    let record = [3, 0, 1, 0, 0, 2, 2, 16, 1, 0];
    let broken = crate::egts::header::seal(1, 1, None, &record);
    assert_eq!(problem(&broken), "sub-record: field SRD at offset 21: ends too early");
}
