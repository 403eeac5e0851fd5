//! A navigator's packets as serial bytes in hexadecimal.

use crate::garmin::tests::{envelope, enveloped};
use crate::queclink::message::Message;
use crate::queclink::{decode, encode, explain, serial};

#[test]
fn c14_holds_a_packet_as_on_the_serial_line() {
    let [_, receipt, _] = enveloped();
    let frame = envelope("C14");
    let Ok(Message::Sentence(sentence)) = decode::message(&frame) else { panic!("{frame:?}") };
    assert_eq!(serial::bytes(&sentence), Some(receipt.clone()));
    assert!(sentence.content().ends_with(&[b"32", &serial::hex(&receipt)[..]]));
    assert_eq!(encode::sentence(&sentence), frame);
}

#[test]
fn packets_are_explained_with_their_envelope() {
    let explanation = explain::explain(&envelope("C14"));
    let bytes = explanation.fields.iter().find(|field| field.name == "from the serial port");
    let packets: Vec<_> = bytes.unwrap().children.iter().map(|field| &field.value[..]).collect();
    assert_eq!(packets, ["text receipt 0x002B"]);
}
