//! Tests of the parts: known answers, round trips, framing, the session's rules, explanations.

mod explain;
mod framing;
mod known_answers;
mod roundtrip;
mod session;

use crate::testing::bytes;
