//! Failures: of one call, of the surroundings, of the writer, of the whole machine.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{NOW, file, fresh, hold, number, open, outsider, run, text, trackers};
use crate::model::{DeviceState, TrackerId, Uplink};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{Store as _, StoreError};

/// Sends 50 texts at once, one of them the one that a trigger rejects; which of them were stored.
async fn with_a_poisoned_one(store: SqliteStore, tracker: TrackerId) -> Vec<bool> {
    let store = Arc::new(store);
    let mut calls = JoinSet::new();
    for n in 0..50 {
        let store = Arc::clone(&store);
        let words = if n == 20 { "poison" } else { "water" };
        calls.spawn(async move {
            let result = store.queue_texts(vec![text(tracker, words)], NOW).await;
            (n, result.is_ok())
        });
    }
    let mut results = calls.join_all().await;
    results.sort_unstable();
    let next = store.queue_texts(vec![text(tracker, "more water")], NOW).await.unwrap();
    let serials = store.pending_texts(&[tracker], 100, NOW).await.unwrap();
    assert!(serials.windows(2).all(|pair| pair[1].serial == pair[0].serial + 1), "{serials:?}");
    assert_eq!(serials.last().map(|text| text.serial), Some(next[0].serial));
    results.into_iter().map(|(_, stored)| stored).collect()
}

#[tokio::test]
async fn a_call_that_the_database_rejects_fails_alone() {
    for abort in [
        "CREATE TRIGGER poison BEFORE INSERT ON message WHEN NEW.text = 'poison' \
         BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
        // This one ends the transaction behind the writer's back.
        "CREATE TRIGGER poison BEFORE INSERT ON message WHEN NEW.text = 'poison' \
         BEGIN SELECT RAISE(ROLLBACK, 'poisoned'); END",
    ] {
        let (directory, store) = fresh().await;
        let ids = trackers(&store, 1).await;
        run(&outsider(&file(&directory)), abort);
        let stored = with_a_poisoned_one(store, ids[0]).await;
        let expected: Vec<bool> = (0..50).map(|n| n != 20).collect();
        assert_eq!(stored, expected);
    }
}

#[tokio::test]
async fn a_locked_database_is_unavailable_until_it_is_unlocked() {
    let directory = tempfile::tempdir().unwrap();
    let busy = std::time::Duration::from_millis(20);
    let store = open(&directory, SqliteOptions { busy, ..SqliteOptions::migrating() }).await;
    let ids = trackers(&store, 1).await;
    let outsider = outsider(&file(&directory));
    run(&outsider, "BEGIN IMMEDIATE");
    let error = store.queue_texts(vec![text(ids[0], "x")], NOW).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("lock")), "{error}");
    assert!(error.is_temporary());
    assert!(store.pending_texts(&ids, 10, NOW).await.unwrap().is_empty(), "reading goes on");
    run(&outsider, "ROLLBACK");
    store.queue_texts(vec![text(ids[0], "x")], NOW).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_needs_room_but_no_restart() {
    let (directory, store) = fresh().await;
    let ids = trackers(&store, 1).await;
    store.close().await;
    let path = file(&directory);
    let outsider = outsider(&path);
    let pages = number(&outsider, "SELECT page_count FROM pragma_page_count");
    let max_pages = Some(u32::try_from(pages).unwrap() + 50);
    let store = open(&directory, SqliteOptions { max_pages, ..SqliteOptions::default() }).await;
    let words = "x".repeat(20_000);
    let mut stored = 0;
    let error = loop {
        match store.queue_texts(vec![text(ids[0], &words)], NOW).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 100, "the bound does not hold");
    };
    assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("full")), "{error}");
    assert!(store.queue_texts(vec![text(ids[0], &words)], NOW).await.is_err());
    assert_eq!(store.pending_texts(&ids, 100, NOW).await.unwrap().len(), stored);
    run(&outsider, "DELETE FROM message");
    store.queue_texts(vec![text(ids[0], &words)], NOW).await.unwrap();
}

#[tokio::test]
async fn the_writer_survives_a_panic() {
    let (_directory, store) = fresh().await;
    let ids = trackers(&store, 1).await;
    let first = store.queue_texts(vec![text(ids[0], "x")], NOW).await.unwrap()[0];
    let state = DeviceState { seen: NOW, ..DeviceState::default() };
    let uplink = Uplink { texts: Vec::new(), states: vec![(ids[0], state)] };
    store.record(uplink).await.unwrap();

    let held = hold(&store);
    let (neighbour, panicked, ()) = tokio::join!(
        store.queue_texts(vec![text(ids[0], "lost")], NOW),
        store.job::<()>(|_| panic!("a mistake of ours")),
        async { drop(held) },
    );
    assert!(matches!(panicked, Err(StoreError::Unavailable(_))), "{panicked:?}");
    assert!(matches!(neighbour, Err(StoreError::Unavailable(_))), "{neighbour:?}");

    let second = store.queue_texts(vec![text(ids[0], "x")], NOW).await.unwrap()[0];
    assert_eq!((second.id.0, second.serial), (first.id.0 + 1, first.serial + 1));
    assert_eq!(store.device_states(&ids).await.unwrap().len(), 1);
}

/// The files as they are at some moment are what a crash leaves behind.
#[tokio::test]
async fn what_was_acknowledged_is_in_the_files() {
    let (directory, store) = fresh().await;
    let ids = trackers(&store, 1).await;
    let first = store.queue_texts(vec![text(ids[0], "x")], NOW).await.unwrap()[0];
    let state = DeviceState { seen: NOW, ..DeviceState::default() };
    let uplink = Uplink { texts: Vec::new(), states: vec![(ids[0], state.clone())] };
    store.record(uplink).await.unwrap();

    let crashed = tempfile::tempdir().unwrap();
    std::fs::create_dir(crashed.path().join("data")).unwrap();
    for name in ["cabwire.db", "cabwire.db-wal"] {
        let from = file(&directory).with_file_name(name);
        std::fs::copy(from, file(&crashed).with_file_name(name)).unwrap();
    }
    let store = open(&crashed, SqliteOptions::default()).await;
    assert_eq!(store.pending_texts(&ids, 10, NOW).await.unwrap()[0].id, first.id);
    assert_eq!(store.device_states(&ids).await.unwrap(), [(ids[0], state)]);
    let second = store.queue_texts(vec![text(ids[0], "x")], NOW).await.unwrap()[0];
    assert_eq!((second.id.0, second.serial), (first.id.0 + 1, first.serial + 1));
}
