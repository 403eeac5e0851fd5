//! 7.1 Transport, auth, envelope: how requests are written and what answers look like.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{FORM, Reply};
use super::fleet::{ALICE, ALICE_SESSION, Fleet};

/// The seven actions, each with parameters that make it succeed for alice.
fn seven(fleet: &Fleet, incoming: i64) -> [(&'static str, Value); 7] {
    let truck = fleet.truck;
    [
        ("list", json!({"tracker_id": truck})),
        ("send", json!({"tracker_id": truck, "message": "go"})),
        ("broadcast", json!({"trackers": [truck], "message": "go"})),
        ("mark_read", json!({"message_id": incoming})),
        ("mark_read_all", json!({"trackers": [truck]})),
        ("updated/list", json!({"trackers": [truck]})),
        ("unread/count", json!({})),
    ]
}

/// The same parameters as a form or query.
fn pairs(parameters: &Value) -> String {
    let pairs = parameters.as_object().unwrap().iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    });
    pairs.chain([format!("hash={ALICE}")]).collect::<Vec<_>>().join("&")
}

/// The fields of an answer.
fn fields(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn c001_every_action_answers_a_json_post() {
    let fleet = Fleet::new().await;
    let incoming = fleet.says(fleet.truck, "hi").await.0;
    for (action, parameters) in seven(&fleet, incoming) {
        fleet.call(ALICE, &format!("/tracker/chat/{action}"), parameters).await.ok();
    }
}

#[tokio::test]
async fn c002_every_action_answers_a_form_post_with_the_same_result() {
    let fleet = Fleet::new().await;
    let incoming = fleet.says(fleet.truck, "hi").await.0;
    for (action, parameters) in seven(&fleet, incoming) {
        let path = format!("/tracker/chat/{action}");
        let form = fleet.form(&path, &pairs(&parameters)).await.ok();
        let json = fleet.call(ALICE, &path, parameters).await.ok();
        assert_eq!(fields(&form), fields(&json), "{action}");
        if matches!(action, "broadcast" | "updated/list" | "unread/count") {
            assert_eq!(form, json);
        }
    }
}

#[tokio::test]
async fn c003_the_documented_actions_answer_get() {
    let fleet = Fleet::new().await;
    let incoming = fleet.says(fleet.truck, "hi").await.0;
    for (action, parameters) in seven(&fleet, incoming) {
        if matches!(action, "list" | "mark_read_all" | "mark_read" | "unread/count") {
            fleet.get(&format!("/tracker/chat/{action}?{}", pairs(&parameters))).await.ok();
        }
    }
}

#[tokio::test]
async fn c004_the_formerly_documented_actions_answer_get_too() {
    let fleet = Fleet::new().await;
    for (action, parameters) in seven(&fleet, 0) {
        if matches!(action, "send" | "broadcast" | "updated/list") {
            fleet.get(&format!("/tracker/chat/{action}?{}", pairs(&parameters))).await.ok();
        }
    }
    assert_eq!(fleet.list(ALICE, fleet.truck).await.len(), 2);
}

#[tokio::test]
async fn c005_a_slash_at_the_end_changes_nothing() {
    let fleet = Fleet::new().await;
    let incoming = fleet.says(fleet.truck, "hi").await.0;
    for (action, parameters) in seven(&fleet, incoming) {
        fleet.call(ALICE, &format!("/tracker/chat/{action}/"), parameters).await.ok();
    }
}

#[tokio::test]
async fn c006_three_mounts_are_the_same_action() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    let mut answers = Vec::new();
    for mount in ["", "/v2", "/api-v2"] {
        let path = format!("{mount}/tracker/chat/list");
        answers.push(fleet.call(ALICE, &path, json!({"tracker_id": fleet.truck})).await.ok());
    }
    assert_eq!(answers[0]["list"].as_array().unwrap().len(), 1);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn c007_content_type_is_json_for_success_and_error() {
    let fleet = Fleet::new().await;
    let good = fleet.call(ALICE, "/tracker/chat/unread/count", json!({})).await;
    let bad = fleet.json("/tracker/chat/unread/count", json!({})).await;
    assert_eq!((good.status, bad.status), (200, 400));
    for reply in [good, bad] {
        assert_eq!(reply.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn c008_success_is_200_and_true() {
    let fleet = Fleet::new().await;
    let reply = fleet.call(ALICE, "/tracker/chat/list", json!({"tracker_id": fleet.truck})).await;
    assert_eq!((reply.status, &reply.value()["success"]), (200, &Value::Bool(true)));
}

#[tokio::test]
async fn c009_an_error_has_code_and_description_and_nothing_of_success() {
    let fleet = Fleet::new().await;
    let value =
        fleet.call(ALICE, "/tracker/chat/list", json!({"tracker_id": 0})).await.error(201, 400);
    assert_eq!(fields(&value), ["status", "success"]);
    assert!(value["status"]["code"].is_i64() && value["status"]["description"].is_string());
}

#[tokio::test]
async fn c023_broken_json_is_a_wrong_format() {
    let fleet = Fleet::new().await;
    for body in ["{", "{\"hash\": }", "{\"hash\": \"x\"} trailing", "{'hash': 1}", "not json"] {
        let reply = fleet.body("/tracker/chat/unread/count", "application/json", body).await;
        let value = reply.error(5, 400);
        assert_eq!(value["status"]["description"], "Wrong request format");
    }
}

#[tokio::test]
async fn c024_a_json_root_that_is_no_object_is_a_wrong_format() {
    let fleet = Fleet::new().await;
    for body in ["[]", "[{}]", "\"text\"", "5", "true", "null"] {
        fleet.body("/tracker/chat/unread/count", "application/json", body).await.error(5, 400);
    }
}

#[tokio::test]
async fn c025_a_post_without_body_takes_its_parameters_from_the_query() {
    let fleet = Fleet::new().await;
    let path = format!("/tracker/chat/list?tracker_id={}&hash={ALICE}", fleet.truck);
    for kind in ["application/json", FORM] {
        fleet.body(&path, kind, "").await.ok();
    }
    Reply::of(fleet.request(Method::POST, &path)).await.ok();
}

#[tokio::test]
async fn c026_a_get_may_claim_a_content_type() {
    let fleet = Fleet::new().await;
    let path = format!("/tracker/chat/list?tracker_id={}&hash={ALICE}", fleet.truck);
    let request = fleet.request(Method::GET, &path).header("content-type", "application/json");
    Reply::of(request).await.ok();
}

#[tokio::test]
async fn c027_json_that_claims_to_be_a_form_is_json() {
    let fleet = Fleet::new().await;
    let body = json!({"hash": ALICE, "tracker_id": fleet.truck}).to_string();
    fleet.form("/tracker/chat/list", &body).await.ok();
    fleet.form("/tracker/chat/list", "{broken").await.error(5, 400);
}

#[tokio::test]
async fn c028_without_content_type_the_first_byte_decides() {
    let fleet = Fleet::new().await;
    let json = json!({"hash": ALICE, "tracker_id": fleet.truck}).to_string();
    let form = format!("hash={ALICE}&tracker_id={}", fleet.truck);
    for body in [json.clone(), format!("\n  {json}"), form] {
        let request = fleet.request(Method::POST, "/tracker/chat/list").body(body);
        Reply::of(request).await.ok();
    }
}

#[tokio::test]
async fn c029_a_content_type_may_have_parameters() {
    let fleet = Fleet::new().await;
    let body = json!({"hash": ALICE}).to_string();
    let form = format!("hash={ALICE}");
    for (kind, body) in [
        ("application/json; charset=utf-8", &body),
        ("Application/JSON;charset=UTF-8", &body),
        ("application/x-www-form-urlencoded; charset=UTF-8", &form),
    ] {
        fleet.body("/tracker/chat/unread/count", kind, body.clone()).await.ok();
    }
}

#[tokio::test]
async fn c030_other_content_types_are_a_wrong_format() {
    let fleet = Fleet::new().await;
    for kind in ["text/xml", "text/plain", "multipart/form-data; boundary=x"] {
        fleet.body("/tracker/chat/unread/count", kind, format!("hash={ALICE}")).await.error(5, 400);
    }
}

#[tokio::test]
async fn c031_an_oversized_request_is_too_large() {
    let fleet = Fleet::new().await;
    let largest = "я".repeat(20_000).replace('я', "%D1%8F");
    let body = format!("hash={ALICE}&tracker_id={}&message={largest}", fleet.truck);
    fleet.form("/tracker/chat/send", &body).await.ok();
    let body = json!({"hash": ALICE, "pad": "x".repeat(1024 * 1024)});
    fleet.json("/tracker/chat/unread/count", body).await.error(9, 412);
}

#[tokio::test]
async fn c034_unknown_actions_and_resources_are_told_apart() {
    let fleet = Fleet::new().await;
    for path in ["/tracker/chat/foo", "/v2/tracker/chat/foo/", "/tracker/foo"] {
        fleet.call(ALICE, path, json!({})).await.error(112, 400);
    }
    for path in ["/", "/foo", "/foo/bar", "/v2/foo/bar", "/tracker/foo/bar"] {
        fleet.call(ALICE, path, json!({})).await.error(111, 400);
    }
}

#[tokio::test]
async fn c035_unknown_parameters_are_ignored() {
    let fleet = Fleet::new().await;
    let body = json!({"tracker_id": fleet.truck, "locale": "ru", "x": {"y": [1, null]}});
    fleet.call(ALICE, "/tracker/chat/list?_=1&z[]=2", body).await.ok();
}

#[tokio::test]
async fn c036_answers_may_be_read_across_origins() {
    let fleet = Fleet::new().await;
    for (path, status) in
        [("/tracker/chat/unread/count", 200), ("/tracker/chat/list", 400), ("/foo", 400)]
    {
        let request = fleet
            .request(Method::POST, path)
            .header("origin", "https://fleet.example")
            .header("content-type", FORM)
            .body(format!("hash={ALICE}"));
        let reply = Reply::of(request).await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (status, "*"));
    }
}

#[tokio::test]
async fn c037_a_preflight_needs_no_hash() {
    let fleet = Fleet::new().await;
    let request = fleet
        .request(Method::OPTIONS, "/v2/tracker/chat/send")
        .header("origin", "https://fleet.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,nvx-iso-datetime");
    let reply = Reply::of(request).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, "*"));
    let methods = reply.header("access-control-allow-methods");
    assert!(methods.contains("GET") && methods.contains("POST"), "{methods}");
    let headers = reply.header("access-control-allow-headers").to_lowercase();
    for name in ["authorization", "content-type", "nvx-iso-datetime"] {
        assert!(headers.contains(name), "{headers}");
    }
}

#[tokio::test]
async fn c052_nothing_is_html_a_redirect_or_empty() {
    let fleet = Fleet::new().await;
    let mut paths =
        vec!["", "/", "/v2", "/index.html", "/tracker/chat", "/tracker//chat/list", "/%00"];
    paths.extend(["/tracker/chat/list", "/user/auth", "/health", "/ready", "/tracker/list/"]);
    for path in paths {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let reply = Reply::of(fleet.request(method.clone(), path)).await;
            assert!(!(300..400).contains(&reply.status), "{method} {path}");
            assert!(reply.value()["success"].is_boolean(), "{method} {path}");
        }
    }
    fleet
        .body("/tracker/chat/send", "application/json", vec![0xff, 0xfe, 0x00])
        .await
        .error(5, 400);
    let put = fleet.request(Method::PUT, "/tracker/chat/list").query(&[("hash", ALICE_SESSION)]);
    Reply::of(put).await.error(112, 400);
}
