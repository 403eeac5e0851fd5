//! What changed, whoever changed it.

use std::collections::BTreeSet;
use std::sync::Arc;

use cabwire::directory::Directory;
use cabwire::model::{
    Assignment, Credential, CredentialKind, Digest, Model, NewEmployee, NewUser, TrackerChange,
    UserChange,
};
use cabwire::store::{Reference, Removed, Revision, Store};

use super::{Lab, NOW, add_trackers, add_user, engines, new_user};

engines!(
    nothing_changed_is_nothing,
    every_kind_of_record_is_reported_when_it_changes,
    every_kind_of_record_is_reported_when_it_is_gone,
    a_record_that_came_and_went_is_gone,
    uses_of_sessions_are_no_changes,
    another_process_is_seen,
    a_directory_follows_the_store,
);

async fn since(store: &dyn Store, revision: &mut Revision) -> Reference {
    let reference = store.reference(Some(*revision)).await.unwrap();
    assert!(!reference.complete && reference.revision >= *revision);
    *revision = reference.revision;
    reference
}

/// Number of records of each kind: users, credentials, trackers, models, tariffs, employees, removed.
fn counts(reference: &Reference) -> [usize; 7] {
    [
        reference.users.len(),
        reference.credentials.len(),
        reference.trackers.len(),
        reference.models.len(),
        reference.tariffs.len(),
        reference.employees.len(),
        reference.removed.len(),
    ]
}

fn a_model() -> Model {
    Model {
        code: "x y".to_owned(),
        name: String::new(),
        vendor: String::new(),
        kind: String::new(),
        id_type: "imei".to_owned(),
        profile: Some("some/profile".to_owned()),
        chat: None,
    }
}

fn api_key(n: u8, user: cabwire::model::UserId) -> Credential {
    let kind = CredentialKind::ApiKey { title: "t".to_owned(), prefix: "abcd".to_owned() };
    Credential { digest: Digest([n; 32]), user, created: NOW, kind }
}

async fn nothing_changed_is_nothing(lab: Lab) {
    let (store, _) = lab.open_with_trackers(2).await;
    let mut revision = store.reference(None).await.unwrap().revision;
    let before = revision;
    assert_eq!(counts(&since(&*store, &mut revision).await), [0; 7]);
    assert_eq!(revision, before);
}

async fn every_kind_of_record_is_reported_when_it_changes(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let store = &*store;
    let mut at = store.reference(None).await.unwrap().revision;

    let anna = add_user(store, "anna").await;
    let changes = since(store, &mut at).await;
    assert_eq!((counts(&changes), &changes.users), ([1, 0, 0, 0, 0, 0, 0], &vec![anna.clone()]));
    let change = UserChange { title: Some("A".to_owned()), ..UserChange::default() };
    let anna = store.change_user(anna.id, change).await.unwrap();
    assert_eq!(since(store, &mut at).await.users, std::slice::from_ref(&anna));
    let bound =
        UserChange { trackers: Some(BTreeSet::from([trackers[0]])), ..UserChange::default() };
    store.change_user(anna.id, bound).await.unwrap();
    assert_eq!(since(store, &mut at).await.users[0].trackers.len(), 1);

    let key = api_key(1, anna.id);
    store.add_credential(key.clone()).await.unwrap();
    let changes = since(store, &mut at).await;
    assert_eq!((counts(&changes), changes.credentials), ([0, 1, 0, 0, 0, 0, 0], vec![key]));

    let change = TrackerChange { label: Some("x".to_owned()), ..TrackerChange::default() };
    let tracker = store.change_tracker(trackers[1], change).await.unwrap();
    let changes = since(store, &mut at).await;
    assert_eq!((counts(&changes), changes.trackers), ([0, 0, 1, 0, 0, 0, 0], vec![tracker]));

    store.put_model(a_model()).await.unwrap();
    let changes = since(store, &mut at).await;
    assert_eq!((counts(&changes), changes.models), ([0, 0, 0, 1, 0, 0, 0], vec![a_model()]));
    let model = Model { profile: None, chat: Some(false), ..a_model() };
    store.put_model(model.clone()).await.unwrap();
    assert_eq!(since(store, &mut at).await.models, [model]);

    let mut tariff = store.create_tariff("T".to_owned(), BTreeSet::new(), false).await.unwrap();
    assert_eq!(since(store, &mut at).await.tariffs, [tariff.clone()]);
    tariff.has_reports = true;
    store.change_tariff(tariff.clone()).await.unwrap();
    let changes = since(store, &mut at).await;
    assert_eq!((counts(&changes), changes.tariffs), ([0, 0, 0, 0, 1, 0, 0], vec![tariff]));

    let ann = store.create_employee(anna.id, NewEmployee::default()).await.unwrap();
    assert_eq!(since(store, &mut at).await.employees, std::slice::from_ref(&ann));
    let changed = store.change_employee(ann.id, NewEmployee::default()).await.unwrap();
    let changes = since(store, &mut at).await;
    assert_eq!((counts(&changes), changes.employees), ([0, 0, 0, 0, 0, 1, 0], vec![changed]));

    let assignment = Assignment { employee: Some(ann.id), changed: NOW, by_device: false };
    store.assign_employee(trackers[0], assignment).await.unwrap();
    let changes = since(store, &mut at).await;
    assert_eq!((counts(&changes)[2], changes.trackers[0].employee), (1, Some(ann.id)));
}

async fn every_kind_of_record_is_reported_when_it_is_gone(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let store = &*store;
    let anna = add_user(store, "anna").await.id;
    store.add_credential(api_key(0xab, anna)).await.unwrap();
    store.add_credential(api_key(0xcd, anna)).await.unwrap();
    let tariff = store.create_tariff("T".to_owned(), BTreeSet::new(), false).await.unwrap().id;
    let ann = store.create_employee(anna, NewEmployee::default()).await.unwrap().id;
    let mut at = store.reference(None).await.unwrap().revision;

    store.remove_credential(Digest([0xab; 32])).await.unwrap();
    assert_eq!(since(store, &mut at).await.removed, [Removed::Credential(Digest([0xab; 32]))]);
    store.remove_tariff(tariff).await.unwrap();
    assert_eq!(since(store, &mut at).await.removed, [Removed::Tariff(tariff)]);
    store.remove_tracker(trackers[0]).await.unwrap();
    assert_eq!(since(store, &mut at).await.removed, [Removed::Tracker(trackers[0])]);
    // What belongs to a user goes with it.
    store.remove_user(anna).await.unwrap();
    let removed = since(store, &mut at).await.removed;
    assert!(removed.contains(&Removed::User(anna)) && removed.contains(&Removed::Employee(ann)));
    assert!(removed.contains(&Removed::Credential(Digest([0xcd; 32]))) && removed.len() == 3);
    assert_eq!(counts(&since(store, &mut at).await), [0; 7]);
}

async fn a_record_that_came_and_went_is_gone(lab: Lab) {
    let store = lab.open().await;
    let mut at = store.reference(None).await.unwrap().revision;
    let anna = add_user(&*store, "anna").await.id;
    store.remove_user(anna).await.unwrap();
    let changes = since(&*store, &mut at).await;
    assert_eq!((changes.users.len(), changes.removed), (0, vec![Removed::User(anna)]));
}

async fn uses_of_sessions_are_no_changes(lab: Lab) {
    let store = lab.open().await;
    let anna = add_user(&*store, "anna").await.id;
    let digest = Digest([1; 32]);
    let kind = CredentialKind::Session { used: NOW };
    store.add_credential(Credential { digest, user: anna, created: NOW, kind }).await.unwrap();
    let mut at = store.reference(None).await.unwrap().revision;
    store.touch_sessions(vec![(digest, NOW.plus(1))]).await.unwrap();
    assert_eq!(counts(&since(&*store, &mut at).await), [0; 7]);
    store.remove_idle_sessions(NOW.plus(2)).await.unwrap();
    assert_eq!(since(&*store, &mut at).await.removed, [Removed::Credential(digest)]);
}

async fn another_process_is_seen(lab: Lab) {
    let (daemon, trackers) = lab.open_with_trackers(1).await;
    super::queue(&*daemon, trackers[0], "before").await;
    let mut at = daemon.reference(None).await.unwrap().revision;

    let command = lab.open().await;
    let boris = add_user(&*command, "boris").await;
    let added = add_trackers(&*command, boris.id, "late", 1).await.pop().unwrap();
    command.remove_tracker(trackers[0]).await.unwrap();
    let theirs = super::queue(&*command, added.id, "from the command").await;

    let changes = since(&*daemon, &mut at).await;
    assert_eq!((&changes.users, &changes.trackers), (&vec![boris], &vec![added.clone()]));
    assert_eq!(changes.removed, [Removed::Tracker(trackers[0])]);
    // What the daemon keeps in memory follows as well.
    let ours = super::queue(&*daemon, added.id, "from the daemon").await;
    assert!(ours.id > theirs.id && ours.serial == theirs.serial + 1);
    assert!(daemon.queue_texts(vec![super::text(trackers[0], "gone")], NOW).await.is_err());
    let again = super::queue(&*command, added.id, "and back").await;
    assert!(again.id > ours.id && again.serial == ours.serial + 1);
    command.close().await;
    super::queue(&*daemon, added.id, "still here").await;
}

async fn a_directory_follows_the_store(lab: Lab) {
    let (daemon, trackers) = lab.open_with_trackers(2).await;
    let directory = Directory::load(Arc::clone(&daemon)).await.unwrap();
    assert_eq!(directory.devices().len(), 2);
    let command = lab.open().await;
    let sub = NewUser { master: Some(directory.users()[0].id), ..new_user("sub") };
    let sub = command.create_user(sub, NOW).await.unwrap();
    command.remove_tracker(trackers[0]).await.unwrap();
    directory.refresh().await.unwrap();
    assert_eq!(directory.take_changes().trackers, BTreeSet::from([trackers[0]]));
    assert!(directory.device(trackers[0]).is_none() && directory.device(trackers[1]).is_some());
    assert_eq!(directory.user_by_login("sub").unwrap().id, sub.id);
}
