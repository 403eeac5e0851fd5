//! Tests of the parts: known answers, real frames, round trips, framing, the session's rules.

mod fixtures;
mod framing;
mod known_answers;
mod roundtrip;
mod session;

use super::message::Version;
use super::{decode, encode};

/// A frame of the digest, written without its line end.
fn packet(line: &str, version: Version) -> decode::Decoded<'_> {
    decode::packet(line.as_bytes(), version)
}

/// What is on the wire, as text.
fn wire(packet: &super::message::Packet<'_>, version: Version) -> String {
    String::from_utf8(encode::packet(packet, version)).unwrap()
}
