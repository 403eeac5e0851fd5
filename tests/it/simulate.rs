//! Simulated devices that live by themselves, against the whole daemon.

use std::sync::Arc;
use std::time::Duration;

use cabwire::clock::SystemClock;
use cabwire::simulate::{Behaviour, Fleet, Happening, Identity, Life, Random};
use protocols::{Protocol, TerminalSettings, registry};
use tokio::sync::mpsc;

use crate::e2e::daemon::{Daemon, eventually, identity, patient};

const IDENTITY: &str = "13912300001";

fn life(daemon: &Daemon, protocol: &'static dyn Protocol, behaviour: Behaviour) -> Life {
    Life {
        protocol,
        server: daemon.port(protocol.info().name),
        settings: TerminalSettings {
            identity: identity(protocol, IDENTITY),
            secret: None,
            dialect: None,
        },
        behaviour: Arc::new(behaviour),
        random: Random::new(1, 1),
        clock: SystemClock::new(),
    }
}

/// Starts one device; what happens to it.
fn watched(fleet: &Fleet, life: Life) -> mpsc::Receiver<Happening> {
    let (send, happenings) = mpsc::channel(1000);
    fleet.start(life, move |happening| send.try_send(happening.clone()).unwrap());
    happenings
}

async fn until(happenings: &mut mpsc::Receiver<Happening>, wanted: impl Fn(&Happening) -> bool) {
    while !wanted(&patient(happenings.recv()).await.unwrap()) {}
}

#[tokio::test]
async fn a_device_reports_confirms_and_answers_by_itself() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL {
        let tracker = daemon.tracker(&account, *protocol, IDENTITY).await;
        let behaviour = Behaviour {
            report: Some(Duration::from_secs(3600)),
            answer: Some("at the gate".to_owned()),
            ..Behaviour::default()
        };
        let fleet = Fleet::default();
        let mut happenings = watched(&fleet, life(&daemon, *protocol, behaviour));
        let id = daemon.send(&account, tracker, "where are you").await;
        daemon.delivered(&account, tracker, id).await;
        if protocol.info().uplink_text {
            eventually("answer", || async {
                let list = daemon.list(&account, tracker).await;
                list.iter().any(|message| message["text"] == "at the gate").then_some(())
            })
            .await;
        }
        until(&mut happenings, |happening| *happening == Happening::Reported).await;
        eventually("position", || async {
            let states = daemon.store().device_states(&[tracker]).await.unwrap();
            states.first().and_then(|(_, state)| state.latitude)
        })
        .await;
        fleet.stop().await;
    }
}

#[tokio::test]
async fn a_lost_confirmation_leaves_the_text_pending() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL {
        let tracker = daemon.tracker(&account, *protocol, IDENTITY).await;
        let behaviour = Behaviour { confirm: "lose=100%".parse().unwrap(), ..Behaviour::default() };
        let fleet = Fleet::default();
        let mut happenings = watched(&fleet, life(&daemon, *protocol, behaviour));
        let id = daemon.send(&account, tracker, "turn left").await;
        until(&mut happenings, |happening| matches!(happening, Happening::Ignored(_))).await;
        let message = daemon.message(&account, tracker, id).await;
        assert_eq!(message["status"], "PENDING");
        fleet.stop().await;
        let line = fleet.counts().line(1);
        assert!(line.contains("texts 1 confirmed 0 refused 0 ignored 1"), "{line}");
    }
}

#[tokio::test]
async fn a_refused_device_tries_again_until_it_is_known() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL {
        let fleet = Fleet::default();
        let mut happenings = watched(&fleet, life(&daemon, *protocol, Behaviour::default()));
        until(&mut happenings, |happening| matches!(happening, Happening::Waits(_))).await;
        daemon.tracker(&account, *protocol, IDENTITY).await;
        eventually("online", || async {
            (fleet.counts().logged_in.load(std::sync::atomic::Ordering::Relaxed) == 1).then_some(())
        })
        .await;
        fleet.stop().await;
    }
}

#[tokio::test]
async fn a_fleet_logs_in_and_says_goodbye() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let protocol = registry::ALL[0];
    let identities = Identity::counted(IDENTITY, None, 50).unwrap();
    for device in &identities {
        daemon.tracker(&account, protocol, &device.identity).await;
    }
    let fleet = Fleet::default();
    let pattern = life(&daemon, protocol, Behaviour::default());
    fleet.start_all(&pattern, identities, 1, 10_000.0).await;
    eventually("all online", || async {
        fleet.counts().line(50).starts_with("online 50/50 ").then_some(())
    })
    .await;
    fleet.stop().await;
    assert!(fleet.counts().line(50).starts_with("online 0/50 "), "{}", fleet.counts().line(50));
}

#[tokio::test]
async fn a_device_without_receipts_shows_texts_and_confirms_none() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let protocol = registry::ALL[0];
    let tracker = daemon.tracker(&account, protocol, IDENTITY).await;
    let answer = Some("on my way".to_owned());
    let behaviour = Behaviour { mute: true, answer, ..Behaviour::default() };
    let fleet = Fleet::default();
    let mut happenings = watched(&fleet, life(&daemon, protocol, behaviour));
    let id = daemon.send(&account, tracker, "turn left").await;
    until(&mut happenings, |happening| matches!(happening, Happening::Ignored(_))).await;
    // The driver can write all the same.
    eventually("answer", || async { (daemon.unread(&account, tracker).await == 1).then_some(()) })
        .await;
    assert_eq!(daemon.message(&account, tracker, id).await["status"], "PENDING");
    fleet.stop().await;
    let line = fleet.counts().line(1);
    assert!(line.contains("texts 1 confirmed 0 refused 0 ignored 1"), "{line}");
}
