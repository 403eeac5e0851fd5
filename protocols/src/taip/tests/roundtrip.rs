//! What is encoded decodes to the same, for messages and texts of any content.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::message::{Message, Rule, Tag};
use super::super::{decode, encode, escape, explain};
use super::frames;

proptest! {
    #[test]
    fn texts(bytes in vec(any::<u8>(), 0..330)) {
        let frame = encode::text(&bytes);
        prop_assert!(frame.len() <= 1024);
        let (seen, left) = frames(&frame);
        prop_assert_eq!((seen.len(), left), (1, 0));
        let message = decode::message(&frame[1..frame.len() - 1]).unwrap();
        prop_assert_eq!(escape::unescape(message.data), bytes);
    }

    #[test]
    fn messages(name in "[QSRDF][A-Z]{2}", data in "[ -)+-:=?-~]{0,40}",
        tags in vec(("[A-Z]{2}", "[ -)+-:?-~]{1,10}"), 0..6), index in prop::option::of("#[0-9A-F]{4}"),
        before in 0..6_usize, rule in prop::sample::select(vec![None, Some(Rule::A), Some(Rule::B)])) {
        let tags: Vec<Tag<'_>> = tags
            .iter()
            .map(|(name, value)| Tag { name: name.as_bytes(), value: value.as_bytes() })
            .collect();
        let before = before.min(tags.len());
        let message = Message {
            name: name.as_bytes().try_into().unwrap(),
            data: data.as_bytes(),
            tags,
            index: index.as_ref().map(|index| (index.as_bytes(), before)),
            rule,
        };
        let frame = encode::message(&message);
        prop_assert_eq!(frames(&frame).1, 0);
        let found = decode::message(&frame[1..frame.len() - 1]).unwrap();
        prop_assert_eq!(found, message);
    }

    #[test]
    fn any_bytes_decode_or_say_why(bytes in vec(any::<u8>(), 0..120)) {
        for content in [bytes.clone(), [b"REV", &bytes[..]].concat(), [b"RGP", &bytes[..]].concat()] {
            if let Err(error) = decode::message(&content) {
                prop_assert!(error.offset <= content.len(), "{error}");
            }
            prop_assert!(!explain::explain(&content).title.is_empty());
        }
    }

    #[test]
    fn damaged_digits_of_reports_are_errors_or_reports(data in "[0-9+-]{0,45}") {
        for name in ["REV", "RPV", "RGP", "RCQ", "RUS", "RUV"] {
            let content = format!("{name}{data}");
            let message = decode::message(content.as_bytes()).unwrap();
            if let Some(Err(error)) = super::super::report::report(&message, None) {
                prop_assert!(error.offset <= content.len(), "{error}");
            }
        }
    }
}
