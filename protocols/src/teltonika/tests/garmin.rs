//! A navigator's packets in codec 12.

use super::whole;
use crate::garmin::tests::{ack, envelope, enveloped};
use crate::teltonika::envelope::{MessageCodec, kind, unwrap, wrap12};
use crate::teltonika::explain;

#[test]
fn c12_and_c13_hold_packets_as_on_the_serial_line() {
    let [text, receipt, _] = enveloped();
    for (tag, kind, payload) in [
        ("C12", kind::GARMIN, text),
        // Several in one message.
        ("C13", kind::RESPONSE, [ack(), receipt].concat()),
    ] {
        let frame = whole(&envelope(tag));
        let messages = unwrap(&frame, MessageCodec::C12).unwrap();
        let [message] = messages[..] else { panic!("{messages:?}") };
        assert_eq!((message.kind, message.payload), (kind, &payload[..]), "{tag}");
        assert_eq!(wrap12(kind, &payload), envelope(tag), "{tag}");
    }
}

#[test]
fn packets_are_explained_with_their_envelope() {
    let explanation = explain::explain(&whole(&envelope("C13")));
    let message = explanation.fields.iter().find(|field| field.name == "message").unwrap();
    let packets: Vec<_> =
        message.children.iter().filter(|field| field.name == "Garmin packet").collect();
    let [link, receipt] = &packets[..] else { panic!("{message:?}") };
    assert_eq!(link.value, "link acknowledgement 0x06 for 0xa1");
    assert_eq!(receipt.value, "text receipt 0x002B");
}
