//! What the counters say after some traffic.

use cabwire::telemetry::metrics as names;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::daemon::{Daemon, Setup, eventually, is_served, patient, protocol};
use super::faulty::{Call, Fault, Faulty};
use super::wire::{ANSWER, Frame, SAY, Wire};

const PHONE: &str = "13912345678";

/// The sum of all samples of a metric whose labels contain `label`.
fn value(handle: &PrometheusHandle, metric: &str, label: &str) -> f64 {
    handle.run_upkeep();
    let rendered = handle.render();
    let samples = rendered.lines().filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        let (name, labels) = name.split_once('{').unwrap_or((name, ""));
        (name == metric && labels.contains(label)).then(|| value.parse::<f64>().ok())?
    });
    samples.sum()
}

#[tokio::test]
async fn traffic_shows_in_the_metrics() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    // For this thread, on which everything here runs.
    let _guard = metrics::set_default_local_recorder(&recorder);
    let (wrap, store) = Faulty::wrap();
    let setup = Setup { wrap, ..Setup::default() };
    let daemon = Daemon::set_up(setup, |config| config.limits.connections = 2).await;
    let store = store.get().unwrap();
    let account = daemon.account("fleet").await;
    let jt808 = protocol("jt808");
    let tracker = daemon.tracker(&account, jt808, PHONE).await;
    let of = |metric| value(&handle, metric, "protocol=\"jt808\"");
    let shows = async |metric: &str, wanted: f64| {
        eventually(metric, || async { (value(&handle, metric, "") == wanted).then_some(()) }).await;
    };

    // A stranger.
    let mut stranger = daemon.connect(jt808, "13900000000", daemon.port("jt808")).await;
    assert!(patient(stranger.login()).await.is_err());
    shows(names::REFUSED, 1.0).await;
    stranger.cut();
    shows(names::CLOSED, 1.0).await;
    assert_eq!(value(&handle, names::CLOSED, "reason=\"connection reset\""), 1.0);

    // A device, two texts down, and the same text up twice.
    let mut wire = Wire::connect(daemon.port("jt808")).await.unwrap();
    wire.log_in(PHONE).await;
    assert_eq!((of(names::CONNECTIONS), of(names::DEVICES_ONLINE)), (1.0, 1.0));
    for number in [1.0, 2.0] {
        daemon.send(&account, tracker, "hello").await;
        let text = wire.expect().await;
        wire.send(&text.confirm(1, 0)).await.unwrap();
        shows(names::TEXTS_DELIVERED, number).await;
        assert_eq!(of(names::PARTS_SENT), number);
    }
    // The first one was read from the store, which does not know the moment on the monotonic clock.
    assert_eq!(value(&handle, &format!("{}_count", names::DELIVERY_SECONDS), ""), 1.0);
    for _ in 0..2 {
        wire.send(&Frame::say(PHONE, 2, "hello yourself")).await.unwrap();
        assert_eq!(wire.expect().await.about(), (2, SAY, 0));
    }
    assert_eq!((of(names::TEXTS_RECEIVED), of(names::TEXTS_REPEATED)), (1.0, 1.0));

    // What is not understood, in four ways.
    let unknown = Frame::new(0x0f42, PHONE, 3, b"?");
    let mut damaged = Frame::say(PHONE, 4, "damaged").bytes();
    damaged[15] ^= 1;
    let nonsense = Frame::new(0x0200, PHONE, 5, b"too short");
    let noise = [0x7e, 1, 2, 3, 0x7e];
    for bytes in [&unknown.bytes(), &damaged, &nonsense.bytes(), &noise[..]] {
        tokio::io::AsyncWriteExt::write_all(&mut wire.stream, bytes).await.unwrap();
    }
    shows(names::NOISE_BYTES, 5.0).await;
    let counted = (of(names::UNHANDLED), of(names::FRAMES_REJECTED), of(names::SESSION_ERRORS));
    assert_eq!(counted, (1.0, 1.0, 1.0));
    assert_eq!(of(names::SESSION_PANICS), 0.0);

    // A store that does not take something.
    store.disturb(Call::Record, Fault::unavailable());
    wire.send(&Frame::say(PHONE, 6, "not now")).await.unwrap();
    while wire.expect_id(ANSWER).await.about() != (6, SAY, 1) {}
    store.heal();
    assert_eq!(of(names::RECORDS_FAILED), 1.0);

    // A takeover; one connection too many; and everything ends.
    let mut newer = daemon.device(jt808, PHONE).await;
    wire.expect_close().await;
    assert_eq!(of(names::TAKEOVERS), 1.0);
    shows(names::CONNECTIONS, 1.0).await;
    let _second = TcpStream::connect(daemon.port("auto")).await.unwrap();
    let mut third = TcpStream::connect(daemon.port("auto")).await.unwrap();
    assert!(matches!(patient(third.read(&mut [0; 1])).await, Ok(0) | Err(_)));
    assert_eq!(value(&handle, names::TURNED_AWAY, "limit=\"limits.connections\""), 1.0);
    assert_eq!(value(&handle, names::CONNECTIONS, "protocol=\"detecting\""), 1.0);
    is_served(&mut newer).await;
    let (accepted, frames) = (value(&handle, names::ACCEPTED, ""), of(names::FRAMES));
    assert!(accepted >= 5.0 && frames >= 10.0, "{accepted} connections, {frames} frames");
    daemon.running.shut_down().await;
    for gauge in [names::CONNECTIONS, names::DEVICES_ONLINE] {
        assert_eq!(value(&handle, gauge, ""), 0.0, "{gauge}");
    }
    assert!(value(&handle, "cabwire_store_commits_total", "") > 3.0);
}
