//! The newest login of a device wins.

use cabwire::simulate::Closed;
use protocols::{Outcome, registry};

use super::daemon::{Daemon, eventually, is_served, next_text, patient};

#[tokio::test]
async fn the_newest_login_wins_and_late_receipts_of_the_older_change_nothing() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL.iter().filter(|protocol| protocol.info().downlink_text) {
        let tracker = daemon.tracker(&account, *protocol, "13912345678").await;
        let mut old = daemon.device(*protocol, "13912345678").await;
        let id = daemon.send(&account, tracker, "to whom?").await;
        let on_old = next_text(&mut old).await;
        let mut new = daemon.device(*protocol, "13912345678").await;
        old.answer(on_old.token, Outcome::Confirm).await;
        assert!(matches!(
            patient(old.expect_close()).await,
            Closed::ByPlatform | Closed::Broken(_)
        ));
        let on_new = next_text(&mut new).await;
        assert_eq!(on_new.text, "to whom?");
        assert_eq!(
            daemon.message(&account, tracker, id).await["status"],
            "PENDING",
            "the older one's word is void"
        );
        new.answer(on_new.token, Outcome::Confirm).await;
        daemon.delivered(&account, tracker, id).await;
        // The newer one stays.
        is_served(&mut new).await;
    }
}

#[tokio::test]
async fn a_blocked_device_is_disconnected_and_refused() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL {
        let tracker = daemon.tracker(&account, *protocol, "13912345678").await;
        let mut device = daemon.device(*protocol, "13912345678").await;
        let change = cabwire::model::TrackerChange { blocked: Some(true), ..Default::default() };
        daemon.store().change_tracker(tracker, change).await.unwrap();
        // The daemon notices by itself, as it does when the command line made the change.
        patient(device.expect_close()).await;
        eventually("offline", || async {
            (!daemon.running.registry.is_online(tracker)).then_some(())
        })
        .await;
        let port = daemon.port(protocol.info().name);
        let mut again = daemon.connect(*protocol, "13912345678", port).await;
        assert!(patient(again.login()).await.is_err());
    }
}
