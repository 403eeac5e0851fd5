//! From elements and records to neutral words.

use super::super::driver::{DriverIds, DriverSeat};
use super::super::encode::{self, NewRecord};
use super::super::message::{Codec, IoValue, Record};
use super::super::names::Naming;
use super::super::report::Plausible;
use super::records;
use crate::event::{Attributes, DriverIdentity, Value};

fn named(id: u16, value: IoValue<'_>, naming: Naming) -> Attributes {
    let mut list = Attributes::new();
    naming.names().push(id, value, &mut list);
    list
}

fn one(id: u16, value: u64, size: u8, naming: Naming) -> (String, Value) {
    let list = named(id, IoValue::Number { value, size }, naming);
    let [(name, value)] = &list[..] else { panic!("{id}: {list:?}") };
    (name.to_string(), value.clone())
}

#[test]
fn common_elements_have_names_unless_names_are_off() {
    use Naming::{Common, Fmb, Numbers};
    for (id, value, size, name, meaning) in [
        (1, 1, 1, "input1", Value::Bool(true)),
        (4, 0, 1, "input4", Value::Bool(false)),
        (16, 12_345, 4, "odometer_km", Value::Float(12.345)),
        (21, 4, 1, "signal_level", Value::Int(80)),
        (66, 24_079, 2, "power_v", Value::Float(24.079)),
        (67, 3_950, 2, "battery_v", Value::Float(3.95)),
        (78, 0xe700_0019_4a2f_2101, 8, "driver_key", Value::Text("E70000194A2F2101".into())),
        (179, 1, 1, "output1", Value::Bool(true)),
        (207, 0x3a7, 8, "rfid", Value::Text("00000000000003A7".into())),
        (239, 1, 1, "ignition", Value::Bool(true)),
        (240, 0, 1, "moving", Value::Bool(false)),
        (241, 24_602, 4, "operator", Value::Int(24_602)),
    ] {
        for naming in [Common, Fmb] {
            assert_eq!(one(id, value, size, naming), (name.to_owned(), meaning.clone()));
        }
        assert_eq!(one(id, value, size, Numbers).0, format!("io_{id}"));
    }
    assert_eq!(one(239, 7, 1, Common), ("io_239".to_owned(), Value::Int(7)));
    assert_eq!(named(78, IoValue::Number { value: 0, size: 8 }, Common), []);
}

#[test]
fn the_familys_elements_have_names_only_if_it_is_that_family() {
    use Naming::{Common, Fmb};
    for (id, value, size, name, meaning) in [
        (9, 12_500, 2, "adc1_v", 12.5),
        (6, 500, 2, "adc2_v", 0.5),
        (25, 2_150, 2, "temperature1_c", 21.5),
        (28, 0xfb5d, 2, "temperature4_c", -11.87),
        (72, 0xffff_fff6, 4, "temperature5_c", -1.0),
        (181, 12, 2, "pdop", 1.2),
        (182, 9, 2, "hdop", 0.9),
        (10_803, 0xfb5d, 2, "eye4.temperature_c", -11.87),
    ] {
        assert_eq!(one(id, value, size, Fmb), (name.to_owned(), Value::Float(meaning)));
        assert_eq!(one(id, value, size, Common), (format!("io_{id}"), Value::Int(value as i64)));
    }
    assert_eq!(one(113, 88, 1, Fmb), ("battery_level".to_owned(), Value::Int(88)));
    // Error codes of sensors are no temperatures.
    assert_eq!(one(25, 32_767, 2, Fmb).0, "io_25");
    assert_eq!(one(72, 3_000, 4, Fmb).0, "io_72");
}

#[test]
fn any_number_is_spelled() {
    for id in [0_u16, 5, 10, 99, 100, 999, 1000, 1023, 1024, 65_535] {
        assert_eq!(one(id, 300, 2, Naming::Numbers).0, format!("io_{id}"));
    }
    // More than a signed number can hold.
    let Value::Bytes(bytes) = one(500, u64::MAX, 8, Naming::Common).1 else { panic!() };
    assert_eq!(bytes, [0xff; 8][..]);
    let barcode = named(264, IoValue::Bytes(b"QR-007\0"), Naming::Common);
    assert_eq!(barcode, [("barcode".into(), Value::Text("QR-007".into()))]);
    let bytes = named(264, IoValue::Bytes(&[0xff, 0xfe]), Naming::Common);
    assert_eq!(bytes[0].0, "io_264");
}

#[test]
fn a_position_that_is_none_is_left_out() {
    let at = |longitude, latitude, satellites| {
        let record = NewRecord { longitude, latitude, satellites, ..NewRecord::default() };
        let frame = encode::avl(Codec::C8, &[record]);
        records(&frame, Codec::C8, false)[0].report(None, Naming::Common).fix
    };
    assert_eq!(at(0, 0, 5), None);
    assert_eq!(at(0, 900_000_001, 5), None);
    assert_eq!(at(i32::MIN, 0, 5), None);
    assert!(!at(253_032_016, 547_146_368, 0).unwrap().valid);
    let fix = at(-253_032_016, -547_146_368, 4).unwrap();
    assert!(fix.valid && (fix.longitude, fix.latitude) == (-25.303_201_6, -54.714_636_8));
}

#[test]
fn a_time_that_is_none_is_left_out() {
    let received: jiff::Timestamp = "2025-10-06T08:20:00Z".parse().unwrap();
    let time = |timestamp| {
        let frame = encode::avl(Codec::C8, &[NewRecord { timestamp, ..NewRecord::default() }]);
        records(&frame, Codec::C8, false)[0].time(Plausible::at(received))
    };
    assert_eq!(time(1_759_738_800_123).map(|t| t.as_millisecond()), Some(1_759_738_800_123));
    for none in [0, 946_684_799_999, 1_759_738_800_000 + 86_400_001, u64::MAX] {
        assert_eq!(time(none), None, "{none}");
    }
}

/// Milliseconds and elements of a record.
type Seen<'a> = (u64, &'a [(u16, &'a [u8])]);

/// What a seat says about records, one after another.
fn changes(option: &str, list: &[Seen<'_>]) -> Vec<Option<(bool, String)>> {
    let (ids, mut seat) = (DriverIds::read(option), DriverSeat::default());
    let said = |identity: DriverIdentity| {
        (identity.present, identity.id.or(identity.name).unwrap_or_default())
    };
    let mut look = |record: &Record<'_>| seat.change(&ids, record, None).map(said);
    list.iter()
        .map(|(timestamp, io)| {
            let io = io.iter().map(|(id, value)| (*id, value.to_vec())).collect();
            let record = NewRecord { timestamp: *timestamp, io, ..NewRecord::default() };
            let frame = encode::avl(Codec::C8E, &[record]);
            look(&records(&frame, Codec::C8E, false)[0])
        })
        .collect()
}

#[test]
fn a_driver_is_told_when_he_changes() {
    const KEY: &[u8] = &[0xe7, 0, 0, 0x19, 0x4a, 0x2f, 0x21, 1];
    const NONE: &[u8] = &[0; 8];
    let on = |who: &str| Some((true, who.to_owned()));
    let off = |who: &str| Some((false, who.to_owned()));
    let key = "E70000194A2F2101";
    let found = changes(
        "78,207",
        &[
            (10, &[(78, NONE)]),
            (20, &[(78, KEY)]),
            (30, &[(78, KEY)]),
            // Older than what is known, and one that says nothing.
            (25, &[(78, NONE)]),
            (40, &[(1, &[1])]),
            // The other reader knows somebody.
            (50, &[(78, NONE), (207, &[0, 0, 0, 0, 0, 0, 3, 0xa7])]),
            (60, &[(78, NONE), (207, NONE)]),
        ],
    );
    let other = "00000000000003A7";
    assert_eq!(found, [None, on(key), None, None, None, on(other), off(other)]);
}

#[test]
fn cards_in_halves_and_names_are_read() {
    let halves: &[(u16, &[u8])] = &[(195, b"DB123456"), (196, b"78901234")];
    let found =
        changes("195 + 196, nonsense, 1+x, 403", &[(1, halves), (2, &[(195, b"DB123456")])]);
    assert_eq!(found, [Some((true, "DB12345678901234".to_owned())), None]);
    let found = changes("403", &[(1, &[(403, b"A. Driver\0\0\0")]), (2, &[(403, b"\0\0\0")])]);
    let driver = "A. Driver".to_owned();
    assert_eq!(found, [Some((true, driver.clone())), Some((false, driver))]);
    assert_eq!(changes("", &[(1, halves)]), [None]);
}
