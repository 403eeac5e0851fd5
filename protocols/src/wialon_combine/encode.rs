//! From a [`Message`] to bytes: the mirror of `decode.rs`, for both directions. Numbers of variable width are written as short as
//! they go.

use bytes::Bytes;

use super::decode::Integers;
use super::frame::{PACKET_HEAD, SERVER_HEAD, checksum};
use super::message::{
    Command, Key, Login, MAX_PARAMETERS, Message, Packet, Parameter, ParameterValue, Position,
    SubRecord, code, kind,
};
use super::number::{MAX_LONG, put_long, put_short};

/// The bytes of one message, complete.
pub(super) fn message(message: &Message<'_>, integers: Integers) -> Vec<u8> {
    match message {
        Message::Packet { seq, packet } => device(*seq, packet, integers),
        Message::Answer { code, seq } => {
            let [high, low] = seq.to_be_bytes();
            vec![SERVER_HEAD[0], SERVER_HEAD[1], *code, high, low]
        }
        Message::Command(command) => {
            let mut content = Vec::with_capacity(6 + command.text.len());
            put_command(command, &mut content);
            let mut out = SERVER_HEAD.to_vec();
            out.push(code::COMMAND);
            seal(out, &content)
        }
        Message::Line(line) => [*line, b"\r\n"].concat(),
    }
}

/// The server's answer to packet `seq`.
pub(super) fn answer(code: u8, seq: u16) -> Bytes {
    message(&Message::Answer { code, seq }, Integers::Document).into()
}

fn device(seq: u16, packet: &Packet<'_>, integers: Integers) -> Vec<u8> {
    let mut content = Vec::new();
    let kind = match packet {
        Packet::Login(login) => {
            put_login(login, &mut content);
            kind::LOGIN
        }
        Packet::Data(data) => {
            for (number, record) in (1..).zip(&data.records) {
                content.extend_from_slice(&record.time.to_be_bytes());
                let unknown = data.unknown.filter(|_| number == data.records.len());
                let count = record.parts.len() + usize::from(unknown.is_some());
                content.push(u8::try_from(count).unwrap_or(u8::MAX));
                for part in record.parts.iter().take(u8::MAX.into()) {
                    put_sub_record(part, integers, &mut content);
                }
                if let Some(unknown) = unknown {
                    put_short(unknown.kind, &mut content);
                    content.extend_from_slice(unknown.rest);
                }
            }
            kind::DATA
        }
        Packet::KeepAlive => kind::KEEP_ALIVE,
        Packet::Unknown { kind, body } => {
            content.extend_from_slice(body);
            *kind
        }
    };
    let mut out = PACKET_HEAD.to_vec();
    put_short(kind, &mut out);
    out.extend_from_slice(&seq.to_be_bytes());
    if kind == kind::KEEP_ALIVE { out } else { seal(out, &content) }
}

/// Length, content and checksum behind what is there.
fn seal(mut out: Vec<u8>, content: &[u8]) -> Vec<u8> {
    put_long(u32::try_from(content.len()).unwrap_or(MAX_LONG), &mut out);
    out.extend_from_slice(content);
    let sum = checksum(&out);
    out.extend_from_slice(&sum.to_be_bytes());
    out
}

fn put_command(command: &Command<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&command.time.to_be_bytes());
    put_short(command.kind, out);
    out.extend_from_slice(command.text);
}

fn put_login(login: &Login<'_>, out: &mut Vec<u8>) {
    put_short(login.version, out);
    let flags = form(&login.id) << 4 | login.password.as_ref().map_or(0, form);
    out.push(flags);
    put_key(&login.id, out);
    if let Some(password) = &login.password {
        put_key(password, out);
    }
}

const fn form(key: &Key<'_>) -> u8 {
    match key {
        Key::U16(_) => 1,
        Key::U32(_) => 2,
        Key::U64(_) => 3,
        Key::Text(_) => 4,
    }
}

fn put_key(key: &Key<'_>, out: &mut Vec<u8>) {
    match key {
        Key::U16(number) => out.extend_from_slice(&number.to_be_bytes()),
        Key::U32(number) => out.extend_from_slice(&number.to_be_bytes()),
        Key::U64(number) => out.extend_from_slice(&number.to_be_bytes()),
        Key::Text(text) => put_string(text, out),
    }
}

/// Up to the first NUL, and a NUL.
fn put_string(text: &[u8], out: &mut Vec<u8>) {
    out.extend(text.iter().take_while(|&&byte| byte != 0));
    out.push(0);
}

fn put_sub_record(part: &SubRecord<'_>, integers: Integers, out: &mut Vec<u8>) {
    match part {
        SubRecord::Parameters { group, list } => {
            put_short(group.kind(), out);
            let list = list.get(..MAX_PARAMETERS).unwrap_or(list);
            put_short(u16::try_from(list.len()).unwrap_or(0), out);
            for parameter in list {
                put_parameter(parameter, integers, out);
            }
        }
        SubRecord::Position(position) => put_position(position, out),
        SubRecord::Io { inputs, outputs } => {
            put_short(2, out);
            out.extend_from_slice(&inputs.to_be_bytes());
            out.extend_from_slice(&outputs.to_be_bytes());
        }
        SubRecord::Picture(picture) => {
            put_short(3, out);
            put_short(picture.index, out);
            put_long(u32::try_from(picture.data.len()).unwrap_or(MAX_LONG), out);
            put_short(picture.last, out);
            put_string(picture.name, out);
            out.extend_from_slice(picture.data);
        }
        SubRecord::Cells(cells) => {
            put_short(4, out);
            let cells = cells.get(..u8::MAX.into()).unwrap_or(cells);
            out.push(u8::try_from(cells.len()).unwrap_or(0));
            for cell in cells {
                let words =
                    [cell.mcc, cell.mnc, cell.lac, cell.id, cell.rx_level, cell.timing_advance];
                out.extend(words.iter().flat_map(|word| word.to_be_bytes()));
            }
        }
        SubRecord::Text(text) => {
            put_short(12, out);
            put_string(text, out);
        }
    }
}

fn put_position(position: &Position, out: &mut Vec<u8>) {
    put_short(1, out);
    out.extend_from_slice(&position.latitude.to_be_bytes());
    out.extend_from_slice(&position.longitude.to_be_bytes());
    out.extend_from_slice(&position.speed.to_be_bytes());
    out.extend_from_slice(&position.course.to_be_bytes());
    out.extend_from_slice(&position.height.to_be_bytes());
    out.push(position.satellites);
    out.extend_from_slice(&position.hdop.to_be_bytes());
}

fn put_parameter(parameter: &Parameter<'_>, integers: Integers, out: &mut Vec<u8>) {
    let exchanged = integers == Integers::Exchanged;
    put_short(parameter.number, out);
    let form = match parameter.value {
        ParameterValue::U8(_) => 0,
        ParameterValue::U16(_) => 1,
        ParameterValue::U32(_) => 2,
        ParameterValue::U64(_) => 3,
        ParameterValue::I8(_) => 4,
        ParameterValue::I32(_) => 5 + u8::from(exchanged),
        ParameterValue::I16(_) => 6 - u8::from(exchanged),
        ParameterValue::I64(_) => 7,
        ParameterValue::F32(_) => 8,
        ParameterValue::F64(_) => 9,
        ParameterValue::Text(_) => 10,
    };
    out.push((parameter.scale & 7) << 5 | form);
    match parameter.value {
        ParameterValue::U8(value) => out.push(value),
        ParameterValue::U16(value) => out.extend_from_slice(&value.to_be_bytes()),
        ParameterValue::U32(value) => out.extend_from_slice(&value.to_be_bytes()),
        ParameterValue::U64(value) => out.extend_from_slice(&value.to_be_bytes()),
        ParameterValue::I8(value) => out.extend_from_slice(&value.to_be_bytes()),
        ParameterValue::I32(value) => out.extend_from_slice(&value.to_be_bytes()),
        ParameterValue::I16(value) => out.extend_from_slice(&value.to_be_bytes()),
        ParameterValue::I64(value) => out.extend_from_slice(&value.to_be_bytes()),
        ParameterValue::F32(value) => out.extend_from_slice(&value.to_be_bytes()),
        ParameterValue::F64(value) => out.extend_from_slice(&value.to_be_bytes()),
        ParameterValue::Text(text) => put_string(text, out),
    }
}
