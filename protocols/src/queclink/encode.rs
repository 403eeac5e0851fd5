//! From messages to bytes: what the platform writes, and what a simulated device does.

use bytes::Bytes;

use super::message::{Class, DataCommand, Sentence};

/// `+SACK:count$`.
pub(super) fn server_ack(count: &[u8]) -> Bytes {
    [b"+SACK:", count, b"$"].concat().into()
}

/// `+SACK:GTHBD,version,count$`.
pub(super) fn heartbeat_ack(version: &[u8], count: &[u8]) -> Bytes {
    [b"+SACK:GTHBD,", version, b",", count, b"$"].concat().into()
}

/// `AT+GTDAT=…$`: nine fields, three of them reserved and empty behind the data.
pub(super) fn data(command: &DataCommand<'_>) -> Bytes {
    let parts: [&[u8]; 11] = [
        b"AT+GTDAT=",
        command.password,
        b",",
        command.kind,
        b",,",
        &command.data,
        b",",
        command.need_ack,
        b",,,,",
        command.serial,
        b"$",
    ];
    parts.concat().into()
}

/// A sentence with its `$`.
pub(super) fn sentence(sentence: &Sentence<'_>) -> Bytes {
    let head: &[u8] = match sentence.class {
        Class::Report => b"+RESP:",
        Class::Buffered => b"+BUFF:",
        Class::Ack => b"+ACK:",
    };
    let mut bytes = [head, sentence.kind].concat();
    if !sentence.version.is_empty() {
        bytes.push(b',');
        bytes.extend_from_slice(sentence.version);
    }
    for field in [sentence.id].iter().chain(&sentence.fields) {
        bytes.push(b',');
        bytes.extend_from_slice(field);
    }
    bytes.push(b'$');
    bytes.into()
}
