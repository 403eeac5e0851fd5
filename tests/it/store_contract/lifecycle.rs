//! Settings, health, closing, and being cut off.

use cabwire::model::{DeliveryUpdate, MessageId, Status, Uplink};
use cabwire::store::StoreError;

use super::{Lab, NOW, driver_text, engines, message, queue, receive, text};

engines!(
    a_setting_is_kept_as_it_was_first,
    a_store_that_can_be_written_answers,
    a_closed_store_refuses,
    closing_commits_what_is_queued,
    what_was_acknowledged_survives_without_closing,
    a_caller_that_gives_up_does_no_harm,
);

async fn a_setting_is_kept_as_it_was_first(lab: Lab) {
    let store = lab.open().await;
    assert_eq!(store.setting("key", "first").await.unwrap(), "first");
    assert_eq!(store.setting("key", "second").await.unwrap(), "first");
    assert_eq!(store.setting("other", "third").await.unwrap(), "third");
    drop(store);
    assert_eq!(lab.open().await.setting("key", "fourth").await.unwrap(), "first");
}

async fn a_store_that_can_be_written_answers(lab: Lab) {
    let store = lab.open().await;
    store.ping().await.unwrap();
    store.ping().await.unwrap();
}

async fn a_closed_store_refuses(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    store.close().await;
    store.close().await;
    let refused = [
        store.ping().await,
        store.queue_texts(vec![text(trackers[0], "late")], NOW).await.map(drop),
        store.pending_texts(&trackers, 1, NOW).await.map(drop),
        store.reference(None).await.map(drop),
    ];
    for result in refused {
        let Err(error) = result else { panic!("answered after closing") };
        assert!(matches!(error, StoreError::Unavailable(_)) && error.is_temporary(), "{error:?}");
    }
}

async fn closing_commits_what_is_queued(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (store, tracker) = (store.clone(), trackers[0]);
        calls.spawn(async move { store.queue_texts(vec![text(tracker, "hello")], NOW).await });
    }
    tokio::task::yield_now().await;
    store.close().await;
    let accepted: Vec<MessageId> =
        calls.join_all().await.into_iter().filter_map(|result| Some(result.ok()?[0].id)).collect();
    let store = lab.open().await;
    assert_eq!(store.messages(&accepted).await.unwrap().len(), accepted.len());
    let stored = store.pending_texts(&trackers, 1000, NOW).await.unwrap();
    assert_eq!(stored.len(), accepted.len(), "nothing is stored that was refused");
}

async fn what_was_acknowledged_survives_without_closing(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let mut sent = Vec::new();
    let mut received = Vec::new();
    for key in 0..20 {
        sent.push(queue(&*store, trackers[0], "out").await.id);
        received.push(receive(&*store, driver_text(trackers[0], "in", key)).await);
    }
    let confirmed = |id| DeliveryUpdate::Confirmed { id, parts_done: 1, at: NOW, attempts: 0 };
    store.update_deliveries(sent[..10].iter().copied().map(confirmed).collect()).await.unwrap();
    store.mark_read(received[..5].to_vec()).await.unwrap();
    drop(store);

    let store = lab.open().await;
    for (n, id) in sent.iter().enumerate() {
        let expected = if n < 10 { Status::Delivered } else { Status::Pending };
        assert_eq!(message(&*store, *id).await.status, expected);
    }
    for (n, id) in received.iter().enumerate() {
        let expected = if n < 5 { Status::Delivered } else { Status::Pending };
        assert_eq!(message(&*store, *id).await.status, expected);
    }
    let next = queue(&*store, trackers[0], "next").await.id;
    assert!(next > *received.last().unwrap());
}

async fn a_caller_that_gives_up_does_no_harm(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    for key in 0..20 {
        let texts = vec![driver_text(trackers[0], "in", key)];
        let call = store.record(Uplink { texts, states: Vec::new() });
        // Polled once: the call is queued, its answer is not waited for.
        let mut call = std::pin::pin!(call);
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(call.as_mut().poll(context).is_ready())
        })
        .await;
    }
    // Answered after the calls before it.
    let id = queue(&*store, trackers[0], "out").await.id;
    assert_eq!(message(&*store, id).await.text, "out");
    store.close().await;
    let store = lab.open().await;
    assert_eq!(store.unread_counts(&trackers).await.unwrap(), [(trackers[0], 20)]);
}
