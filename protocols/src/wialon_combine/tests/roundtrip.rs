//! `decode(encode(x))` is `x`, for every message, and no bytes panic the decoder.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::decode::{self, Integers};
use super::super::message::{
    Cell, Command, Data, Group, Key, Login, Message, Packet, Parameter, ParameterValue, Picture,
    Position, Record, SubRecord,
};
use super::super::{encode, explain, frame};
use crate::framing::{Cut, Frame, Framer, Limits};

/// Text without a NUL, from a fixed stock: messages borrow.
fn text() -> impl Strategy<Value = &'static [u8]> {
    const STOCK: &[&[u8]] =
        &[b"", b"a", b"352093081234567", "Приехал".as_bytes(), b"\xcf\xf0$$\xff"];
    (0..STOCK.len()).prop_map(|index| STOCK[index])
}

/// A key and whether it is used.
fn key() -> impl Strategy<Value = Key<'static>> {
    prop_oneof![
        any::<u16>().prop_map(Key::U16),
        any::<u32>().prop_map(Key::U32),
        any::<u64>().prop_map(Key::U64),
        text().prop_map(Key::Text),
    ]
}

fn value() -> impl Strategy<Value = ParameterValue<'static>> {
    prop_oneof![
        any::<u8>().prop_map(ParameterValue::U8),
        any::<u16>().prop_map(ParameterValue::U16),
        any::<u32>().prop_map(ParameterValue::U32),
        any::<u64>().prop_map(ParameterValue::U64),
        any::<i8>().prop_map(ParameterValue::I8),
        any::<i16>().prop_map(ParameterValue::I16),
        any::<i32>().prop_map(ParameterValue::I32),
        any::<i64>().prop_map(ParameterValue::I64),
        // Not NaN, which is not equal to itself.
        (-1e9_f32..1e9).prop_map(ParameterValue::F32),
        (-1e9_f64..1e9).prop_map(ParameterValue::F64),
        text().prop_map(ParameterValue::Text),
    ]
}

fn list() -> impl Strategy<Value = Vec<Parameter<'static>>> {
    let parameter = (0_u16..0x8000, 0_u8..8, value());
    vec(parameter.prop_map(|(number, scale, value)| Parameter { number, scale, value }), 0..20)
}

fn sub_record() -> impl Strategy<Value = SubRecord<'static>> {
    const GROUPS: [Group; 7] = [
        Group::Custom,
        Group::Fuel,
        Group::Temperature,
        Group::Can,
        Group::Counter,
        Group::Adc,
        Group::Driver,
    ];
    let position = (any::<[i32; 2]>(), any::<[u16; 3]>(), any::<(i16, u8)>()).prop_map(
        |([latitude, longitude], [speed, course, hdop], (height, satellites))| Position {
            latitude,
            longitude,
            speed,
            course,
            height,
            satellites,
            hdop,
        },
    );
    let cell = any::<[u16; 6]>().prop_map(|[mcc, mnc, lac, id, rx_level, timing_advance]| Cell {
        mcc,
        mnc,
        lac,
        id,
        rx_level,
        timing_advance,
    });
    let picture = (0_u16..0x8000, 0_u16..0x8000, text(), text())
        .prop_map(|(index, last, name, data)| Picture { index, last, name, data });
    prop_oneof![
        (0..GROUPS.len(), list())
            .prop_map(|(group, list)| SubRecord::Parameters { group: GROUPS[group], list }),
        position.prop_map(SubRecord::Position),
        any::<(u32, u32)>().prop_map(|(inputs, outputs)| SubRecord::Io { inputs, outputs }),
        picture.prop_map(SubRecord::Picture),
        vec(cell, 0..8).prop_map(SubRecord::Cells),
        text().prop_map(SubRecord::Text),
    ]
}

fn packet() -> impl Strategy<Value = Packet<'static>> {
    let login = (0_u16..0x8000, key(), option::of(key()))
        .prop_map(|(version, id, password)| Login { version, id, password });
    let record =
        (any::<u32>(), vec(sub_record(), 0..6)).prop_map(|(time, parts)| Record { time, parts });
    prop_oneof![
        login.prop_map(Packet::Login),
        vec(record, 0..6).prop_map(|records| Packet::Data(Data { records, unknown: None })),
        Just(Packet::KeepAlive),
        (3_u16..0x8000, text()).prop_map(|(kind, body)| Packet::Unknown { kind, body }),
    ]
}

fn message() -> impl Strategy<Value = Message<'static>> {
    prop_oneof![
        (any::<u16>(), packet()).prop_map(|(seq, packet)| Message::Packet { seq, packet }),
        (0_u8..255, any::<u16>()).prop_map(|(code, seq)| Message::Answer { code, seq }),
        (any::<u32>(), 0_u16..0x8000, text())
            .prop_map(|(time, kind, text)| Message::Command(Command { time, kind, text })),
    ]
}

proptest! {
    #[test]
    fn what_is_encoded_is_cut_and_decodes_to_itself(message in message(), exchanged: bool) {
        let integers = if exchanged { Integers::Exchanged } else { Integers::Document };
        let wire = encode::message(&message, integers);
        let mut framer = frame::CombineFramer::new(&Limits::default());
        let mut scratch = Vec::new();
        let cut = framer.cut(&wire, &mut scratch);
        prop_assert_eq!(cut, Ok(Cut { consumed: wire.len(), frame: Some(Frame::Valid(&wire)) }));
        prop_assert_eq!(decode::message(&wire, integers), Ok(message));
        if !exchanged {
            prop_assert_eq!(explain::explain(&wire).problem, None);
        }
    }

    #[test]
    fn no_bytes_panic_the_decoder(bytes in vec(any::<u8>(), 0..200), kind in 0_u8..3) {
        let framed = [&[0x24, 0x24, kind, 0, 1, 0, 100][..], &bytes].concat();
        for bytes in [&bytes, &framed] {
            let title = explain::explain(bytes).title;
            prop_assert!(!title.is_empty());
            if let Err(error) = decode::message(bytes, Integers::Document) {
                prop_assert!(error.offset <= bytes.len());
            }
        }
    }
}
