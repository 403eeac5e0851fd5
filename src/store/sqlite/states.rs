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
    /// Hash of which values it has.
    shape: u64,
    fix_time: Option<i64>,
    json: Arc<str>,
}

impl Delta {
    /// Writes a state out; done by the caller of the store, so that the writer need not.
    pub(super) fn new(state: &DeviceState) -> Result<Self, StoreError> {
        let mut shape = DefaultHasher::new();
        state.fix_time.is_some().hash(&mut shape);
        state.attributes.keys().for_each(|name| name.hash(&mut shape));
        let json = serde_json::to_string(state).map_err(corrupt)?;
        Ok(Self {
            shape: shape.finish(),
            fix_time: state.fix_time.map(|time| time.0),
            json: json.into(),
        })
    }

    pub(super) fn json(&self) -> &str {
        &self.json
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.json, &other.json)
    }

    fn supersedes(&self, older: &Self) -> bool {
        self.shape == older.shape && self.fix_time >= older.fix_time
    }
}

/// What a device reported in one go, or since the last fold, oldest first.
pub(super) type Deltas = Vec<Delta>;

/// Appends a newer delta; drops the ones that it says everything of.
pub(super) fn push(deltas: &mut Deltas, newer: Delta) {
    deltas.retain(|older| !newer.supersedes(older));
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
    pub(super) fn add(&self, newer: HashMap<TrackerId, Deltas>) {
        let mut dirty = self.0.write();
        for (tracker, deltas) in newer {
            let all = dirty.entry(tracker).or_default();
            deltas.into_iter().for_each(|delta| push(all, delta));
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
