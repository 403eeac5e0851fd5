//! Packets from bytes, in three steps: [`packet`] finds the records, [`subs`] the sub-records of one, [`sub`] reads one of them.
//!
//! The parsers run on complete packets; what goes wrong becomes a [`DecodeError`] with message, field and offset at the edge.
//! Bytes behind the last field of a sub-record are ignored everywhere (section 3.1).

mod auth;
mod command;
mod teledata;

pub(super) use self::command::{order, order_answer};
use super::header::{Header, Start, packet as pt, start};
use super::message::{Body, Packet, RawSub, Record, Sub, service, srt};
use super::names;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::wire::fault::{Fault, Outcome, Parsed, bytes, number};

#[inline]
fn u8_of<'a>(name: &'static str, input: &'a [u8]) -> Parsed<'a, u8> {
    number(name, |[byte]| byte, input)
}

#[inline]
fn u16_of<'a>(name: &'static str, input: &'a [u8]) -> Parsed<'a, u16> {
    number(name, u16::from_le_bytes, input)
}

#[inline]
fn u24_of<'a>(name: &'static str, input: &'a [u8]) -> Parsed<'a, u32> {
    number(name, |[a, b, c]| u32::from_le_bytes([a, b, c, 0]), input)
}

#[inline]
fn u32_of<'a>(name: &'static str, input: &'a [u8]) -> Parsed<'a, u32> {
    number(name, u32::from_le_bytes, input)
}

/// What `parser` reads, if the flag bit announces it.
#[inline]
fn when<'a, T>(
    there: bool,
    name: &'static str,
    parser: impl FnOnce(&'static str, &'a [u8]) -> Parsed<'a, T>,
    input: &'a [u8],
) -> Parsed<'a, Option<T>> {
    if !there {
        return Ok((input, None));
    }
    let (rest, value) = parser(name, input)?;
    Ok((rest, Some(value)))
}

/// One value for each bit of `mask`, ascending.
fn each<'a, T: Copy>(
    mut mask: u8,
    name: &'static str,
    parser: impl Fn(&'static str, &'a [u8]) -> Parsed<'a, T>,
    mut input: &'a [u8],
) -> Parsed<'a, [Option<T>; 8]> {
    let mut values = [None; 8];
    while let Some(slot) = values.get_mut(mask.trailing_zeros() as usize) {
        let (rest, value) = parser(name, input)?;
        (input, *slot) = (rest, Some(value));
        mask &= mask - 1;
    }
    Ok((input, values))
}

/// Turns a fault in `input`, which begins at `offset` of the packet, into an error.
#[cold]
fn located(
    message: &'static str,
    input: &[u8],
    offset: usize,
    error: nom::Err<Fault<'_>>,
) -> DecodeError {
    let fault = Fault::from(error);
    let at = offset + input.len().saturating_sub(fault.rest.len());
    DecodeError { message, field: fault.field, offset: at, kind: fault.kind }
}

/// Decodes a whole packet, as the framer hands it out, down to its records.
///
/// # Errors
/// The first field that does not fit. A packet that [`Header::refusal`] refuses is not looked into: do not ask.
pub(super) fn packet(frame: &[u8]) -> Result<Packet<'_>, DecodeError> {
    packet_of(header(frame)?, frame)
}

/// The same, where the header is known already.
///
/// # Errors
/// A field that does not parse.
pub(super) fn packet_of(header: Header, frame: &[u8]) -> Result<Packet<'_>, DecodeError> {
    let input = frame.get(header.length..).unwrap_or_default();
    let input = input.get(..header.body).unwrap_or(input);
    let body = match header.kind {
        pt::RESPONSE => response(frame, input),
        _ => data(frame, input, header.kind == pt::SIGNED_APPDATA),
    };
    let name = if header.kind == pt::RESPONSE { "RESPONSE" } else { "APPDATA" };
    Ok(Packet { header, body: body.map_err(|error| located(name, input, header.length, error))? })
}

/// The header of a frame.
///
/// # Errors
/// It is none, which a framer does not hand out.
pub(super) fn header(frame: &[u8]) -> Result<Header, DecodeError> {
    match start(frame) {
        Start::Good(header) => Ok(header),
        Start::Short | Start::Damaged { .. } | Start::Foreign(_) => Err(DecodeError {
            message: "packet",
            field: "header",
            offset: 0,
            kind: DecodeErrorKind::Invalid,
        }),
    }
}

/// RESPONSE (section 2.2). One without a body answers nothing.
fn response<'a>(frame: &'a [u8], input: &'a [u8]) -> Outcome<'a, Body<'a>> {
    if input.is_empty() {
        return Ok(Body::Response { answered: None, result: 0, records: Vec::new() });
    }
    let (rest, answered) = u16_of("RPID", input)?;
    let (rest, result) = u8_of("PR", rest)?;
    Ok(Body::Response { answered: Some(answered), result, records: records(frame, rest)? })
}

/// APPDATA and SIGNED_APPDATA (section 2.2).
fn data<'a>(frame: &'a [u8], input: &'a [u8], signed: bool) -> Outcome<'a, Body<'a>> {
    let (mut rest, mut signature) = (input, None);
    if signed && !input.is_empty() {
        let (after, length) = u16_of("SIGL", input)?;
        let (after, signed) = bytes("SIGD", length.into(), after)?;
        (rest, signature) = (after, Some(signed));
    }
    Ok(Body::Data { signature, records: records(frame, rest)? })
}

/// Records up to the end of the body.
fn records<'a>(frame: &'a [u8], mut input: &'a [u8]) -> Outcome<'a, Vec<Record<'a>>> {
    // Behind the body stand two bytes of CRC.
    let end = frame.len().saturating_sub(2);
    let mut records = Vec::new();
    while !input.is_empty() {
        let (rest, mut record) = record(input)?;
        record.offset = end.saturating_sub(rest.len() + record.data.len());
        records.push(record);
        input = rest;
    }
    Ok(records)
}

/// One record (section 3).
fn record(input: &[u8]) -> Parsed<'_, Record<'_>> {
    let (rest, length) = u16_of("RL", input)?;
    let (rest, number) = u16_of("RN", rest)?;
    let (rest, flags) = u8_of("RFL", rest)?;
    let (rest, object) = when(flags & 1 != 0, "OID", u32_of, rest)?;
    let (rest, event) = when(flags & 2 != 0, "EVID", u32_of, rest)?;
    let (rest, time) = when(flags & 4 != 0, "TM", u32_of, rest)?;
    let (rest, source) = u8_of("SST", rest)?;
    let (rest, recipient) = u8_of("RST", rest)?;
    let (rest, data) = bytes("RD", length.into(), rest)?;
    let record = Record { number, flags, object, event, time, source, recipient, data, offset: 0 };
    Ok((rest, record))
}

/// The sub-records of a record, up to the first that runs past its end.
pub(super) fn subs<'a>(
    record: &Record<'a>,
) -> impl Iterator<Item = Result<RawSub<'a>, DecodeError>> + use<'a> {
    let (all, offset) = (record.data, record.offset);
    let mut rest = all;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let found = raw_sub(std::mem::take(&mut rest));
        Some(match found {
            Ok((after, (kind, data))) => {
                rest = after;
                let at = offset + all.len().saturating_sub(after.len() + data.len());
                Ok(RawSub { kind, data, offset: at })
            }
            Err(error) => Err(located("sub-record", all, offset, error)),
        })
    })
}

/// One sub-record (section 3.1).
fn raw_sub(input: &[u8]) -> Parsed<'_, (u8, &[u8])> {
    let (rest, kind) = u8_of("SRT", input)?;
    let (rest, length) = u16_of("SRL", rest)?;
    let (rest, data) = bytes("SRD", length.into(), rest)?;
    Ok((rest, (kind, data)))
}

/// Reads one sub-record of `service`.
///
/// # Errors
/// The first field that is not there.
pub(super) fn sub<'a>(service: u8, raw: &RawSub<'a>) -> Result<Sub<'a>, DecodeError> {
    contents(service, raw).map_err(|error| misfit(service, raw, error))
}

/// The same with an error that [`misfit`] explains: a sub-record is large, and for those who read many of them it is to stay where
/// its parser has put it.
pub(super) fn contents<'a>(service: u8, raw: &RawSub<'a>) -> Outcome<'a, Sub<'a>> {
    match (service, raw.kind) {
        (_, srt::RECORD_RESPONSE) => record_response(raw.data),
        (service::AUTH, _) => auth::sub(raw.kind, raw.data),
        (service::TELEDATA, _) => teledata::sub(raw.kind, raw.data),
        (service::COMMANDS, srt::COMMAND_DATA) => command::command(raw.data),
        _ => Ok(Sub::Other { kind: raw.kind, data: raw.data }),
    }
}

/// What is wrong with a sub-record.
#[cold]
pub(super) fn misfit(service: u8, raw: &RawSub<'_>, error: nom::Err<Fault<'_>>) -> DecodeError {
    located(names::sub_record(service, raw.kind), raw.data, raw.offset, error)
}

/// RECORD_RESPONSE (section 3.2).
fn record_response(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, record) = u16_of("CRN", input)?;
    let (_, result) = u8_of("RST", rest)?;
    Ok(Sub::RecordResponse { record, result })
}
