//! What is encoded decodes to the same, for packets of any content.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::message::{Command, Compressed, Main, Minimal, Packet, Tag};
use super::super::tags::{self, Length};
use super::super::{decode, encode};

/// A tag with a value of its length.
fn any_tag() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let known: Vec<u8> = (0..=255).filter(|&id| tags::length(id).is_some()).collect();
    prop::sample::select(known).prop_flat_map(|id| {
        let length = match tags::length(id) {
            Some(Length::Fixed(length)) => length.into()..=length.into(),
            _ => 0..=200,
        };
        (Just(id), vec(any::<u8>(), length))
    })
}

/// A record: ascending tags.
fn any_record() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    vec(any_tag(), 1..12).prop_map(|mut tags| {
        tags.sort_by_key(|(id, _)| *id);
        tags.dedup_by_key(|(id, _)| *id);
        tags
    })
}

fn borrowed(record: &[(u8, Vec<u8>)]) -> Vec<Tag<'_>> {
    record.iter().map(|(id, value)| Tag { id: *id, value }).collect()
}

fn any_minimal() -> impl Strategy<Value = Minimal> {
    let numbers = (0..1_u32 << 25, 0..1_u32 << 22, 0..1_u32 << 21, 0..1_u16 << 9);
    (numbers, any::<[bool; 3]>()).prop_map(|((second, longitude, latitude, rest), flags)| {
        let [flag, invalid, alarm] = flags;
        Minimal { flag, second, invalid, longitude, latitude, alarm, rest }
    })
}

proptest! {
    #[test]
    fn records(first in any_record(), second in any_record(), archive: bool, more: bool) {
        let mut records = vec![borrowed(&first)];
        // The next record begins with a tag that does not ascend.
        if more && second[0].0 <= first.last().unwrap().0 {
            records.push(borrowed(&second));
        }
        let main = Main { archive, tags: records.concat(), rest: &[] };
        prop_assert!(main.records().eq(records.iter()));
        let packet = Packet::Main(main);
        let bytes = encode::packet(&packet).unwrap();
        prop_assert_eq!(decode::packet(&bytes).unwrap(), packet);
    }

    #[test]
    fn what_stands_behind_an_unknown_tag_is_kept(record in any_record(), rest: Vec<u8>) {
        let rest = [&[0x5b], &rest[..]].concat();
        let packet =
            Packet::Main(Main { archive: false, tags: borrowed(&record), rest: &rest });
        let bytes = encode::packet(&packet).unwrap();
        prop_assert_eq!(decode::packet(&bytes).unwrap(), packet);
    }

    #[test]
    fn compressed(list in vec((any_minimal(), any_record()), 1..5)) {
        let records = list
            .iter()
            .map(|(minimal, tags)| Compressed { minimal: *minimal, tags: borrowed(tags) })
            .collect();
        let packet = Packet::Compressed { records, rest: &[] };
        let bytes = encode::packet(&packet).unwrap();
        prop_assert_eq!(decode::packet(&bytes).unwrap(), packet);
    }

    #[test]
    fn photos_garmin_and_confirmations(part: u8, data: Vec<u8>, checksum: u16) {
        for packet in [
            Packet::Photo { part, data: &data },
            Packet::Garmin(&data),
            Packet::Confirmation(checksum),
        ] {
            let bytes = encode::packet(&packet).unwrap();
            prop_assert_eq!(decode::packet(&bytes).unwrap(), packet);
        }
    }

    #[test]
    fn commands(imei in prop::option::of("[0-9]{15}"), device: u16, number: u32,
        text in vec(any::<u8>(), 0..=255)) {
        let command = Command { imei: imei.map(Into::into), device, number, text };
        let bytes = encode::command(&command).unwrap();
        let Packet::Main(main) = decode::packet(&bytes).unwrap() else { unreachable!() };
        prop_assert_eq!(main.records().find_map(decode::command), Some(command));
    }

    #[test]
    fn any_bytes_decode_or_say_why(bytes: Vec<u8>) {
        if let Err(error) = decode::packet(&bytes) {
            prop_assert!(error.offset <= bytes.len(), "{error}");
        }
    }
}
