//! Users, credentials, trackers, models, tariffs.

use std::collections::{BTreeMap, BTreeSet};

use cabwire::model::{
    BuiltIn, Credential, CredentialKind, Digest, Millis, Model, NewTracker, NewUser, TariffId,
    TrackerChange, TrackerId, User, UserChange, UserId,
};
use cabwire::store::{MessageQuery, Store, StoreError};

use super::{
    Lab, NOW, add_trackers, add_user, driver_text, engines, new_tracker, new_user, queue, receive,
};

engines!(
    an_empty_database_has_what_is_needed_to_start,
    a_login_belongs_to_one_user,
    a_user_is_changed_field_by_field,
    a_new_password_or_blocking_ends_sessions,
    sub_users_have_a_master_and_bound_trackers,
    a_user_in_use_is_not_removed,
    credentials_come_and_go,
    idle_sessions_are_removed,
    trackers_are_created_all_or_none,
    a_device_belongs_to_one_tracker,
    a_tracker_is_changed_field_by_field,
    a_removed_tracker_takes_its_messages_along,
    ids_of_removed_messages_and_trackers_are_not_used_again,
    a_long_history_is_removed_whole,
    models_are_replaced,
    a_tracker_speaks_the_protocol_of_its_models_profile,
    a_model_that_was_changed_stays_changed,
    a_tariff_in_use_is_not_removed,
);

async fn user(store: &dyn Store, id: UserId) -> Option<User> {
    let users = store.reference(None).await.unwrap().users;
    users.into_iter().find(|user| user.id == id)
}

async fn credentials(store: &dyn Store) -> BTreeSet<Digest> {
    let all = store.reference(None).await.unwrap().credentials;
    all.into_iter().map(|credential| credential.digest).collect()
}

fn session(n: u8, user: UserId, used: Millis) -> Credential {
    let kind = CredentialKind::Session { used };
    Credential { digest: Digest([n; 32]), user, created: NOW, kind }
}

fn api_key(n: u8, user: UserId) -> Credential {
    let kind = CredentialKind::ApiKey { title: "dispatch".to_owned(), prefix: "ab12".to_owned() };
    Credential { digest: Digest([n; 32]), user, created: NOW, kind }
}

fn is_conflict<T>(result: &Result<T, StoreError>, words: &str) -> bool {
    matches!(result, Err(StoreError::Conflict(text)) if text.contains(words))
}

fn is_missing<T>(result: &Result<T, StoreError>, what: &str) -> bool {
    matches!(result, Err(StoreError::NotFound(found)) if *found == what)
}

async fn an_empty_database_has_what_is_needed_to_start(lab: Lab) {
    let store = lab.open().await;
    let reference = store.reference(None).await.unwrap();
    assert!(reference.complete && reference.users.is_empty() && reference.trackers.is_empty());
    let tariff = reference.tariffs.first().unwrap();
    assert_eq!((tariff.name.as_str(), tariff.has_reports), ("Default", true));
    assert!(tariff.features.contains("chat"));
    let model = |code: &str| reference.models.iter().find(|model| model.code == code).unwrap();
    for built_in in BuiltIn::all() {
        let model = model(&built_in.model_code());
        assert_eq!(model.profile, Some(built_in.name()));
        assert_eq!((model.chat, model.has_chat()), (None, built_in.has_chat()), "{}", model.code);
    }
    let plain = model("tracker_no_chat");
    assert!(!plain.has_chat() && plain.profile.is_none());
    assert_eq!(reference.models.len(), BuiltIn::all().count() + 1);
}

async fn a_login_belongs_to_one_user(lab: Lab) {
    let store = lab.open().await;
    let anna = add_user(&*store, "anna").await;
    let boris = add_user(&*store, "boris").await;
    assert!(is_conflict(&store.create_user(new_user("anna"), NOW).await, "anna"));
    let change = UserChange { login: Some("anna".to_owned()), ..UserChange::default() };
    assert!(is_conflict(&store.change_user(boris.id, change).await, "anna"));
    assert_eq!(user(&*store, boris.id).await.unwrap().login, "boris");
    assert_eq!(user(&*store, anna.id).await, Some(anna));
}

async fn a_user_is_changed_field_by_field(lab: Lab) {
    let store = lab.open().await;
    let anna = add_user(&*store, "anna").await;
    let change = UserChange { title: Some("Anna".to_owned()), ..UserChange::default() };
    let changed = store.change_user(anna.id, change).await.unwrap();
    assert_eq!(changed, User { title: "Anna".to_owned(), ..anna.clone() });
    let change = UserChange {
        login: Some("anna2".to_owned()),
        password_hash: Some("new".to_owned()),
        time_zone: Some("UTC".to_owned()),
        locale: Some("en_US".to_owned()),
        blocked: Some(true),
        ..UserChange::default()
    };
    let changed = store.change_user(anna.id, change).await.unwrap();
    assert_eq!((changed.login.as_str(), changed.password_hash.as_str()), ("anna2", "new"));
    assert_eq!((changed.time_zone.as_str(), changed.locale.as_str()), ("UTC", "en_US"));
    assert!(changed.blocked && changed.title == "Anna" && changed.created == NOW);
    assert_eq!(user(&*store, anna.id).await, Some(changed));
    let nobody = store.change_user(UserId(999), UserChange::default()).await;
    assert!(is_missing(&nobody, "user"));
}

async fn a_new_password_or_blocking_ends_sessions(lab: Lab) {
    let store = lab.open().await;
    let anna = add_user(&*store, "anna").await.id;
    let boris = add_user(&*store, "boris").await.id;
    for credential in [session(1, anna, NOW), api_key(2, anna), session(3, boris, NOW)] {
        store.add_credential(credential).await.unwrap();
    }
    let title = UserChange { title: Some("A".to_owned()), ..UserChange::default() };
    store.change_user(anna, title).await.unwrap();
    assert_eq!(credentials(&*store).await.len(), 3);
    let password = UserChange { password_hash: Some("new".to_owned()), ..UserChange::default() };
    store.change_user(anna, password).await.unwrap();
    assert_eq!(credentials(&*store).await, BTreeSet::from([2, 3].map(|n| Digest([n; 32]))));
    let unblock = UserChange { blocked: Some(false), ..UserChange::default() };
    store.change_user(boris, unblock).await.unwrap();
    assert_eq!(credentials(&*store).await.len(), 2);
    let block = UserChange { blocked: Some(true), ..UserChange::default() };
    store.change_user(boris, block).await.unwrap();
    assert_eq!(credentials(&*store).await, BTreeSet::from([Digest([2; 32])]));
}

async fn sub_users_have_a_master_and_bound_trackers(lab: Lab) {
    let store = lab.open().await;
    let owner = add_user(&*store, "owner").await.id;
    let trackers = add_trackers(&*store, owner, "unit", 3).await;
    let ids: Vec<TrackerId> = trackers.iter().map(|tracker| tracker.id).collect();
    let sub = NewUser { master: Some(owner), ..new_user("sub") };
    let sub = store.create_user(sub, NOW).await.unwrap();
    assert_eq!((sub.master, sub.trackers.len()), (Some(owner), 0));
    let orphan = NewUser { master: Some(UserId(999)), ..new_user("orphan") };
    assert!(is_missing(&store.create_user(orphan, NOW).await, "master user"));

    let bind = |ids: &[TrackerId]| UserChange {
        trackers: Some(ids.iter().copied().collect()),
        ..UserChange::default()
    };
    let changed = store.change_user(sub.id, bind(&ids[..2])).await.unwrap();
    assert_eq!(changed.trackers, BTreeSet::from([ids[0], ids[1]]));
    let changed = store.change_user(sub.id, bind(&ids[1..])).await.unwrap();
    assert_eq!(changed.trackers, BTreeSet::from([ids[1], ids[2]]));
    assert!(is_missing(&store.change_user(sub.id, bind(&[TrackerId(999)])).await, "tracker"));
    assert_eq!(user(&*store, sub.id).await.unwrap().trackers, changed.trackers, "unchanged");
    store.remove_tracker(ids[1]).await.unwrap();
    assert_eq!(user(&*store, sub.id).await.unwrap().trackers, BTreeSet::from([ids[2]]));
}

async fn a_user_in_use_is_not_removed(lab: Lab) {
    let store = lab.open().await;
    let owner = add_user(&*store, "owner").await.id;
    let sub = NewUser { master: Some(owner), ..new_user("sub") };
    let sub = store.create_user(sub, NOW).await.unwrap().id;
    let tracker = add_trackers(&*store, owner, "unit", 1).await[0].id;
    store.add_credential(session(1, owner, NOW)).await.unwrap();

    assert!(is_conflict(&store.remove_user(owner).await, "trackers"));
    store.remove_tracker(tracker).await.unwrap();
    assert!(is_conflict(&store.remove_user(owner).await, "sub-users"));
    store.remove_user(sub).await.unwrap();
    store.remove_user(owner).await.unwrap();
    assert!(user(&*store, owner).await.is_none() && credentials(&*store).await.is_empty());
    assert!(is_missing(&store.remove_user(owner).await, "user"));
}

async fn credentials_come_and_go(lab: Lab) {
    let store = lab.open().await;
    let anna = add_user(&*store, "anna").await.id;
    let key = api_key(1, anna);
    store.add_credential(key.clone()).await.unwrap();
    store.add_credential(session(2, anna, NOW)).await.unwrap();
    assert!(is_conflict(&store.add_credential(session(1, anna, NOW)).await, "exists"));
    assert!(is_missing(&store.add_credential(session(3, UserId(999), NOW)).await, "user"));

    let stored = store.reference(None).await.unwrap().credentials;
    assert!(stored.contains(&key) && stored.contains(&session(2, anna, NOW)) && stored.len() == 2);
    store.remove_credential(key.digest).await.unwrap();
    assert!(is_missing(&store.remove_credential(key.digest).await, "credential"));
    assert_eq!(credentials(&*store).await, BTreeSet::from([Digest([2; 32])]));
}

async fn idle_sessions_are_removed(lab: Lab) {
    let store = lab.open().await;
    let anna = add_user(&*store, "anna").await.id;
    for credential in [session(1, anna, NOW), session(2, anna, NOW), api_key(3, anna)] {
        store.add_credential(credential).await.unwrap();
    }
    let used = vec![
        (Digest([1; 32]), NOW.plus(1000)),
        (Digest([2; 32]), NOW.plus(-1000)),
        (Digest([3; 32]), NOW.plus(1000)),
        (Digest([9; 32]), NOW.plus(1000)),
    ];
    store.touch_sessions(used).await.unwrap();
    let stored = store.reference(None).await.unwrap().credentials;
    assert!(stored.contains(&session(1, anna, NOW.plus(1000))));
    assert!(stored.contains(&session(2, anna, NOW)), "never back");
    assert!(stored.contains(&api_key(3, anna)));

    store.remove_idle_sessions(NOW).await.unwrap();
    assert_eq!(credentials(&*store).await.len(), 3, "used at that moment is not before it");
    store.remove_idle_sessions(NOW.plus(1000)).await.unwrap();
    assert_eq!(credentials(&*store).await, BTreeSet::from([1, 3].map(|n| Digest([n; 32]))));
}

async fn trackers_are_created_all_or_none(lab: Lab) {
    let store = lab.open().await;
    let owner = add_user(&*store, "owner").await.id;
    let full = NewTracker {
        secret: Some(Digest([7; 32])),
        options: BTreeMap::from([("charset".to_owned(), "gbk \"x\"".to_owned())]),
        phone: Some("+49 1".to_owned()),
        ..new_tracker(owner, "000123")
    };
    let created =
        store.create_trackers(vec![full.clone(), new_tracker(owner, "b")], NOW).await.unwrap();
    let first = &created[0];
    assert_eq!((&first.identity, &first.label, first.user), (&full.identity, &full.label, owner));
    assert_eq!(
        (first.secret, &first.options, &first.phone),
        (full.secret, &full.options, &full.phone)
    );
    assert_eq!((first.group, first.blocked, first.employee, first.created), (0, false, None, NOW));
    assert_eq!(created[1].identity, "b");

    for (bad, what) in [
        (NewTracker { user: UserId(999), ..new_tracker(owner, "c") }, "user"),
        (NewTracker { model: "toaster".to_owned(), ..new_tracker(owner, "c") }, "model"),
        (NewTracker { tariff: TariffId(999), ..new_tracker(owner, "c") }, "tariff"),
    ] {
        let result = store.create_trackers(vec![new_tracker(owner, "d"), bad], NOW).await;
        assert!(is_missing(&result, what), "{result:?}");
    }
    let mut stored = store.reference(None).await.unwrap().trackers;
    stored.sort_by_key(|tracker| tracker.id);
    assert_eq!(stored, created);
    assert!(store.create_trackers(Vec::new(), NOW).await.unwrap().is_empty());
}

async fn a_device_belongs_to_one_tracker(lab: Lab) {
    let store = lab.open().await;
    let owner = add_user(&*store, "owner").await.id;
    let created = add_trackers(&*store, owner, "unit", 2).await;
    let again =
        store.create_trackers(vec![new_tracker(owner, "free"), new_tracker(owner, "unit-1")], NOW);
    assert!(is_conflict(&again.await, "unit-1"));
    let twice = vec![new_tracker(owner, "twin"), new_tracker(owner, "twin")];
    assert!(is_conflict(&store.create_trackers(twice, NOW).await, "twin"));
    let device = |identity: &str| TrackerChange {
        device: Some(("test".to_owned(), identity.to_owned())),
        ..TrackerChange::default()
    };
    assert!(is_conflict(&store.change_tracker(created[0].id, device("unit-1")).await, "unit-1"));
    assert_eq!(store.reference(None).await.unwrap().trackers.len(), 2);
    // The same identity in another protocol is another device.
    let other = NewTracker { protocol: "other".to_owned(), ..new_tracker(owner, "unit-1") };
    store.create_trackers(vec![other], NOW).await.unwrap();
    // An identity that was given up is free.
    store.change_tracker(created[0].id, device("unit-9")).await.unwrap();
    store.create_trackers(vec![new_tracker(owner, "unit-0")], NOW).await.unwrap();
}

async fn a_tracker_is_changed_field_by_field(lab: Lab) {
    let store = lab.open().await;
    let owner = add_user(&*store, "owner").await.id;
    let tracker = add_trackers(&*store, owner, "unit", 1).await.pop().unwrap();
    let tariff = store.create_tariff("Plus".to_owned(), BTreeSet::new(), false).await.unwrap();
    let same = store.change_tracker(tracker.id, TrackerChange::default()).await.unwrap();
    assert_eq!(same, tracker);
    let options = BTreeMap::from([("parts".to_owned(), "numbered".to_owned())]);
    let change = TrackerChange {
        label: Some("Bus 7".to_owned()),
        device: Some(("other".to_owned(), "77".to_owned())),
        secret: Some(Some(Digest([1; 32]))),
        options: Some(options.clone()),
        model: None,
        tariff: Some(tariff.id),
        blocked: Some(true),
        phone: Some(Some("+7".to_owned())),
    };
    let changed = store.change_tracker(tracker.id, change).await.unwrap();
    assert_eq!((changed.label.as_str(), changed.identity.as_str()), ("Bus 7", "77"));
    assert_eq!((changed.secret, &changed.options), (Some(Digest([1; 32])), &options));
    assert_eq!((changed.tariff, changed.blocked), (tariff.id, true));
    assert_eq!(store.reference(None).await.unwrap().trackers, std::slice::from_ref(&changed));
    let change =
        TrackerChange { secret: Some(None), phone: Some(None), ..TrackerChange::default() };
    let changed = store.change_tracker(tracker.id, change).await.unwrap();
    assert_eq!((changed.secret, changed.phone, changed.blocked), (None, None, true));

    let change = TrackerChange { model: Some("toaster".to_owned()), ..TrackerChange::default() };
    assert!(is_missing(&store.change_tracker(tracker.id, change).await, "model"));
    let change = TrackerChange { tariff: Some(TariffId(999)), ..TrackerChange::default() };
    assert!(is_missing(&store.change_tracker(tracker.id, change).await, "tariff"));
    let nothing = store.change_tracker(TrackerId(999), TrackerChange::default()).await;
    assert!(is_missing(&nothing, "tracker"));
}

async fn messages_of(store: &dyn Store, tracker: TrackerId) -> usize {
    let (from, to) = (Millis(i64::MIN), Millis(i64::MAX));
    let query = MessageQuery { tracker, from, to, limit: u32::MAX, ascending: true };
    store.list_messages(query).await.unwrap().len()
}

async fn a_removed_tracker_takes_its_messages_along(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let (gone, kept) = (trackers[0], trackers[1]);
    for tracker in &trackers {
        queue(&*store, *tracker, "out").await;
        receive(&*store, driver_text(*tracker, "in", 1)).await;
        let state = cabwire::model::DeviceState { seen: NOW, ..Default::default() };
        let uplink = cabwire::model::Uplink { texts: Vec::new(), states: vec![(*tracker, state)] };
        store.record(uplink).await.unwrap();
    }
    store.remove_tracker(gone).await.unwrap();
    assert!(is_missing(&store.remove_tracker(gone).await, "tracker"));
    assert_eq!((messages_of(&*store, gone).await, messages_of(&*store, kept).await), (0, 2));
    assert!(store.pending_texts(&[gone], 10, NOW).await.unwrap().is_empty());
    assert_eq!(store.unread_counts(&trackers).await.unwrap(), [(kept, 1)]);
    assert_eq!(store.last_submits(&trackers).await.unwrap(), [(kept, NOW)]);
    let states = store.device_states(&trackers).await.unwrap();
    assert_eq!(states.iter().map(|(tracker, _)| *tracker).collect::<Vec<_>>(), [kept]);
    let refused = store.queue_texts(vec![super::text(gone, "hello?")], NOW).await;
    assert!(is_missing(&refused, "tracker"));
    let texts = vec![driver_text(gone, "hello?", 2)];
    let refused = store.record(cabwire::model::Uplink { texts, states: Vec::new() }).await;
    assert!(is_missing(&refused, "tracker"));
}

async fn ids_of_removed_messages_and_trackers_are_not_used_again(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    queue(&*store, trackers[0], "first").await;
    let last = queue(&*store, trackers[1], "last").await;
    store.remove_tracker(trackers[1]).await.unwrap();
    drop(store);
    let store = lab.open().await;
    let text = super::text(trackers[0], "next");
    let next = store.queue_texts(vec![text], NOW.plus(-1000)).await.unwrap()[0];
    assert!(next.id > last.id && next.submit == last.submit);
    let owner = store.reference(None).await.unwrap().users[0].id;
    assert!(add_trackers(&*store, owner, "new", 1).await[0].id > trackers[1]);
}

async fn a_long_history_is_removed_whole(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let texts = |n: usize| vec![super::text(trackers[n], "again and again"); 3500];
    store.queue_texts(texts(0), NOW).await.unwrap();
    store.queue_texts(texts(1), NOW).await.unwrap();
    let (a, b) = tokio::join!(store.remove_tracker(trackers[0]), queue(&*store, trackers[1], "x"));
    a.unwrap();
    assert!(b.id.0 > 7000);
    assert_eq!(messages_of(&*store, trackers[0]).await, 0);
    assert_eq!(messages_of(&*store, trackers[1]).await, 3501);
}

async fn models_are_replaced(lab: Lab) {
    let store = lab.open().await;
    let mut model = Model {
        code: "cab_display".to_owned(),
        name: "Cab display".to_owned(),
        vendor: "Acme".to_owned(),
        kind: "terminal".to_owned(),
        id_type: "imei".to_owned(),
        profile: None,
        chat: Some(true),
    };
    store.put_model(model.clone()).await.unwrap();
    assert!(store.reference(None).await.unwrap().models.contains(&model));
    model.profile = Some("some/profile".to_owned());
    model.chat = None;
    model.name = "Old cab display".to_owned();
    store.put_model(model.clone()).await.unwrap();
    drop(store);
    let store = lab.open().await;
    let models = store.reference(None).await.unwrap().models;
    assert_eq!(
        models.iter().filter(|other| other.code == model.code).collect::<Vec<_>>(),
        [&model]
    );
}

fn model(code: &str, profile: Option<&str>) -> Model {
    Model {
        code: code.to_owned(),
        name: code.to_owned(),
        vendor: String::new(),
        kind: "terminal".to_owned(),
        id_type: "custom".to_owned(),
        profile: profile.map(str::to_owned),
        chat: None,
    }
}

async fn a_tracker_speaks_the_protocol_of_its_models_profile(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let owner = store.reference(None).await.unwrap().users[0].id;
    for (code, profile) in
        [("ours", Some("test/plain")), ("theirs", Some("tests/plain")), ("any", None)]
    {
        store.put_model(model(code, profile)).await.unwrap();
    }
    let with = |code: &str, identity: &str| NewTracker {
        model: code.to_owned(),
        ..new_tracker(owner, identity)
    };
    let both = vec![with("ours", "a"), with("theirs", "b")];
    let refused = store.create_trackers(both, NOW).await;
    for word in ["`theirs`", "tests/plain", "a model of test", "cabwire model list"] {
        assert!(is_conflict(&refused, word), "{refused:?}");
    }
    let created =
        store.create_trackers(vec![with("ours", "a"), with("any", "b")], NOW).await.unwrap();
    assert_eq!(created.len(), 2, "nothing of the refused call is left");

    // Neither the tracker's model, nor its protocol, nor the model's profile may part from the others.
    let take =
        |model: &str| TrackerChange { model: Some(model.to_owned()), ..TrackerChange::default() };
    let move_to = |protocol: &str| TrackerChange {
        device: Some((protocol.to_owned(), "c".to_owned())),
        ..TrackerChange::default()
    };
    assert!(is_conflict(&store.change_tracker(trackers[0], take("theirs")).await, "`theirs`"));
    store.change_tracker(trackers[0], take("ours")).await.unwrap();
    assert!(is_conflict(&store.change_tracker(trackers[0], move_to("tests")).await, "`ours`"));
    let both = TrackerChange { model: Some("theirs".to_owned()), ..move_to("tests") };
    store.change_tracker(trackers[0], both).await.unwrap();
    let other = store.put_model(model("theirs", Some("test/plain"))).await;
    let words = format!("cabwire tracker change {}", trackers[0]);
    assert!(is_conflict(&other, &words), "{other:?}");
    store.put_model(model("theirs", Some("tests/other"))).await.unwrap();
    store.put_model(model("theirs", None)).await.unwrap();
}

async fn a_model_that_was_changed_stays_changed(lab: Lab) {
    let store = lab.open().await;
    let built_in = BuiltIn::all().next().unwrap();
    let code = built_in.model_code();
    let changed = Model { chat: Some(!built_in.has_chat()), ..model(&code, None) };
    store.put_model(changed.clone()).await.unwrap();
    drop(store);
    let models = lab.open().await.reference(None).await.unwrap().models;
    assert_eq!(models.iter().find(|model| model.code == code), Some(&changed));
}

async fn a_tariff_in_use_is_not_removed(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let features = BTreeSet::from(["chat".to_owned(), "\"x\"".to_owned()]);
    let mut plus = store.create_tariff("Plus".to_owned(), features.clone(), false).await.unwrap();
    assert_eq!((plus.name.as_str(), &plus.features, plus.has_reports), ("Plus", &features, false));
    plus.has_reports = true;
    plus.features.clear();
    store.change_tariff(plus.clone()).await.unwrap();
    assert!(store.reference(None).await.unwrap().tariffs.contains(&plus));

    let take = |tariff| TrackerChange { tariff: Some(tariff), ..TrackerChange::default() };
    store.change_tracker(trackers[0], take(plus.id)).await.unwrap();
    assert!(is_conflict(&store.remove_tariff(plus.id).await, "tariff"));
    store.change_tracker(trackers[0], take(TariffId(1))).await.unwrap();
    store.remove_tariff(plus.id).await.unwrap();
    assert!(is_missing(&store.remove_tariff(plus.id).await, "tariff"));
    assert!(is_missing(&store.change_tariff(plus).await, "tariff"));
}
