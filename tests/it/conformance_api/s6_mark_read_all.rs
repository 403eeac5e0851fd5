//! 7.6 tracker/chat/mark_read_all.

use serde_json::{Value, json};

use super::client::Reply;
use super::fleet::{ALICE, BOB, CAROL, Fleet};

const MARK_ALL: &str = "/tracker/chat/mark_read_all";

async fn mark(fleet: &Fleet, body: Value) -> Reply {
    fleet.call(ALICE, MARK_ALL, body).await
}

/// A fleet with unread messages: one on the truck, two on the van, one of bob's.
async fn unread_fleet() -> Fleet {
    let fleet = Fleet::new().await;
    for tracker in [fleet.truck, fleet.van, fleet.van, fleet.foreign] {
        fleet.says(tracker, "hi").await;
    }
    fleet
}

/// Nothing of it has been read.
fn all_unread(fleet: &Fleet) -> Value {
    json!({fleet.truck.to_string(): 1, fleet.van.to_string(): 2})
}

#[tokio::test]
async fn c129_without_trackers_the_whole_account() {
    let fleet = unread_fleet().await;
    fleet.says(fleet.blocked, "hi").await;
    assert_eq!(mark(&fleet, json!({})).await.ok(), json!({"success": true}));
    assert_eq!(fleet.unread(ALICE).await, json!({}));
    assert_eq!(fleet.store.unread_counts(&[fleet.blocked]).await.unwrap(), []);
    assert_eq!(fleet.unread(BOB).await, json!({fleet.foreign.to_string(): 1}));
}

#[tokio::test]
async fn c130_with_trackers_only_those() {
    let fleet = unread_fleet().await;
    mark(&fleet, json!({"trackers": [fleet.van]})).await.ok();
    assert_eq!(fleet.unread(ALICE).await, json!({fleet.truck.to_string(): 1}));
}

#[tokio::test]
async fn c131_one_unknown_tracker_marks_nothing() {
    let fleet = unread_fleet().await;
    for bad in [999_999, fleet.foreign.0] {
        mark(&fleet, json!({"trackers": [fleet.truck, bad]})).await.error(201, 400);
        assert_eq!(fleet.unread(ALICE).await, all_unread(&fleet));
    }
    assert_eq!(fleet.unread(BOB).await, json!({fleet.foreign.to_string(): 1}));
}

#[tokio::test]
async fn c132_an_empty_array_marks_nothing() {
    let fleet = unread_fleet().await;
    for empty in [json!([]), json!("[]")] {
        mark(&fleet, json!({"trackers": empty})).await.ok();
        assert_eq!(fleet.unread(ALICE).await, all_unread(&fleet));
    }
}

#[tokio::test]
async fn c133_null_is_absent() {
    let fleet = unread_fleet().await;
    mark(&fleet, json!({"trackers": null})).await.ok();
    assert_eq!(fleet.unread(ALICE).await, json!({}));
}

#[tokio::test]
async fn c134_unreadable_trackers_are_never_all() {
    let fleet = unread_fleet().await;
    for bad in [json!("all"), json!("[1,"), json!(true), json!({"0": 1}), json!([[1]]), json!("")] {
        mark(&fleet, json!({"trackers": bad})).await.invalid("trackers");
        assert_eq!(fleet.unread(ALICE).await, all_unread(&fleet));
    }
}

#[tokio::test]
async fn c135_a_sub_user_marks_its_own_only() {
    let fleet = unread_fleet().await;
    fleet.call(CAROL, MARK_ALL, json!({})).await.ok();
    assert_eq!(fleet.unread(ALICE).await, json!({fleet.van.to_string(): 2}));
    fleet.call(CAROL, MARK_ALL, json!({"trackers": [fleet.van]})).await.error(201, 400);
    assert_eq!(fleet.unread(ALICE).await, json!({fleet.van.to_string(): 2}));
}

#[tokio::test]
async fn c136_a_blocked_tracker_in_the_list() {
    let fleet = unread_fleet().await;
    mark(&fleet, json!({"trackers": [fleet.truck, fleet.blocked]})).await.error(201, 400);
    assert_eq!(fleet.unread(ALICE).await, all_unread(&fleet));
}

#[tokio::test]
async fn c137_nothing_to_read_is_fine() {
    let fleet = Fleet::new().await;
    mark(&fleet, json!({})).await.ok();
    mark(&fleet, json!({"trackers": [fleet.truck]})).await.ok();
}

#[tokio::test]
async fn c138_301_trackers_are_not_too_many() {
    let fleet = Fleet::new().await;
    let trackers = fleet.more_trackers(301).await;
    fleet.says(trackers[300], "hi").await;
    mark(&fleet, json!({"trackers": trackers})).await.ok();
    assert_eq!(fleet.unread(ALICE).await, json!({}));
}
