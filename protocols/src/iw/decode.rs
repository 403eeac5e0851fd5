//! From a frame to a [`Message`] (specification, sections 2 to 4).

use nom::Parser;
use nom::bytes::complete::{take, take_till};
use nom::error::{Error, ErrorKind};

use super::frame::{Parts, Prefix, split};
use super::message::{Heartbeat, Message, Position, Receipt, State};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::wire::plain::{decimal, from_utf16_hex, integer, year_first};

/// Answers to commands of the platform (specification, section 2).
const COMMAND_ANSWERS: [&[u8; 4]; 10] =
    [b"AP12", b"AP14", b"AP33", b"AP34", b"AP76", b"AP77", b"AP84", b"AP85", b"AP86", b"AP87"];
/// Longest identity.
const MAX_IMEI: usize = 20;

/// What decoding gives.
type Decoded<T> = Result<T, DecodeError>;

/// Decodes a device's frame.
///
/// # Errors
/// [`DecodeError`] with the first field that is not what it should be; offsets count from the frame's start.
pub(super) fn uplink(frame: &[u8]) -> Decoded<(Parts<'_>, Message<'_>)> {
    let kind = DecodeErrorKind::Invalid;
    let none = DecodeError { message: "frame", field: "word", offset: 0, kind };
    let parts = split(frame).ok_or(none)?;
    Ok((parts, message(&parts)?))
}

fn message<'a>(parts: &Parts<'a>) -> Decoded<Message<'a>> {
    let data = parts.data;
    let fields = data.strip_prefix(b",").unwrap_or(data).split(|&byte| byte == b',');
    Ok(match &parts.word {
        b"AP00" => Message::Login { imei: imei(parts)? },
        b"AP03" | b"CP01" => Message::Heartbeat(heartbeat(parts)?),
        b"AP01" | b"AP10" | b"YP03" | b"YP14" => Message::Position(position(parts)?),
        b"AP40" => Message::Receipt(receipt(fields)),
        b"AP49" => health(&["heart_rate"], fields),
        b"APHT" => health(&["heart_rate", "systolic_mmhg", "diastolic_mmhg"], fields),
        b"APHP" => health(
            &[
                "heart_rate",
                "systolic_mmhg",
                "diastolic_mmhg",
                "oxygen_level",
                "sugar",
                "body_temperature_c",
            ],
            fields,
        ),
        b"AP50" => health(&["body_temperature_c", "battery_level"], fields),
        // What a tracker asks for with this word is a question of its own.
        b"AP14" if parts.prefix == Prefix::Trv => Message::Other,
        word if COMMAND_ANSWERS.contains(&word) || is_serial(data) => Message::CommandAnswer,
        _ => Message::Other,
    })
}

/// The whole data is the six-digit serial of a command.
fn is_serial(data: &[u8]) -> bool {
    matches!(data, [b',', digits @ ..] if digits.len() == 6 && digits.iter().all(u8::is_ascii_digit))
}

/// The text, its serial and whom it is for, of a `BP40`; `None` for other frames.
pub(super) fn text(frame: &[u8]) -> Option<(u32, String)> {
    let parts = split(frame).filter(|parts| parts.word == *b"BP40")?;
    let mut fields = parts.data.strip_prefix(b",")?.split(|&byte| byte == b',');
    let (_imei, serial, text) = (fields.next()?, fields.next()?, fields.next()?);
    Some((integer(serial)?, from_utf16_hex(text)?))
}

fn imei<'a>(parts: &Parts<'a>) -> Decoded<&'a str> {
    let digits = parts.data.split(|&byte| byte == b',').next().unwrap_or_default();
    let error = || DecodeError {
        message: "AP00 login",
        field: "IMEI",
        offset: parts.offset,
        kind: DecodeErrorKind::Invalid,
    };
    let plain = (1..=MAX_IMEI).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| plain).ok_or_else(error)
}

/// Takes pieces off data that has no separators.
struct Pieces<'a> {
    message: &'static str,
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Pieces<'a> {
    fn error(&self, field: &'static str, kind: DecodeErrorKind) -> DecodeError {
        DecodeError { message: self.message, field, offset: self.offset, kind }
    }

    fn piece(
        &mut self,
        field: &'static str,
        mut parser: impl Parser<&'a [u8], Output = &'a [u8], Error = Error<&'a [u8]>>,
    ) -> Decoded<&'a [u8]> {
        match parser.parse_complete(self.rest) {
            Ok((rest, piece)) => {
                self.offset += self.rest.len() - rest.len();
                self.rest = rest;
                Ok(piece)
            }
            Err(nom::Err::Error(error)) if error.code != ErrorKind::Eof => {
                Err(self.error(field, DecodeErrorKind::Invalid))
            }
            Err(_) => Err(self.error(field, DecodeErrorKind::Truncated)),
        }
    }

    /// `count` characters that `read` understands.
    fn value<T>(
        &mut self,
        field: &'static str,
        count: usize,
        read: impl Fn(&'a [u8]) -> Option<T>,
    ) -> Decoded<T> {
        let error = self.error(field, DecodeErrorKind::Invalid);
        read(self.piece(field, take(count))?).ok_or(error)
    }

    /// Degrees and minutes up to the letter of a hemisphere; minutes have any number of decimals.
    fn degrees(&mut self, field: &'static str, [positive, negative]: [u8; 2]) -> Decoded<f64> {
        let error = self.error(field, DecodeErrorKind::Invalid);
        let number = self.piece(field, take_till(|byte: u8| byte.is_ascii_uppercase()))?;
        let letter = self.piece(field, take(1_usize))?;
        let number =
            decimal(number).filter(|number| *number >= 0.0).ok_or_else(|| error.clone())?;
        let whole = (number / 100.0).trunc();
        let degrees = whole + (number - whole * 100.0) / 60.0;
        match letter {
            [letter] if *letter == positive => Ok(degrees),
            [letter] if *letter == negative => Ok(-degrees),
            _ => Err(error),
        }
    }

    /// Three digits each of signal, satellites and battery, then one and twice two more.
    fn state(&mut self) -> Decoded<State> {
        let state = State {
            signal: self.value("GSM", 3, integer)?,
            satellites: self.value("satellites", 3, integer)?,
            battery: self.value("battery", 3, integer)?,
            ignition: self.value("ignition", 1, integer)?,
        };
        self.value("guard state", 2, integer)?;
        self.value("mode", 2, integer)?;
        // Some models add digits.
        self.piece("extra digits", take_till(|byte| byte == b','))?;
        Ok(state)
    }

    /// The next field behind a comma; `None` at the end.
    fn field(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.strip_prefix(b",")?;
        let end = memchr::memchr(b',', rest).unwrap_or(rest.len());
        let (field, rest) = rest.split_at_checked(end)?;
        self.rest = rest;
        Some(field)
    }
}

fn heartbeat(parts: &Parts<'_>) -> Decoded<Heartbeat> {
    let (message, data) = ("heartbeat", parts.data);
    let rest = data.strip_prefix(b",").unwrap_or(data);
    let offset = parts.offset + data.len() - rest.len();
    let mut pieces = Pieces { message, rest, offset };
    let state = pieces.state()?;
    // What follows in a tracker's is not known.
    let counts = parts.word == *b"AP03";
    let mut number = || pieces.field().and_then(integer).filter(|_| counts);
    Ok(Heartbeat { state, steps: number(), rolls: number() })
}

fn position(parts: &Parts<'_>) -> Decoded<Position> {
    let mut pieces = Pieces { message: "position", rest: parts.data, offset: parts.offset };
    let date = pieces.piece("date", take(6_usize))?;
    let validity = |letter: &[u8]| match letter {
        b"A" => Some(true),
        b"V" => Some(false),
        _ => None,
    };
    let fixed = pieces.value("validity", 1, validity)?;
    let latitude = pieces.degrees("latitude", *b"NS")?;
    let longitude = pieces.degrees("longitude", *b"EW")?;
    let speed = pieces.value("speed", 5, decimal)?;
    let time = year_first(date, pieces.piece("time", take(6_usize))?);
    let course = pieces.value("course", 6, decimal)?;
    let state = pieces.state()?;
    let mut number = || pieces.field().and_then(integer);
    let cell = [number(), number(), number(), number()];
    let alarm = if parts.word == *b"AP10" { number() } else { None };
    Ok(Position { time, fixed, latitude, longitude, speed, course, state, cell, alarm })
}

/// `,serial,result`, `,serial`, or nothing (specification, section 4).
fn receipt<'a>(mut fields: impl Iterator<Item = &'a [u8]>) -> Receipt {
    let serial = fields.next().and_then(integer);
    Receipt { serial, ok: fields.next().and_then(integer) != Some(0) }
}

fn health<'a>(names: &[&'static str], fields: impl Iterator<Item = &'a [u8]>) -> Message<'a> {
    let values = names.iter().zip(fields).filter_map(|(name, text)| Some((*name, decimal(text)?)));
    Message::Health(values.collect())
}
