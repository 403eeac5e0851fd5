//! Message bodies from bytes. The parsers run on complete bodies; what goes wrong is turned into a
//! [`DecodeError`] with message, field and offset at the edge, in [`message`].
//!
//! Bytes behind the last field are tolerated everywhere: terminals add them.

mod identity;
mod location;
mod text;

use crate::wire::number::{be_u8, be_u16, be_u32};
use nom::Parser;
use nom::multi::many0;

use super::header::Header;
use super::message::{
    Answer, Context, FragmentRequest, MediaEvent, Message, ParameterList, RegistrationAnswer,
    TimeAnswer, id,
};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::wire::fault::{Fault, Outcome, Parsed, bytes, field};

type Body<'a> = Outcome<'a, Message<'a>>;

/// Exactly `N` bytes as an array.
fn array<'a, const N: usize>(name: &'static str, input: &'a [u8]) -> Parsed<'a, [u8; N]> {
    match input.split_first_chunk() {
        Some((array, rest)) => Ok((rest, *array)),
        None => Err(invalid(name, input, DecodeErrorKind::Truncated)),
    }
}

/// Length byte and content.
fn short<'a>(name: &'static str, input: &'a [u8]) -> Parsed<'a, &'a [u8]> {
    field(name, nom::multi::length_data(be_u8), input)
}

/// Length word and content.
fn long<'a>(name: &'static str, input: &'a [u8]) -> Parsed<'a, &'a [u8]> {
    field(name, nom::multi::length_data(be_u16), input)
}

const fn invalid<'a>(
    field: &'static str,
    rest: &'a [u8],
    kind: DecodeErrorKind,
) -> nom::Err<Fault<'a>> {
    nom::Err::Error(Fault { rest, field, kind })
}

/// Decodes the body of a message that came behind `header`.
pub(crate) fn message<'a>(
    header: &Header,
    body: &'a [u8],
    context: Context,
) -> Result<Message<'a>, DecodeError> {
    parse(header.id, context, body).map_err(|error| header.error(body, &error.into()))
}

/// Decodes the body of message `id`.
pub(crate) fn parse(id: u16, context: Context, body: &[u8]) -> Body<'_> {
    match id {
        id::HEARTBEAT
        | id::LOGOUT
        | id::TIME_QUERY
        | id::TIME_QUERY_EPOCH
        | id::TIME_QUERY_CALENDAR
        | id::HEARTBEAT_VARIANT
        | id::QUERY_ALL_PARAMETERS
        | id::QUERY_PROPERTIES
        | id::QUERY_LOCATION
        | id::LINK_CHECK
        | id::QUERY_DRIVER => Ok(Message::Bare { id, rest: body }),
        id::TERMINAL_ANSWER | id::PLATFORM_ANSWER => answer(id, body),
        id::RESEND_FRAGMENTS | id::FRAGMENTS_WANTED => fragment_request(id, body),
        id::TIME | id::TIME_EPOCH | id::TIME_CALENDAR => time(id, body),
        id::REGISTRATION => identity::registration(context, body),
        id::REGISTRATION_ANSWER => registration_answer(body),
        id::AUTHENTICATION => identity::authentication(context, body),
        id::PARAMETERS => {
            let (rest, serial) = field("serial", be_u16, body)?;
            Ok(Message::Parameters { serial, list: parameters(context, rest)? })
        }
        id::SET_PARAMETERS => Ok(Message::SetParameters(parameters(context, body)?)),
        id::QUERY_PARAMETERS => {
            let (rest, _) = field("count", be_u8, body)?;
            let (_, ids) = field("ids", many0(be_u32), rest)?;
            Ok(Message::QueryParameters(ids))
        }
        id::PROPERTIES => identity::properties(context, body),
        id::UPGRADE_RESULT => {
            let (rest, kind) = field("type", be_u8, body)?;
            let (_, result) = field("result", be_u8, rest)?;
            Ok(Message::Upgrade { kind, result })
        }
        id::LOCATION => Ok(Message::Location(location::location(body)?)),
        id::LOCATION_ANSWER | id::CONTROL_ANSWER => location::answer(id, context, body),
        id::BATCH => location::batch(body),
        id::TRACKING => {
            let (rest, interval) = field("interval", be_u16, body)?;
            let validity = match rest {
                [] => None,
                rest => Some(field("validity", be_u32, rest)?.1),
            };
            Ok(Message::Tracking { interval, validity })
        }
        id::CONFIRM_ALARMS => {
            let (rest, serial) = field("serial", be_u16, body)?;
            let (_, alarms) = field("alarms", be_u32, rest)?;
            Ok(Message::ConfirmAlarms { serial, alarms })
        }
        id::CONTROL => {
            let (arguments, command) = field("command", be_u8, body)?;
            Ok(Message::Control { command, arguments })
        }
        id::TEXT => text::issue(context, body),
        id::EVENTS | id::MENU => text::choices(id, context, body),
        id::EVENT_REPORT => Ok(Message::Event { event: field("event id", be_u8, body)?.1 }),
        id::QUESTION => text::question(body),
        id::QUESTION_ANSWER => {
            let (rest, serial) = field("serial", be_u16, body)?;
            let (_, answer) = field("answer id", be_u8, rest)?;
            Ok(Message::Answered { serial, answer })
        }
        id::MENU_CHOICE => {
            let (rest, kind) = field("type", be_u8, body)?;
            let (_, subscribe) = field("flag", be_u8, rest)?;
            Ok(Message::MenuChoice { kind, subscribe })
        }
        id::INFORMATION => text::information(context, body),
        id::TRANSPARENT_UP | id::TRANSPARENT_DOWN => text::transparent(id, context, body),
        id::WAYBILL | id::COMPRESSED => {
            let (content, length) = field("length", be_u32, body)?;
            Ok(Message::Sized { id, length, content })
        }
        id::DRIVER => identity::driver(body),
        id::MEDIA_EVENT => Ok(Message::Media(media(body)?.1)),
        id::MEDIA_DATA => {
            let (rest, media) = media(body)?;
            Ok(Message::MediaData { media, rest })
        }
        id::MEDIA_ANSWER => media_answer(body),
        id::TEXT_REPORT => {
            let (text, encoding) = field("encoding", be_u8, body)?;
            Ok(Message::TextReport { encoding, text })
        }
        id::TEXT_ANSWER => {
            let (text, serial) = field("serial", be_u16, body)?;
            Ok(Message::TextAnswer { serial, text })
        }
        id::RSA_KEY_UP | id::RSA_KEY_DOWN => {
            let (rest, exponent) = field("e", be_u32, body)?;
            let (_, modulus) = bytes("n", 128, rest)?;
            Ok(Message::RsaKey { id, exponent, modulus })
        }
        id => Ok(Message::Other { id, body }),
    }
}

/// Section 9. Bytes behind the result occur.
fn answer(id: u16, body: &[u8]) -> Body<'_> {
    let (rest, serial) = field("answered serial", be_u16, body)?;
    let (rest, answered) = field("answered id", be_u16, rest)?;
    let (_, result) = field("result", be_u8, rest)?;
    Ok(Message::Answer { id, answer: Answer { serial, id: answered, result } })
}

/// Section 10.5: the count is a byte or a word, which the length of the body decides, as one makes it odd and one even.
fn fragment_request(id: u16, body: &[u8]) -> Body<'_> {
    let (rest, first) = field("first serial", be_u16, body)?;
    let wide = rest.len() % 2 == 0;
    let (rest, count) = match wide {
        true => field("count", be_u16, rest)?,
        false => field("count", be_u8.map(u16::from), rest)?,
    };
    let (_, mut indexes) = field("indexes", many0(be_u16), rest)?;
    indexes.truncate(count.into());
    Ok(Message::FragmentRequest { id, request: FragmentRequest { first, wide, indexes } })
}

/// Section 10.4.
fn time(id: u16, body: &[u8]) -> Body<'_> {
    Ok(Message::Time(match id {
        id::TIME => TimeAnswer::Bcd(array("time", body)?.1),
        id::TIME_EPOCH => TimeAnswer::Epoch(field("time", be_u32, body)?.1),
        _ => {
            let (rest, year) = field("year", be_u16, body)?;
            let (rest, moment) = array("time", rest)?;
            TimeAnswer::Calendar { year, rest: moment, result: rest.first().copied() }
        }
    }))
}

/// Section 10.1, second table: no code unless accepted.
fn registration_answer(body: &[u8]) -> Body<'_> {
    let (rest, serial) = field("answered serial", be_u16, body)?;
    let (rest, result) = field("result", be_u8, rest)?;
    let code = if result == 0 { rest } else { &[] };
    Ok(Message::RegistrationAnswer(RegistrationAnswer { serial, result, code }))
}

/// Section 13.2. A wrong count occurs, so the walk goes to the end; an item whose length does not fit ends it. In 2011 a
/// second count follows, which is assumed only where the list fits with it and not without.
fn parameters(context: Context, body: &[u8]) -> Result<ParameterList<'_>, nom::Err<Fault<'_>>> {
    let item = |input| {
        let (input, id) = be_u32(input)?;
        let (input, value) = nom::multi::length_data(be_u8).parse_complete(input)?;
        Ok((input, (id, value)))
    };
    let (rest, count) = field("count", be_u8, body)?;
    let (left, items) = field("parameters", many0(item), rest)?;
    if context.edition == super::header::Edition::V2011
        && !left.is_empty()
        && let Some((&in_packet, rest)) = rest.split_first()
        && let (&[], items) = field("parameters", many0(item), rest)?
    {
        return Ok(ParameterList { count, in_packet: Some(in_packet), items });
    }
    Ok(ParameterList { count, in_packet: None, items })
}

/// Section 13.6.
fn media(body: &[u8]) -> Parsed<'_, MediaEvent> {
    let (rest, id) = field("media id", be_u32, body)?;
    let (rest, [kind, format, event, channel]) = array("media event", rest)?;
    Ok((rest, MediaEvent { id, kind, format, event, channel }))
}

fn media_answer(body: &[u8]) -> Body<'_> {
    let (rest, media) = field("media id", be_u32, body)?;
    let again = match rest {
        [] => None,
        rest => {
            let (rest, count) = field("count", be_u8, rest)?;
            let (_, mut indexes) = field("indexes", many0(be_u16), rest)?;
            indexes.truncate(count.into());
            Some(indexes)
        }
    };
    Ok(Message::MediaAnswer { media, again })
}
