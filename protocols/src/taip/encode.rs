//! From messages to bytes, with `>` and `<`.

use bytes::Bytes;

use super::escape::escape;
use super::frame::checksum;
use super::message::{Message, Rule};

/// A frame around `content`.
pub(super) fn plain(content: &[u8]) -> Bytes {
    [b">", content, b"<"].concat().into()
}

/// A frame around `content` with its checksum.
pub(super) fn signed(content: &[u8], rule: Rule) -> Bytes {
    let covered = [content, b";"].concat();
    let sum = checksum(&covered, rule);
    [&b">"[..], &covered, format!("*{sum:02X}<").as_bytes()].concat().into()
}

/// A message in the order in which it was decoded; `rule` makes the checksum, if it has one.
pub(super) fn message(message: &Message<'_>) -> Bytes {
    let mut content = [&message.name, message.data].concat();
    let mut put = |part: &[u8]| {
        content.push(b';');
        content.extend_from_slice(part);
    };
    let index = |at: usize| message.index.filter(|&(_, before)| before == at);
    for (at, tag) in message.tags.iter().enumerate() {
        if let Some((index, _)) = index(at) {
            put(index);
        }
        match tag.name {
            b"" => put(tag.value),
            name => put(&[name, b"=", tag.value].concat()),
        }
    }
    if let Some((index, before)) = message.index
        && before >= message.tags.len()
    {
        put(index);
    }
    match message.rule {
        Some(rule) => signed(&content, rule),
        None => plain(&content),
    }
}

/// A text to the terminal.
pub(super) fn text(bytes: &[u8]) -> Bytes {
    plain(&[b"STX", &escape(bytes)[..]].concat())
}

/// The answer to a message with an index (section 2).
pub(super) fn index_answer(message: &Message<'_>, identity: &str, rule: Rule) -> Option<Bytes> {
    let (index, _) = message.index?;
    let id = format!("ID={identity}").into_bytes();
    if index.starts_with(b"#IP") {
        return Some(plain(&[b"SAK;", &id[..], b";", index].concat()));
    }
    let content = match message.index_first() {
        true => [b"ACK;", index, b";", &id[..]].concat(),
        false => [b"ACK;", &id[..], b";", index].concat(),
    };
    Some(signed(&content, rule))
}
