//! Every real packet decodes to what its row states.

use jiff::Timestamp;
use serde::Deserialize;

use super::{bytes, cut_in, subs};
use crate::egts::decode;
use crate::egts::message::{Sub, known, service};
use crate::egts::report::Reports;
use crate::event::{Report, Value};

const ROWS: &str = include_str!("../../../../fixtures/egts/frames.jsonl");

#[derive(Debug, Deserialize)]
struct Row {
    method: String,
    n: u32,
    hex: String,
    frame_hex: Option<String>,
    expect: String,
    check: String,
    time: Option<String>,
    valid: Option<bool>,
    lat: Option<f64>,
    lon: Option<f64>,
}

fn rows() -> Vec<Row> {
    ROWS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The reports of a packet, with the object of their record.
fn reports(packet: &[u8]) -> Vec<(Option<u32>, Report)> {
    let received: Timestamp = "2025-10-06T08:20:00Z".parse().unwrap();
    let packet = decode::packet(packet).unwrap();
    let telemetry = packet.body.records().iter().filter(|r| r.source == service::TELEDATA);
    let of = telemetry.map(|record| {
        let mut reports = Reports::new(record.time, received);
        for raw in decode::subs(record) {
            let sub = decode::sub(record.source, &raw.unwrap()).unwrap();
            assert!(reports.add(&sub), "{sub:?}");
        }
        reports.finish().into_iter().map(|report| (record.object, report))
    });
    of.flatten().collect()
}

#[test]
fn every_row_decodes_to_what_it_states() {
    let rows = rows();
    assert_eq!(rows.len(), 9);
    for row in &rows {
        let at = format!("{} {}", row.method, row.n);
        assert_eq!(row.check, "ok", "{at}");
        let packet = bytes(&row.hex);
        assert_eq!(cut_in(&packet, &[usize::MAX]).unwrap(), [Ok(packet.clone())], "{at}");
        if let Some(frame) = &row.frame_hex {
            assert_eq!(bytes(frame), packet, "{at}");
        }
        let reports = reports(&packet);
        match row.expect.as_str() {
            "null" => assert!(reports.is_empty(), "{at}"),
            "positions" | "other" => {
                assert!(reports.iter().any(|(_, report)| report.fix.is_some()), "{at}");
            }
            other => panic!("{at}: the test does not know the statement {other}"),
        }
        if let (Some(time), Some(valid), Some(lat), Some(lon)) =
            (&row.time, row.valid, row.lat, row.lon)
        {
            let [(_, report)] = &reports[..] else { panic!("{at}: {reports:?}") };
            let expected: Timestamp = format!("{}Z", time.replace(' ', "T")).parse().unwrap();
            assert_eq!(report.time, Some(expected), "{at}");
            let fix = report.fix.unwrap();
            assert_eq!(fix.valid, valid, "{at}");
            assert!((fix.latitude - lat).abs() < 1e-5 && (fix.longitude - lon).abs() < 1e-5);
        }
        assert_eq!(crate::egts::explain::explain(&packet).problem, None, "{at}");
    }
}

fn row(method: &str, n: u32) -> Vec<u8> {
    bytes(&rows().iter().find(|row| row.method == method && row.n == n).unwrap().hex)
}

fn number(report: &Report, name: &str) -> Option<i64> {
    report.attributes.iter().find_map(|(key, value)| match value {
        Value::Int(number) if key == name => Some(*number),
        _ => None,
    })
}

#[test]
fn logins_say_who_they_are() {
    let identity = |n| {
        let bytes = row("testDecodeWithAuth", n);
        let packet = decode::packet(&bytes).unwrap();
        let found: Vec<_> = subs(&packet)
            .into_iter()
            .map(|sub| match sub {
                Sub::TermIdentity(identity) => {
                    let imei = identity.imei.and_then(known).map(<[u8]>::to_vec);
                    (identity.id, imei.map(|imei| String::from_utf8(imei).unwrap()))
                }
                other => panic!("{other:?}"),
            })
            .collect();
        found
    };
    // The unit id in the place of the IMEI, filled up with NULs.
    assert_eq!(identity(6), [(865_905, Some("865905".to_owned()))]);
    assert_eq!(identity(7), [(3, Some("864495034643376".to_owned()))]);
    let bytes = row("testDecodeWithObjectId", 0);
    let packet = decode::packet(&bytes).unwrap();
    let [Sub::DispatcherIdentity(dispatcher)] = &subs(&packet)[..] else { panic!("{packet:?}") };
    assert_eq!((dispatcher.kind, dispatcher.id), (0, 2219));
    assert_eq!(dispatcher.description, b"bG9naW46cGFzc3dvcmQ=");
}

#[test]
fn several_points_and_sensors_of_one_packet_are_told_apart() {
    // Many points in one record, each followed by its sensors.
    let points = reports(&row("testDecodeWithAuth", 13));
    assert!(points.len() > 10);
    for (object, report) in &points {
        assert_eq!((*object, report.fix.is_some()), (Some(865_905), true));
        assert!(matches!(number(report, "adc2"), Some(26..=28)), "{report:?}");
        assert_eq!(number(report, "outputs"), Some(0));
    }
    // Records of positions and records of sensors only, which are dated by the record.
    let mixed = reports(&row("testDecodeWithObjectId", 4));
    let (with, without): (Vec<_>, Vec<_>) =
        mixed.iter().partition(|(_, report)| report.fix.is_some());
    assert!(!with.is_empty() && !without.is_empty());
    assert!(mixed.iter().all(|(object, _)| *object == Some(45_177)));
    let (_, sensors) = without[0];
    assert_eq!(sensors.time.unwrap().to_string(), "2019-11-28T10:13:14Z");
    assert_eq!((number(sensors, "adc2"), number(sensors, "counter2")), (Some(0), Some(0)));
    assert!(sensors.attributes.contains(&("power_v".into(), Value::Float(9.2))), "{sensors:?}");
    // Satellites stand in the extension.
    let extended = reports(&row("testDecodeWithAuth", 11));
    assert_eq!(extended[0].1.fix.unwrap().satellites, Some(12));
    assert_eq!(number(&extended[0].1, "gnss_systems"), Some(3));
}
