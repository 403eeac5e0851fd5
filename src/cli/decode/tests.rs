use protocols::registry;

use super::*;

fn all(paste: &str) -> Decoded {
    decode(paste, registry::ALL).unwrap()
}

/// A login as each protocol's own simulated device sends it.
fn login(protocol: &dyn Protocol) -> Vec<u8> {
    use protocols::{Now, TerminalEffect, TerminalInput, TerminalSettings};
    let settings = TerminalSettings {
        identity: protocol.info().example_identity.to_owned(),
        secret: None,
        dialect: None,
    };
    let now = Now { monotonic: std::time::Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
    let mut effects = Vec::new();
    protocol.terminal(settings).handle(TerminalInput::Connected, now, &mut effects);
    let mut bytes = Vec::new();
    for effect in effects {
        if let TerminalEffect::Transmit(part) = effect {
            bytes.extend_from_slice(&part);
        }
    }
    assert!(!bytes.is_empty());
    bytes
}

#[test]
fn every_protocol_is_recognised_in_every_spelling() {
    use base64::Engine as _;
    for protocol in registry::ALL {
        let name = protocol.info().name;
        let bytes = login(*protocol);
        let hex = crate::secret::hex(&bytes);
        let spaced: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:02X}")).collect();
        let escaped: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        let base64 = base64::engine::general_purpose::STANDARD.encode(&bytes);
        let log = format!("2026-03-01 10:00:00 INFO [10.0.0.7:4711] < {hex}");
        for paste in [&hex, &spaced.join(", "), &escaped, &base64, &log] {
            let decoded = all(paste);
            assert_eq!((decoded.protocol, decoded.frames()), (name, 1), "{paste}");
            assert!(decoded.is_good(), "{}", show::tree(&decoded));
        }
    }
}

#[test]
fn two_frames_and_a_beginning_are_told_apart() {
    for protocol in registry::ALL {
        let one = login(*protocol);
        let mut bytes = [one.clone(), one.clone()].concat();
        bytes.extend_from_slice(&one[..one.len() / 2]);
        let decoded = decode(&crate::secret::hex(&bytes), &[*protocol]).unwrap();
        assert_eq!(decoded.frames(), 2);
        assert!(!decoded.is_good());
        let tree = show::tree(&decoded);
        let left = one.len() / 2;
        assert!(
            tree.contains(&format!("left over at byte {}: {left} bytes", one.len() * 2)),
            "{tree}"
        );
    }
}

#[test]
fn text_protocols_are_read_as_they_stand() {
    let decoded = all("#L#353451044508750;NA");
    assert_eq!((decoded.form, decoded.frames()), (Form::Text, 1));
    let tree = show::tree(&decoded);
    assert!(tree.contains("353451044508750"), "{tree}");
}

#[test]
fn what_is_no_frame_is_shown_with_the_reason() {
    for protocol in registry::ALL {
        let mut bytes = login(*protocol);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let decoded = decode(&crate::secret::hex(&bytes), &[*protocol]).unwrap();
        let json: serde_json::Value = serde_json::from_str(&show::json(&decoded).unwrap()).unwrap();
        if json["frames"][0]["rejected"].is_string() {
            assert!(show::tree(&decoded).contains("rejected, "));
            assert!(!decoded.is_good());
            return;
        }
    }
    panic!("no protocol noticed a flipped bit");
}

#[test]
fn json_has_the_fields_of_the_tree() {
    let decoded = all("#L#353451044508750;NA");
    let json: serde_json::Value = serde_json::from_str(&show::json(&decoded).unwrap()).unwrap();
    assert_eq!(json["read_as"], "text");
    assert_eq!(json["left_over"], "");
    let fields = json["frames"][0]["fields"].as_array().unwrap();
    assert!(fields.iter().any(|field| field["raw"] == "353451044508750"), "{json}");
}

#[test]
fn nothing_to_decode_is_no_frame() {
    assert!(decode(" \n ", registry::ALL).is_none());
    let decoded = all("68656c6c6f");
    assert!(!decoded.is_good(), "{}", show::tree(&decoded));
}

#[test]
fn a_damaged_frame_is_blamed_on_its_protocol() {
    let decoded = all("7e000200000138001380000001a87e");
    assert!(matches!(decoded.items[0].what, What::Rejected(_)), "{}", show::tree(&decoded));
}

#[test]
fn the_examples_of_the_readme_decode() {
    let readme = include_str!("../../../README.md");
    let pastes: Vec<_> =
        readme.lines().filter_map(|line| line.strip_prefix("cabwire decode ")).collect();
    assert!(!pastes.is_empty());
    for paste in pastes {
        let decoded = all(paste);
        assert!(decoded.is_good(), "{}", show::tree(&decoded));
    }
}
