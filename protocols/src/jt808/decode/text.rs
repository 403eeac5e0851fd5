//! Texts, questions, lists of choices and transparent data (section 12).

use crate::wire::number::{be_u8, be_u16, be_u32};
use nom::Parser;
use nom::multi::many0;

use super::{Body, Fault, field, long, short};
use crate::jt808::header::{Edition, Style};
use crate::jt808::message::{Choices, Context, Message, Question, TextIssue, id};

/// 0x8300 (section 12.1): the type byte belongs to the 2019 header.
pub(super) fn issue(context: Context, body: &[u8]) -> Body<'_> {
    let (rest, flag) = field("flag", be_u8, body)?;
    let (text, kind) = match context.style {
        Style::Legacy => (rest, None),
        Style::V2019 => {
            let (text, kind) = field("text type", be_u8, rest)?;
            (text, Some(kind))
        }
    };
    Ok(Message::Text(TextIssue { flag, kind, text }))
}

/// 0x8301 and 0x8303 (sections 12.2 and 12.4). In 2011 a second count follows the first.
pub(super) fn choices(id: u16, context: Context, body: &[u8]) -> Body<'_> {
    let item = |input| {
        let (input, choice) = be_u8(input)?;
        let (input, text) = match id {
            id::MENU => nom::multi::length_data(be_u16).parse_complete(input)?,
            _ => nom::multi::length_data(be_u8).parse_complete(input)?,
        };
        Ok::<_, nom::Err<Fault<'_>>>((input, (choice, text)))
    };
    let (rest, action) = field("action", be_u8, body)?;
    if rest.is_empty() {
        let list = Choices { action, in_packet: None, items: Vec::new() };
        return Ok(Message::Choices { id, list });
    }
    let (rest, _) = field("count", be_u8, rest)?;
    let (left, items) = field("items", many0(item), rest)?;
    if context.edition == Edition::V2011
        && !left.is_empty()
        && let Some((&in_packet, rest)) = rest.split_first()
        && let (&[], items) = field("items", many0(item), rest)?
    {
        return Ok(Message::Choices {
            id,
            list: Choices { action, in_packet: Some(in_packet), items },
        });
    }
    Ok(Message::Choices { id, list: Choices { action, in_packet: None, items } })
}

/// 0x8302 (section 12.3).
pub(super) fn question(body: &[u8]) -> Body<'_> {
    let answer = |input| {
        let (input, id) = be_u8(input)?;
        let (input, text) = nom::multi::length_data(be_u16).parse_complete(input)?;
        Ok((input, (id, text)))
    };
    let (rest, flag) = field("flag", be_u8, body)?;
    let (rest, text) = short("question", rest)?;
    let (_, answers) = field("answers", many0(answer), rest)?;
    Ok(Message::Question(Question { flag, text, answers }))
}

/// 0x8304 (section 12.4). In 2011 the total length precedes the length in this packet.
pub(super) fn information(context: Context, body: &[u8]) -> Body<'_> {
    let (rest, kind) = field("type", be_u8, body)?;
    if context.edition == Edition::V2011
        && let Ok((rest, total)) = field("total length", be_u16, rest)
        && let Ok((&[], text)) = long("text", rest)
    {
        return Ok(Message::Information { kind, total: Some(total), text });
    }
    let (_, text) = long("text", rest)?;
    Ok(Message::Information { kind, total: None, text })
}

/// 0x0900 and 0x8900 (section 12.6). The 2011 form has two lengths and is assumed only if both fit.
pub(super) fn transparent(id: u16, context: Context, body: &[u8]) -> Body<'_> {
    let (data, kind) = field("type", be_u8, body)?;
    if context.edition == Edition::V2011
        && let Ok((rest, total)) = field("total length", be_u32, data)
        && let Ok((&[], part)) = long("data", rest)
        && usize::try_from(total).is_ok_and(|total| total >= part.len())
    {
        return Ok(Message::Transparent { id, kind, total: Some(total), data: part });
    }
    Ok(Message::Transparent { id, kind, total: None, data })
}
