//! What a client can do to the server: too much, too slowly, half, or nothing at all.

use cabwire::api::ApiSettings;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::Reply;
use super::fleet::{ALICE, Fleet};

const SEND: &str = "/tracker/chat/send";

/// Sends bytes and reads until the server closes.
async fn raw(fleet: &Fleet, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(fleet.server.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_slow_body_is_answered_and_cut_off() {
    let settings = ApiSettings { body_seconds: 1, ..ApiSettings::default() };
    let fleet = Fleet::with(settings).await;
    let head = format!(
        "POST {SEND} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{{\"hash\":"
    );
    let answer = raw(&fleet, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let value: Value = serde_json::from_str(body).unwrap();
    assert_eq!(value["status"]["code"], 5);
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let settings = ApiSettings { header_seconds: 1, ..ApiSettings::default() };
    let fleet = Fleet::with(settings).await;
    for start in ["", "POST /tracker/chat/send HTTP/1.1\r\nhost:"] {
        raw(&fleet, start.as_bytes()).await;
    }
}

#[tokio::test]
async fn clients_that_leave_do_no_harm() {
    let fleet = Fleet::new().await;
    for length in [10, 70, 120] {
        let body = json!({"hash": ALICE, "tracker_id": fleet.truck, "message": "go"}).to_string();
        let head = format!(
            "POST {SEND} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let request = format!("{head}{body}");
        let mut stream = TcpStream::connect(fleet.server.address).await.unwrap();
        stream.write_all(&request.as_bytes()[..length]).await.unwrap();
        drop(stream);
    }
    assert_eq!(fleet.list(ALICE, fleet.truck).await, Vec::<Value>::new(), "half a request is none");
}

#[tokio::test]
async fn a_body_far_beyond_the_limit_is_not_kept() {
    let settings = ApiSettings { max_body_bytes: 1000, ..ApiSettings::default() };
    let fleet = Fleet::with(settings).await;
    let exact = |size: usize| {
        let empty = json!({"hash": ALICE, "pad": ""}).to_string().len();
        json!({"hash": ALICE, "pad": "x".repeat(size - empty)}).to_string()
    };
    let unread = "/tracker/chat/unread/count";
    fleet.body(unread, "application/json", exact(1000)).await.ok();
    fleet.body(unread, "application/json", exact(1001)).await.error(9, 412);
    fleet.body(unread, "application/json", exact(5000)).await.error(9, 412);
    // Without a declared length.
    let chunked = format!(
        "POST {unread} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n{}\r\n0\r\n\r\n",
        exact(2000)
    );
    let answer = raw(&fleet, chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 412 "), "{answer}");
}

#[tokio::test]
async fn too_many_pairs_are_too_large() {
    let fleet = Fleet::new().await;
    let body = format!("hash={ALICE}{}", "&a".repeat(50_000));
    fleet.form("/tracker/chat/unread/count", &body).await.error(9, 412);
}

#[tokio::test]
async fn wrong_hashes_are_limited_per_address_and_right_ones_are_not() {
    let settings = ApiSettings { failures_per_minute: 5, ..ApiSettings::default() };
    let fleet = Fleet::with(settings).await;
    let unread = "/tracker/chat/unread/count";
    for _ in 0..5 {
        fleet.json(unread, json!({})).await.error(3, 400);
    }
    fleet.json(unread, json!({})).await.error(15, 429);
    fleet.call(ALICE, unread, json!({})).await.ok();
    fleet.wait(60);
    fleet.json(unread, json!({})).await.error(3, 400);
}

#[tokio::test]
async fn behind_a_proxy_the_client_s_address_counts() {
    let settings =
        ApiSettings { failures_per_minute: 1, behind_proxy: true, ..ApiSettings::default() };
    let fleet = Fleet::with(settings).await;
    let from = async |addresses: &str| {
        let request = fleet.request(Method::GET, "/tracker/list");
        Reply::of(request.header("x-forwarded-for", addresses)).await
    };
    from("10.0.0.1").await.error(3, 400);
    from("10.0.0.1").await.error(15, 429);
    from("10.0.0.1, 10.0.0.2").await.error(3, 400);
    from("10.0.0.3, 10.0.0.2").await.error(15, 429);
}

#[tokio::test]
async fn a_store_that_is_gone_is_said() {
    let fleet = Fleet::new().await;
    fleet.get("/ready").await.ok();
    fleet.store.close().await;
    let body = json!({"tracker_id": fleet.truck, "message": "go"});
    fleet.call(ALICE, SEND, body).await.error(14, 503);
    let value = fleet.get("/ready").await.error(14, 503);
    assert!(value["reason"].is_string());
    fleet.get("/health").await.ok();
}

#[tokio::test]
async fn metrics_are_text() {
    let fleet = Fleet::new().await;
    let reply = fleet.get("/metrics").await;
    assert_eq!((reply.status, reply.text.as_str()), (200, "cabwire_up 1\n"));
    assert!(reply.header("content-type").starts_with("text/plain; version=0.0.4"));
    Reply::of(fleet.request(Method::POST, "/metrics")).await.error(112, 400);
}

#[tokio::test]
async fn answers_are_not_to_be_cached() {
    let fleet = Fleet::new().await;
    for reply in
        [fleet.get("/tracker/list").await, fleet.get("/health").await, fleet.get("/x").await]
    {
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn a_stopping_server_finishes_and_ends() {
    let mut fleet = Fleet::new().await;
    let mut idle = TcpStream::connect(fleet.server.address).await.unwrap();
    fleet.get("/health").await.ok();
    fleet.server.stop().await;
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
}
