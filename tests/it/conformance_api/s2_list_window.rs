//! 7.2 tracker/chat/list: the window, the limit, the order.

use cabwire::model::MessageId;
use serde_json::{Value, json};

use super::fleet::{ALICE, BOB, Fleet};

const LIST: &str = "/tracker/chat/list";
const DAY: u64 = 24 * 3600;

/// Ids of what a query finds for alice's truck.
async fn ids(fleet: &Fleet, mut query: Value) -> Vec<MessageId> {
    query["tracker_id"] = json!(fleet.truck);
    let list = fleet.list_with(ALICE, query).await;
    list.iter().map(|message| MessageId(message["id"].as_i64().unwrap())).collect()
}

/// Three messages at 17:00:00, 17:00:10 and 17:00:20, alice's time.
async fn three(fleet: &Fleet) -> [MessageId; 3] {
    let first = fleet.says(fleet.truck, "1").await;
    fleet.wait(10);
    let second = fleet.says(fleet.truck, "2").await;
    fleet.wait(10);
    [first, second, fleet.says(fleet.truck, "3").await]
}

/// Asserts that a query is refused because of `parameter`.
async fn invalid(fleet: &Fleet, mut query: Value, parameter: &str) {
    query["tracker_id"] = json!(fleet.truck);
    fleet.call(ALICE, LIST, query).await.invalid(parameter);
}

#[tokio::test]
async fn c060_the_default_window_is_the_last_seven_days() {
    let fleet = Fleet::new().await;
    let old = fleet.says(fleet.truck, "old").await;
    fleet.wait(2 * DAY);
    let recent = fleet.says(fleet.truck, "recent").await;
    fleet.wait(6 * DAY);
    assert_eq!(ids(&fleet, json!({})).await, [recent]);
    assert_eq!(ids(&fleet, json!({"from": "2026-03-01 00:00:00"})).await, [old, recent]);
}

#[tokio::test]
async fn c061_from_and_to_bound_the_submit_time() {
    let fleet = Fleet::new().await;
    let [first, second, third] = three(&fleet).await;
    fleet.confirms(fleet.sends(fleet.truck, "go").await).await;
    let window = |from: &str, to: &str| json!({"from": from, "to": to});
    let found = ids(&fleet, window("2026-03-15 17:00:05", "2026-03-15 17:00:15")).await;
    assert_eq!(found, [second]);
    let found = ids(&fleet, window("2026-03-15 16:00:00", "2026-03-15 17:00:15")).await;
    assert_eq!(found, [first, second]);
    assert_eq!(ids(&fleet, json!({"from": "2026-03-15 17:00:15", "limit": 1})).await, [third]);
}

#[tokio::test]
async fn c062_both_bounds_are_inclusive() {
    let fleet = Fleet::new().await;
    let all = three(&fleet).await;
    let window = json!({"from": "2026-03-15 17:00:00", "to": "2026-03-15 17:00:20"});
    assert_eq!(ids(&fleet, window).await, all);
    // The last second counts to its end.
    fleet.clock.advance(std::time::Duration::from_millis(900));
    let late = fleet.says(fleet.truck, "late").await;
    let second = json!({"from": "2026-03-15 17:00:20", "to": "2026-03-15 17:00:20"});
    assert_eq!(ids(&fleet, second).await, [all[2], late]);
}

#[tokio::test]
async fn c063_one_bound_alone_leaves_the_other_at_its_default() {
    let fleet = Fleet::new().await;
    let [first, second, third] = three(&fleet).await;
    assert_eq!(ids(&fleet, json!({"from": "2026-03-15 17:00:10"})).await, [second, third]);
    assert_eq!(ids(&fleet, json!({"to": "2026-03-15 17:00:10"})).await, [first, second]);
    // Literally: now minus seven days is after this.
    invalid(&fleet, json!({"to": "2026-03-01 00:00:00"}), "from").await;
}

#[tokio::test]
async fn c064_a_limit_is_a_maximum() {
    let fleet = Fleet::new().await;
    let all = three(&fleet).await;
    assert_eq!(ids(&fleet, json!({"limit": 2})).await, all[..2]);
    assert_eq!(ids(&fleet, json!({"limit": 10})).await, all);
}

#[tokio::test]
async fn c065_the_largest_limit_is_1024() {
    let fleet = Fleet::new().await;
    let all = three(&fleet).await;
    assert_eq!(ids(&fleet, json!({"limit": 1024})).await, all);
    invalid(&fleet, json!({"limit": 1025}), "limit").await;
}

#[tokio::test]
async fn c066_a_limit_is_positive() {
    let fleet = Fleet::new().await;
    for limit in [0, -1] {
        invalid(&fleet, json!({"limit": limit}), "limit").await;
    }
}

#[tokio::test]
async fn c067_from_after_to_is_invalid() {
    let fleet = Fleet::new().await;
    let window = json!({"from": "2026-03-15 17:00:01", "to": "2026-03-15 17:00:00"});
    invalid(&fleet, window, "from").await;
}

#[tokio::test]
async fn c068_from_equal_to_to_is_that_second() {
    let fleet = Fleet::new().await;
    let [_, second, _] = three(&fleet).await;
    let window = json!({"from": "2026-03-15 17:00:10", "to": "2026-03-15 17:00:10"});
    assert_eq!(ids(&fleet, window).await, [second]);
}

#[tokio::test]
async fn c069_what_is_no_date_is_invalid() {
    let fleet = Fleet::new().await;
    for text in
        ["2026-13-01 00:00:00", "yesterday", "2026-02-30 00:00:00", "2026-03-15", "1773576000"]
    {
        invalid(&fleet, json!({"from": text}), "from").await;
        invalid(&fleet, json!({"to": text}), "to").await;
    }
}

#[tokio::test]
async fn c070_dates_in_forms_and_queries() {
    let fleet = Fleet::new().await;
    let [_, second, third] = three(&fleet).await;
    for from in ["2026-03-15+17:00:10", "2026-03-15%2017%3A00%3A10", "2026-03-15 17:00:10"] {
        let parameters = format!("hash={ALICE}&tracker_id={}&from={from}", fleet.truck);
        for reply in
            [fleet.form(LIST, &parameters).await, fleet.get(&format!("{LIST}?{parameters}")).await]
        {
            let list = &reply.ok()["list"];
            assert_eq!((&list[0]["id"], &list[1]["id"]), (&json!(second), &json!(third)));
        }
    }
}

#[tokio::test]
async fn c071_iso_dates_are_understood_always() {
    let fleet = Fleet::new().await;
    let [_, second, third] = three(&fleet).await;
    for from in ["2026-03-15T17:00:10+05:00", "2026-03-15T12:00:10Z", "2026-03-15T12:00:10.5+0000"]
    {
        for iso in [json!(true), json!(false)] {
            let query = json!({"from": from, "iso_datetime": iso});
            assert_eq!(ids(&fleet, query).await, [second, third], "{from}");
        }
    }
    // A plus sign that was not encoded.
    let path =
        format!("{LIST}?hash={ALICE}&tracker_id={}&from=2026-03-15T17:00:10+05:00", fleet.truck);
    assert_eq!(fleet.get(&path).await.ok()["list"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn c072_times_around_a_clock_change_are_understood() {
    let fleet = Fleet::new().await;
    // New York skipped 02:30 on 2026-03-08 and repeats 01:30 on 2026-11-01.
    for time in ["2026-03-08 02:30:00", "2026-11-01 01:30:00"] {
        let query = json!({"tracker_id": fleet.foreign, "from": time, "to": time});
        assert_eq!(fleet.list_with(BOB, query).await, Vec::<Value>::new());
    }
    // Both times that are called 01:30 are inside of a window of that name.
    fleet.clock.advance(
        "2026-11-01T05:30:00Z"
            .parse::<jiff::Timestamp>()
            .unwrap()
            .duration_since("2026-03-15T12:00:00Z".parse().unwrap())
            .unsigned_abs(),
    );
    fleet.says(fleet.foreign, "first").await;
    fleet.wait(3600);
    fleet.says(fleet.foreign, "second").await;
    let time = "2026-11-01 01:30:00";
    let query = json!({"tracker_id": fleet.foreign, "from": time, "to": time});
    let list = fleet.list_with(BOB, query).await;
    assert_eq!(list.len(), 2);
    assert!(list.iter().all(|message| message["submit_time"] == time));
}

#[tokio::test]
async fn c073_ascending_is_the_default_order() {
    let fleet = Fleet::new().await;
    let mut all = three(&fleet).await;
    assert_eq!(ids(&fleet, json!({})).await, all);
    assert_eq!(ids(&fleet, json!({"ascending": true})).await, all);
    all.reverse();
    assert_eq!(ids(&fleet, json!({"ascending": false})).await, all);
}

#[tokio::test]
async fn c074_the_limit_cuts_after_ordering() {
    let fleet = Fleet::new().await;
    let [first, second, third] = three(&fleet).await;
    assert_eq!(ids(&fleet, json!({"limit": 2})).await, [first, second]);
    assert_eq!(ids(&fleet, json!({"limit": 2, "ascending": false})).await, [third, second]);
}

#[tokio::test]
async fn c075_equal_times_are_ordered_by_id() {
    let fleet = Fleet::new().await;
    let mut all = Vec::new();
    for n in 0..6 {
        all.push(match n % 2 {
            0 => fleet.says(fleet.truck, "in").await,
            _ => fleet.sends(fleet.truck, "out").await,
        });
    }
    assert!(all.is_sorted());
    for _ in 0..2 {
        assert_eq!(ids(&fleet, json!({})).await, all);
        let descending: Vec<_> = all.iter().rev().copied().collect();
        assert_eq!(ids(&fleet, json!({"ascending": false})).await, descending);
    }
}
