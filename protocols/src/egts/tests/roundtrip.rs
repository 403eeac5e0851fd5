//! What is encoded is decoded again, and what is decoded is encoded again.

use proptest::prelude::*;

use super::{samples, subs};
use crate::egts::decode;
use crate::egts::encode;
use crate::egts::header::seal;
use crate::egts::message::{
    AuthInfo, AuthParams, Body, Command, DispatcherIdentity, ExtPosition, Level, Liquid,
    ModuleData, Packet, Passengers, Position, Record, Sensors, ServiceInfo, State, Sub,
    TermIdentity, VehicleData, moment, seconds, service,
};

/// A packet's body, encoded from its parts again.
fn body(packet: &Packet<'_>) -> Vec<u8> {
    let data: Vec<_> = packet
        .body
        .records()
        .iter()
        .map(|record| {
            let raws = decode::subs(record).map(Result::unwrap);
            let list: Vec<_> = raws.map(|raw| decode::sub(record.source, &raw).unwrap()).collect();
            encode::subs(&list)
        })
        .collect();
    let records = packet.body.records().iter().zip(&data);
    let records: Vec<_> = records.map(|(record, data)| Record { data, ..*record }).collect();
    match &packet.body {
        Body::Response { answered: Some(answered), result, .. } => {
            encode::response(*answered, *result, &records)
        }
        Body::Response { answered: None, .. } => Vec::new(),
        Body::Data { signature: None, .. } => encode::data(&records),
        Body::Data { signature: Some(signature), .. } => {
            let length = u16::try_from(signature.len()).unwrap().to_le_bytes();
            [&length[..], signature, &encode::data(&records)].concat()
        }
    }
}

#[test]
fn every_sample_is_written_again_byte_by_byte() {
    for sample in samples() {
        let packet = decode::packet(&sample.bytes).unwrap();
        let header = packet.header;
        let body = body(&packet);
        let end = header.length + header.body;
        let mut expected = sample.bytes[header.length..end].to_vec();
        if sample.tag == "R8" {
            // It does not announce the NS that it sends; we would.
            expected[41] |= 0x10;
        }
        assert_eq!(body, expected, "{}", sample.tag);
        // We know no priorities.
        if header.flags & 3 == 0 && sample.tag != "R8" {
            let sealed = seal(header.kind, header.id, header.route, &body);
            assert_eq!(sealed.to_vec(), sample.bytes, "{}", sample.tag);
        }
    }
}

/// Encodes a sub-record and decodes it again.
fn again(service: u8, sub: &Sub<'_>) {
    let data = encode::subs(std::slice::from_ref(sub));
    let record = encode::record(0, 1, service, &data);
    let sealed = seal(1, 1, None, &encode::data(&[record]));
    let packet = decode::packet(&sealed).unwrap();
    assert_eq!(subs(&packet), std::slice::from_ref(sub));
}

fn one_in<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = [Option<T>; 8]> {
    proptest::array::uniform8(proptest::option::of(value))
}

const U24: std::ops::Range<u32> = 0..1 << 24;

proptest! {
    #[test]
    fn authorisation(
        numbers in any::<(u32, u32, u16, u16)>(),
        small in any::<(u8, u8, u8)>(),
        fixed in proptest::collection::vec(b'!'..b'~', 16),
        text in proptest::collection::vec(1_u8.., 0..32),
        there in any::<[bool; 8]>(),
    ) {
        let some = |at: usize, width: usize| there[at].then_some(&fixed[..width]);
        again(service::AUTH, &Sub::TermIdentity(TermIdentity {
            id: numbers.0,
            simple: there[7],
            dispatcher: there[0].then_some(numbers.2),
            imei: some(1, 15),
            imsi: some(2, 16),
            language: some(3, 3),
            network: there[4].then_some(numbers.1 & 0x00ff_ffff),
            buffer: there[5].then_some(numbers.3),
            msisdn: some(6, 15),
        }));
        again(service::AUTH, &Sub::ModuleData(ModuleData {
            kind: small.0,
            vendor: numbers.0,
            firmware: numbers.2,
            software: numbers.3,
            modification: small.1,
            state: small.2,
            serial: &text,
            description: &fixed,
        }));
        let vin = b"1D4GP25B038108775";
        again(service::AUTH, &Sub::VehicleData(VehicleData { vin, class: numbers.0, energy: numbers.1 }));
        again(service::AUTH, &Sub::DispatcherIdentity(DispatcherIdentity {
            kind: small.0,
            id: numbers.0,
            description: &text,
        }));
        let sequence = there[0].then_some(&text[..]);
        again(service::AUTH, &Sub::AuthParams(AuthParams {
            encryption: small.0 & 3,
            public_key: there[1].then_some(&fixed),
            string_length: there[2].then_some(numbers.2),
            mod_size: there[3].then_some(numbers.3),
            server_sequence: sequence,
            exponent: there[4].then_some(&fixed),
        }));
        again(service::AUTH, &Sub::AuthInfo(AuthInfo {
            user: &fixed,
            password: &text,
            server_sequence: sequence,
        }));
        again(service::AUTH, &Sub::ServiceInfo(ServiceInfo {
            service: small.0,
            state: small.1,
            parameters: small.2,
        }));
        again(service::AUTH, &Sub::ResultCode(small.0));
        again(service::AUTH, &Sub::RecordResponse { record: numbers.2, result: small.0 });
    }

    #[test]
    fn telematics(
        numbers in any::<(u32, u32, u32)>(),
        words in any::<(u16, u16, u16)>(),
        small in any::<(u8, u8, u8, u8, u8)>(),
        number in U24,
        options in any::<(Option<u16>, Option<u16>, Option<u16>, Option<u8>, Option<u16>)>(),
        altitude in proptest::option::of(U24),
        source_data in any::<Option<i16>>(),
        octets in one_in(any::<u8>()),
        values in one_in(U24),
        loops in one_in(0_u8..16),
        doors in one_in(any::<(u8, u8)>()),
        raw in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let announced = if altitude.is_some() { 0x80 } else { 0 };
        again(service::TELEDATA, &Sub::Position(Position {
            time: numbers.0,
            latitude: numbers.1,
            longitude: numbers.2,
            flags: small.0 & 0x7f | announced,
            speed: words.0,
            direction: small.1,
            odometer: number,
            inputs: small.2,
            source: small.3,
            altitude,
            source_data,
        }));
        let (vdop, hdop, pdop, satellites, systems) = options;
        again(service::TELEDATA, &Sub::ExtPosition(ExtPosition { vdop, hdop, pdop, satellites, systems }));
        again(service::TELEDATA, &Sub::Sensors(Sensors { outputs: small.0, digital: octets, analog: values }));
        again(service::TELEDATA, &Sub::Counters(values));
        again(service::TELEDATA, &Sub::State(State {
            state: small.0,
            main: small.1,
            backup: small.2,
            internal: small.3,
            flags: small.4,
        }));
        again(service::TELEDATA, &Sub::Loops(loops));
        let (high, low) = (words.0 >> 4, small.0 & 15);
        again(service::TELEDATA, &Sub::Input { number: high, state: low });
        again(service::TELEDATA, &Sub::Loop { number: high, state: low });
        again(service::TELEDATA, &Sub::Analog { number: small.0, value: number });
        again(service::TELEDATA, &Sub::Counter { number: small.0, value: number });
        let liquid = |flags: u8, level| Sub::Liquid(Liquid { flags, address: words.1, level });
        again(service::TELEDATA, &liquid(small.0 & !8, Level::Value(numbers.0)));
        again(service::TELEDATA, &liquid(small.0 | 8, Level::Raw(&raw)));
        let passengers = Passengers { released: small.0, address: words.2, counts: doors, raw: None };
        again(service::TELEDATA, &Sub::Passengers(passengers));
        let raw = Passengers { counts: [None; 8], raw: Some(&raw), ..passengers };
        again(service::TELEDATA, &Sub::Passengers(raw));
    }

    #[test]
    fn commands(
        kind in 0_u8..16,
        result in 0_u8..16,
        id in any::<u32>(),
        sender in any::<u32>(),
        charset in any::<Option<u8>>(),
        code in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..255)),
        data in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let authorisation = code.as_deref();
        let command = Command { kind, result, id, sender, charset, authorisation, data: &data };
        again(service::COMMANDS, &Sub::Command(command));
        again(service::ECALL, &Sub::Other { kind: 50, data: &data });
    }

    #[test]
    fn moments(number in 1_u32..) {
        prop_assert_eq!(moment(number).map(seconds), Some(number));
    }

    /// Whatever stands in a packet's body, all of it is looked at without harm.
    #[test]
    fn any_body_is_a_packet_or_an_error(
        kind in 0_u8..3,
        body in proptest::collection::vec(any::<u8>(), 0..100),
        service in 0_u8..11,
        subs in proptest::collection::vec((0_u8..60, proptest::collection::vec(any::<u8>(), 0..30)), 0..6),
    ) {
        let sealed = seal(kind, 1, None, &body);
        drop(decode::packet(&sealed));
        super::super::explain::explain(&sealed);
        let list: Vec<_> = subs.iter().map(|(kind, data)| Sub::Other { kind: *kind, data }).collect();
        let data = encode::subs(&list);
        let sealed = seal(1, 1, None, &encode::data(&[encode::record(0, 1, service, &data)]));
        let packet = decode::packet(&sealed).unwrap();
        let record = packet.body.records()[0];
        let raws: Vec<_> = decode::subs(&record).map(Result::unwrap).collect();
        prop_assert_eq!(raws.len(), subs.len());
        for raw in raws {
            if let Err(error) = decode::sub(service, &raw) {
                prop_assert!((raw.offset..=raw.offset + raw.data.len()).contains(&error.offset));
            }
        }
        super::super::explain::explain(&sealed);
    }
}

#[test]
fn no_moment_is_before_2010() {
    assert_eq!(moment(0), None);
    assert_eq!(seconds("2009-12-31T23:59:59Z".parse().unwrap()), 0);
}
