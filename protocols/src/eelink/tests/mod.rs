//! Tests of the parts: known answers, real frames, framing, round trips.

mod fixtures;
mod framing;
mod known_answers;
mod roundtrip;

use super::frame::{EelinkFramer, packages};
use super::message::Message;
use super::{decode, report};
use crate::event::{Event, Report};
use crate::framing::{Frame, Framer, Limits};

/// Bytes of a line of hexadecimal digits.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// What the framer makes of `stream`: whole frames, and how many were rejected.
fn cut(stream: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let (mut framer, mut scratch) = (EelinkFramer::new(&Limits::default()), Vec::new());
    let (mut frames, mut rejected, mut rest) = (Vec::new(), 0, stream);
    loop {
        let cut = framer.cut(rest, &mut scratch).unwrap();
        match cut.frame {
            Some(Frame::Valid(frame)) => frames.push(frame.to_vec()),
            Some(Frame::Rejected { .. }) => rejected += 1,
            None => {}
        }
        if cut.consumed == 0 {
            return (frames, rejected);
        }
        rest = &rest[cut.consumed..];
    }
}

/// What a frame tells, long after it was sent.
fn events(frame: &[u8]) -> Vec<Event> {
    let received = "2100-01-01T00:00:00Z".parse().unwrap();
    let tell = |package| match decode::uplink(&package).unwrap() {
        Message::Report(report) => vec![Event::Report(report::report(&report, received))],
        Message::Status(status) => vec![report::status(status)],
        Message::Sms(sms) => report::sms(&sms, received),
        Message::Answer(answer) => report::answer(&answer),
        Message::Login(_) | Message::Other => Vec::new(),
    };
    packages(frame).flat_map(tell).collect()
}

/// The reports in a frame.
fn reports(frame: &[u8]) -> Vec<Report> {
    let report = |event| match event {
        Event::Report(report) => Some(report),
        _ => None,
    };
    events(frame).into_iter().filter_map(report).collect()
}

/// Many thousands of idle devices are as many of these.
#[test]
fn an_idle_session_is_small() {
    let bytes = size_of::<crate::single::SingleSession<super::session::EelinkDialect>>();
    assert!(bytes <= 400, "{bytes} bytes");
}
