//! Batches.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{NOW, file, fresh, hold, number, open, outsider, run, text, trackers};
use crate::model::{
    DeliveryUpdate, DeviceState, MessageId, NewDriverText, Repeat, TrackerId, Uplink,
};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{Store as _, StoreError};

#[tokio::test]
async fn calls_that_wait_together_share_a_commit() {
    let (_directory, store) = fresh().await;
    let ids = trackers(&store, 50).await;
    let store = Arc::new(store);
    let held = hold(&store);
    let before = store.commits();
    let mut calls = JoinSet::new();
    for n in 0..500 {
        let (store, tracker) = (Arc::clone(&store), ids[n % ids.len()]);
        calls.spawn(async move {
            let queued = store.queue_texts(vec![text(tracker, "hello")], NOW).await.unwrap()[0];
            let id = queued.id;
            let update = DeliveryUpdate::Confirmed { id, parts_done: 1, at: NOW, attempts: 0 };
            store.update_deliveries(vec![update]).await.unwrap();
        });
    }
    // On this runtime all of them ask before this goes on.
    tokio::task::yield_now().await;
    drop(held);
    calls.join_all().await;
    let commits = store.commits() - before;
    assert!((1..100).contains(&commits), "{commits} commits for 1000 calls");
}

#[tokio::test]
async fn alone_a_call_is_one_commit() {
    let (_directory, store) = fresh().await;
    let ids = trackers(&store, 1).await;
    let before = store.commits();
    for _ in 0..5 {
        store.queue_texts(vec![text(ids[0], "hello")], NOW).await.unwrap();
    }
    assert_eq!(store.commits() - before, 5);
}

#[tokio::test]
async fn a_full_queue_says_so_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions { queue: 2, ..SqliteOptions::migrating() };
    let store = open(&directory, options).await;
    let ids = trackers(&store, 1).await;
    let call = || store.queue_texts(vec![text(ids[0], "hello")], NOW);
    let held = hold(&store);
    // What is joined is asked in this order.
    let (a, b, c, d, ()) = tokio::join!(call(), call(), call(), call(), async { drop(held) });
    assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
    assert!(matches!(c, Err(StoreError::Busy)) && matches!(d, Err(StoreError::Busy)));
    assert!(call().await.is_ok());
    assert_eq!(store.pending_texts(&ids, 10, NOW).await.unwrap().len(), 3);
}

#[tokio::test]
async fn all_kinds_of_calls_share_a_transaction() {
    let (_directory, store) = fresh().await;
    let ids = trackers(&store, 2).await;
    let queued = store.queue_texts(vec![text(ids[0], "first")], NOW).await.unwrap()[0];
    let before = store.commits();
    let at = NOW.plus(1);
    let update = DeliveryUpdate::Confirmed { id: queued.id, parts_done: 1, at, attempts: 0 };
    let state = DeviceState { seen: NOW, ..DeviceState::default() };
    let held = hold(&store);
    let (a, b, c, d, e, f, ()) = tokio::join!(
        store.queue_texts(vec![text(ids[0], "second")], NOW),
        store.update_deliveries(vec![update]),
        store.record(Uplink { texts: vec![reply(ids[0], 1)], states: vec![(ids[0], state)] }),
        store.mark_all_read(ids.clone()),
        store.setting("key", "value"),
        store.remove_tracker(ids[1]),
        async { drop(held) },
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok() && d.is_ok() && e.is_ok() && f.is_ok());
    assert_eq!(store.commits() - before, 2, "the one that held the writer, and one for all");
    assert_eq!(store.unread_counts(&ids).await.unwrap(), [(ids[0], 1)], "stored after the mark");
}

fn reply(tracker: TrackerId, key: u64) -> NewDriverText {
    NewDriverText {
        tracker,
        text: "OK".to_owned(),
        employee: None,
        device_time: None,
        received: NOW,
        repeat: Repeat { key, window: 1000, other_connection_only: false, connection: 1 },
        reply_to: None,
        from_device: false,
    }
}

#[tokio::test]
async fn large_calls_stay_whole() {
    let (directory, store) = fresh().await;
    let ids = trackers(&store, 300).await;
    let words = "ы".repeat(10_000);
    let texts = ids.iter().map(|tracker| text(*tracker, &words)).collect();
    let before = store.commits();
    let queued = store.queue_texts(texts, NOW).await.unwrap();
    assert_eq!((queued.len(), store.commits() - before), (300, 1));
    let outsider = outsider(&file(&directory));
    let whole = "SELECT count(*) FROM message WHERE length(text) = 10000";
    assert_eq!(number(&outsider, whole), 300);
}

#[tokio::test]
async fn ids_end_with_a_clear_word() {
    let (directory, store) = fresh().await;
    let ids = trackers(&store, 1).await;
    let outsider = outsider(&file(&directory));
    run(&outsider, "UPDATE high_water SET message_id = 2147483645");
    let call = |count: usize| store.queue_texts(vec![text(ids[0], "x"); count], NOW);
    let refused = call(3).await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("used up")),
        "{refused:?}"
    );
    assert_eq!(call(2).await.unwrap()[1].id, MessageId(i64::from(i32::MAX)));
    assert!(call(1).await.is_err());
    assert!(store.record(Uplink { texts: vec![reply(ids[0], 1)], states: vec![] }).await.is_err());
}

/// Deletes what an earlier process left half removed, piece by piece.
#[tokio::test]
async fn an_interrupted_removal_is_finished() {
    let (directory, store) = fresh().await;
    let ids = trackers(&store, 2).await;
    for tracker in &ids {
        store.queue_texts(vec![text(*tracker, "x"); 2500], NOW).await.unwrap();
    }
    store.close().await;
    let outsider = outsider(&file(&directory));
    outsider.execute("INSERT INTO removed_tracker VALUES (?1)", [ids[0].0]).unwrap();
    run(&outsider, "DELETE FROM tracker WHERE id = (SELECT tracker_id FROM removed_tracker)");

    let store: SqliteStore = open(&directory, SqliteOptions::default()).await;
    let left = "SELECT count(*) FROM removed_tracker";
    for _ in 0..10 {
        store.ping().await.unwrap();
    }
    assert_eq!(number(&outsider, left), 0);
    assert_eq!(number(&outsider, "SELECT count(*) FROM message"), 2500);
}
