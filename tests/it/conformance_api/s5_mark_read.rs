//! 7.5 tracker/chat/mark_read.

use cabwire::model::TrackerChange;
use serde_json::{Value, json};

use super::client::Reply;
use super::fleet::{ALICE, CAROL, Fleet};

const MARK: &str = "/tracker/chat/mark_read";

async fn mark(fleet: &Fleet, body: Value) -> Reply {
    fleet.call(ALICE, MARK, body).await
}

/// Unread messages of alice's truck.
async fn count(fleet: &Fleet) -> i64 {
    fleet.unread(ALICE).await[fleet.truck.to_string()].as_i64().unwrap_or(0)
}

#[tokio::test]
async fn c116_one_message() {
    let fleet = Fleet::new().await;
    let id = fleet.says(fleet.truck, "1").await;
    fleet.says(fleet.truck, "2").await;
    let before = count(&fleet).await;
    assert_eq!(mark(&fleet, json!({"message_id": id})).await.ok(), json!({"success": true}));
    assert_eq!((before, count(&fleet).await), (2, 1));
}

#[tokio::test]
async fn c117_several_messages() {
    let fleet = Fleet::new().await;
    let ids = [fleet.says(fleet.truck, "1").await, fleet.says(fleet.van, "2").await];
    fleet.says(fleet.truck, "3").await;
    mark(&fleet, json!({"message_ids": ids})).await.ok();
    assert_eq!(fleet.unread(ALICE).await, json!({fleet.truck.to_string(): 1}));
}

#[tokio::test]
async fn c118_both_parameters_are_united() {
    let fleet = Fleet::new().await;
    let ids = [fleet.says(fleet.truck, "1").await, fleet.says(fleet.truck, "2").await];
    mark(&fleet, json!({"message_id": ids[0], "message_ids": [ids[1], ids[0]]})).await.ok();
    assert_eq!(count(&fleet).await, 0);
}

#[tokio::test]
async fn c119_neither_parameter_is_invalid() {
    let fleet = Fleet::new().await;
    for body in [json!({}), json!({"message_id": null, "message_ids": null})] {
        mark(&fleet, body).await.invalid("message_id");
    }
}

#[tokio::test]
async fn c120_an_unknown_message() {
    let fleet = Fleet::new().await;
    mark(&fleet, json!({"message_id": 999_999})).await.error(201, 400);
    mark(&fleet, json!({"message_id": -1})).await.error(201, 400);
}

#[tokio::test]
async fn c121_a_foreign_message() {
    let fleet = Fleet::new().await;
    let foreign = fleet.says(fleet.foreign, "hi").await;
    mark(&fleet, json!({"message_id": foreign})).await.error(201, 400);
    let not_bound = fleet.says(fleet.van, "hi").await;
    fleet.call(CAROL, MARK, json!({"message_id": not_bound})).await.error(201, 400);
    let unread = fleet.store.unread_counts(&[fleet.foreign, fleet.van]).await.unwrap();
    assert_eq!(unread.len(), 2, "both are unread still");
}

#[tokio::test]
async fn c122_an_outgoing_message_cannot_be_read() {
    let fleet = Fleet::new().await;
    let id = fleet.sends(fleet.truck, "go").await;
    mark(&fleet, json!({"message_id": id})).await.error(201, 400);
    assert_eq!(fleet.list(ALICE, fleet.truck).await[0]["status"], "PENDING");
}

#[tokio::test]
async fn c123_reading_twice_is_fine() {
    let fleet = Fleet::new().await;
    let id = fleet.says(fleet.truck, "hi").await;
    for _ in 0..2 {
        mark(&fleet, json!({"message_id": id})).await.ok();
        assert_eq!(count(&fleet).await, 0);
    }
}

#[tokio::test]
async fn c124_one_unknown_id_marks_none() {
    let fleet = Fleet::new().await;
    let incoming = fleet.says(fleet.truck, "hi").await;
    let outgoing = fleet.sends(fleet.truck, "go").await;
    for bad in [999_999, outgoing.0] {
        mark(&fleet, json!({"message_ids": [incoming, bad]})).await.error(201, 400);
        assert_eq!(count(&fleet).await, 1);
    }
}

#[tokio::test]
async fn c125_no_ids_mark_nothing() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    mark(&fleet, json!({"message_ids": []})).await.ok();
    assert_eq!(count(&fleet).await, 1);
}

#[tokio::test]
async fn c126_ids_as_strings() {
    let fleet = Fleet::new().await;
    let ids = [
        fleet.says(fleet.truck, "1").await,
        fleet.says(fleet.truck, "2").await,
        fleet.says(fleet.truck, "3").await,
    ];
    mark(&fleet, json!({"message_id": ids[0].to_string()})).await.ok();
    assert_eq!(count(&fleet).await, 2);
    mark(&fleet, json!({"message_ids": format!("[{},{}]", ids[1], ids[2])})).await.ok();
    assert_eq!(count(&fleet).await, 0);
}

#[tokio::test]
async fn c127_get_changes_state() {
    let fleet = Fleet::new().await;
    let id = fleet.says(fleet.truck, "hi").await;
    fleet.get(&format!("{MARK}?hash={ALICE}&message_id={id}")).await.ok();
    assert_eq!(count(&fleet).await, 0);
}

#[tokio::test]
async fn c128_messages_of_a_blocked_tracker_can_be_read() {
    let fleet = Fleet::new().await;
    let id = fleet.says(fleet.truck, "hi").await;
    fleet.change(fleet.truck, TrackerChange { blocked: Some(true), ..Default::default() }).await;
    mark(&fleet, json!({"message_id": id})).await.ok();
    assert_eq!(fleet.store.unread_counts(&[fleet.truck]).await.unwrap(), []);
}
