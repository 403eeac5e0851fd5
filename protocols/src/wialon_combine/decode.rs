//! From a frame to a [`Message`] (specification 3 to 6). One function per packet and sub-record; offsets in errors count from
//! the frame's start. Checksums are the framer's business.

use crate::wire::number::{
    be_f32, be_f64, be_i8, be_i16, be_i32, be_i64, be_u8, be_u16, be_u32, be_u64,
};
use nom::IResult;
use nom::Parser;
use nom::bytes::complete::take_till;
use nom::combinator::opt;

use super::frame::{CHECKSUM, SERVER_HEAD};
use super::message::{
    Cell, Command, Data, Group, Key, Login, MAX_PARAMETERS, Message, Packet, Parameter,
    ParameterValue, Picture, Position, Record, SubRecord, Unknown, code, kind,
};
use super::number::{long, short};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::wire::cursor::Cursor;

type Decoded<T> = Result<T, DecodeError>;

/// Which types a device gives its signed integers: implementations disagree about 5 and 6 (specification 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Integers {
    /// 5 is 32 bits wide, 6 is 16.
    #[default]
    Document,
    /// The other way round.
    Exchanged,
}

/// Decodes one frame.
///
/// # Errors
/// [`DecodeError`] with the first field that is not what it should be.
pub(super) fn message(frame: &[u8], integers: Integers) -> Decoded<Message<'_>> {
    parse(&mut Cursor::new("packet", frame), integers)
}

/// Decodes the frame that `cursor` is at the beginning of.
pub(super) fn parse<'a>(cursor: &mut Cursor<'a>, integers: Integers) -> Decoded<Message<'a>> {
    if cursor.left().first() == Some(&b'#') {
        return Ok(Message::Line(cursor.rest("line").trim_ascii_end()));
    }
    let from_server = cursor.left().starts_with(&SERVER_HEAD);
    cursor.bytes("Head", 2)?;
    if from_server {
        return server(cursor);
    }
    let kind = cursor.field("Type", short)?;
    let seq = cursor.field("Seq", be_u16)?;
    if kind == kind::KEEP_ALIVE {
        return Ok(Message::Packet { seq, packet: Packet::KeepAlive });
    }
    cursor.field("Len", long)?;
    cursor.hold_back(CHECKSUM);
    let packet = match kind {
        kind::LOGIN => Packet::Login(login(cursor)?),
        kind::DATA => Packet::Data(data(cursor, integers)?),
        kind => Packet::Unknown { kind, body: cursor.rest("Data") },
    };
    Ok(Message::Packet { seq, packet })
}

fn server<'a>(cursor: &mut Cursor<'a>) -> Decoded<Message<'a>> {
    cursor.enter("answer");
    let code = cursor.field("Code", be_u8)?;
    if code != code::COMMAND {
        return Ok(Message::Answer { code, seq: cursor.field("Seq", be_u16)? });
    }
    cursor.enter("command");
    cursor.field("Len", long)?;
    cursor.hold_back(CHECKSUM);
    let time = cursor.field("Time", be_u32)?;
    let kind = cursor.field("Type", short)?;
    Ok(Message::Command(Command { time, kind, text: cursor.rest("Text") }))
}

/// Bytes up to a NUL, which is taken too, or to the end.
fn string(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let nul = opt(nom::bytes::complete::tag(&b"\0"[..]));
    (take_till(|byte| byte == 0), nul).map(|(text, _)| text).parse_complete(input)
}

/// Section 3.
fn login<'a>(cursor: &mut Cursor<'a>) -> Decoded<Login<'a>> {
    cursor.enter("login");
    let version = cursor.field("Version", short)?;
    let flags_at = cursor.error("Flags", DecodeErrorKind::Invalid);
    let flags = cursor.field("Flags", be_u8)?;
    let Some(id) = key(cursor, "ID", flags >> 4)? else {
        return Err(flags_at);
    };
    let password = key(cursor, "Pwd", flags & 0x0f)?;
    Ok(Login { version, id, password })
}

/// An identity or password of this type; type 0 is none.
fn key<'a>(cursor: &mut Cursor<'a>, name: &'static str, form: u8) -> Decoded<Option<Key<'a>>> {
    Ok(Some(match form {
        0 => return Ok(None),
        1 => Key::U16(cursor.field(name, be_u16)?),
        2 => Key::U32(cursor.field(name, be_u32)?),
        3 => Key::U64(cursor.field(name, be_u64)?),
        4 => Key::Text(cursor.field(name, string)?),
        _ => return Err(cursor.error(name, DecodeErrorKind::Invalid)),
    }))
}

/// Section 4: messages until the length is used up.
fn data<'a>(cursor: &mut Cursor<'a>, integers: Integers) -> Decoded<Data<'a>> {
    cursor.enter("data");
    let mut data = Data::default();
    while !cursor.left().is_empty() && data.unknown.is_none() {
        let time = cursor.field("Time", be_u32)?;
        let count = cursor.field("Count", be_u8)?;
        let mut record = Record { time, parts: Vec::new() };
        for _ in 0..count {
            let kind = cursor.field("Subrecord", short)?;
            match sub_record(cursor, kind, integers)? {
                Some(part) => record.parts.push(part),
                None => {
                    data.unknown = Some(Unknown { kind, rest: cursor.rest("unknown") });
                    break;
                }
            }
        }
        data.records.push(record);
    }
    Ok(data)
}

/// `None`: nobody knows the type.
fn sub_record<'a>(
    cursor: &mut Cursor<'a>,
    kind: u16,
    integers: Integers,
) -> Decoded<Option<SubRecord<'a>>> {
    if let Some(group) = Group::of(kind) {
        let list = parameters(cursor, integers)?;
        return Ok(Some(SubRecord::Parameters { group, list }));
    }
    Ok(Some(match kind {
        1 => SubRecord::Position(position(cursor)?),
        2 => SubRecord::Io {
            inputs: cursor.field("Inputs", be_u32)?,
            outputs: cursor.field("Outputs", be_u32)?,
        },
        3 => SubRecord::Picture(picture(cursor)?),
        4 => SubRecord::Cells(cells(cursor)?),
        12 => SubRecord::Text(cursor.field("Text", string)?),
        _ => return Ok(None),
    }))
}

impl Group {
    /// All of them, with their sub-record types.
    const ALL: [(u16, Self); 7] = [
        (0, Self::Custom),
        (5, Self::Fuel),
        (6, Self::Temperature),
        (7, Self::Can),
        (8, Self::Counter),
        (9, Self::Adc),
        (10, Self::Driver),
    ];

    fn of(kind: u16) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == kind).map(|(_, group)| *group)
    }

    /// The sub-record's type.
    pub(super) fn kind(self) -> u16 {
        Self::ALL.iter().find(|(_, group)| *group == self).map_or(0, |(kind, _)| *kind)
    }
}

fn position(cursor: &mut Cursor<'_>) -> Decoded<Position> {
    Ok(Position {
        latitude: cursor.field("lat", be_i32)?,
        longitude: cursor.field("lon", be_i32)?,
        speed: cursor.field("speed", be_u16)?,
        course: cursor.field("course", be_u16)?,
        height: cursor.field("height", be_i16)?,
        satellites: cursor.field("sats", be_u8)?,
        hdop: cursor.field("hdop", be_u16)?,
    })
}

fn picture<'a>(cursor: &mut Cursor<'a>) -> Decoded<Picture<'a>> {
    let index = cursor.field("Ind", short)?;
    let size = cursor.field("picture Len", long)?;
    let last = cursor.field("picture Count", short)?;
    let name = cursor.field("Name", string)?;
    let data = cursor.bytes("Bin", usize::try_from(size).unwrap_or(usize::MAX))?;
    Ok(Picture { index, last, name, data })
}

fn cells(cursor: &mut Cursor<'_>) -> Decoded<Vec<Cell>> {
    let count = cursor.field("cells", be_u8)?;
    let mut cells = Vec::new();
    for _ in 0..count {
        cells.push(Cell {
            mcc: cursor.field("MCC", be_u16)?,
            mnc: cursor.field("MNC", be_u16)?,
            lac: cursor.field("LAC", be_u16)?,
            id: cursor.field("Cell", be_u16)?,
            rx_level: cursor.field("RxLevel", be_u16)?,
            timing_advance: cursor.field("TA", be_u16)?,
        });
    }
    Ok(cells)
}

fn parameters<'a>(cursor: &mut Cursor<'a>, integers: Integers) -> Decoded<Vec<Parameter<'a>>> {
    let count = cursor.field("parameters", short)?;
    let mut list = Vec::new();
    for _ in 0..count {
        let parameter = parameter(cursor, integers)?;
        if list.len() < MAX_PARAMETERS {
            list.push(parameter);
        }
    }
    Ok(list)
}

/// Section 5.
pub(super) fn parameter<'a>(cursor: &mut Cursor<'a>, integers: Integers) -> Decoded<Parameter<'a>> {
    const VALUE: &str = "Value";
    let number = cursor.field("No", short)?;
    let unknown = cursor.error("value type", DecodeErrorKind::Invalid);
    let form = cursor.field("value type", be_u8)?;
    let value = match (form & 0x1f, integers) {
        (0, _) => ParameterValue::U8(cursor.field(VALUE, be_u8)?),
        (1, _) => ParameterValue::U16(cursor.field(VALUE, be_u16)?),
        (2, _) => ParameterValue::U32(cursor.field(VALUE, be_u32)?),
        (3, _) => ParameterValue::U64(cursor.field(VALUE, be_u64)?),
        (4, _) => ParameterValue::I8(cursor.field(VALUE, be_i8)?),
        (5, Integers::Document) | (6, Integers::Exchanged) => {
            ParameterValue::I32(cursor.field(VALUE, be_i32)?)
        }
        (6, Integers::Document) | (5, Integers::Exchanged) => {
            ParameterValue::I16(cursor.field(VALUE, be_i16)?)
        }
        (7, _) => ParameterValue::I64(cursor.field(VALUE, be_i64)?),
        (8, _) => ParameterValue::F32(cursor.field(VALUE, be_f32)?),
        (9, _) => ParameterValue::F64(cursor.field(VALUE, be_f64)?),
        (10, _) => ParameterValue::Text(cursor.field(VALUE, string)?),
        _ => return Err(unknown),
    };
    Ok(Parameter { number, scale: form >> 5, value })
}
