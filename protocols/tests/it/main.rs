//! Tests of the crate as its users see it: every registered protocol, without being asked.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod conformance;
mod detection;
mod dialogue;
mod garmin;
mod hostile;
mod jt808_admission;
mod jt808_bench;
mod jt808_delivery;
mod jt808_fixtures;
mod jt808_fragments;
mod jt808_terminal;
mod jt808_uplinks;
mod reading;
mod streams;
mod transcripts;
mod vocabulary;
mod wialon_ips;

use kit::transcript::{Transcript, load};
use protocols::{Protocol, registry};

/// Every protocol with its transcripts.
fn all() -> impl Iterator<Item = (&'static dyn Protocol, Vec<Transcript>)> {
    registry::ALL.iter().map(|&protocol| (protocol, load(protocol.info().name).unwrap()))
}
