//! What is encoded decodes to the same, for sentences of any content.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::message::{Class, DataCommand, Message, Sentence};
use super::super::options::printable;
use super::super::{decode, encode, explain};

proptest! {
    #[test]
    fn sentences(kind in "GT[A-Z]{3}", version in "[0-9A-F]{6}|80[0-9A-F]{8}",
        id in "[0-9]{15}|[0-9A-F]{14}", fields in vec("[ -#%-+--~]{0,12}", 1..20), ack: bool) {
        let sentence = Sentence {
            class: if ack { Class::Ack } else { Class::Buffered },
            kind: kind.as_bytes(),
            version: version.as_bytes(),
            id: id.as_bytes(),
            fields: fields.iter().map(String::as_bytes).collect(),
        };
        let bytes = encode::sentence(&sentence);
        prop_assert_eq!(decode::message(&bytes), Ok(Message::Sentence(sentence)));
    }

    #[test]
    fn commands(password in "[a-z0-9]{0,20}", data in "\\PC{0,60}", serial: u16) {
        let serial = format!("{serial:04X}");
        let data = printable(&data);
        prop_assert!(data.iter().all(|byte| (b' '..=b'~').contains(byte)));
        let command = DataCommand {
            password: password.as_bytes(),
            kind: b"1",
            data,
            need_ack: b"",
            serial: serial.as_bytes(),
        };
        let bytes = encode::data(&command);
        prop_assert_eq!(decode::message(&bytes), Ok(Message::Data(command)));
    }

    #[test]
    fn any_bytes_behind_a_head_decode_or_say_why(
        head in prop::sample::select(vec!["+RESP:", "+ACK:GT", "+RSP", "+EVT", "AT+GTDAT=", "+INF"]),
        bytes in vec(any::<u8>(), 0..120),
    ) {
        let frame = [head.as_bytes(), &bytes].concat();
        if let Err(error) = decode::message(&frame) {
            prop_assert!(error.offset <= frame.len(), "{error}");
        }
        prop_assert!(!explain::explain(&frame).title.is_empty());
    }
}
