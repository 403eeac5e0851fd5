//! 7.3 tracker/chat/send.

use cabwire::model::TrackerChange;
use serde_json::{Value, json};

use super::client::Reply;
use super::fleet::{ALICE, CAROL, Fleet};

const SEND: &str = "/tracker/chat/send";

/// Sends a message that may be anything to alice's truck.
async fn send(fleet: &Fleet, message: Value) -> Reply {
    fleet.call(ALICE, SEND, json!({"tracker_id": fleet.truck, "message": message})).await
}

/// Sends a body that serde would not write.
async fn send_raw(fleet: &Fleet, message: &str) -> Reply {
    let body = format!(r#"{{"hash":"{ALICE}","tracker_id":{},"message":{message}}}"#, fleet.truck);
    fleet.body(SEND, "application/json", body).await
}

#[tokio::test]
async fn c086_a_sent_text_is_pending_under_its_id() {
    let fleet = Fleet::new().await;
    let reply = send(&fleet, json!("Hello World")).await.ok();
    let id = reply["id"].as_i64().unwrap();
    assert!(id > 0);
    let list = fleet.list(ALICE, fleet.truck).await;
    assert_eq!(list.len(), 1);
    assert_eq!((&list[0]["id"], &list[0]["text"]), (&json!(id), &json!("Hello World")));
    assert_eq!((&list[0]["type"], &list[0]["status"]), (&json!("OUTGOING"), &json!("PENDING")));
}

#[tokio::test]
async fn c087_ids_increase_over_all_trackers() {
    let fleet = Fleet::new().await;
    let mut ids = Vec::new();
    for round in 0..5 {
        let tracker = if round % 2 == 0 { fleet.truck } else { fleet.van };
        ids.push(fleet.sends(tracker, "go").await.0);
        ids.push(fleet.says(tracker, "ok").await.0);
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    assert!(ids.iter().all(|id| (1..=i64::from(i32::MAX)).contains(id)));
}

#[tokio::test]
async fn c088_a_message_has_at_most_20000_characters() {
    let fleet = Fleet::new().await;
    send(&fleet, json!("a".repeat(20_000))).await.ok();
    send(&fleet, json!("a".repeat(20_001))).await.invalid("message");
    assert_eq!(fleet.list(ALICE, fleet.truck).await.len(), 1);
}

#[tokio::test]
async fn c089_characters_are_counted_not_bytes() {
    let fleet = Fleet::new().await;
    let text = "я".repeat(20_000);
    send(&fleet, json!(text)).await.ok();
    assert_eq!(fleet.list(ALICE, fleet.truck).await[0]["text"], text);
}

#[tokio::test]
async fn c090_a_message_must_be_there() {
    let fleet = Fleet::new().await;
    send(&fleet, Value::Null).await.invalid("message");
    let body = json!({"tracker_id": fleet.truck});
    fleet.call(ALICE, SEND, body).await.invalid("message");
    let form = format!("hash={ALICE}&tracker_id={}", fleet.truck);
    fleet.form(SEND, &form).await.invalid("message");
}

#[tokio::test]
async fn c091_an_empty_message_is_refused_blanks_are_not() {
    let fleet = Fleet::new().await;
    send(&fleet, json!("")).await.invalid("message");
    let form = format!("hash={ALICE}&tracker_id={}&message=", fleet.truck);
    fleet.form(SEND, &form).await.invalid("message");
    send(&fleet, json!("   ")).await.ok();
    // The word is a message like any other.
    let form = format!("hash={ALICE}&tracker_id={}&message=null", fleet.truck);
    fleet.form(SEND, &form).await.ok();
    let list = fleet.list(ALICE, fleet.truck).await;
    let texts: Vec<_> = list.iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["   ", "null"]);
}

#[tokio::test]
async fn c092_forbidden_characters_are_refused() {
    let fleet = Fleet::new().await;
    for text in ["a\0b", "a\u{7}b", "a\u{1b}[0m", "a\u{85}b", "a\u{e000}b", "a\u{10fffd}b"] {
        send(&fleet, json!(text)).await.invalid("message");
    }
    for lone in [r#""\ud800""#, r#""x\udc00y""#] {
        send_raw(&fleet, lone).await.invalid("message");
    }
    for form in ["%00", "%ED%A0%80", "%FF"] {
        let form = format!("hash={ALICE}&tracker_id={}&message={form}", fleet.truck);
        fleet.form(SEND, &form).await.invalid("message");
    }
    assert_eq!(fleet.list(ALICE, fleet.truck).await, Vec::<Value>::new());
    send(&fleet, json!("tab\tline\r\nemoji 🚚")).await.ok();
    send_raw(&fleet, r#""\ud83d\ude9a""#).await.ok();
}

#[tokio::test]
async fn c093_spaces_at_the_ends_are_kept() {
    let fleet = Fleet::new().await;
    send(&fleet, json!("  go  ")).await.ok();
    let form = format!("hash={ALICE}&tracker_id={}&message=+go%20", fleet.truck);
    fleet.form(SEND, &form).await.ok();
    let list = fleet.list(ALICE, fleet.truck).await;
    assert_eq!((&list[0]["text"], &list[1]["text"]), (&json!("  go  "), &json!(" go ")));
}

#[tokio::test]
async fn c094_a_message_is_a_string() {
    let fleet = Fleet::new().await;
    for message in [json!(5), json!(1.5), json!(true), json!(["go"]), json!({"text": "go"})] {
        send(&fleet, message).await.invalid("message");
    }
}

#[tokio::test]
async fn c095_the_reasons_of_list_apply() {
    let fleet = Fleet::new().await;
    for (tracker, code, http) in [
        (fleet.foreign, 201, 400),
        (fleet.blocked, 208, 403),
        (fleet.beacon, 214, 400),
        (fleet.silent, 236, 402),
    ] {
        let body = json!({"tracker_id": tracker, "message": "go"});
        fleet.call(ALICE, SEND, body).await.error(code, http);
    }
    let body = json!({"tracker_id": 999_999, "message": "go"});
    fleet.call(ALICE, SEND, body).await.error(201, 400);
    let body = json!({"tracker_id": fleet.van, "message": "go"});
    fleet.call(CAROL, SEND, body).await.error(201, 400);
    fleet.call(ALICE, SEND, json!({"message": "go"})).await.invalid("tracker_id");
}

#[tokio::test]
async fn c096_a_tariff_without_reports() {
    let fleet = Fleet::new().await;
    let body = json!({"tracker_id": fleet.unreported, "message": "go"});
    fleet.call(ALICE, SEND, body.clone()).await.error(236, 402);
    let tariff = Some(fleet.tariffs.full);
    fleet.change(fleet.unreported, TrackerChange { tariff, ..TrackerChange::default() }).await;
    fleet.call(ALICE, SEND, body).await.ok();
}

#[tokio::test]
async fn c097_a_device_that_never_connected_can_be_written_to() {
    let fleet = Fleet::new().await;
    let [never] = fleet.more_trackers(1).await[..] else { panic!("one was asked for") };
    fleet.sends(never, "go").await;
    assert_eq!(fleet.list(ALICE, never).await[0]["status"], "PENDING");
}

#[tokio::test]
async fn c098_the_same_text_twice_is_two_messages() {
    let fleet = Fleet::new().await;
    let (first, second) =
        (fleet.sends(fleet.truck, "go").await, fleet.sends(fleet.truck, "go").await);
    assert_ne!(first, second);
    assert_eq!(fleet.list(ALICE, fleet.truck).await.len(), 2);
}

#[tokio::test]
async fn c099_queued_texts_survive_a_restart() {
    let fleet = Fleet::new().await;
    let ids = [fleet.sends(fleet.truck, "1").await, fleet.sends(fleet.truck, "2").await];
    let fleet = fleet.restart().await;
    let offered = fleet.store.pending_texts(&[fleet.truck], 10, fleet.now()).await.unwrap();
    let offered: Vec<_> = offered.iter().map(|text| text.id).collect();
    assert_eq!(offered, ids);
    for id in ids {
        fleet.confirms(id).await;
    }
    let rest = fleet.store.pending_texts(&[fleet.truck], 10, fleet.now()).await.unwrap();
    assert_eq!(rest, [], "delivered once, offered no more");
    let list = fleet.list(ALICE, fleet.truck).await;
    assert!(list.iter().all(|message| message["status"] == "DELIVERED"));
}

#[tokio::test]
async fn c100_what_a_sub_user_sends_belongs_to_the_account() {
    let fleet = Fleet::new().await;
    let body = json!({"tracker_id": fleet.truck, "message": "from carol"});
    let id = fleet.call(CAROL, SEND, body).await.ok()["id"].clone();
    let list = fleet.list(ALICE, fleet.truck).await;
    assert_eq!((&list[0]["id"], &list[0]["text"]), (&id, &json!("from carol")));
}
