//! Who calls: the `hash` in its three places, what it stands for, and how often it may be used.
//!
//! Missing or not 32 hexadecimal digits: error 3. Well formed but unknown, ended or idle for 30 days: error 4. Both are told
//! before any other parameter is looked at.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use super::error::{ApiError, Code};
use super::params::{self, Params};
use super::request::Plain;
use super::state::ApiState;
use super::time::Dates;
use crate::directory::Device;
use crate::model::{Credential, CredentialKind, Digest, Millis, TrackerId, User};
use crate::secret;

/// Idle time after which a session is dead.
pub const SESSION_IDLE_MILLIS: i64 = 30 * 24 * 3600 * 1000;

/// Uses of a session are noted this often.
const TOUCH_MILLIS: i64 = 3600 * 1000;

/// An authenticated call.
pub(super) struct Call {
    /// What every call can reach.
    pub(super) state: ApiState,
    /// Its parameters.
    pub(super) params: Params,
    /// Who calls.
    pub(super) user: Arc<User>,
    /// With what.
    pub(super) credential: Arc<Credential>,
    headers: HeaderMap,
}

/// An authenticated call that an API key cannot make.
pub(super) struct SessionCall(pub(super) Call);

impl FromRequest<ApiState> for Call {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let plain = Plain::from_request(request, state).await?;
        let (credential, user) = match identify(&plain) {
            Ok(found) => found,
            Err(_) if !state.failures.admit(&plain.peer) => {
                return Err(Code::TOO_MANY_REQUESTS.into());
            }
            Err(code) => return Err(code.into()),
        };
        if !state.requests.admit(&credential.digest) {
            return Err(Code::TOO_MANY_REQUESTS.into());
        }
        note_use(state, &credential).await;
        let Plain { state, params, headers, .. } = plain;
        Ok(Self { state, params, user, credential, headers })
    }
}

impl FromRequest<ApiState> for SessionCall {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let call = Call::from_request(request, state).await?;
        match call.credential.kind {
            CredentialKind::Session { .. } => Ok(Self(call)),
            CredentialKind::ApiKey { .. } => Err(Code::NO_SESSION.into()),
        }
    }
}

fn identify(plain: &Plain) -> Result<(Arc<Credential>, Arc<User>), Code> {
    let digest = well_formed(plain).ok_or(Code::WRONG_HASH)?;
    let state = &plain.state;
    let directory = &state.parts.directory;
    let credential = directory.credential(&digest).ok_or(Code::NO_SESSION)?;
    if let CredentialKind::Session { used } = credential.kind
        && state.parts.clock.wall().0.saturating_sub(used.0) > SESSION_IDLE_MILLIS
    {
        return Err(Code::NO_SESSION);
    }
    let user = directory.user(credential.user).ok_or(Code::NO_SESSION)?;
    if is_blocked(state, &user) {
        return Err(Code::USER_BLOCKED);
    }
    Ok((credential, user))
}

/// Whether the user, or the account it belongs to, is blocked.
pub(super) fn is_blocked(state: &ApiState, user: &User) -> bool {
    let directory = &state.parts.directory;
    user.blocked
        || user.master.is_some_and(|id| directory.user(id).is_none_or(|master| master.blocked))
}

/// The digest of the hash, if there is one and it has the shape of one.
fn well_formed(plain: &Plain) -> Option<Digest> {
    let hash = match plain.params.text("hash") {
        Ok(Some(hash)) => hash,
        Ok(None) => Cow::Borrowed(from_header(&plain.headers)?),
        Err(_) => return None,
    };
    let hex = hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| secret::digest(&hash.to_ascii_lowercase()))
}

/// `NVX <hash>`, with exactly one space. Other schemes are not for us.
fn from_header(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(AUTHORIZATION).iter().find_map(|value| {
        let (scheme, hash) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("NVX").then_some(hash)
    })
}

/// Notes that a session is in use, once an hour. What fails here will be tried with the next call.
async fn note_use(state: &ApiState, credential: &Credential) {
    let CredentialKind::Session { used } = credential.kind else { return };
    let now = state.parts.clock.wall();
    if now.0.saturating_sub(used.0) >= TOUCH_MILLIS
        && let Err(error) = touch(state, credential.digest, now).await
    {
        tracing::debug!(%error, "the use of a session was not noted");
    }
}

/// Notes the use of a session at `now`.
pub(super) async fn touch(
    state: &ApiState,
    session: Digest,
    now: Millis,
) -> Result<(), crate::store::StoreError> {
    let parts = &state.parts;
    parts.store.touch_sessions(vec![(session, now)]).await?;
    parts.directory.note_use(&session, now);
    Ok(())
}

impl Call {
    /// A tracker that the caller may see, or error 201: what belongs to others does not exist.
    pub(super) fn tracker(&self, id: i64) -> Result<Arc<Device>, ApiError> {
        let directory = &self.state.parts.directory;
        directory.visible(&self.user, TrackerId(id)).ok_or_else(|| Code::NOT_FOUND.into())
    }

    /// How this call writes and reads dates.
    pub(super) fn dates(&self) -> Result<Dates, ApiError> {
        let header = || {
            let value = self.headers.get("nvx-iso-datetime")?.to_str().ok()?;
            params::boolean(value)
        };
        let iso = self.params.boolean("iso_datetime")?.or_else(header).unwrap_or(false);
        Ok(Dates::new(&self.user.time_zone, iso))
    }
}
