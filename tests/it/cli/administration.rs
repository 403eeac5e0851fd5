//! Administration without a daemon, configuration errors, import, decode.

use cabwire::model::{DeliveryUpdate, Millis, NewText, TrackerId};
use protocols::registry;
use serde_json::Value;

use super::process::Place;
use crate::e2e::daemon::open_store;

fn with_database() -> Place {
    let place = Place::new();
    place.configure();
    assert_eq!(place.good(&["migrate"]), "the database ./data/cabwire.db is created\n");
    place
}

fn with_account() -> Place {
    let place = with_database();
    place.write("password", "correct horse\n");
    let add = ["user", "add", "--login", "fleet", "--password-file", "password"];
    let zone = ["--time-zone", "Asia/Tashkent", "--title", "Fleet Ltd"];
    assert_eq!(place.good(&[&add[..], &zone[..]].concat()), "user 1 fleet is added\n");
    place
}

fn first() -> &'static str {
    registry::ALL[0].info().name
}

#[test]
fn without_a_database_commands_say_how_to_get_one() {
    let place = Place::new();
    let error = place.bad(&["user", "list"]);
    assert!(error.starts_with("cabwire: there is no database at /"), "{error}");
    assert!(error.contains("cabwire migrate"), "{error}");
    assert!(!place.path().join("data").exists(), "nothing is created by asking");
    place.good(&["migrate"]);
    assert_eq!(place.good(&["migrate"]), "the database ./data/cabwire.db is up to date\n");
    assert_eq!(place.good(&["user", "list"]), "no users\n");
}

#[test]
fn a_wrong_configuration_is_refused_with_its_place() {
    let place = Place::new();
    place.write("cabwire.toml", "[limits]\nlogin_seconds = 5\nidle = 3\n");
    let error = place.bad(&["check-config"]);
    assert!(
        error.starts_with("cabwire.toml:3: limits.idle: there is no such key (known: "),
        "{error}"
    );
    place.write("other.toml", "[limits]\nlogin_seconds = 0\n");
    let error = place.bad(&["--config", "other.toml", "serve"]);
    assert_eq!(error, "other.toml:2: limits.login_seconds: is 0, must be at least 1\n");
    place.configure();
    let good = place.good(&["check-config"]);
    assert!(good.contains("devices    127.0.0.1:0  auto\n"), "{good}");
    assert!(good.ends_with("the configuration is good\n"), "{good}");
}

#[test]
fn users_and_keys_are_administered() {
    let place = with_account();
    let users = place.json(&["user", "list", "--json"]);
    assert_eq!(
        (&users[0]["login"], &users[0]["time_zone"]),
        (&"fleet".into(), &"Asia/Tashkent".into())
    );
    assert!(users[0].get("password_hash").is_none(), "{users}");

    let sub = ["user", "add", "--login", "desk", "--master", "fleet", "--password-file", "-"];
    assert!(place.fed(&sub, "another\n").ok);
    let error = place.bad(&["user", "remove", "fleet"]);
    assert!(error.starts_with("cabwire: "), "{error}");
    place.good(&["user", "block", "desk"]);
    assert!(
        place.good(&["user", "list"]).lines().any(|l| l.contains("desk") && l.contains("blocked"))
    );
    place.good(&["user", "remove", "desk"]);

    let key = place.good(&["key", "create", "--user", "fleet", "--title", "platform"]);
    let key = key.trim_end();
    assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    let listed = place.good(&["key", "list"]);
    assert!(listed.contains(&key[..4]) && listed.contains("platform"), "{listed}");
    assert!(!listed.contains(key), "a key is shown once");
    place.good(&["key", "remove", "--user", "fleet", &key[..4]]);
    assert_eq!(place.good(&["key", "list"]), "no keys\n");
    let error = place.bad(&["key", "create", "--user", "nobody", "--title", "x"]);
    assert_eq!(error, "cabwire: there is no user `nobody` (known: fleet)\n");
    let error = place.bad(&["user", "change", "fleet", "--time-zone", "Mars/Olympus"]);
    assert!(error.contains("not an IANA time zone like Europe/Berlin"), "{error}");
}

#[test]
fn trackers_are_administered() {
    let place = with_account();
    let add = |more: &[&str]| {
        let add = ["tracker", "add", "--user", "fleet", "--protocol", first(), "--identity"];
        place.run(&[&add[..], more].concat())
    };
    place.write("secret", "s3cret\n");
    let added = add(&["1001", "--label", "Truck 1", "--secret-file", "secret"]);
    assert!(added.ok, "{}", added.err);
    assert_eq!(added.out, "tracker 1 Truck 1 is added\n");
    assert!(!add(&["1001"]).ok, "an identity belongs to one tracker");
    let error = add(&["1002", "--option", "colour=red"]).err;
    assert!(error.contains("unknown option `colour` (known: "), "{error}");
    let error = add(&["1002", "--model", "fancy"]).err;
    assert!(error.starts_with("cabwire: there is no model `fancy` (known: "), "{error}");

    let list = place.json(&["tracker", "list", "--json"]);
    assert_eq!((&list[0]["label"], &list[0]["has_secret"]), (&"Truck 1".into(), &true.into()));
    assert!(!list.to_string().contains("s3cret"), "{list}");
    assert!(place.good(&["tracker", "show", "1"]).contains("last seen  never"));
    assert_eq!(place.good(&["tracker", "texts", "1"]), "no text waits for this device\n");

    place.good(&["tracker", "change", "1", "--label", "Truck 1b", "--no-secret"]);
    place.good(&["tracker", "block", "1"]);
    let list = place.json(&["tracker", "list", "--json"]);
    assert_eq!(
        (&list[0]["label"], &list[0]["has_secret"], &list[0]["blocked"]),
        (&"Truck 1b".into(), &false.into(), &true.into())
    );
    place.good(&["employee", "add", "--user", "fleet", "--first-name", "Ada", "--last-name", "L"]);
    place.good(&["tracker", "assign", "1", "--employee", "1"]);
    assert!(place.good(&["tracker", "show", "1"]).contains("driver     employee 1"));
    assert!(place.bad(&["tracker", "assign", "1", "--employee", "7"]).contains("no employee 7"));
    assert!(place.bad(&["tracker", "remove", "1"]).contains("--yes"));
    place.good(&["tracker", "remove", "1", "--yes"]);
    assert!(place.bad(&["tracker", "show", "1"]).contains("there is no tracker 1"));
}

#[test]
fn tariffs_and_models_are_administered() {
    let place = with_account();
    let tariffs = place.json(&["tariff", "list", "--json"]).as_array().unwrap().len();
    place.good(&["tariff", "add", "--name", "Silent", "--reports"]);
    let list = place.json(&["tariff", "list", "--json"]);
    let id = list[tariffs]["id"].to_string();
    place.good(&["tariff", "change", &id, "--feature", "chat", "--reports", "false"]);
    let list = place.json(&["tariff", "list", "--json"]);
    assert_eq!(list[tariffs]["features"], serde_json::json!(["chat"]));
    assert_eq!(list[tariffs]["has_reports"], false);
    place.good(&["tariff", "remove", &id]);

    place.good(&["model", "add", "acme_7", "--name", "Acme 7", "--chat", "false"]);
    place.good(&["model", "change", "acme_7", "--vendor", "Acme"]);
    let table = place.good(&["model", "list"]);
    assert!(table.lines().any(|l| l.starts_with("acme_7") && l.contains("Acme 7")), "{table}");
    for protocol in registry::ALL {
        assert!(table.contains(protocol.info().name), "{table}");
    }
    let error = place.bad(&["model", "change", "acme_7", "--chat", "profile"]);
    assert!(error.contains("a model without a profile needs --chat"), "{error}");
    let error = place.bad(&["model", "change", "acme_7", "--profile", "jt808/flying"]);
    assert!(error.contains("there is no profile `jt808/flying` (known: jt808/standard"), "{error}");
}

#[test]
fn a_model_names_a_profile_and_a_tracker_without_chat_is_no_surprise() {
    let place = with_account();
    place.good(&["model", "add", "mine", "--profile", "wialon_ips/no_answer"]);
    let listed = |code: &str| {
        let all = place.json(&["model", "list", "--json"]);
        all.as_array().unwrap().iter().find(|model| model["code"] == code).unwrap().clone()
    };
    let mine = listed("mine");
    assert_eq!((&mine["profile"], &mine["chat"]), (&"wialon_ips/no_answer".into(), &Value::Null));
    assert_eq!(mine["has_chat"], true, "its profile has");

    let add = ["tracker", "add", "--user", "fleet", "--identity", "1001"];
    let with = |more: &[&str]| place.run(&[&add[..], more].concat());
    let other = with(&["--protocol", "jt808", "--model", "mine"]);
    assert!(!other.ok);
    assert!(
        other.err.contains("choose a model of jt808, like `jt808`; `cabwire model list`"),
        "{}",
        other.err
    );
    let added = with(&["--protocol", "wialon_ips", "--model", "mine", "--option", "charset=gbk"]);
    assert_eq!((added.out.as_str(), added.ok), ("tracker 1 1001 is added\n", true));
    let shown = place.good(&["tracker", "show", "1"]);
    let has = |name: &str, value: &str| {
        shown.lines().any(|line| line.starts_with(name) && line.ends_with(value))
    };
    assert!(has("profile", " wialon_ips/no_answer"), "{shown}");
    assert!(
        has("option charset", " gbk") && has("option receipt", " next_packet (profile)"),
        "{shown}"
    );
    let error = place.bad(&["tracker", "change", "1", "--protocol", "jt808"]);
    assert!(error.contains("choose a model of jt808"), "{error}");
    place.good(&["tracker", "change", "1", "--protocol", "jt808", "--model", "jt808"]);

    // The operator may know better than the profile, and back.
    place.good(&["model", "change", "mine", "--chat", "false"]);
    let changed =
        place.good(&["tracker", "change", "1", "--protocol", "wialon_ips", "--model", "mine"]);
    let note = changed.lines().nth(1).unwrap();
    assert!(note.starts_with("note: it takes no texts, because its model `mine` "), "{changed}");
    assert!(note.ends_with("(known: wialon_ips, wialon_ips_no_answer)"), "{changed}");
    place.good(&["model", "change", "mine", "--chat", "profile"]);
    assert_eq!(listed("mine")["has_chat"], true);
    let error = place.bad(&["model", "change", "mine", "--profile", "jt808/standard"]);
    assert!(error.contains("tracker 1 has model `mine` and speaks wialon_ips"), "{error}");
}

#[test]
fn an_import_is_all_or_nothing_unless_told_otherwise() {
    let place = with_account();
    let p = first();
    let text = format!(
        "protocol,identity,label\n{p},2001,Van 1\nsmoke,2002,Van 2\n{p},2001,Van 3\n{p},2004,Van 4\n"
    );
    place.write("fleet.csv", &text);
    let printed = place.run(&["import", "fleet.csv", "--user", "fleet"]);
    assert!(!printed.ok);
    let report: Vec<_> = printed.out.lines().collect();
    assert!(
        report[0].starts_with("fleet.csv:3: protocol: there is no protocol `smoke`"),
        "{report:?}"
    );
    assert_eq!(report[1], "fleet.csv:4: identity: `2001` is on line 2 already");
    assert_eq!(
        printed.err,
        "cabwire: nothing was imported: 2 of 4 lines are bad; correct them, or use --skip-bad\n"
    );
    assert_eq!(place.json(&["tracker", "list", "--json"]), serde_json::json!([]));

    let printed = place.run(&["import", "fleet.csv", "--user", "fleet", "--skip-bad"]);
    assert!(printed.out.ends_with("2 trackers are imported\n"), "{}", printed.out);
    let list = place.json(&["tracker", "list", "--json"]);
    assert_eq!((&list[0]["label"], &list[1]["label"]), (&"Van 1".into(), &"Van 4".into()));
    place.good(&["model", "add", "silent", "--chat", "false"]);
    place.write("silent.csv", &format!("protocol,identity,model\n{p},3001,silent\n{p},3002,\n"));
    let printed = place.good(&["import", "silent.csv", "--user", "fleet"]);
    assert!(
        printed.starts_with("2 trackers are imported\nnote: 1 of them take no texts"),
        "{printed}"
    );
    let again = place.run(&["import", "fleet.csv", "--user", "fleet", "--skip-bad"]);
    assert!(again.out.contains("fleet.csv:2: identity: `2001` belongs to tracker 1 already"));
}

#[test]
fn protocols_are_listed_for_people_and_machines() {
    let place = Place::new();
    let table = place.good(&["protocols"]);
    let json = place.json(&["protocols", "--json"]);
    for (protocol, listed) in registry::ALL.iter().zip(json.as_array().unwrap()) {
        let info = protocol.info();
        assert!(table.contains(info.name) && listed["default_port"] == info.default_port);
        let options = place.good(&["protocols", "--options", info.name]);
        assert!(info.options.iter().all(|option| options.contains(option.name)), "{options}");
        let profiles = listed["profiles"].as_array().unwrap();
        for (profile, listed) in info.profiles.iter().zip(profiles) {
            assert_eq!(listed["name"], profile.name);
            assert_eq!(listed["has_chat"], profile.has_chat(*protocol));
        }
    }
    assert!(place.good(&["protocols", "--devices"]).contains("## What counts as DELIVERED"));
    assert!(
        place.bad(&["protocols", "--options", "smoke"]).contains("there is no protocol `smoke`")
    );
}

#[test]
fn decode_reads_arguments_and_standard_input() {
    let place = Place::new();
    let tree = place.good(&["decode", "#L#353451044508750;NA"]);
    assert!(tree.contains("353451044508750"), "{tree}");
    let fed = place.fed(&["decode", "--json"], "'#L#353451044508750;NA\\r\\n'\n");
    let json: Value = serde_json::from_str(&fed.out).unwrap();
    assert_eq!((fed.ok, json["frames"].as_array().unwrap().len()), (true, 1));
    let nothing = place.fed(&["decode", "-"], "\n");
    assert_eq!(
        (nothing.ok, nothing.err.as_str()),
        (false, "cabwire: there are no bytes in this\n")
    );
    let unfinished = place.run(&["decode", "7e0100"]);
    assert!(
        !unfinished.ok && unfinished.out.contains("left over at byte 0: 3 bytes"),
        "{}",
        unfinished.out
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_driver_opened_a_text_is_shown() {
    let place = with_account();
    let add = ["tracker", "add", "--user", "fleet", "--protocol", first(), "--identity", "1001"];
    place.good(&add);
    let store = open_store(&place.path().join("data")).await;
    let text = NewText {
        tracker: TrackerId(1),
        text: "Gate 4".into(),
        cuts: Vec::new(),
        lossy: false,
        author: None,
        expires: None,
    };
    let id = store.queue_texts(vec![text], Millis(1_800_000_000_000)).await.unwrap()[0].id;
    let show = ["message", "show", &id.to_string()];
    assert!(!place.good(&show).contains("read by the driver"));
    let at = Millis(1_800_000_060_000);
    store.update_deliveries(vec![DeliveryUpdate::Read { id, at }]).await.unwrap();
    store.close().await;
    let shown = place.good(&show);
    let line = shown.lines().find(|line| line.starts_with("read by the driver")).unwrap();
    assert!(line.contains("2027-01-15"), "{shown}");
    let json = place.json(&[&show[..], &["--json"]].concat());
    assert_eq!((&json["delivery"]["read"], &json["status"]), (&at.0.into(), &"PENDING".into()));
}
