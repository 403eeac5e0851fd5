//! Queueing texts, offering them, receipts.

use cabwire::model::{DeliveryOutcome, DeliveryUpdate};

use super::{Lab, NOW, engines, text};

engines!(a_text_is_queued_offered_and_delivered);

async fn a_text_is_queued_offered_and_delivered(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let queued = store.queue_texts(vec![text(trackers[0], "Turn left")], NOW).await.unwrap();
    let offered = store.pending_texts(&trackers, 10, NOW).await.unwrap();
    assert_eq!(offered.len(), 1);
    assert_eq!((offered[0].id, &*offered[0].text), (queued[0].id, "Turn left"));

    let at = NOW.plus(5);
    let confirm = DeliveryUpdate::Confirmed { id: queued[0].id, parts_done: 1, at, attempts: 0 };
    let outcome = store.update_deliveries(vec![confirm.clone()]).await.unwrap();
    assert_eq!(outcome, [DeliveryOutcome::Delivered(queued[0].id)]);
    assert_eq!(store.update_deliveries(vec![confirm]).await.unwrap(), [DeliveryOutcome::Unchanged]);
    assert!(store.pending_texts(&trackers, 10, NOW).await.unwrap().is_empty());
    assert_eq!(store.messages(&[queued[0].id]).await.unwrap()[0].update, Some(at));
    store.close().await;
}
