//! The change log's end.

use super::{file, fresh, number, outsider, run, trackers};
use crate::store::sqlite::sql;
use crate::store::{Revision, Store as _};

#[tokio::test]
async fn who_is_too_far_behind_gets_everything() {
    let (directory, store) = fresh().await;
    trackers(&store, 20).await;
    let newest = store.reference(None).await.unwrap().revision;
    let mut outsider = outsider(&file(&directory)).await;
    sqlx::query(sql::PRUNE_LOG).bind(5).execute(&mut outsider).await.unwrap();
    assert_eq!(number(&mut outsider, "SELECT count(*) FROM change_log").await, 5);

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

#[tokio::test]
async fn a_directory_drops_what_a_complete_reference_lacks() {
    let (directory, store) = fresh().await;
    let ids = trackers(&store, 3).await;
    let store: std::sync::Arc<dyn crate::store::Store> = std::sync::Arc::new(store);
    let records = crate::directory::Directory::load(store.clone()).await.unwrap();
    store.remove_tracker(ids[0]).await.unwrap();
    store.setting("x", "y").await.unwrap();
    // As if so much had happened since that the removal is forgotten.
    let mut outsider = outsider(&file(&directory)).await;
    run(&mut outsider, "INSERT INTO change_log (kind, key) VALUES ('tariff', '1')").await;
    sqlx::query(sql::PRUNE_LOG).bind(1).execute(&mut outsider).await.unwrap();
    records.refresh().await.unwrap();
    let changes = records.take_changes();
    assert_eq!(changes.trackers.into_iter().collect::<Vec<_>>(), ids);
    assert!(records.device(ids[0]).is_none() && records.device(ids[2]).is_some());
}
