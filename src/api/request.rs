//! From an HTTP request to parameters: method, body, content type, peer address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use http_body_util::BodyExt;

use super::error::{ApiError, Code};
use super::params::Params;
use super::settings::ApiSettings;
use super::state::ApiState;

/// A request, read but not authenticated.
pub(super) struct Plain {
    /// What every call can reach.
    pub(super) state: ApiState,
    /// Its parameters.
    pub(super) params: Params,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Where it came from.
    pub(super) peer: IpAddr,
}

impl FromRequest<ApiState> for Plain {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        if !matches!(head.method, Method::GET | Method::POST) {
            return Err(Code::WRONG_METHOD.into());
        }
        let settings = &state.parts.settings;
        let peer = peer(&head, settings);
        let body = read(body, settings).await?;
        let json = is_json(&head.headers, &body)?;
        let params = Params::new(body, json, head.uri.query().unwrap_or(""))?;
        Ok(Self { state: state.clone(), params, headers: head.headers, peer })
    }
}

fn peer(head: &Parts, settings: &ApiSettings) -> IpAddr {
    let forwarded = || {
        let last = head.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    let connected = || head.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    settings
        .behind_proxy
        .then(forwarded)
        .flatten()
        .or_else(connected)
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.to_canonical())
}

/// Reads the whole body within the settings' bounds.
async fn read(body: Body, settings: &ApiSettings) -> Result<Vec<u8>, ApiError> {
    use axum::body::HttpBody;
    if body.is_end_stream() {
        return Ok(Vec::new());
    }
    let limit = Duration::from_secs(settings.body_seconds.into());
    // There is no code for a body that does not come; whatever came of it is no request.
    tokio::time::timeout(limit, collect(body, settings.max_body_bytes))
        .await
        .unwrap_or_else(|_| Err(Code::WRONG_FORMAT.into()))
}

async fn collect(mut body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let mut size = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Code::WRONG_FORMAT)?.into_data() else { continue };
        size = size.saturating_add(data.len());
        if size <= limit {
            bytes.extend_from_slice(&data);
        } else if size > limit.saturating_mul(8) {
            break;
        }
        // Between the two: skipped, not kept. A client that is still sending reads no answer.
    }
    if size > limit { Err(Code::TOO_LARGE.into()) } else { Ok(bytes) }
}

/// What kind the body is: by its content type, and by its first byte where the client did not say or could not know.
fn is_json(headers: &HeaderMap, body: &[u8]) -> Result<bool, ApiError> {
    let Some(first) = body.iter().find(|byte| !byte.is_ascii_whitespace()) else {
        return Ok(false); // nothing there: no matter what it is called
    };
    let looks_like_json = *first == b'{';
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(looks_like_json) };
    let kind = value.to_str().unwrap_or("").split(';').next().unwrap_or("").trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Ok(true)
    } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        // `curl -d '{…}'` says form and means JSON; no parameter's name starts with a brace.
        Ok(looks_like_json)
    } else if kind.is_empty() {
        Ok(looks_like_json)
    } else {
        Err(Code::WRONG_FORMAT.into())
    }
}
