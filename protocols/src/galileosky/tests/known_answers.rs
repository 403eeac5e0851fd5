//! The sample packets of the FMI carriers specification, C1 to C3, both ways, and packets made from the manual's tables.

use jiff::Timestamp;

use super::super::frame::{carried, checksum};
use super::super::message::{Compressed, Minimal, Packet, Tag};
use super::super::{decode, encode, garmin, report};
use super::hex;
use crate::event::{Event, Value};

/// A framed text, a receipt, and a text without its own framing.
const GARMIN: [(&str, &str); 3] = [
    (
        "06 2F 00 10 A1 29 2A 00 80 B7 EE 42 04 00 00 00 43 37 41 31 00 00 00 00 00 00 00 00 00 00 00 00 47 61 74 65 20 34 20 69 73 20 6F 70 65 6E 00 12 10 03 1C 95",
        "10 A1 29 2A 00 80 B7 EE 42 04 00 00 00 43 37 41 31 00 00 00 00 00 00 00 00 00 00 00 00 47 61 74 65 20 34 20 69 73 20 6F 70 65 6E 00 12 10 03",
    ),
    (
        "06 20 00 10 A1 1A 2B 00 80 B7 EE 42 04 01 00 00 43 37 41 31 00 00 00 00 00 00 00 00 00 00 00 00 C2 10 03 CB 94",
        "10 A1 1A 2B 00 80 B7 EE 42 04 01 00 00 43 37 41 31 00 00 00 00 00 00 00 00 00 00 00 00 C2 10 03",
    ),
    (
        "06 2B 00 A1 29 2A 00 80 B7 EE 42 04 00 00 00 43 37 41 31 00 00 00 00 00 00 00 00 00 00 00 00 47 61 74 65 20 34 20 69 73 20 6F 70 65 6E 00 E9 B5",
        "A1 29 2A 00 80 B7 EE 42 04 00 00 00 43 37 41 31 00 00 00 00 00 00 00 00 00 00 00 00 47 61 74 65 20 34 20 69 73 20 6F 70 65 6E 00",
    ),
];

#[test]
fn the_checksum_is_the_one_of_the_specification() {
    assert_eq!(checksum(b"123456789"), 0x4b37);
    assert_eq!(carried(&[0x06, 0x1c, 0x95]), 0x951c);
}

#[test]
fn garmin_packets_are_wrapped_and_unwrapped() {
    for (packet, fmi) in GARMIN {
        let (packet, fmi) = (hex(packet), hex(fmi));
        assert_eq!(garmin::unwrap(&packet), Some(&fmi[..]));
        assert_eq!(garmin::wrap(&fmi).unwrap(), packet);
        assert_eq!(decode::packet(&packet), Ok(Packet::Garmin(&fmi)));
        assert_eq!(encode::packet(&Packet::Garmin(&fmi)).unwrap(), packet);
    }
    assert_eq!(garmin::unwrap(&[0x01, 0, 0, 0, 0]), None);
    assert_eq!(garmin::unwrap(&[0x06]), None);
    assert_eq!(garmin::wrap(&vec![0; 0x8000]), None);
}

#[test]
fn compressed_records_have_a_coarse_position_and_the_tags_they_list() {
    let minimal = Minimal {
        flag: false,
        second: 278 * 86_400 + 8 * 3600,
        invalid: false,
        longitude: ((37.661_39 + 180.0) / 360.0 * f64::from(1 << 22)).round() as u32,
        latitude: ((55.743_375 + 90.0) / 180.0 * f64::from(1 << 21)).round() as u32,
        alarm: true,
        rest: 0,
    };
    let tags = vec![
        Tag { id: 0x33, value: &[0x58, 0x02, 0xf0, 0x05] },
        Tag { id: 0x41, value: &[0x6c, 0x2f] },
    ];
    let packet = Packet::Compressed { records: vec![Compressed { minimal, tags }], rest: &[] };
    let bytes = encode::packet(&packet).unwrap();
    assert_eq!(bytes[3], (minimal.second >> 18) as u8, "one bit, then the time");
    assert_eq!(decode::packet(&bytes), Ok(packet.clone()));

    let Packet::Compressed { records, .. } = packet else { unreachable!() };
    let report = |now: &str| {
        let mut events = Vec::new();
        report::compressed(&records[0], now.parse().unwrap(), &mut events);
        match events.remove(0) {
            Event::Report(report) => report,
            other => panic!("{other:?}"),
        }
    };
    let found = report("2025-10-06T08:20:00Z");
    assert_eq!(found.time.unwrap().to_string(), "2025-10-06T08:00:00Z");
    let fix = found.fix.unwrap();
    assert!((fix.latitude - 55.743_375).abs() < 1e-4 && (fix.longitude - 37.661_39).abs() < 1e-4);
    assert_eq!((fix.speed, fix.course, fix.valid), (Some(60.0), Some(152.0), true));
    let expected = [
        ("power_v".into(), Value::Float(12.14)),
        ("alarm".into(), Value::Text("general".to_owned())),
    ];
    assert_eq!(found.attributes, expected);
    // In January it is the October before.
    let found = report("2026-01-02T00:00:00Z");
    assert_eq!(found.time.unwrap().to_string(), "2025-10-06T08:00:00Z");
}

#[test]
fn the_bits_of_a_minimal_data_set_stand_where_they_are_described() {
    let set = [89, 104, 95, 50, 24, 160, 131, 160, 64, 0];
    let mut body = set.to_vec();
    body.push(0);
    let packet = super::super::frame::seal(0x08, false, &body).unwrap();
    let Ok(Packet::Compressed { records, .. }) = decode::packet(&packet) else { panic!() };
    let minimal = records[0].minimal;
    let bits: String = set.iter().map(|byte: &u8| format!("{byte:08b}")).collect();
    let number = |from: usize, to: usize| u32::from_str_radix(&bits[from..to], 2).unwrap();
    assert_eq!(minimal.flag, number(0, 1) == 1);
    assert_eq!(minimal.second, number(1, 26));
    assert_eq!(minimal.invalid, number(26, 27) == 1);
    assert_eq!(minimal.longitude, number(27, 49));
    assert_eq!(minimal.latitude, number(49, 70));
    assert_eq!(minimal.alarm, number(70, 71) == 1);
}

#[test]
fn tags_have_neutral_names_and_units() {
    let record = [
        Tag { id: 0x43, value: &[0xfe] },
        Tag { id: 0x61, value: &[0x10, 0x01] },
        Tag { id: 0x63, value: &[0x10, 0x01, 0xf6] },
        Tag { id: 0x72, value: &[0x02, 0x13] },
        Tag { id: 0x90, value: &[0x78, 0x56, 0x34, 0x12] },
        Tag { id: 0xa0, value: &[7] },
        Tag { id: 0xc1, value: &[0xfa, 0x7b, 0x40, 0x1f] },
        Tag { id: 0xd5, value: &[3] },
        Tag { id: 0xfe, value: &[0x21, 0, 1, 0, 0, 0, 9] },
    ];
    let mut events = Vec::new();
    report::events(&record, false, Timestamp::UNIX_EPOCH, &mut events);
    let [Event::Info(found)] = &events[..] else { panic!("{events:?}") };
    let expected: Vec<(std::borrow::Cow<'static, str>, Value)> = vec![
        ("device_temperature_c".into(), Value::Int(-2)),
        ("rs485_1".into(), Value::Int(0x110)),
        ("rs485_3".into(), Value::Int(0x110)),
        ("rs485_3_temperature_c".into(), Value::Int(-10)),
        ("temperature2_c".into(), Value::Int(0x13)),
        ("driver_key".into(), Value::Text("12345678".to_owned())),
        ("can_8bit_15".into(), Value::Int(7)),
        ("fuel_level".into(), Value::Float(100.0)),
        ("coolant_temperature_c".into(), Value::Int(83)),
        ("rpm".into(), Value::Float(1000.0)),
        ("tag_D5".into(), Value::Bytes(vec![3].into())),
        ("extended_0021".into(), Value::Int(1)),
        ("tag_FE".into(), Value::Bytes(vec![9].into())),
    ];
    assert_eq!(*found, expected);
}
