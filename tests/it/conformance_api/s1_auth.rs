//! 7.1 Transport, auth, envelope: the `hash`, where it stands and how long it works.

use std::time::Duration;

use cabwire::api::ApiSettings;
use reqwest::Method;
use serde_json::json;

use super::client::{FORM, Reply};
use super::fleet::{ALICE, ALICE_SESSION, BOB, CAROL, Fleet};

const UNREAD: &str = "/tracker/chat/unread/count";
/// Well formed, and nobody's.
const UNKNOWN: &str = "00000000000000000000000000000bad";

/// A call with only a header.
async fn with_header(fleet: &Fleet, method: Method, value: &str) -> Reply {
    Reply::of(fleet.request(method, UNREAD).header("authorization", value)).await
}

#[tokio::test]
async fn c010_hash_in_a_json_body() {
    Fleet::new().await.json(UNREAD, json!({"hash": ALICE})).await.ok();
}

#[tokio::test]
async fn c011_hash_in_a_form_body() {
    Fleet::new().await.form(UNREAD, &format!("hash={ALICE}")).await.ok();
}

#[tokio::test]
async fn c012_hash_in_the_query_also_beside_a_json_body() {
    let fleet = Fleet::new().await;
    fleet.get(&format!("{UNREAD}?hash={ALICE}")).await.ok();
    fleet.json(&format!("{UNREAD}?hash={ALICE}"), json!({"limit": 5})).await.ok();
    fleet.json(&format!("{UNREAD}?hash={ALICE}"), json!({"hash": null})).await.ok();
}

#[tokio::test]
async fn c013_hash_in_the_authorization_header() {
    let fleet = Fleet::new().await;
    for method in [Method::GET, Method::POST] {
        with_header(&fleet, method.clone(), &format!("NVX {ALICE}")).await.ok();
        with_header(&fleet, method, &format!("nvx {ALICE}")).await.ok();
    }
}

#[tokio::test]
async fn c014_the_header_needs_exactly_one_space() {
    let fleet = Fleet::new().await;
    for value in [format!("NVX{ALICE}"), format!("NVX  {ALICE}"), ALICE.to_owned()] {
        with_header(&fleet, Method::GET, &value).await.error(3, 400);
    }
    for value in [format!("Bearer {ALICE}"), "Basic YTpi".to_owned()] {
        with_header(&fleet, Method::GET, &value).await.error(3, 400);
        let request = fleet
            .request(Method::GET, &format!("{UNREAD}?hash={ALICE}"))
            .header("authorization", value);
        Reply::of(request).await.ok();
    }
}

#[tokio::test]
async fn c015_body_hash_wins_over_query_and_query_over_header() {
    let fleet = Fleet::new().await;
    let bogus_query = format!("{UNREAD}?hash={UNKNOWN}");
    fleet.json(&bogus_query, json!({"hash": ALICE})).await.ok();
    let request = fleet
        .request(Method::POST, UNREAD)
        .header("authorization", format!("NVX {ALICE}"))
        .header("content-type", FORM)
        .body(format!("hash={UNKNOWN}"));
    Reply::of(request).await.error(4, 400);
    let request =
        fleet.request(Method::GET, &bogus_query).header("authorization", format!("NVX {ALICE}"));
    Reply::of(request).await.error(4, 400);
}

#[tokio::test]
async fn c016_sessions_and_api_keys_serve_all_seven_actions() {
    let fleet = Fleet::new().await;
    let truck = fleet.truck;
    let id = fleet.says(truck, "hi").await;
    for hash in [ALICE, ALICE_SESSION] {
        for (action, parameters) in [
            ("list", json!({"tracker_id": truck})),
            ("send", json!({"tracker_id": truck, "message": "go"})),
            ("broadcast", json!({"trackers": [truck], "message": "go"})),
            ("mark_read", json!({"message_id": id})),
            ("mark_read_all", json!({})),
            ("updated/list", json!({"trackers": [truck]})),
            ("unread/count", json!({})),
        ] {
            fleet.call(hash, &format!("/tracker/chat/{action}"), parameters).await.ok();
        }
    }
}

#[tokio::test]
async fn c017_an_unknown_hash() {
    let value = Fleet::new().await.call(UNKNOWN, UNREAD, json!({})).await.error(4, 400);
    assert_eq!(value["status"]["description"], "User or API key not found or session ended");
}

#[tokio::test]
async fn c018_a_missing_hash() {
    let fleet = Fleet::new().await;
    for body in [json!({}), json!({"hash": null})] {
        fleet.json(UNREAD, body).await.error(3, 400);
    }
    for body in ["", "hash=", "hash=undefined", "hash=null"] {
        fleet.form(UNREAD, body).await.error(3, 400);
    }
}

#[tokio::test]
async fn c019_a_hash_that_is_not_32_hex_digits() {
    let fleet = Fleet::new().await;
    for hash in ["x", &ALICE[1..], &format!("{ALICE}0"), "zz1ce0000000000000000000000000a1"] {
        let value = fleet.call(hash, UNREAD, json!({})).await.error(3, 400);
        assert_eq!(value["status"]["description"], "Wrong hash");
    }
    for hash in [json!(5), json!([ALICE]), json!({"hash": ALICE}), json!(true)] {
        fleet.json(UNREAD, json!({"hash": hash})).await.error(3, 400);
    }
}

#[tokio::test]
async fn c020_a_deleted_key_and_an_ended_session_stop_at_once() {
    let fleet = Fleet::new().await;
    let created =
        fleet.call(ALICE_SESSION, "/api/key/create", json!({"title": "temporary"})).await.ok();
    let key = created["value"]["hash"].as_str().unwrap();
    fleet.call(key, UNREAD, json!({})).await.ok();
    fleet.call(ALICE_SESSION, "/api/key/delete", json!({"key": key})).await.ok();
    fleet.call(key, UNREAD, json!({})).await.error(4, 400);
    fleet.call(ALICE_SESSION, "/user/logout", json!({})).await.ok();
    fleet.call(ALICE_SESSION, UNREAD, json!({})).await.error(4, 400);
}

#[tokio::test]
async fn c021_a_session_dies_after_30_idle_days_and_renewing_prolongs_it() {
    const DAY: u64 = 24 * 3600;
    let fleet = Fleet::new().await;
    fleet.wait(29 * DAY);
    fleet.call(ALICE_SESSION, "/user/session/renew", json!({})).await.ok();
    fleet.wait(2 * DAY);
    fleet.call(CAROL, UNREAD, json!({})).await.error(4, 400);
    fleet.wait(27 * DAY);
    fleet.call(ALICE_SESSION, UNREAD, json!({})).await.ok();
    fleet.wait(30 * DAY + 1);
    fleet.call(ALICE_SESSION, UNREAD, json!({})).await.error(4, 400);
    fleet.call(ALICE, UNREAD, json!({})).await.ok();
}

#[tokio::test]
async fn c022_the_hash_is_checked_before_the_parameters() {
    let fleet = Fleet::new().await;
    let body = json!({"tracker_id": "abc", "limit": -1, "from": "yesterday"});
    fleet.call(UNKNOWN, "/tracker/chat/list", body.clone()).await.error(4, 400);
    fleet.json("/tracker/chat/list", body).await.error(3, 400);
}

#[tokio::test]
async fn c032_fifty_requests_a_second_and_then_a_pause() {
    let fleet = Fleet::with(ApiSettings::default()).await;
    for _ in 0..50 {
        fleet.call(ALICE, UNREAD, json!({})).await.ok();
    }
    let reply = fleet.call(ALICE, UNREAD, json!({})).await;
    let value = reply.error(15, 429);
    assert_eq!(value["status"]["description"], "Too many requests (rate limit exceeded)");
    assert_eq!(reply.header("retry-after"), "1");
    fleet.clock.advance(Duration::from_millis(100));
    fleet.call(ALICE, UNREAD, json!({})).await.ok();
    fleet.wait(1);
    for _ in 0..50 {
        fleet.call(ALICE, UNREAD, json!({})).await.ok();
    }
}

#[tokio::test]
async fn c033_an_exhausted_key_leaves_other_credentials_alone() {
    let fleet = Fleet::with(ApiSettings::default()).await;
    for _ in 0..50 {
        fleet.call(ALICE, UNREAD, json!({})).await.ok();
    }
    fleet.call(ALICE, UNREAD, json!({})).await.error(15, 429);
    fleet.call(ALICE_SESSION, UNREAD, json!({})).await.ok();
    fleet.call(BOB, UNREAD, json!({})).await.ok();
}
