//! Last known states.

use cabwire::model::{DeviceState, TrackerId, Uplink};
use cabwire::store::Store;

use super::{Lab, NOW, engines};

engines!(
    the_last_state_counts,
    a_state_survives_as_it_is,
    states_survive_a_restart,
    states_of_unknown_trackers_leave_nothing_behind,
    many_states_at_once,
);

fn state(n: i64) -> DeviceState {
    DeviceState { seen: NOW.plus(n), speed: Some(n as f32), ..DeviceState::default() }
}

async fn report(store: &dyn Store, states: Vec<(TrackerId, DeviceState)>) {
    store.record(Uplink { texts: Vec::new(), states }).await.unwrap();
}

async fn seen(store: &dyn Store, trackers: &[TrackerId]) -> Vec<(TrackerId, i64)> {
    let states = store.device_states(trackers).await.unwrap();
    let mut seen: Vec<_> =
        states.into_iter().map(|(tracker, state)| (tracker, state.seen.0 - NOW.0)).collect();
    seen.sort_unstable();
    seen
}

async fn the_last_state_counts(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(3).await;
    let (a, b) = (trackers[0], trackers[1]);
    assert!(seen(&*store, &trackers).await.is_empty());
    report(&*store, vec![(a, state(1)), (b, state(2)), (a, state(3))]).await;
    assert_eq!(seen(&*store, &trackers).await, [(a, 3), (b, 2)]);
    // Also when its clock went back: what was recorded last is the last.
    report(&*store, vec![(a, state(-5))]).await;
    assert_eq!(seen(&*store, &trackers).await, [(a, -5), (b, 2)]);
    assert_eq!(seen(&*store, &[b]).await, [(b, 2)]);
    assert!(seen(&*store, &[]).await.is_empty());
}

async fn a_state_survives_as_it_is(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let full = DeviceState {
        seen: NOW,
        fix_time: Some(NOW.plus(-100)),
        latitude: Some(52.520_008_123_456),
        longitude: Some(-13.404_954),
        speed: Some(0.1),
        course: Some(359.9),
        altitude: Some(-3.25),
        satellites: Some(12),
        attributes: serde_json::from_str(
            r#"{"ignition":true,"note":"a \"b\" ы","n":1.5,"deep":[1,{"x":null}]}"#,
        )
        .unwrap(),
    };
    report(&*store, vec![(trackers[0], full.clone())]).await;
    assert_eq!(store.device_states(&trackers).await.unwrap(), [(trackers[0], full.clone())]);
    store.close().await;
    let store = lab.open().await;
    assert_eq!(store.device_states(&trackers).await.unwrap(), [(trackers[0], full)]);
}

async fn states_survive_a_restart(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let (a, b) = (trackers[0], trackers[1]);
    report(&*store, vec![(a, state(1)), (b, state(1))]).await;
    report(&*store, vec![(b, state(2))]).await;
    drop(store);
    let store = lab.open().await;
    assert_eq!(seen(&*store, &trackers).await, [(a, 1), (b, 2)]);
    report(&*store, vec![(a, state(4))]).await;
    drop(store);
    let store = lab.open().await;
    assert_eq!(seen(&*store, &trackers).await, [(a, 4), (b, 2)]);
}

async fn states_of_unknown_trackers_leave_nothing_behind(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    report(&*store, vec![(TrackerId(999), state(1)), (trackers[0], state(1))]).await;
    drop(store);
    let store = lab.open().await;
    assert_eq!(seen(&*store, &[trackers[0], TrackerId(999)]).await, [(trackers[0], 1)]);
}

async fn many_states_at_once(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2500).await;
    let mut calls = tokio::task::JoinSet::new();
    for (n, tracker) in (0..).zip(trackers.clone()) {
        let store = store.clone();
        calls.spawn(async move { report(&*store, vec![(tracker, state(n))]).await });
    }
    calls.join_all().await;
    let expected: Vec<_> = trackers.iter().copied().zip(0..).collect();
    assert_eq!(seen(&*store, &trackers).await, expected);
    drop(store);
    let store = lab.open().await;
    assert_eq!(seen(&*store, &trackers).await, expected);
}
