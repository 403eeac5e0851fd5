//! Tests of the parts: known answers, real packets, round trips, framing, explanations, the session's rules.

mod dialogue;
mod explain;
mod framing;
mod known;
mod layouts;
mod objects;
mod real;
mod roundtrip;
mod session;
mod terminal;

use super::decode;
use super::frame::EgtsFramer;
use super::message::{Body, Packet, Sub};
use crate::framing::{Cut, Frame, Framer, FramingError, Limits, Rejection};

const SAMPLES: &str = include_str!("../../../../fixtures/egts/samples.listing");

/// One sample packet.
struct Sample {
    tag: &'static str,
    bytes: Vec<u8>,
    /// Bytes and name of its fields.
    fields: Vec<(&'static str, &'static str)>,
}

/// Bytes from hexadecimal digits.
fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

/// All samples, in the listing's order.
fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for block in SAMPLES.split("\n# ") {
        let mut lines = block.trim_start_matches("# ").lines();
        let tag = lines.next().unwrap().split(" | ").next().unwrap();
        let bytes = bytes(lines.next().unwrap());
        let fields = lines.filter(|line| !line.is_empty()).map(|line| {
            let mut parts = line.trim().split(" | ");
            (parts.next().unwrap(), parts.next().unwrap())
        });
        samples.push(Sample { tag, bytes, fields: fields.collect() });
    }
    samples
}

fn sample(tag: &str) -> Vec<u8> {
    samples().into_iter().find(|sample| sample.tag == tag).unwrap().bytes
}

/// The sub-records of a packet, with their services.
fn subs<'a>(packet: &Packet<'a>) -> Vec<Sub<'a>> {
    let records = packet.body.records().iter();
    let of = |record: &super::message::Record<'a>| -> Vec<Sub<'a>> {
        let source = record.source;
        decode::subs(record).map(|raw| decode::sub(source, &raw.unwrap()).unwrap()).collect()
    };
    records.flat_map(of).collect()
}

/// RPID and result of a RESPONSE.
fn response(packet: &Packet<'_>) -> (Option<u16>, u8) {
    match packet.body {
        Body::Response { answered, result, .. } => (answered, result),
        Body::Data { .. } => panic!("no RESPONSE: {packet:?}"),
    }
}

/// What a framer makes of a stream that arrives in pieces of these lengths, the last repeated.
fn cut_in(
    stream: &[u8],
    pieces: &[usize],
) -> Result<Vec<Result<Vec<u8>, Rejection>>, FramingError> {
    let mut framer = EgtsFramer::new(&Limits::default());
    let (mut frames, mut buffer, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
    let (mut left, mut turn) = (stream, 0);
    while !left.is_empty() {
        let length = pieces[turn.min(pieces.len() - 1)].min(left.len());
        turn += 1;
        buffer.extend_from_slice(&left[..length]);
        left = &left[length..];
        loop {
            let Cut { consumed, frame } = framer.cut(&buffer, &mut scratch)?;
            match frame {
                Some(Frame::Valid(frame)) => frames.push(Ok(frame.to_vec())),
                Some(Frame::Rejected { reason, .. }) => frames.push(Err(reason)),
                None => {}
            }
            if consumed == 0 {
                break;
            }
            buffer.drain(..consumed);
        }
    }
    Ok(frames)
}
