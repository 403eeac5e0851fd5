use std::sync::Arc;

use protocols::Evidence;

use super::*;
use crate::model::MessageId;

const NOW: Millis = Millis(1_000_000);
const CONFIRMED: DeliveryStage = DeliveryStage::Confirmed(Evidence::Accepted);

fn text(id: i64, serial: u32) -> PendingText {
    PendingText {
        id: MessageId(id),
        tracker: TrackerId(7),
        text: Arc::from(format!("text {id}")),
        cuts: Vec::new(),
        parts_done: 0,
        serial,
        attempts: 0,
        submit: NOW,
        accepted: None,
    }
}

fn queue() -> DeviceQueue {
    DeviceQueue::new(TrackerId(7), 4, RetryPolicy::default())
}

/// A queue that has asked the store and got `texts`.
fn in_step(texts: Vec<PendingText>) -> DeviceQueue {
    let mut queue = queue();
    assert!(queue.wants_load());
    queue.loaded(texts);
    queue
}

fn update(change: Option<Change>) -> Option<DeliveryUpdate> {
    change.map(|change| change.update)
}

fn all_updates(changes: Vec<Change>) -> Vec<DeliveryUpdate> {
    changes.into_iter().map(|change| change.update).collect()
}

fn shown(downlink: &Downlink) -> &str {
    match &downlink.content {
        Content::Text { text, .. } => text,
        _ => "",
    }
}

#[test]
fn texts_go_in_id_order_and_leave_when_confirmed() {
    let mut queue = in_step(vec![text(1, 10), text(2, 11)]);
    let first = queue.next(NOW).unwrap();
    assert_eq!((shown(&first), first.serial, first.repeat), ("text 1", 10, false));
    let change = queue.receipt(Receipt::Token(first.token), CONFIRMED, NOW);
    assert_eq!(
        update(change),
        Some(DeliveryUpdate::Confirmed { id: MessageId(1), parts_done: 1, at: NOW, attempts: 0 })
    );
    assert_eq!(
        queue.receipt(Receipt::Token(first.token), CONFIRMED, NOW),
        None,
        "a receipt counts once"
    );
    assert_eq!(shown(&queue.next(NOW).unwrap()), "text 2");
}

#[test]
fn a_fresh_text_is_appended_only_if_nothing_is_missing_before_it() {
    let mut queue = in_step(vec![text(1, 10)]);
    queue.offer(text(2, 11));
    assert!(!queue.wants_load(), "in step: no need to ask");
    queue.offer(text(4, 13));
    assert!(queue.wants_load(), "serial 12 is missing: ask");
    queue.loaded(vec![text(1, 10), text(2, 11), text(3, 12), text(4, 13)]);
    let order: Vec<_> =
        std::iter::from_fn(|| queue.next(NOW)).map(|d| shown(&d).to_owned()).collect();
    assert_eq!(order, ["text 1", "text 2", "text 3", "text 4"]);
}

#[test]
fn a_text_committed_while_the_store_is_asked_is_not_lost() {
    let mut queue = queue();
    assert!(queue.wants_load());
    queue.offer(text(1, 10));
    queue.loaded(Vec::new());
    assert!(queue.wants_load(), "the answer may have been older than the text");
    queue.loaded(vec![text(1, 10)]);
    assert_eq!(shown(&queue.next(NOW).unwrap()), "text 1");
    assert!(!queue.wants_load());
}

#[test]
fn more_than_fits_stays_in_the_store_and_is_asked_for_later() {
    let mut queue = in_step((1..=8).map(|n| text(i64::from(n), n)).collect());
    assert!(!queue.wants_load(), "still full enough");
    for _ in 0..2 {
        let downlink = queue.next(NOW).unwrap();
        queue.receipt(Receipt::Token(downlink.token), CONFIRMED, NOW);
    }
    assert!(queue.wants_load());
    queue.loaded((3..=8).map(|n| text(i64::from(n), n)).collect());
    let downlink = queue.next(NOW).unwrap();
    assert_eq!(shown(&downlink), "text 3", "a text that is here already is not doubled");
}

#[test]
fn parts_follow_each_other_and_resume_at_the_first_unconfirmed_one() {
    let mut long = text(1, 10);
    (long.text, long.cuts, long.parts_done) = (Arc::from("one two three"), vec![4, 8], 1);
    let mut queue = in_step(vec![long, text(2, 13)]);
    let part = queue.next(NOW).unwrap();
    assert_eq!(
        (part.serial, &part.content),
        (11, &Content::Text { text: "two ".to_owned(), part: 2, parts: 3 })
    );
    queue.receipt(Receipt::Token(part.token), CONFIRMED, NOW);
    let part = queue.next(NOW).unwrap();
    assert_eq!((shown(&part), part.serial), ("three", 12));
    let change = queue.receipt(Receipt::Token(part.token), CONFIRMED, NOW);
    assert_eq!(
        update(change),
        Some(DeliveryUpdate::Confirmed { id: MessageId(1), parts_done: 3, at: NOW, attempts: 0 })
    );
    assert_eq!(shown(&queue.next(NOW).unwrap()), "text 2");
}

#[test]
fn a_refused_text_is_repeated_in_place_then_passed_over() {
    let mut queue = in_step(vec![text(1, 10), text(2, 11)]);
    let refused = DeliveryStage::Refused { code: 1, retry: true };
    let mut now = NOW;
    for (attempt, wait) in [(1, 5_000), (2, 10_000)] {
        let downlink = queue.next(now).unwrap();
        assert_eq!(
            (shown(&downlink), downlink.serial, downlink.repeat),
            ("text 1", 10, attempt > 1)
        );
        let change = queue.receipt(Receipt::Token(downlink.token), refused, now);
        assert!(
            matches!(update(change), Some(DeliveryUpdate::Failed { attempts, retry, .. }) if attempts == attempt && retry == now.plus(wait))
        );
        assert_eq!(queue.next(now), None, "those behind wait");
        assert_eq!(queue.wake_at(), Some(now.plus(wait)));
        now = now.plus(wait);
    }
    let downlink = queue.next(now).unwrap();
    let change = queue.receipt(Receipt::Token(downlink.token), refused, now);
    assert!(
        matches!(update(change), Some(DeliveryUpdate::Failed { attempts: 3, retry, .. }) if retry == now.plus(30_000))
    );
    assert_eq!(shown(&queue.next(now).unwrap()), "text 2", "passed over");
}

#[test]
fn an_unsupported_text_is_passed_over_at_once() {
    let mut queue = in_step(vec![text(1, 10), text(2, 11)]);
    let downlink = queue.next(NOW).unwrap();
    let stage = DeliveryStage::Refused { code: 3, retry: false };
    let change = queue.receipt(Receipt::Token(downlink.token), stage, NOW);
    assert!(
        matches!(update(change), Some(DeliveryUpdate::Failed { retry, error, .. }) if retry == NOW.plus(3_600_000) && error.contains("code 3"))
    );
    assert_eq!(shown(&queue.next(NOW).unwrap()), "text 2");
}

#[test]
fn a_lost_connection_is_a_failed_attempt_of_what_was_in_flight_only() {
    let mut queue = in_step(vec![text(1, 10), text(2, 11)]);
    queue.next(NOW).unwrap();
    let updates = all_updates(queue.disconnected(NOW));
    assert!(
        matches!(&updates[..], [DeliveryUpdate::Failed { id: MessageId(1), attempts: 1, retry, .. }] if *retry == NOW)
    );
    let mut stubborn = text(1, 10);
    stubborn.attempts = 2;
    let mut queue = in_step(vec![stubborn]);
    queue.next(NOW).unwrap();
    let updates = all_updates(queue.disconnected(NOW));
    assert!(
        matches!(&updates[..], [DeliveryUpdate::Failed { retry, .. }] if *retry > NOW),
        "must not block for ever"
    );
}

#[test]
fn a_receipt_by_serial_finds_the_text_here_or_asks_the_store() {
    let mut queue = in_step(vec![text(1, 0x1_0010)]);
    let change = queue.receipt(Receipt::Serial { serial: 0x10, bits: 16 }, CONFIRMED, NOW);
    assert!(matches!(update(change), Some(DeliveryUpdate::Confirmed { id: MessageId(1), .. })));
    assert_eq!(queue.next(NOW), None, "confirmed before it was sent again");
    let change = queue.receipt(Receipt::Serial { serial: 9, bits: 16 }, CONFIRMED, NOW);
    assert!(matches!(update(change), Some(DeliveryUpdate::ConfirmedSerial { serial: 9, .. })));
    let refused = DeliveryStage::Refused { code: 1, retry: true };
    assert_eq!(queue.receipt(Receipt::Serial { serial: 9, bits: 16 }, refused, NOW), None);
}

#[test]
fn an_answer_of_the_store_that_a_receipt_has_overtaken_is_asked_for_again() {
    let mut queue = in_step(vec![text(1, 10), text(2, 11)]);
    let downlink = queue.next(NOW).unwrap();
    queue.nudge();
    assert!(queue.wants_load());
    queue.receipt(Receipt::Token(downlink.token), CONFIRMED, NOW);
    queue.loaded(vec![text(1, 10), text(2, 11), text(3, 12)]);
    assert!(queue.wants_load(), "text 1 may have been read before it was settled");
    queue.loaded(vec![text(2, 11), text(3, 12)]);
    let order: Vec<_> =
        std::iter::from_fn(|| queue.next(NOW)).map(|d| shown(&d).to_owned()).collect();
    assert_eq!(order, ["text 2", "text 3"]);
}

#[test]
fn the_receipt_for_the_last_part_tells_when_the_text_was_accepted() {
    let accepted = Some(Duration::from_secs(5));
    let (mut first, mut second) = (text(1, 10), text(2, 11));
    (first.text, first.cuts, first.accepted) = (Arc::from("one two"), vec![4], accepted);
    second.accepted = accepted;
    let mut queue = in_step(vec![first, second]);
    let mut receipt = |stage| {
        let token = queue.next(NOW).unwrap().token;
        queue.receipt(Receipt::Token(token), stage, NOW).unwrap().accepted
    };
    assert_eq!(receipt(CONFIRMED), None, "a part");
    assert_eq!(receipt(CONFIRMED), accepted);
    assert_eq!(receipt(DeliveryStage::TimedOut), None, "not delivered");
}

fn opened(queue: &mut DeviceQueue, receipt: Receipt) -> Option<DeliveryUpdate> {
    update(queue.receipt(receipt, DeliveryStage::Read, NOW.plus(500)))
}

fn read(id: i64) -> Option<DeliveryUpdate> {
    Some(DeliveryUpdate::Read { id: MessageId(id), at: NOW.plus(500) })
}

#[test]
fn a_text_may_be_opened_after_it_was_confirmed_or_before() {
    let mut queue = in_step(vec![text(1, 10), text(2, 11)]);
    let first = Receipt::Token(queue.next(NOW).unwrap().token);
    assert_eq!(opened(&mut queue, first), read(1), "while it is in flight");
    assert!(queue.receipt(first, CONFIRMED, NOW).is_some(), "it still waits for its receipt");
    let second = Receipt::Token(queue.next(NOW).unwrap().token);
    queue.receipt(second, CONFIRMED, NOW);
    assert_eq!(opened(&mut queue, first), read(1));
    assert_eq!(opened(&mut queue, second), read(2));
    assert_eq!(opened(&mut queue, Receipt::Token(DeliveryToken(99))), None);
}

#[test]
fn of_a_long_text_opening_the_last_part_counts() {
    let mut long = text(1, 10);
    (long.text, long.cuts) = (Arc::from("one two"), vec![4]);
    let mut queue = in_step(vec![long]);
    let part = Receipt::Token(queue.next(NOW).unwrap().token);
    assert_eq!(opened(&mut queue, part), None);
    queue.receipt(part, CONFIRMED, NOW);
    assert_eq!(opened(&mut queue, part), None);
    let part = Receipt::Token(queue.next(NOW).unwrap().token);
    assert_eq!(opened(&mut queue, part), read(1));
    queue.receipt(part, CONFIRMED, NOW);
    assert_eq!(opened(&mut queue, part), read(1));
    assert_eq!(opened(&mut queue, Receipt::Serial { serial: 11, bits: 16 }), read(1));
}

#[test]
fn of_an_opened_text_with_an_older_serial_the_store_knows() {
    let mut queue = in_step(vec![text(1, 0x1_0010)]);
    let serial = |serial, bits| Receipt::Serial { serial, bits };
    let asked = |serial, bits| {
        let at = NOW.plus(500);
        Some(DeliveryUpdate::ReadSerial { tracker: TrackerId(7), serial, bits, at })
    };
    assert_eq!(opened(&mut queue, serial(0x10, 16)), asked(0x10, 16), "not sent over this login");
    let token = queue.next(NOW).unwrap().token;
    assert_eq!(opened(&mut queue, serial(0x10, 16)), read(1));
    queue.receipt(Receipt::Token(token), CONFIRMED, NOW);
    assert_eq!(opened(&mut queue, serial(0x10, 16)), read(1));
    assert_eq!(opened(&mut queue, serial(0x10, 32)), asked(0x10, 32));
    assert_eq!(opened(&mut queue, serial(0x10, 0)), None, "a serial without bits says nothing");
}

#[test]
fn only_so_many_confirmed_texts_are_remembered() {
    let mut queue = in_step(Vec::new());
    let mut tokens = Vec::new();
    for n in 1..=200_u32 {
        queue.loaded(vec![text(n.into(), n)]);
        let token = queue.next(NOW).unwrap().token;
        queue.receipt(Receipt::Token(token), CONFIRMED, NOW);
        tokens.push(token);
    }
    assert_eq!(queue.confirmed.len(), REMEMBERED);
    let known = tokens.iter().filter(|token| opened(&mut queue, Receipt::Token(**token)).is_some());
    assert_eq!(known.count(), REMEMBERED);
    assert_eq!(opened(&mut queue, Receipt::Token(tokens[199])), read(200));
}

#[test]
fn opening_a_text_leaves_an_answer_of_the_store_valid() {
    let mut queue = in_step(vec![text(1, 10)]);
    let token = Receipt::Token(queue.next(NOW).unwrap().token);
    queue.nudge();
    assert!(queue.wants_load());
    assert_eq!(opened(&mut queue, token), read(1));
    queue.loaded(vec![text(1, 10), text(2, 11)]);
    assert!(!queue.wants_load(), "nothing that the store was asked for has changed");
}
