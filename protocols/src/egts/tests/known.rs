//! What the sample packets say (section 12), and the texts that we would write.

use super::{response, sample, samples, subs};
use crate::egts::charset::{self, Writing};
use crate::egts::decode;
use crate::egts::encode::{self, TO_DEVICE};
use crate::egts::header::{Route, packet as pt, seal};
use crate::egts::message::{
    AuthInfo, Body, Command, DispatcherIdentity, ExtPosition, Level, Liquid, Order, OrderAnswer,
    Packet, Position, Record, Sensors, Sub, TermIdentity, VehicleData, cct, ct, moment, service,
};

/// Decodes a sample; the test fails if it does not decode.
fn packet(bytes: &[u8]) -> Packet<'_> {
    decode::packet(bytes).unwrap()
}

fn record<'a>(packet: &Packet<'a>) -> Record<'a> {
    let [record] = packet.body.records() else { panic!("one record: {packet:?}") };
    *record
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-6
}

#[test]
fn r1_to_r6_authorisation() {
    let bytes = sample("R1");
    let r1 = packet(&bytes);
    assert_eq!((record(&r1).number, record(&r1).flags, record(&r1).source), (0, 0x10, 1));
    let identity = TermIdentity {
        simple: true,
        imei: Some(b"866104029690008"),
        buffer: Some(1024),
        ..TermIdentity::default()
    };
    assert_eq!(subs(&r1), [Sub::TermIdentity(identity)]);

    let bytes = sample("R2");
    let r2 = packet(&bytes);
    assert_eq!(response(&r2), (Some(0), 0));
    assert_eq!((record(&r2).flags, record(&r2).number), (0x58, 0));
    assert_eq!(subs(&r2), [Sub::RecordResponse { record: 0, result: 0 }]);

    let bytes = sample("R3");
    let r3 = packet(&bytes);
    assert_eq!((r3.header.id, record(&r3).number, record(&r3).flags), (14357, 14357, 0x20));
    assert_eq!(subs(&r3), [Sub::ResultCode(0)]);

    let dispatcher = DispatcherIdentity { kind: 0, id: 71, description: b"" };
    assert_eq!(subs(&packet(&sample("R4"))), [Sub::DispatcherIdentity(dispatcher)]);

    let bytes = sample("R5");
    let r5 = packet(&bytes);
    let time = record(&r5).time.and_then(moment).unwrap().to_string();
    assert_eq!(time, "2019-01-28T10:02:44Z");
    let info = AuthInfo {
        user: b"800",
        password: b"EF284E7AE351D6DF92CE323D74AD2EB3",
        server_sequence: None,
    };
    assert_eq!(subs(&r5), [Sub::AuthInfo(info)]);

    let vehicle = VehicleData { vin: b"1D4GP25B038108775", class: 1, energy: 1 };
    assert_eq!(subs(&packet(&sample("R6"))), [Sub::VehicleData(vehicle)]);
}

#[test]
fn r7_position_and_level() {
    let bytes = sample("R7");
    let r7 = packet(&bytes);
    assert_eq!((record(&r7).event, record(&r7).object), (Some(3436), None));
    let [Sub::Position(position), Sub::Liquid(liquid)] = subs(&r7)[..] else {
        panic!("{:?}", subs(&r7));
    };
    let expected = Position {
        time: 351_477_040,
        latitude: 0x8586_ce65,
        longitude: 0xcaff_57de,
        flags: 0x9b,
        speed: 340,
        direction: 172,
        odometer: 191,
        inputs: 144,
        source: 0,
        altitude: Some(30),
        source_data: None,
    };
    assert_eq!(position, expected);
    assert_eq!(moment(position.time).unwrap().to_string(), "2021-02-20T00:30:40Z");
    let (latitude, longitude) = position.degrees();
    assert!(close(latitude, 46.942_941) && close(longitude, 142.732_571));
    assert_eq!((position.kmh(), position.course(), position.metres()), (34.0, 172, Some(30.0)));
    assert_eq!(liquid, Liquid { flags: 0x41, address: 1, level: Level::Value(0) });
}

#[test]
fn r8_extended_position() {
    let bytes = sample("R8");
    let r8 = packet(&bytes);
    assert_eq!(record(&r8).object, Some(38_130_637));
    let subs = subs(&r8);
    let [Sub::Position(position), extended, analog, sensors] = &subs[..] else {
        panic!("{subs:?}");
    };
    let (latitude, longitude) = position.degrees();
    assert!(close(latitude, 56.849_750) && close(longitude, 35.941_640));
    assert_eq!((position.kmh(), position.course(), position.source), (23.0, 228, 16));
    // NS stands there although only SFE announces something.
    let expected = ExtPosition { satellites: Some(20), systems: Some(0), ..ExtPosition::default() };
    assert_eq!(*extended, Sub::ExtPosition(expected));
    assert_eq!(*analog, Sub::Analog { number: 1, value: 0 });
    assert_eq!(*sensors, Sub::Sensors(Sensors::default()));
}

/// The only command of a packet.
fn command<'a>(packet: &Packet<'a>) -> Command<'a> {
    match subs(packet)[..] {
        [Sub::Command(command)] => command,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn r9_to_r13_commands() {
    let bytes = sample("R9");
    let r9 = command(&packet(&bytes));
    assert_eq!((r9.kind, r9.result, r9.id, r9.sender), (ct::COM, cct::OK, 0, 0));
    let query = Order { address: 0, size: 0, action: 1, code: 0x0114, data: b"" };
    assert_eq!(decode::order(r9.data), Some(query));

    let bytes = sample("R10");
    let r10 = command(&packet(&bytes));
    assert_eq!(r10, Command { kind: ct::COMCONF, ..Command::default() });
    assert_eq!(decode::order_answer(r10.data), None);

    let bytes = sample("R11");
    let set = Order { address: 0, size: 0, action: 2, code: 0x0203, data: b"internet" };
    assert_eq!(decode::order(command(&packet(&bytes)).data), Some(set));

    let bytes = sample("R12");
    let r12 = command(&packet(&bytes));
    assert_eq!((r12.kind, r12.id, r12.sender, r12.charset), (ct::COMCONF, 1, 1, None));
    assert_eq!(r12.authorisation, Some(&[1, 2, 3, 4, 5, 6, 7, 8][..]));
    let answer = OrderAnswer { address: 12345, code: 12345, data: b"0123456789" };
    assert_eq!(decode::order_answer(r12.data), Some(answer));

    let bytes = sample("R13");
    let r13 = packet(&bytes);
    assert_eq!(response(&r13), (Some(15), 0));
    let confirmed = |id| Sub::Command(Command { kind: ct::COMCONF, id, ..Command::default() });
    assert_eq!(subs(&r13), [confirmed(0), confirmed(1)]);
}

#[test]
fn s1_to_s10_texts_and_their_answers() {
    let text = |tag: &str| {
        let bytes = sample(tag);
        let packet = packet(&bytes);
        let command = command(&packet);
        let text = charset::decode(command.charset, false, command.data).unwrap();
        (command.kind, command.id, command.sender, text)
    };
    assert_eq!(text("S1"), (ct::MSGTO, 42, 1001, "Позвоните диспетчеру".to_owned()));
    assert_eq!(text("S7"), (ct::MSGFROM, 9, 0, "Буду через 10 минут".to_owned()));
    assert_eq!(text("S10"), (ct::MSGTO, 44, 1001, "Привет 你好".to_owned()));
    let bytes = sample("S10");
    let s10 = command(&packet(&bytes));
    assert_eq!((s10.charset, s10.authorisation), (Some(8), Some(&b"1234"[..])));
    for (tag, answered, crn) in [("S2", 100, 7), ("S4", 513, 301), ("S8", 516, 304)] {
        let bytes = sample(tag);
        let packet = packet(&bytes);
        assert_eq!(response(&packet), (Some(answered), 0), "{tag}");
        assert_eq!(subs(&packet), [Sub::RecordResponse { record: crn, result: 0 }], "{tag}");
    }
    let confirmation = |tag: &str| {
        let bytes = sample(tag);
        let command = command(&packet(&bytes));
        assert!(command.data.is_empty() && command.sender == 1001, "{tag}");
        (command.kind, command.result, command.id)
    };
    assert_eq!(confirmation("S3"), (ct::DELIV, cct::OK, 42));
    assert_eq!(confirmation("S5"), (ct::MSGCONF, cct::OK, 42));
    assert_eq!(confirmation("S6"), (ct::MSGCONF, cct::ERROR, 43));
    assert_eq!(confirmation("S9"), (ct::MSGCONF, cct::OK, 9));
}

#[test]
fn s11_to_s16_transport() {
    let bytes = sample("S11");
    let s11 = packet(&bytes);
    assert_eq!(s11.body, Body::Data { signature: None, records: Vec::new() });
    assert_eq!((s11.header.id, s11.header.total()), (600, 11));
    assert_eq!(response(&packet(&sample("S12"))), (Some(600), 0));
    assert_eq!(response(&packet(&sample("S13"))), (Some(517), 138));

    let bytes = sample("S14");
    let s14 = packet(&bytes);
    assert_eq!(s14.header.route, Some(Route { sender: 10, recipient: 20, hops: 5 }));
    assert_eq!(record(&s14).object, Some(4711));
    let liquid = Liquid { flags: 1, address: 0, level: Level::Value(100) };
    assert_eq!(subs(&s14), [Sub::Liquid(liquid)]);

    let bytes = sample("S15");
    let s15 = packet(&bytes);
    let Body::Data { signature, .. } = s15.body else { panic!("{s15:?}") };
    assert_eq!(signature, Some(&[][..]));
    assert_eq!(subs(&s15), [Sub::ResultCode(0)]);
    assert_eq!(subs(&packet(&sample("S16"))), [Sub::ResultCode(153)]);
}

#[test]
fn the_computed_packets_are_what_we_write() {
    let wire = |id: u16, number: u16, sub: Sub<'_>, service: u8| {
        let data = encode::subs(&[sub]);
        let record = encode::record(TO_DEVICE, number, service, &data);
        seal(pt::APPDATA, id, None, &encode::data(&[record])).to_vec()
    };
    let message = |id: u32, name: &str, text: &str| {
        let (charset, chs) = Writing::by_name(name).of(text);
        (id, chs, charset.encode(text).bytes)
    };
    let (id, charset, data) = message(42, "cp1251", "Позвоните диспетчеру");
    let s1 =
        Command { kind: ct::MSGTO, id, sender: 1001, charset, data: &data, ..Command::default() };
    assert_eq!(wire(100, 7, Sub::Command(s1), service::COMMANDS), sample("S1"));
    let (id, charset, data) = message(44, "ucs2", "Привет 你好");
    let authorisation = Some(&b"1234"[..]);
    let s10 = Command {
        kind: ct::MSGTO,
        id,
        sender: 1001,
        charset,
        authorisation,
        data: &data,
        ..Command::default()
    };
    assert_eq!(wire(104, 11, Sub::Command(s10), service::COMMANDS), sample("S10"));
    let s9 = Command { kind: ct::MSGCONF, id: 9, sender: 1001, ..Command::default() };
    assert_eq!(wire(103, 10, Sub::Command(s9), service::COMMANDS), sample("S9"));
    assert_eq!(wire(107, 12, Sub::ResultCode(153), service::AUTH), sample("S16"));
    let answer = |id, answered, number, record| {
        let data = encode::subs(&[Sub::RecordResponse { record, result: 0 }]);
        let record = encode::record(TO_DEVICE, number, service::COMMANDS, &data);
        seal(pt::RESPONSE, id, None, &encode::response(answered, 0, &[record])).to_vec()
    };
    assert_eq!(answer(101, 513, 8, 301), sample("S4"));
    assert_eq!(answer(102, 516, 9, 304), sample("S8"));
    let bare = |id, answered, result| {
        seal(pt::RESPONSE, id, None, &encode::response(answered, result, &[])).to_vec()
    };
    assert_eq!(bare(105, 600, 0), sample("S12"));
    assert_eq!(bare(106, 517, 138), sample("S13"));
    assert_eq!(seal(pt::APPDATA, 600, None, &[]).to_vec(), sample("S11"));
}

#[test]
fn an_order_is_written_as_live_units_write_it() {
    let mut data = Vec::new();
    Order { address: 0, size: 0, action: 2, code: 0x0203, data: b"internet" }.encode(&mut data);
    let bytes = sample("R11");
    assert_eq!(command(&packet(&bytes)).data, data);
}

#[test]
fn every_sample_has_been_looked_at() {
    let tags: Vec<_> = samples().iter().map(|sample| sample.tag).collect();
    let expected = (1..=13).map(|n| format!("R{n}")).chain((1..=16).map(|n| format!("S{n}")));
    assert_eq!(tags, expected.collect::<Vec<_>>());
}

#[test]
fn alarms_have_neutral_names() {
    let mut names = (0..=255).filter_map(super::super::report::alarm);
    assert!(names.all(crate::vocabulary::is_alarm));
}
