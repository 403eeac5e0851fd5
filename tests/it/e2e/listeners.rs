//! Ways in: detection, the PROXY header, deadlines.

use std::net::Ipv4Addr;

use cabwire::clock::SystemClock;
use cabwire::config::AUTO;
use cabwire::simulate::Device;
use protocols::{TerminalSettings, registry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::daemon::{Daemon, eventually, identity, is_served, patient};

#[tokio::test]
async fn the_detecting_listener_hands_every_protocol_over_without_losing_a_byte() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL {
        daemon.tracker(&account, *protocol, "13912345678").await;
        let mut device = daemon.connect(*protocol, "13912345678", daemon.port(AUTO)).await;
        patient(device.login()).await.unwrap();
        is_served(&mut device).await;
    }
}

#[tokio::test]
async fn a_foreign_protocol_is_turned_away_and_noted() {
    let daemon = Daemon::start().await;
    let mut stream = TcpStream::connect(daemon.port(AUTO)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    patient(stream.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.is_empty());
    eventually("it is noted", || async {
        let strangers = daemon.store().strangers().await.unwrap();
        strangers.iter().any(|stranger| stranger.reason.contains("474554")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn behind_a_balancer_the_devices_own_address_is_known() {
    let daemon = Daemon::start_with(|config| {
        config.listeners.iter_mut().for_each(|listener| listener.proxy_protocol = true);
    })
    .await;
    for protocol in registry::ALL {
        let name = protocol.info().name;
        let mut stream = TcpStream::connect(daemon.port(name)).await.unwrap();
        stream.write_all(b"PROXY TCP4 203.0.113.7 10.0.0.1 40000 8080\r\n").await.unwrap();
        let identity = identity(*protocol, "999");
        let settings = TerminalSettings { identity, secret: None, dialect: None };
        let mut device = Device::over(stream, *protocol, settings, SystemClock::new());
        assert!(patient(device.login()).await.is_err());
        eventually("the address behind the balancer", || async {
            let strangers = daemon.store().strangers().await.unwrap();
            let seen = strangers.into_iter().find(|stranger| stranger.protocol == name)?;
            (seen.address == Ipv4Addr::new(203, 0, 113, 7)).then_some(())
        })
        .await;
        let mut bare = daemon.connect(*protocol, "999", daemon.port(name)).await;
        assert!(patient(bare.login()).await.is_err(), "without the header there is no way in");
    }
}

#[tokio::test]
async fn a_connection_that_does_not_log_in_is_closed() {
    let daemon = Daemon::start_with(|config| config.limits.login_seconds = 1).await;
    for protocol in registry::ALL {
        let mut stream = TcpStream::connect(daemon.port(protocol.info().name)).await.unwrap();
        assert_eq!(patient(stream.read(&mut [0; 16])).await.unwrap(), 0);
    }
    let mut stream = TcpStream::connect(daemon.port(AUTO)).await.unwrap();
    assert_eq!(patient(stream.read(&mut [0; 16])).await.unwrap(), 0);
}

#[tokio::test]
async fn a_silent_device_is_taken_for_dead() {
    let daemon = Daemon::start_with(|config| {
        config.listeners.iter_mut().for_each(|listener| listener.idle_seconds = Some(1));
    })
    .await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL {
        let tracker = daemon.tracker(&account, *protocol, "13912345678").await;
        let mut device = daemon.device(*protocol, "13912345678").await;
        patient(device.expect_close()).await;
        eventually("offline", || async {
            (!daemon.running.registry.is_online(tracker)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_turned_away() {
    let daemon = Daemon::start_with(|config| config.limits.connections_per_address = 1).await;
    let account = daemon.account("fleet").await;
    let protocol = registry::ALL[0];
    daemon.tracker(&account, protocol, "13912345678").await;
    let first = daemon.device(protocol, "13912345678").await;
    let port = daemon.port(protocol.info().name);
    let mut second = TcpStream::connect(port).await.unwrap();
    assert!(matches!(patient(second.read(&mut [0; 16])).await, Ok(0) | Err(_)));
    first.cut();
    eventually("a place is free again", || async {
        let mut device = daemon.connect(protocol, "13912345678", port).await;
        patient(device.login()).await.ok()
    })
    .await;
}
