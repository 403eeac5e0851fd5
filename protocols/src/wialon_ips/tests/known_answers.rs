//! The frames printed in the specification's digest, both ways.

use jiff::Timestamp;

use super::super::frame::IpsFramer;
use super::super::message::{
    Answer, BlackBox, Extended, Login, Packet, Parameter, ParameterValue, Picture, Position,
    Record, Version,
};
use super::{packet, wire};
use crate::framing::{Cut, Frame, Framer, Limits};

use Version::{V1, V2};

fn time(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

/// Both directions at once, for frames written the way this encoder writes.
fn both_ways(line: &str, version: Version, value: &Packet<'_>) {
    assert_eq!(packet(line, version).as_ref(), Ok(value));
    assert_eq!(wire(value, version), format!("{line}\r\n"));
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-6
}

#[test]
fn w1_w3_w4_logins() {
    let id = b"353451048036030";
    both_ways(
        "#L#353451048036030;NA",
        V1,
        &Packet::Login(Login { version: V1, id, password: None }),
    );
    // The login itself says which dialect follows.
    for before in [V1, V2] {
        let login = Login { version: V2, id: b"868204002602414", password: None };
        both_ways("#L#2.0;868204002602414;NA;8E08", before, &Packet::Login(login));
        let login = Login { version: V2, id: b"352093081234567", password: Some(b"pass1") };
        both_ways("#L#2.0;352093081234567;pass1;92B2", before, &Packet::Login(login));
    }
}

#[test]
fn w2_w5_w14_w15_answers_and_packets_without_a_body() {
    both_ways("#AL#1", V1, &Packet::Answer(Answer { kind: b"AL", code: b"1" }));
    both_ways("#AM#1", V2, &Packet::Answer(Answer { kind: b"AM", code: b"1" }));
    both_ways("#P#", V2, &Packet::Ping);
    both_ways("#QI#", V2, &Packet::PictureRequest);
}

#[test]
fn w6_short_data_without_checksum() {
    let line = "#SD#280421;055447;5355.09260;N;02732.40990;E;60;0;300;7";
    let Ok(Packet::ShortData(record)) = packet(line, V1) else {
        panic!("no short data");
    };
    let Position { latitude, longitude } = record.position.unwrap();
    assert!(close(latitude, 53.918_210) && close(longitude, 27.540_165));
    assert_eq!(record.time, time("2021-04-28T05:54:47Z"));
    assert_eq!((record.speed, record.course), (Some(60.0), Some(0.0)));
    assert_eq!((record.altitude, record.satellites), (Some(300.0), Some(7)));
    let again = wire(&Packet::ShortData(record), V1);
    assert_eq!(again, "#SD#280421;055447;5355.0926;N;02732.4099;E;60;0;300;7\r\n");
}

fn moscow() -> Record<'static> {
    Record {
        time: time("2025-10-06T08:15:30Z"),
        position: Some(Position { latitude: 55.743_375, longitude: 37.661_39 }),
        speed: Some(60.0),
        course: Some(152.0),
        altitude: Some(145.0),
        satellites: Some(14),
        extended: None,
    }
}

fn same(found: &Record<'_>, expected: &Record<'_>) {
    let (there, here) = (found.position.unwrap(), expected.position.unwrap());
    assert!(close(there.latitude, here.latitude) && close(there.longitude, here.longitude));
    assert_eq!(found, &Record { position: found.position, ..expected.clone() });
}

#[test]
fn w7_short_data_with_checksum() {
    let line = "#SD#061025;081530;5544.6025;N;03739.6834;E;60;152;145;14;CAE6";
    let Ok(Packet::ShortData(record)) = packet(line, V2) else {
        panic!("no short data");
    };
    same(&record, &moscow());
    assert_eq!(wire(&Packet::ShortData(moscow()), V2), format!("{line}\r\n"));
}

#[test]
fn w8_extended_data_with_parameters() {
    let line = "#D#280421;055500;5355.09260;N;02732.40990;E;60;0;300;7;22;5;5120;;eee;test1:1:1,var:2:4.5,texttest:3:1";
    let Ok(Packet::Data(record)) = packet(line, V1) else {
        panic!("no extended data");
    };
    let parameter = |name, value| Parameter { name, value };
    assert_eq!(
        record.extended,
        Some(Extended {
            hdop: Some(22.0),
            inputs: Some(5),
            outputs: Some(5120),
            adc: Vec::new(),
            driver_key: Some(b"eee"),
            parameters: vec![
                parameter(b"test1", ParameterValue::Integer(1)),
                parameter(b"var", ParameterValue::Double(4.5)),
                parameter(b"texttest", ParameterValue::String(b"1")),
            ],
        })
    );
    let again = wire(&Packet::Data(record), V1);
    assert_eq!(again, line.replace(".09260", ".0926").replace(".40990", ".4099") + "\r\n");
}

#[test]
fn w9_a_driver_text_without_a_position() {
    let line = "#D#061025;081600;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;;NA;text:3:Приехал на разгрузку,SOS:1:0;3753";
    let value = Packet::Data(Record {
        time: time("2025-10-06T08:16:00Z"),
        extended: Some(Extended {
            parameters: vec![
                Parameter {
                    name: b"text",
                    value: ParameterValue::String("Приехал на разгрузку".as_bytes()),
                },
                Parameter { name: b"SOS", value: ParameterValue::Integer(0) },
            ],
            ..Extended::default()
        }),
        ..Record::default()
    });
    both_ways(line, V2, &value);
}

#[test]
fn w10_a_black_box() {
    let line = "#B#061025;081530;5544.6025;N;03739.6834;E;60;152;145;14|061025;081600;5544.7000;N;03739.9000;E;62;150;145;14|C900";
    let Ok(Packet::BlackBox(BlackBox { records, unreadable: 0 })) = packet(line, V2) else {
        panic!("no black box");
    };
    let later = Record {
        time: time("2025-10-06T08:16:00Z"),
        position: Some(Position { latitude: 55.745, longitude: 37.665 }),
        speed: Some(62.0),
        course: Some(150.0),
        ..moscow()
    };
    assert_eq!(records.len(), 2);
    same(&records[0], &moscow());
    same(&records[1], &later);
    let value = Packet::BlackBox(BlackBox { records: vec![moscow(), later], unreadable: 0 });
    assert_eq!(wire(&value, V2), format!("{line}\r\n"));
}

#[test]
fn w11_w12_w13_texts() {
    both_ways("#M#Позвоните диспетчеру", V1, &Packet::Message("Позвоните диспетчеру".as_bytes()));
    both_ways(
        "#M#Позвоните диспетчеру;FCA4",
        V2,
        &Packet::Message("Позвоните диспетчеру".as_bytes()),
    );
    both_ways("#M#a;b;8206", V2, &Packet::Message(b"a;b"));
}

#[test]
fn w16_a_datagram_keeps_its_prefix_out_of_the_checksum() {
    let line = "2.0;352093081234567#SD#061025;081530;5544.6025;N;03739.6834;E;60;152;145;14;CAE6";
    let parts = super::super::frame::split(line.as_bytes()).unwrap();
    assert_eq!(parts.prefix, b"2.0;352093081234567");
    let Ok(Packet::ShortData(record)) = super::super::decode::body(&parts, V2) else {
        panic!("no short data");
    };
    same(&record, &moscow());
}

#[test]
fn w17_nothing_known() {
    let value = Packet::ShortData(Record::default());
    both_ways("#SD#NA;NA;NA;NA;NA;NA;NA;NA;NA;NA", V1, &value);
}

#[test]
fn w18_a_driver_key() {
    let line = "#D#061025;081700;5544.6025;N;03739.6834;E;0;0;145;9;0.9;1;0;12.5,0.02;0100000A1B2C;pwr:2:27.94,n:1:7;AF5A";
    let expected = Record {
        time: time("2025-10-06T08:17:00Z"),
        speed: Some(0.0),
        course: Some(0.0),
        satellites: Some(9),
        extended: Some(Extended {
            hdop: Some(0.9),
            inputs: Some(1),
            outputs: Some(0),
            adc: vec![Some(12.5), Some(0.02)],
            driver_key: Some(b"0100000A1B2C"),
            parameters: vec![
                Parameter { name: b"pwr", value: ParameterValue::Double(27.94) },
                Parameter { name: b"n", value: ParameterValue::Integer(7) },
            ],
        }),
        ..moscow()
    };
    let Ok(Packet::Data(record)) = packet(line, V2) else {
        panic!("no extended data");
    };
    same(&record, &expected);
    assert_eq!(wire(&Packet::Data(expected), V2), format!("{line}\r\n"));
}

#[test]
fn w19_w20_compressed_logins() {
    let frames = [
        ("ff1b00780153f65136d233b0cecc4dcdb4f673b476b4343602002ff404e6", "#L#2.0;imei;NA;A932"),
        ("ff180078da53f651cecc4dcdb42e482c2e2ecf2f4a01002d1c05e5", "#L#imei;password"),
    ];
    for (hex, inflated) in frames {
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        let mut scratch = Vec::new();
        let mut framer = IpsFramer::new(&Limits::default());
        let Ok(Cut { consumed, frame: Some(Frame::Valid(frame)) }) =
            framer.cut(&bytes, &mut scratch)
        else {
            panic!("{inflated} not found");
        };
        assert_eq!((consumed, frame), (bytes.len(), inflated.as_bytes()));
    }
    let login = Login { version: V2, id: b"imei", password: None };
    both_ways("#L#2.0;imei;NA;A932", V1, &Packet::Login(login));
    let login = Login { version: V1, id: b"imei", password: Some(b"password") };
    both_ways("#L#imei;password", V1, &Packet::Login(login));
}

#[test]
fn w21_a_picture_block() {
    let data: Vec<u8> = (0..16).collect();
    let mut frame = b"#I#16;0;0;061025;081800;a.jpg;170A\r\n".to_vec();
    frame.extend_from_slice(&data);
    let value = Packet::Picture(Picture {
        index: 0,
        last: 0,
        time: time("2025-10-06T08:18:00Z"),
        name: b"a.jpg",
        data: &data,
    });
    assert_eq!(super::decode::packet(&frame, V2).as_ref(), Ok(&value));
    assert_eq!(super::encode::packet(&value, V2), frame);
}
