//! Device states on their way into the table: what was reported since, not yet merged.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use parking_lot::RwLock;

use super::error::corrupt;
use crate::model::{DeviceState, TrackerId};
use crate::store::StoreError;

/// One reported state, as JSON, with what it takes to tell that a later one says everything it says.
#[derive(Debug, Clone)]
pub(super) struct Delta {
    extent: Extent,
    json: Arc<str>,
}

/// What a state says something about.
#[derive(Debug, Clone)]
struct Extent {
    /// Hash of which values it has.
    shape: u64,
    fix_time: Option<i64>,
}

/// Bytes that nearly every state fits in when it is written out.
const USUAL_BYTES: usize = 384;

/// Writes states out; done by the caller of the store, so that the writer need not. What a later one says everything of is left
/// out: a device that empties its memory sends many at once.
pub(super) fn deltas(
    states: &[(TrackerId, DeviceState)],
) -> Result<Vec<(TrackerId, Delta)>, StoreError> {
    let mut deltas: Vec<(TrackerId, Delta)> = Vec::with_capacity(1);
    let newest_first = states.iter().rev();
    for (tracker, state) in newest_first {
        let extent = Extent::of(state);
        let newer = deltas.iter().filter(|(other, _)| other == tracker);
        if !newer.clone().any(|(_, newer)| newer.extent.covers(&extent)) {
            deltas.push((*tracker, Delta::written(state, extent)?));
        }
    }
    deltas.reverse();
    Ok(deltas)
}

impl Extent {
    fn of(state: &DeviceState) -> Self {
        let mut shape = DefaultHasher::new();
        state.fix_time.is_some().hash(&mut shape);
        state.attributes.iter().for_each(|(name, _)| name.hash(&mut shape));
        Self { shape: shape.finish(), fix_time: state.fix_time.map(|time| time.0) }
    }

    /// Whether a state with this extent says everything that an older one with that extent says.
    fn covers(&self, older: &Self) -> bool {
        self.shape == older.shape && self.fix_time >= older.fix_time
    }
}

impl Delta {
    /// Writes a state out.
    #[cfg(test)]
    pub(super) fn new(state: &DeviceState) -> Result<Self, StoreError> {
        Self::written(state, Extent::of(state))
    }

    fn written(state: &DeviceState, extent: Extent) -> Result<Self, StoreError> {
        let mut json = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut json, state).map_err(corrupt)?;
        let json = std::str::from_utf8(&json).map_err(corrupt)?.into();
        Ok(Self { extent, json })
    }

    pub(super) fn json(&self) -> &str {
        &self.json
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.json, &other.json)
    }
}

/// What a device reported in one go, or since the last fold, oldest first.
pub(super) type Deltas = Vec<Delta>;

/// Appends a newer delta; drops the ones that it says everything of.
pub(super) fn push(deltas: &mut Deltas, newer: Delta) {
    deltas.retain(|older| !newer.extent.covers(&older.extent));
    if deltas.is_empty() {
        // Nearly always the only one, and there is one for each device.
        deltas.reserve_exact(1);
    }
    deltas.push(newer);
}

/// The state after `deltas`, starting from `base`. What is no state any more (an older build wrote it) counts as nothing.
pub(super) fn merged<'a>(
    base: Option<&str>,
    deltas: impl IntoIterator<Item = &'a str>,
) -> DeviceState {
    let read = |json: &str| serde_json::from_str::<DeviceState>(json).unwrap_or_default();
    let mut state = base.map(read).unwrap_or_default();
    deltas.into_iter().for_each(|json| state.merge(read(json)));
    state
}

/// Acknowledged states that are in the journal only.
#[derive(Debug, Clone, Default)]
pub(super) struct Dirty(Arc<RwLock<HashMap<TrackerId, Deltas>>>);

impl Dirty {
    /// What is dirty of these trackers.
    pub(super) fn of(&self, trackers: &[TrackerId]) -> HashMap<TrackerId, Deltas> {
        let dirty = self.0.read();
        trackers.iter().filter_map(|id| Some((*id, dirty.get(id)?.clone()))).collect()
    }

    /// All trackers with something dirty.
    pub(super) fn trackers(&self) -> Vec<TrackerId> {
        self.0.read().keys().copied().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.read().is_empty()
    }

    /// These are in the journal now.
    pub(super) fn add(&self, newer: impl Iterator<Item = (TrackerId, Delta)>) {
        let mut dirty = self.0.write();
        for (tracker, delta) in newer {
            push(dirty.entry(tracker).or_default(), delta);
        }
    }

    /// These are in the table now.
    pub(super) fn remove(&self, folded: &HashMap<TrackerId, Deltas>) {
        let mut dirty = self.0.write();
        for (tracker, folded) in folded {
            let Some(deltas) = dirty.get_mut(tracker) else { continue };
            deltas.retain(|delta| !folded.iter().any(|other| other.is(delta)));
            if deltas.is_empty() {
                dirty.remove(tracker);
            }
        }
    }

    /// Forgets a removed tracker.
    pub(super) fn forget(&self, tracker: TrackerId) {
        self.0.write().remove(&tracker);
    }
}
