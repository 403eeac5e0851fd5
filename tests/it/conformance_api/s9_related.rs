//! 7.9 Related calls used by the client suite, and what else the sibling calls promise.

use cabwire::api::ApiSettings;
use cabwire::model::{NewEmployee, UserChange};
use serde_json::{Value, json};

use super::fleet::{ALICE, ALICE_SESSION, BEACON, CAROL, Fleet, PASSWORD, TERMINAL};

const AUTH: &str = "/user/auth";

#[tokio::test]
async fn c157_logging_in_by_json_form_and_get() {
    let fleet = Fleet::new().await;
    let parameters = format!("login=alice&password={}", PASSWORD.replace(' ', "%20"));
    for reply in [
        fleet.json(AUTH, json!({"login": "alice", "password": PASSWORD})).await,
        fleet.form(AUTH, &parameters).await,
        fleet.get(&format!("{AUTH}?{parameters}")).await,
    ] {
        let value = reply.ok();
        assert_eq!(value["type"], "authenticated");
        let hash = value["hash"].as_str().unwrap();
        assert!(hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
        fleet.call(hash, "/tracker/chat/unread/count", json!({})).await.ok();
    }
    for login in ["alice", "nobody"] {
        fleet.json(AUTH, json!({"login": login, "password": "wrong"})).await.error(102, 400);
    }
    fleet.json(AUTH, json!({"login": "alice"})).await.invalid("password");
    fleet.json(AUTH, json!({"password": PASSWORD})).await.invalid("login");
}

#[tokio::test]
async fn c158_the_trackers_of_an_account() {
    let fleet = Fleet::new().await;
    let reply = fleet.call(ALICE, "/tracker/list", json!({})).await.ok();
    let list = reply["list"].as_array().unwrap();
    assert_eq!(list.len(), 6);
    let device = fleet.directory.device(fleet.truck).unwrap();
    assert_eq!(
        list[0],
        json!({
            "id": fleet.truck, "label": "truck", "clone": false, "group_id": 0,
            "source": {
                "id": fleet.truck, "device_id": device.tracker.identity, "model": TERMINAL,
                "blocked": false, "tariff_id": fleet.tariffs.full, "status_listing_id": null,
                "creation_date": "2026-03-15", "tariff_end_date": null, "phone": null,
            },
            "tag_bindings": [],
        })
    );
    assert!(list[0]["source"]["device_id"].is_string());
    let blocked = list.iter().find(|tracker| tracker["id"] == json!(fleet.blocked)).unwrap();
    assert_eq!(blocked["source"]["blocked"], true);
    let carol = fleet.call(CAROL, "/tracker/list", json!({})).await.ok();
    assert_eq!(carol["list"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn c159_an_api_key_is_no_session() {
    let fleet = Fleet::new().await;
    for path in ["/user/session/renew", "/user/logout", "/api/key/list"] {
        fleet.call(ALICE, path, json!({})).await.error(4, 400);
    }
    fleet.call(ALICE_SESSION, "/user/session/renew", json!({})).await.ok();
}

#[tokio::test]
async fn c160_twenty_keys_and_none_for_sub_users() {
    let fleet = Fleet::new().await;
    // One exists.
    for n in 1..20 {
        let body = json!({"title": format!("key {n}")});
        fleet.call(ALICE_SESSION, "/api/key/create", body).await.ok();
    }
    let body = json!({"title": "one too many"});
    fleet.call(ALICE_SESSION, "/api/key/create", body.clone()).await.error(268, 402);
    fleet.call(CAROL, "/api/key/create", body).await.error(13, 403);
}

#[tokio::test]
async fn c161_has_chat_decides_about_214() {
    let fleet = Fleet::new().await;
    let reply = fleet.call(ALICE, "/tracker/list_models", json!({})).await.ok();
    let models = reply["list"].as_array().unwrap();
    for (code, tracker) in [(TERMINAL, fleet.truck), (BEACON, fleet.beacon)] {
        let model = models.iter().find(|model| model["code"] == code).unwrap();
        let has_chat = model["has_chat"].as_bool().unwrap();
        assert_eq!(has_chat, code == TERMINAL);
        let list = fleet.call(ALICE, "/tracker/chat/list", json!({"tracker_id": tracker})).await;
        let body = json!({"tracker_id": tracker, "message": "go"});
        let send = fleet.call(ALICE, "/tracker/chat/send", body).await;
        for reply in [list, send] {
            if has_chat {
                reply.ok();
            } else {
                // Whoever is surprised by it is told what to do.
                let reason = reply.error(214, 400)["reason"].to_string();
                assert!(reason.contains(&format!("`{code}`")), "{reason}");
            }
        }
    }
}

#[tokio::test]
async fn c162_dates_follow_the_user_s_time_zone() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    for (zone, shown) in [("Asia/Yekaterinburg", "17:00:00"), ("Pacific/Auckland", "01:00:00")] {
        let change = UserChange { time_zone: Some(zone.into()), ..UserChange::default() };
        fleet.store.change_user(fleet.alice, change).await.unwrap();
        fleet.directory.refresh().await.unwrap();
        let info = fleet.call(ALICE, "/user/get_info", json!({})).await.ok();
        assert_eq!(info["user_info"]["time_zone"], zone);
        let settings = fleet.call(ALICE, "/user/settings/read", json!({})).await.ok();
        assert_eq!(settings["settings"]["time_zone"], zone);
        let message = &fleet.list(ALICE, fleet.truck).await[0];
        assert!(message["submit_time"].as_str().unwrap().ends_with(shown), "{message}");
    }
}

// ── beyond the list ─────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn user_info_names_user_and_master() {
    let fleet = Fleet::new().await;
    let info = fleet.call(CAROL, "/user/get_info", json!({})).await.ok();
    let user = &info["user_info"];
    assert_eq!((&user["id"], &user["login"]), (&json!(fleet.carol), &json!("carol")));
    assert_eq!((&user["title"], &user["locale"]), (&json!("CAROL"), &json!("en_US")));
    assert_eq!(info["master"]["id"], json!(fleet.alice));
    let info = fleet.call(ALICE, "/user/get_info", json!({})).await.ok();
    assert!(info.get("master").is_none() && info.get("privileges").is_none());
}

#[tokio::test]
async fn keys_are_listed_masked_and_deleted_by_either_name() {
    let fleet = Fleet::new().await;
    let body = json!({"title": "phone"});
    let created = fleet.call(ALICE_SESSION, "/api/key/create", body).await.ok()["value"].clone();
    let key = created["hash"].as_str().unwrap();
    assert_eq!(created["create_date"], "2026-03-15 17:00:00");
    let list = fleet.call(ALICE_SESSION, "/user/api_key/list", json!({})).await.ok();
    let titles: Vec<_> = list["list"].as_array().unwrap().iter().map(|key| &key["title"]).collect();
    assert!(titles.contains(&&json!("phone")) && titles.contains(&&json!("test")));
    let shown = |list: &Value| {
        let found = list["list"].as_array().unwrap().iter().find(|key| key["title"] == "phone");
        found.map(|key| key["hash"].as_str().unwrap().to_owned())
    };
    let masked = shown(&list).unwrap();
    assert_eq!(masked, format!("{}{}", &key[..4], "*".repeat(28)));
    fleet.call(ALICE_SESSION, "/api/key/delete", json!({"key": "x"})).await.error(201, 400);
    fleet.call(ALICE_SESSION, "/api/key/delete", json!({})).await.invalid("key");
    let body = json!({"api_key": masked});
    fleet.call(ALICE_SESSION, "/user/api_key/delete", body).await.ok();
    let list = fleet.call(ALICE_SESSION, "/api/key/list", json!({})).await.ok();
    assert_eq!(shown(&list), None);
    for title in ["", &"x".repeat(256), "a\nb"] {
        let body = json!({"title": title});
        fleet.call(ALICE_SESSION, "/api/key/create", body).await.invalid("title");
    }
}

#[tokio::test]
async fn labels_filter_trackers() {
    let fleet = Fleet::new().await;
    let reply = fleet.call(ALICE, "/tracker/list", json!({"labels": ["tru", "unr"]})).await.ok();
    let labels: Vec<_> = reply["list"].as_array().unwrap().iter().map(|t| &t["label"]).collect();
    assert_eq!(labels, ["truck", "unreported"]);
    for bad in [json!([]), json!(["a", "a"]), json!([""]), json!(["x".repeat(61)]), json!([null])] {
        fleet.call(ALICE, "/tracker/list", json!({"labels": bad})).await.invalid("labels");
    }
    let read = fleet.call(ALICE, "/tracker/read", json!({"tracker_id": fleet.van})).await.ok();
    assert_eq!(read["value"]["label"], "van");
    let body = json!({"tracker_id": fleet.foreign});
    fleet.call(ALICE, "/tracker/read", body).await.error(201, 400);
}

#[tokio::test]
async fn a_blocked_user_is_told_so() {
    let fleet = Fleet::new().await;
    let block = UserChange { blocked: Some(true), ..UserChange::default() };
    fleet.store.change_user(fleet.alice, block).await.unwrap();
    fleet.directory.refresh().await.unwrap();
    fleet.json(AUTH, json!({"login": "alice", "password": PASSWORD})).await.error(275, 403);
    fleet.json(AUTH, json!({"login": "alice", "password": "wrong"})).await.error(102, 400);
    fleet.call(ALICE, "/tracker/list", json!({})).await.error(275, 403);
    // Of whoever belongs to the account, too.
    fleet.json(AUTH, json!({"login": "carol", "password": PASSWORD})).await.error(275, 403);
}

#[tokio::test]
async fn failed_logins_are_limited_per_login() {
    let settings = ApiSettings { login_attempts: 3, ..ApiSettings::default() };
    let fleet = Fleet::with(settings).await;
    let wrong = json!({"login": "alice", "password": "wrong"});
    for _ in 0..3 {
        fleet.json(AUTH, wrong.clone()).await.error(102, 400);
    }
    fleet.json(AUTH, wrong).await.error(105, 400);
    let right = json!({"login": "alice", "password": PASSWORD});
    fleet.json(AUTH, right.clone()).await.error(105, 400);
    fleet.json(AUTH, json!({"login": "bob", "password": PASSWORD})).await.ok();
    fleet.wait(300);
    fleet.json(AUTH, right).await.ok();
}

#[tokio::test]
async fn the_oldest_session_makes_room_for_a_new_one() {
    let settings = ApiSettings { sessions_per_user: 2, ..ApiSettings::default() };
    let fleet = Fleet::with(settings).await;
    let login = json!({"login": "alice", "password": PASSWORD});
    let mut hashes = vec![ALICE_SESSION.to_owned()];
    for _ in 0..2 {
        fleet.wait(1);
        let reply = fleet.json(AUTH, login.clone()).await.ok();
        hashes.push(reply["hash"].as_str().unwrap().to_owned());
    }
    fleet.call(&hashes[0], "/tracker/list", json!({})).await.error(4, 400);
    fleet.call(&hashes[1], "/tracker/list", json!({})).await.ok();
    fleet.call(&hashes[2], "/tracker/list", json!({})).await.ok();
}

/// Creates an employee of alice.
async fn hire(fleet: &Fleet, first_name: &str, last_name: &str) -> i64 {
    let employee = NewEmployee {
        first_name: first_name.into(),
        last_name: last_name.into(),
        hardware_key: Some(format!("card-{first_name}")),
        ..NewEmployee::default()
    };
    let id = fleet.store.create_employee(fleet.alice, employee).await.unwrap().id.0;
    fleet.directory.refresh().await.unwrap();
    id
}

#[tokio::test]
async fn employees_are_listed_filtered_sorted_and_paged() {
    let fleet = Fleet::new().await;
    let (ann, ben) = (hire(&fleet, "Ann", "Young").await, hire(&fleet, "Ben", "Old").await);
    let ids = async |body| {
        let reply = fleet.call(ALICE, "/employee/list", body).await.ok();
        let list = reply["list"].as_array().unwrap().clone();
        (list.iter().map(|e| e["id"].as_i64().unwrap()).collect::<Vec<_>>(), reply["count"].clone())
    };
    assert_eq!(ids(json!({})).await, (vec![ann, ben], json!(2)));
    assert_eq!(ids(json!({"filter": "yOU"})).await, (vec![ann], json!(1)));
    assert_eq!(ids(json!({"sort": ["last_name=asc"]})).await, (vec![ben, ann], json!(2)));
    assert_eq!(ids(json!({"sort": ["id=desc"], "limit": 1})).await, (vec![ben], json!(2)));
    assert_eq!(ids(json!({"offset": 1})).await, (vec![ben], json!(2)));
    fleet.call(ALICE, "/employee/list", json!({"sort": ["shoe=asc"]})).await.invalid("sort");
    fleet.call(ALICE, "/employee/list", json!({"limit": -1})).await.invalid("limit");
}

#[tokio::test]
async fn an_assigned_driver_signs_the_messages() {
    const ASSIGN: &str = "/tracker/employee/assign";
    const READ: &str = "/tracker/employee/read";
    let fleet = Fleet::new().await;
    let ann = hire(&fleet, "Ann", "Young").await;
    let truck = json!({"tracker_id": fleet.truck});
    let reply = fleet.call(ALICE, READ, truck.clone()).await.ok();
    assert_eq!((&reply["current"], &reply["last_change"]), (&Value::Null, &Value::Null));

    let assign =
        |tracker, employee: Value| json!({"tracker_id": tracker, "new_employee_id": employee});
    fleet.call(ALICE, ASSIGN, assign(fleet.truck, json!(ann))).await.ok();
    fleet.call(ALICE, ASSIGN, assign(fleet.truck, json!(ann))).await.error(263, 400);
    fleet.says(fleet.truck, "hi").await;
    assert_eq!(fleet.list(ALICE, fleet.truck).await[0]["employee_id"], ann);
    let reply = fleet.call(ALICE, READ, truck.clone()).await.ok();
    assert_eq!(
        (&reply["current"]["id"], &reply["current"]["tracker_id"]),
        (&json!(ann), &json!(fleet.truck))
    );
    let change = &reply["last_change"];
    assert_eq!(
        (&change["new_employee_id"], &change["origin"]),
        (&json!(ann), &json!("supervisor"))
    );

    // Nobody drives two.
    fleet.call(ALICE, ASSIGN, assign(fleet.van, json!(ann))).await.ok();
    assert_eq!(fleet.call(ALICE, READ, truck).await.ok()["current"], Value::Null);
    fleet.call(ALICE, ASSIGN, assign(fleet.van, Value::Null)).await.ok();

    fleet.call(ALICE, ASSIGN, json!({"tracker_id": fleet.van})).await.invalid("new_employee_id");
    fleet.call(ALICE, ASSIGN, assign(fleet.van, json!(999_999))).await.error(201, 400);
    fleet.call(ALICE, ASSIGN, assign(fleet.foreign, json!(ann))).await.error(201, 400);
    fleet.call(ALICE, ASSIGN, assign(fleet.blocked, json!(ann))).await.error(208, 403);
    fleet.call(CAROL, ASSIGN, assign(fleet.truck, json!(ann))).await.error(13, 403);
}
