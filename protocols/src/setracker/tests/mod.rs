//! Tests of the parts: known answers, framing, round trips.

mod framing;
mod known_answers;
mod roundtrip;

use super::frame::SetrackerFramer;
use crate::testing;

/// What the framer makes of `stream`: whole frames, and how many were rejected.
fn cut(stream: &[u8]) -> (Vec<Vec<u8>>, usize) {
    testing::frames(SetrackerFramer::new, stream)
}

/// Many thousands of idle devices are as many of these.
#[test]
fn an_idle_session_is_small() {
    let bytes = super::session::SetrackerSession::size();
    assert!(bytes <= 400, "{bytes} bytes");
}
