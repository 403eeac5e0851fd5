//! Who is let in, with which secret, and how changed records reach devices that are online.

use cabwire::clock::Clock as _;
use cabwire::clock::SystemClock;
use cabwire::model::{NewEmployee, NewTracker, TrackerChange};
use cabwire::secret;
use protocols::{Protocol, TerminalSettings, Uplink, registry};
use serde_json::json;

use super::daemon::{
    Account, Daemon, acknowledged, eventually, has_receipts, has_secret, identity, is_served,
    new_tracker, next_text, pairs, patient, protocol,
};
use super::wire::{ANSWER, Frame, LOGIN, REGISTRATION_ANSWER, Wire};

const PHONE: &str = "13912345678";

fn with_secret(secret: &str) -> TerminalSettings {
    let secret = Some(secret.to_owned());
    TerminalSettings { identity: PHONE.to_owned(), secret, dialect: None }
}

/// A record like [`Daemon::tracker`] makes it.
fn record(daemon: &Daemon, account: &Account, protocol: &dyn Protocol) -> NewTracker {
    let tariff = daemon.running.directory.tariffs().first().unwrap().id;
    new_tracker(account, tariff, protocol, PHONE)
}

#[tokio::test]
async fn a_device_with_a_password_is_let_in_with_it_and_not_with_another() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL.iter().filter(|protocol| has_secret(**protocol)) {
        let name = protocol.info().name;
        let record = record(&daemon, &account, *protocol);
        let secret = Some(secret::digest("pass1"));
        let tracker = daemon.register(NewTracker { secret, ..record }).await;
        let port = daemon.port(name);

        let mut wrong = daemon.connect_as(*protocol, with_secret("pass2"), port).await;
        assert!(patient(wrong.login()).await.is_err(), "{name}");
        let stranger = eventually("the stranger", || async {
            let strangers = daemon.store().strangers().await.unwrap();
            strangers.into_iter().find(|stranger| stranger.protocol == name)
        })
        .await;
        let known = identity(*protocol, PHONE);
        assert_eq!((stranger.identity, stranger.count), (known, 1), "{name}");
        assert_ne!(stranger.reason, "unknown device", "{name}");
        wrong.say("let me in").await;
        assert!(!matches!(patient(wrong.expect_ack(Uplink::Text)).await, Ok(true)));

        let mut right = daemon.connect_as(*protocol, with_secret("pass1"), port).await;
        patient(right.login()).await.unwrap();
        right.say("it is me").await;
        acknowledged(&mut right, Uplink::Text).await;
        let list = daemon.list(&account, tracker).await;
        assert_eq!((list.len(), &list[0]["text"]), (1, &json!("it is me")), "{name}");
    }
}

#[tokio::test]
async fn the_code_of_a_registration_opens_the_door_the_next_time_and_after_a_restart() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let record = record(&daemon, &account, protocol("jt808"));
    let options = pairs(&[("auth", "strict"), ("first_text_delay_ms", "0")]);
    daemon.register(NewTracker { options, ..record }).await;

    let mut terminal = Wire::connect(daemon.port("jt808")).await.unwrap();
    terminal.send(&Frame::registration(PHONE, 0)).await.unwrap();
    let answer = terminal.expect_id(REGISTRATION_ANSWER).await;
    let (result, code) = (answer.body[2], answer.body[3..].to_vec());
    assert_eq!((result, code.len()), (0, 12), "{answer:?}");

    let log_in = async |daemon: &Daemon, code: &[u8]| {
        let mut terminal = Wire::connect(daemon.port("jt808")).await.unwrap();
        terminal.send(&Frame::new(LOGIN, PHONE, 0, code)).await.unwrap();
        terminal.expect_id(ANSWER).await.about()
    };
    assert_eq!(log_in(&daemon, &code).await, (0, LOGIN, 0));
    assert_eq!(log_in(&daemon, b"ANOTHER").await, (0, LOGIN, 1));
    let daemon = daemon.restart().await;
    assert_eq!(log_in(&daemon, &code).await, (0, LOGIN, 0));
    assert_eq!(log_in(&daemon, b"").await, (0, LOGIN, 1));
}

#[tokio::test]
async fn registering_is_no_way_around_a_password() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let record = record(&daemon, &account, protocol("jt808"));
    let secret = Some(secret::digest("PASS1"));
    daemon.register(NewTracker { secret, ..record }).await;
    let mut impostor = Wire::connect(daemon.port("jt808")).await.unwrap();
    impostor.send(&Frame::registration(PHONE, 0)).await.unwrap();
    let told = impostor.expect_id(REGISTRATION_ANSWER).await.body[3..].to_vec();
    for (code, result) in [(&told[..], 1), (b"PASS1", 0)] {
        impostor.send(&Frame::new(LOGIN, PHONE, 1, code)).await.unwrap();
        assert_eq!(impostor.expect_id(ANSWER).await.about(), (1, LOGIN, result));
        assert_eq!(daemon.running.registry.len(), usize::from(result == 0));
    }
}

#[tokio::test]
async fn a_device_that_another_process_registers_is_let_in_soon() {
    // It asks so often that it would be answered slowly.
    let daemon = Daemon::start_with(|config| config.limits.strangers_per_minute = u32::MAX).await;
    let account = daemon.account("fleet").await;
    let command = daemon.second_store().await;
    for protocol in registry::ALL {
        let port = daemon.port(protocol.info().name);
        let mut early = daemon.connect(*protocol, PHONE, port).await;
        assert!(patient(early.login()).await.is_err());
        let record = record(&daemon, &account, *protocol);
        command.create_trackers(vec![record], SystemClock::new().wall()).await.unwrap();
        let mut device = eventually("it is let in", || async {
            let mut device = daemon.connect(*protocol, PHONE, port).await;
            patient(device.login()).await.ok().map(|()| device)
        })
        .await;
        is_served(&mut device).await;
    }
    command.close().await;
}

#[tokio::test]
async fn changed_options_reconnect_a_device_and_hold_from_then_on() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let command = daemon.second_store().await;
    // Under a profile with chat: a navigator has a charset of its own.
    let has_charset = |protocol: &&&dyn Protocol| {
        let chat = protocol.info().profiles.iter().find(|profile| profile.has_chat(**protocol));
        let options = chat.map(|chat| chat.options_with(**protocol, [("charset", "ascii")]));
        let Some(Ok(options)) = options else { return false };
        let plan = protocol.plan_text("Größe", &options);
        has_receipts(**protocol) && plan.is_ok_and(|plan| plan.lossy)
    };
    for protocol in registry::ALL.iter().filter(has_charset) {
        let tracker = daemon.tracker(&account, *protocol, PHONE).await;
        let mut device = daemon.device(*protocol, PHONE).await;
        let options = pairs(&[("charset", "ascii")]);
        let change = TrackerChange { options: Some(options), ..Default::default() };
        command.change_tracker(tracker, change).await.unwrap();
        patient(device.expect_close()).await;
        let mut device = daemon.device(*protocol, PHONE).await;
        daemon.send(&account, tracker, "Größe").await;
        assert_eq!(next_text(&mut device).await.text, "Grosse", "{}", protocol.info().name);
    }
    command.close().await;
}

#[tokio::test]
async fn a_new_label_or_driver_does_not_disconnect_a_device() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let command = daemon.second_store().await;
    let ann = command.create_employee(account.user, NewEmployee::default()).await.unwrap().id;
    for protocol in registry::ALL {
        let tracker = daemon.tracker(&account, *protocol, PHONE).await;
        let marker = daemon.tracker(&account, *protocol, "13912345679").await;
        let mut device = daemon.device(*protocol, PHONE).await;
        let mut marked = daemon.device(*protocol, "13912345679").await;
        let label = TrackerChange { label: Some("Truck 1".to_owned()), ..Default::default() };
        command.change_tracker(tracker, label).await.unwrap();
        let body = json!({ "tracker_id": tracker, "new_employee_id": ann });
        let answer = eventually("the employee is known", || async {
            let answer = daemon.call(&account.key, "tracker/employee/assign", body.clone()).await;
            (answer["success"] == true).then_some(answer)
        })
        .await;
        assert_eq!(answer, json!({ "success": true }));
        // What was changed before this has been dealt with by the time this shows.
        let blocked = TrackerChange { blocked: Some(true), ..Default::default() };
        command.change_tracker(marker, blocked).await.unwrap();
        patient(marked.expect_close()).await;
        let record = daemon.running.directory.device(tracker).unwrap();
        assert_eq!(
            (record.tracker.label.as_str(), record.tracker.employee),
            ("Truck 1", Some(ann))
        );
        is_served(&mut device).await;
    }
    command.close().await;
}

#[tokio::test]
async fn a_drivers_text_is_signed_by_who_was_driving() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let store = daemon.store();
    let ann = store.create_employee(account.user, NewEmployee::default()).await.unwrap().id;
    let bob = store.create_employee(account.user, NewEmployee::default()).await.unwrap().id;
    for protocol in registry::ALL.iter().filter(|protocol| protocol.info().uplink_text) {
        let tracker = daemon.tracker(&account, *protocol, PHONE).await;
        let mut device = daemon.device(*protocol, PHONE).await;
        let drivers = [json!(null), json!(ann), json!(bob), json!(null)];
        for (number, driver) in drivers.iter().enumerate() {
            if number > 0 {
                let body = json!({ "tracker_id": tracker, "new_employee_id": driver });
                let answer = daemon.call(&account.key, "tracker/employee/assign", body).await;
                assert_eq!(answer, json!({ "success": true }));
            }
            device.say(&format!("text {number}")).await;
            acknowledged(&mut device, Uplink::Text).await;
            eventually("the text", || async {
                (daemon.list(&account, tracker).await.len() > number).then_some(())
            })
            .await;
        }
        let list = daemon.list(&account, tracker).await;
        let signed: Vec<_> = list.iter().map(|message| message["employee_id"].clone()).collect();
        assert_eq!(signed, drivers, "also the older ones, now that somebody else drives");
    }
}

#[tokio::test]
async fn a_terminal_that_is_blocked_after_its_registration_does_not_come_online() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let tracker = daemon.tracker(&account, protocol("jt808"), PHONE).await;
    let mut terminal = Wire::connect(daemon.port("jt808")).await.unwrap();
    terminal.send(&Frame::registration(PHONE, 0)).await.unwrap();
    assert_eq!(terminal.expect_id(REGISTRATION_ANSWER).await.body[2], 0);
    daemon.change(tracker, TrackerChange { blocked: Some(true), ..Default::default() }).await;
    // Any message would do for a login by now.
    terminal.send(&Frame::say(PHONE, 1, "let me in")).await.unwrap();
    assert_eq!(patient(terminal.next()).await.ok().flatten(), None, "closed without an answer");
    assert!(daemon.store().unread_counts(&[tracker]).await.unwrap().is_empty());
    assert_eq!(daemon.running.registry.len(), 0);
}
