//! Nothing from strangers.

use protocols::{Report, Uplink, registry};

use super::daemon::{Daemon, eventually, identity, patient};

#[tokio::test]
async fn an_unknown_device_is_refused_and_noted() {
    let daemon = Daemon::start().await;
    for protocol in registry::ALL {
        let name = protocol.info().name;
        for _ in 0..2 {
            let mut device = daemon.connect(*protocol, "99912345678", daemon.port(name)).await;
            assert!(patient(device.login()).await.is_err(), "{name}");
        }
        let stranger = eventually("the stranger is written down", || async {
            let strangers = daemon.store().strangers().await.unwrap();
            strangers.into_iter().find(|stranger| stranger.protocol == name && stranger.count >= 2)
        })
        .await;
        assert_eq!(
            (stranger.identity.as_str(), stranger.reason.as_str()),
            (identity(*protocol, "99912345678").as_str(), "unknown device")
        );
        assert!(stranger.address.is_loopback());
    }
}

#[tokio::test]
async fn what_an_unknown_device_sends_is_never_acknowledged_as_stored() {
    let daemon = Daemon::start().await;
    for protocol in registry::ALL {
        let mut device =
            daemon.connect(*protocol, "99912345678", daemon.port(protocol.info().name)).await;
        device.say("let me in").await;
        let report = Report { time: None, fix: None, archived: false, attributes: Vec::new() };
        device.report(&report).await;
        assert!(
            !matches!(patient(device.expect_ack(Uplink::Text)).await, Ok(true)),
            "{}",
            protocol.info().name
        );
    }
    assert_eq!(daemon.running.registry.len(), 0);
}
