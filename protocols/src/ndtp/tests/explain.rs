//! What `decode` shows a person.

use super::super::explain::explain;
use super::{bytes, frames};

/// `name: value` of every field.
fn shown(hex: &str) -> (String, Vec<String>, Option<String>) {
    let frame = bytes(hex);
    let explanation = explain(&frame);
    let raw: String = explanation.fields.iter().map(|field| field.raw.as_str()).collect();
    assert_eq!(bytes(&raw), frame, "every byte is shown once, in order");
    let fields = explanation.fields.iter().map(|f| format!("{}: {}", f.name, f.value)).collect();
    (explanation.title, fields, explanation.problem)
}

#[test]
fn a_login() {
    let (title, fields, problem) = shown(frames::R1);
    assert_eq!((title.as_str(), problem), ("service 0 type 100 login", None));
    assert_eq!(
        fields,
        [
            "signature: 7E 7E",
            "length: 59 bytes",
            "NPL flags: 0x0002: checksum present",
            "crc: ",
            "NPL type: 2 NPH packet",
            "peer address: 0x0",
            "NPL request id: 0",
            "service: 0 generic",
            "packet type: 100",
            "NPH flags: 0x0001: wants a result",
            "NPH request id: 0",
            "major: 6",
            "minor: 2",
            "connection flags: 0x302",
            "device address: 101210",
            "max packet size: 1024",
            "reserved: 0",
            "IMEI and IMSI: \"355094043188311250016505815537\"",
        ]
    );
}

#[test]
fn navigation_data() {
    let (title, fields, problem) = shown(frames::R2);
    assert_eq!((title.as_str(), problem), ("service 1 type 101 real time", None));
    assert_eq!(
        fields[11..26],
        [
            "cell type: 0",
            "cell index: 0",
            "time: 2018-04-05T20:55:00Z",
            "longitude: 37.6925783°",
            "latitude: 55.7890249°",
            "flags: valid, east, north",
            "backup battery: 4060 mV",
            "speed: 0 km/h",
            "other speed: 0 km/h",
            "course: 339°",
            "track: 0 m",
            "altitude: 220 m",
            "satellites: 4",
            "PDOP: 0",
            "cell type: 2",
        ]
    );
    let title = shown(&frames::R2.replacen("6bd2", "0000", 1));
    assert_eq!(title.2.as_deref(), Some("the checksum should be 6bd2"));
}

#[test]
fn texts_and_results() {
    let (title, fields, problem) = shown(frames::S5);
    assert_eq!((title.as_str(), problem), ("service 5 type 100 text", None));
    assert_eq!(
        fields[11..],
        [
            "message id: 3",
            "fragment: number 0, last",
            "device: 0x0",
            "content type: 1",
            "text: \"Пробка, буду через 20 минут\"",
        ]
    );
    let (title, fields, _) = shown(frames::S4);
    assert_eq!(title, "service 5 type 102 result of a text");
    assert_eq!(fields[12], "result: 102 service not available");
}

#[test]
fn broken_packets_are_shown_as_far_as_they_go() {
    let (title, fields, problem) = shown("7e7e 0000 0000 0000 02 00000000 0000 0000 64");
    assert_eq!(title, "NDTP packet");
    assert_eq!(
        problem.as_deref(),
        Some("NPH packet: field packet type at offset 17: ends too early")
    );
    assert_eq!(fields.last().map(String::as_str), Some("bytes left over: ignored"));
    let cell = "7e7e 0000 0000 0000 02 00000000 0000 0100 6500 0100 01000000 0b00 01";
    let (_, fields, problem) = shown(cell);
    assert_eq!(problem.as_deref(), Some("a cell that cannot be read ends the navigation data"));
    assert_eq!(fields.last().map(String::as_str), Some("unknown cell: 3 bytes"));
}
