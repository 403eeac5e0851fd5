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
