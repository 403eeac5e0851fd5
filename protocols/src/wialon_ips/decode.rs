//! From a frame to a [`Packet`] (specification 3 to 5). One function per packet; offsets in errors count from the body's start.

use memchr::{memchr, memrchr};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::combinator::{all_consuming, opt};
use nom::sequence::preceded;

use super::fields::{Fields, absent};
use super::frame::{Parts, checksum, digest, split};
use super::message::{
    Answer, BlackBox, Login, MAX_IDENTITY, MAX_RECORDS, Packet, Picture, TachographBlock,
    TachographFile, Version,
};
use super::record::{data, record, short_data};
use crate::error::{DecodeError, DecodeErrorKind};

/// Name of the checksum in errors: the session answers a bad one with a code of its own.
pub(super) const CRC: &str = "CRC";

/// What decoding gives.
pub(super) type Decoded<'a> = Result<Packet<'a>, DecodeError>;

/// Decodes one frame. `version` is what the connection's login decided; it says whether there are checksums.
///
/// # Errors
/// [`DecodeError`] with the first field that is not what it should be.
pub(super) fn packet(frame: &[u8], version: Version) -> Decoded<'_> {
    match split(frame) {
        Some(parts) if parts.prefix.is_empty() => body(&parts, version),
        // Only a datagram has a prefix.
        Some(_) | None if frame.first() == Some(&b'#') => {
            Err(invalid("packet", "type", 0, DecodeErrorKind::Invalid))
        }
        Some(_) | None => Ok(Packet::Command(frame)),
    }
}

/// Decodes what stands behind the packet type.
pub(super) fn body<'a>(parts: &Parts<'a>, version: Version) -> Decoded<'a> {
    let (body, binary) = (parts.body, parts.binary);
    Ok(match parts.kind {
        b"L" => Packet::Login(login(body)?),
        b"P" => Packet::Ping,
        b"SD" => Packet::ShortData(short_data(signed("SD short data", body, version)?)?),
        b"D" => Packet::Data(data(signed("D extended data", body, version)?)?),
        b"B" => Packet::BlackBox(black_box(body, version)?),
        b"M" => Packet::Message(message(body, version)?),
        b"QI" => Packet::PictureRequest,
        b"I" => Packet::Picture(picture(body, binary, version)?),
        b"QT" => Packet::TachographRequest(body),
        b"IT" => Packet::TachographFile(tachograph_file(signed("IT file", body, version)?)?),
        b"T" => Packet::TachographBlock(tachograph_block(body, binary, version)?),
        b"US" => Packet::Firmware(upload("US firmware", body, binary, version)?),
        b"UC" => Packet::Configuration(upload("UC configuration", body, binary, version)?),
        b"AL" | b"AP" | b"ASD" | b"AD" | b"AB" | b"AM" | b"AI" | b"AIT" | b"AT" => {
            Packet::Answer(Answer { kind: parts.kind, code: body.trim_ascii() })
        }
        kind => Packet::Unknown { kind, body },
    })
}

const fn invalid(
    message: &'static str,
    field: &'static str,
    offset: usize,
    kind: DecodeErrorKind,
) -> DecodeError {
    DecodeError { message, field, offset, kind }
}

/// A checksum as devices write it: up to four hexadecimal digits of either case, perhaps after `0x`.
pub(super) fn hexadecimal(text: &[u8]) -> Option<u16> {
    let digits = take_while_m_n(1, 4, |byte: u8| byte.is_ascii_hexdigit());
    let (_, digits) = all_consuming(preceded(opt(alt((tag("0x"), tag("0X")))), digits))
        .parse(text)
        .map_err(|_: nom::Err<nom::error::Error<&[u8]>>| ())
        .ok()?;
    digits.iter().try_fold(0_u16, |sum, &digit| {
        let value = char::from(digit).to_digit(16)?;
        sum.checked_mul(16)?.checked_add(u16::try_from(value).ok()?)
    })
}

/// Whether `found` is the checksum of `covered` with its last separator, or, as one server prints it, without.
pub(super) fn checksum_fits(covered: &[u8], found: u16) -> bool {
    let bare = covered.split_last().map_or(covered, |(_, bare)| bare);
    checksum(covered) == found || checksum(bare) == found
}

/// The part of `body` in front of the separator and the checksum, which is verified; all of it in 1.1.
fn signed<'a>(
    message: &'static str,
    body: &'a [u8],
    version: Version,
) -> Result<&'a [u8], DecodeError> {
    match version {
        Version::V1 => Ok(body),
        Version::V2 => unsign(message, body, b';'),
    }
}

fn unsign<'a>(
    message: &'static str,
    body: &'a [u8],
    separator: u8,
) -> Result<&'a [u8], DecodeError> {
    let bad = |offset, kind| invalid(message, CRC, offset, kind);
    let at = memrchr(separator, body).ok_or_else(|| bad(body.len(), DecodeErrorKind::Truncated))?;
    let end = at + 1;
    let (covered, tail) =
        body.split_at_checked(end).ok_or_else(|| bad(end, DecodeErrorKind::Truncated))?;
    match hexadecimal(tail.trim_ascii()) {
        Some(found) if checksum_fits(covered, found) => Ok(covered.get(..at).unwrap_or(covered)),
        _ => Err(bad(end, DecodeErrorKind::Invalid)),
    }
}

/// 4.1: `id;password` or `version;id;password;CRC`.
fn login(body: &[u8]) -> Result<Login<'_>, DecodeError> {
    const NAME: &str = "L login";
    let versioned = matches!(
        body.trim_ascii_start(),
        [major, b'.', minor, b';', ..] if major.is_ascii_digit() && minor.is_ascii_digit()
    );
    let separators = memchr::memchr_iter(b';', body).count();
    let (version, id_at, fields) = if versioned && separators >= 3 {
        let fields = unsign(NAME, body, b';')?;
        let id_at = memchr(b';', fields).map_or(0, |at| at + 1);
        (Version::V2, id_at, fields.get(id_at..).unwrap_or(&[]))
    } else {
        (Version::V1, 0, body)
    };
    let end = memchr(b';', fields);
    let id = fields.get(..end.unwrap_or(fields.len())).unwrap_or(fields).trim_ascii();
    let password = end.and_then(|at| fields.get(at + 1..)).unwrap_or(&[]).trim_ascii();
    if version == Version::V1 && password.contains(&b';') {
        // Not 1.1 either: a login of 2.0 with a damaged version or separator.
        return Err(invalid(NAME, "version", 0, DecodeErrorKind::Invalid));
    }
    if id.is_empty() || id.len() > MAX_IDENTITY || absent(id) {
        return Err(invalid(NAME, "id", id_at, DecodeErrorKind::Invalid));
    }
    Ok(Login { version, id, password: (!absent(password)).then_some(password) })
}

/// 4.4: records between `|`, the checksum behind the last one.
fn black_box(body: &[u8], version: Version) -> Result<BlackBox<'_>, DecodeError> {
    let records = match version {
        Version::V1 => body,
        Version::V2 => unsign("B black box", body, b'|')?,
    };
    let mut black_box = BlackBox::default();
    let written = records.split(|&byte| byte == b'|').filter(|body| !body.trim_ascii().is_empty());
    for body in written.take(MAX_RECORDS) {
        match record(body) {
            Ok(record) => black_box.records.push(record),
            Err(_) => black_box.unreadable += 1,
        }
    }
    Ok(black_box)
}

/// 5.2 and 5.3: `text` or `text;CRC`. A tail that is no checksum belongs to the text: some devices declare 2.0 and omit it.
fn message(body: &[u8], version: Version) -> Result<&[u8], DecodeError> {
    const NAME: &str = "M text";
    if version == Version::V1 {
        return Ok(body);
    }
    let tail = memrchr(b';', body).and_then(|at| body.split_at_checked(at + 1));
    let Some((covered, found)) =
        tail.and_then(|(covered, tail)| Some((covered, hexadecimal(tail)?)))
    else {
        return match damaged_checksum(body) {
            None => Ok(body),
            Some(at) => Err(invalid(NAME, CRC, at, DecodeErrorKind::Invalid)),
        };
    };
    if checksum_fits(covered, found) {
        return Ok(covered.split_last().map_or(covered, |(_, text)| text));
    }
    Err(invalid(NAME, CRC, covered.len(), DecodeErrorKind::Invalid))
}

/// Where a text without checksum shows one after all: `;` and four digits that fit what stands before them, with one byte of the
/// five or of the line end damaged. Such a text is not one of a device that omits checksums.
fn damaged_checksum(body: &[u8]) -> Option<usize> {
    let mut before = digest();
    for (at, &byte) in body.iter().enumerate() {
        let mut expected = before.clone();
        expected.update(b";");
        let expected = u32::from(expected.finalize());
        let written = body.get(at + 1..).unwrap_or(&[]);
        let fits = |&(place, &digit): &(u32, &u8)| {
            char::from(digit).to_digit(16) == Some((expected >> (12 - 4 * place)) & 0xf)
        };
        let matches = (0..4).zip(written).filter(fits).count();
        if matches + usize::from(byte == b';') >= 4 {
            return Some(at + 1);
        }
        before.update(&[byte]);
    }
    None
}

/// 4.6: the checksum, behind the last `;` of the line, covers the binary bytes only.
fn signed_binary<'a>(
    message: &'static str,
    body: &'a [u8],
    fields: usize,
    binary: &[u8],
    version: Version,
) -> Result<Fields<'a>, DecodeError> {
    let mut all = Fields::new(message, body);
    if version == Version::V2 {
        let tail = Fields::new(message, body).nth(fields);
        let offset = tail.map_or(body.len(), |field| field.offset);
        if tail.and_then(|field| hexadecimal(field.text)) != Some(checksum(binary)) {
            return Err(invalid(message, CRC, offset, DecodeErrorKind::Invalid));
        }
    }
    all.truncate(fields);
    Ok(all)
}

fn picture<'a>(
    body: &'a [u8],
    data: &'a [u8],
    version: Version,
) -> Result<Picture<'a>, DecodeError> {
    let mut fields = signed_binary("I picture", body, 6, data, version)?;
    fields.size("Sz", data.len())?;
    Ok(Picture {
        index: fields.number("Ind")?,
        last: fields.number("Count")?,
        time: fields.time()?,
        name: fields.text("Name")?,
        data,
    })
}

fn tachograph_file(body: &[u8]) -> Result<TachographFile<'_>, DecodeError> {
    let mut fields = Fields::new("IT file", body);
    Ok(TachographFile {
        time: fields.time()?,
        driver: fields.text("DriverID")?,
        code: fields.text("Code")?,
        last: fields.number("Count")?,
    })
}

fn tachograph_block<'a>(
    body: &'a [u8],
    data: &'a [u8],
    version: Version,
) -> Result<TachographBlock<'a>, DecodeError> {
    let mut fields = signed_binary("T block", body, 3, data, version)?;
    let code = fields.text("Code")?;
    fields.size("Sz", data.len())?;
    Ok(TachographBlock { code, index: fields.number("Ind")?, data })
}

fn upload<'a>(
    message: &'static str,
    body: &[u8],
    data: &'a [u8],
    version: Version,
) -> Result<&'a [u8], DecodeError> {
    signed_binary(message, body, 1, data, version)?.size("Sz", data.len())?;
    Ok(data)
}
