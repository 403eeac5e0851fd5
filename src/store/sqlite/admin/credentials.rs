//! Sessions and API keys.

use sqlx::SqliteConnection;

use super::found;
use crate::model::{Credential, CredentialKind, Digest, Millis};
use crate::secret::hex;
use crate::store::StoreError;
use crate::store::sqlite::error::{Failure, is_broken_reference, is_duplicate};
use crate::store::sqlite::{json, sql};

/// Adds one.
pub(in crate::store::sqlite) async fn add(
    conn: &mut SqliteConnection,
    credential: Credential,
) -> Result<(), Failure> {
    let (used, title, prefix) = match credential.kind {
        CredentialKind::Session { used } => (Some(used.0), None, None),
        CredentialKind::ApiKey { title, prefix } => (None, Some(title), Some(prefix)),
    };
    let added = sqlx::query(sql::INSERT_CREDENTIAL)
        .bind(credential.digest.0.to_vec())
        .bind(credential.user.0)
        .bind(credential.created.0)
        .bind(used)
        .bind(title)
        .bind(prefix)
        .execute(conn)
        .await;
    match added {
        Ok(_) => Ok(()),
        Err(error) if is_duplicate(&error) => {
            Err(StoreError::Conflict("this credential exists already".to_owned()).into())
        }
        Err(error) if is_broken_reference(&error) => Err(StoreError::NotFound("user").into()),
        Err(error) => Err(error.into()),
    }
}

/// Removes one.
pub(in crate::store::sqlite) async fn remove(
    conn: &mut SqliteConnection,
    digest: Digest,
) -> Result<(), Failure> {
    let done = sqlx::query(sql::DELETE_CREDENTIAL).bind(digest.0.to_vec()).execute(conn).await?;
    Ok(found(&done, "credential")?)
}

/// Notes uses of sessions; never an earlier one than is noted.
pub(in crate::store::sqlite) async fn touch(
    conn: &mut SqliteConnection,
    used: &[(Digest, Millis)],
) -> Result<(), Failure> {
    let rows = json::array(used.iter().map(|(digest, at)| (hex(&digest.0), at)));
    sqlx::query(sql::TOUCH_SESSIONS).bind(rows).execute(conn).await?;
    Ok(())
}

/// Removes sessions last used before `before`.
pub(in crate::store::sqlite) async fn remove_idle(
    conn: &mut SqliteConnection,
    before: Millis,
) -> Result<(), Failure> {
    sqlx::query(sql::DELETE_IDLE_SESSIONS).bind(before.0).execute(conn).await?;
    Ok(())
}
