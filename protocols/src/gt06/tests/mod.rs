//! Tests of the parts: known answers, real frames, framing, round trips.

mod fixtures;
mod framing;
mod known_answers;
mod roundtrip;

use super::frame::Gt06Framer;
use super::{decode, message::Message, report};
use crate::event::{Event, Report};
use crate::framing::{Frame, Framer, Limits};

/// Bytes of a line of hexadecimal digits.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// What the framer makes of `stream`: whole packets, and how many were rejected.
fn cut(stream: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let (mut framer, mut scratch) = (Gt06Framer::new(&Limits::default()), Vec::new());
    let (mut packets, mut rejected, mut rest) = (Vec::new(), 0, stream);
    loop {
        let cut = framer.cut(rest, &mut scratch).unwrap();
        match cut.frame {
            Some(Frame::Valid(packet)) => packets.push(packet.to_vec()),
            Some(Frame::Rejected { .. }) => rejected += 1,
            None => {}
        }
        if cut.consumed == 0 {
            return (packets, rejected);
        }
        rest = &rest[cut.consumed..];
    }
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
    let bytes = size_of::<crate::single::SingleSession<super::session::Gt06Dialect>>();
    assert!(bytes <= 400, "{bytes} bytes");
}
