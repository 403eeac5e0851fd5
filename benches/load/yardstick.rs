//! What the gateway is held against: the least that a server on the same runtime can do.

use std::io::Read as _;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use bytes::{Buf as _, BytesMut};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::frames;

/// Acknowledges every frame with the same bytes: one task per connection, one write per read, nothing else.
pub fn echo() -> Result<()> {
    end_with_parent();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut ack = Vec::new();
    let body = [0, 1, 2, 0, 0];
    frames::seal(&mut ack, frames::id::PLATFORM_ANSWER, &frames::phone(0).0, 1, &body);
    let ack: Arc<[u8]> = ack.into();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            let ack = Arc::clone(&ack);
            tokio::spawn(async move { drop(acknowledge(stream, &ack).await) });
        }
    })
}

async fn acknowledge(mut stream: TcpStream, ack: &[u8]) -> Result<()> {
    stream.set_nodelay(true)?;
    let (mut input, mut output) = (BytesMut::with_capacity(256), Vec::new());
    while stream.read_buf(&mut input).await? > 0 {
        output.clear();
        while let Some(end) = input.iter().skip(1).position(|&byte| byte == 0x7e) {
            input.advance(end + 2);
            output.extend_from_slice(ack);
        }
        stream.write_all(&output).await?;
    }
    Ok(())
}

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

/// Stores every text in a transaction of its own, the way it is usually done: axum, a pool of four connections, SQLite.
pub fn commit_per_request(database: &str) -> Result<()> {
    end_with_parent();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let pool = open(Path::new(database)).await?;
        let router = Router::new().route("/tracker/chat/send", post(store)).with_state(pool);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        // `axum::serve` is behind a feature that the daemon does without.
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            let io = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
        }
    })
}

async fn open(database: &Path) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::from_str("sqlite:")?
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

async fn store(
    State(pool): State<SqlitePool>,
    Json(send): Json<Send>,
) -> Result<Json<Sent>, StatusCode> {
    if send.hash.len() != 32 {
        return Err(StatusCode::UNAUTHORIZED);
    }
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

/// Ends this process when the one that started it is gone: its end of our standard input closes then.
fn end_with_parent() {
    std::thread::spawn(|| {
        drop(std::io::stdin().read(&mut [0]));
        std::process::exit(0);
    });
}
