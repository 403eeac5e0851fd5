//! 7.7 tracker/chat/updated/list.

use cabwire::model::TrackerId;
use serde_json::{Value, json};

use super::client::Reply;
use super::fleet::{ALICE, CAROL, Fleet};

const UPDATED: &str = "/tracker/chat/updated/list";

async fn updated(fleet: &Fleet, trackers: Value) -> Reply {
    fleet.call(ALICE, UPDATED, json!({"trackers": trackers})).await
}

/// The answer for one tracker.
async fn of(fleet: &Fleet, tracker: TrackerId) -> Value {
    updated(fleet, json!([tracker])).await.ok()["value"][tracker.to_string()].clone()
}

#[tokio::test]
async fn c139_dates_by_tracker() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    fleet.wait(60);
    fleet.sends(fleet.van, "go").await;
    let reply = updated(&fleet, json!([fleet.van, fleet.truck])).await.ok();
    assert_eq!(
        reply["value"],
        json!({
            fleet.truck.to_string(): "2026-03-15 17:00:00",
            fleet.van.to_string(): "2026-03-15 17:01:00",
        })
    );
}

#[tokio::test]
async fn c140_the_newest_message_of_either_direction_counts() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    fleet.wait(10);
    fleet.sends(fleet.truck, "go").await;
    assert_eq!(of(&fleet, fleet.truck).await, "2026-03-15 17:00:10");
    fleet.wait(10);
    fleet.says(fleet.truck, "ok").await;
    assert_eq!(of(&fleet, fleet.truck).await, "2026-03-15 17:00:20");
}

#[tokio::test]
async fn c141_trackers_without_messages_have_no_key() {
    let fleet = Fleet::new().await;
    assert_eq!(updated(&fleet, json!([fleet.truck, fleet.van])).await.ok()["value"], json!({}));
    fleet.says(fleet.van, "hi").await;
    let reply = updated(&fleet, json!([fleet.truck, fleet.van])).await.ok();
    assert_eq!(
        reply["value"].as_object().unwrap().keys().collect::<Vec<_>>(),
        [&fleet.van.to_string()]
    );
}

#[tokio::test]
async fn c142_a_tracker_that_is_not_there_is_an_error() {
    let fleet = Fleet::new().await;
    for bad in [TrackerId(999_999), fleet.foreign, fleet.blocked, fleet.silent] {
        let value = updated(&fleet, json!([fleet.truck, bad])).await.error(217, 400);
        assert_eq!(value["list"], json!([bad]));
    }
    fleet.call(CAROL, UPDATED, json!({"trackers": [fleet.van]})).await.error(217, 400);
}

#[tokio::test]
async fn c143_at_most_300_trackers() {
    let fleet = Fleet::new().await;
    let trackers = fleet.more_trackers(301).await;
    updated(&fleet, json!(trackers[..300])).await.ok();
    updated(&fleet, json!(trackers)).await.error(221, 403);
}

#[tokio::test]
async fn c144_trackers_must_be_given() {
    let fleet = Fleet::new().await;
    fleet.call(ALICE, UPDATED, json!({})).await.invalid("trackers");
    updated(&fleet, Value::Null).await.invalid("trackers");
}

#[tokio::test]
async fn c145_trackers_as_a_string() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    let reply = updated(&fleet, json!(format!("[{}]", fleet.truck))).await.ok();
    assert_eq!(reply["value"], json!({fleet.truck.to_string(): "2026-03-15 17:00:00"}));
}

#[tokio::test]
async fn c146_a_delivery_does_not_change_the_date() {
    let fleet = Fleet::new().await;
    let id = fleet.sends(fleet.truck, "go").await;
    fleet.wait(60);
    fleet.confirms(id).await;
    assert_eq!(of(&fleet, fleet.truck).await, "2026-03-15 17:00:00");
}

#[tokio::test]
async fn c147_a_model_without_chat_has_no_key() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    let reply = updated(&fleet, json!([fleet.beacon, fleet.truck])).await.ok();
    assert_eq!(
        reply["value"].as_object().unwrap().keys().collect::<Vec<_>>(),
        [&fleet.truck.to_string()]
    );
}

#[tokio::test]
async fn c148_old_messages_count() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    fleet.wait(400 * 24 * 3600);
    assert_eq!(of(&fleet, fleet.truck).await, "2026-03-15 17:00:00");
}
