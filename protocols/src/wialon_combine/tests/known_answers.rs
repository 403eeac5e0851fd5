//! The frames printed in the specification's digest, both ways.

use super::super::decode::{self, Integers};
use super::super::encode;
use super::super::message::{
    Cell, Command, Data, Group, Key, Login, Message, Packet, Parameter, ParameterValue, Picture,
    Position, Record, SubRecord, Unknown,
};
use super::bytes;

const TIME: u32 = 1_759_738_800;

/// Both directions at once, for frames written the way this encoder writes.
fn both_ways(hex: &str, message: &Message<'_>) {
    let frame = bytes(hex);
    assert_eq!(decode::message(&frame, Integers::Document).as_ref(), Ok(message));
    assert_eq!(encode::message(message, Integers::Document), frame);
}

const fn packet(seq: u16, packet: Packet<'_>) -> Message<'_> {
    Message::Packet { seq, packet }
}

fn data<'a>(seq: u16, parts: Vec<SubRecord<'a>>) -> Message<'a> {
    let records = vec![Record { time: TIME, parts }];
    packet(seq, Packet::Data(Data { records, unknown: None }))
}

const fn parameter(number: u16, scale: u8, value: ParameterValue<'_>) -> Parameter<'_> {
    Parameter { number, scale, value }
}

#[test]
fn c1_c6_c7_logins() {
    let login = |id, password| Packet::Login(Login { version: 1, id, password });
    both_ways(
        "2424000000000a013000030e42598b46ec767f",
        &packet(0, login(Key::U64(860_103_063_062_252), None)),
    );
    both_ways(
        "24240000000019014433353230393330383132333435363700736563726574004c95",
        &packet(0, login(Key::Text(b"352093081234567"), Some(Key::Text(b"secret")))),
    );
    both_ways(
        "24240000010008012100010a8204d2608f",
        &packet(1, login(Key::U32(68_226), Some(Key::U16(1234)))),
    );
}

#[test]
fn c2_position_and_parameters_of_a_real_device() {
    let frame = bytes(
        "2424010002005a689f10f902010265236802a7640c0037002c03fc10003f00800e19000009020036058e0b00016d000d
         6e000a71084710e27b72000184d9000184e2084248000084e408414970a484e5083fd3333387d500148af300038b4300
         03b8cf",
    );
    let numbers = [
        (25, ParameterValue::U8(0)),
        (9, ParameterValue::U32(3_540_366)),
        (11, ParameterValue::U8(1)),
        (109, ParameterValue::U8(13)),
        (110, ParameterValue::U8(10)),
        (113, ParameterValue::F32(37_090.48)),
        (114, ParameterValue::U8(1)),
        (1241, ParameterValue::U8(1)),
        (1250, ParameterValue::F32(50.0)),
        (1252, ParameterValue::F32(12.59)),
        (1253, ParameterValue::F32(1.65)),
        (2005, ParameterValue::U8(20)),
        (2803, ParameterValue::U8(3)),
        (2883, ParameterValue::U8(3)),
    ];
    let position = Position {
        latitude: 40_182_632,
        longitude: 44_524_556,
        speed: 55,
        course: 44,
        height: 1020,
        satellites: 16,
        hdop: 63,
    };
    let list = numbers.map(|(number, value)| parameter(number, 0, value)).to_vec();
    let parts =
        vec![SubRecord::Position(position), SubRecord::Parameters { group: Group::Custom, list }];
    let records = vec![Record { time: 1_755_255_033, parts }];
    let message = packet(2, Packet::Data(Data { records, unknown: None }));
    assert_eq!(decode::message(&frame, Integers::Document).as_ref(), Ok(&message));
    // The device writes the count, 14, in two bytes; this encoder in one.
    let again = encode::message(&message, Integers::Document);
    assert_eq!(again.len(), frame.len() - 1);
    assert_eq!(decode::message(&again, Integers::Document), Ok(message));
}

#[test]
fn c3_c4_answers() {
    both_ways("4040000002", &Message::Answer { code: 0, seq: 2 });
    both_ways("4040040007", &Message::Answer { code: 4, seq: 7 });
}

#[test]
fn c5_keep_alive() {
    both_ways("2424020003", &packet(3, Packet::KeepAlive));
}

fn moscow() -> Position {
    Position {
        latitude: 55_743_375,
        longitude: 37_661_390,
        speed: 61,
        course: 152,
        height: 145,
        satellites: 14,
        hdop: 90,
    }
}

#[test]
fn c8_position_and_io() {
    both_ways(
        "2424010004002068e37bb002010352938f023eaace003d009800910e005a0200000005000000012ff0",
        &data(4, vec![SubRecord::Position(moscow()), SubRecord::Io { inputs: 5, outputs: 1 }]),
    );
}

#[test]
fn c9_parameters_of_all_types() {
    let hex = "2424010005004d68e37bb001000b0100c8024130390302000186a0040300000100000000000504fb0605fffeee900706
               fed40807fffffffffffffffb80c8083fc00000090940020000000000000a0a56312e3700deb6";
    let list = vec![
        parameter(1, 0, ParameterValue::U8(200)),
        parameter(2, 2, ParameterValue::U16(12_345)),
        parameter(3, 0, ParameterValue::U32(100_000)),
        parameter(4, 0, ParameterValue::U64(1_099_511_627_776)),
        parameter(5, 0, ParameterValue::I8(-5)),
        parameter(6, 0, ParameterValue::I32(-70_000)),
        parameter(7, 0, ParameterValue::I16(-300)),
        parameter(8, 0, ParameterValue::I64(-5)),
        parameter(200, 0, ParameterValue::F32(1.5)),
        parameter(9, 0, ParameterValue::F64(2.25)),
        parameter(10, 0, ParameterValue::Text(b"V1.7")),
    ];
    both_ways(hex, &data(5, vec![SubRecord::Parameters { group: Group::Custom, list }]));
}

#[test]
fn types_5_and_6_exchanged() {
    let list = vec![
        parameter(1, 0, ParameterValue::I16(-300)),
        parameter(2, 0, ParameterValue::I32(-70_000)),
    ];
    let message = data(1, vec![SubRecord::Parameters { group: Group::Can, list }]);
    let frame = encode::message(&message, Integers::Exchanged);
    let values = bytes("0702 0105 fed4 0206 fffeee90");
    assert_eq!(frame[12..frame.len() - 2], values);
    assert_eq!(decode::message(&frame, Integers::Exchanged), Ok(message));
    assert!(decode::message(&frame, Integers::Document).is_err());
}

#[test]
fn c10_two_messages_in_one_packet() {
    let standing = Position {
        latitude: 55_000_000,
        longitude: 37_000_000,
        speed: 0,
        course: 0,
        height: 100,
        satellites: 9,
        hdop: 100,
    };
    let moving = Position {
        latitude: 55_000_100,
        longitude: 37_000_200,
        speed: 5,
        course: 90,
        height: 101,
        ..standing
    };
    let records = vec![
        Record { time: TIME, parts: vec![SubRecord::Position(standing)] },
        Record { time: TIME + 60, parts: vec![SubRecord::Position(moving)] },
    ];
    both_ways(
        "2424010006002e68e37bb0010103473bc00234934000000000006409006468e37bec010103473c24023494080005005a
         0065090064f867",
        &packet(6, Packet::Data(Data { records, unknown: None })),
    );
}

#[test]
fn c11_cells() {
    let cell = Cell { mcc: 250, mnc: 1, lac: 7001, id: 12_345, rx_level: 57, timing_advance: 2 };
    both_ways(
        "2424010007001368e37bb001040100fa00011b5930390039000217e9",
        &data(7, vec![SubRecord::Cells(vec![cell])]),
    );
}

#[test]
fn c12_fuel_and_driver_code() {
    let fuel = vec![parameter(1, 1, ParameterValue::U16(523))];
    let code = vec![parameter(1, 0, ParameterValue::U64(0x0100_000a_1b2c))];
    both_ways(
        "2424010008001768e37bb00205010121020b0a01010300000100000a1b2ccd10",
        &data(
            8,
            vec![
                SubRecord::Parameters { group: Group::Fuel, list: fuel },
                SubRecord::Parameters { group: Group::Driver, list: code },
            ],
        ),
    );
}

#[test]
fn c13_driver_message() {
    both_ways(
        "2424010009001568e37bb0010cd09fd180d0b8d0b5d185d0b0d0bb004f6c",
        &data(9, vec![SubRecord::Text("Приехал".as_bytes())]),
    );
}

#[test]
fn c14_picture_block() {
    let data_bytes = [0xff, 0xd8, 0xff, 0xd9];
    let picture = Picture { index: 0, last: 0, name: b"a.jpg", data: &data_bytes };
    both_ways(
        "242401000a001468e37bb0010300000400612e6a706700ffd8ffd9088f",
        &data(10, vec![SubRecord::Picture(picture)]),
    );
}

#[test]
fn c15_c16_commands() {
    let command = |text| Message::Command(Command { time: TIME, kind: 0, text });
    both_ways("4040ff001068e37bb0006f7574707574303d310d0aa81a", &command(b"output0=1\r\n"));
    both_ways(
        "4040ff003168e37bb000234d23d09fd0bed0b7d0b2d0bed0bdd0b8d182d0b520d0b4d0b8d181d0bfd0b5d182d187d0b5
         d180d1830d0aef0c",
        &command("#M#Позвоните диспетчеру\r\n".as_bytes()),
    );
}

#[test]
fn c17_a_picture_with_the_long_form_of_its_length() {
    let head = bytes("242401000b800080fa68e37bb0010300800080e800622e6a706700");
    let frame = [&head[..], &[0; 33_000], &[0x3d, 0x21]].concat();
    assert_eq!(frame.len(), 33_029);
    let picture = Picture { index: 0, last: 0, name: b"b.jpg", data: &[0; 33_000] };
    let message = data(11, vec![SubRecord::Picture(picture)]);
    assert_eq!(decode::message(&frame, Integers::Document).as_ref(), Ok(&message));
    assert_eq!(encode::message(&message, Integers::Document), frame);
}

#[test]
fn reading_stops_at_a_sub_record_of_an_unknown_type() {
    let parts = vec![SubRecord::Position(moscow())];
    let unknown = Some(Unknown { kind: 11, rest: b"\x01\x02\x03" });
    let records = vec![Record { time: TIME, parts }];
    let message = packet(1, Packet::Data(Data { records, unknown }));
    let frame = encode::message(&message, Integers::Document);
    assert_eq!(frame[11], 2, "the unknown one counts");
    assert_eq!(decode::message(&frame, Integers::Document), Ok(message));
}

#[test]
fn errors_say_where() {
    let at = |frame: &str| {
        let error = decode::message(&bytes(frame), Integers::Document).unwrap_err();
        (error.message, error.field, error.offset)
    };
    // Identity type 0, identity type 5, an identity cut short.
    assert_eq!(at("2424 00 0000 0002 01 00 0000"), ("login", "Flags", 8));
    assert_eq!(at("2424 00 0000 0004 01 50 0001 0000"), ("login", "ID", 9));
    assert_eq!(at("2424 00 0000 0004 01 30 0001 0000"), ("login", "ID", 9));
    // A value type that does not exist; a picture longer than its packet.
    assert_eq!(at("2424 01 0001 000a 00000001 01 00 01 07 0b 0000"), ("data", "value type", 15));
    assert_eq!(at("2424 01 0001 000c 00000001 01 03 00 7fff 00 00 ff 0000"), ("data", "Bin", 18));
}
