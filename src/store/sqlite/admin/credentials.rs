//! Sessions and API keys.

use rusqlite::{Connection, params};

use super::found;
use crate::model::{Credential, CredentialKind, Digest, Millis};
use crate::store::StoreError;
use crate::store::sqlite::error::{Failure, is_broken_reference, is_duplicate};
use crate::store::sqlite::query::execute;
use crate::store::sqlite::sql;

/// Adds one.
pub(in crate::store::sqlite) fn add(
    conn: &Connection,
    credential: &Credential,
) -> Result<(), Failure> {
    let Credential { digest, user, created, kind } = credential;
    let (used, title, prefix) = match kind {
        CredentialKind::Session { used } => (Some(used.0), None, None),
        CredentialKind::ApiKey { title, prefix } => (None, Some(title), Some(prefix)),
    };
    let row = params![digest.0, user.0, created.0, used, title, prefix];
    match execute(conn, sql::INSERT_CREDENTIAL, row) {
        Ok(_) => Ok(()),
        Err(error) if is_duplicate(&error) => {
            Err(StoreError::Conflict("this credential exists already".to_owned()).into())
        }
        Err(error) if is_broken_reference(&error) => Err(StoreError::NotFound("user").into()),
        Err(error) => Err(error.into()),
    }
}

/// Removes one.
pub(in crate::store::sqlite) fn remove(conn: &Connection, digest: Digest) -> Result<(), Failure> {
    Ok(found(execute(conn, sql::DELETE_CREDENTIAL, [digest.0])?, "credential")?)
}

/// Notes uses of sessions; never an earlier one than is noted.
pub(in crate::store::sqlite) fn touch(
    conn: &Connection,
    used: &[(Digest, Millis)],
) -> Result<(), Failure> {
    for (digest, at) in used {
        execute(conn, sql::TOUCH_SESSION, params![digest.0, at.0])?;
    }
    Ok(())
}

/// Removes sessions last used before `before`.
pub(in crate::store::sqlite) fn remove_idle(
    conn: &Connection,
    before: Millis,
) -> Result<(), Failure> {
    execute(conn, sql::DELETE_IDLE_SESSIONS, [before.0])?;
    Ok(())
}
