//! From a frame to a [`Packet`] (specification 1 to 6). One function per packet; offsets in errors count from the frame's start.
//! Checksums are the framer's business.

use crate::wire::number::{be_u16, le_i16, le_u8, le_u16, le_u32};
use nom::IResult;
use nom::Parser;
use nom::bytes::complete::{tag, take_till};
use nom::combinator::opt;

use super::frame::{ENCRYPTED, SIGNATURE};
use super::message::{
    Body, Cell, CellContent, Content, Fuel, Login, Navigation, Nph, Npl, Packet, Position, Receipt,
    State, Text, kind, npl, service,
};
use crate::error::DecodeError;
use crate::wire::cursor::Cursor;

type Decoded<T> = Result<T, DecodeError>;

/// Decodes one frame.
///
/// # Errors
/// [`DecodeError`] with the first field that is not what it should be.
pub(super) fn packet(frame: &[u8]) -> Decoded<Packet<'_>> {
    parse(&mut Cursor::new("NPL packet", frame))
}

/// Decodes the frame that `cursor` is at the beginning of.
pub(super) fn parse<'a>(cursor: &mut Cursor<'a>) -> Decoded<Packet<'a>> {
    let npl = npl_header(cursor)?;
    let content = match npl.kind {
        _ if npl.flags & ENCRYPTED != 0 => Content::Other(cursor.rest("encrypted")),
        npl::ERROR => Content::Error(error(cursor)?),
        npl::NPH => {
            let nph = nph_header(cursor)?;
            let body = body(cursor, nph)?;
            Content::Nph(nph, body)
        }
        _ => Content::Other(cursor.rest("body")),
    };
    Ok(Packet { npl, content })
}

/// The two headers, of a packet whose data may make no sense: what an answer to it needs.
pub(super) fn headers(frame: &[u8]) -> Option<(Npl, Nph)> {
    let mut cursor = Cursor::new("NPL packet", frame);
    let npl = npl_header(&mut cursor).ok().filter(|npl| npl.kind == npl::NPH)?;
    Some((npl, nph_header(&mut cursor).ok()?))
}

fn npl_header(cursor: &mut Cursor<'_>) -> Decoded<Npl> {
    cursor.field("signature", tag(&SIGNATURE[..]))?;
    cursor.field("length", le_u16)?;
    let flags = cursor.field("NPL flags", le_u16)?;
    cursor.field("crc", be_u16)?;
    let kind = cursor.field("NPL type", le_u8)?;
    let peer = cursor.field("peer address", le_u32)?;
    let request = cursor.field("NPL request id", le_u16)?;
    Ok(Npl { flags, kind, peer, request })
}

/// The code's width is not certain: what there is counts.
fn error(cursor: &mut Cursor<'_>) -> Decoded<u32> {
    cursor.enter("NPL error");
    match cursor.left().len() {
        4.. => cursor.field("code", le_u32),
        _ => cursor.field("code", le_u16).map(u32::from),
    }
}

fn nph_header(cursor: &mut Cursor<'_>) -> Decoded<Nph> {
    cursor.enter("NPH packet");
    Ok(Nph {
        service: cursor.field("service", le_u16)?,
        kind: cursor.field("packet type", le_u16)?,
        flags: cursor.field("NPH flags", le_u16)?,
        request: cursor.field("NPH request id", le_u32)?,
    })
}

fn body<'a>(cursor: &mut Cursor<'a>, nph: Nph) -> Decoded<Body<'a>> {
    Ok(match (nph.service, nph.kind) {
        (_, kind::RESULT) => {
            cursor.enter("result");
            Body::Result(cursor.field("result", le_u32)?)
        }
        (service::GENERIC, kind::LOGIN) => Body::Login(login(cursor)?),
        (service::NAVIGATION, kind::HISTORY | kind::REAL_TIME) => {
            Body::Navigation(navigation(cursor))
        }
        (service::EXTERNAL_DEVICE, kind::TITLE_DATA) => Body::Text(text(cursor)?),
        (service::EXTERNAL_DEVICE, kind::DEVICE_RESULT) => Body::Receipt(receipt(cursor)?),
        _ => Body::Other(cursor.rest("data")),
    })
}

/// Bytes up to a NUL, which is taken too, or to the end.
fn string(input: &[u8]) -> IResult<&[u8], &[u8]> {
    (take_till(|byte| byte == 0), opt(tag(&b"\0"[..]))).map(|(text, _)| text).parse_complete(input)
}

/// Section 3.
fn login<'a>(cursor: &mut Cursor<'a>) -> Decoded<Login<'a>> {
    cursor.enter("login");
    let version = (cursor.field("major", le_u16)?, cursor.field("minor", le_u16)?);
    let flags = cursor.field("connection flags", le_u16)?;
    let address = cursor.field("device address", le_u32)?;
    let max_packet = cursor.field("max packet size", le_u32)?;
    cursor.field("reserved", le_u32)?;
    let ids = cursor.field("IMEI and IMSI", string)?;
    Ok(Login { version, flags, address, max_packet, ids })
}

/// Bytes of a cell behind type and index (section 4); `None`: nobody knows.
const fn cell_size(kind: u8) -> Option<usize> {
    Some(match kind {
        0 | 2 => 26,
        3 => 14,
        4 => 15,
        5 | 8 => 6,
        6 => 9,
        7 => 1,
        9 => 40,
        10 => 37,
        _ => return None,
    })
}

/// Section 4: cells up to one that cannot be read.
fn navigation<'a>(cursor: &mut Cursor<'a>) -> Navigation<'a> {
    cursor.enter("navigation");
    let mut cells = Vec::with_capacity(4);
    while let &[kind, index, ref rest @ ..] = cursor.left()
        && cell_size(kind).is_some_and(|size| rest.len() >= size)
        && let Ok(content) = cell(cursor, kind)
    {
        cells.push(Cell { index, content });
    }
    Navigation { cells, unknown: cursor.rest("unknown cell") }
}

fn cell<'a>(cursor: &mut Cursor<'a>, kind: u8) -> Decoded<CellContent<'a>> {
    cursor.field("cell type", le_u8)?;
    cursor.field("cell index", le_u8)?;
    Ok(match kind {
        0 => CellContent::Position(position(cursor)?),
        2 => CellContent::State(state(cursor)?),
        8 => CellContent::Fuel(Fuel {
            state: cursor.field("sensor state", le_u8)?,
            millimetres: cursor.field("level, mm", le_u16)?,
            litres: cursor.field("level, litres", le_u16)?,
            reserved: cursor.field("reserved", le_u8)?,
        }),
        kind => {
            let bytes = cursor.bytes("cell", cell_size(kind).unwrap_or(0))?;
            CellContent::Raw { kind, bytes }
        }
    })
}

fn position(cursor: &mut Cursor<'_>) -> Decoded<Position> {
    Ok(Position {
        time: cursor.field("time", le_u32)?,
        longitude: cursor.field("longitude", le_u32)?,
        latitude: cursor.field("latitude", le_u32)?,
        flags: cursor.field("flags", le_u8)?,
        battery: cursor.field("backup battery", le_u8)?,
        speed: cursor.field("speed", le_u16)?,
        other_speed: cursor.field("other speed", le_u16)?,
        course: cursor.field("course", le_u16)?,
        track: cursor.field("track", le_u16)?,
        altitude: cursor.field("altitude", le_i16)?,
        satellites: cursor.field("satellites", le_u8)?,
        pdop: cursor.field("PDOP", le_u8)?,
    })
}

fn state(cursor: &mut Cursor<'_>) -> Decoded<State> {
    Ok(State {
        analogue: four(cursor, "analogue")?,
        inputs: cursor.field("digital inputs", le_u8)?,
        outputs: cursor.field("digital outputs", le_u8)?,
        counters: four(cursor, "counter")?,
        track: cursor.field("track length", le_u32)?,
        gsm_level: cursor.field("GSM level", le_u8)?,
        gps_state: cursor.field("GPS state", le_u8)?,
        acceleration: cursor.field("acceleration", le_u8)?,
        supply: cursor.field("supply", le_u8)?,
    })
}

fn four(cursor: &mut Cursor<'_>, name: &'static str) -> Decoded<[u16; 4]> {
    let mut words = [0; 4];
    for word in &mut words {
        *word = cursor.field(name, le_u16)?;
    }
    Ok(words)
}

/// Section 5.
fn text<'a>(cursor: &mut Cursor<'a>) -> Decoded<Text<'a>> {
    cursor.enter("title data");
    Ok(Text {
        message: cursor.field("message id", le_u16)?,
        fragment: cursor.field("fragment", le_u16)?,
        device: cursor.field("device", le_u32)?,
        content: cursor.field("content type", le_u32)?,
        text: cursor.rest("text"),
    })
}

fn receipt(cursor: &mut Cursor<'_>) -> Decoded<Receipt> {
    cursor.enter("device result");
    Ok(Receipt {
        fragment: cursor.field("fragment", le_u16)?,
        result: cursor.field("result", le_u32)?,
        message: cursor.field("message id", le_u16)?,
    })
}
