//! Who is driving: IO elements that name the driver (specification 2.1). Which ones do depends on the family, so it is an option.

use super::message::{IoValue, Record};
use crate::event::DriverIdentity;
use jiff::Timestamp;

/// Most entries of the option that are used.
const MAX_IDS: usize = 16;

/// The option `driver_ids`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct DriverIds {
    list: Vec<DriverId>,
}

/// One entry: an element, or two whose values are halves of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DriverId {
    first: u16,
    second: Option<u16>,
}

impl DriverIds {
    /// Reads `78,195+196`; what is no number is left out.
    pub(super) fn read(option: &str) -> Self {
        let entry = |entry: &str| {
            let mut numbers = entry.split('+').map(|number| number.trim().parse().ok());
            let first = numbers.next()??;
            let second = match numbers.next() {
                Some(second) => Some(second?),
                None => None,
            };
            Some(DriverId { first, second })
        };
        Self { list: option.split(',').filter_map(entry).take(MAX_IDS).collect() }
    }

    /// What the record says about the driver; `None` if it has none of the elements.
    fn look(&self, record: &Record<'_>) -> Option<Seen> {
        let (mut any, mut seen) = (false, None);
        record.io.each_identity(|id, _| any |= self.list.iter().any(|entry| entry.first == id));
        if !any {
            return None;
        }
        for entry in &self.list {
            let (mut first, mut second) = (None, None);
            record.io.each_identity(|id, value| {
                if id == entry.first {
                    first = Some(value);
                } else if Some(id) == entry.second {
                    second = Some(value);
                }
            });
            match (entry.second, first, second) {
                (_, None, _) | (Some(_), _, None) => {}
                (None, Some(value), _) => match Seen::key(value) {
                    Seen::Nobody => seen = Some(Seen::Nobody),
                    someone => return Some(someone),
                },
                (Some(_), Some(first), Some(second)) => match Seen::card(first, second) {
                    Seen::Nobody => seen = Some(Seen::Nobody),
                    someone => return Some(someone),
                },
            }
        }
        seen
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Nobody,
    Key { value: u64, size: u8 },
    Card(String),
    Name(String),
}

impl Seen {
    /// A key, or a name.
    fn key(value: IoValue<'_>) -> Self {
        match value {
            IoValue::Number { value: 0, .. } => Self::Nobody,
            IoValue::Number { value, size } => Self::Key { value, size },
            IoValue::Bytes(bytes) => printable(bytes).map_or(Self::Nobody, Self::Name),
        }
    }

    /// A card number in two halves.
    fn card(first: IoValue<'_>, second: IoValue<'_>) -> Self {
        let mut bytes = Vec::with_capacity(16);
        for half in [first, second] {
            match half {
                IoValue::Number { value, .. } => bytes.extend_from_slice(&value.to_be_bytes()),
                IoValue::Bytes(half) => bytes.extend_from_slice(half),
            }
        }
        printable(&bytes).map_or(Self::Nobody, Self::Card)
    }

    fn identity(&self, present: bool, time: Option<Timestamp>) -> DriverIdentity {
        let (id, name) = match self {
            Self::Nobody => (None, None),
            Self::Key { value, size } => (Some(key(*value, *size)), None),
            Self::Card(number) => (Some(number.clone()), None),
            Self::Name(name) => (None, Some(name.clone())),
        };
        DriverIdentity { present, id, name, time }
    }
}

/// A key as it is engraved: the bytes in wire order, in hexadecimal.
pub(super) fn key(value: u64, size: u8) -> String {
    format!("{value:0width$X}", width = usize::from(size) * 2)
}

/// Text without padding; `None` if nothing is left.
fn printable(bytes: &[u8]) -> Option<String> {
    let text: String = String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The driver of this connection, so that only changes are told: every record repeats who is there.
#[derive(Debug, Clone, Default)]
pub(super) struct DriverSeat {
    now: Option<Seen>,
    /// Milliseconds since 1970, of the newest record that said something: a frame may have its newest record first.
    since: u64,
}

impl DriverSeat {
    /// What has changed with this record.
    pub(super) fn change(
        &mut self,
        ids: &DriverIds,
        record: &Record<'_>,
        time: Option<Timestamp>,
    ) -> Option<DriverIdentity> {
        let seen = ids.look(record)?;
        if record.timestamp < self.since {
            return None;
        }
        self.since = record.timestamp;
        let left = self.now.take().unwrap_or(Seen::Nobody);
        let identity = (left != seen).then(|| match &seen {
            Seen::Nobody => left.identity(false, time),
            someone => someone.identity(true, time),
        });
        self.now = Some(seen);
        identity
    }
}
