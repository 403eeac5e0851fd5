//! Opening files: new, old, newer, somebody else's.

use super::{file, fresh, number, open, outsider, run};
use crate::store::Store as _;
use crate::store::sqlite::{OpenError, SCHEMA, SqliteOptions, SqliteStore};

#[tokio::test]
async fn a_missing_file_is_made_only_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(&directory);
    let error = SqliteStore::open(&path, SqliteOptions::default()).await.err().unwrap();
    assert!(matches!(error, OpenError::Outdated { found: 0, needed: SCHEMA, .. }), "{error}");
    assert!(error.to_string().contains("run `cabwire migrate`"), "{error}");
    assert!(!path.exists());
    open(&directory, SqliteOptions::migrating()).await.close().await;
    open(&directory, SqliteOptions::default()).await.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_a_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let (directory, store) = fresh().await;
    store.ping().await.unwrap();
    for name in ["cabwire.db", "cabwire.db-wal"] {
        let path = file(&directory).with_file_name(name);
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_closed_file_stands_alone() {
    let (directory, store) = fresh().await;
    store.ping().await.unwrap();
    store.reference(None).await.unwrap();
    store.close().await;
    let names = std::fs::read_dir(file(&directory).parent().unwrap()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["cabwire.db"], "one file to copy, without a WAL");
}

#[tokio::test]
async fn a_newer_file_is_refused() {
    let (directory, store) = fresh().await;
    store.close().await;
    run(&outsider(&file(&directory)), "PRAGMA user_version = 99");
    for migrate in [false, true] {
        let options = SqliteOptions { migrate, ..SqliteOptions::default() };
        let error = SqliteStore::open(&file(&directory), options).await.err().unwrap();
        assert!(matches!(error, OpenError::Newer { found: 99, known: SCHEMA, .. }), "{error}");
    }
}

#[tokio::test]
async fn an_older_file_is_refused_until_it_is_migrated() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("data")).unwrap();
    std::fs::write(file(&directory), []).unwrap();
    let error = SqliteStore::open(&file(&directory), SqliteOptions::default()).await.err().unwrap();
    assert!(matches!(error, OpenError::Outdated { found: 0, .. }), "{error}");
    open(&directory, SqliteOptions::migrating()).await.close().await;
    let version = "SELECT user_version FROM pragma_user_version";
    assert_eq!(number(&outsider(&file(&directory)), version), SCHEMA);
}

#[tokio::test]
async fn somebody_elses_database_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.db");
    std::fs::write(&path, []).unwrap();
    run(&outsider(&path), "CREATE TABLE theirs (x)");
    let error = SqliteStore::open(&path, SqliteOptions::migrating()).await.err().unwrap();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    let tables = "SELECT count(*) FROM sqlite_schema";
    assert_eq!(number(&outsider(&path), tables), 1);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("letter.txt");
    std::fs::write(&path, "Dear Sir or Madam, ".repeat(1000)).unwrap();
    let error = SqliteStore::open(&path, SqliteOptions::migrating()).await.err().unwrap();
    assert!(matches!(error, OpenError::Database { .. }), "{error}");
    assert!(error.to_string().contains("letter.txt"), "{error}");
}

#[tokio::test]
async fn several_processes_may_make_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions::migrating;
    let (a, b, c) = tokio::join!(
        open(&directory, options()),
        open(&directory, options()),
        open(&directory, options()),
    );
    for store in [&a, &b, &c] {
        assert_eq!(store.reference(None).await.unwrap().tariffs.len(), 1);
        store.ping().await.unwrap();
    }
}
