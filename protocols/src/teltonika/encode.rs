//! What a device writes, other than messages: the handshake and AVL frames. Values that do not fit a codec are left out.

use super::frame::enclose;
use super::message::Codec;

/// `len u16 | IMEI`.
pub(super) fn handshake(imei: &str) -> Vec<u8> {
    let length = u16::try_from(imei.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], imei.as_bytes()].concat()
}

/// A record to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct NewRecord {
    pub(super) timestamp: u64,
    pub(super) priority: u8,
    pub(super) longitude: i32,
    pub(super) latitude: i32,
    pub(super) altitude: i16,
    pub(super) angle: u16,
    pub(super) satellites: u8,
    pub(super) speed: u16,
    pub(super) event: u16,
    /// Codec 16 only.
    pub(super) generation: u8,
    /// Ids and values, in any order; the length of a value chooses its group.
    pub(super) io: Vec<(u16, Vec<u8>)>,
}

/// A whole AVL frame; of more than 255 records the first 255.
pub(super) fn avl(codec: Codec, records: &[NewRecord]) -> Vec<u8> {
    let count = u8::try_from(records.len()).unwrap_or(u8::MAX);
    let mut data = vec![codec.id(), count];
    for record in records.iter().take(count.into()) {
        record.write(codec, &mut data);
    }
    data.push(count);
    enclose(&data)
}

impl NewRecord {
    fn write(&self, codec: Codec, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.push(self.priority);
        out.extend_from_slice(&self.longitude.to_be_bytes());
        out.extend_from_slice(&self.latitude.to_be_bytes());
        out.extend_from_slice(&self.altitude.to_be_bytes());
        out.extend_from_slice(&self.angle.to_be_bytes());
        out.push(self.satellites);
        out.extend_from_slice(&self.speed.to_be_bytes());
        narrow(self.event, codec.id_width(), out);
        if codec == Codec::C16 {
            out.push(self.generation);
        }
        let mut elements: Vec<_> =
            self.io.iter().filter(|(id, value)| fits(codec, *id, value)).collect();
        if codec != Codec::C8E {
            elements.truncate(u8::MAX.into());
        }
        count(elements.len(), codec, out);
        for size in [1, 2, 4, 8] {
            let group = elements.iter().filter(|(_, value)| value.len() == size);
            count(group.clone().count(), codec, out);
            for (id, value) in group {
                narrow(*id, codec.id_width(), out);
                out.extend_from_slice(value);
            }
        }
        if codec == Codec::C8E {
            let group = elements.iter().filter(|(_, value)| !matches!(value.len(), 1 | 2 | 4 | 8));
            count(group.clone().count(), codec, out);
            for (id, value) in group {
                out.extend_from_slice(&id.to_be_bytes());
                narrow(u16::try_from(value.len()).unwrap_or(0), 2, out);
                out.extend_from_slice(value);
            }
        }
    }
}

fn fits(codec: Codec, id: u16, value: &[u8]) -> bool {
    match codec {
        Codec::C8 => id <= 0xff && matches!(value.len(), 1 | 2 | 4 | 8),
        Codec::C16 => matches!(value.len(), 1 | 2 | 4 | 8),
        Codec::C8E => u16::try_from(value.len()).is_ok(),
    }
}

fn count(count: usize, codec: Codec, out: &mut Vec<u8>) {
    narrow(u16::try_from(count).unwrap_or(u16::MAX), codec.count_width(), out);
}

/// A number in `width` bytes, 1 or 2.
fn narrow(number: u16, width: usize, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    out.extend_from_slice(bytes.get(2_usize.saturating_sub(width)..).unwrap_or(&bytes));
}
