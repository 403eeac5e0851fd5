//! Whatever a peer sends, it gets so much and no more; and what it may send is not lost.

use std::sync::Arc;
use std::time::Duration;

use cabwire::clock::ManualClock;
use cabwire::simulate::Closed;
use protocols::{Uplink, registry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::daemon::{Daemon, Setup, eventually, is_served, patient, protocol};
use super::wire::{Frame, HEARTBEAT, LOCATION, LOGIN, Wire};

const PHONE: &str = "13912345678";

fn heartbeat(phone: &str, serial: u16) -> Frame {
    Frame::new(HEARTBEAT, phone, serial, &[])
}

#[tokio::test]
async fn half_a_frame_and_then_silence_is_taken_for_dead() {
    let daemon = Daemon::start_with(|config| {
        config.listeners.iter_mut().for_each(|listener| listener.idle_seconds = Some(1));
    })
    .await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL {
        let tracker = daemon.tracker(&account, *protocol, PHONE).await;
        let mut device = daemon.device(*protocol, PHONE).await;
        let whole = match protocol.info().name {
            "jt808" => heartbeat(PHONE, 7).bytes(),
            _ => b"#P#\r\n".to_vec(),
        };
        device.send_raw(&whole[..whole.len() - 2]).await;
        patient(device.expect_close()).await;
        eventually("offline", || async {
            (!daemon.running.registry.is_online(tracker)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn who_sends_nothing_but_garbage_is_disconnected_and_the_others_are_not() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in registry::ALL {
        daemon.tracker(&account, *protocol, PHONE).await;
        daemon.tracker(&account, *protocol, "13912345679").await;
        let mut good = daemon.device(*protocol, "13912345679").await;
        let mut bad = daemon.device(*protocol, PHONE).await;
        bad.send_raw(&vec![0; 128 * 1024]).await;
        assert!(matches!(
            patient(bad.expect_close()).await,
            Closed::ByPlatform | Closed::Broken(_)
        ));
        is_served(&mut good).await;
        // It may come back.
        let mut bad = daemon.device(*protocol, PHONE).await;
        is_served(&mut bad).await;
    }
}

#[tokio::test]
async fn a_frame_that_is_too_long_is_skipped_and_the_connection_stays() {
    let daemon = Daemon::start_with(|config| config.limits.frame_bytes = 1024).await;
    let account = daemon.account("fleet").await;
    let long = vec![b'x'; 8000];
    for (name, oversized) in [
        ("jt808", [&[0x7e], &long[..], &[0x7e]].concat()),
        ("wialon_ips", [b"#M#", &long[..], b"\r\n"].concat()),
    ] {
        let tracker = daemon.tracker(&account, protocol(name), PHONE).await;
        let mut device = daemon.device(protocol(name), PHONE).await;
        device.send_raw(&oversized).await;
        is_served(&mut device).await;
        assert!(daemon.list(&account, tracker).await.is_empty());
    }
}

#[tokio::test]
async fn a_long_frame_is_taken_whole_in_however_many_reads_it_comes() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let wialon_ips = protocol("wialon_ips");
    let tracker = daemon.tracker(&account, wialon_ips, PHONE).await;
    let mut device = daemon.device(wialon_ips, PHONE).await;
    // More than several reads take at once, and less than a frame may have.
    let words = "all doors are closed ".repeat(10_000);
    device.say(words.trim_end()).await;
    assert!(patient(device.expect_ack(Uplink::Text)).await.unwrap());
    assert_eq!(daemon.list(&account, tracker).await[0]["text"], words.trim_end());
    for byte in b"#P#\r\n" {
        device.send_raw(&[*byte]).await;
    }
    assert!(patient(device.expect_ack(Uplink::Heartbeat)).await.unwrap());
    // The beginning of a frame behind the end of another.
    device.send_raw(b"#P#\r\n#P").await;
    assert!(patient(device.expect_ack(Uplink::Heartbeat)).await.unwrap());
    device.send_raw(b"#\r\n").await;
    assert!(patient(device.expect_ack(Uplink::Heartbeat)).await.unwrap());
}

#[tokio::test]
async fn a_peer_that_never_reads_is_disconnected_and_the_others_are_not() {
    let daemon = Daemon::start_with(|config| {
        config.limits.write_seconds = 1;
        config.limits.frames_per_second = 10_000_000;
    })
    .await;
    let account = daemon.account("fleet").await;
    let jt808 = protocol("jt808");
    let tracker = daemon.tracker(&account, jt808, PHONE).await;
    daemon.tracker(&account, jt808, "13912345679").await;
    let mut other = daemon.device(jt808, "13912345679").await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut deaf = socket.connect(daemon.port("jt808")).await.unwrap();
    let (login, heartbeats) =
        (Frame::login(PHONE, 0).bytes(), heartbeat(PHONE, 1).bytes().repeat(500));
    deaf.write_all(&login).await.unwrap();
    // It asks and asks and takes no answer, until it is told that the connection is gone.
    patient(async { while deaf.write_all(&heartbeats).await.is_ok() {} }).await;
    eventually("offline", || async { (!daemon.running.registry.is_online(tracker)).then_some(()) })
        .await;
    is_served(&mut other).await;
}

#[tokio::test]
async fn who_sends_too_fast_is_slowed_down_and_loses_nothing() {
    const FRAMES: u16 = 30_000;
    let clock = ManualClock::new("2025-10-06T08:20:00Z".parse().unwrap());
    let setup = Setup { clock: Arc::clone(&clock) as _, ..Setup::default() };
    let daemon = Daemon::set_up(setup, |config| config.limits.frames_per_second = 5).await;
    let account = daemon.account("fleet").await;
    let jt808 = protocol("jt808");
    daemon.tracker(&account, jt808, PHONE).await;
    daemon.tracker(&account, jt808, "13912345679").await;
    let mut other = daemon.device(jt808, "13912345679").await;
    let mut flood = Wire::connect(daemon.port("jt808")).await.unwrap();
    flood.log_in(PHONE).await;
    let burst: Vec<u8> = (1..=FRAMES).flat_map(|n| heartbeat(PHONE, n).bytes()).collect();
    let (mut sent, mut answered) = (0, 0);
    let mut exchange = async || {
        sent += flood.stream.try_write(&burst[sent..]).unwrap_or(0);
        is_served(&mut other).await;
        while let Some(answer) = flood.next_now() {
            answered += 1;
            assert_eq!(answer.about(), (answered, HEARTBEAT, 0), "in order, none left out");
        }
        answered
    };
    // As long as no time passes for the daemon, the flood stands still while the other one is served again and again.
    for _ in 0..30 {
        exchange().await;
    }
    let at_once = exchange().await;
    assert!((1..FRAMES).contains(&at_once), "{at_once} were answered at once");
    patient(async {
        while exchange().await < FRAMES {
            clock.advance(Duration::from_secs(10));
        }
    })
    .await;
}

#[tokio::test]
async fn a_relay_for_more_phones_than_allowed_serves_the_first_ones() {
    let daemon = Daemon::start_with(|config| config.limits.lanes = 3).await;
    let account = daemon.account("fleet").await;
    let phones: Vec<String> = (0..6).map(|number| format!("1391234567{number}")).collect();
    for phone in &phones {
        daemon.tracker(&account, protocol("jt808"), phone).await;
    }
    let mut relay = Wire::connect(daemon.port("jt808")).await.unwrap();
    for phone in &phones[..3] {
        relay.log_in(phone).await;
    }
    for phone in &phones[3..] {
        relay.send(&Frame::login(phone, 0)).await.unwrap();
        relay.send(&Frame::say(phone, 1, "hello")).await.unwrap();
    }
    for phone in &phones[..3] {
        relay.send(&heartbeat(phone, 1)).await.unwrap();
    }
    for phone in &phones[..3] {
        let answer = relay.expect().await;
        assert_eq!((&answer.phone, answer.about()), (phone, (1, HEARTBEAT, 0)));
    }
    assert_eq!(daemon.running.registry.len(), 3);
}

#[tokio::test]
async fn connections_beyond_the_total_are_turned_away_whatever_the_listener() {
    let daemon = Daemon::start_with(|config| config.limits.connections = 2).await;
    let account = daemon.account("fleet").await;
    let (one, two) = (registry::ALL[0], registry::ALL[1]);
    for protocol in [one, two] {
        daemon.tracker(&account, protocol, PHONE).await;
    }
    let first = daemon.device(one, PHONE).await;
    let mut second = daemon.device(two, PHONE).await;
    for protocol in [one, two] {
        let mut third = TcpStream::connect(daemon.port(protocol.info().name)).await.unwrap();
        assert!(matches!(patient(third.read(&mut [0; 16])).await, Ok(0) | Err(_)));
    }
    is_served(&mut second).await;
    first.cut();
    eventually("a place is free again", || async {
        let mut device = daemon.connect(one, PHONE, daemon.port(one.info().name)).await;
        patient(device.login()).await.ok()
    })
    .await;
}

#[tokio::test]
async fn a_hundred_reports_in_one_write_are_answered_in_order_and_stored() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let tracker = daemon.tracker(&account, protocol("jt808"), PHONE).await;
    let mut wire = Wire::connect(daemon.port("jt808")).await.unwrap();
    wire.log_in(PHONE).await;
    let write: Vec<u8> = (1..=100_u8)
        .flat_map(|number| Frame::location(PHONE, number.into(), number % 60).bytes())
        .collect();
    wire.stream.write_all(&write).await.unwrap();
    for serial in 1..=100 {
        assert_eq!(wire.expect().await.about(), (serial, LOCATION, 0));
    }
    let states = daemon.store().device_states(&[tracker]).await.unwrap();
    assert_eq!(
        states[0].1.longitude,
        Some(Frame::longitude(59)),
        "the newest one, not the last one"
    );
}

#[tokio::test]
async fn a_refused_peer_that_tries_too_often_waits_for_its_answer() {
    let clock = ManualClock::new("2025-10-06T08:20:00Z".parse().unwrap());
    let setup = Setup { clock: Arc::clone(&clock) as _, ..Setup::default() };
    let daemon = Daemon::set_up(setup, |config| config.limits.strangers_per_minute = 3).await;
    let account = daemon.account("fleet").await;
    let jt808 = protocol("jt808");
    daemon.tracker(&account, jt808, "13912345679").await;
    let mut other = daemon.device(jt808, "13912345679").await;
    let refused = (0, LOGIN, 1);
    for _ in 0..3 {
        let mut stranger = Wire::connect(daemon.port("jt808")).await.unwrap();
        stranger.send(&Frame::login(PHONE, 0)).await.unwrap();
        assert_eq!(stranger.expect().await.about(), refused);
    }
    let mut stranger = Wire::connect(daemon.port("jt808")).await.unwrap();
    stranger.send(&Frame::login(PHONE, 0)).await.unwrap();
    for _ in 0..30 {
        is_served(&mut other).await;
        assert_eq!(stranger.next_now(), None, "no time has passed");
    }
    clock.advance(Duration::from_secs(10));
    assert_eq!(stranger.expect().await.about(), refused);
}
