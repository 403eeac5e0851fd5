//! Successful answers: `{"success": true, …}`.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::error::{ApiError, Code};

/// What every action returns.
pub(super) type Answer = Result<Reply, ApiError>;

/// A successful answer, serialised.
#[derive(Debug)]
pub(super) struct Reply(Vec<u8>);

/// A successful answer with nothing to say.
pub(super) fn ok() -> Reply {
    Reply(br#"{"success":true}"#.to_vec())
}

/// A successful answer with the fields of `payload` beside `success`.
pub(super) fn ok_with(payload: impl Serialize) -> Answer {
    #[derive(serde::Serialize)]
    struct Success<T> {
        success: bool,
        #[serde(flatten)]
        payload: T,
    }
    serde_json::to_vec(&Success { success: true, payload }).map(Reply).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        Code::UNEXPECTED.into()
    })
}

/// A successful answer with one field called `name`.
pub(super) fn ok_field(name: &'static str, value: impl Serialize) -> Answer {
    ok_with(Single { name, value })
}

struct Single<T> {
    name: &'static str,
    value: T,
}

impl<T: Serialize> Serialize for Single<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.name, &self.value)?;
        map.end()
    }
}

/// Pairs as a JSON object, in their order; also when there are none.
pub(super) struct Pairs<K, V>(pub(super) Vec<(K, V)>);

impl<K: std::fmt::Display, V: Serialize> Serialize for Pairs<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(&key.to_string(), value)?;
        }
        map.end()
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        json(self.0)
    }
}

/// A response of content type JSON.
pub(super) fn json(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
