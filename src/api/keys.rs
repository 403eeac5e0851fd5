//! `/api/key/…` (also as `/user/api_key/…`): API keys of an account.
//!
//! A key is shown whole once, when it is created; what is stored cannot be turned back into it. Lists show its first four
//! digits, the rest as `*`. `delete` takes the key, or what a list shows of it if that means one key only.

use serde::Serialize;

use super::auth::{Call, SessionCall};
use super::envelope::{Answer, ok, ok_field};
use super::error::{ApiError, Code};
use super::time::{Dates, Shown};
use crate::model::{Credential, CredentialKind, Digest, Millis};
use crate::secret;

/// Most keys of one account.
const MAX_KEYS: usize = 20;
/// Digits of a key that are remembered.
const PREFIX: usize = 4;

#[derive(Serialize)]
struct Key<'a> {
    hash: String,
    create_date: Shown<'a>,
    title: String,
}

/// A key as it is remembered.
struct Known {
    digest: Digest,
    created: Millis,
    title: String,
    shown: String,
}

/// The caller, if it is an account: sub-users have no keys.
fn owner(SessionCall(call): SessionCall) -> Result<Call, ApiError> {
    match call.user.master {
        None => Ok(call),
        Some(_) => Err(Code::NOT_PERMITTED.into()),
    }
}

/// `create`
pub(super) async fn create(call: SessionCall) -> Answer {
    let call = owner(call)?;
    let dates = call.dates()?;
    let title = call.params.need_text("title")?.into_owned();
    if !(1..=255).contains(&title.chars().count()) || title.chars().any(char::is_control) {
        return Err(ApiError::invalid("title", "must be 1 to 255 printable characters"));
    }
    let _one_at_a_time = call.state.credentials.lock().await;
    if keys(&call).len() >= MAX_KEYS {
        return Err(Code::OVER_QUOTA.into());
    }
    let hash = secret::random_hash().map_err(|_| Code::UNEXPECTED)?;
    let parts = &call.state.parts;
    let created = parts.clock.wall();
    let prefix = hash.chars().take(PREFIX).collect();
    let credential = Credential {
        digest: secret::digest(&hash),
        user: call.user.id,
        created,
        kind: CredentialKind::ApiKey { title: title.clone(), prefix },
    };
    parts.store.add_credential(credential).await?;
    parts.directory.refresh().await?;
    ok_field("value", Key { hash, create_date: dates.show(created), title })
}

/// `list`
pub(super) async fn list(call: SessionCall) -> Answer {
    let call = owner(call)?;
    let dates: Dates = call.dates()?;
    let list: Vec<_> = keys(&call)
        .into_iter()
        .map(|key| Key { hash: key.shown, create_date: dates.show(key.created), title: key.title })
        .collect();
    ok_field("list", list)
}

/// `delete`; the parameter is called `api_key` under the path's other name.
pub(super) async fn delete(call: SessionCall) -> Answer {
    let call = owner(call)?;
    let given = match call.params.text("key")? {
        Some(key) => key,
        None => call
            .params
            .text("api_key")?
            .ok_or_else(|| ApiError::invalid("key", "must not be null"))?,
    };
    let digest = secret::digest(&given.to_ascii_lowercase());
    let keys = keys(&call);
    let mut meant = keys.iter().filter(|key| key.digest == digest || key.shown == given);
    let (Some(key), None) = (meant.next(), meant.next()) else {
        return Err(Code::NOT_FOUND.into());
    };
    call.state.parts.store.remove_credential(key.digest).await?;
    call.state.parts.directory.refresh().await?;
    Ok(ok())
}

/// The caller's keys, oldest first.
fn keys(call: &Call) -> Vec<Known> {
    let credentials = call.state.parts.directory.credentials_of(call.user.id);
    let mut keys: Vec<_> = credentials.iter().filter_map(|credential| known(credential)).collect();
    keys.sort_by(|a, b| (a.created, &a.shown).cmp(&(b.created, &b.shown)));
    keys
}

fn known(credential: &Credential) -> Option<Known> {
    let CredentialKind::ApiKey { title, prefix } = &credential.kind else { return None };
    Some(Known {
        digest: credential.digest,
        created: credential.created,
        title: title.clone(),
        shown: format!("{prefix:*<32}"),
    })
}
