//! What `decode` shows a person.

use super::super::explain::explain;
use super::bytes;

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
    let (title, fields, problem) =
        shown("24240000000019014433353230393330383132333435363700736563726574004c95");
    assert_eq!((title.as_str(), problem), ("type 0 login", None));
    assert_eq!(
        fields,
        [
            "Head: from the device",
            "Type: 0 login",
            "Seq: 0",
            "Len: 25 bytes",
            "Version: 1",
            "Flags: id type 4, password type 4",
            "ID: \"352093081234567\"",
            "Pwd: \"secret\"",
            "CRC16: right",
        ]
    );
}

#[test]
fn a_position_and_parameters() {
    let (_, fields, problem) = shown(
        "2424010005004d68e37bb001000b0100c8024130390302000186a0040300000100000000000504fb0605fffeee900706
         fed40807fffffffffffffffb80c8083fc00000090940020000000000000a0a56312e3700deb6",
    );
    assert_eq!(problem, None);
    assert_eq!(
        fields[4..12],
        [
            "Time: 2025-10-06T08:20:00Z",
            "Count: 1",
            "Subrecord: 0 custom parameters",
            "parameters: 11",
            "No: 1",
            "value type: u8, divided by 10^0",
            "Value: 200",
            "No: 2",
        ]
    );
    assert_eq!(fields[13], "Value: 123.45");
    assert_eq!(fields[fields.len() - 2], "Value: \"V1.7\"");
    let (title, fields, _) =
        shown("2424010004002068e37bb002010352938f023eaace003d009800910e005a0200000005000000012ff0");
    assert_eq!(title, "type 1 data, 1 message(s)");
    assert_eq!(
        fields[7..],
        [
            "lat: 55.743375°",
            "lon: 37.66139°",
            "speed: 61 km/h",
            "course: 152°",
            "height: 145 m",
            "sats: 14",
            "hdop: 0.9",
            "Subrecord: 2 I/O",
            "Inputs: 0x00000005",
            "Outputs: 0x00000001",
            "CRC16: right",
        ]
    );
}

#[test]
fn what_a_server_sends() {
    let (title, fields, problem) = shown("4040ff001068e37bb0006f7574707574303d310d0aa81a");
    assert_eq!((title.as_str(), problem), ("command to the device", None));
    assert_eq!(fields[..2], ["Head: from the server", "Code: 255 command"]);
    assert_eq!(fields[6], "CRC16: right");
    assert_eq!(shown("4040040007").0, "answer 4: wrong checksum");
}

#[test]
fn a_broken_packet_is_shown_as_far_as_it_goes() {
    let (title, fields, problem) = shown("2424 01 0001 0007 68e37bb0 01 01 03 ffff");
    assert_eq!(title, "Wialon Combine frame");
    assert_eq!(problem.as_deref(), Some("data: field lat at offset 13: ends too early"));
    assert_eq!(
        fields[4..],
        ["Time: 2025-10-06T08:20:00Z", "Count: 1", "Subrecord: 1 position", "not understood: ",]
    );
    let (.., problem) = shown("2424 05 0002 0003 616263 ffff");
    assert_eq!(problem.as_deref(), Some("the checksum is wrong"));
}
