//! What is encoded decodes to the same value.

use proptest::prelude::*;

use super::super::frame::{Prefix, seal};
use super::super::message::{Heartbeat, Message, Position, Receipt, State};
use super::super::{decode, encode};

fn state() -> impl Strategy<Value = State> {
    (0..1000_u32, 0..1000_u32, 0..1000_u32, 0..10_u32).prop_map(
        |(signal, satellites, battery, ignition)| State { signal, satellites, battery, ignition },
    )
}

/// The frame without its end.
fn frame(word: &str, data: &str) -> Vec<u8> {
    let mut wire = seal(Prefix::Iw, word, data).to_vec();
    wire.pop();
    wire
}

proptest! {
    #[test]
    fn positions(
        state in state(),
        seconds in 946_684_800_i64..4_000_000_000,
        fixed: bool,
        ten_thousandths in (-53_999_999_i32..54_000_000, -107_999_999_i32..108_000_000),
        tenths in 0..9999_u16,
        hundredths in 0..36_000_u32,
        cell: [u32; 4],
        alarm in proptest::option::of(0..100_u32),
    ) {
        let position = Position {
            time: jiff::Timestamp::from_second(seconds).ok(),
            fixed,
            latitude: f64::from(ten_thousandths.0) / 600_000.0,
            longitude: f64::from(ten_thousandths.1) / 600_000.0,
            speed: f64::from(tenths) / 10.0,
            course: f64::from(hundredths) / 100.0,
            state,
            cell: cell.map(Some),
            alarm,
        };
        let word = if alarm.is_some() { "AP10" } else { "AP01" };
        let wire = frame(word, &encode::position(&position));
        let Message::Position(found) = decode::uplink(&wire).unwrap().1 else { panic!() };
        prop_assert!((found.latitude - position.latitude).abs() < 1e-9);
        prop_assert!((found.longitude - position.longitude).abs() < 1e-9);
        let (latitude, longitude) = (position.latitude, position.longitude);
        prop_assert_eq!(Position { latitude, longitude, ..found }, position);
    }

    #[test]
    fn heartbeats(state in state(), steps: u32, rolls: u32) {
        let heartbeat = Heartbeat { state, steps: Some(steps), rolls: Some(rolls) };
        let wire = frame("AP03", &encode::heartbeat(&heartbeat));
        prop_assert_eq!(decode::uplink(&wire).unwrap().1, Message::Heartbeat(heartbeat));
    }

    #[test]
    fn texts_and_receipts(imei in "[0-9]{15}", serial in 0..1_000_000_u32, text in "[ -~а-я一-龥]{0,100}", ok: bool) {
        let wire = frame("BP40", &encode::text(&imei, serial, &text));
        prop_assert_eq!(decode::text(&wire), Some((serial, text)));
        let receipt = Receipt { serial: Some(serial), ok };
        let wire = frame("AP40", &encode::receipt(receipt));
        prop_assert_eq!(decode::uplink(&wire).unwrap().1, Message::Receipt(receipt));
    }

    #[test]
    fn nothing_makes_the_decoder_panic(word in "[A-D]P[0-9A-Z]{2}", data: Vec<u8>) {
        let frame = [b"IW".as_slice(), word.as_bytes(), &data].concat();
        drop(decode::uplink(&frame));
        drop(super::super::explain::explain(&frame));
    }
}
