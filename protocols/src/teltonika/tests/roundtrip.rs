//! What is written is read again.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::encode::{self, NewRecord};
use super::super::envelope::{Message, MessageCodec, pack, unpack, unwrap, wrap};
use super::super::message::{Codec, IoValue};
use super::super::{decode, explain};
use super::{records, whole};

fn codec() -> impl Strategy<Value = Codec> {
    prop_oneof![Just(Codec::C8), Just(Codec::C8E), Just(Codec::C16)]
}

/// Elements that every codec can carry, in the order in which they are written.
fn elements() -> impl Strategy<Value = Vec<(u16, Vec<u8>)>> {
    let value = prop_oneof![
        vec(any::<u8>(), 1),
        vec(any::<u8>(), 2),
        vec(any::<u8>(), 4),
        vec(any::<u8>(), 8)
    ];
    vec((0_u16..256, value), 0..20).prop_map(|mut all| {
        all.sort_by_key(|(_, value)| value.len());
        all
    })
}

prop_compose! {
    fn record()(
        (timestamp, priority, longitude, latitude) in any::<(u64, u8, i32, i32)>(),
        (altitude, angle, satellites, speed) in any::<(i16, u16, u8, u16)>(),
        (event, generation) in (0_u16..256, any::<u8>()),
        io in elements(),
    ) -> NewRecord {
        NewRecord {
            timestamp, priority, longitude, latitude, altitude, angle, satellites, speed, event, generation, io,
        }
    }
}

fn value(value: IoValue<'_>) -> Vec<u8> {
    match value {
        IoValue::Number { value, size } => value.to_be_bytes()[8 - usize::from(size)..].to_vec(),
        IoValue::Bytes(bytes) => bytes.to_vec(),
    }
}

proptest! {
    #[test]
    fn records_come_back(codec in codec(), written in vec(record(), 0..6)) {
        let frame = whole(&encode::avl(codec, &written));
        let read = records(&frame, codec, false);
        prop_assert_eq!(read.len(), written.len());
        for (read, written) in read.iter().zip(&written) {
            prop_assert_eq!(
                (read.timestamp, read.priority, read.longitude, read.latitude),
                (written.timestamp, written.priority, written.longitude, written.latitude)
            );
            prop_assert_eq!(
                (read.altitude, read.angle, read.satellites, read.speed, read.event),
                (written.altitude, written.angle, written.satellites, written.speed, written.event)
            );
            let generation = (codec == Codec::C16).then_some(written.generation);
            prop_assert_eq!(read.generation, generation);
            let mut io = Vec::new();
            read.io.each(|id, found| io.push((id, value(found))));
            prop_assert_eq!(&io, &written.io);
        }
        prop_assert_eq!(explain::explain(&frame).problem, None);
    }

    #[test]
    fn any_length_comes_back_in_codec_8_extended(id: u16, bytes in vec(any::<u8>(), 0..300)) {
        let record = NewRecord { io: vec![(id, bytes.clone())], ..NewRecord::default() };
        let frame = whole(&encode::avl(Codec::C8E, &[record]));
        let mut io = Vec::new();
        records(&frame, Codec::C8E, false)[0].io.each(|id, found| io.push((id, value(found))));
        prop_assert_eq!(io, vec![(id, bytes)]);
    }

    #[test]
    fn a_record_cut_anywhere_is_an_error(codec in codec(), written in record(), keep in 0.0..1.0) {
        let whole = encode::avl(codec, &[written]);
        let data = super::super::frame::data(&whole);
        let kept = ((data.len() - 1) as f64 * keep) as usize;
        let short = super::super::frame::enclose(&data[..kept]);
        let read = decode::records(&short, codec, false)
            .and_then(|mut records| {
                while records.next_record()?.is_some() {}
                Ok(())
            });
        prop_assert!(read.is_err());
    }

    #[test]
    fn messages_come_back(
        which in 0..4, kind: u8, time: u32, imei in "[0-9]{15}", payload in vec(any::<u8>(), 0..200),
    ) {
        let codec = [MessageCodec::C12, MessageCodec::C13, MessageCodec::C14, MessageCodec::C15][which as usize];
        let message = Message {
            codec,
            kind,
            time: codec.has_time().then_some(time),
            imei: codec.has_imei().then(|| pack(&imei)),
            payload: &payload,
        };
        let frame = whole(&wrap(&message));
        prop_assert_eq!(unwrap(&frame, codec), Ok(vec![message]));
        prop_assert_eq!(explain::explain(&frame).problem, None);
        prop_assert_eq!(unpack(pack(&imei)), Some(imei.trim_start_matches('0').to_owned()));
    }

    #[test]
    fn any_bytes_are_read_or_not_without_harm(data in vec(any::<u8>(), 0..200), first in 0..8) {
        let ids = [0x08, 0x8e, 0x10, 0x0c, 0x0d, 0x0e, 0x0f, 0x07];
        let frame = super::super::frame::enclose(&[&[ids[first as usize]], &data[..]].concat());
        for extended in [false, true] {
            if let Some(codec) = Codec::by_id(frame[8])
                && let Ok(mut records) = decode::records(&frame, codec, extended)
            {
                let mut count = 0;
                while let Ok(Some(record)) = records.next_record() {
                    record.io.each(|_, _| count += 1);
                }
                prop_assert!(count <= data.len());
            }
        }
        if let Some(codec) = MessageCodec::by_id(frame[8])
            && let Ok(messages) = unwrap(&frame, codec)
        {
            prop_assert!(messages.len() <= data.len());
        }
        prop_assert!(!explain::explain(&frame).title.is_empty());
    }
}
