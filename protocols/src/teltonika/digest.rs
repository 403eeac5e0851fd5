//! Every value of an AVL frame read and added up: what reading costs, without a session.

use super::decode;
use super::message::{Codec, IoValue};

/// The sum of all values of `frame`'s records, and their number; `None` for what is no AVL frame.
pub(crate) fn digest(frame: &[u8]) -> Option<(u64, u32)> {
    let codec = Codec::by_id(decode::codec(frame)?)?;
    let mut records = decode::records(frame, codec, false).ok()?;
    let (mut sum, mut count) = (0_u64, 0);
    let mut add = |value: u64| sum = sum.wrapping_add(value);
    while let Some(record) = records.next_record().ok()? {
        count += 1;
        add(record.timestamp);
        add(record.priority.into());
        add(u64::from(record.longitude.cast_unsigned()));
        add(u64::from(record.latitude.cast_unsigned()));
        add(record.altitude.cast_unsigned().into());
        add(record.angle.into());
        add(record.satellites.into());
        add(record.speed.into());
        add(record.event.into());
        record.io.each(|id, value| {
            add(id.into());
            match value {
                IoValue::Number { value, .. } => add(value),
                IoValue::Bytes(bytes) => bytes.iter().for_each(|&byte| add(byte.into())),
            }
        });
    }
    Some((sum, count))
}
