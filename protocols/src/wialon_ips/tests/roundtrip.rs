//! `decode(encode(x))` is `x`, for every packet, and no bytes panic the decoder.

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::message::{
    Answer, BlackBox, Extended, Login, Packet, Parameter, ParameterValue, Picture, Position,
    Record, TachographBlock, TachographFile, Version,
};
use super::super::{decode, encode, explain, frame};
use crate::framing::{Cut, Frame, Framer, Limits};

/// Owned twin of a record: packets borrow.
#[derive(Debug, Clone)]
struct OwnedRecord {
    time: Option<i64>,
    position: Option<(i32, i32)>,
    numbers: [Option<f64>; 3],
    satellites: Option<u16>,
    extended: Option<OwnedExtended>,
}

#[derive(Debug, Clone)]
struct OwnedExtended {
    hdop: Option<f64>,
    masks: (Option<u32>, Option<u32>),
    adc: Vec<Option<f64>>,
    driver_key: Option<String>,
    parameters: Vec<(String, OwnedValue)>,
}

#[derive(Debug, Clone)]
enum OwnedValue {
    Integer(i64),
    Double(f64),
    String(String),
}

impl OwnedRecord {
    fn borrowed(&self) -> Record<'_> {
        // Minutes on the grid of the encoder's decimals, so that the comparison may be exact up to rounding.
        let degrees = |value: i32| f64::from(value) / 6e5;
        let [speed, course, altitude] = self.numbers;
        Record {
            time: self.time.map(|second| Timestamp::from_second(second).unwrap()),
            position: self.position.map(|(latitude, longitude)| Position {
                latitude: degrees(latitude),
                longitude: degrees(longitude),
            }),
            speed,
            course,
            altitude,
            satellites: self.satellites,
            extended: self.extended.as_ref().map(|extended| Extended {
                hdop: extended.hdop,
                inputs: extended.masks.0,
                outputs: extended.masks.1,
                adc: extended.adc.clone(),
                driver_key: extended.driver_key.as_deref().map(str::as_bytes),
                parameters: extended
                    .parameters
                    .iter()
                    .map(|(name, value)| Parameter {
                        name: name.as_bytes(),
                        value: match value {
                            OwnedValue::Integer(number) => ParameterValue::Integer(*number),
                            OwnedValue::Double(number) => ParameterValue::Double(*number),
                            OwnedValue::String(text) => ParameterValue::String(text.as_bytes()),
                        },
                    })
                    .collect(),
            }),
        }
    }
}

fn number() -> impl Strategy<Value = f64> {
    (-1_000_000_000_i64..1_000_000_000).prop_map(|thousandths| thousandths as f64 / 1000.0)
}

fn word() -> impl Strategy<Value = String> {
    "[A-MO-Za-z0-9_.]{1,12}"
}

prop_compose! {
    fn extended()(
        hdop in option::of(number()),
        masks in any::<(Option<u32>, Option<u32>)>(),
        // A single absent value is the same as an empty field.
        adc in vec(number().prop_map(Some), 0..4),
        driver_key in option::of(word()),
        parameters in vec((word(), prop_oneof![
            any::<i64>().prop_map(OwnedValue::Integer),
            number().prop_map(OwnedValue::Double),
            "([a-zа-я:][a-zа-я :]{0,20}[а-я])?".prop_map(OwnedValue::String),
        ]), 0..5),
    ) -> OwnedExtended {
        OwnedExtended { hdop, masks, adc, driver_key, parameters }
    }
}

prop_compose! {
    fn record(with_extended: bool)(
        time in option::of(946_684_800_i64..4_102_444_800),
        position in option::of((-54_000_000..=54_000_000, -108_000_000..=108_000_000)),
        numbers in [option::of(number()), option::of(number()), option::of(number())],
        satellites in any::<Option<u16>>(),
        extended in extended().prop_map(move |extended| with_extended.then_some(extended)),
    ) -> OwnedRecord {
        OwnedRecord { time, position, numbers, satellites, extended }
    }
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::V1), Just(Version::V2)]
}

/// What arrives when `packet` is sent: through the framer and the decoder.
fn travel<T>(
    packet: &Packet<'_>,
    version: Version,
    check: impl FnOnce(decode::Decoded<'_>) -> T,
) -> T {
    let bytes = encode::packet(packet, version);
    let mut scratch = Vec::new();
    let mut framer = frame::IpsFramer::new(&Limits::default());
    let Ok(Cut { consumed, frame: Some(Frame::Valid(frame)) }) = framer.cut(&bytes, &mut scratch)
    else {
        panic!("not cut: {}", bytes.escape_ascii());
    };
    assert_eq!(consumed, bytes.len());
    check(decode::packet(frame, version))
}

fn assert_same(packet: &Packet<'_>, version: Version) {
    travel(packet, version, |found| assert_eq!(found.as_ref(), Ok(packet)));
}

fn assert_same_record(found: &Record<'_>, sent: &Record<'_>) {
    if let (Some(found), Some(sent)) = (found.position, sent.position) {
        assert!((found.latitude - sent.latitude).abs() < 1e-8, "{found:?} {sent:?}");
        assert!((found.longitude - sent.longitude).abs() < 1e-8, "{found:?} {sent:?}");
    }
    assert_eq!(found.position.is_some(), sent.position.is_some());
    assert_eq!(found, &Record { position: found.position, ..sent.clone() });
}

proptest! {
    #[test]
    fn logins(version in version(), id in "[A-MO-Z0-9]{1,20}", password in option::of(word())) {
        let password = password.as_deref().map(str::as_bytes);
        assert_same(&Packet::Login(Login { version, id: id.as_bytes(), password }), version);
    }

    #[test]
    fn short_data(version in version(), sent in record(false)) {
        travel(&Packet::ShortData(sent.borrowed()), version, |found| match found {
            Ok(Packet::ShortData(found)) => assert_same_record(&found, &sent.borrowed()),
            other => panic!("{other:?}"),
        });
    }

    #[test]
    fn extended_data(version in version(), sent in record(true)) {
        travel(&Packet::Data(sent.borrowed()), version, |found| match found {
            Ok(Packet::Data(found)) => assert_same_record(&found, &sent.borrowed()),
            other => panic!("{other:?}"),
        });
    }

    #[test]
    fn black_boxes(
        version in version(),
        sent in vec(prop_oneof![record(false), record(true)], 1..5),
    ) {
        let records = sent.iter().map(OwnedRecord::borrowed).collect();
        let packet = Packet::BlackBox(BlackBox { records, unreadable: 0 });
        travel(&packet, version, |found| match found {
            Ok(Packet::BlackBox(BlackBox { records, unreadable: 0 })) => {
                assert_eq!(records.len(), sent.len());
                for (found, sent) in records.iter().zip(&sent) {
                    assert_same_record(found, &sent.borrowed());
                }
            }
            other => panic!("{other:?}"),
        });
    }

    #[test]
    fn texts(version in version(), text in "[^\r\n]{0,200}") {
        assert_same(&Packet::Message(text.as_bytes()), version);
    }

    #[test]
    fn files(
        version in version(),
        (index, last) in any::<(u32, u32)>(),
        time in option::of(946_684_800_i64..4_102_444_800),
        name in word(),
        code in word(),
        data in vec(any::<u8>(), 0..300),
    ) {
        let time = time.map(|second| Timestamp::from_second(second).unwrap());
        let (name, code, data) = (name.as_bytes(), code.as_bytes(), data.as_slice());
        assert_same(&Packet::Picture(Picture { index, last, time, name, data }), version);
        let driver = name;
        assert_same(&Packet::TachographFile(TachographFile { time, driver, code, last }), version);
        assert_same(&Packet::TachographBlock(TachographBlock { code, index, data }), version);
        assert_same(&Packet::Firmware(data), version);
        assert_same(&Packet::Configuration(data), version);
        assert_same(&Packet::TachographRequest(driver), version);
    }

    #[test]
    fn everything_else(version in version(), code in "[0-9;.]{0,6}", text in "[a-z0-9=, ]{1,40}") {
        for kind in [&b"AL"[..], b"AP", b"ASD", b"AD", b"AB", b"AM", b"AI", b"AIT", b"AT"] {
            assert_same(&Packet::Answer(Answer { kind, code: code.as_bytes() }), version);
        }
        let text = format!("s{text}");
        assert_same(&Packet::Command(text.as_bytes()), version);
        assert_same(&Packet::Unknown { kind: b"QLV", body: text.as_bytes() }, version);
        assert_same(&Packet::Ping, version);
        assert_same(&Packet::PictureRequest, version);
    }

    #[test]
    fn what_is_understood_can_be_said_again(
        version in version(),
        kind in "(L|SD|D|B|M|I|IT|T|US|UC|AM|P|[A-Z]{1,3})",
        body in prop_oneof!["[0-9;,:.|NAEWS\r\n-]{0,120}", "\\PC{0,60}"],
    ) {
        let frame = format!("#{kind}#{body}");
        let explanation = explain::explain(frame.as_bytes());
        prop_assert!(!explanation.title.is_empty());
        if let Ok(packet) = decode::packet(frame.as_bytes(), version) {
            let again = encode::packet(&packet, version);
            let again = again.strip_suffix(b"\r\n").unwrap_or(&again);
            prop_assert!(decode::packet(again, version).is_ok(), "{}", again.escape_ascii());
        }
    }
}
