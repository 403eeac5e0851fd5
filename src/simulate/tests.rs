//! Devices without a platform. How they fare with one is tested against the whole daemon.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use protocols::{TerminalSettings, registry};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::clock::SystemClock;

/// How long something may take before a test gives up. Nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(30);

async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, what).await.expect("nothing happened")
}

fn settings() -> TerminalSettings {
    TerminalSettings { identity: "013800138000".to_owned(), secret: None, dialect: None }
}

fn life(server: SocketAddr) -> Life {
    Life {
        protocol: registry::ALL[0],
        server,
        settings: settings(),
        behaviour: Arc::default(),
        random: Random::new(1, 1),
        clock: SystemClock::new(),
    }
}

#[tokio::test]
async fn a_device_that_cannot_connect_tries_again_until_it_is_stopped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    drop(listener);
    let fleet = Fleet::default();
    let (send, mut happenings) = mpsc::channel(100);
    fleet.start(life(server), move |happening| {
        send.try_send(happening.clone()).unwrap();
    });
    assert!(matches!(soon(happenings.recv()).await, Some(Happening::Unreachable(_))));
    assert!(matches!(soon(happenings.recv()).await, Some(Happening::Waits(_))));
    soon(fleet.stop()).await;
}

#[tokio::test]
async fn a_cut_connection_is_seen_by_the_platform_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let connecting = Device::connect(registry::ALL[0], server, settings(), SystemClock::new());
    let (device, accepted) = tokio::join!(connecting, listener.accept());
    let (device, mut stream) = (device.unwrap(), accepted.unwrap().0);
    device.cut();
    let mut rest = Vec::new();
    let error = soon(stream.read_to_end(&mut rest)).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}
