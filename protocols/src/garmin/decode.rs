//! Fleet management packets from bytes: the payload of packet 0xA1. What goes wrong becomes a [`DecodeError`] at the edge, in
//! [`message`], with the offset from the FMI id on.
//!
//! Short payloads are taken where nothing that counts is missing: reserved bytes, the unused rest of a text's id and the NUL
//! behind a text may be absent, as controllers in the field leave them out (section 1.2). Bytes behind the last field are
//! tolerated everywhere.

use crate::wire::number::{le_i16, le_i32, le_u8, le_u16, le_u32};
use nom::IResult;
use nom::error::{ErrorKind, ParseError};

use super::message::{Message, Reply, TextId, id, name};
use crate::error::{DecodeError, DecodeErrorKind};

/// What a parser did not like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fault<'a> {
    rest: &'a [u8],
    field: &'static str,
    kind: DecodeErrorKind,
}

impl<'a> ParseError<&'a [u8]> for Fault<'a> {
    fn from_error_kind(rest: &'a [u8], kind: ErrorKind) -> Self {
        let kind = match kind {
            ErrorKind::Eof => DecodeErrorKind::Truncated,
            _ => DecodeErrorKind::Invalid,
        };
        Self { rest, field: "payload", kind }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a [u8], T, Fault<'a>>;
type Body<'a> = Result<Message<'a>, nom::Err<Fault<'a>>>;

fn field<'a, T>(
    name: &'static str,
    parser: impl Fn(&'a [u8]) -> Parsed<'a, T>,
    input: &'a [u8],
) -> Parsed<'a, T> {
    parser(input)
        .map_err(|error| error.map(|fault| Fault { rest: input, field: name, kind: fault.kind }))
}

fn byte<'a>(name: &'static str, input: &'a [u8]) -> Parsed<'a, u8> {
    field(name, le_u8, input)
}

fn number<'a>(name: &'static str, input: &'a [u8]) -> Parsed<'a, u32> {
    field(name, le_u32, input)
}

/// Skips reserved bytes, as many as are there.
fn reserved(count: usize, input: &[u8]) -> &[u8] {
    input.get(count..).unwrap_or_default()
}

/// The 16 bytes of an id, of which `size` count.
fn text_id(size: u8, input: &[u8]) -> Parsed<'_, TextId> {
    let fault = |kind| nom::Err::Error(Fault { rest: input, field: "id", kind });
    if size > 16 {
        return Err(fault(DecodeErrorKind::Invalid));
    }
    match input.get(..usize::from(size)) {
        Some(significant) => Ok((reserved(16, input), TextId::new(significant))),
        None => Err(fault(DecodeErrorKind::Truncated)),
    }
}

/// A text up to its NUL, or to the end; and what is behind.
pub(super) fn until_nul(input: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(0, input) {
        Some(at) => (input.get(..at).unwrap_or_default(), input.get(at + 1..).unwrap_or_default()),
        None => (input, &[]),
    }
}

/// As many items of a fixed size as are there.
fn items<'a, T>(mut input: &'a [u8], item: impl Fn(&'a [u8]) -> Parsed<'a, T>) -> Vec<T> {
    let mut items = Vec::new();
    while let Ok((rest, value)) = item(input) {
        items.push(value);
        input = rest;
    }
    items
}

fn words(input: &[u8]) -> Vec<u16> {
    items(input, le_u16)
}

/// Decodes the payload of a packet 0xA1.
pub(crate) fn message(payload: &[u8]) -> Result<Message<'_>, DecodeError> {
    let Some((&kind, body)) = payload.split_first_chunk() else {
        let kind = DecodeErrorKind::Truncated;
        let message = "fleet management packet 0xA1";
        return Err(DecodeError { message, field: "FMI id", offset: 0, kind });
    };
    let kind = u16::from_le_bytes(kind);
    parse(kind, body).map_err(|error| {
        let (field, rest, wrong) = match error {
            nom::Err::Error(fault) | nom::Err::Failure(fault) => {
                (fault.field, fault.rest.len(), fault.kind)
            }
            // The parsers are the complete ones, which never ask for more.
            nom::Err::Incomplete(_) => ("payload", 0, DecodeErrorKind::Truncated),
        };
        let offset = payload.len().saturating_sub(rest);
        DecodeError { message: name(kind), field, offset, kind: wrong }
    })
}

fn parse(kind: u16, body: &[u8]) -> Body<'_> {
    match kind {
        id::PRODUCT_REQUEST
        | id::UNICODE_REQUEST
        | id::UNICODE_RESPONSE
        | id::QUICK_WANTED
        | id::THROTTLE_QUERY
        | id::PING
        | id::PONG
        | id::STATUSES_WANTED
        | id::REBOOT => Ok(Message::Bare { id: kind }),
        id::ENABLE => {
            // Count and reserved byte, then the features; the walk does not depend on the count.
            let mut features = words(reserved(2, body));
            features.truncate(body.first().copied().unwrap_or(0).into());
            Ok(Message::Enable { features })
        }
        id::PRODUCT => {
            let (rest, product) = field("product id", le_u16, body)?;
            let (_, software) = field("software version", le_i16, rest)?;
            Ok(Message::Product { product, software })
        }
        id::PROTOCOLS => Ok(Message::Protocols(items(body, |input| {
            let (input, tag) = le_u8(input)?;
            let (input, number) = le_u16(input)?;
            Ok((input, (tag, number)))
        }))),
        id::SET_RESPONSE | id::SET_QUICK | id::SET_LABEL | id::SET_STATUS => {
            let (rest, number) = number("number", body)?;
            Ok(Message::SetItem { kind, number, text: until_nul(rest).0 })
        }
        id::DRIVER_TEXT_RECEIPT
        | id::DELETE_RESPONSE
        | id::DELETE_QUICK
        | id::DELETE_DATA
        | id::DELETE_STATUS => Ok(Message::Number { kind, number: number("number", body)?.1 }),
        id::RESPONSE_SET
        | id::RESPONSE_DELETED
        | id::QUICK_SET
        | id::QUICK_DELETED
        | id::LABEL_SET
        | id::STATUS_SET
        | id::STATUS_DELETED => {
            let (rest, number) = number("number", body)?;
            let (_, ok) = byte("result", rest)?;
            Ok(Message::ItemReceipt { kind, number, ok: ok != 0 })
        }
        id::RESPONSES_WANTED => {
            let (rest, count) = number("count", body)?;
            let mut list = items(rest, le_u32);
            list.truncate(usize::try_from(count).unwrap_or(usize::MAX));
            Ok(Message::ResponsesWanted(list))
        }
        id::THROTTLE | id::THROTTLED => {
            let (rest, packet) = field("packet id", le_u16, body)?;
            let (_, state) = field("state", le_u16, rest)?;
            Ok(Message::Throttle { kind, packet, state })
        }
        id::THROTTLES => {
            let (rest, count) = field("count", le_u16, body)?;
            let words = words(rest);
            let pairs = words.chunks_exact(2).filter_map(|pair| match pair {
                [packet, state] => Some((*packet, *state)),
                _ => None,
            });
            Ok(Message::Throttles(pairs.take(count.into()).collect()))
        }
        _ => about_texts(kind, body),
    }
}

/// Texts both ways and what is said about them (sections 5 to 8 and 10).
fn about_texts(kind: u16, body: &[u8]) -> Body<'_> {
    match kind {
        id::TEXT => {
            let (rest, time) = number("origination time", body)?;
            let (rest, size) = byte("id size", rest)?;
            let (rest, popup) = byte("message type", rest)?;
            let (rest, id) = text_id(size, reserved(2, rest))?;
            Ok(Message::Text { time, popup, id, text: until_nul(rest).0 })
        }
        id::TEXT_RECEIPT => {
            let (rest, time) = number("origination time", body)?;
            let (rest, size) = byte("id size", rest)?;
            let (rest, ok) = byte("result", rest)?;
            let (_, id) = text_id(size, reserved(2, rest))?;
            Ok(Message::TextReceipt { time, ok: ok != 0, id })
        }
        id::LONG_TEXT | id::LONG_TEXT_RECEIPT => {
            let (rest, time) = number("origination time", body)?;
            let (rest, size) = byte("id size", rest)?;
            let (rest, what) = byte("type or result", rest)?;
            let (rest, last) = byte("finished flag", rest)?;
            let (rest, number) = byte("sequence number", rest)?;
            let (rest, id) = text_id(size, rest)?;
            let last = last != 0;
            Ok(match kind {
                id::LONG_TEXT => {
                    Message::LongText { time, popup: what, last, number, id, segment: rest }
                }
                _ => Message::LongTextReceipt { time, result: what, last, number, id },
            })
        }
        id::SIMPLE_TEXT => {
            let (rest, time) = number("origination time", body)?;
            Ok(Message::SimpleText { time, text: until_nul(rest).0 })
        }
        id::OKAY_TEXT | id::YES_NO_TEXT | id::ANSWER => {
            let (rest, time) = number("origination time", body)?;
            let (rest, size) = byte("id size", rest)?;
            let (rest, id) = text_id(size, reserved(3, rest))?;
            match kind {
                id::ANSWER => Ok(Message::Answer { time, id, choice: number("answer", rest)?.1 }),
                _ => Ok(Message::ButtonText { kind, time, id, text: until_nul(rest).0 }),
            }
        }
        id::ANSWER_RECEIPT | id::DELETE_TEXT | id::STATUS_REQUEST => {
            let (rest, size) = byte("id size", body)?;
            Ok(Message::About { kind, id: text_id(size, reserved(3, rest))?.1 })
        }
        id::CHOICES_RECEIPT | id::TEXT_DELETED | id::STATUS => {
            let (rest, size) = byte("id size", body)?;
            let (rest, code) = byte("code", rest)?;
            Ok(Message::Code { kind, code, id: text_id(size, reserved(2, rest))?.1 })
        }
        id::CHOICES => {
            let (rest, size) = byte("id size", body)?;
            let (rest, count) = byte("response count", rest)?;
            let (rest, id) = text_id(size, reserved(2, rest))?;
            let mut responses = items(rest, le_u32);
            responses.truncate(count.into());
            Ok(Message::Choices { id, responses })
        }
        id::SHORT_DRIVER_TEXT => {
            let (rest, time) = number("origination time", body)?;
            let (rest, unique) = number("unique id", rest)?;
            let text = until_nul(rest).0;
            Ok(Message::DriverText { time, number: unique, reply: None, text })
        }
        id::DRIVER_TEXT => {
            let (rest, time) = number("origination time", body)?;
            let (rest, latitude) = field("latitude", le_i32, rest)?;
            let (rest, longitude) = field("longitude", le_i32, rest)?;
            let (rest, unique) = number("unique id", rest)?;
            let (rest, size) = byte("id size", rest)?;
            let (rest, id) = text_id(size, reserved(3, rest))?;
            let reply = Some(Reply { latitude, longitude, id });
            Ok(Message::DriverText { time, number: unique, reply, text: until_nul(rest).0 })
        }
        _ => about_drivers(kind, body),
    }
}

/// Who drives (section 13).
fn about_drivers(kind: u16, body: &[u8]) -> Body<'_> {
    let place = |rest| -> Parsed<'_, u8> {
        let (rest, place) = byte("driver index", rest)?;
        Ok((reserved(3, rest), place))
    };
    match kind {
        id::DRIVER_A604 | id::DRIVER_A607 => {
            let (rest, change) = number("change id", body)?;
            let (mut rest, time) = number("change time", rest)?;
            let mut index = None;
            if kind == id::DRIVER_A607 {
                let (behind, place) = place(rest)?;
                (rest, index) = (behind, Some(place));
            }
            let (driver, rest) = until_nul(rest);
            let password = if index.is_some() { until_nul(rest).0 } else { &[] };
            Ok(Message::Driver { change, time, place: index, driver, password })
        }
        id::DRIVER_STATUS_A604 | id::DRIVER_STATUS_A607 => {
            let (rest, change) = number("change id", body)?;
            let (rest, time) = number("change time", rest)?;
            let (rest, status) = number("driver status", rest)?;
            let place = match kind {
                id::DRIVER_STATUS_A607 => Some(place(rest)?.1),
                _ => None,
            };
            Ok(Message::DriverStatus { change, time, status, place })
        }
        id::DRIVER_RECEIPT | id::DRIVER_STATUS_RECEIPT => {
            let (rest, change) = number("change id", body)?;
            let (rest, ok) = byte("result", rest)?;
            let place = rest.first().copied().unwrap_or(0);
            Ok(Message::DriverReceipt { kind, change, ok: ok != 0, place })
        }
        id => Ok(Message::Other { id, rest: body }),
    }
}
