//! Batches of the store's writer: a hundred calls that come together; an operation is a batch.
//!
//! The batches go to a real store on a file. Which calls share a transaction depends on when the writer wakes up, so each piece is
//! counted several times.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Result, ensure};
use cabwire::model::*;
use cabwire::store::sqlite::{SqliteOptions, SqliteStore};
use cabwire::store::{Recording, Store as _};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use super::{Job, Piece};
use crate::gateway::Settings;
use crate::gateway::site::{self, TEXT};

/// Calls in a batch, each of another tracker.
const CALLS: usize = 100;
const FEW: usize = 2;
const MANY: usize = 12;
/// When it happens; only differences matter.
const NOW: i64 = 1_759_738_800_000;

pub fn pieces() -> Vec<Piece> {
    let piece = |name: &str, prepare| {
        let piece = Piece::new(format!("store/{name}"), FEW, MANY, prepare);
        Piece { runs: 3, ..piece }
    };
    vec![
        piece("texts_queued", texts_queued),
        piece("texts_confirmed", texts_confirmed),
        piece("driver_texts", driver_texts),
        piece("states", states),
    ]
}

/// A store with trackers on a file of its own.
struct World {
    store: Arc<SqliteStore>,
    trackers: Vec<TrackerId>,
    runtime: Runtime,
    _directory: TempDir,
}

impl World {
    fn new() -> Result<Rc<Self>> {
        let directory = TempDir::with_prefix("count-")?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (store, trackers) = runtime.block_on(open(&directory.path().join("cabwire.db")))?;
        Ok(Rc::new(Self { store: Arc::new(store), trackers, runtime, _directory: directory }))
    }

    /// Waits until all are stored.
    fn wait(&self, recordings: Vec<Recording>) -> Result<()> {
        self.runtime.block_on(async {
            for recording in recordings {
                recording.await?;
            }
            Ok(())
        })
    }
}

async fn open(database: &Path) -> Result<(SqliteStore, Vec<TrackerId>)> {
    let (_, trackers) = site::seed(database, &Settings::terminals(CALLS)).await?;
    let store = SqliteStore::open(database, SqliteOptions::migrating()).await?;
    Ok((store, trackers.into_iter().map(TrackerId).collect()))
}

fn text(tracker: TrackerId) -> NewText {
    let text = Arc::from(TEXT);
    NewText { tracker, text, cuts: Vec::new(), lossy: false, author: None, expires: None }
}

fn texts_queued() -> Result<Job> {
    let (world, mut now) = (World::new()?, NOW);
    let once = move || {
        now += 1;
        let mut calls = JoinSet::new();
        for &tracker in &world.trackers {
            let store = Arc::clone(&world.store);
            let call = async move { store.queue_texts(vec![text(tracker)], Millis(now)).await };
            calls.spawn_on(call, world.runtime.handle());
        }
        for queued in world.runtime.block_on(calls.join_all()) {
            ensure!(queued?.len() == 1, "a text was not queued");
        }
        Ok(())
    };
    Ok(Job { operations: 1, once: Box::new(once) })
}

fn texts_confirmed() -> Result<Job> {
    let world = World::new()?;
    // As many as are confirmed at most, so that the preparation costs the same with few repetitions.
    let all = std::iter::repeat_n(&world.trackers, MANY).flatten();
    let texts = all.map(|&tracker| text(tracker)).collect();
    let queued = world.runtime.block_on(world.store.queue_texts(texts, Millis(NOW)))?;
    let mut ids = queued.into_iter().map(|queued| queued.id);
    let once = move || {
        let mut calls = JoinSet::new();
        for id in ids.by_ref().take(CALLS) {
            let store = Arc::clone(&world.store);
            let at = Millis(NOW + 1);
            let update = DeliveryUpdate::Confirmed { id, parts_done: 1, at, attempts: 0 };
            let call = async move { store.update_deliveries(vec![update]).await };
            calls.spawn_on(call, world.runtime.handle());
        }
        ensure!(calls.len() == CALLS, "all texts are confirmed");
        for outcome in world.runtime.block_on(calls.join_all()) {
            ensure!(matches!(outcome?[..], [DeliveryOutcome::Delivered(_)]), "not confirmed");
        }
        Ok(())
    };
    Ok(Job { operations: 1, once: Box::new(once) })
}

fn driver_texts() -> Result<Job> {
    let (world, mut number) = (World::new()?, 0);
    let once = move || {
        let mut recordings = Vec::with_capacity(CALLS);
        for &tracker in &world.trackers {
            number += 1;
            let repeat = Repeat {
                key: number,
                window: 600_000,
                other_connection_only: false,
                connection: 1,
            };
            let text = NewDriverText {
                tracker,
                text: TEXT.to_owned(),
                employee: None,
                device_time: None,
                received: Millis(NOW),
                repeat,
                reply_to: None,
                from_device: false,
            };
            let uplink = Uplink { texts: vec![text], states: Vec::new() };
            recordings.push(world.store.record(uplink));
        }
        world.wait(recordings)
    };
    Ok(Job { operations: 1, once: Box::new(once) })
}

fn states() -> Result<Job> {
    let (world, mut now) = (World::new()?, NOW);
    let once = move || {
        now += 1;
        let mut recordings = Vec::with_capacity(CALLS);
        for &tracker in &world.trackers {
            let uplink = Uplink { texts: Vec::new(), states: vec![(tracker, state(Millis(now)))] };
            recordings.push(world.store.record(uplink));
        }
        world.wait(recordings)
    };
    Ok(Job { operations: 1, once: Box::new(once) })
}

fn state(at: Millis) -> DeviceState {
    let mut attributes = Attributes::with_capacity(4);
    attributes.insert("ignition", true);
    attributes.insert("mileage", 12345.6);
    attributes.insert("fuel", 45.0);
    attributes.insert("gsm_signal", 17);
    DeviceState {
        seen: at,
        fix_time: Some(at),
        latitude: Some(55.751),
        longitude: Some(37.618),
        speed: Some(60.0),
        course: Some(77.0),
        altitude: Some(152.0),
        satellites: Some(11),
        attributes,
    }
}
