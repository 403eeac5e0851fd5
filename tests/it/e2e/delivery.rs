//! Texts down and up, over every protocol.

use cabwire::model::MessageId;
use protocols::{Outcome, Uplink, registry};
use serde_json::{Value, json};

use super::daemon::{
    Daemon, acknowledged, acknowledges, eventually, is_served, next_text, protocol, same_words,
};

#[tokio::test]
async fn a_text_turns_delivered_only_when_the_device_confirms_it() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL.iter().filter(|protocol| protocol.info().downlink_text) {
        let tracker = daemon.tracker(&account, *protocol, "13912345678").await;
        let mut device = daemon.device(*protocol, "13912345678").await;
        let id = daemon.send(&account, tracker, "Gate 4 then ramp 2").await;
        let text = next_text(&mut device).await;
        assert_eq!(text.text, "Gate 4 then ramp 2");
        let message = daemon.message(&account, tracker, id).await;
        assert_eq!(
            (&message["status"], &message["update_time"]),
            (&"PENDING".into(), &Value::Null)
        );
        device.answer(text.token, Outcome::Confirm).await;
        let message = daemon.delivered(&account, tracker, id).await;
        assert!(message["update_time"].as_str() >= message["submit_time"].as_str(), "{message}");
        assert!(message["update_time"].is_string(), "{message}");
    }
}

#[tokio::test]
async fn a_drivers_text_is_acknowledged_listed_and_unread() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL.iter().filter(|protocol| protocol.info().uplink_text) {
        let tracker = daemon.tracker(&account, *protocol, "13912345679").await;
        let mut device = daemon.device(*protocol, "13912345679").await;
        device.say("Arrived, 到达, прибыл").await;
        acknowledged(&mut device, Uplink::Text).await;
        // Acknowledged means stored: no waiting there.
        if !acknowledges(device.protocol(), Uplink::Text) {
            eventually("the text", || async {
                (daemon.unread(&account, tracker).await == 1).then_some(())
            })
            .await;
        }
        assert_eq!(daemon.unread(&account, tracker).await, 1);
        let list = daemon.list(&account, tracker).await;
        assert_eq!(list.len(), 1);
        let text = list[0]["text"].as_str().unwrap();
        assert!(same_words(text, "Arrived, 到达, прибыл"), "{text}");
        assert_eq!((&list[0]["type"], &list[0]["status"]), (&"INCOMING".into(), &"PENDING".into()));
        let id = list[0]["id"].clone();
        let answer =
            daemon.call(&account.key, "tracker/chat/mark_read", json!({ "message_id": id })).await;
        assert_eq!(answer, json!({ "success": true }));
        assert_eq!(daemon.unread(&account, tracker).await, 0);
        assert_eq!(daemon.list(&account, tracker).await[0]["update_time"], Value::Null);
    }
}

#[tokio::test]
async fn a_text_for_an_absent_device_waits_for_it() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL.iter().filter(|protocol| protocol.info().downlink_text) {
        let tracker = daemon.tracker(&account, *protocol, "13912345678").await;
        let id = daemon.send(&account, tracker, "waits").await;
        let mut device = daemon.device(*protocol, "13912345678").await;
        let text = next_text(&mut device).await;
        device.answer(text.token, Outcome::Confirm).await;
        daemon.delivered(&account, tracker, id).await;
    }
}

#[tokio::test]
async fn texts_arrive_in_the_order_of_their_ids_however_they_were_sent() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let protocol = registry::ALL[0];
    let tracker = daemon.tracker(&account, protocol, "13912345678").await;
    let mut device = daemon.device(protocol, "13912345678").await;
    let texts: Vec<String> = (0..60).map(|n| format!("text {n}")).collect();
    let sends = texts.iter().map(|text| daemon.send(&account, tracker, text));
    let (mut ids, shown) = tokio::join!(futures_util::future::join_all(sends), async {
        let mut shown = Vec::new();
        while shown.len() < 60 {
            let text = next_text(&mut device).await;
            device.answer(text.token, Outcome::Confirm).await;
            shown.push(text.text);
        }
        shown
    });
    let by_text: std::collections::HashMap<_, _> = texts.iter().zip(ids.iter().copied()).collect();
    let order: Vec<i64> = shown.iter().map(|text| by_text[text]).collect();
    ids.sort_unstable();
    assert_eq!(order, ids);
    daemon.delivered(&account, tracker, ids[59]).await;
    // The device answers the next thing it gets: nothing more is on the way.
    assert!(
        daemon.list(&account, tracker).await.iter().all(|message| message["status"] == "DELIVERED")
    );
}

#[tokio::test]
async fn a_refused_text_stays_pending_with_its_reason_and_is_tried_again() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let protocol = registry::ALL[0];
    let tracker = daemon.tracker(&account, protocol, "13912345678").await;
    let mut device = daemon.device(protocol, "13912345678").await;
    let id = daemon.send(&account, tracker, "please").await;
    let text = next_text(&mut device).await;
    device.answer(text.token, Outcome::Refuse).await;
    let record = eventually("a failed attempt", || async {
        let record = daemon.store().delivery_record(MessageId(id)).await.unwrap().unwrap();
        (record.attempts > 0).then_some(record)
    })
    .await;
    assert_eq!(record.attempts, 1);
    assert!(record.last_error.unwrap().contains("refused by the device"));
    assert_eq!(daemon.message(&account, tracker, id).await["status"], "PENDING");
    let again = next_text(&mut device).await;
    assert_eq!(again.text, "please");
    device.answer(again.token, Outcome::Confirm).await;
    daemon.delivered(&account, tracker, id).await;
}

#[tokio::test]
async fn a_lost_confirmation_is_made_up_for_after_the_reconnect() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL.iter().filter(|protocol| protocol.info().downlink_text) {
        let tracker = daemon.tracker(&account, *protocol, "13912345678").await;
        let mut device = daemon.device(*protocol, "13912345678").await;
        let id = daemon.send(&account, tracker, "once more").await;
        next_text(&mut device).await;
        device.cut();
        let mut device = daemon.device(*protocol, "13912345678").await;
        let text = next_text(&mut device).await;
        assert_eq!(text.text, "once more");
        device.answer(text.token, Outcome::Confirm).await;
        device.answer(text.token, Outcome::Confirm).await;
        let first = daemon.delivered(&account, tracker, id).await;
        is_served(&mut device).await;
        assert_eq!(
            daemon.message(&account, tracker, id).await,
            first,
            "a second confirmation changes nothing"
        );
    }
}

#[tokio::test]
async fn a_repeated_drivers_text_counts_once() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let jt808 = protocol("jt808");
    let tracker = daemon.tracker(&account, jt808, "13912345678").await;
    let mut device = daemon.device(jt808, "13912345678").await;
    // The same frame again, as a terminal does that missed the answer: frame K7b of the specification.
    let frame = [
        0x7e, 0x60, 0x06, 0x00, 0x05, 0x01, 0x39, 0x12, 0x34, 0x56, 0x78, 0x01, 0x07, 0x00, 0xca,
        0xd5, 0xb5, 0xbd, 0x42, 0x7e,
    ];
    for _ in 0..3 {
        device.send_raw(&frame).await;
    }
    device.heartbeat().await;
    acknowledged(&mut device, Uplink::Heartbeat).await;
    eventually("the text", || async {
        (daemon.unread(&account, tracker).await == 1).then_some(())
    })
    .await;
    let mut device = daemon.device(jt808, "13912345678").await;
    device.send_raw(&frame).await;
    device.say("another").await;
    acknowledged(&mut device, Uplink::Text).await;
    assert_eq!(daemon.unread(&account, tracker).await, 2, "one repeated text and another one");
    // Over a text-only protocol the same words on the same connection are two messages.
    let wialon = protocol("wialon_ips");
    let tracker = daemon.tracker(&account, wialon, "353451048036030").await;
    let mut device = daemon.device(wialon, "353451048036030").await;
    for _ in 0..2 {
        device.say("ok").await;
        acknowledged(&mut device, Uplink::Text).await;
    }
    assert_eq!(daemon.unread(&account, tracker).await, 2);
    device.cut();
    let mut device = daemon.device(wialon, "353451048036030").await;
    device.say("ok").await;
    acknowledged(&mut device, Uplink::Text).await;
    assert_eq!(daemon.unread(&account, tracker).await, 2, "repeated over a new connection");
}

#[tokio::test]
async fn a_text_of_each_alphabet_arrives_as_the_device_can_show_it() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for (name, options, sent, shown) in [
        ("jt808", &[][..], "前方2公里拥堵", "前方2公里拥堵"),
        ("jt808", &[], "Größe 5 € 🚚", "Grosse 5 EUR ?"),
        ("wialon_ips", &[], "Приехал 🚚", "Приехал 🚚"),
        ("wialon_ips", &[("charset", "cp1251")], "Приехал 🚚", "Приехал ?"),
    ] {
        let protocol = protocol(name);
        let identity = format!("1391{}", sent.len() * 100_000 + options.len());
        let tracker = daemon.tracker_with(&account, protocol, &identity, options).await;
        let mut device = daemon.device(protocol, &identity).await;
        let id = daemon.send(&account, tracker, sent).await;
        let text = next_text(&mut device).await;
        assert_eq!(text.text, shown, "{name} {options:?}");
        device.answer(text.token, Outcome::Confirm).await;
        let message = daemon.delivered(&account, tracker, id).await;
        assert_eq!(message["text"], sent, "the API keeps what was sent");
        let record = daemon.store().delivery_record(MessageId(id)).await.unwrap().unwrap();
        assert_eq!(record.lossy, sent != shown);
    }
}
