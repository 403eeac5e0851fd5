//! A tracker's model decides which options its device has and whether it can chat.

use cabwire::model::{Model, TrackerChange};
use protocols::{DeviceProfile, Uplink};
use serde_json::json;

use super::daemon::{
    Daemon, acknowledges, eventually, has_receipts, has_secret, new_tracker, next_text,
    numbers_texts, patient, protocol,
};

/// A model of the operator's own.
fn model(profile: &str) -> Model {
    Model {
        code: "mine".to_owned(),
        name: "Mine".to_owned(),
        vendor: String::new(),
        kind: "terminal".to_owned(),
        id_type: "custom".to_owned(),
        profile: Some(profile.to_owned()),
        chat: None,
    }
}

#[tokio::test]
async fn the_profile_of_its_model_is_how_a_device_is_spoken_to() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let protocol = protocol("wialon_ips");
    // Of this profile, whatever comes next is the receipt; of the standard one, nothing but an answer is.
    daemon.store().put_model(model("wialon_ips/no_answer")).await.unwrap();
    let tariff = daemon.running.directory.tariffs().first().unwrap().id;
    let mut tracker = new_tracker(&account, tariff, protocol, "13912345678");
    "mine".clone_into(&mut tracker.model);
    let tracker = daemon.register(tracker).await;
    let mut device = daemon.device(protocol, "13912345678").await;
    let id = daemon.send(&account, tracker, "Gate 4").await;
    next_text(&mut device).await;
    device.heartbeat().await;
    daemon.delivered(&account, tracker, id).await;

    // Who was let in under other options logs in again.
    daemon.store().put_model(model("wialon_ips/standard")).await.unwrap();
    patient(device.expect_close()).await;
    let mut device = daemon.device(protocol, "13912345678").await;
    let id = daemon.send(&account, tracker, "Gate 5").await;
    next_text(&mut device).await;
    device.heartbeat().await;
    assert!(patient(device.expect_ack(Uplink::Heartbeat)).await.unwrap());
    assert_eq!(daemon.message(&account, tracker, id).await["status"], "PENDING");
}

#[tokio::test]
async fn a_model_without_chat_takes_no_text_and_says_why() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let protocol = protocol("jt808");
    let tracker = daemon.tracker(&account, protocol, "13912345678").await;
    let silent =
        Model { chat: Some(false), ..model(&format!("jt808/{}", DeviceProfile::STANDARD)) };
    daemon.store().put_model(silent).await.unwrap();
    let change = TrackerChange { model: Some("mine".to_owned()), ..TrackerChange::default() };
    daemon.change(tracker, change).await;
    let body = json!({ "tracker_id": tracker, "message": "Gate 4" });
    let answer = daemon.call(&account.key, "tracker/chat/send", body).await;
    assert_eq!(answer["status"]["code"], 214, "{answer}");
    let reason = answer["reason"].as_str().unwrap();
    assert!(reason.contains("model `mine` has no chat"), "{reason}");
    let body = json!({ "trackers": [tracker], "message": "Gate 4" });
    let answer = daemon.call(&account.key, "tracker/chat/broadcast", body).await;
    assert_eq!((&answer["sent_to"], &answer["not_sent_to"]), (&json!([]), &json!([tracker])));

    // The operator knows better: the same device, and chat.
    let talking = model(&format!("jt808/{}", DeviceProfile::STANDARD));
    daemon.store().put_model(talking).await.unwrap();
    eventually("chat", || async {
        daemon.running.directory.device(tracker).unwrap().has_chat.then_some(())
    })
    .await;
    daemon.send(&account, tracker, "Gate 4").await;
}

/// What a protocol cannot do, the tests over all protocols do not ask of it. They must not overlook what it can.
#[test]
fn what_protocols_can_do_is_found_out() {
    for name in ["jt808", "wialon_ips"] {
        let protocol = protocol(name);
        for kind in [Uplink::Heartbeat, Uplink::Report, Uplink::Text] {
            assert!(acknowledges(protocol.info(), kind), "{name} {kind:?}");
        }
        assert!(has_receipts(protocol) && has_secret(protocol), "{name}");
    }
    assert!(!numbers_texts(protocol("wialon_ips")));
}
