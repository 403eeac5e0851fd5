//! Tests of the crate as its users see it: every registered protocol, without being asked.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod transcripts;
