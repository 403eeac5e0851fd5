//! Tests that look behind the trait: statements, plans, batching, recovery.

use super::*;

/// A fresh database in a directory of its own.
async fn fresh() -> (tempfile::TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data/cabwire.db");
    let store = SqliteStore::open(&path, SqliteOptions::migrating()).await.unwrap();
    (directory, store)
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    use sqlx::{Executor as _, SqlSafeStr as _};
    let (_directory, store) = fresh().await;
    let mut conn = store.readers.acquire().await.unwrap();
    for (name, statement) in sql::ALL {
        // Several statements in one are prepared one by one, as SQLite does.
        for part in statement.split("; ") {
            let part = sqlx::AssertSqlSafe(part.to_owned()).into_sql_str();
            if let Err(error) = conn.prepare(part).await {
                panic!("{name}: {error}");
            }
        }
    }
}
