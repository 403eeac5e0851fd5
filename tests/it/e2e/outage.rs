//! While the store fails nothing is acknowledged, and once it works again everything goes on.

use std::sync::Arc;
use std::time::Duration;

use cabwire::clock::{Clock, ManualClock, SystemClock};
use cabwire::config::Config;
use cabwire::model::MessageId;
use cabwire::simulate::{Device, DeviceEvent};
use cabwire::store::StoreError;
use protocols::{Outcome, Protocol, Uplink, registry};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::daemon::{
    Daemon, Setup, acknowledges, eventually, is_served, next_text, patient, protocol,
    through_navigator,
};
use super::faulty::{Call, Fault, Faulty};
use super::wire::{ANSWER, Frame, HEARTBEAT, SAY, Wire};

const PHONE: &str = "13912345678";

async fn daemon(clock: Arc<dyn Clock>, change: impl FnOnce(&mut Config)) -> (Daemon, Faulty) {
    let (wrap, store) = Faulty::wrap();
    let daemon = Daemon::set_up(Setup { clock, wrap, ..Setup::default() }, change).await;
    let store = store.get().unwrap().clone();
    (daemon, store)
}

async fn usual() -> (Daemon, Faulty) {
    daemon(SystemClock::new(), |_| {}).await
}

fn manual() -> Arc<ManualClock> {
    ManualClock::new("2025-10-06T08:20:00Z".parse().unwrap())
}

#[tokio::test]
async fn what_cannot_be_stored_is_never_acknowledged() {
    let (daemon, store) = usual().await;
    let account = daemon.account("fleet").await;
    let answers = |protocol: &&&dyn Protocol| {
        acknowledges(protocol.info(), Uplink::Text) && !through_navigator(**protocol)
    };
    for protocol in registry::ALL.iter().filter(answers) {
        let tracker = daemon.tracker(&account, *protocol, PHONE).await;
        let mut device = daemon.device(*protocol, PHONE).await;
        for fault in [Fault::unavailable(), Fault::Fails(StoreError::Busy)] {
            store.disturb(Call::Record, fault);
            let calls = store.calls(Call::Record);
            device.say("to be repeated").await;
            let what = format!("{}: the store is asked", protocol.info().name);
            eventually(&what, || async { (store.calls(Call::Record) > calls).then_some(()) }).await;
            assert!(daemon.list(&account, tracker).await.is_empty());
        }
        store.heal();
        // Had one of the others been acknowledged, this would be over before the text is there.
        device.say("to be repeated").await;
        let acked =
            |event: &DeviceEvent| (*event == DeviceEvent::Acked(Uplink::Text)).then_some(());
        patient(device.wait_for(acked)).await.unwrap();
        assert_eq!(daemon.unread(&account, tracker).await, 1);
    }
}

#[tokio::test]
async fn a_text_whose_commit_was_in_doubt_is_stored_once() {
    let (daemon, store) = usual().await;
    let account = daemon.account("fleet").await;
    let tracker = daemon.tracker(&account, protocol("jt808"), PHONE).await;
    let mut wire = Wire::connect(daemon.port("jt808")).await.unwrap();
    wire.log_in(PHONE).await;
    let text = Frame::say(PHONE, 5, "stored or not");
    store.disturb(Call::Record, Fault::AnswerLost(StoreError::Unavailable("in doubt".into())));
    wire.send(&text).await.unwrap();
    assert_eq!(wire.expect().await.about(), (5, SAY, 1));
    store.heal();
    wire.send(&text).await.unwrap();
    assert_eq!(wire.expect().await.about(), (5, SAY, 0));
    assert_eq!(daemon.unread(&account, tracker).await, 1);
}

#[tokio::test]
async fn the_api_says_that_a_text_was_not_queued() {
    let (daemon, store) = usual().await;
    let account = daemon.account("fleet").await;
    let protocol = registry::ALL[0];
    let tracker = daemon.tracker(&account, protocol, PHONE).await;
    let mut device = daemon.device(protocol, PHONE).await;
    let refused = [
        (Fault::unavailable(), json!({ "code": 14, "description": "Database unavailable" })),
        (
            Fault::Fails(StoreError::Busy),
            json!({ "code": 8, "description": "Queue service error, try again later" }),
        ),
    ];
    for (fault, status) in refused {
        store.disturb(Call::QueueTexts, fault);
        let one = json!({ "tracker_id": tracker, "message": "hello" });
        let all = json!({ "trackers": [tracker], "message": "hello" });
        for (action, body) in [("send", one), ("broadcast", all)] {
            let action = format!("tracker/chat/{action}");
            let answer = daemon.call(&account.key, &action, body).await;
            assert_eq!((&answer["success"], &answer["status"]), (&Value::Bool(false), &status));
        }
        assert!(daemon.list(&account, tracker).await.is_empty());
    }
    store.heal();
    let id = daemon.send(&account, tracker, "hello at last").await;
    let text = next_text(&mut device).await;
    assert_eq!(text.text, "hello at last", "and nothing of what was refused");
    device.answer(text.token, Outcome::Confirm).await;
    daemon.delivered(&account, tracker, id).await;
}

/// Waits until the queue of a connected device has no question to the store open.
async fn knows_what_waits(store: &Faulty, device: &mut Device) {
    loop {
        let asked = store.calls(Call::PendingTexts);
        eventually("texts are loaded", || async {
            store.is_quiet(Call::PendingTexts).then_some(())
        })
        .await;
        // By the time the second is answered the first has shown the queue what was loaded, and it would have asked again.
        is_served(device).await;
        is_served(device).await;
        if store.calls(Call::PendingTexts) == asked {
            return;
        }
    }
}

#[tokio::test]
async fn a_receipt_is_brought_to_the_store_when_it_works_again() {
    let (daemon, store) = usual().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL.iter().filter(|protocol| protocol.info().downlink_text) {
        let tracker = daemon.tracker(&account, *protocol, PHONE).await;
        let mut device = daemon.device(*protocol, PHONE).await;
        let first = daemon.send(&account, tracker, "first").await;
        let text = next_text(&mut device).await;
        // Otherwise it asks once more after the receipt, and the second text waits for the outage to end.
        knows_what_waits(&store, &mut device).await;
        assert_eq!(daemon.message(&account, tracker, first).await["status"], "PENDING");
        store.disturb(Call::UpdateDeliveries, Fault::unavailable());
        let failed = store.failed();
        device.answer(text.token, Outcome::Confirm).await;
        eventually("it was tried again", || async { (store.failed() > failed + 1).then_some(()) })
            .await;
        assert_eq!(daemon.message(&account, tracker, first).await["status"], "PENDING");
        // The next one does not wait for it; and over a new connection the first does not come again.
        let second = daemon.send(&account, tracker, "second").await;
        assert_eq!(next_text(&mut device).await.text, "second");
        device.cut();
        let mut device = daemon.device(*protocol, PHONE).await;
        is_served(&mut device).await;
        store.heal();
        daemon.delivered(&account, tracker, first).await;
        let text = next_text(&mut device).await;
        assert_eq!(text.text, "second");
        device.answer(text.token, Outcome::Confirm).await;
        daemon.delivered(&account, tracker, second).await;
    }
}

#[tokio::test]
async fn a_device_that_logs_in_during_an_outage_gets_its_texts_afterwards() {
    let (daemon, store) = usual().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL.iter().filter(|protocol| protocol.info().downlink_text) {
        let tracker = daemon.tracker(&account, *protocol, PHONE).await;
        let id = daemon.send(&account, tracker, "waits").await;
        store.disturb(Call::PendingTexts, Fault::unavailable());
        let mut device = daemon.device(*protocol, PHONE).await;
        let failed = store.failed();
        eventually("texts were asked for", || async { (store.failed() > failed).then_some(()) })
            .await;
        is_served(&mut device).await;
        store.heal();
        let text = next_text(&mut device).await;
        device.answer(text.token, Outcome::Confirm).await;
        daemon.delivered(&account, tracker, id).await;
    }
}

#[tokio::test]
async fn a_text_that_was_committed_is_sent_though_nobody_waits_for_the_answer() {
    let (daemon, store) = usual().await;
    let account = daemon.account("fleet").await;
    let protocol = registry::ALL[0];
    let tracker = daemon.tracker(&account, protocol, PHONE).await;
    let mut device = daemon.device(protocol, PHONE).await;
    // The queue has asked the store once and knows that nothing waits.
    let id = daemon.send(&account, tracker, "first").await;
    let text = next_text(&mut device).await;
    device.answer(text.token, Outcome::Confirm).await;
    daemon.delivered(&account, tracker, id).await;

    let permits = Arc::new(Semaphore::new(0));
    store.disturb(Call::QueueTexts, Fault::AnswerWaits(Arc::clone(&permits)));
    let mut client = TcpStream::connect(daemon.running.api[0]).await.unwrap();
    let body = format!("hash={}&tracker_id={tracker}&message=second", account.key);
    let request = format!(
        "POST /tracker/chat/send HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(request.as_bytes()).await.unwrap();
    eventually("it is committed", || async {
        (daemon.list(&account, tracker).await.len() == 2).then_some(())
    })
    .await;
    drop(client);
    // The daemon has seen the client go when it has answered another one on this thread a few times.
    for _ in 0..10 {
        is_served(&mut device).await;
    }
    permits.add_permits(1);
    let text = next_text(&mut device).await;
    assert_eq!(text.text, "second");
}

#[tokio::test]
async fn a_text_whose_commit_was_in_doubt_is_sent_if_it_is_there() {
    let (daemon, store) = usual().await;
    let account = daemon.account("fleet").await;
    let protocol = registry::ALL[0];
    let tracker = daemon.tracker(&account, protocol, PHONE).await;
    let mut device = daemon.device(protocol, PHONE).await;
    let in_doubt = StoreError::Unavailable("in doubt".into());
    store.disturb(Call::QueueTexts, Fault::AnswerLost(in_doubt));
    let body = json!({ "tracker_id": tracker, "message": "listed" });
    let answer = daemon.call(&account.key, "tracker/chat/send", body).await;
    assert_eq!(answer["status"]["code"], 14);
    let listed = daemon.list(&account, tracker).await[0]["id"].as_i64().unwrap();
    let text = next_text(&mut device).await;
    device.answer(text.token, Outcome::Confirm).await;
    daemon.delivered(&account, tracker, listed).await;
}

#[tokio::test]
async fn a_slow_disk_makes_nobody_look_silent_and_nothing_is_lost() {
    const TEXTS: u16 = 50;
    let clock = manual();
    let (daemon, store) = daemon(Arc::clone(&clock) as _, |config| {
        config.limits.uncommitted = 4;
    })
    .await;
    let account = daemon.account("fleet").await;
    let jt808 = protocol("jt808");
    let tracker = daemon.tracker(&account, jt808, PHONE).await;
    daemon.tracker(&account, jt808, "13912345679").await;
    let mut wire = Wire::connect(daemon.port("jt808")).await.unwrap();
    wire.log_in(PHONE).await;
    let mut other = daemon.device(jt808, "13912345679").await;
    let permits = Arc::new(Semaphore::new(0));
    store.disturb(Call::Record, Fault::AnswerWaits(Arc::clone(&permits)));
    let before = store.calls(Call::Record);
    for number in 1..=TEXTS {
        wire.send(&Frame::say(PHONE, number, &format!("text {number}"))).await.unwrap();
        // Each has a read of its own, as long as anything is read.
        is_served(&mut other).await;
    }
    assert_eq!(store.calls(Call::Record) - before, 4, "more is not read");
    // Much later, and deadlines were looked at: this one says nothing although it is listened to.
    let mut silent = TcpStream::connect(daemon.port("jt808")).await.unwrap();
    for _ in 0..3 {
        clock.advance(Duration::from_secs(170));
        is_served(&mut other).await;
    }
    assert_eq!(patient(silent.read(&mut [0; 1])).await.unwrap(), 0);
    assert_eq!(wire.next_now(), None);
    store.heal();
    permits.add_permits(4);
    for number in 1..=TEXTS {
        assert_eq!(wire.expect().await.about(), (number, SAY, 0));
    }
    assert_eq!(daemon.unread(&account, tracker).await, i64::from(TEXTS));
}

#[tokio::test]
async fn a_sign_of_life_does_not_wait_for_the_disk() {
    let (daemon, store) = usual().await;
    let account = daemon.account("fleet").await;
    daemon.tracker(&account, protocol("jt808"), PHONE).await;
    let mut wire = Wire::connect(daemon.port("jt808")).await.unwrap();
    wire.log_in(PHONE).await;
    let permits = Arc::new(Semaphore::new(0));
    store.disturb(Call::Record, Fault::AnswerWaits(Arc::clone(&permits)));
    wire.send(&Frame::say(PHONE, 1, "slow")).await.unwrap();
    wire.send(&Frame::new(HEARTBEAT, PHONE, 2, &[])).await.unwrap();
    assert_eq!(wire.expect_id(ANSWER).await.about(), (2, HEARTBEAT, 0));
    permits.add_permits(1);
    assert_eq!(wire.expect_id(ANSWER).await.about(), (1, SAY, 0));
}

#[tokio::test]
async fn a_text_that_was_passed_over_during_an_outage_is_tried_again() {
    let clock = manual();
    let (daemon, store) = daemon(Arc::clone(&clock) as _, |config| {
        config.outbox.first_retry_seconds = 1;
    })
    .await;
    let account = daemon.account("fleet").await;
    let protocol = protocol("jt808");
    let tracker = daemon.tracker(&account, protocol, PHONE).await;
    let mut device = daemon.device(protocol, PHONE).await;
    let id = daemon.send(&account, tracker, "please").await;
    let refuse = async |device: &mut Device| {
        let text = next_text(device).await;
        assert_eq!(text.text, "please");
        device.answer(text.token, Outcome::Refuse).await;
    };
    // Retry times up to now have been looked at.
    let swept = async || {
        let sweeps = store.calls(Call::DueRetries);
        let more = || async { (store.calls(Call::DueRetries) > sweeps + 1).then_some(()) };
        eventually("a sweep", more).await;
    };
    for attempt in 1..=2 {
        refuse(&mut device).await;
        eventually("the attempt is noted", || async {
            let record = daemon.store().delivery_record(MessageId(id)).await.unwrap().unwrap();
            (record.attempts == attempt).then_some(())
        })
        .await;
        clock.advance(Duration::from_secs(20));
        swept().await;
    }
    // The third refusal passes it over, for a second; that cannot be noted before the second is long over.
    store.disturb(Call::UpdateDeliveries, Fault::unavailable());
    let failed = store.failed();
    refuse(&mut device).await;
    eventually("the outage", || async { (store.failed() > failed).then_some(()) }).await;
    clock.advance(Duration::from_secs(60));
    swept().await;
    store.heal();
    let text = next_text(&mut device).await;
    assert_eq!(text.text, "please");
    device.answer(text.token, Outcome::Confirm).await;
    daemon.delivered(&account, tracker, id).await;
}
