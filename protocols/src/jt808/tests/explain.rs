use super::*;
use crate::jt808::tests::{Sample, bytes, cut, samples};

fn flat(fields: &[Field], out: &mut Vec<(String, String, String)>) {
    for field in fields {
        out.push((field.raw.clone(), field.name.clone(), field.value.clone()));
        flat(&field.children, out);
    }
}

fn explained(frame: &[u8]) -> (Explanation, Vec<(String, String, String)>) {
    let explanation = explain(frame);
    let mut fields = Vec::new();
    flat(&explanation.fields, &mut fields);
    (explanation, fields)
}

/// Whether the listing's words say what a field's value says. Names of messages, bit sets and phones are worded differently.
fn agrees(name: &str, value: &str, meaning: &str) -> bool {
    let number =
        value.split(" = ").next().unwrap_or(value).trim_end_matches('°').trim_end_matches(" UTC");
    match name {
        "message" | "answers message" => {
            let id = meaning.rsplit("0x").next().unwrap_or("");
            value.to_lowercase().contains(&format!("0x{id}").to_lowercase())
        }
        "phone" | "alarm" | "checksum" | "body" | "type" | "GNSS" | "communication"
        | "part of the body" => true,
        "encoding" => meaning.starts_with("encoding 0 (GBK)"),
        "properties" => meaning.contains(value.split(", ").next().unwrap_or("")),
        "bytes left over" => meaning.starts_with("bytes left over"),
        "data" => {
            meaning.contains(value.trim_matches('"')) || value.contains("GTSL|6|1|0|10218094|1|")
        }
        _ => meaning.contains(number),
    }
}

#[test]
fn explanations_agree_with_the_published_listings() {
    let mut compared = 0;
    for Sample { tag, wire, fields: listing } in
        samples().iter().filter(|sample| !sample.fields.is_empty())
    {
        let frames = cut(wire);
        let (explanation, fields) = explained(&frames[0]);
        assert_eq!(explanation.problem, None, "{tag}");
        let mut fields = fields.into_iter();
        for (raw, meaning) in listing {
            let (mut joined, mut last) = (String::new(), None);
            let mut count = 0;
            while joined.len() < raw.len() {
                let (raw, name, value) =
                    fields.next().unwrap_or_else(|| panic!("{tag}: {meaning} is missing"));
                joined.push_str(&raw);
                count += 1;
                last = Some((name, value));
            }
            assert_eq!(&joined, raw, "{tag}: {meaning}");
            if let (1, Some((name, value))) = (count, last) {
                assert!(
                    agrees(&name, &value, meaning),
                    "{tag}: {name} is {value}, expected {meaning}"
                );
                compared += 1;
            }
        }
        assert_eq!(fields.next(), None, "{tag}");
    }
    assert!(compared > 300, "{compared}");
}

#[test]
fn the_fields_of_every_frame_joined_are_the_frame() {
    for sample in samples() {
        for frame in cut(&sample.wire) {
            let (_, fields) = explained(&frame);
            let joined: String = fields.into_iter().map(|(raw, ..)| raw).collect();
            let sum = checksum(&frame);
            assert_eq!(bytes(&joined), [frame.as_slice(), &[sum]].concat(), "{}", sample.tag);
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let problem =
        |tag: &str| explain(&crate::jt808::tests::frame_of(tag)).problem.unwrap_or_default();
    assert!(problem("O2").contains("flag bits"), "{}", problem("O2"));
    assert_eq!(problem("O5"), "the length field says 47 bytes of body, there are 53");
    let short = explain(&bytes("030200000123456789017fff"));
    assert_eq!(
        short.problem.as_deref(),
        Some("question answer 0x0302: field serial at offset 12: ends too early")
    );
}

proptest::proptest! {
    #[test]
    fn any_bytes_can_be_explained(mut frame in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120), id: u16) {
        for (slot, byte) in frame.iter_mut().zip(id.to_be_bytes()) {
            *slot = byte;
        }
        let (_, fields) = explained(&frame);
        let joined: String = fields.into_iter().map(|(raw, ..)| raw).collect();
        proptest::prop_assert_eq!(bytes(&joined), [frame.as_slice(), &[checksum(&frame)]].concat());
    }
}
