//! The daemon as a process: its first start, administration beside it, simulated devices, its end.

use rustix::process::Signal;
use serde_json::Value;

use super::process::{Place, Running};
use crate::e2e::daemon::eventually;

struct Started {
    place: Place,
    daemon: Running,
    url: String,
    key: String,
    devices: String,
}

/// A daemon at its first start.
fn first_start() -> Started {
    let place = Place::new();
    place.configure();
    let daemon = Running::start(place.command(&["serve"]));
    let devices = daemon.address("protocol=auto").to_string();
    let key = daemon.line("API key  ").split_whitespace().last().unwrap().to_owned();
    let line = daemon.line("curl -s http://");
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let url = url.trim_end_matches("/tracker/list").to_owned();
    Started { place, daemon, url, key, devices }
}

impl Started {
    async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        let mut form = vec![("hash", self.key.as_str())];
        form.extend_from_slice(parameters);
        let url = format!("{}/{action}", self.url);
        let answer = reqwest::Client::new().post(url).form(&form).send().await.unwrap();
        answer.json().await.unwrap()
    }
}

#[tokio::test]
async fn the_tour_of_the_readme() {
    let started = first_start();
    let place = &started.place;
    assert_eq!(started.call("tracker/list", &[]).await["list"], serde_json::json!([]));
    place.good(&[
        "tracker",
        "add",
        "--user",
        "admin",
        "--protocol",
        "jt808",
        "--identity",
        "013800138000",
        "--label",
        "Truck 1",
    ]);
    // The daemon finds out by itself.
    eventually("tracker", || async {
        let list = started.call("tracker/list", &[]).await;
        (list["list"][0]["label"] == "Truck 1").then_some(())
    })
    .await;
    let mut command =
        place.command(&["simulate", "--protocol", "jt808", "--identity", "013800138000"]);
    command.args(["--server", &started.devices, "--report", "1h", "--answer", "On my way"]);
    let truck = Running::start(command);
    truck.line("online: the platform accepted the login");

    let message = [("tracker_id", "1"), ("message", "Gate 4, please")];
    let sent = started.call("tracker/chat/send", &message).await;
    assert_eq!(sent["success"], true, "{sent}");
    truck.line("text shown: \"Gate 4, please\"");
    let list = eventually("answer", || async {
        let list = started.call("tracker/chat/list", &[("tracker_id", "1")]).await;
        let done = list["list"][0]["status"] == "DELIVERED" && list["list"][1].is_object();
        done.then_some(list)
    })
    .await;
    assert!(list["list"][0]["update_time"].is_string(), "{list}");
    assert_eq!(list["list"][1]["text"], "On my way");
    let unread = started.call("tracker/chat/unread/count", &[]).await;
    assert_eq!(unread["value"]["1"], 1, "{unread}");
    assert!(place.good(&["message", "show", "1"]).contains("parts confirmed  1/1"));

    truck.signal(Signal::INT);
    truck.line("online 1/1");
    assert!(truck.end().success(), "the device had been online");
    started.call("tracker/chat/send", &[("tracker_id", "1"), ("message", "Too late")]).await;
    let waiting = place.good(&["tracker", "texts", "1"]);
    assert!(waiting.contains("Too late") && waiting.contains("0/1"), "{waiting}");
    assert!(place.good(&["tracker", "show", "1"]).contains("position"));

    started.daemon.signal(Signal::TERM);
    assert!(started.daemon.end().success());
}

#[tokio::test]
async fn devices_of_another_profile_are_simulated() {
    let started = first_start();
    let device = ["--protocol", "wialon_ips", "--identity", "4711"];
    let add = ["tracker", "add", "--user", "admin", "--model", "wialon_ips_no_answer"];
    started.place.good(&[&add[..], &device[..]].concat());
    let simulate = ["simulate", "--server", &started.devices, "--heartbeat", "100ms"];
    let with = |profile| [&simulate[..], &device[..], &["--profile", profile]].concat();
    let error = started.place.bad(&with("flying"));
    assert!(
        error.contains("there is no profile `wialon_ips/flying` (known: wialon_ips/"),
        "{error}"
    );
    let truck = Running::start(started.place.command(&with("no_answer")));
    truck.line("online: the platform accepted the login");
    let message = [("tracker_id", "1"), ("message", "Gate 4")];
    eventually("sent", || async {
        let sent = started.call("tracker/chat/send", &message).await;
        (sent["success"] == true).then_some(())
    })
    .await;
    truck.line("text left without an answer");
    // The next sign of life is the receipt.
    eventually("DELIVERED", || async {
        let list = started.call("tracker/chat/list", &[("tracker_id", "1")]).await;
        (list["list"][0]["status"] == "DELIVERED").then_some(())
    })
    .await;
    truck.signal(Signal::INT);
    assert!(truck.end().success());
}

#[tokio::test]
async fn a_second_start_creates_nothing() {
    let Started { place, daemon, .. } = first_start();
    daemon.signal(Signal::TERM);
    assert!(daemon.end().success());
    let users = place.good(&["user", "list"]);
    let daemon = Running::start(place.command(&["serve"]));
    daemon.logged("listening for API clients");
    daemon.signal(Signal::TERM);
    assert!(daemon.end().success());
    assert_eq!(place.good(&["user", "list"]), users);
}

#[tokio::test]
async fn a_refused_device_is_shown_to_the_operator_and_fails_the_simulation() {
    let started = first_start();
    let mut command =
        started.place.command(&["simulate", "--protocol", "wialon_ips", "--identity", "42"]);
    command.args(["--server", &started.devices]);
    let device = Running::start(command);
    device.line("refused by the platform");
    device.signal(Signal::INT);
    assert!(!device.end().success(), "it never was online");
    let strangers = eventually("stranger", || async {
        let table = started.place.good(&["strangers"]);
        table.contains("42").then_some(table)
    })
    .await;
    assert!(strangers.contains("wialon_ips") && strangers.contains("127.0.0.1"), "{strangers}");
}

#[tokio::test]
async fn many_devices_are_simulated_at_once() {
    let started = first_start();
    let mut fleet = "protocol,identity\n".to_owned();
    (0..40).for_each(|number| fleet.push_str(&format!("wialon_ips,{}\n", 500_000 + number)));
    started.place.write("fleet.csv", &fleet);
    started.place.good(&["import", "fleet.csv", "--user", "admin", "--quiet"]);
    eventually("trackers", || async {
        let list = started.call("tracker/list", &[]).await;
        (list["list"].as_array().unwrap().len() == 40).then_some(())
    })
    .await;
    let mut command =
        started.place.command(&["simulate", "--protocol", "wialon_ips", "--identity", "500000"]);
    command.args(["--server", &started.devices, "--count", "40", "--connect-rate", "1000"]);
    command.args(["--say", "here", "--quiet"]);
    let devices = Running::start(command);
    eventually("everybody's word", || async {
        let unread = started.call("tracker/chat/unread/count", &[]).await;
        (unread["value"].as_object().unwrap().len() == 40).then_some(())
    })
    .await;
    devices.signal(Signal::INT);
    let summary = devices.line("online ");
    assert!(summary.contains("online 40/40") && summary.contains("said 40 acked 40"), "{summary}");
    assert!(devices.end().success());
}
