//! Messages from frames (section 1).

use nom::bytes::complete::{tag, take_while_m_n};
use nom::character::complete::one_of;
use nom::combinator::recognize;
use nom::sequence::pair;
use nom::{IResult, Parser};

use super::frame;
use super::message::{Message, Tag};
use crate::error::{DecodeError, DecodeErrorKind};

const MESSAGE: &str = "message";
/// Most tags of one message.
const MAX_TAGS: usize = 64;

/// Qualifier and two letters, or `ACK`.
fn name(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let capital = |byte: u8| byte.is_ascii_uppercase();
    let plain = recognize(pair(one_of("QSRDF"), take_while_m_n(2, 2, capital)));
    nom::branch::alt((tag("ACK"), plain)).parse_complete(input)
}

/// Decodes what stands between `>` and `<`.
///
/// # Errors
/// It does not begin with a qualifier and a command.
pub(super) fn message(content: &[u8]) -> Result<Message<'_>, DecodeError> {
    let invalid = DecodeError {
        message: MESSAGE,
        field: "qualifier and command",
        offset: 0,
        kind: DecodeErrorKind::Invalid,
    };
    let Ok((_, letters)) = name(content) else {
        return Err(invalid);
    };
    let (body, rule) = match frame::carried(content) {
        Some((covered, found)) => (covered, frame::rule(covered, found)),
        None => (content, None),
    };
    let mut parts = body.split(|&byte| byte == b';');
    let first = parts.next().unwrap_or_default();
    let (Some(name), Some(data)) = (letters.first_chunk().copied(), first.get(letters.len()..))
    else {
        return Err(invalid);
    };
    let mut message = Message { name, data, tags: Vec::new(), index: None, rule };
    for part in parts.filter(|part| !part.is_empty()).take(MAX_TAGS) {
        match (part, memchr::memchr(b'=', part)) {
            ([b'#', ..], _) => message.index = Some((part, message.tags.len())),
            (_, Some(at)) => {
                let (name, value) = part.split_at(at);
                let value = value.get(1..).unwrap_or_default();
                message.tags.push(Tag { name, value });
            }
            (_, None) => message.tags.push(Tag { name: b"", value: part }),
        }
    }
    Ok(message)
}

/// A usable identity: printable, not too long.
pub(super) fn identity(value: &[u8]) -> Option<String> {
    let value = value.trim_ascii();
    let usable = (1..=20).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    usable.then(|| String::from_utf8_lossy(value).into_owned())
}
