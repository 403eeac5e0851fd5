//! Every sample of the specification, decoded and, where it is ours or a terminal's to write, encoded.

use super::super::datagram::{self, Content, Datagram};
use super::super::encode::{self, NewRecord};
use super::super::envelope::{
    Message, MessageCodec, kind, pack, unpack, unwrap, wrap, wrap12, wrap14,
};
use super::super::frame::checksum;
use super::super::message::{Codec, IoValue, Record, WELCOME, accepted};
use super::super::{decode, explain};
use super::samples::*;
use super::{bytes, records, whole};
use crate::error::{DecodeError, DecodeErrorKind};

const MS_2019: u64 = 1_560_161_086_000;

/// IO elements: ids and values.
type Io = Vec<(u16, Vec<u8>)>;

/// All IO elements.
fn io(record: &Record<'_>) -> Io {
    let mut all = Vec::new();
    record.io.each(|id, value| {
        let bytes = match value {
            IoValue::Number { value, size } => {
                value.to_be_bytes()[8 - usize::from(size)..].to_vec()
            }
            IoValue::Bytes(bytes) => bytes.to_vec(),
        };
        all.push((id, bytes));
    });
    all
}

/// What has to be written to get these records.
fn rewritten(records: &[Record<'_>], codec: Codec) -> Vec<u8> {
    let new = |record: &Record<'_>| NewRecord {
        timestamp: record.timestamp,
        priority: record.priority,
        longitude: record.longitude,
        latitude: record.latitude,
        altitude: record.altitude,
        angle: record.angle,
        satellites: record.satellites,
        speed: record.speed,
        event: record.event,
        generation: record.generation.unwrap_or(0),
        io: io(record),
    };
    encode::avl(codec, &records.iter().map(new).collect::<Vec<_>>())
}

/// Decodes a sample of records, and checks that it is also what we would write.
fn avl(sample: &str, codec: Codec) -> Vec<(u64, u8, u16, Io)> {
    let frame = whole(&bytes(sample));
    assert_eq!(decode::codec(&frame), Some(codec.id()));
    let records = records(&frame, codec, false);
    assert_eq!(rewritten(&records, codec), frame);
    assert!(records.iter().all(|record| io(record).len() == usize::from(record.total)));
    records
        .iter()
        .map(|record| (record.timestamp, record.priority, record.event, io(record)))
        .collect()
}

#[test]
fn t1_handshake() {
    let frame = bytes(T1);
    assert_eq!(decode::handshake(&frame), Ok("356307042441013"));
    assert_eq!(encode::handshake("356307042441013"), frame);
    assert_eq!(WELCOME, [1]);
}

#[test]
fn t2_one_record_of_codec_8() {
    let all = avl(T2, Codec::C8);
    let io = vec![
        (21, vec![3]),
        (1, vec![1]),
        (66, vec![0x5e, 0x0f]),
        (241, vec![0, 0, 0x60, 0x1a]),
        (78, vec![0; 8]),
    ];
    assert_eq!(all, [(MS_2019, 1, 1, io)]);
    assert_eq!(accepted(1), bytes("00000001"));
}

#[test]
fn t3_two_records_of_codec_8() {
    let all = avl(T3, Codec::C8);
    let first = (1_560_160_861_000, 1, 1, vec![(1, vec![0])]);
    assert_eq!(all, [first, (1_560_160_879_000, 1, 1, vec![(1, vec![1])])]);
    assert_eq!(accepted(2), bytes("00000002"));
}

#[test]
fn t4_one_record_of_codec_8_extended() {
    let all = avl(T4, Codec::C8E);
    let io = vec![
        (1, vec![1]),
        (17, vec![0, 0x1d]),
        (16, bytes("015e2c88")),
        (11, bytes("000000003544c87a")),
        (14, bytes("000000001dd7e06a")),
    ];
    assert_eq!(all, [(1_560_166_592_000, 1, 1, io)]);
}

#[test]
fn t5_key_and_barcode() {
    let all = avl(T5, Codec::C8E);
    let io = vec![
        (239, vec![1]),
        (240, vec![1]),
        (78, bytes("e70000194a2f2101")),
        (264, b"QR-007".to_vec()),
    ];
    assert_eq!(all, [(1_768_465_800_000, 1, 78, io)]);
    let frame = bytes(T5);
    let record = records(&frame, Codec::C8E, false)[0];
    assert_eq!((record.longitude, record.latitude), (253_032_016, 547_146_368));
    assert_eq!((record.altitude, record.angle, record.satellites, record.speed), (111, 214, 9, 54));
}

#[test]
fn t6_two_records_of_codec_16() {
    let all = avl(T6, Codec::C16);
    let io = |last| vec![(1, vec![0]), (3, vec![0]), (11, vec![0, last]), (66, vec![0x56, 0x3a])];
    let expected = [(1_562_760_414_000, 0, 11, io(0x27)), (1_562_760_415_000, 0, 11, io(0x26))];
    assert_eq!(all, expected);
    let frame = bytes(T6);
    assert!(records(&frame, Codec::C16, false).iter().all(|record| record.generation == Some(5)));
}

/// Decodes a sample with one message, and checks that it is also what we would write.
fn message(sample: &str, codec: MessageCodec) -> (u8, Option<u32>, Option<String>, Vec<u8>) {
    let frame = whole(&bytes(sample));
    assert_eq!(decode::codec(&frame), Some(codec.id()));
    let messages = unwrap(&frame, codec).unwrap();
    let [message] = messages[..] else { panic!("{messages:?}") };
    assert_eq!(wrap(&message), frame);
    let imei = message.imei.map(|imei| unpack(imei).unwrap());
    (message.kind, message.time, imei, message.payload.to_vec())
}

#[test]
fn t7_to_t11_and_t16_codec_12() {
    let c12 = |sample| {
        let (kind, time, imei, payload) = message(sample, MessageCodec::C12);
        assert_eq!((time, imei), (None, None));
        assert_eq!(wrap12(kind, &payload), bytes(sample));
        (kind, payload)
    };
    assert_eq!(c12(T7), (kind::COMMAND, b"getinfo".to_vec()));
    let response = b"DI1:1 DI2:0 DI3:0 AIN1:0 AIN2:16924 DO1:0 DO2:1";
    assert_eq!(c12(T8), (kind::RESPONSE, response.to_vec()));
    let (kind_down, down) = c12(T9);
    assert_eq!((kind_down, down.len()), (kind::GARMIN, 46));
    assert!(down.starts_with(&[0x10, 0xa1]) && down.ends_with(&[0x10, 0x03]));
    let (kind_up, up) = c12(T10);
    assert_eq!((kind_up, up.len()), (kind::RESPONSE, 40));
    assert_eq!(c12(T11), (kind::SERIAL, b"Call dispatch\r\n".to_vec()));
    assert_eq!(c12(T16), (kind::COMMAND, b"setparam 2020:0".to_vec()));
}

#[test]
fn t12_codec_13() {
    let found = message(T12, MessageCodec::C13);
    assert_eq!(found, (kind::RESPONSE, Some(176_276_256), None, b"getinfo".to_vec()));
}

#[test]
fn t13_and_t14_codec_14() {
    let found = message(T13, MessageCodec::C14);
    let imei = "352093081452251".to_owned();
    assert_eq!(found, (kind::COMMAND, None, Some(imei.clone()), b"getver".to_vec()));
    assert_eq!(wrap14(kind::COMMAND, pack(&imei), b"getver"), bytes(T13));
    let found = message(T14, MessageCodec::C14);
    assert_eq!(found, (kind::WRONG_IMEI, None, Some("352093085698206".to_owned()), Vec::new()));
}

#[test]
fn t15_codec_15() {
    let imei = Some("352093085698206".to_owned());
    let found = message(T15, MessageCodec::C15);
    assert_eq!(found, (0x0b, Some(1_768_465_800), imei, b"Gate 3 open\r\n".to_vec()));
}

#[test]
fn t17_and_t18_datagrams() {
    let t17 = bytes(T17);
    let Some(Datagram {
        packet_id: 0xcafe,
        kind: 1,
        content: Content::Records { avl_packet_id: 5, imei: b"352093086403655", data },
    }) = datagram::read(&t17)
    else {
        panic!("{:?}", datagram::read(&t17));
    };
    let mut records = decode::records_of(data, t17.len(), Codec::C8, false).unwrap();
    let record = records.next_record().unwrap().unwrap();
    assert_eq!(record.timestamp, 1_560_407_006_000);
    assert_eq!(io(&record), [(21, vec![3]), (1, vec![1]), (66, vec![0x5d, 0xbc])]);
    assert_eq!(records.next_record(), Ok(None));
    assert_eq!(
        datagram::read(&bytes(T18)),
        Some(Datagram {
            packet_id: 0xcafe,
            kind: 1,
            content: Content::Accepted { avl_packet_id: 5, count: 1 }
        })
    );
    // The example whose length field is wrong.
    let mut wrong = t17;
    wrong[1] = 0x48;
    assert_eq!(datagram::read(&wrong), None);
}

#[test]
fn every_sample_is_explained_byte_for_byte() {
    for sample in [T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15, T16, T17, T18]
    {
        let frame = bytes(sample);
        let explanation = explain::explain(&frame);
        assert_eq!(explanation.problem, None, "{}", explanation.title);
        // Counts inside of records and quantities stand for themselves; the rest adds up.
        let mut raw = String::new();
        fn collect(fields: &[crate::explain::Field], raw: &mut String) {
            for field in fields {
                raw.push_str(&field.raw);
                collect(&field.children, raw);
            }
        }
        collect(&explanation.fields, &mut raw);
        let counts = match decode::codec(&frame).and_then(Codec::by_id) {
            Some(codec) if frame.starts_with(&[0; 4]) => {
                let groups = if codec == Codec::C8E { 5 } else { 4 };
                groups * codec.count_width() * records(&frame, codec, false).len()
            }
            _ if sample == T17 => 4,
            _ => 0,
        };
        assert_eq!(raw.len() / 2 + counts, frame.len(), "{}", explanation.title);
    }
}

#[test]
fn the_checksum_is_the_published_one() {
    assert_eq!(checksum(b"123456789"), 0xbb3d);
}

#[test]
fn an_error_names_message_field_and_offset() {
    let error = |message, field, offset, kind| DecodeError { message, field, offset, kind };
    let mut frame = bytes(T2);
    let last = frame.len() - 5;
    frame[last] = 2;
    let mut all = decode::records(&frame, Codec::C8, false).unwrap();
    all.next_record().unwrap();
    assert_eq!(
        all.next_record(),
        Err(error("codec 8", "number of data 2", 61, DecodeErrorKind::Invalid))
    );
    // Cut after the latitude.
    let short = super::super::frame::enclose(&bytes(T2)[8..27]);
    let mut all = decode::records(&short, Codec::C8, false).unwrap();
    assert_eq!(
        all.next_record(),
        Err(error("codec 8", "altitude", 27, DecodeErrorKind::Truncated))
    );
    let small = super::super::frame::enclose(&[0x0e, 1, 6, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 1]);
    assert_eq!(
        unwrap(&small, MessageCodec::C14),
        Err(error("codec 14", "size", 11, DecodeErrorKind::Invalid))
    );
}

#[test]
fn several_messages_in_one_frame_are_all_read() {
    let frame = super::super::frame::enclose(&bytes("0c02 05 00000001 41 06 00000000 02"));
    let message =
        |kind, payload| Message { codec: MessageCodec::C12, kind, time: None, imei: None, payload };
    let expected: Vec<Message<'_>> = vec![message(5, b"A"), message(6, b"")];
    assert_eq!(unwrap(&frame, MessageCodec::C12), Ok(expected));
}

#[test]
fn a_program_without_a_session_can_walk_the_records() {
    let frame = bytes(T3);
    let mut all = crate::teltonika::records(&frame).unwrap().unwrap();
    let mut times = Vec::new();
    while let Some(record) = all.next_record().unwrap() {
        times.push(record.timestamp);
    }
    assert_eq!(times, [1_560_160_861_000, 1_560_160_879_000]);
    for none in [T1, T7, "01", ""] {
        assert!(crate::teltonika::records(&bytes(none)).unwrap().is_none(), "{none}");
    }
}
