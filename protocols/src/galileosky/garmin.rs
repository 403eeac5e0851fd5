//! Garmin FMI bytes in packets with header 0x06 (section 4): `06 | length 2 LE | bytes | CRC`.
//!
//! The manual describes the direction to the platform; the other one is taken to be the same. Such a packet is never confirmed.

use bytes::Bytes;

use super::frame::{CHECKSUM, HEAD, seal};
use super::message::header;

/// The FMI bytes of a whole packet, whose checksum has been verified; `None` if it is no Garmin packet.
pub(crate) fn unwrap(packet: &[u8]) -> Option<&[u8]> {
    if packet.first() != Some(&header::GARMIN) {
        return None;
    }
    packet.get(HEAD..packet.len().checked_sub(CHECKSUM)?)
}

/// A whole packet around FMI bytes; `None` if there are more than a packet holds (32 767).
pub(crate) fn wrap(fmi: &[u8]) -> Option<Bytes> {
    seal(header::GARMIN, false, fmi)
}
