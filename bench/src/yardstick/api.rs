//! HTTP servers that take a `send`: one that stores nothing, and one that stores as it is usually done.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::listen;
use crate::process::end_with_parent;

/// What clients send, and the answer to it.
#[derive(Deserialize)]
struct Send {
    hash: String,
    tracker_id: i64,
    message: String,
}

#[derive(Serialize)]
struct Sent {
    success: bool,
    id: i64,
}

/// Stores nothing.
pub fn no_storage() -> Result<()> {
    end_with_parent();
    runtime()?.block_on(serve(Router::new().route(PATH, post(forget))))
}

/// Stores every text in a transaction of its own: a pool of four connections.
pub fn commit_per_request(database: &str) -> Result<()> {
    end_with_parent();
    runtime()?.block_on(async {
        let pool = open(Path::new(database)).await?;
        serve(Router::new().route(PATH, post(store)).with_state(pool)).await
    })
}

const PATH: &str = "/tracker/chat/send";

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// `axum::serve` is behind a feature that the daemon does without.
async fn serve(router: Router) -> Result<()> {
    let listener = listen()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(router.clone());
        let http = hyper::server::conn::http1::Builder::new();
        tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
    }
}

async fn open(database: &Path) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(30));
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    sqlx::raw_sql(
        "CREATE TABLE message (id INTEGER PRIMARY KEY, tracker_id INTEGER NOT NULL, \
             status INTEGER NOT NULL, submit_ms INTEGER NOT NULL, text TEXT NOT NULL) STRICT; \
         CREATE INDEX pending ON message (tracker_id, id) WHERE status = 0;",
    )
    .execute(&pool)
    .await?;
    Ok(pool)
}

fn check(send: &Send) -> Result<(), StatusCode> {
    if send.hash.len() == 32 { Ok(()) } else { Err(StatusCode::UNAUTHORIZED) }
}

async fn forget(Json(send): Json<Send>) -> Result<Json<Sent>, StatusCode> {
    check(&send)?;
    Ok(Json(Sent { success: true, id: send.tracker_id + send.message.len() as i64 }))
}

async fn store(
    State(pool): State<SqlitePool>,
    Json(send): Json<Send>,
) -> Result<Json<Sent>, StatusCode> {
    check(&send)?;
    let stored = sqlx::query(
        "INSERT INTO message (tracker_id, status, submit_ms, text) \
         VALUES (?1, 0, unixepoch('subsec') * 1000, ?2)",
    )
    .bind(send.tracker_id)
    .bind(send.message)
    .execute(&pool)
    .await;
    let stored = stored.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(Sent { success: true, id: stored.last_insert_rowid() }))
}
