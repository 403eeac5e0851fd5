//! The change log's end.

use super::{file, fresh, number, outsider, run, trackers};
use crate::model::{BuiltIn, Model, TrackerChange};
use crate::store::sqlite::sql;
use crate::store::{Revision, Store as _};

#[tokio::test]
async fn who_is_too_far_behind_gets_everything() {
    let (directory, store) = fresh().await;
    trackers(&store, 20).await;
    let newest = store.reference(None).await.unwrap().revision;
    let outsider = outsider(&file(&directory));
    outsider.execute(sql::PRUNE_LOG, [5]).unwrap();
    assert_eq!(number(&outsider, "SELECT count(*) FROM change_log"), 5);

    let since = |behind: i64| store.reference(Some(Revision(newest.0 - behind)));
    let near = since(5).await.unwrap();
    assert_eq!((near.complete, near.trackers.len(), near.revision), (false, 5, newest));
    let far = since(6).await.unwrap();
    assert_eq!((far.complete, far.trackers.len(), far.revision), (true, 20, newest));
    assert_eq!((far.users.len(), far.tariffs.len()), (1, 1));
}

#[tokio::test]
async fn a_revision_of_another_database_gets_everything() {
    let (_directory, store) = fresh().await;
    let newest = store.reference(None).await.unwrap().revision;
    let reference = store.reference(Some(Revision(newest.0 + 1))).await.unwrap();
    assert!(reference.complete && reference.revision == newest);
}

/// A profile that differs from the defaults, and has chat.
fn special() -> BuiltIn {
    let special = |of: &BuiltIn| of.has_chat() && !of.profile.options.is_empty();
    BuiltIn::all().find(special).unwrap()
}

#[tokio::test]
async fn a_changed_model_changes_its_trackers_in_the_directory() {
    let (_directory, store) = fresh().await;
    let ids = trackers(&store, 2).await;
    let special = special();
    let info = special.protocol.info();
    let (key, value) = special.profile.options[0];
    let default = info.options.iter().find(|option| option.name == key).unwrap().default;
    let own = info.options.iter().find(|option| option.name != key).unwrap();
    let model = |profile: &str, chat| Model {
        code: "mine".to_owned(),
        name: String::new(),
        vendor: String::new(),
        kind: String::new(),
        id_type: "imei".to_owned(),
        profile: Some(format!("{}/{profile}", info.name)),
        chat,
    };
    store.put_model(model("standard", Some(true))).await.unwrap();
    let change = TrackerChange {
        device: Some((info.name.to_owned(), "1".to_owned())),
        model: Some("mine".to_owned()),
        options: Some([(own.name.to_owned(), own.default.to_owned())].into()),
        ..TrackerChange::default()
    };
    store.change_tracker(ids[0], change).await.unwrap();
    let store: std::sync::Arc<dyn crate::store::Store> = std::sync::Arc::new(store);
    let records = crate::directory::Directory::load(store.clone()).await.unwrap();
    let put = async |model| {
        store.put_model(model).await.unwrap();
        records.refresh().await.unwrap();
        records.device(ids[0]).unwrap()
    };
    let before = records.device(ids[0]).unwrap();
    assert_eq!((before.options.text(key), before.has_chat), (default, true));

    let now = put(model(special.profile.name, Some(false))).await;
    assert_eq!((now.options.text(key), now.has_chat), (value, false));
    assert!(now.options.overrides().any(|(key, _)| key == own.name), "its own are kept");
    assert!(!before.still_holds(Some(&now)), "it was let in under other options");
    assert_eq!(records.take_changes().trackers.into_iter().collect::<Vec<_>>(), [ids[0]]);

    // What the operator says of chat is no reason to log in again.
    let later = put(model(special.profile.name, None)).await;
    assert!(later.has_chat && now.still_holds(Some(&later)));

    // A profile that this build does not know leaves the defaults, and no chat.
    let unknown = put(model("of_the_future", None)).await;
    assert_eq!((unknown.options.text(key), unknown.has_chat), (default, false));
}

#[tokio::test]
async fn a_directory_drops_what_a_complete_reference_lacks() {
    let (directory, store) = fresh().await;
    let ids = trackers(&store, 3).await;
    let store: std::sync::Arc<dyn crate::store::Store> = std::sync::Arc::new(store);
    let records = crate::directory::Directory::load(store.clone()).await.unwrap();
    store.remove_tracker(ids[0]).await.unwrap();
    store.setting("x", "y").await.unwrap();
    // As if so much had happened since that the removal is forgotten.
    let outsider = outsider(&file(&directory));
    run(&outsider, "INSERT INTO change_log (kind, key) VALUES ('tariff', '1')");
    outsider.execute(sql::PRUNE_LOG, [1]).unwrap();
    records.refresh().await.unwrap();
    let changes = records.take_changes();
    assert_eq!(changes.trackers.into_iter().collect::<Vec<_>>(), ids);
    assert!(records.device(ids[0]).is_none() && records.device(ids[2]).is_some());
}
