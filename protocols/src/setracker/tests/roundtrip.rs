//! What is encoded decodes to the same value.

use proptest::prelude::*;

use super::super::frame::{seal, split};
use super::super::message::{Message, Position};
use super::super::{decode, encode};
use super::cut;

proptest! {
    #[test]
    fn frames(maker in "[0-9A-Z]{2}", id in "[0-9]{1,18}", index: Option<u16>, content in "[A-Z,0-9\\[\\]]{0,80}") {
        let index = index.map(|index| format!("{index:04X}"));
        // A content of four digits and an asterisk does not occur: words are letters.
        let content = format!("UD{content}");
        let frame = seal(&maker, &id, index.as_deref(), content.as_bytes());
        let (head, found) = split(&frame).unwrap();
        prop_assert_eq!((head.maker, head.id), (maker.as_bytes(), id.as_bytes()));
        prop_assert_eq!(head.index, index.as_deref().map(str::as_bytes));
        prop_assert_eq!(found, content.as_bytes());
        prop_assert_eq!(cut(&frame).0, [frame.to_vec()]);
    }

    #[test]
    fn positions(
        seconds in 946_684_800_i64..4_000_000_000,
        fixed: bool,
        degrees in (-89_999_999_i32..90_000_000, -179_999_999_i32..180_000_000),
        speed in 0..500_u16,
        numbers: [u16; 5],
        status: u32,
    ) {
        let time = jiff::Timestamp::from_second(seconds).ok().filter(|time| time.strftime("%Y").to_string().starts_with("20"));
        let place = Some((f64::from(degrees.0) / 1e6, f64::from(degrees.1) / 1e6));
        let [satellites, signal, battery, steps, rolls] = numbers.map(|number| Some(number.into()));
        let position = Position {
            stored: false, time, fixed, place, speed: Some(speed.into()), course: Some(1.5),
            altitude: Some(-3.0), satellites, signal, battery, steps, rolls, status: Some(status),
        };
        let content = encode::position("UD", &position);
        prop_assert_eq!(decode::uplink(content.as_bytes()), Ok(Message::Position(position)));
    }

    #[test]
    fn texts(text in "[ -~а-я一-龥]{0,100}") {
        prop_assert_eq!(decode::text(encode::text(&text).as_bytes()), Some(text));
    }

    #[test]
    fn nothing_makes_the_decoder_panic(content: Vec<u8>) {
        drop(decode::uplink(&content));
        drop(super::super::explain::explain(&seal("3G", "1", None, &content)));
    }
}
