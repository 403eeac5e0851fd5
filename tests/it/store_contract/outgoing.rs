//! Queueing texts and offering them.

use std::collections::HashSet;

use cabwire::model::{
    DeliveryUpdate, Direction, MessageId, Millis, NewText, Status, TrackerId, UserId,
};
use cabwire::store::StoreError;

use super::{Lab, NOW, engines, long_text, message, queue, text};

engines!(
    a_queued_text_is_pending_and_offered_whole,
    ids_increase_and_results_come_in_order,
    concurrent_senders_get_different_ids_in_commit_order,
    a_call_is_all_or_nothing,
    a_refused_call_does_not_concern_its_neighbours,
    submit_times_never_go_back,
    serials_are_consecutive_per_tracker_also_after_a_restart,
    concurrent_serials_of_a_tracker_do_not_overlap,
    offers_are_the_oldest_of_each_tracker,
    postponed_and_expired_texts_are_not_offered,
    texts_survive_as_they_are,
);

async fn a_queued_text_is_pending_and_offered_whole(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let new = NewText {
        lossy: true,
        author: Some(UserId(7)),
        expires: Some(NOW.plus(1000)),
        ..long_text(trackers[0], 3)
    };
    let queued = store.queue_texts(vec![new.clone()], NOW).await.unwrap()[0];
    assert_eq!(queued.submit, NOW);

    let offered = store.pending_texts(&trackers, 10, NOW).await.unwrap().pop().unwrap();
    assert_eq!(
        (offered.id, offered.tracker, offered.serial),
        (queued.id, trackers[0], queued.serial)
    );
    assert_eq!((&offered.text, &offered.cuts), (&new.text, &new.cuts));
    assert_eq!((offered.parts_done, offered.attempts, offered.submit), (0, 0, NOW));

    let stored = message(&*store, queued.id).await;
    assert_eq!((stored.direction, stored.status), (Direction::Outgoing, Status::Pending));
    assert_eq!((stored.update, stored.employee), (None, None));

    let record = store.delivery_record(queued.id).await.unwrap().unwrap();
    assert_eq!((record.parts, record.parts_done, record.attempts), (3, 0, 0));
    assert_eq!((record.lossy, record.author, record.expires), (true, Some(UserId(7)), new.expires));
    assert_eq!((record.last_error, record.retry), (None, None));
}

async fn ids_increase_and_results_come_in_order(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(3).await;
    let texts = [2, 0, 1, 0].map(|n| text(trackers[n], &format!("to {n}"))).to_vec();
    let queued = store.queue_texts(texts.clone(), NOW).await.unwrap();
    assert!(queued.is_sorted_by(|a, b| a.id < b.id));
    for (text, queued) in texts.iter().zip(&queued) {
        let stored = message(&*store, queued.id).await;
        assert_eq!((stored.tracker, stored.text.as_str()), (text.tracker, &*text.text));
    }
    assert!(store.queue_texts(Vec::new(), NOW).await.unwrap().is_empty());
}

async fn concurrent_senders_get_different_ids_in_commit_order(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(8).await;
    let mut senders = tokio::task::JoinSet::new();
    for tracker in trackers {
        let store = store.clone();
        senders.spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..25 {
                ids.push(queue(&*store, tracker, "hello").await.id);
            }
            ids
        });
    }
    let mut all = HashSet::new();
    while let Some(ids) = senders.join_next().await {
        let ids = ids.unwrap();
        assert!(ids.is_sorted_by(|a, b| a < b), "a sender's next id is higher");
        all.extend(ids);
    }
    assert_eq!(all.len(), 200);
}

async fn a_call_is_all_or_nothing(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let texts = vec![text(trackers[0], "known"), text(TrackerId(999), "unknown")];
    let refused = store.queue_texts(texts, NOW).await;
    assert!(matches!(refused, Err(StoreError::NotFound("tracker"))), "{refused:?}");
    assert!(store.pending_texts(&trackers, 10, NOW).await.unwrap().is_empty());
}

async fn a_refused_call_does_not_concern_its_neighbours(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..40 {
        let store = store.clone();
        let tracker = if n % 2 == 0 { trackers[0] } else { TrackerId(999) };
        calls.spawn(async move {
            let result = store.queue_texts(vec![text(tracker, "hello")], NOW).await;
            assert_eq!(result.is_ok(), n % 2 == 0, "{result:?}");
        });
    }
    calls.join_all().await;
    assert_eq!(store.pending_texts(&trackers, 100, NOW).await.unwrap().len(), 20);
}

async fn submit_times_never_go_back(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let first = queue(&*store, trackers[0], "first").await;
    let earlier = NOW.plus(-60_000);
    let second = store.queue_texts(vec![text(trackers[1], "second")], earlier).await.unwrap()[0];
    assert_eq!(second.submit, first.submit);
    drop(store);

    let store = lab.open().await;
    let third = store.queue_texts(vec![text(trackers[1], "third")], earlier).await.unwrap()[0];
    assert_eq!(third.submit, first.submit);
    let later = NOW.plus(1);
    let fourth = store.queue_texts(vec![text(trackers[0], "fourth")], later).await.unwrap()[0];
    assert!(fourth.submit == later && third.id < fourth.id);
}

async fn serials_are_consecutive_per_tracker_also_after_a_restart(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let (a, b) = (trackers[0], trackers[1]);
    let texts = vec![long_text(a, 3), text(b, "one"), text(a, "two"), long_text(b, 2)];
    let queued = store.queue_texts(texts, NOW).await.unwrap();
    let serial = |index: usize| queued[index].serial;
    assert_eq!(serial(2), serial(0) + 3);
    assert_eq!(serial(3), serial(1) + 1);
    drop(store);

    let store = lab.open().await;
    let queued = store.queue_texts(vec![text(a, "three"), text(b, "four")], NOW).await.unwrap();
    assert_eq!(queued[0].serial, serial(2) + 1);
    assert_eq!(queued[1].serial, serial(3) + 2);
}

async fn concurrent_serials_of_a_tracker_do_not_overlap(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..50 {
        let (store, tracker) = (store.clone(), trackers[0]);
        let parts = n % 3 + 1;
        calls.spawn(async move {
            let queued = store.queue_texts(vec![long_text(tracker, parts)], NOW).await.unwrap()[0];
            (queued.id, queued.serial, parts)
        });
    }
    let mut queued = calls.join_all().await;
    queued.sort_unstable();
    assert!(queued.windows(2).all(|pair| pair[1].1 == pair[0].1 + pair[0].2), "{queued:?}");
}

async fn offers_are_the_oldest_of_each_tracker(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(3).await;
    let mut ids = vec![Vec::new(); 3];
    for round in 0..4 {
        for n in [1, 0] {
            ids[n].push(queue(&*store, trackers[n], &format!("{n}/{round}")).await.id);
        }
    }
    let offered = store.pending_texts(&trackers, 2, NOW).await.unwrap();
    let of = |n: usize| -> Vec<MessageId> {
        offered.iter().filter(|text| text.tracker == trackers[n]).map(|text| text.id).collect()
    };
    assert_eq!((of(0), of(1), of(2)), (ids[0][..2].to_vec(), ids[1][..2].to_vec(), Vec::new()));
    let twice = [trackers[0], trackers[0]];
    assert_eq!(store.pending_texts(&twice, 2, NOW).await.unwrap().len(), 2);
    assert!(store.pending_texts(&[], 2, NOW).await.unwrap().is_empty());
    assert!(store.pending_texts(&trackers, 0, NOW).await.unwrap().is_empty());
}

async fn postponed_and_expired_texts_are_not_offered(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let at = |seconds: i64| NOW.plus(seconds * 1000);
    let expiring = NewText { expires: Some(at(60)), ..text(trackers[0], "soon too late") };
    let ids: Vec<MessageId> = store
        .queue_texts(vec![expiring, text(trackers[0], "refused"), text(trackers[0], "third")], NOW)
        .await
        .unwrap()
        .iter()
        .map(|queued| queued.id)
        .collect();
    let failed = |id: MessageId, attempts: u32, retry: Millis| DeliveryUpdate::Failed {
        id,
        attempts,
        retry,
        error: "refused".to_owned(),
    };
    let updates = vec![failed(ids[1], 1, at(30)), failed(ids[2], 1, at(90))];
    store.update_deliveries(updates).await.unwrap();

    let store = &store;
    let offered = async |now: Millis| -> Vec<MessageId> {
        let texts = store.pending_texts(&trackers, 10, now).await.unwrap();
        texts.iter().map(|text| text.id).collect()
    };
    assert_eq!(offered(at(29)).await, [ids[0]]);
    assert_eq!(offered(at(30)).await, [ids[0], ids[1]]);
    assert_eq!(offered(at(59)).await, [ids[0], ids[1]]);
    assert_eq!(offered(at(60)).await, [ids[1]], "expired at that moment");
    assert_eq!(offered(at(90)).await, [ids[1], ids[2]]);

    let due = async |since, now| store.due_retries(since, now).await.unwrap();
    assert_eq!(due(NOW, at(29)).await, []);
    assert_eq!(due(at(29), at(30)).await, [trackers[0]]);
    assert_eq!(due(at(30), at(89)).await, [], "each only once");
    assert_eq!(due(at(30), at(90)).await, [trackers[0]]);
    assert_eq!(message(&**store, ids[0]).await.status, Status::Pending, "also when expired");
}

async fn texts_survive_as_they_are(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let words =
        ["", "\"quoted\" \\ 'single' %s", "линия\nвторая\t", "转弯 🚚 e\u{301}", "12345", "null"];
    for words in words {
        let id = queue(&*store, trackers[0], words).await.id;
        assert_eq!(message(&*store, id).await.text, words);
    }
    // Databases cannot hold U+0000 in a text; what stands for it is as long, so that cuts stay right.
    let id = queue(&*store, trackers[0], "a\0b").await.id;
    assert_eq!(message(&*store, id).await.text, "a\u{1a}b");
    let long = "x".repeat(20_000);
    let id = queue(&*store, trackers[0], &long).await.id;
    assert_eq!(message(&*store, id).await.text, long);
}
