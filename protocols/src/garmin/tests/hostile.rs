//! Bytes that no navigator sends: nothing panics, nothing grows, no timeout stays due.

use proptest::prelude::*;

use super::{Line, samples};
use crate::garmin::{Navigator, explain};

fn noise() -> impl Strategy<Value = Vec<u8>> {
    let packet = (0..45_usize).prop_map(|index| samples()[index].1.clone());
    let damaged =
        (0..45_usize, any::<prop::sample::Index>(), any::<u8>()).prop_map(|(index, at, byte)| {
            let mut packet = samples()[index].1.clone();
            let at = at.index(packet.len());
            packet[at] = byte;
            packet
        });
    let random = prop::collection::vec(any::<u8>(), 0..40);
    prop::collection::vec(prop_oneof![3 => packet, 2 => damaged, 1 => random], 1..40)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_line_is_survived(stream in noise(), size in 1..60_usize, carrier in any::<bool>()) {
        let pairs: &[(&str, &str)] = if carrier { &[("fmi_link_ack", "carrier")] } else { &[] };
        let mut line = Line::new(pairs);
        line.start();
        let mut number = 0;
        for piece in stream.chunks(size) {
            line.receive(piece);
            if line.fmi.window() > 0 {
                number += 1;
                line.text(number, "Turn left");
            }
            line.wait_s(1);
        }
        line.wait_s(4000);
        let mut navigator = Navigator::new();
        let mut fx = Vec::new();
        for piece in stream.chunks(size) {
            navigator.receive(piece, &mut fx);
        }
        // Every byte is explained once.
        if let Some(fields) = explain::fields(&stream) {
            let explained: usize = fields.iter().map(|field| field.raw.len() / 2).sum();
            prop_assert_eq!(explained, stream.len());
        }
    }
}
