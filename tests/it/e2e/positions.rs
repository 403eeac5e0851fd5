//! A position that was acknowledged is stored; the last one is the newest one.

use cabwire::clock::{Clock as _, SystemClock};
use cabwire::model::{DeviceState, TrackerId};
use cabwire::simulate::Device;
use cabwire::store::Store;
use jiff::{SignedDuration, Timestamp};
use protocols::{Fix, Protocol, Report, TerminalSettings, Uplink, Value, registry};
use tempfile::TempDir;

use super::child::Child;
use super::daemon::{
    Daemon, acknowledged, acknowledges, create_account, identity, new_tracker, open_store, patient,
    protocol,
};

const PHONE: &str = "13912345678";

/// Protocols in which a position is acknowledged.
fn answering() -> impl Iterator<Item = &'static &'static dyn Protocol> {
    registry::ALL.iter().filter(|protocol| acknowledges(protocol.info(), Uplink::Report))
}

/// Minute `minute` of a journey to the north.
fn report(minute: i32) -> Report {
    let begin: Timestamp = "2025-10-06T08:00:00Z".parse().unwrap();
    let fix = Fix {
        valid: true,
        latitude: latitude(minute),
        longitude: 30.0,
        altitude: Some(100.0),
        speed: Some(36.0),
        course: Some(0.0),
        satellites: Some(9),
    };
    Report {
        time: Some(begin + SignedDuration::from_mins(minute.into())),
        fix: Some(fix),
        archived: false,
        attributes: vec![("odometer_km".into(), Value::Float(f64::from(minute)))],
    }
}

fn latitude(minute: i32) -> f64 {
    50.0 + f64::from(minute) / 100.0
}

async fn reported(device: &mut Device, report: &Report) {
    device.report(report).await;
    acknowledged(device, Uplink::Report).await;
}

async fn state(store: &dyn Store, tracker: TrackerId) -> DeviceState {
    store.device_states(&[tracker]).await.unwrap().pop().expect("a state").1
}

/// Where it was in this minute, and not for a moment in between: what is acknowledged is stored.
async fn assert_at(store: &dyn Store, tracker: TrackerId, minute: i32) {
    let state = state(store, tracker).await;
    let there = state.latitude.expect("a position");
    assert!((there - latitude(minute)).abs() < 1e-4, "at {there}, not at {}", latitude(minute));
    assert_eq!(state.fix_time.unwrap().timestamp(), report(minute).time.unwrap());
    // Not every protocol has a place for it.
    let odometer = state.attributes.get("odometer_km");
    assert!(odometer.is_none_or(|found| *found == f64::from(minute)), "{odometer:?}");
}

#[tokio::test]
async fn an_acknowledged_position_is_stored_and_still_there_after_a_restart() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let mut trackers = Vec::new();
    for protocol in answering() {
        let tracker = daemon.tracker(&account, *protocol, PHONE).await;
        let mut device = daemon.device(*protocol, PHONE).await;
        for minute in 1..=20 {
            reported(&mut device, &report(minute)).await;
            assert_at(&**daemon.store(), tracker, minute).await;
        }
        trackers.push(tracker);
    }
    let daemon = daemon.restart().await;
    for tracker in trackers {
        assert_at(&**daemon.store(), tracker, 20).await;
    }
}

#[tokio::test]
async fn an_acknowledged_position_survives_a_kill() {
    let directory = TempDir::new().unwrap();
    let store = open_store(directory.path()).await;
    let now = SystemClock::new().wall();
    let account = create_account(&*store, "fleet", now).await;
    let tariff = store.reference(None).await.unwrap().tariffs[0].id;
    let mut trackers = Vec::new();
    for protocol in answering() {
        let tracker = new_tracker(&account, tariff, *protocol, PHONE);
        trackers.push(store.create_trackers(vec![tracker], now).await.unwrap()[0].id);
    }
    store.close().await;
    for minute in [3, 6, 9] {
        let child = Child::start(directory.path()).await;
        for protocol in answering() {
            let (server, settings) = (child.port(protocol.info().name), settings(*protocol, None));
            let mut device =
                Device::connect(*protocol, server, settings, SystemClock::new()).await.unwrap();
            patient(device.login()).await.unwrap();
            for before in (0..3).rev() {
                reported(&mut device, &report(minute - before)).await;
            }
        }
        child.kill().await;
        let store = open_store(directory.path()).await;
        for tracker in &trackers {
            assert_at(&*store, *tracker, minute).await;
        }
        store.close().await;
    }
}

#[tokio::test]
async fn what_comes_late_from_memory_does_not_replace_what_is_newer() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    for protocol in answering() {
        let tracker = daemon.tracker(&account, *protocol, PHONE).await;
        let mut device = daemon.device(*protocol, PHONE).await;
        let late = |minute| Report { archived: true, ..report(minute) };
        // Nothing else is known yet.
        reported(&mut device, &late(3)).await;
        assert_at(&**daemon.store(), tracker, 3).await;
        reported(&mut device, &report(10)).await;
        for minute in [4, 9, 5] {
            reported(&mut device, &late(minute)).await;
            assert_at(&**daemon.store(), tracker, 10).await;
        }
        reported(&mut device, &late(11)).await;
        assert_at(&**daemon.store(), tracker, 11).await;
    }
}

#[tokio::test]
async fn a_wrong_or_missing_date_does_not_move_a_device_for_ever() {
    let daemon = Daemon::start().await;
    let account = daemon.account("fleet").await;
    let wialon = protocol("wialon_ips");
    let tracker = daemon.tracker(&account, wialon, PHONE).await;
    let port = daemon.port("wialon_ips");
    let mut device = daemon.connect_as(wialon, settings(wialon, Some("1.1")), port).await;
    patient(device.login()).await.unwrap();
    // The device's clock is decades ahead. The position is good, the date is not.
    device.send_raw(b"#SD#061085;081530;1000.0000;N;02000.0000;E;60;152;145;14\r\n").await;
    acknowledged(&mut device, Uplink::Report).await;
    let first = state(&**daemon.store(), tracker).await;
    assert_eq!((first.latitude, first.fix_time), (Some(10.0), Some(first.seen)));
    // An undated record from the device's memory is older than what came live.
    device.send_raw(b"#B#NA;NA;3000.0000;N;02000.0000;E;60;152;145;14\r\n").await;
    acknowledged(&mut device, Uplink::Report).await;
    assert_eq!(state(&**daemon.store(), tracker).await.latitude, Some(10.0));
    // An undated live one is from now.
    device.send_raw(b"#SD#NA;NA;2000.0000;N;02000.0000;E;60;152;145;14\r\n").await;
    acknowledged(&mut device, Uplink::Report).await;
    assert_eq!(state(&**daemon.store(), tracker).await.latitude, Some(20.0));
}

fn settings(protocol: &dyn Protocol, dialect: Option<&str>) -> TerminalSettings {
    TerminalSettings {
        identity: identity(protocol, PHONE),
        secret: None,
        dialect: dialect.map(str::to_owned),
    }
}
