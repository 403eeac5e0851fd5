//! Tests of the parts: known answers, real frames, framing, round trips.

mod fixtures;
mod framing;
mod known_answers;
mod roundtrip;

use super::frame::Gt06Framer;
use super::{decode, message::Message, report};
use crate::event::{Event, Report};
use crate::testing::{self, bytes};

/// What the framer makes of `stream`: whole packets, and how many were rejected.
fn cut(stream: &[u8]) -> (Vec<Vec<u8>>, usize) {
    testing::frames(Gt06Framer::new, stream)
}

/// What a packet tells, long after it was sent.
fn events(packet: &[u8]) -> Vec<Event> {
    let received = "2100-01-01T00:00:00Z".parse().unwrap();
    match decode::uplink(packet).unwrap().1 {
        Message::Heartbeat(state) | Message::Report(state) | Message::Information(state) => {
            report::events(&state, 0, received)
        }
        Message::Answer(answer) => report::answer(&answer, 0),
        Message::Login(_) | Message::TimeRequest | Message::Other => Vec::new(),
    }
}

/// The report in a packet.
fn report_of(packet: &[u8]) -> Report {
    let report = events(packet).into_iter().find_map(|event| match event {
        Event::Report(report) => Some(report),
        _ => None,
    });
    report.unwrap()
}

/// Many thousands of idle devices are as many of these.
#[test]
fn an_idle_session_is_small() {
    let bytes = super::session::Gt06Session::size();
    assert!(bytes <= 400, "{bytes} bytes");
}
