//! Layouts that no sample shows, byte by byte from the tables of sections 5 and 6.

use super::bytes;
use crate::egts::decode;
use crate::egts::message::{
    AuthParams, ExtPosition, Level, Liquid, ModuleData, Passengers, Position, RawSub, Sensors,
    ServiceInfo, State, Sub, TermIdentity, service,
};
use crate::error::DecodeErrorKind;
use crate::options::DeviceOptions;

/// Checks what the SRD `digits` of sub-record `kind` says.
fn says(service: u8, kind: u8, digits: &str, expected: &Sub<'_>) {
    let data = bytes(digits);
    let raw = RawSub { kind, data: &data, offset: 20 };
    assert_eq!(decode::sub(service, &raw).as_ref(), Ok(expected), "{kind} {digits}");
}

#[test]
fn authorisation() {
    // Every optional field: HDID, IMEI, IMSI, LNGC, NID (250-99), BS, MSISDN.
    let imei = "383636313034303239363930303038";
    let imsi = "30323530393931323334353637383930";
    let msisdn = "373931363132333435363700000000";
    let all = format!("01000000ff0200{imei}{imsi}72757363e8030004{msisdn}");
    let identity = TermIdentity {
        id: 1,
        simple: true,
        dispatcher: Some(2),
        imei: Some(b"866104029690008"),
        imsi: Some(b"0250991234567890"),
        language: Some(b"rus"),
        network: Some(250 << 10 | 99),
        buffer: Some(1024),
        msisdn: Some(b"79161234567\0\0\0\0"),
    };
    says(service::AUTH, 1, &all, &Sub::TermIdentity(identity));
    let module = ModuleData {
        kind: 1,
        vendor: 7,
        firmware: 0x0102,
        software: 0x0304,
        modification: 5,
        state: 1,
        serial: b"SN",
        description: b"",
    };
    says(service::AUTH, 2, "0107000000020104030501534e0000", &Sub::ModuleData(module));
    says(service::AUTH, 6, "00", &Sub::AuthParams(AuthParams::default()));
    let params = AuthParams {
        encryption: 1,
        public_key: Some(b"\xaa\xbb"),
        string_length: Some(3),
        mod_size: Some(4),
        server_sequence: Some(b"s"),
        exponent: Some(b"e"),
    };
    says(service::AUTH, 6, "7d0200aabb0300040073006500", &Sub::AuthParams(params));
    let info = ServiceInfo { service: 4, state: 128, parameters: 0x81 };
    says(service::AUTH, 8, "048081", &Sub::ServiceInfo(info));
    // The obsolete number of RESULT_CODE.
    says(service::AUTH, 7, "97", &Sub::ResultCode(151));
    says(service::AUTH, 9, "97", &Sub::ResultCode(151));
    says(service::AUTH, 4, "00", &Sub::Other { kind: 4, data: &[0] });
}

/// The first and the last of eight.
fn two<T: Copy>(first: T, last: T) -> [Option<T>; 8] {
    let mut values = [None; 8];
    (values[0], values[7]) = (Some(first), Some(last));
    values
}

#[test]
fn telematics() {
    let position = Position {
        flags: 0x60,
        speed: 0xc0ff,
        direction: 44,
        odometer: 0x0003_0201,
        source_data: Some(-2),
        ..Position::default()
    };
    let wire = "00000000000000000000000060ffc02c0102030000feff";
    says(service::TELEDATA, 16, wire, &Sub::Position(position));
    assert_eq!((position.kmh(), position.course(), position.metres()), (25.5, 300, None));
    let below = Position { altitude: Some(12), ..position };
    assert_eq!(below.metres(), Some(-12.0));
    let extended = ExtPosition {
        vdop: Some(1),
        hdop: Some(2),
        pdop: Some(3),
        satellites: Some(4),
        systems: Some(5),
    };
    says(service::TELEDATA, 17, "1f010002000300040500", &Sub::ExtPosition(extended));
    let hdop = ExtPosition { hdop: Some(2), ..ExtPosition::default() };
    says(service::TELEDATA, 17, "020200", &Sub::ExtPosition(hdop));
    let sensors =
        Sensors { outputs: 3, digital: two(0x11, 0x88), analog: two(0x0003_0201, 0x0006_0504) };
    says(service::TELEDATA, 18, "8103811188010203040506", &Sub::Sensors(sensors));
    says(service::TELEDATA, 19, "81010203040506", &Sub::Counters(two(0x0003_0201, 0x0006_0504)));
    let state = Sub::State(State { state: 2, main: 138, backup: 0, internal: 41, flags: 4 });
    says(service::TELEDATA, 20, "028a002904", &state);
    says(service::TELEDATA, 21, "028a002904", &state);
    // The older use of number 20.
    says(service::TELEDATA, 20, "0203", &Sub::Other { kind: 20, data: &[2, 3] });
    let mut loops = [None; 8];
    (loops[0], loops[1], loops[4]) = (Some(1), Some(2), Some(3));
    says(service::TELEDATA, 22, "132103", &Sub::Loops(loops));
    says(service::TELEDATA, 23, "3512", &Sub::Input { number: 0x123, state: 5 });
    says(service::TELEDATA, 24, "05010203", &Sub::Analog { number: 5, value: 0x0003_0201 });
    says(service::TELEDATA, 25, "05010203", &Sub::Counter { number: 5, value: 0x0003_0201 });
    says(service::TELEDATA, 26, "3512", &Sub::Loop { number: 0x123, state: 5 });
    let liquid = |flags, level| Sub::Liquid(Liquid { flags, address: 2, level });
    says(service::TELEDATA, 27, "220200e8030000", &liquid(0x22, Level::Value(1000)));
    says(service::TELEDATA, 27, "0a0200abcd", &liquid(0x0a, Level::Raw(&[0xab, 0xcd])));
    let passengers = Passengers { released: 2, address: 1, counts: two((3, 4), (5, 6)), raw: None };
    says(service::TELEDATA, 28, "008102010003040506", &Sub::Passengers(passengers));
    let raw = Passengers { counts: [None; 8], raw: Some(&[9, 9]), ..passengers };
    says(service::TELEDATA, 28, "01810201000909", &Sub::Passengers(raw));
    says(service::TELEDATA, 15, "01", &Sub::Other { kind: 15, data: &[1] });
}

#[test]
fn surplus_is_ignored_and_what_is_missing_is_named() {
    says(service::AUTH, 9, "97ff", &Sub::ResultCode(151));
    says(service::TELEDATA, 24, "05010203ff", &Sub::Analog { number: 5, value: 0x0003_0201 });
    for (service, kind, digits, field, offset) in [
        (service::AUTH, 1, "0100000002383636", "IMEI", 25),
        (service::TELEDATA, 16, "0000000001", "LAT", 24),
        (service::TELEDATA, 19, "0301020304", "CN", 24),
        (service::COMMANDS, 51, "400100000002000000020431", "AC", 31),
        (service::COMMANDS, 0, "01", "CRN", 20),
    ] {
        let data = bytes(digits);
        let error = decode::sub(service, &RawSub { kind, data: &data, offset: 20 }).unwrap_err();
        let found = (error.field, error.offset, error.kind);
        assert_eq!(found, (field, offset, DecodeErrorKind::Truncated), "{error}");
    }
}

#[test]
fn options_are_read_as_documented() {
    use crate::egts::options::{OPTIONS, Settings};
    for spec in OPTIONS {
        assert_eq!(spec.kind.check(spec.default), Ok(()), "{}", spec.name);
    }
    let settings = Settings::read(&DeviceOptions::defaults(OPTIONS));
    assert_eq!((settings.answer_wait.as_secs(), settings.retransmissions), (5, 3));
    assert_eq!((settings.receipt_wait.as_secs(), settings.texts_in_flight), (300, 1));
    assert!(settings.display && settings.numbered && settings.confirm_texts);
    assert!(!settings.record_is_receipt && !settings.prefixed && !settings.retry_refused);
    assert_eq!((settings.raw_data, &*settings.auth_code), (None, ""));
}
