//! Tests of the parts: the specification's samples, real frames, framing, the session's rules, round trips.

mod detect;
mod fixtures;
mod framing;
mod garmin;
mod known;
mod meaning;
mod roundtrip;
mod samples;
mod session;

use super::decode;
use super::frame::TeltonikaFramer;
use super::message::{Codec, Record};
use crate::framing::{Cut, Frame, Framer, FramingError, Limits};

/// Bytes written in hexadecimal, blanks allowed.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The one frame that `bytes` are.
fn whole(bytes: &[u8]) -> Vec<u8> {
    let mut scratch = Vec::new();
    match TeltonikaFramer::new(&Limits::default()).cut(bytes, &mut scratch).unwrap() {
        Cut { consumed, frame: Some(Frame::Valid(frame)) } if consumed == bytes.len() => {
            frame.to_vec()
        }
        other => panic!("{other:?}"),
    }
}

/// All records of a frame.
fn records(frame: &[u8], codec: Codec, extended: bool) -> Vec<Record<'_>> {
    let mut records = decode::records(frame, codec, extended).unwrap();
    let mut all = Vec::new();
    while let Some(record) = records.next_record().unwrap() {
        all.push(record);
    }
    all
}

/// Cuts a whole stream: the frames, and how it ended.
fn cut_all(stream: &[u8], limits: &Limits) -> (Vec<String>, Result<usize, FramingError>) {
    let mut framer = TeltonikaFramer::new(limits);
    let (mut scratch, mut seen, mut rest) = (Vec::new(), Vec::new(), stream);
    loop {
        match framer.cut(rest, &mut scratch) {
            Err(error) => return (seen, Err(error)),
            Ok(Cut { consumed: 0, .. }) => return (seen, Ok(rest.len())),
            Ok(Cut { consumed, frame }) => {
                rest = &rest[consumed..];
                match frame {
                    Some(Frame::Valid(frame)) => seen.push(format!("{} bytes", frame.len())),
                    Some(Frame::Rejected { reason, .. }) => seen.push(reason.to_string()),
                    None => {}
                }
            }
        }
    }
}
