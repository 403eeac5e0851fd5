//! `/user/auth`, `/user/session/renew`, `/user/logout`: sessions begin, go on, end.

use std::sync::Arc;

use serde::Serialize;

use super::auth::{SessionCall, is_blocked, touch};
use super::envelope::{Answer, ok, ok_with};
use super::error::{ApiError, Code};
use super::request::Plain;
use super::state::ApiState;
use crate::model::{Credential, CredentialKind, User, UserId};
use crate::password;
use crate::secret;

/// Longest password that is looked at, in bytes.
const MAX_PASSWORD: usize = 1024;

/// `user/auth`: login name and password become a session hash.
pub(super) async fn auth(plain: Plain) -> Answer {
    #[derive(Serialize)]
    struct Authenticated {
        r#type: &'static str,
        hash: String,
    }
    let login = plain.params.need_text("login")?;
    let password = plain.params.need_text("password")?;
    if !plain.state.failures.admit(&plain.peer) {
        return Err(Code::TOO_MANY_REQUESTS.into());
    }
    if !plain.state.attempts.begin(&login, plain.peer) {
        return Err(Code::LOGIN_ATTEMPTS.into());
    }
    let user = plain.state.parts.directory.user_by_login(&login);
    let right = is_right(&plain.state, user.as_deref(), &password).await?;
    let user = user.filter(|_| right).ok_or(Code::WRONG_LOGIN)?;
    plain.state.attempts.succeeded(&login, plain.peer);
    if is_blocked(&plain.state, &user) {
        return Err(Code::USER_BLOCKED.into());
    }
    let hash = begin_session(&plain.state, user.id).await?;
    ok_with(Authenticated { r#type: "authenticated", hash })
}

/// Compares passwords off the threads that serve sessions, few at a time. Takes as long for a login that does not exist.
async fn is_right(state: &ApiState, user: Option<&User>, password: &str) -> Result<bool, ApiError> {
    let Ok(_waiting) = state.logins.try_acquire() else {
        return Err(Code::TOO_MANY_REQUESTS.into());
    };
    let permit = Arc::clone(&state.hashing).acquire_owned().await.map_err(|_| Code::UNEXPECTED)?;
    let expected = user.map(|user| user.password_hash.clone());
    let (state, password) = (state.clone(), password.to_owned());
    let compare = move || {
        let _permit = permit;
        let nobody = || password::hash("", password::Cost::default()).unwrap_or_default();
        if password.len() > MAX_PASSWORD {
            return false;
        }
        let hash = expected.as_ref().unwrap_or_else(|| state.nobody.get_or_init(nobody));
        password::verify(&password, hash) && expected.is_some()
    };
    tokio::task::spawn_blocking(compare).await.map_err(|_| Code::UNEXPECTED.into())
}

async fn begin_session(state: &ApiState, user: UserId) -> Result<String, ApiError> {
    let hash = secret::random_hash().map_err(|_| Code::UNEXPECTED)?;
    let parts = &state.parts;
    let now = parts.clock.wall();
    let session = Credential {
        digest: secret::digest(&hash),
        user,
        created: now,
        kind: CredentialKind::Session { used: now },
    };
    let _one_at_a_time = state.credentials.lock().await;
    let mut sessions: Vec<_> = parts
        .directory
        .credentials_of(user)
        .into_iter()
        .filter_map(|credential| match credential.kind {
            CredentialKind::Session { used } => Some((used, credential.digest)),
            CredentialKind::ApiKey { .. } => None,
        })
        .collect();
    sessions.sort_unstable();
    let excess = (sessions.len() + 1).saturating_sub(parts.settings.sessions_per_user.max(1));
    for (_, digest) in sessions.into_iter().take(excess) {
        remove(state, digest).await?;
    }
    parts.store.add_credential(session).await?;
    parts.directory.refresh().await?;
    Ok(hash)
}

/// Removes a credential; one that is gone already is fine.
async fn remove(state: &ApiState, digest: crate::model::Digest) -> Result<(), ApiError> {
    match state.parts.store.remove_credential(digest).await {
        Ok(()) | Err(crate::store::StoreError::NotFound(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// `user/session/renew`: the idle time begins anew.
pub(super) async fn renew(SessionCall(call): SessionCall) -> Answer {
    touch(&call.state, call.credential.digest, call.state.parts.clock.wall()).await?;
    Ok(ok())
}

/// `user/logout`: the session ends at once.
pub(super) async fn logout(SessionCall(call): SessionCall) -> Answer {
    remove(&call.state, call.credential.digest).await?;
    call.state.parts.directory.refresh().await?;
    Ok(ok())
}
