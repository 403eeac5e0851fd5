//! Locations: 0x0200, the answers that contain one, and batches (section 11).

use crate::wire::number::{be_u8, be_u16, be_u32};

use super::{Body, Fault, array, field};
use crate::jt808::header::Edition;
use crate::jt808::message::{Batch, Context, Location, Message, id};
use crate::wire::bcd;

/// Bytes of a location without items.
const MIN_LOCATION: usize = 28;

/// The 28 bytes and the items of 0x0200.
pub(super) fn location(body: &[u8]) -> Result<Location<'_>, nom::Err<Fault<'_>>> {
    let (rest, alarm) = field("alarm", be_u32, body)?;
    let (rest, status) = field("status", be_u32, rest)?;
    let (rest, latitude) = field("latitude", be_u32, rest)?;
    let (rest, longitude) = field("longitude", be_u32, rest)?;
    let (rest, altitude) = field("altitude", be_u16, rest)?;
    let (rest, speed) = field("speed", be_u16, rest)?;
    let (rest, direction) = field("direction", be_u16, rest)?;
    let (items, time) = array("time", rest)?;
    Ok(Location { alarm, status, latitude, longitude, altitude, speed, direction, time, items })
}

/// 0x0201 and 0x0500: the serial they answer comes first, except for 0x0201 in 2011, which only the place of the time tells.
pub(super) fn answer(id: u16, context: Context, body: &[u8]) -> Body<'_> {
    let time_at = |at: usize| body.get(at..at + 6).is_some_and(looks_like_time);
    let unnumbered = id == id::LOCATION_ANSWER && time_at(22) && !time_at(24);
    if unnumbered
        || (id == id::LOCATION_ANSWER && context.edition == Edition::V2011 && body.len() == 28)
    {
        return Ok(Message::LocationAnswer { id, serial: None, location: location(body)? });
    }
    let (rest, serial) = field("answered serial", be_u16, body)?;
    Ok(Message::LocationAnswer { id, serial: Some(serial), location: location(rest)? })
}

/// 0x0704. The items are walked by [`Batch::locations`].
pub(super) fn batch(body: &[u8]) -> Body<'_> {
    let (rest, count) = field("count", be_u16, body)?;
    let (items, kind) = field("kind", be_u8, rest)?;
    Ok(Message::Batch(Batch { count, kind, items }))
}

/// Six bytes that can be a BCD time.
pub(super) fn looks_like_time(bytes: &[u8]) -> bool {
    let &[year, month, day, hour, minute, second] = bytes else { return false };
    let within =
        |byte: u8, min: u8, max: u8| bcd::number(byte).is_some_and(|n| (min..=max).contains(&n));
    within(year, 0, 99)
        && within(month, 1, 12)
        && within(day, 1, 31)
        && within(hour, 0, 23)
        && within(minute, 0, 59)
        && within(second, 0, 59)
}

impl<'a> Batch<'a> {
    /// The locations. A wrong count occurs, so the walk goes on to the end and stops at the first item that does not fit; one
    /// shorter than a location is skipped. Some senders give one length for all items.
    pub(crate) fn locations(&self) -> impl Iterator<Item = Location<'a>> + use<'a> {
        let uniform = self.uniform();
        let mut rest = match uniform {
            Some(_) => self.items.get(2..).unwrap_or_default(),
            None => self.items,
        };
        std::iter::from_fn(move || {
            loop {
                let item = match uniform {
                    Some(length) => {
                        let (item, after) = rest.split_at_checked(length)?;
                        rest = after;
                        item
                    }
                    None => {
                        let (item, after) = counted(rest)?;
                        rest = after;
                        item
                    }
                };
                if let Ok(location) = location(item) {
                    return Some(location);
                }
            }
        })
    }

    /// The common length, if the items only make sense with one.
    fn uniform(&self) -> Option<usize> {
        let walk = std::iter::successors(counted(self.items), |(_, rest)| counted(rest));
        let walked = walk.filter(|(item, _)| item.len() >= MIN_LOCATION).count();
        let (length, rest) = counted_head(self.items)?;
        let count = usize::from(self.count);
        (walked < count && count > 1 && length >= MIN_LOCATION && length * count == rest.len())
            .then_some(length)
    }
}

fn counted_head(input: &[u8]) -> Option<(usize, &[u8])> {
    let (&[high, low], rest) = input.split_first_chunk()?;
    Some((usize::from(u16::from_be_bytes([high, low])), rest))
}

fn counted(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = counted_head(input)?;
    rest.split_at_checked(length)
}
