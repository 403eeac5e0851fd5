//! What is PENDING survives; what is stored is not stored twice.

use protocols::{Outcome, Uplink, registry};

use super::daemon::{Daemon, next_text, patient, protocol};

#[tokio::test]
async fn pending_texts_survive_a_restart_in_order() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let protocol = registry::ALL[0];
    let tracker = daemon.tracker(&account, protocol, "13912345678").await;
    let mut ids = Vec::new();
    for n in 0..40 {
        ids.push(daemon.send(&account, tracker, &format!("text {n}")).await);
    }
    let daemon = daemon.restart().await;
    let mut device = daemon.device(protocol, "13912345678").await;
    for n in 0..40 {
        let text = next_text(&mut device).await;
        assert_eq!(text.text, format!("text {n}"));
        device.answer(text.token, Outcome::Confirm).await;
    }
    daemon.delivered(&account, tracker, ids[39]).await;
}

#[tokio::test]
async fn a_confirmation_counts_that_arrives_after_a_restart() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let jt808 = protocol("jt808");
    // A long pause after the login, so that the text is not sent again before the confirmation is in.
    let options = [("first_text_delay_ms", "60000")];
    let tracker = daemon.tracker_with(&account, jt808, "13912345678", &[]).await;
    let mut device = daemon.device(jt808, "13912345678").await;
    let id = daemon.send(&account, tracker, "late").await;
    next_text(&mut device).await;
    let change = cabwire::model::TrackerChange {
        options: Some(options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()),
        ..Default::default()
    };
    daemon.store().change_tracker(tracker, change).await.unwrap();
    device.cut();
    let daemon = daemon.restart().await;
    let mut device = daemon.device(jt808, "13912345678").await;
    // 0x0001: answers serial 1, message 0x8300, result 0.
    device.send_raw(&sealed("0001000501391234567801010001830000")).await;
    daemon.delivered(&account, tracker, id).await;
}

/// A frame from its hexadecimal digits: checksum and delimiters added. Nothing in it needs an escape.
fn sealed(hex: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    bytes.push(bytes.iter().fold(0, |xor, byte| xor ^ byte));
    assert!(!bytes.iter().any(|byte| matches!(byte, 0x7d | 0x7e)));
    [&[0x7e], bytes.as_slice(), &[0x7e]].concat()
}

#[tokio::test]
async fn a_drivers_text_repeated_after_a_restart_counts_once() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let wialon = protocol("wialon_ips");
    let tracker = daemon.tracker(&account, wialon, "353451048036030").await;
    let mut device = daemon.device(wialon, "353451048036030").await;
    device.say("arrived").await;
    assert!(patient(device.expect_ack(Uplink::Text)).await.unwrap());
    let daemon = daemon.restart().await;
    let mut device = daemon.device(wialon, "353451048036030").await;
    device.say("arrived").await;
    assert!(patient(device.expect_ack(Uplink::Text)).await.unwrap());
    assert_eq!(daemon.unread(&account, tracker).await, 1);
}

#[tokio::test]
async fn stopping_closes_connections_and_keeps_what_was_acknowledged() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let wialon = protocol("wialon_ips");
    let tracker = daemon.tracker(&account, wialon, "353451048036030").await;
    let mut device = daemon.device(wialon, "353451048036030").await;
    for n in 0..200 {
        device.say(&format!("text {n}")).await;
    }
    let (daemon, acked) = tokio::join!(daemon.restart(), async {
        let mut acked = 0;
        while patient(device.expect_ack(Uplink::Text)).await.unwrap_or(false) {
            acked += 1;
        }
        acked
    });
    let stored = daemon.unread(&account, tracker).await;
    assert!(stored >= acked, "{acked} were acknowledged, {stored} are stored");
}
