//! Fleet management packets as bytes: the mirror of `decode`. Both directions, because the simulated navigator speaks too.

use super::message::{Message, NO_FIX, Reply, TextId, id};

impl Message<'_> {
    /// The FMI id.
    pub(crate) const fn kind(&self) -> u16 {
        match self {
            Self::Bare { id } | Self::Other { id, .. } => *id,
            Self::Enable { .. } => id::ENABLE,
            Self::Product { .. } => id::PRODUCT,
            Self::Protocols(_) => id::PROTOCOLS,
            Self::Text { .. } => id::TEXT,
            Self::TextReceipt { .. } => id::TEXT_RECEIPT,
            Self::LongText { .. } => id::LONG_TEXT,
            Self::LongTextReceipt { .. } => id::LONG_TEXT_RECEIPT,
            Self::SimpleText { .. } => id::SIMPLE_TEXT,
            Self::Answer { .. } => id::ANSWER,
            Self::Choices { .. } => id::CHOICES,
            Self::ResponsesWanted(_) => id::RESPONSES_WANTED,
            Self::DriverText { reply: None, .. } => id::SHORT_DRIVER_TEXT,
            Self::DriverText { reply: Some(_), .. } => id::DRIVER_TEXT,
            Self::Throttles(_) => id::THROTTLES,
            Self::Driver { place: None, .. } => id::DRIVER_A604,
            Self::Driver { place: Some(_), .. } => id::DRIVER_A607,
            Self::DriverStatus { place: None, .. } => id::DRIVER_STATUS_A604,
            Self::DriverStatus { place: Some(_), .. } => id::DRIVER_STATUS_A607,
            Self::ButtonText { kind, .. }
            | Self::About { kind, .. }
            | Self::Code { kind, .. }
            | Self::SetItem { kind, .. }
            | Self::Number { kind, .. }
            | Self::ItemReceipt { kind, .. }
            | Self::Throttle { kind, .. }
            | Self::DriverReceipt { kind, .. } => *kind,
        }
    }

    /// The payload of packet 0xA1. Lists are clipped where their count is.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        out.extend_from_slice(&self.kind().to_le_bytes());
        match self {
            Self::Bare { .. } => {}
            Self::Other { rest, .. } => out.extend_from_slice(rest),
            Self::Enable { features } if features.is_empty() => {}
            Self::Enable { features } => {
                let count = u8::try_from(features.len()).unwrap_or(u8::MAX).min(126);
                out.extend_from_slice(&[count, 0]);
                features.iter().take(count.into()).for_each(|&word| put16(&mut out, word));
            }
            Self::Product { product, software } => {
                put16(&mut out, *product);
                out.extend_from_slice(&software.to_le_bytes());
            }
            Self::Protocols(list) => {
                for (tag, number) in list {
                    out.push(*tag);
                    put16(&mut out, *number);
                }
            }
            Self::SetItem { number, text, .. } => {
                put32(&mut out, *number);
                put_text(&mut out, text);
            }
            Self::Number { number, .. } => put32(&mut out, *number),
            Self::ItemReceipt { number, ok, .. } => {
                put32(&mut out, *number);
                out.extend_from_slice(&[u8::from(*ok), 0, 0, 0]);
            }
            Self::ResponsesWanted(list) => {
                put32(&mut out, u32::try_from(list.len()).unwrap_or(u32::MAX));
                list.iter().for_each(|&number| put32(&mut out, number));
            }
            Self::Throttle { packet, state, .. } => {
                put16(&mut out, *packet);
                put16(&mut out, *state);
            }
            Self::Throttles(list) => {
                put16(&mut out, u16::try_from(list.len()).unwrap_or(u16::MAX));
                for (packet, state) in list {
                    put16(&mut out, *packet);
                    put16(&mut out, *state);
                }
            }
            texts => texts.encode_text(&mut out),
        }
        out
    }

    fn encode_text(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text { time, popup, id, text } => {
                put32(out, *time);
                out.extend_from_slice(&[id.size, *popup, 0, 0]);
                out.extend_from_slice(&id.bytes);
                put_text(out, text);
            }
            Self::TextReceipt { time, ok, id } => {
                put32(out, *time);
                out.extend_from_slice(&[id.size, u8::from(*ok), 0, 0]);
                out.extend_from_slice(&id.bytes);
            }
            Self::LongText { time, popup: what, last, number, id, segment } => {
                put_segment(out, *time, [id.size, *what, u8::from(*last), *number], id);
                out.extend_from_slice(segment);
            }
            Self::LongTextReceipt { time, result: what, last, number, id } => {
                put_segment(out, *time, [id.size, *what, u8::from(*last), *number], id);
            }
            Self::SimpleText { time, text } => {
                put32(out, *time);
                put_text(out, text);
            }
            Self::ButtonText { time, id, text, .. } => {
                put32(out, *time);
                put_id(out, 0, id);
                put_text(out, text);
            }
            Self::Answer { time, id, choice } => {
                put32(out, *time);
                put_id(out, 0, id);
                put32(out, *choice);
            }
            Self::About { id, .. } => put_id(out, 0, id),
            Self::Code { code, id, .. } => put_id(out, *code, id),
            Self::Choices { id, responses } => {
                let count = u8::try_from(responses.len()).unwrap_or(u8::MAX);
                put_id(out, count, id);
                responses.iter().take(count.into()).for_each(|&number| put32(out, number));
            }
            Self::DriverText { time, number, reply, text } => {
                put32(out, *time);
                if let Some(Reply { latitude, longitude, .. }) = reply {
                    out.extend_from_slice(&latitude.to_le_bytes());
                    out.extend_from_slice(&longitude.to_le_bytes());
                }
                put32(out, *number);
                if let Some(Reply { id, .. }) = reply {
                    put_id(out, 0, id);
                }
                put_text(out, text);
            }
            drivers => drivers.encode_driver(out),
        }
    }

    fn encode_driver(&self, out: &mut Vec<u8>) {
        match self {
            Self::Driver { change, time, place, driver, password } => {
                put32(out, *change);
                put32(out, *time);
                out.extend(place.iter().flat_map(|place| [*place, 0, 0, 0]));
                put_text(out, driver);
                if place.is_some() {
                    put_text(out, password);
                }
            }
            Self::DriverStatus { change, time, status, place } => {
                for number in [change, time, status] {
                    put32(out, *number);
                }
                out.extend(place.iter().flat_map(|place| [*place, 0, 0, 0]));
            }
            Self::DriverReceipt { change, ok, place, .. } => {
                put32(out, *change);
                out.extend_from_slice(&[u8::from(*ok), *place, 0, 0]);
            }
            _ => {}
        }
    }
}

impl Reply {
    /// An answer to the text with this id, from a place without a fix.
    pub(crate) const fn without_fix(id: TextId) -> Self {
        Self { latitude: NO_FIX, longitude: NO_FIX, id }
    }
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
    out.push(0);
}

/// Size, a byte that means something in some packets, two reserved ones and the id.
fn put_id(out: &mut Vec<u8>, code: u8, id: &TextId) {
    out.extend_from_slice(&[id.size, code, 0, 0]);
    out.extend_from_slice(&id.bytes);
}

fn put_segment(out: &mut Vec<u8>, time: u32, head: [u8; 4], id: &TextId) {
    put32(out, time);
    out.extend_from_slice(&head);
    out.extend_from_slice(&id.bytes);
}
