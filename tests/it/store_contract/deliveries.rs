//! Receipts and failures.

use cabwire::model::{DeliveryOutcome, DeliveryUpdate, MessageId, Millis, Status, TrackerId};
use cabwire::store::Store;

use super::{Lab, NOW, driver_text, engines, long_text, message, queue, receive, text};

engines!(
    a_confirmed_text_is_delivered_once,
    of_many_concurrent_receipts_one_delivers,
    parts_are_counted_and_the_last_one_delivers,
    a_text_goes_on_with_the_first_unconfirmed_part,
    updates_in_one_call_work_as_if_one_after_the_other,
    failures_are_noted_while_pending_only,
    receipts_for_nothing_change_nothing,
    a_quoted_serial_finds_its_text,
    a_quoted_serial_counts_for_the_next_part_only,
    a_quoted_serial_of_16_bits_survives_the_wrap,
    quoted_serials_in_one_call_work_one_after_the_other,
    a_late_receipt_counts_after_a_restart,
    the_first_time_a_text_is_opened_is_kept_and_no_status_changes,
    an_opened_text_is_found_by_the_serial_of_its_last_part,
    openings_of_nothing_change_nothing,
);

fn confirmed(id: MessageId, parts_done: u16) -> DeliveryUpdate {
    DeliveryUpdate::Confirmed { id, parts_done, at: NOW.plus(100), attempts: 0 }
}

fn quoted(tracker: TrackerId, serial: u32, bits: u8) -> DeliveryUpdate {
    DeliveryUpdate::ConfirmedSerial { tracker, serial, bits, at: NOW.plus(100) }
}

fn failed(id: MessageId, attempts: u32) -> DeliveryUpdate {
    DeliveryUpdate::Failed { id, attempts, retry: NOW.plus(1000), error: "no answer".to_owned() }
}

async fn apply(store: &dyn Store, update: DeliveryUpdate) -> DeliveryOutcome {
    store.update_deliveries(vec![update]).await.unwrap()[0]
}

async fn a_confirmed_text_is_delivered_once(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let id = queue(&*store, trackers[0], "Turn left").await.id;
    let first = DeliveryUpdate::Confirmed { id, parts_done: 1, at: NOW.plus(5), attempts: 2 };
    assert_eq!(apply(&*store, first).await, DeliveryOutcome::Delivered(id));
    assert_eq!(apply(&*store, confirmed(id, 1)).await, DeliveryOutcome::Unchanged);

    let stored = message(&*store, id).await;
    assert_eq!((stored.status, stored.update), (Status::Delivered, Some(NOW.plus(5))));
    assert_eq!(stored.submit, NOW);
    let record = store.delivery_record(id).await.unwrap().unwrap();
    assert_eq!((record.parts_done, record.attempts), (1, 2));
    assert!(store.pending_texts(&trackers, 10, NOW).await.unwrap().is_empty());
}

async fn of_many_concurrent_receipts_one_delivers(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let id = queue(&*store, trackers[0], "Turn left").await.id;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..30 {
        let store = store.clone();
        let update = DeliveryUpdate::Confirmed { id, parts_done: 1, at: NOW.plus(n), attempts: 0 };
        calls.spawn(async move { (n, apply(&*store, update).await) });
    }
    let delivered: Vec<i64> = calls
        .join_all()
        .await
        .into_iter()
        .filter(|(_, outcome)| *outcome == DeliveryOutcome::Delivered(id))
        .map(|(n, _)| n)
        .collect();
    assert_eq!(delivered.len(), 1);
    assert_eq!(message(&*store, id).await.update, Some(NOW.plus(delivered[0])));
}

async fn parts_are_counted_and_the_last_one_delivers(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let id = store.queue_texts(vec![long_text(trackers[0], 3)], NOW).await.unwrap()[0].id;
    assert_eq!(apply(&*store, confirmed(id, 1)).await, DeliveryOutcome::Progressed(id));
    assert_eq!(apply(&*store, confirmed(id, 1)).await, DeliveryOutcome::Unchanged);
    assert_eq!(apply(&*store, confirmed(id, 2)).await, DeliveryOutcome::Progressed(id));
    assert_eq!(apply(&*store, confirmed(id, 1)).await, DeliveryOutcome::Unchanged);
    assert_eq!(message(&*store, id).await.status, Status::Pending);
    assert_eq!(message(&*store, id).await.update, None);
    assert_eq!(apply(&*store, confirmed(id, 3)).await, DeliveryOutcome::Delivered(id));
    let record = store.delivery_record(id).await.unwrap().unwrap();
    assert_eq!((record.parts, record.parts_done), (3, 3));
}

async fn a_text_goes_on_with_the_first_unconfirmed_part(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let id = store.queue_texts(vec![long_text(trackers[0], 3)], NOW).await.unwrap()[0].id;
    apply(&*store, failed(id, 1)).await;
    assert!(store.pending_texts(&trackers, 10, NOW).await.unwrap().is_empty());
    // Progress ends the wait for another attempt.
    let update = DeliveryUpdate::Confirmed { id, parts_done: 2, at: NOW, attempts: 1 };
    apply(&*store, update).await;
    drop(store);

    let store = lab.open().await;
    let offered = store.pending_texts(&trackers, 10, NOW).await.unwrap().pop().unwrap();
    assert_eq!((offered.id, offered.parts_done, offered.attempts), (id, 2, 1));
}

async fn updates_in_one_call_work_as_if_one_after_the_other(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let texts = vec![long_text(trackers[0], 2), text(trackers[0], "short")];
    let ids: Vec<MessageId> =
        store.queue_texts(texts, NOW).await.unwrap().iter().map(|queued| queued.id).collect();
    let updates = vec![
        failed(ids[0], 1),
        confirmed(ids[0], 1),
        confirmed(ids[1], 1),
        confirmed(ids[0], 2),
        failed(ids[0], 2),
        confirmed(ids[1], 1),
        failed(ids[1], 1),
    ];
    let outcomes = store.update_deliveries(updates).await.unwrap();
    assert_eq!(
        outcomes,
        [
            DeliveryOutcome::Noted,
            DeliveryOutcome::Progressed(ids[0]),
            DeliveryOutcome::Delivered(ids[1]),
            DeliveryOutcome::Delivered(ids[0]),
            DeliveryOutcome::Unchanged,
            DeliveryOutcome::Unchanged,
            DeliveryOutcome::Unchanged,
        ]
    );
    let record = store.delivery_record(ids[0]).await.unwrap().unwrap();
    assert_eq!((record.parts_done, record.last_error.as_deref()), (2, Some("no answer")));
}

async fn failures_are_noted_while_pending_only(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let id = queue(&*store, trackers[0], "Turn left").await.id;
    let long = "ы".repeat(500);
    let retry = NOW.plus(60_000);
    let failure = DeliveryUpdate::Failed { id, attempts: 3, retry, error: long };
    assert_eq!(apply(&*store, failure.clone()).await, DeliveryOutcome::Noted);
    let record = store.delivery_record(id).await.unwrap().unwrap();
    assert_eq!((record.attempts, record.retry), (3, Some(retry)));
    assert_eq!(record.last_error, Some("ы".repeat(200)));
    let stored = message(&*store, id).await;
    assert_eq!((stored.status, stored.update), (Status::Pending, None));

    assert_eq!(apply(&*store, confirmed(id, 1)).await, DeliveryOutcome::Delivered(id));
    assert_eq!(apply(&*store, failure).await, DeliveryOutcome::Unchanged);
    let record = store.delivery_record(id).await.unwrap().unwrap();
    assert_eq!(record.retry, None);
}

async fn receipts_for_nothing_change_nothing(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let incoming = receive(&*store, driver_text(trackers[0], "hello", 1)).await;
    for update in [
        confirmed(MessageId(12_345), 1),
        failed(MessageId(12_345), 1),
        confirmed(incoming, 1),
        failed(incoming, 1),
        quoted(trackers[0], 1, 16),
        quoted(TrackerId(999), 1, 16),
    ] {
        assert_eq!(apply(&*store, update.clone()).await, DeliveryOutcome::Unchanged, "{update:?}");
    }
    assert_eq!(message(&*store, incoming).await.status, Status::Pending);
    assert!(store.delivery_record(incoming).await.unwrap().is_none());
    assert!(store.update_deliveries(Vec::new()).await.unwrap().is_empty());
}

async fn a_quoted_serial_finds_its_text(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let (a, b) = (trackers[0], trackers[1]);
    queue(&*store, a, "first").await;
    let second = queue(&*store, a, "second").await;
    // Serials count per tracker: this one has the same serial.
    queue(&*store, b, "other").await;
    let other = queue(&*store, b, "other second").await;
    assert_eq!(second.serial, other.serial);

    assert_eq!(apply(&*store, quoted(a, 77, 16)).await, DeliveryOutcome::Unchanged);
    assert_eq!(apply(&*store, quoted(a, second.serial, 0)).await, DeliveryOutcome::Unchanged);
    let update = quoted(a, second.serial, 32);
    assert_eq!(apply(&*store, update.clone()).await, DeliveryOutcome::Delivered(second.id));
    assert_eq!(apply(&*store, update).await, DeliveryOutcome::Unchanged);
    assert_eq!(message(&*store, second.id).await.update, Some(NOW.plus(100)));
    assert_eq!(store.pending_texts(&[b], 10, NOW).await.unwrap().len(), 2);
    assert_eq!(store.pending_texts(&[a], 10, NOW).await.unwrap().len(), 1);
}

async fn a_quoted_serial_counts_for_the_next_part_only(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let long = store.queue_texts(vec![long_text(trackers[0], 3)], NOW).await.unwrap()[0];
    let part = |n: u32| quoted(trackers[0], long.serial + n, 16);
    assert_eq!(apply(&*store, part(1)).await, DeliveryOutcome::Unchanged);
    assert_eq!(apply(&*store, part(0)).await, DeliveryOutcome::Progressed(long.id));
    assert_eq!(apply(&*store, part(0)).await, DeliveryOutcome::Unchanged);
    assert_eq!(apply(&*store, part(2)).await, DeliveryOutcome::Unchanged);
    assert_eq!(apply(&*store, part(1)).await, DeliveryOutcome::Progressed(long.id));
    assert_eq!(apply(&*store, part(2)).await, DeliveryOutcome::Delivered(long.id));
}

async fn a_quoted_serial_of_16_bits_survives_the_wrap(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let tracker = trackers[0];
    // 15 texts of 4369 parts bring the serials close to 65 536.
    for _ in 0..15 {
        let id = store.queue_texts(vec![long_text(tracker, 4369)], NOW).await.unwrap()[0].id;
        apply(&*store, confirmed(id, 4369)).await;
    }
    let long = store.queue_texts(vec![long_text(tracker, 6)], NOW).await.unwrap()[0];
    assert_eq!(long.serial, 65_536, "one after the serials of 65 535 parts");
    let short = queue(&*store, tracker, "short").await;
    let low = |serial: u32| serial & 0xffff;
    assert_eq!(
        apply(&*store, quoted(tracker, low(short.serial), 16)).await,
        DeliveryOutcome::Delivered(short.id)
    );
    for n in 0..5 {
        let update = quoted(tracker, low(long.serial + n), 16);
        assert_eq!(apply(&*store, update).await, DeliveryOutcome::Progressed(long.id));
    }
    // High bits that the device does not have do not matter.
    let update = quoted(tracker, 0xabcd_0000 | low(long.serial + 5), 16);
    assert_eq!(apply(&*store, update).await, DeliveryOutcome::Delivered(long.id));
}

async fn quoted_serials_in_one_call_work_one_after_the_other(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let long = store.queue_texts(vec![long_text(trackers[0], 3)], NOW).await.unwrap()[0];
    let short = queue(&*store, trackers[0], "short").await;
    let updates = vec![
        quoted(trackers[0], long.serial, 8),
        quoted(trackers[0], short.serial, 8),
        confirmed(long.id, 2),
        quoted(trackers[0], long.serial + 1, 8),
        quoted(trackers[0], long.serial + 2, 8),
        quoted(trackers[0], short.serial, 8),
    ];
    let outcomes = store.update_deliveries(updates).await.unwrap();
    assert_eq!(
        outcomes,
        [
            DeliveryOutcome::Progressed(long.id),
            DeliveryOutcome::Delivered(short.id),
            DeliveryOutcome::Progressed(long.id),
            DeliveryOutcome::Unchanged,
            DeliveryOutcome::Delivered(long.id),
            DeliveryOutcome::Unchanged,
        ]
    );
}

async fn a_late_receipt_counts_after_a_restart(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let queued = queue(&*store, trackers[0], "Turn left").await;
    drop(store);
    let store = lab.open().await;
    let at = Millis(NOW.0 + 86_400_000);
    let update = DeliveryUpdate::ConfirmedSerial {
        tracker: trackers[0],
        serial: queued.serial,
        bits: 16,
        at,
    };
    assert_eq!(apply(&*store, update).await, DeliveryOutcome::Delivered(queued.id));
    assert_eq!(message(&*store, queued.id).await.update, Some(at));
}

fn opened(id: MessageId, after: i64) -> DeliveryUpdate {
    DeliveryUpdate::Read { id, at: NOW.plus(after) }
}

fn opened_serial(tracker: TrackerId, serial: u32, bits: u8) -> DeliveryUpdate {
    DeliveryUpdate::ReadSerial { tracker, serial, bits, at: NOW.plus(700) }
}

async fn read_time(store: &dyn Store, id: MessageId) -> Option<Millis> {
    store.delivery_record(id).await.unwrap().unwrap().read
}

async fn the_first_time_a_text_is_opened_is_kept_and_no_status_changes(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let id = queue(&*store, trackers[0], "Turn left").await.id;
    let other = queue(&*store, trackers[0], "Turn right").await.id;
    // The confirmation may be lost, or come later.
    let updates = vec![opened(id, 500), opened(id, 400), confirmed(other, 1), opened(other, 600)];
    let outcomes = store.update_deliveries(updates).await.unwrap();
    assert_eq!(
        outcomes,
        [
            DeliveryOutcome::Noted,
            DeliveryOutcome::Unchanged,
            DeliveryOutcome::Delivered(other),
            DeliveryOutcome::Noted,
        ]
    );
    assert_eq!(apply(&*store, opened(id, 300)).await, DeliveryOutcome::Unchanged);
    let stored = message(&*store, id).await;
    assert_eq!((stored.status, stored.update), (Status::Pending, None));
    assert_eq!(store.pending_texts(&trackers, 10, NOW).await.unwrap().len(), 1);
    assert_eq!(apply(&*store, confirmed(id, 1)).await, DeliveryOutcome::Delivered(id));
    assert_eq!(message(&*store, id).await.update, Some(NOW.plus(100)));
    drop(store);

    let store = lab.open().await;
    assert_eq!(read_time(&*store, id).await, Some(NOW.plus(500)));
    assert_eq!(read_time(&*store, other).await, Some(NOW.plus(600)));
}

async fn an_opened_text_is_found_by_the_serial_of_its_last_part(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let (a, b) = (trackers[0], trackers[1]);
    let long = store.queue_texts(vec![long_text(a, 3)], NOW).await.unwrap()[0];
    let short = queue(&*store, a, "short").await;
    let other = queue(&*store, b, "other").await;
    apply(&*store, confirmed(long.id, 3)).await;
    apply(&*store, confirmed(short.id, 1)).await;

    for part in 0..2 {
        let update = opened_serial(a, long.serial + part, 16);
        assert_eq!(apply(&*store, update).await, DeliveryOutcome::Unchanged, "not the last part");
    }
    let update = opened_serial(a, 0xabcd_0000 | (long.serial + 2), 16);
    assert_eq!(apply(&*store, update.clone()).await, DeliveryOutcome::Noted);
    assert_eq!(apply(&*store, update).await, DeliveryOutcome::Unchanged);
    assert_eq!(read_time(&*store, long.id).await, Some(NOW.plus(700)));
    assert_eq!(read_time(&*store, short.id).await, None);
    assert_eq!(read_time(&*store, other.id).await, None);

    // Of two texts with the same low bits the newer one is meant.
    for n in 0..15 {
        queue(&*store, a, &format!("text {n}")).await;
    }
    let again = queue(&*store, a, "sixteen later").await;
    assert_eq!(again.serial & 15, short.serial & 15);
    let updates = vec![opened_serial(a, short.serial, 4), opened_serial(a, short.serial, 32)];
    let outcomes = store.update_deliveries(updates).await.unwrap();
    assert_eq!(outcomes, [DeliveryOutcome::Noted, DeliveryOutcome::Noted]);
    assert!(read_time(&*store, again.id).await.is_some());
    assert!(read_time(&*store, short.id).await.is_some());
}

async fn openings_of_nothing_change_nothing(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let incoming = receive(&*store, driver_text(trackers[0], "hello", 1)).await;
    let queued = queue(&*store, trackers[0], "Turn left").await;
    for update in [
        opened(MessageId(12_345), 1),
        opened(incoming, 1),
        opened_serial(trackers[0], queued.serial + 1, 16),
        opened_serial(trackers[0], queued.serial, 0),
        opened_serial(TrackerId(999), queued.serial, 16),
    ] {
        assert_eq!(apply(&*store, update.clone()).await, DeliveryOutcome::Unchanged, "{update:?}");
    }
    assert_eq!(read_time(&*store, queued.id).await, None);
}
