//! Transparent data with a navigator's packets: the envelopes as they must be, and what they are explained as.

use super::{cut, parsed};
use crate::garmin::tests::{envelope, enveloped};
use crate::jt808::frame::{Outgoing, seal};
use crate::jt808::message::{Answer, Message, id};
use crate::jt808::{decode, explain};

/// The envelope holds this message, both ways.
fn check(tag: &str, expected: &Message<'_>) {
    let frames = cut(&envelope(tag));
    let (header, body, context) = parsed(tag, &frames[0]);
    assert_eq!(header.address.phone.identity(header.address.style), "13800001234", "{tag}");
    assert_eq!(decode::message(&header, body, context).as_ref(), Ok(expected), "{tag}");
    let outgoing =
        Outgoing { address: header.address, id: header.id, serial: header.serial, fragment: None };
    assert_eq!(seal(&outgoing, &expected.encode()), envelope(tag), "{tag}");
}

#[test]
fn packets_travel_as_data_of_serial_port_1() {
    let [text, receipt, _] = enveloped();
    let data = |id, data| Message::Transparent { id, kind: 0x41, total: None, data };
    check("C9", &data(id::TRANSPARENT_DOWN, &text));
    check("C10", &data(id::TRANSPARENT_UP, &receipt));
    let answer = Answer { serial: 0x4d, id: id::TRANSPARENT_UP, result: 0 };
    check("C11", &Message::Answer { id: id::PLATFORM_ANSWER, answer });
}

#[test]
fn packets_are_explained_with_their_envelope() {
    let explanation = explain::explain(&cut(&envelope("C9"))[0]);
    let packet = explanation.fields.iter().find(|field| field.name == "Garmin packet").unwrap();
    assert_eq!(packet.value, "text 0x002A");
    let parts: Vec<_> = packet.children.iter().map(|part| part.value.as_str()).collect();
    assert!(parts.contains(&"\"Gate 4 is open\"") && parts.contains(&"\"C7A1\""), "{parts:?}");
}
