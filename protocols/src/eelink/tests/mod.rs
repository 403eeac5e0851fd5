//! Tests of the parts: known answers, real frames, framing, round trips.

mod fixtures;
mod framing;
mod known_answers;
mod roundtrip;

use super::frame::{EelinkFramer, packages};
use super::message::Message;
use super::{decode, report};
use crate::event::{Event, Report};
use crate::testing::{self, bytes};

/// What the framer makes of `stream`: whole frames, and how many were rejected.
fn cut(stream: &[u8]) -> (Vec<Vec<u8>>, usize) {
    testing::frames(EelinkFramer::new, stream)
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
    let bytes = super::session::EelinkSession::size();
    assert!(bytes <= 400, "{bytes} bytes");
}
