//! A navigator's packets in hexadecimal.

use crate::garmin::tests::{envelope, enveloped, sample, stripped};
use crate::taip::{decode, explain, garmin};

/// The packet in a frame of the samples.
fn packet(tag: &str) -> Vec<u8> {
    let frame = envelope(tag);
    garmin::unwrap(&decode::message(&frame[1..frame.len() - 1]).unwrap()).unwrap()
}

#[test]
fn c4_to_c7_hold_packets_in_stripped_form() {
    let [text, receipt, number] = enveloped();
    let positions_off = sample("F44");
    for (tag, down, packet_of) in [
        ("C4", true, text),
        ("C5", false, receipt),
        ("C6", true, number),
        ("C7", true, positions_off),
    ] {
        let expected = stripped(&packet_of);
        assert_eq!(packet(tag), expected, "{tag}");
        if down {
            assert_eq!(garmin::wrap(&expected), envelope(tag), "{tag}");
        }
    }
}

#[test]
fn words_about_the_cable_are_told_from_packets() {
    let gone = |frame: &'static [u8]| {
        let message = decode::message(frame).unwrap();
        assert_eq!(garmin::unwrap(&message), None);
        garmin::unplugged(&message)
    };
    assert!(gone(b"RFM.,DISCONNECTED;ID=0123"));
    assert!(!gone(b"RFM.,READY;ID=0123"));
}

#[test]
fn packets_are_explained_with_their_envelope() {
    let frame = envelope("C5");
    let explanation = explain::explain(&frame[1..frame.len() - 1]);
    let bytes = explanation.fields.iter().find(|field| field.name == "FMI bytes").unwrap();
    let packets: Vec<_> = bytes.children.iter().map(|field| &field.value[..]).collect();
    assert_eq!(packets, ["text receipt 0x002B"]);
}
