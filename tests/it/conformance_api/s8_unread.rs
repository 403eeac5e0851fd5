//! 7.8 tracker/chat/unread/count.

use cabwire::model::{StoredText, TrackerChange};
use serde_json::json;

use super::fleet::{ALICE, BOB, CAROL, Fleet};

const UNREAD: &str = "/tracker/chat/unread/count";

#[tokio::test]
async fn c149_counts_by_tracker() {
    let fleet = Fleet::new().await;
    for tracker in [fleet.truck, fleet.van, fleet.van] {
        fleet.says(tracker, "hi").await;
    }
    let reply = fleet.call(ALICE, UNREAD, json!({})).await.ok();
    let expected = json!({fleet.truck.to_string(): 1, fleet.van.to_string(): 2});
    assert_eq!(reply, json!({"success": true, "value": expected}));
}

#[tokio::test]
async fn c150_trackers_without_unread_have_no_key() {
    let fleet = Fleet::new().await;
    assert_eq!(fleet.unread(ALICE).await, json!({}));
    let id = fleet.says(fleet.truck, "hi").await;
    fleet.call(ALICE, "/tracker/chat/mark_read", json!({"message_id": id})).await.ok();
    assert_eq!(fleet.unread(ALICE).await, json!({}));
}

#[tokio::test]
async fn c151_outgoing_texts_do_not_count() {
    let fleet = Fleet::new().await;
    let id = fleet.sends(fleet.truck, "go").await;
    assert_eq!(fleet.unread(ALICE).await, json!({}));
    fleet.confirms(id).await;
    assert_eq!(fleet.unread(ALICE).await, json!({}));
}

#[tokio::test]
async fn c152_a_repeated_driver_message_counts_once() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "before").await;
    assert!(matches!(fleet.arrives(fleet.truck, "hi", 77_777).await, StoredText::New(_)));
    for _ in 0..3 {
        fleet.wait(5);
        assert_eq!(fleet.arrives(fleet.truck, "hi", 77_777).await, StoredText::Repeat);
    }
    assert_eq!(fleet.unread(ALICE).await, json!({fleet.truck.to_string(): 2}));
    assert_eq!(fleet.list(ALICE, fleet.truck).await.len(), 2);
}

#[tokio::test]
async fn c153_no_tracker_with_the_feature() {
    let fleet = Fleet::new().await;
    fleet.call(BOB, UNREAD, json!({})).await.ok();
    let tariff = Some(fleet.tariffs.without_chat);
    fleet.change(fleet.foreign, TrackerChange { tariff, ..TrackerChange::default() }).await;
    fleet.call(BOB, UNREAD, json!({})).await.error(236, 402);
}

#[tokio::test]
async fn c154_no_tracker_at_all() {
    let fleet = Fleet::new().await;
    fleet.store.remove_tracker(fleet.foreign).await.unwrap();
    fleet.directory.refresh().await.unwrap();
    fleet.call(BOB, UNREAD, json!({})).await.error(236, 402);
}

#[tokio::test]
async fn c155_blocked_trackers_are_left_out_and_sub_users_see_theirs() {
    let fleet = Fleet::new().await;
    for tracker in [fleet.truck, fleet.van, fleet.blocked] {
        fleet.says(tracker, "hi").await;
    }
    assert_eq!(
        fleet.unread(ALICE).await,
        json!({fleet.truck.to_string(): 1, fleet.van.to_string(): 1})
    );
    assert_eq!(fleet.unread(CAROL).await, json!({fleet.truck.to_string(): 1}));
}

#[tokio::test]
async fn c156_get_and_extra_parameters() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    let expected = json!({fleet.truck.to_string(): 1});
    for reply in [
        fleet.get(&format!("{UNREAD}?hash={ALICE}")).await,
        fleet.json(UNREAD, json!({"hash": ALICE})).await,
        fleet.json(UNREAD, json!({"hash": ALICE, "trackers": [fleet.van], "x": 1})).await,
    ] {
        assert_eq!(reply.ok()["value"], expected);
    }
}
