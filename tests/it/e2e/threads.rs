//! Several threads serve the devices of one port; nobody notices.

use protocols::{Outcome, registry};

use super::daemon::{Daemon, Setup, is_served, next_text, patient};

/// Connections go to the threads in turn.
const DEVICES: usize = 24;
const THREADS: usize = 3;

#[tokio::test]
async fn devices_are_served_alike_by_every_thread() {
    let setup = Setup { device_threads: THREADS, ..Setup::default() };
    let daemon = Daemon::set_up(setup, |_| {}).await;
    let account = daemon.account("fleet").await;
    let protocol = registry::ALL[0];
    let mut devices = Vec::new();
    for number in 0..DEVICES {
        let phone = format!("139123456{number:02}");
        let tracker = daemon.tracker(&account, protocol, &phone).await;
        let device = daemon.device(protocol, &phone).await;
        let text = daemon.send(&account, tracker, &phone).await;
        devices.push((phone, tracker, device, text));
    }
    let mut newer = Vec::new();
    for (phone, tracker, mut old, text) in devices {
        assert_eq!(next_text(&mut old).await.text, phone);
        // The one that takes over may be on another thread.
        let mut new = daemon.device(protocol, &phone).await;
        patient(old.expect_close()).await;
        let again = next_text(&mut new).await;
        assert_eq!(again.text, phone);
        new.answer(again.token, Outcome::Confirm).await;
        daemon.delivered(&account, tracker, text).await;
        is_served(&mut new).await;
        newer.push(new);
    }
    daemon.running.shut_down().await;
    for mut device in newer {
        patient(device.expect_close()).await;
    }
}
