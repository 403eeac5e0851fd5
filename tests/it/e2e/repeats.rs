//! What a driver says twice is two messages; what a device sends twice is one.

use cabwire::clock::{Clock as _, SystemClock};
use cabwire::model::TrackerChange;
use protocols::Uplink;

use super::daemon::{Daemon, patient, protocol};
use super::wire::{Frame, SAY, Wire};

const PHONE: &str = "13912345678";

#[tokio::test]
async fn the_same_words_again_are_a_new_message_also_after_a_command_changed_a_record() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let wialon = protocol("wialon_ips");
    let tracker = daemon.tracker(&account, wialon, PHONE).await;
    let command = daemon.second_store().await;
    let mut device = daemon.device(wialon, PHONE).await;
    for said in 1..=4 {
        device.say("ok").await;
        assert!(patient(device.expect_ack(Uplink::Text)).await.unwrap());
        assert_eq!(daemon.unread(&account, tracker).await, said);
        // What another process commits makes the store read again what it had in memory.
        let label = Some(format!("truck {said}"));
        let change = TrackerChange { label, ..Default::default() };
        command.change_tracker(tracker, change).await.unwrap();
    }
    // Over another connection it may be a repeat, and is taken for one.
    let mut device = daemon.device(wialon, PHONE).await;
    device.say("ok").await;
    assert!(patient(device.expect_ack(Uplink::Text)).await.unwrap());
    assert_eq!(daemon.unread(&account, tracker).await, 4);
    command.close().await;
}

#[tokio::test]
async fn the_same_frame_again_is_one_message_also_after_a_command_changed_a_record() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let tracker = daemon.tracker(&account, protocol("jt808"), PHONE).await;
    let command = daemon.second_store().await;
    let mut wire = Wire::connect(daemon.port("jt808")).await.unwrap();
    wire.log_in(PHONE).await;
    for round in 0..3 {
        wire.send(&Frame::say(PHONE, 7, "ok")).await.unwrap();
        assert_eq!(wire.expect().await.about(), (7, SAY, 0));
        assert_eq!(daemon.unread(&account, tracker).await, 1);
        command.create_user(other(round), SystemClock::new().wall()).await.unwrap();
    }
    command.close().await;
}

fn other(number: i32) -> cabwire::model::NewUser {
    cabwire::model::NewUser {
        login: format!("other{number}"),
        password_hash: String::new(),
        title: String::new(),
        time_zone: "UTC".to_owned(),
        locale: "en_US".to_owned(),
        master: None,
    }
}
