//! Lists, counts, read marks.

use std::collections::HashMap;

use cabwire::model::{MessageId, Millis, Status, TrackerId};
use cabwire::store::{MessageQuery, Store};

use super::{Lab, NOW, driver_text, engines, message, queue, receive, text};

engines!(
    a_list_is_a_window_with_both_ends,
    ties_are_ordered_by_id_in_the_same_direction,
    the_limit_applies_after_ordering,
    a_list_holds_one_tracker_only,
    messages_by_id_leave_out_the_unknown,
    unread_counts_are_of_incoming_messages_only,
    read_messages_are_delivered_without_an_update_time,
    mark_all_read_concerns_these_trackers_only,
    the_newest_submit_time_is_of_either_direction,
);

/// Two messages a second in both directions for ten seconds, starting now; the ids in order.
async fn conversation(store: &dyn Store, tracker: TrackerId) -> Vec<MessageId> {
    let mut ids = Vec::new();
    for second in 0..10 {
        let at = NOW.plus(second * 1000);
        let sent = store.queue_texts(vec![text(tracker, "to the driver")], at).await.unwrap();
        ids.push(sent[0].id);
        let mut reply = driver_text(tracker, "from the driver", second.cast_unsigned());
        reply.received = at;
        ids.push(receive(store, reply).await);
    }
    ids
}

async fn list(
    store: &dyn Store,
    tracker: TrackerId,
    (from, to): (i64, i64),
    limit: u32,
    ascending: bool,
) -> Vec<MessageId> {
    let (from, to) = (NOW.plus(from), NOW.plus(to));
    let query = MessageQuery { tracker, from, to, limit, ascending };
    store.list_messages(query).await.unwrap().iter().map(|message| message.id).collect()
}

async fn a_list_is_a_window_with_both_ends(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let ids = conversation(&*store, trackers[0]).await;
    let window = |window| list(&*store, trackers[0], window, 100, true);
    assert_eq!(window((0, 9000)).await, ids);
    assert_eq!(window((2000, 4000)).await, ids[4..10]);
    assert_eq!(window((2001, 3999)).await, ids[6..8]);
    assert_eq!(window((3000, 3000)).await, ids[6..8]);
    assert!(window((3001, 3999)).await.is_empty());
    assert!(window((4000, 2000)).await.is_empty());
    let everything = MessageQuery {
        tracker: trackers[0],
        from: Millis(i64::MIN),
        to: Millis(i64::MAX),
        limit: u32::MAX,
        ascending: true,
    };
    assert_eq!(store.list_messages(everything).await.unwrap().len(), 20);
}

async fn ties_are_ordered_by_id_in_the_same_direction(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let mut ids = Vec::new();
    for key in 0..6 {
        ids.push(queue(&*store, trackers[0], "out").await.id);
        ids.push(receive(&*store, driver_text(trackers[0], "in", key)).await);
    }
    assert_eq!(list(&*store, trackers[0], (0, 0), 100, true).await, ids);
    ids.reverse();
    assert_eq!(list(&*store, trackers[0], (0, 0), 100, false).await, ids);
    assert_eq!(list(&*store, trackers[0], (0, 0), 5, false).await, ids[..5]);
}

async fn the_limit_applies_after_ordering(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let mut ids = conversation(&*store, trackers[0]).await;
    assert_eq!(list(&*store, trackers[0], (0, 9000), 3, true).await, ids[..3]);
    assert!(list(&*store, trackers[0], (0, 9000), 0, true).await.is_empty());
    ids.reverse();
    assert_eq!(list(&*store, trackers[0], (0, 9000), 3, false).await, ids[..3]);
    assert_eq!(list(&*store, trackers[0], (0, 8000), 3, false).await, ids[2..5]);
}

async fn a_list_holds_one_tracker_only(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(3).await;
    let a = conversation(&*store, trackers[0]).await;
    let b = queue(&*store, trackers[1], "other").await.id;
    assert_eq!(list(&*store, trackers[0], (0, 9000), 100, true).await, a);
    assert_eq!(list(&*store, trackers[1], (0, 9000), 100, true).await, [b]);
    assert!(list(&*store, trackers[2], (0, 9000), 100, true).await.is_empty());
}

async fn messages_by_id_leave_out_the_unknown(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let a = queue(&*store, trackers[0], "a").await.id;
    let b = receive(&*store, driver_text(trackers[1], "b", 1)).await;
    let found = store.messages(&[b, MessageId(0), a, MessageId(99_999)]).await.unwrap();
    let found: HashMap<_, _> = found.iter().map(|m| (m.id, m.text.as_str())).collect();
    assert_eq!(found, HashMap::from([(a, "a"), (b, "b")]));
    assert!(store.messages(&[]).await.unwrap().is_empty());
}

async fn unread_counts_are_of_incoming_messages_only(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(3).await;
    queue(&*store, trackers[0], "out").await;
    for key in 0..3 {
        receive(&*store, driver_text(trackers[1], "in", key)).await;
    }
    receive(&*store, driver_text(trackers[2], "in", 1)).await;
    let counts: HashMap<_, _> = store.unread_counts(&trackers).await.unwrap().into_iter().collect();
    assert_eq!(counts, HashMap::from([(trackers[1], 3), (trackers[2], 1)]));
    assert_eq!(store.unread_counts(&trackers[1..2]).await.unwrap(), [(trackers[1], 3)]);
    assert!(store.unread_counts(&[]).await.unwrap().is_empty());
}

async fn read_messages_are_delivered_without_an_update_time(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let out = queue(&*store, trackers[0], "out").await.id;
    let mut incoming = Vec::new();
    for key in 0..3 {
        incoming.push(receive(&*store, driver_text(trackers[0], "in", key)).await);
    }
    store.mark_read(vec![incoming[0], out, MessageId(99_999), incoming[2]]).await.unwrap();
    store.mark_read(Vec::new()).await.unwrap();
    let read = message(&*store, incoming[0]).await;
    assert_eq!((read.status, read.update), (Status::Delivered, None));
    assert_eq!(message(&*store, incoming[1]).await.status, Status::Pending);
    assert_eq!(message(&*store, out).await.status, Status::Pending, "outgoing: the device decides");
    assert_eq!(store.unread_counts(&trackers).await.unwrap(), [(trackers[0], 1)]);
    store.mark_read(incoming).await.unwrap();
    assert!(store.unread_counts(&trackers).await.unwrap().is_empty());
}

async fn mark_all_read_concerns_these_trackers_only(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(3).await;
    let mut outgoing = Vec::new();
    for tracker in &trackers {
        outgoing.push(queue(&*store, *tracker, "out").await.id);
        receive(&*store, driver_text(*tracker, "in", 1)).await;
        receive(&*store, driver_text(*tracker, "in", 2)).await;
    }
    store.mark_all_read(vec![trackers[0], trackers[2], TrackerId(999)]).await.unwrap();
    store.mark_all_read(Vec::new()).await.unwrap();
    assert_eq!(store.unread_counts(&trackers).await.unwrap(), [(trackers[1], 2)]);
    for id in outgoing {
        assert_eq!(message(&*store, id).await.status, Status::Pending);
    }
}

async fn the_newest_submit_time_is_of_either_direction(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(4).await;
    queue(&*store, trackers[0], "out").await;
    let mut reply = driver_text(trackers[0], "in", 1);
    reply.received = NOW.plus(5);
    receive(&*store, reply).await;
    let mut reply = driver_text(trackers[1], "in", 1);
    reply.received = NOW.plus(7);
    receive(&*store, reply).await;
    let late = vec![text(trackers[1], "out"), text(trackers[2], "out")];
    store.queue_texts(late, NOW.plus(9)).await.unwrap();
    let newest: HashMap<_, _> = store.last_submits(&trackers).await.unwrap().into_iter().collect();
    let expected = [(0, 5), (1, 9), (2, 9)].map(|(n, at)| (trackers[n], NOW.plus(at)));
    assert_eq!(newest, HashMap::from(expected));
    assert!(store.last_submits(&[]).await.unwrap().is_empty());
}
