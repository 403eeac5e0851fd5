//! What drivers write, and what they repeat.

use cabwire::model::{
    DeviceState, Direction, EmployeeId, NewDriverText, Repeat, Status, StoredText, TrackerId,
    Uplink,
};
use cabwire::store::StoreError;

use super::{Lab, NOW, driver_text, engines, message, queue, receive, record};

engines!(
    a_drivers_text_is_stored_unread,
    an_uplink_is_all_or_nothing,
    a_numbered_text_is_stored_once,
    repeats_in_one_uplink_and_among_concurrent_ones_are_found,
    a_key_loses_its_meaning_after_its_window,
    the_same_words_over_one_connection_are_two_texts,
    each_copy_over_another_connection_is_matched_once,
    repeats_are_found_after_a_restart,
    keys_use_all_their_bits,
    keys_belong_to_their_tracker,
    a_long_backlog_is_recognised_when_it_is_repeated,
    submit_times_of_both_directions_never_go_back,
);

/// Recognised by its words only, over another connection.
fn words(tracker: TrackerId, key: u64, connection: u64) -> NewDriverText {
    let repeat = Repeat { key, window: 3_600_000, other_connection_only: true, connection };
    NewDriverText { repeat, ..driver_text(tracker, "OK", key) }
}

async fn a_drivers_text_is_stored_unread(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let text = NewDriverText {
        employee: Some(EmployeeId(17)),
        device_time: Some(NOW.plus(-5000)),
        reply_to: Some(9),
        from_device: true,
        ..driver_text(trackers[0], "Stau auf der A7", 1)
    };
    let id = receive(&*store, text).await;
    let stored = message(&*store, id).await;
    assert_eq!((stored.direction, stored.status), (Direction::Incoming, Status::Pending));
    assert_eq!((stored.tracker, stored.text.as_str()), (trackers[0], "Stau auf der A7"));
    assert_eq!((stored.submit, stored.update), (NOW, None));
    assert_eq!(stored.employee, Some(EmployeeId(17)));
    assert_eq!(store.unread_counts(&trackers).await.unwrap(), [(trackers[0], 1)]);
}

async fn an_uplink_is_all_or_nothing(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let state = DeviceState { seen: NOW, ..DeviceState::default() };
    let uplink = Uplink {
        texts: vec![driver_text(trackers[0], "known", 1), driver_text(TrackerId(999), "who?", 1)],
        states: vec![(trackers[0], state)],
    };
    let refused = store.record(uplink).await;
    assert!(matches!(refused, Err(StoreError::NotFound("tracker"))), "{refused:?}");
    assert!(store.unread_counts(&trackers).await.unwrap().is_empty());
    assert!(store.device_states(&trackers).await.unwrap().is_empty());
    // What was refused is no original to repeat.
    receive(&*store, driver_text(trackers[0], "known", 1)).await;
    assert!(store.record(Uplink::default()).await.unwrap().is_empty());
}

async fn a_numbered_text_is_stored_once(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    receive(&*store, driver_text(trackers[0], "hello", 1)).await;
    assert_eq!(record(&*store, driver_text(trackers[0], "hello", 1)).await, StoredText::Repeat);
    receive(&*store, driver_text(trackers[0], "hello", 2)).await;
    assert_eq!(record(&*store, driver_text(trackers[0], "hello", 1)).await, StoredText::Repeat);
    assert_eq!(store.unread_counts(&trackers).await.unwrap(), [(trackers[0], 2)]);
}

async fn repeats_in_one_uplink_and_among_concurrent_ones_are_found(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let texts = vec![driver_text(trackers[0], "a", 1), driver_text(trackers[0], "a", 1)];
    let stored = store.record(Uplink { texts, states: Vec::new() }).await.unwrap();
    assert!(matches!(stored[..], [StoredText::New(_), StoredText::Repeat]), "{stored:?}");

    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (store, tracker) = (store.clone(), trackers[0]);
        calls.spawn(async move { record(&*store, driver_text(tracker, "b", 2)).await });
    }
    let results = calls.join_all().await;
    assert_eq!(results.iter().filter(|result| **result != StoredText::Repeat).count(), 1);
    assert_eq!(store.unread_counts(&trackers).await.unwrap(), [(trackers[0], 2)]);
}

async fn a_key_loses_its_meaning_after_its_window(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let at = |millis: i64| {
        let repeat = Repeat { key: 5, window: 60_000, other_connection_only: false, connection: 1 };
        let text = driver_text(trackers[0], "hello", 5);
        NewDriverText { received: NOW.plus(millis), repeat, ..text }
    };
    receive(&*store, at(0)).await;
    assert_eq!(record(&*store, at(60_000)).await, StoredText::Repeat, "the window's last moment");
    receive(&*store, at(60_001)).await;
    assert_eq!(record(&*store, at(60_002)).await, StoredText::Repeat, "of the second one");
}

async fn the_same_words_over_one_connection_are_two_texts(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    receive(&*store, words(trackers[0], 1, 10)).await;
    receive(&*store, words(trackers[0], 1, 10)).await;
    assert_eq!(store.unread_counts(&trackers).await.unwrap(), [(trackers[0], 2)]);
}

async fn each_copy_over_another_connection_is_matched_once(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    receive(&*store, words(trackers[0], 1, 10)).await;
    receive(&*store, words(trackers[0], 1, 10)).await;
    // Both acknowledgements were lost with the connection: the device sends both again.
    assert_eq!(record(&*store, words(trackers[0], 1, 11)).await, StoredText::Repeat);
    assert_eq!(record(&*store, words(trackers[0], 1, 11)).await, StoredText::Repeat);
    // Now it has our answers; the driver says OK a third time.
    receive(&*store, words(trackers[0], 1, 11)).await;
    assert_eq!(store.unread_counts(&trackers).await.unwrap(), [(trackers[0], 3)]);
}

async fn repeats_are_found_after_a_restart(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    receive(&*store, driver_text(trackers[0], "numbered", 1)).await;
    receive(&*store, words(trackers[1], 2, 10)).await;
    drop(store);
    let store = lab.open().await;
    assert_eq!(record(&*store, driver_text(trackers[0], "numbered", 1)).await, StoredText::Repeat);
    // Connections are numbered anew: any connection is another one than that of an earlier process.
    assert_eq!(record(&*store, words(trackers[1], 2, 10)).await, StoredText::Repeat);
    receive(&*store, words(trackers[1], 2, 10)).await;
    assert_eq!(store.unread_counts(&trackers).await.unwrap().len(), 2);
}

async fn keys_use_all_their_bits(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let keys = [0, 1, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 53) + 1, 1 << 53];
    for key in keys {
        receive(&*store, driver_text(trackers[0], "hello", key)).await;
    }
    drop(store);
    let store = lab.open().await;
    for key in keys {
        let again = record(&*store, driver_text(trackers[0], "hello", key)).await;
        assert_eq!(again, StoredText::Repeat, "{key}");
    }
}

async fn keys_belong_to_their_tracker(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    receive(&*store, driver_text(trackers[0], "hello", 1)).await;
    receive(&*store, driver_text(trackers[1], "hello", 1)).await;
}

async fn a_long_backlog_is_recognised_when_it_is_repeated(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let backlog = || Uplink {
        texts: (0..60).map(|n| driver_text(trackers[0], "stored offline", n)).collect(),
        states: Vec::new(),
    };
    store.record(backlog()).await.unwrap();
    queue(&*store, trackers[0], "an answer").await;
    drop(store);
    let store = lab.open().await;
    let again = store.record(backlog()).await.unwrap();
    assert!(again.iter().all(|text| *text == StoredText::Repeat), "{again:?}");
}

async fn submit_times_of_both_directions_never_go_back(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let sent = queue(&*store, trackers[0], "hello").await;
    let text = NewDriverText { received: NOW.plus(-1), ..driver_text(trackers[0], "hi", 1) };
    let id = receive(&*store, text).await;
    assert!(id > sent.id);
    assert_eq!(message(&*store, id).await.submit, NOW);
    let text = NewDriverText { received: NOW.plus(9), ..driver_text(trackers[0], "hi", 2) };
    assert_eq!(message(&*store, receive(&*store, text).await).await.submit, NOW.plus(9));
    assert_eq!(queue(&*store, trackers[0], "again").await.submit, NOW.plus(9));
}
