//! A navigator's packets in packets with header 06.

use crate::galileosky::{explain, garmin};
use crate::garmin::tests::{envelope, enveloped, stripped};

#[test]
fn c1_to_c3_hold_packets_in_either_form() {
    let [text, receipt, _] = enveloped();
    for (tag, fmi) in [("C1", text.clone()), ("C2", receipt), ("C3", stripped(&text))] {
        assert_eq!(garmin::unwrap(&envelope(tag)), Some(&fmi[..]), "{tag}");
        assert_eq!(garmin::wrap(&fmi).unwrap(), envelope(tag), "{tag}");
    }
}

#[test]
fn packets_are_explained_with_their_envelope() {
    for (tag, value) in
        [("C1", "text 0x002A"), ("C2", "text receipt 0x002B"), ("C3", "text 0x002A")]
    {
        let explanation = explain::explain(&envelope(tag));
        let packet = explanation.fields.iter().find(|field| field.name == "Garmin packet");
        assert_eq!(packet.unwrap().value, value, "{tag}");
    }
}
