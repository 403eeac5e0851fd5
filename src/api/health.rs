//! `/health`, `/ready`, `/metrics`: for whoever runs the gateway.

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};

use super::envelope::{Answer, ok};
use super::error::{ApiError, Code};
use super::state::ApiState;

/// The process answers.
pub(super) async fn health() -> Answer {
    Ok(ok())
}

/// The daemon does its work: the rest of it says so, and the store answers.
pub(super) async fn ready(State(state): State<ApiState>) -> Answer {
    (state.parts.ready)().map_err(|reason| ApiError::because(Code::BUSY, reason))?;
    match state.parts.store.ping().await {
        Ok(()) => Ok(ok()),
        Err(error) => Err(ApiError::because(Code::DATABASE_UNAVAILABLE, error.to_string())),
    }
}

/// Metrics as Prometheus reads them.
pub(super) async fn metrics(State(state): State<ApiState>) -> Response {
    let mut response = (state.parts.metrics)().into_response();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
