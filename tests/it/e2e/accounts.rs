//! Two accounts never see each other.

use serde_json::json;

use super::daemon::{Daemon, patient};
use protocols::{Uplink, registry};

#[tokio::test]
async fn two_accounts_never_see_each_others_trackers() {
    let daemon = Daemon::start().await;
    let (ours, theirs) = (daemon.account("ours").await, daemon.account("theirs").await);
    let protocol = registry::ALL[0];
    let our_tracker = daemon.tracker(&ours, protocol, "13912345678").await;
    let their_tracker = daemon.tracker(&theirs, protocol, "13912345679").await;
    let mut device = daemon.device(protocol, "13912345679").await;
    device.say("for their eyes only").await;
    assert!(patient(device.expect_ack(Uplink::Text)).await.unwrap());
    let id = daemon.list(&theirs, their_tracker).await[0]["id"].clone();

    let not_found = json!({ "code": 201, "description": "Not found in database" });
    for (action, body) in [
        ("tracker/chat/list", json!({ "tracker_id": their_tracker })),
        ("tracker/chat/send", json!({ "tracker_id": their_tracker, "message": "x" })),
        ("tracker/chat/mark_read", json!({ "message_id": id })),
        ("tracker/chat/mark_read_all", json!({ "trackers": [their_tracker] })),
        ("tracker/read", json!({ "tracker_id": their_tracker })),
    ] {
        assert_eq!(daemon.call(&ours.key, action, body).await["status"], not_found, "{action}");
    }
    for action in ["tracker/chat/broadcast", "tracker/chat/updated/list"] {
        let body = json!({ "trackers": [our_tracker, their_tracker], "message": "x" });
        assert_eq!(daemon.call(&ours.key, action, body).await["status"]["code"], 217, "{action}");
    }
    let mine = daemon.call(&ours.key, "tracker/list", json!({})).await;
    assert_eq!(mine["list"].as_array().unwrap().len(), 1);
    assert_eq!(mine["list"][0]["id"], our_tracker.0);
    daemon.call(&ours.key, "tracker/chat/mark_read_all", json!({})).await;
    assert_eq!(daemon.unread(&theirs, their_tracker).await, 1, "nothing of theirs was marked");
    assert!(daemon.list(&ours, our_tracker).await.is_empty());
}
