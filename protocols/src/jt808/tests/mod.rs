//! Known answers, round trips and dialogues of this protocol, and what they share.

mod garmin;
mod known;
mod roundtrip;

use super::frame::Jt808Framer;
use super::header::{Edition, Header, Style};
use super::message::Context;
use crate::framing::{Frame, Framer, FramingError, Limits, Rejection};

/// A frame of `fixtures/jt808/samples.listing`.
pub(super) struct Sample {
    pub(super) tag: String,
    /// As on the wire.
    pub(super) wire: Vec<u8>,
    /// Unescaped bytes and meaning of each field, for published frames.
    pub(super) fields: Vec<(String, String)>,
}

const SAMPLES: &str = include_str!("../../../../fixtures/jt808/samples.listing");

pub(super) fn samples() -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    for line in SAMPLES.lines() {
        if let Some(head) = line.strip_prefix("# ") {
            let tag = head.split(" | ").next().unwrap().to_owned();
            samples.push(Sample { tag, wire: Vec::new(), fields: Vec::new() });
        } else if let Some(field) = line.strip_prefix("  ") {
            let (raw, meaning) = field.split_once(" | ").unwrap();
            samples.last_mut().unwrap().fields.push((raw.to_owned(), meaning.to_owned()));
        } else if !line.is_empty() {
            samples.last_mut().unwrap().wire = bytes(line);
        }
    }
    assert_eq!(samples.len(), 97);
    samples
}

pub(super) fn sample(tag: &str) -> Vec<u8> {
    samples().into_iter().find(|sample| sample.tag == tag).unwrap().wire
}

pub(super) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// What a framer makes of a stream that arrives in pieces of these sizes (the last one repeats).
pub(super) fn cut_in(
    stream: &[u8],
    sizes: &[usize],
) -> Result<Vec<Result<Vec<u8>, Rejection>>, FramingError> {
    let mut framer = Jt808Framer::new(&Limits::default());
    let (mut buffer, mut scratch, mut frames) = (Vec::new(), Vec::new(), Vec::new());
    let mut sizes = sizes.iter().chain(std::iter::repeat(sizes.last().unwrap()));
    let mut left = stream;
    while !left.is_empty() {
        let (piece, rest) = left.split_at((*sizes.next().unwrap()).clamp(1, left.len()));
        left = rest;
        buffer.extend_from_slice(piece);
        loop {
            let cut = framer.cut(&buffer, &mut scratch)?;
            match cut.frame {
                Some(Frame::Valid(frame)) => frames.push(Ok(frame.to_vec())),
                Some(Frame::Rejected { reason, .. }) => frames.push(Err(reason)),
                None => {}
            }
            let consumed = cut.consumed;
            if consumed == 0 {
                break;
            }
            buffer.drain(..consumed);
        }
        assert!(buffer.len() <= 4096);
    }
    Ok(frames)
}

/// The valid frames of a stream.
pub(super) fn cut(stream: &[u8]) -> Vec<Vec<u8>> {
    cut_in(stream, &[usize::MAX]).unwrap().into_iter().flatten().collect()
}

/// The only frame of a sample.
pub(super) fn frame_of(tag: &str) -> Vec<u8> {
    let frames = cut(&sample(tag));
    assert_eq!(frames.len(), 1, "{tag}");
    frames.into_iter().next().unwrap()
}

/// Header, body and the context in which a sample is to be read.
pub(super) fn parsed<'a>(tag: &str, frame: &'a [u8]) -> (Header, &'a [u8], Context) {
    let (header, body) = Header::parse(frame, None).unwrap();
    let edition = match (tag, header.address.style) {
        ("K3" | "K9b" | "K10b" | "K16b", _) => Edition::V2011,
        (_, Style::V2019) => Edition::V2019,
        _ => Edition::V2013,
    };
    (header, body, Context { style: header.address.style, edition })
}
