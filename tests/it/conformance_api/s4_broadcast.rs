//! 7.4 tracker/chat/broadcast.

use cabwire::model::TrackerId;
use serde_json::{Value, json};

use super::client::Reply;
use super::fleet::{ALICE, CAROL, Fleet};

const BROADCAST: &str = "/tracker/chat/broadcast";

async fn broadcast(fleet: &Fleet, trackers: Value) -> Reply {
    fleet.call(ALICE, BROADCAST, json!({"trackers": trackers, "message": "all"})).await
}

/// Asserts that a broadcast with a bad tracker beside a good one is refused, names the bad one, and sent nothing.
async fn nothing_is_sent(fleet: &Fleet, bad: TrackerId) {
    let value = broadcast(fleet, json!([fleet.truck, bad])).await.error(217, 400);
    assert_eq!(value["list"], json!([bad]));
    assert_eq!(fleet.list(ALICE, fleet.truck).await, Vec::<Value>::new());
    let all = [fleet.truck, bad];
    assert_eq!(fleet.store.last_submits(&all).await.unwrap(), [], "nothing anywhere");
}

#[tokio::test]
async fn c101_the_two_lists_divide_what_was_asked() {
    let fleet = Fleet::new().await;
    let reply = broadcast(&fleet, json!([fleet.truck, fleet.beacon, fleet.van])).await.ok();
    assert_eq!(reply["sent_to"], json!([fleet.truck, fleet.van]));
    assert_eq!(reply["not_sent_to"], json!([fleet.beacon]));
    let reply = broadcast(&fleet, json!([fleet.truck])).await.ok();
    assert_eq!((&reply["sent_to"], &reply["not_sent_to"]), (&json!([fleet.truck]), &json!([])));
}

#[tokio::test]
async fn c102_each_got_exactly_one_text() {
    let fleet = Fleet::new().await;
    broadcast(&fleet, json!([fleet.truck, fleet.van])).await.ok();
    for tracker in [fleet.truck, fleet.van] {
        let list = fleet.list(ALICE, tracker).await;
        assert_eq!(list.len(), 1);
        assert_eq!((&list[0]["text"], &list[0]["type"]), (&json!("all"), &json!("OUTGOING")));
    }
    assert_eq!(fleet.list(ALICE, fleet.unreported).await, Vec::<Value>::new());
}

#[tokio::test]
async fn c103_a_foreign_or_unknown_tracker_stops_all() {
    let fleet = Fleet::new().await;
    nothing_is_sent(&fleet, fleet.foreign).await;
    nothing_is_sent(&fleet, TrackerId(999_999)).await;
    let body = json!({"trackers": [fleet.truck, fleet.van], "message": "all"});
    fleet.call(CAROL, BROADCAST, body).await.error(217, 400);
}

#[tokio::test]
async fn c104_a_blocked_tracker_stops_all() {
    let fleet = Fleet::new().await;
    nothing_is_sent(&fleet, fleet.blocked).await;
}

#[tokio::test]
async fn c105_a_tariff_without_the_feature_stops_all() {
    let fleet = Fleet::new().await;
    nothing_is_sent(&fleet, fleet.silent).await;
    nothing_is_sent(&fleet, fleet.unreported).await;
}

#[tokio::test]
async fn c106_a_model_without_chat_is_not_sent_to() {
    let fleet = Fleet::new().await;
    let reply = broadcast(&fleet, json!([fleet.beacon, fleet.truck])).await.ok();
    assert_eq!(reply["not_sent_to"], json!([fleet.beacon]));
    assert_eq!(fleet.list(ALICE, fleet.truck).await.len(), 1);
    let reply = broadcast(&fleet, json!([fleet.beacon])).await.ok();
    assert_eq!((&reply["sent_to"], &reply["not_sent_to"]), (&json!([]), &json!([fleet.beacon])));
}

#[tokio::test]
async fn c107_offline_devices_count_as_sent_to() {
    let fleet = Fleet::new().await;
    let never = fleet.more_trackers(2).await;
    let reply = broadcast(&fleet, json!(never)).await.ok();
    assert_eq!((&reply["sent_to"], &reply["not_sent_to"]), (&json!(never), &json!([])));
}

#[tokio::test]
async fn c108_300_trackers() {
    let fleet = Fleet::new().await;
    let trackers = fleet.more_trackers(300).await;
    let reply = broadcast(&fleet, json!(trackers)).await.ok();
    assert_eq!(reply["sent_to"], json!(trackers));
    assert_eq!(fleet.list(ALICE, trackers[299]).await.len(), 1);
}

#[tokio::test]
async fn c109_301_trackers_are_too_many() {
    let fleet = Fleet::new().await;
    let trackers = fleet.more_trackers(301).await;
    broadcast(&fleet, json!(trackers)).await.error(221, 403);
    assert_eq!(fleet.store.last_submits(&trackers).await.unwrap(), []);
}

#[tokio::test]
async fn c110_an_empty_array_is_nobody() {
    let fleet = Fleet::new().await;
    for nobody in [json!([]), json!("[]")] {
        let reply = broadcast(&fleet, nobody).await.ok();
        assert_eq!((&reply["sent_to"], &reply["not_sent_to"]), (&json!([]), &json!([])));
    }
    assert_eq!(fleet.store.last_submits(&[fleet.truck, fleet.van]).await.unwrap(), []);
}

#[tokio::test]
async fn c111_trackers_must_be_given() {
    let fleet = Fleet::new().await;
    broadcast(&fleet, Value::Null).await.invalid("trackers");
    fleet.call(ALICE, BROADCAST, json!({"message": "all"})).await.invalid("trackers");
    fleet.form(BROADCAST, &format!("hash={ALICE}&message=all&trackers=")).await.invalid("trackers");
}

#[tokio::test]
async fn c112_repeated_trackers_get_one_text() {
    let fleet = Fleet::new().await;
    let (truck, van) = (fleet.truck, fleet.van);
    let reply = broadcast(&fleet, json!([truck, van, truck, truck])).await.ok();
    assert_eq!(reply["sent_to"], json!([truck, van]));
    assert_eq!(fleet.list(ALICE, truck).await.len(), 1);
}

#[tokio::test]
async fn c113_the_message_is_checked_before_anything_is_sent() {
    let fleet = Fleet::new().await;
    for message in [json!(null), json!(""), json!("a".repeat(20_001)), json!("a\0"), json!(5)] {
        let body = json!({"trackers": [fleet.truck], "message": message});
        fleet.call(ALICE, BROADCAST, body).await.invalid("message");
    }
    assert_eq!(fleet.list(ALICE, fleet.truck).await, Vec::<Value>::new());
    let body = json!({"trackers": [fleet.truck], "message": "я".repeat(20_000)});
    fleet.call(ALICE, BROADCAST, body).await.ok();
}

#[tokio::test]
async fn c114_null_is_no_tracker() {
    let fleet = Fleet::new().await;
    broadcast(&fleet, json!([fleet.truck, null])).await.invalid("trackers");
    assert_eq!(fleet.list(ALICE, fleet.truck).await, Vec::<Value>::new());
}

#[tokio::test]
async fn c115_sent_to_keeps_the_order_asked() {
    let fleet = Fleet::new().await;
    let mut trackers = fleet.more_trackers(5).await;
    trackers.reverse();
    trackers.swap(1, 3);
    let reply = broadcast(&fleet, json!(trackers)).await.ok();
    assert_eq!(reply["sent_to"], json!(trackers));
}
