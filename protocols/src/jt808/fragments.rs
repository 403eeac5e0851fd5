//! Messages in fragments (section 6.1): bounded reassembly and requests for what is missing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::header::{Fragment, Header};
use super::message::{FragmentRequest, id};
use crate::session::Lane;

/// After the last fragment of an incomplete group, the missing ones are asked for.
const REQUEST_AFTER: Duration = Duration::from_secs(5);
/// So many times.
const MAX_REQUESTS: u8 = 3;
/// Then, so long after the last fragment, the group is dropped.
const GIVE_UP: Duration = Duration::from_secs(60);
const MAX_GROUPS: usize = 64;
const MAX_GROUP_BYTES: usize = 1024 * 1024;
const MAX_TOTAL: u16 = 2048;
/// What keeping a fragment costs besides its bytes.
const OVERHEAD: usize = 64;
/// Most fragments asked for at once: the count is a byte before 2019.
const MAX_INDEXES: usize = 255;

/// Half-received messages of a connection, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    list: Vec<Group>,
    /// Bytes kept, overhead included.
    kept: usize,
}

#[derive(Debug)]
struct Group {
    lane: Lane,
    id: u16,
    total: u16,
    /// Serial of fragment 1, computed if that one is missing.
    first_serial: u16,
    parts: BTreeMap<u16, Box<[u8]>>,
    kept: usize,
    last: Duration,
    request_at: Duration,
    requests: u8,
}

/// What a fragment led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Kept, or known already.
    Kept,
    /// The message is complete: serial of its first fragment and body.
    Complete(u16, Vec<u8>),
    /// Index and total make no sense.
    Malformed,
    /// A limit does not allow to keep it.
    Limit(&'static str),
}

impl Groups {
    /// Takes a fragment in.
    pub(crate) fn add(
        &mut self,
        lane: Lane,
        header: &Header,
        fragment: Fragment,
        body: &[u8],
        now: Duration,
        max_kept: usize,
    ) -> Outcome {
        let Fragment { total, index } = fragment;
        if total == 0 || index == 0 || index > total {
            return Outcome::Malformed;
        }
        if total > MAX_TOTAL {
            return Outcome::Limit("fragments of a message");
        }
        let body = content(header.id, index, body);
        let position = match self.place(lane, header.id, fragment, body) {
            Some(position) => position,
            None if self.list.len() >= MAX_GROUPS => {
                return Outcome::Limit("half-received messages");
            }
            None => {
                self.list.push(Group::new(lane, header, fragment, now));
                self.list.len() - 1
            }
        };
        let free = max_kept.saturating_sub(self.kept);
        let Some(group) = self.list.get_mut(position) else { return Outcome::Malformed };
        let outcome = group.keep(header, fragment, body, now, free);
        match outcome {
            Outcome::Complete(..) => drop(self.list.remove(position)),
            Outcome::Limit(_) if group.parts.is_empty() => drop(self.list.remove(position)),
            _ => {}
        }
        self.kept = self.list.iter().map(|group| group.kept).sum();
        outcome
    }

    /// The newest group that lacks the fragment or has just this one. An index 1 with other content begins a new group; any
    /// other replaces what the newest group has.
    fn place(&self, lane: Lane, id: u16, fragment: Fragment, body: &[u8]) -> Option<usize> {
        let same =
            |group: &Group| group.lane == lane && group.id == id && group.total == fragment.total;
        let takes =
            |group: &Group| group.parts.get(&fragment.index).is_none_or(|part| **part == *body);
        self.list
            .iter()
            .rposition(|group| same(group) && takes(group))
            .or_else(|| self.list.iter().rposition(same).filter(|_| fragment.index != 1))
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// When [`Self::due`] is wanted next.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.list.iter().map(Group::deadline).min()
    }

    /// Drops what was given up and returns the requests that are due, with the message they are about.
    pub(crate) fn due(&mut self, now: Duration) -> Vec<(Lane, FragmentRequest)> {
        self.list.retain(|group| now < group.last + GIVE_UP);
        self.kept = self.list.iter().map(|group| group.kept).sum();
        let due = self
            .list
            .iter_mut()
            .filter(|group| group.requests < MAX_REQUESTS && group.request_at <= now);
        due.map(|group| {
            group.requests += 1;
            group.request_at = now + REQUEST_AFTER;
            (group.lane, group.request())
        })
        .collect()
    }
}

impl Group {
    const fn new(
        lane: Lane,
        header: &Header,
        Fragment { total, index }: Fragment,
        now: Duration,
    ) -> Self {
        Self {
            lane,
            id: header.id,
            total,
            first_serial: header.serial.wrapping_sub(index - 1),
            parts: BTreeMap::new(),
            kept: 0,
            last: now,
            request_at: now,
            requests: 0,
        }
    }

    fn keep(
        &mut self,
        header: &Header,
        Fragment { index, .. }: Fragment,
        body: &[u8],
        now: Duration,
        free: usize,
    ) -> Outcome {
        let replaced = self.parts.get(&index).map_or(0, |part| part.len() + OVERHEAD);
        let kept = self.kept - replaced + body.len() + OVERHEAD;
        if kept > MAX_GROUP_BYTES {
            return Outcome::Limit("bytes of a half-received message");
        }
        if body.len() + OVERHEAD > free + replaced {
            return Outcome::Limit("bytes of half-received messages");
        }
        if index == 1 {
            self.first_serial = header.serial;
        }
        (self.last, self.request_at) = (now, now + REQUEST_AFTER);
        self.kept = kept;
        self.parts.insert(index, body.into());
        if self.parts.len() < usize::from(self.total) {
            return Outcome::Kept;
        }
        let parts = std::mem::take(&mut self.parts);
        Outcome::Complete(self.first_serial, parts.into_values().flatten().collect())
    }

    fn deadline(&self) -> Duration {
        let give_up = self.last + GIVE_UP;
        if self.requests < MAX_REQUESTS { give_up.min(self.request_at) } else { give_up }
    }

    fn request(&self) -> FragmentRequest {
        let missing = (1..=self.total).filter(|index| !self.parts.contains_key(index));
        FragmentRequest {
            first: self.first_serial,
            wide: false,
            indexes: missing.take(MAX_INDEXES).collect(),
        }
    }
}

/// What of a fragment is kept. Media are acknowledged and not stored, so only their head is.
fn content(message: u16, index: u16, body: &[u8]) -> &[u8] {
    match (message, index) {
        (id::MEDIA_DATA, 1) => body.get(..8).unwrap_or(body),
        (id::MEDIA_DATA, _) => &[],
        _ => body,
    }
}
