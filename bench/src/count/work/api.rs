//! A text sent through the API, in the three ways to give parameters, with a store that keeps it in memory; an operation is a
//! request, from its head and body to the answer's body.

use std::sync::Arc;

use anyhow::{Result, ensure};
use axum::Router;
use axum::body::{self, Body};
use axum::http::{Request, header};
use cabwire::api::{ApiParts, ApiSettings, ApiState, router};
use cabwire::clock::ManualClock;
use cabwire::directory::Directory;
use cabwire::outbox::Outbox;
use cabwire::presence::Registry;
use cabwire::store::Store;
use cabwire::store::sqlite::{SqliteOptions, SqliteStore};
use cabwire::telemetry;
use tempfile::TempDir;
use tokio::runtime::Builder;
use tower_service::Service as _;

use super::{Job, Piece};
use crate::gateway::Settings;
use crate::gateway::site::{self, TEXT};
use crate::yardstick::memory::MemoryStore;

const PATH: &str = "/tracker/chat/send";
/// Bytes of an answer, at most.
const ANSWER: usize = 64 * 1024;

pub fn pieces() -> Vec<Piece> {
    // What goes before differs by millions from run to run (a database is made): many calls, so that it does not show.
    let piece = |name: &str, prepare| {
        let piece = Piece::new(format!("api/send_{name}"), 50, 4050, prepare);
        Piece { runs: 3, ..piece }
    };
    vec![
        piece("json", || sends(json)),
        piece("form", || sends(form)),
        piece("query", || sends(query)),
    ]
}

/// What a request says: key and tracker.
type Write = fn(&str, i64) -> Result<Request<Body>>;

fn json(key: &str, tracker: i64) -> Result<Request<Body>> {
    let body = serde_json::json!({ "hash": key, "tracker_id": tracker, "message": TEXT });
    let request = Request::post(PATH).header(header::CONTENT_TYPE, "application/json");
    Ok(request.body(body.to_string().into())?)
}

fn form(key: &str, tracker: i64) -> Result<Request<Body>> {
    let request =
        Request::post(PATH).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    Ok(request.body(pairs(key, tracker).into())?)
}

fn query(key: &str, tracker: i64) -> Result<Request<Body>> {
    Ok(Request::get(format!("{PATH}?{}", pairs(key, tracker))).body(Body::empty())?)
}

fn pairs(key: &str, tracker: i64) -> String {
    format!("hash={key}&tracker_id={tracker}&message={}", TEXT.replace(' ', "+"))
}

fn sends(write: Write) -> Result<Job> {
    let directory = TempDir::with_prefix("count-")?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (mut api, key, tracker) = runtime.block_on(api(&directory))?;
    let once = move || {
        // The store's file stays as long as the store.
        let _file = directory.path();
        let request = write(&key, tracker)?;
        runtime.block_on(async {
            let answer = api.call(request).await?;
            ensure!(answer.status().is_success(), "the API answered {}", answer.status());
            ensure!(!body::to_bytes(answer.into_body(), ANSWER).await?.is_empty());
            Ok(())
        })
    };
    Ok(Job { operations: 1, once: Box::new(once) })
}

/// The API as the daemon makes it, an account's key, and its tracker.
async fn api(directory: &TempDir) -> Result<(Router, String, i64)> {
    let database = directory.path().join("cabwire.db");
    let (key, trackers) = site::seed(&database, &Settings::terminals(1)).await?;
    let records = SqliteStore::open(&database, SqliteOptions::migrating()).await?;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::over(records));
    let loaded = Directory::load(Arc::clone(&store)).await?;
    let clock = ManualClock::new("2025-10-06T08:20:00Z".parse()?);
    let registry = Arc::new(Registry::default());
    let outbox = Outbox::new(Arc::clone(&store), registry, clock.clone(), None);
    let state = ApiState::new(ApiParts {
        store,
        directory: loaded,
        outbox,
        clock,
        settings: ApiSettings { requests_per_second: 0, ..ApiSettings::default() },
        ready: Arc::new(|| Ok(())),
        metrics: telemetry::prometheus::install()?,
    });
    Ok((router(state), key, trackers.first().copied().unwrap_or_default()))
}
