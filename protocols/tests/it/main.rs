//! Tests of the crate as its users see it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod jt808_admission;
mod jt808_bench;
mod jt808_delivery;
mod jt808_fixtures;
mod jt808_fragments;
mod jt808_terminal;
mod jt808_uplinks;
