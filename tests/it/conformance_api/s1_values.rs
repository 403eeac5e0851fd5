//! 7.1 Transport, auth, envelope: how values are written.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{FORM, Reply};
use super::fleet::{ALICE, BOB, CAROL, Fleet};

const LIST: &str = "/tracker/chat/list";
const UPDATED: &str = "/tracker/chat/updated/list";
const MARK_ALL: &str = "/tracker/chat/mark_read_all";

#[tokio::test]
async fn c038_error_7_names_the_parameter() {
    let fleet = Fleet::new().await;
    for (path, body, parameter) in [
        (LIST, json!({}), "tracker_id"),
        (LIST, json!({"tracker_id": fleet.truck, "limit": "many"}), "limit"),
        (LIST, json!({"tracker_id": fleet.truck, "from": "soon"}), "from"),
        (LIST, json!({"tracker_id": fleet.truck, "to": 5}), "to"),
        (LIST, json!({"tracker_id": fleet.truck, "ascending": "up"}), "ascending"),
        ("/tracker/chat/send", json!({"tracker_id": fleet.truck}), "message"),
        (UPDATED, json!({"trackers": 5}), "trackers"),
        ("/tracker/chat/mark_read", json!({"message_ids": [1.5]}), "message_ids"),
    ] {
        fleet.call(ALICE, path, body).await.invalid(parameter);
    }
}

#[tokio::test]
async fn c039_digits_in_a_string_are_a_number() {
    let fleet = Fleet::new().await;
    let id = fleet.says(fleet.truck, "hi").await;
    let truck = fleet.truck.to_string();
    let body = json!({"tracker_id": truck, "limit": "1"});
    assert_eq!(fleet.list_with(ALICE, body).await.len(), 1);
    let body = json!({"tracker_id": truck, "message": "go"});
    fleet.call(ALICE, "/tracker/chat/send", body).await.ok();
    let body = json!({"message_id": id.to_string()});
    fleet.call(ALICE, "/tracker/chat/mark_read", body).await.ok();
    fleet.call(ALICE, "/tracker/read", json!({"tracker_id": truck})).await.ok();
}

#[tokio::test]
async fn c040_an_array_may_be_a_string_that_holds_one() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    fleet.says(fleet.van, "hi").await;
    let array =
        fleet.call(ALICE, UPDATED, json!({"trackers": [fleet.truck, fleet.van]})).await.ok();
    let text = format!("[{}, {}]", fleet.truck, fleet.van);
    let string = fleet.call(ALICE, UPDATED, json!({"trackers": text})).await.ok();
    assert_eq!(array["value"].as_object().unwrap().len(), 2);
    assert_eq!(array, string);
}

#[tokio::test]
async fn c041_items_of_an_array_may_be_strings() {
    let fleet = Fleet::new().await;
    let id = fleet.says(fleet.truck, "hi").await;
    fleet.call(ALICE, UPDATED, json!({"trackers": [fleet.truck.to_string()]})).await.ok();
    let body = json!({"message_ids": [id.to_string()]});
    fleet.call(ALICE, "/tracker/chat/mark_read", body).await.ok();
    assert_eq!(fleet.unread(ALICE).await, json!({}));
}

#[tokio::test]
async fn c042_what_is_no_integer_is_invalid() {
    let fleet = Fleet::new().await;
    for value in [json!("abc"), json!(1.5), json!(true), json!([1]), json!({}), json!("")] {
        fleet.call(ALICE, LIST, json!({"tracker_id": value})).await.invalid("tracker_id");
    }
}

#[tokio::test]
async fn c043_integers_have_32_bits() {
    let fleet = Fleet::new().await;
    for value in ["2147483648", "-2147483649", "99999999999999999999"] {
        let number: Value = serde_json::from_str(value).unwrap();
        for value in [number, json!(value)] {
            fleet.call(ALICE, LIST, json!({"tracker_id": value})).await.invalid("tracker_id");
        }
    }
    fleet.call(ALICE, LIST, json!({"tracker_id": 2_147_483_647})).await.error(201, 400);
}

#[tokio::test]
async fn c044_null_undefined_and_nothing_are_absent() {
    let fleet = Fleet::new().await;
    fleet.says(fleet.truck, "hi").await;
    let truck = fleet.truck;
    for nothing in ["null", "undefined", ""] {
        let query = format!(
            "hash={ALICE}&tracker_id={truck}&from={nothing}&to={nothing}&limit={nothing}&ascending={nothing}"
        );
        for reply in [fleet.form(LIST, &query).await, fleet.get(&format!("{LIST}?{query}")).await] {
            assert_eq!(reply.ok()["list"].as_array().unwrap().len(), 1);
        }
    }
    let body =
        json!({"tracker_id": truck, "from": null, "to": null, "limit": null, "ascending": null});
    assert_eq!(fleet.list_with(ALICE, body).await.len(), 1);
    let body = json!({"tracker_id": truck, "from": "null"});
    fleet.call(ALICE, LIST, body).await.invalid("from");
}

#[tokio::test]
async fn c045_arrays_in_forms_are_taken_whole() {
    let fleet = Fleet::new().await;
    let (truck, van, third) = (fleet.truck, fleet.van, fleet.unreported);
    for form in [
        format!("trackers={truck}&trackers={van}"),
        format!("trackers[]={truck}&trackers[]={van}"),
        format!("trackers%5B0%5D={truck}&trackers%5B1%5D={van}"),
        format!("trackers={truck}%2C{van}"),
        format!("trackers=%5B{truck}%2C+{van}%5D"),
    ] {
        for tracker in [truck, van, third] {
            fleet.says(tracker, "hi").await;
        }
        fleet.form(MARK_ALL, &format!("hash={ALICE}&{form}")).await.ok();
        assert_eq!(fleet.unread(ALICE).await, json!({third.to_string(): 1}), "{form}");
        fleet.call(ALICE, MARK_ALL, json!({})).await.ok();
    }
    for form in ["trackers=1&trackers=x", "trackers[a]=1", "trackers[]="] {
        fleet.form(MARK_ALL, &format!("hash={ALICE}&{form}")).await.invalid("trackers");
    }
}

#[tokio::test]
async fn c046_booleans_in_every_spelling() {
    let fleet = Fleet::new().await;
    let (first, second) = (fleet.says(fleet.truck, "1").await, fleet.says(fleet.truck, "2").await);
    for (value, top) in [
        (json!(true), first),
        (json!("true"), first),
        (json!("True"), first),
        (json!(false), second),
        (json!("false"), second),
        (json!("False"), second),
    ] {
        let body = json!({"tracker_id": fleet.truck, "ascending": value});
        assert_eq!(fleet.list_with(ALICE, body).await[0]["id"], json!(top));
        let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let form = format!("hash={ALICE}&tracker_id={}&ascending={word}", fleet.truck);
        assert_eq!(fleet.form(LIST, &form).await.ok()["list"][0]["id"], json!(top));
    }
}

#[tokio::test]
async fn c047_dates_are_local_without_iso_mode() {
    let fleet = Fleet::new().await;
    let id = fleet.sends(fleet.truck, "go").await;
    fleet.wait(61);
    fleet.confirms(id).await;
    let message = &fleet.list(ALICE, fleet.truck).await[0];
    assert_eq!(message["submit_time"], "2026-03-15 17:00:00");
    assert_eq!(message["update_time"], "2026-03-15 17:01:01");
    let updated = fleet.call(ALICE, UPDATED, json!({"trackers": [fleet.truck]})).await.ok();
    assert_eq!(updated["value"], json!({fleet.truck.to_string(): "2026-03-15 17:00:00"}));
}

#[tokio::test]
async fn c048_iso_mode_in_body_query_or_header() {
    let fleet = Fleet::new().await;
    let id = fleet.sends(fleet.truck, "go").await;
    fleet.confirms(id).await;
    let iso = "2026-03-15T17:00:00+05:00";
    let list = json!({"hash": ALICE, "tracker_id": fleet.truck});
    let mut in_body = list.clone();
    in_body["iso_datetime"] = json!(true);
    let in_header = fleet
        .request(Method::POST, LIST)
        .header("nvx-iso-datetime", "true")
        .header("content-type", "application/json")
        .body(list.to_string());
    for reply in [
        fleet.json(LIST, in_body).await,
        fleet.json(&format!("{LIST}?iso_datetime=true"), list).await,
        Reply::of(in_header).await,
    ] {
        let message = &reply.ok()["list"][0];
        assert_eq!((&message["submit_time"], &message["update_time"]), (&json!(iso), &json!(iso)));
    }
    let body = json!({"trackers": [fleet.truck], "iso_datetime": "true"});
    let updated = fleet.call(ALICE, UPDATED, body).await.ok();
    assert_eq!(updated["value"], json!({fleet.truck.to_string(): iso}));
}

#[tokio::test]
async fn c049_a_false_in_the_body_beats_a_true_in_the_header() {
    let fleet = Fleet::new().await;
    fleet.sends(fleet.truck, "go").await;
    let request = fleet
        .request(Method::POST, LIST)
        .header("nvx-iso-datetime", "true")
        .header("content-type", FORM)
        .body(format!("hash={ALICE}&tracker_id={}&iso_datetime=false", fleet.truck));
    let reply = Reply::of(request).await.ok();
    assert_eq!(reply["list"][0]["submit_time"], "2026-03-15 17:00:00");
}

#[tokio::test]
async fn c050_each_user_sees_local_times_of_their_own() {
    let fleet = Fleet::new().await;
    let id = fleet.says(fleet.truck, "hi").await;
    let (alice, carol) =
        (fleet.list(ALICE, fleet.truck).await, fleet.list(CAROL, fleet.truck).await);
    assert_eq!((&alice[0]["id"], &carol[0]["id"]), (&json!(id), &json!(id)));
    assert_eq!(alice[0]["submit_time"], "2026-03-15 17:00:00");
    assert_eq!(carol[0]["submit_time"], "2026-03-15 13:00:00");
}

#[tokio::test]
async fn c051_error_texts_are_those_of_the_table() {
    let fleet = Fleet::new().await;
    for (hash, tracker, code, http, text) in [
        (BOB, fleet.truck, 201, 400, "Not found in database"),
        (ALICE, fleet.blocked, 208, 403, "Device blocked"),
        (
            ALICE,
            fleet.beacon,
            214,
            400,
            "Requested operation or parameters are not supported by the device",
        ),
        (ALICE, fleet.silent, 236, 402, "Feature unavailable due to tariff restrictions"),
    ] {
        let value = fleet.call(hash, LIST, json!({"tracker_id": tracker})).await.error(code, http);
        assert_eq!(value["status"]["description"], text);
    }
}
