//! Tests of the parts: known answers, framing, round trips.

mod framing;
mod known_answers;
mod roundtrip;

use super::frame::SetrackerFramer;
use crate::framing::{Frame, Framer, Limits};

/// What the framer makes of `stream`: whole frames, and how many were rejected.
fn cut(stream: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let (mut framer, mut scratch) = (SetrackerFramer::new(&Limits::default()), Vec::new());
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

/// Many thousands of idle devices are as many of these.
#[test]
fn an_idle_session_is_small() {
    let bytes = size_of::<crate::single::SingleSession<super::session::SetrackerDialect>>();
    assert!(bytes <= 400, "{bytes} bytes");
}
