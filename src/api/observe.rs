//! What surrounds every action: preflight requests, headers of every answer, counting, caught panics.

use std::any::Any;
use std::convert::Infallible;

use axum::extract::Request;
use axum::http::Method;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, HeaderValue, RETRY_AFTER,
};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use metrics::{Counter, Histogram, counter, histogram};
use tower_http::catch_panic::CatchPanicLayer;

use super::envelope::ok;
use super::error::{ApiError, Code};
use super::state::ApiState;

/// Calls, by action.
const REQUESTS: &str = "cabwire_api_requests_total";
/// Calls that failed, by action and error code.
const ERRORS: &str = "cabwire_api_errors_total";
/// Time to answer, by action.
const SECONDS: &str = "cabwire_api_seconds";

#[derive(Clone)]
struct Observer {
    action: &'static str,
    state: ApiState,
    requests: Counter,
    seconds: Histogram,
}

/// `route`, observed as `action`.
pub(super) fn around(
    action: &'static str,
    route: MethodRouter<ApiState>,
    state: &ApiState,
) -> MethodRouter<ApiState> {
    let observer = Observer {
        action,
        state: state.clone(),
        requests: counter!(REQUESTS, "action" => action),
        seconds: histogram!(SECONDS, "action" => action),
    };
    guarded(route).layer(from_fn(move |request: Request, next: Next| {
        let observer = observer.clone();
        async move { observer.observe(request, next).await }
    }))
}

/// `route` for GET and HEAD only.
pub(super) fn read_only(route: MethodRouter<ApiState>) -> MethodRouter<ApiState> {
    route.layer(from_fn(async |request: Request, next: Next| match *request.method() {
        Method::GET | Method::HEAD => next.run(request).await,
        _ => ApiError::from(Code::WRONG_METHOD).into_response(),
    }))
}

impl Observer {
    async fn observe(self, request: Request, next: Next) -> Result<Response, Infallible> {
        let clock = &self.state.parts.clock;
        let begin = clock.now().monotonic;
        let mut response =
            if request.method() == Method::OPTIONS { preflight() } else { next.run(request).await };
        let headers = response.headers_mut();
        let origin = self.state.parts.settings.cors_origin.0.clone();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.requests.increment(1);
        self.seconds.record(clock.now().monotonic.saturating_sub(begin).as_secs_f64());
        if let Some(&code) = response.extensions().get::<Code>() {
            if code == Code::TOO_MANY_REQUESTS {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            counter!(ERRORS, "action" => self.action, "code" => code.0.to_string()).increment(1);
        }
        Ok(response)
    }
}

/// The answer to a browser that asks whether it may ask.
fn preflight() -> Response {
    let mut response = ok().into_response();
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, nvx-iso-datetime"),
        (ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `route`, with panics turned into answers.
fn guarded<S: Clone + Send + Sync + 'static>(route: MethodRouter<S>) -> MethodRouter<S> {
    route.layer(CatchPanicLayer::custom(caught))
}

/// A mistake of ours, told as such. The panic hook has logged where.
fn caught(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::from(Code::UNEXPECTED).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::any;
    use tower::ServiceExt as _;

    use super::*;

    async fn breaks() -> Response {
        panic!("an example of a mistake")
    }

    #[tokio::test]
    async fn a_panic_is_an_unexpected_error_in_json() {
        let route: MethodRouter = guarded(any(breaks));
        let response = route.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = to_bytes(response.into_body(), 1000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["status"]["code"], 6);
        assert!(!body.to_string().contains("mistake"), "nothing internal is told");
    }
}
