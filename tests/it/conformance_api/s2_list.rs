//! 7.2 tracker/chat/list: messages, and who may see them.

use cabwire::model::{TrackerChange, TrackerId};
use serde_json::{Value, json};

use super::fleet::{ALICE, BEACON, BOB, CAROL, Fleet};

const LIST: &str = "/tracker/chat/list";

#[tokio::test]
async fn c053_a_tracker_is_enough() {
    let fleet = Fleet::new().await;
    let reply = fleet.call(ALICE, LIST, json!({"tracker_id": fleet.truck})).await.ok();
    assert_eq!(reply["list"], json!([]));
    fleet.says(fleet.truck, "hi").await;
    assert_eq!(fleet.list(ALICE, fleet.truck).await.len(), 1);
}

#[tokio::test]
async fn c054_messages_have_the_documented_fields() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    fleet.sends(fleet.truck, "go").await;
    for message in fleet.list(ALICE, fleet.truck).await {
        let mut fields: Vec<_> = message.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            ["employee_id", "id", "status", "submit_time", "text", "type", "update_time",]
        );
        assert!(message["id"].is_i64() && message["text"].is_string());
        assert_eq!(message["employee_id"], Value::Null);
    }
}

#[tokio::test]
async fn c055_type_and_status_are_exactly_these_words() {
    let fleet = Fleet::new().await;
    let read = fleet.says(fleet.truck, "1").await;
    fleet.says(fleet.truck, "2").await;
    let delivered = fleet.sends(fleet.truck, "3").await;
    fleet.sends(fleet.truck, "4").await;
    fleet.confirms(delivered).await;
    fleet.call(ALICE, "/tracker/chat/mark_read", json!({"message_id": read})).await.ok();
    let words: Vec<_> = fleet
        .list(ALICE, fleet.truck)
        .await
        .iter()
        .map(|message| (message["type"].clone(), message["status"].clone()))
        .collect();
    assert_eq!(
        words,
        [
            (json!("INCOMING"), json!("DELIVERED")),
            (json!("INCOMING"), json!("PENDING")),
            (json!("OUTGOING"), json!("DELIVERED")),
            (json!("OUTGOING"), json!("PENDING")),
        ]
    );
}

#[tokio::test]
async fn c056_an_undelivered_text_is_pending() {
    let fleet = Fleet::new().await;
    fleet.sends(fleet.truck, "go").await;
    let message = &fleet.list(ALICE, fleet.truck).await[0];
    assert_eq!((&message["status"], &message["update_time"]), (&json!("PENDING"), &Value::Null));
    assert!(message.as_object().unwrap().contains_key("update_time"));
}

#[tokio::test]
async fn c057_a_confirmed_text_is_delivered_when_it_was_confirmed() {
    let fleet = Fleet::new().await;
    let id = fleet.sends(fleet.truck, "go").await;
    fleet.wait(5);
    fleet.confirms(id).await;
    let message = &fleet.list(ALICE, fleet.truck).await[0];
    assert_eq!((&message["type"], &message["status"]), (&json!("OUTGOING"), &json!("DELIVERED")));
    assert_eq!(message["submit_time"], "2026-03-15 17:00:00");
    assert_eq!(message["update_time"], "2026-03-15 17:00:05");
}

#[tokio::test]
async fn c058_a_new_driver_message_is_pending() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    let message = &fleet.list(ALICE, fleet.truck).await[0];
    assert_eq!((&message["type"], &message["status"]), (&json!("INCOMING"), &json!("PENDING")));
    assert_eq!(message["update_time"], Value::Null);
    assert_eq!(fleet.unread(ALICE).await[fleet.truck.to_string()], 1);
}

#[tokio::test]
async fn c059_a_read_message_is_delivered_without_update_time() {
    let fleet = Fleet::new().await;
    let id = fleet.says(fleet.truck, "hi").await;
    fleet.wait(5);
    fleet.call(ALICE, "/tracker/chat/mark_read", json!({"message_id": id})).await.ok();
    let message = &fleet.list(ALICE, fleet.truck).await[0];
    assert_eq!((&message["type"], &message["status"]), (&json!("INCOMING"), &json!("DELIVERED")));
    assert_eq!(message["update_time"], Value::Null);
}

#[tokio::test]
async fn c076_a_tracker_must_be_named() {
    let fleet = Fleet::new().await;
    fleet.call(ALICE, LIST, json!({})).await.invalid("tracker_id");
    fleet.call(ALICE, LIST, json!({"tracker_id": null})).await.invalid("tracker_id");
}

#[tokio::test]
async fn c077_foreign_trackers_do_not_exist() {
    let fleet = Fleet::new().await;
    let foreign = fleet.call(ALICE, LIST, json!({"tracker_id": fleet.foreign})).await;
    let unknown = fleet.call(ALICE, LIST, json!({"tracker_id": 999_999})).await;
    assert_eq!(foreign.error(201, 400), unknown.error(201, 400));
    assert_eq!(foreign.text, unknown.text);
    fleet.call(BOB, LIST, json!({"tracker_id": fleet.foreign})).await.ok();
}

#[tokio::test]
async fn c078_a_sub_user_sees_the_trackers_bound_to_it() {
    let fleet = Fleet::new().await;
    fleet.call(CAROL, LIST, json!({"tracker_id": fleet.truck})).await.ok();
    for tracker in [fleet.van, fleet.foreign] {
        fleet.call(CAROL, LIST, json!({"tracker_id": tracker})).await.error(201, 400);
    }
}

#[tokio::test]
async fn c079_a_blocked_tracker() {
    let fleet = Fleet::new().await;
    fleet.call(ALICE, LIST, json!({"tracker_id": fleet.blocked})).await.error(208, 403);
}

#[tokio::test]
async fn c080_a_model_without_chat() {
    let fleet = Fleet::new().await;
    fleet.call(ALICE, LIST, json!({"tracker_id": fleet.beacon})).await.error(214, 400);
}

#[tokio::test]
async fn c081_a_tariff_without_chat() {
    let fleet = Fleet::new().await;
    fleet.call(ALICE, LIST, json!({"tracker_id": fleet.silent})).await.error(236, 402);
    fleet.call(ALICE, LIST, json!({"tracker_id": fleet.unreported})).await.ok();
}

/// Gives a tracker every reason to be refused that is listed.
async fn spoil(fleet: &Fleet, tracker: TrackerId, blocked: bool, model: bool, tariff: bool) {
    let change = TrackerChange {
        blocked: Some(blocked),
        model: model.then(|| BEACON.to_owned()),
        tariff: tariff.then_some(fleet.tariffs.without_chat),
        ..TrackerChange::default()
    };
    fleet.change(tracker, change).await;
}

#[tokio::test]
async fn c082_reasons_are_told_in_the_listed_order() {
    let fleet = Fleet::new().await;
    let send = "/tracker/chat/send";
    let body = |tracker| json!({"tracker_id": tracker, "message": "go"});
    spoil(&fleet, fleet.foreign, true, true, true).await;
    spoil(&fleet, fleet.truck, true, true, true).await;
    spoil(&fleet, fleet.van, false, true, true).await;
    spoil(&fleet, fleet.unreported, false, false, true).await;
    for path in [LIST, send] {
        fleet.call(ALICE, path, body(fleet.foreign)).await.error(201, 400);
        fleet.call(ALICE, path, body(fleet.truck)).await.error(208, 403);
        fleet.call(ALICE, path, body(fleet.van)).await.error(214, 400);
        fleet.call(ALICE, path, body(fleet.unreported)).await.error(236, 402);
    }
}

#[tokio::test]
async fn c083_get_equals_post() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    let post = fleet.call(ALICE, LIST, json!({"tracker_id": fleet.truck})).await.ok();
    let get = fleet.get(&format!("{LIST}?tracker_id={}&hash={ALICE}", fleet.truck)).await.ok();
    assert_eq!(post["list"].as_array().unwrap().len(), 1);
    assert_eq!(get, post);
}

#[tokio::test]
async fn c084_listing_reads_nothing() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    let before = fleet.unread(ALICE).await;
    fleet.list(ALICE, fleet.truck).await;
    assert_eq!(before, json!({fleet.truck.to_string(): 1}));
    assert_eq!(fleet.unread(ALICE).await, before);
}

#[tokio::test]
async fn c085_texts_come_back_as_they_were() {
    let fleet = Fleet::new().await;
    let texts = [
        "Grüße, \"Fahrer\" \\ 前方2公里拥堵 🚚👍🏽",
        "line one\nline two\r\n\ttabbed",
        "  spaces around  ",
        "<b>&amp; %20 + null</b>",
        "e\u{301} \u{202e}right to left\u{200d}",
    ];
    for text in texts {
        fleet.says(fleet.truck, text).await;
        fleet.sends(fleet.truck, text).await;
    }
    let list = fleet.list(ALICE, fleet.truck).await;
    let stored: Vec<_> = list.iter().map(|message| message["text"].as_str().unwrap()).collect();
    let expected: Vec<_> = texts.iter().flat_map(|text| [*text, *text]).collect();
    assert_eq!(stored, expected);
}
