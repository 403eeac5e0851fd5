//! Tests of this protocol alone; the suites in `tests/it` run over it as over all others.

mod fixtures;
mod framing;
mod garmin;
mod known_answers;
mod roundtrip;
mod session;

use super::frame::TaipFramer;
use super::{decode, report};
use crate::event::Report;
use crate::framing::{Frame, Framer, Limits};

/// What a report says in the year 2026.
fn read(content: &[u8]) -> Report {
    let message = decode::message(content).unwrap();
    report::report(&message, Some("2026-01-01T12:00:00Z".parse().unwrap())).unwrap().unwrap()
}

/// All frames of a stream, valid ones as they are, and what is left of it.
fn frames(mut stream: &[u8]) -> (Vec<String>, usize) {
    let (mut framer, mut scratch) = (TaipFramer::new(&Limits::default()), Vec::new());
    let mut seen = Vec::new();
    loop {
        let cut = framer.cut(stream, &mut scratch).unwrap();
        match cut.frame {
            Some(Frame::Valid(frame)) => seen.push(frame.escape_ascii().to_string()),
            Some(Frame::Rejected { reason, .. }) => seen.push(format!("rejected: {reason}")),
            None => {}
        }
        if cut.consumed == 0 {
            return (seen, stream.len());
        }
        stream = &stream[cut.consumed..];
    }
}
