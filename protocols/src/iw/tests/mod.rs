//! Tests of the parts: known answers, framing, round trips.

mod framing;
mod known_answers;
mod roundtrip;

use super::frame::IwFramer;
use crate::framing::{Frame, Framer, Limits};

/// What the framer makes of `stream`: whole frames, and how many were rejected.
fn cut(stream: &[u8], limits: &Limits) -> (Vec<String>, usize) {
    let (mut framer, mut scratch) = (IwFramer::new(limits), Vec::new());
    let (mut frames, mut rejected, mut rest) = (Vec::new(), 0, stream);
    loop {
        let cut = framer.cut(rest, &mut scratch).unwrap();
        match cut.frame {
            Some(Frame::Valid(frame)) => frames.push(String::from_utf8(frame.to_vec()).unwrap()),
            Some(Frame::Rejected { .. }) => rejected += 1,
            None => {}
        }
        if cut.consumed == 0 {
            return (frames, rejected);
        }
        rest = &rest[cut.consumed..];
    }
}

/// Many thousands of idle devices are as many of these.
#[test]
fn an_idle_session_is_small() {
    let bytes = super::session::IwSession::size();
    assert!(bytes <= 400, "{bytes} bytes");
}
