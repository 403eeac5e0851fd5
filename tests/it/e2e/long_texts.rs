//! Texts far longer than a device takes at once.

use cabwire::model::MessageId;
use protocols::{Outcome, registry};

use super::daemon::{Daemon, eventually, next_text, same_words};

fn long_text() -> String {
    "Loading at gate 7 装货 7号门 погрузка у ворот 7. ".chars().cycle().take(20_000).collect()
}

/// A part without its label.
fn unlabelled(part: &str) -> &str {
    part.strip_prefix('(').and_then(|rest| rest.split_once(") ")).map_or(part, |(_, text)| text)
}

#[tokio::test]
async fn twenty_thousand_characters_arrive_whole_over_every_protocol() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL.iter().filter(|protocol| protocol.info().downlink_text) {
        let tracker = daemon.tracker(&account, *protocol, "13912345678").await;
        let mut device = daemon.device(*protocol, "13912345678").await;
        let id = daemon.send(&account, tracker, &long_text()).await;
        let parts = daemon.store().delivery_record(MessageId(id)).await.unwrap().unwrap().parts;
        assert!(parts > 1, "{parts}");
        let mut whole = String::new();
        for part in 1..=parts {
            assert_eq!(daemon.message(&account, tracker, id).await["status"], "PENDING");
            let text = next_text(&mut device).await;
            assert!(text.text.starts_with(&format!("({part}/{parts}) ")), "{}", text.text);
            whole.push_str(unlabelled(&text.text));
            device.answer(text.token, Outcome::Confirm).await;
        }
        assert!(same_words(&whole, &long_text()), "{}", protocol.info().name);
        daemon.delivered(&account, tracker, id).await;
    }
}

#[tokio::test]
async fn a_half_sent_text_goes_on_with_the_first_unconfirmed_part() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL.iter().filter(|protocol| protocol.info().downlink_text) {
        let tracker = daemon.tracker(&account, *protocol, "13912345678").await;
        let id = daemon.send(&account, tracker, &long_text()).await;
        let parts = daemon.store().delivery_record(MessageId(id)).await.unwrap().unwrap().parts;
        let mut device = daemon.device(*protocol, "13912345678").await;
        for _ in 0..3 {
            let text = next_text(&mut device).await;
            device.answer(text.token, Outcome::Confirm).await;
        }
        // The fourth part arrives, its confirmation does not.
        let fourth = next_text(&mut device).await;
        eventually("three parts noted", || async {
            let record = daemon.store().delivery_record(MessageId(id)).await.unwrap().unwrap();
            (record.parts_done == 3).then_some(())
        })
        .await;
        device.cut();
        let mut device = daemon.device(*protocol, "13912345678").await;
        let again = next_text(&mut device).await;
        assert_eq!(again.text, fourth.text);
        device.answer(again.token, Outcome::Confirm).await;
        for part in 5..=parts {
            let text = next_text(&mut device).await;
            assert!(text.text.starts_with(&format!("({part}/{parts}) ")), "{}", text.text);
            device.answer(text.token, Outcome::Confirm).await;
        }
        daemon.delivered(&account, tracker, id).await;
    }
}
