//! Several terminals behind one connection: each is a device of its own.

use serde_json::Value;

use super::daemon::{Account, Daemon, eventually, protocol};
use super::wire::{ANSWER, Frame, HEARTBEAT, LOCATION, LOGIN, SAY, TEXT, Wire};
use cabwire::model::TrackerId;

const ANN: &str = "13912345671";
const BOB: &str = "13912345672";

struct Fleet {
    daemon: Daemon,
    account: Account,
    ann: TrackerId,
    bob: TrackerId,
}

impl Fleet {
    async fn start() -> Self {
        let daemon = Daemon::start().await;
        let account = daemon.account("fleet").await;
        let ann = daemon.tracker(&account, protocol("jt808"), ANN).await;
        let bob = daemon.tracker(&account, protocol("jt808"), BOB).await;
        Self { daemon, account, ann, bob }
    }

    async fn wire(&self) -> Wire {
        Wire::connect(self.daemon.port("jt808")).await.unwrap()
    }

    /// Both on one connection.
    async fn relay(&self) -> Wire {
        let mut relay = self.wire().await;
        relay.log_in(ANN).await;
        relay.log_in(BOB).await;
        relay
    }

    async fn send(&self, tracker: TrackerId, text: &str) -> i64 {
        self.daemon.send(&self.account, tracker, text).await
    }

    async fn status(&self, tracker: TrackerId, id: i64) -> Value {
        self.daemon.message(&self.account, tracker, id).await["status"].clone()
    }

    async fn delivered(&self, tracker: TrackerId, id: i64) {
        self.daemon.delivered(&self.account, tracker, id).await;
    }
}

/// The next text; its words are these, its phone that.
async fn shown(wire: &mut Wire, phone: &str, words: &str) -> Frame {
    let text = wire.expect_id(TEXT).await;
    assert_eq!((text.phone.as_str(), text.words().as_str()), (phone, words));
    text
}

async fn confirm(wire: &mut Wire, text: &Frame) {
    wire.send(&text.confirm(9, 0)).await.unwrap();
}

async fn heartbeat(wire: &mut Wire, phone: &str, serial: u16) {
    wire.send(&Frame::new(HEARTBEAT, phone, serial, &[])).await.unwrap();
    let answer = wire.expect_id(ANSWER).await;
    assert_eq!((answer.phone.as_str(), answer.about()), (phone, (serial, HEARTBEAT, 0)));
}

#[tokio::test]
async fn texts_arrive_under_their_own_phone_and_receipts_count_for_it_alone() {
    let fleet = Fleet::start().await;
    let mut relay = fleet.relay().await;
    let to_ann = fleet.send(fleet.ann, "to Ann").await;
    let for_ann = shown(&mut relay, ANN, "to Ann").await;
    let to_bob = fleet.send(fleet.bob, "to Bob").await;
    let for_bob = shown(&mut relay, BOB, "to Bob").await;
    assert_eq!(for_ann.serial, for_bob.serial, "each tracker counts by itself");
    confirm(&mut relay, &for_bob).await;
    fleet.delivered(fleet.bob, to_bob).await;
    assert_eq!(fleet.status(fleet.ann, to_ann).await, "PENDING");
    confirm(&mut relay, &for_ann).await;
    fleet.delivered(fleet.ann, to_ann).await;
}

#[tokio::test]
async fn what_is_said_and_reported_belongs_to_the_phone_that_it_came_from() {
    let fleet = Fleet::start().await;
    let mut relay = fleet.relay().await;
    // In one write, so that one commit has both.
    let frames = [
        Frame::say(ANN, 1, "Ann here"),
        Frame::say(BOB, 1, "Bob here"),
        Frame::location(BOB, 2, 30),
        Frame::location(ANN, 2, 10),
    ];
    for frame in &frames {
        relay.send(frame).await.unwrap();
    }
    for frame in &frames {
        let answer = relay.expect().await;
        assert_eq!((&answer.phone, answer.about()), (&frame.phone, (frame.serial, frame.id, 0)));
    }
    for (tracker, words, second) in [(fleet.ann, "Ann here", 10), (fleet.bob, "Bob here", 30)] {
        let list = fleet.daemon.list(&fleet.account, tracker).await;
        assert_eq!((list.len(), &list[0]["text"]), (1, &words.into()));
        let states = fleet.daemon.store().device_states(&[tracker]).await.unwrap();
        assert_eq!(states[0].1.longitude, Some(Frame::longitude(second)));
    }
}

#[tokio::test]
async fn a_phone_that_gets_a_connection_of_its_own_leaves_the_others_on_the_relay() {
    let fleet = Fleet::start().await;
    let mut relay = fleet.relay().await;
    let to_ann = fleet.send(fleet.ann, "to Ann").await;
    let on_relay = shown(&mut relay, ANN, "to Ann").await;
    let mut own = fleet.wire().await;
    own.log_in(ANN).await;
    let on_own = shown(&mut own, ANN, "to Ann").await;

    // The other one is served as before, and the older login of the first cannot confirm any more.
    confirm(&mut relay, &on_relay).await;
    let to_bob = fleet.send(fleet.bob, "to Bob").await;
    let for_bob = shown(&mut relay, BOB, "to Bob").await;
    confirm(&mut relay, &for_bob).await;
    fleet.delivered(fleet.bob, to_bob).await;
    heartbeat(&mut relay, BOB, 20).await;
    assert_eq!(fleet.status(fleet.ann, to_ann).await, "PENDING");
    confirm(&mut own, &on_own).await;
    fleet.delivered(fleet.ann, to_ann).await;

    // What still comes over the relay is stored, and does not take the texts back.
    relay.send(&Frame::say(ANN, 30, "over the relay")).await.unwrap();
    assert_eq!(relay.expect_id(ANSWER).await.about(), (30, SAY, 0));
    let to_ann = fleet.send(fleet.ann, "once more").await;
    let text = shown(&mut own, ANN, "once more").await;
    confirm(&mut own, &text).await;
    fleet.delivered(fleet.ann, to_ann).await;

    // Once its own connection is gone, it is online where it is heard.
    drop(own);
    eventually("offline", || async {
        (!fleet.daemon.running.registry.is_online(fleet.ann)).then_some(())
    })
    .await;
    let to_ann = fleet.send(fleet.ann, "back again").await;
    relay.send(&Frame::location(ANN, 31, 40)).await.unwrap();
    let text = shown(&mut relay, ANN, "back again").await;
    confirm(&mut relay, &text).await;
    fleet.delivered(fleet.ann, to_ann).await;
}

#[tokio::test]
async fn the_last_phone_takes_the_relay_with_it() {
    let fleet = Fleet::start().await;
    let mut relay = fleet.relay().await;
    let mut own = Vec::new();
    for phone in [ANN, BOB] {
        let mut wire = fleet.wire().await;
        wire.log_in(phone).await;
        heartbeat(&mut wire, phone, 1).await;
        own.push(wire);
    }
    relay.expect_close().await;
    assert_eq!(fleet.daemon.running.registry.len(), 2);
}

#[tokio::test]
async fn a_stranger_behind_a_relay_is_refused_and_the_others_do_not_wait() {
    let fleet = Fleet::start().await;
    let mut relay = fleet.relay().await;
    // Far more often than one address may be refused within a minute.
    for serial in 0..100 {
        relay.send(&Frame::location("13912345679", serial, 1)).await.unwrap();
        assert_eq!(relay.expect_id(ANSWER).await.about(), (serial, LOCATION, 1));
    }
    heartbeat(&mut relay, ANN, 7).await;
    let to_bob = fleet.send(fleet.bob, "to Bob").await;
    let text = shown(&mut relay, BOB, "to Bob").await;
    confirm(&mut relay, &text).await;
    fleet.delivered(fleet.bob, to_bob).await;
    eventually("all attempts of the stranger are noted", || async {
        let strangers = fleet.daemon.store().strangers().await.unwrap();
        let stranger = strangers.into_iter().find(|stranger| stranger.identity == "13912345679");
        stranger.filter(|stranger| stranger.count == 100)
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_logs_out_leaves_the_others_online() {
    let fleet = Fleet::start().await;
    let mut relay = fleet.relay().await;
    relay.send(&Frame::new(0x0003, ANN, 5, &[])).await.unwrap();
    assert_eq!(relay.expect_id(ANSWER).await.about(), (5, 0x0003, 0));
    eventually("offline", || async {
        (!fleet.daemon.running.registry.is_online(fleet.ann)).then_some(())
    })
    .await;
    heartbeat(&mut relay, BOB, 6).await;
    // It comes back over the same connection, and a text that was on its way is sent again.
    let to_ann = fleet.send(fleet.ann, "to Ann").await;
    relay.send(&Frame::login(ANN, 7)).await.unwrap();
    assert_eq!(relay.expect_id(ANSWER).await.about(), (7, LOGIN, 0));
    let text = shown(&mut relay, ANN, "to Ann").await;
    confirm(&mut relay, &text).await;
    fleet.delivered(fleet.ann, to_ann).await;
}
