//! Users and sub-users.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::found;
use crate::model::{Millis, NewUser, TrackerId, User, UserChange, UserId};
use crate::store::StoreError;
use crate::store::sqlite::error::{Failure, is_broken_reference, is_duplicate};
use crate::store::sqlite::query::{all, execute, one};
use crate::store::sqlite::{json, sql};

/// Creates a user.
pub(in crate::store::sqlite) fn create(
    conn: &Connection,
    user: &NewUser,
    now: Millis,
) -> Result<User, Failure> {
    let row = params![
        user.login,
        user.password_hash,
        user.title,
        user.time_zone,
        user.locale,
        user.master.map(|master| master.0),
        now.0,
    ];
    let (id,) = match one(conn, sql::INSERT_USER, row) {
        Ok(id) => id,
        Err(error) if is_duplicate(&error) => return Err(login_taken(&user.login).into()),
        Err(error) if is_broken_reference(&error) => {
            return Err(StoreError::NotFound("master user").into());
        }
        Err(error) => return Err(error.into()),
    };
    read(conn, UserId(id))
}

fn login_taken(login: &str) -> StoreError {
    StoreError::Conflict(format!("the login {login} is taken"))
}

/// Changes a user.
pub(in crate::store::sqlite) fn change(
    conn: &Connection,
    id: UserId,
    change: &UserChange,
) -> Result<User, Failure> {
    let row = params![
        id.0,
        change.login,
        change.password_hash,
        change.title,
        change.time_zone,
        change.locale,
        change.blocked,
    ];
    match execute(conn, sql::UPDATE_USER, row) {
        Ok(changed) => found(changed, "user")?,
        Err(error) if is_duplicate(&error) => {
            return Err(login_taken(change.login.as_deref().unwrap_or_default()).into());
        }
        Err(error) => return Err(error.into()),
    }
    if change.password_hash.is_some() || change.blocked == Some(true) {
        execute(conn, sql::END_SESSIONS, [id.0])?;
    }
    if let Some(trackers) = &change.trackers {
        bind(conn, id, trackers)?;
    }
    read(conn, id)
}

/// Binds exactly these trackers to a sub-user.
fn bind(conn: &Connection, id: UserId, trackers: &BTreeSet<TrackerId>) -> Result<(), Failure> {
    let trackers = json::array(trackers);
    execute(conn, sql::UNBIND_TRACKERS, params![id.0, trackers])?;
    match execute(conn, sql::BIND_TRACKERS, params![id.0, trackers]) {
        Err(error) if is_broken_reference(&error) => Err(StoreError::NotFound("tracker").into()),
        other => Ok(other.map(drop)?),
    }
}

fn read(conn: &Connection, id: UserId) -> Result<User, Failure> {
    let user: User = one(conn, sql::USER, [id.0])?;
    let trackers: Vec<(i64,)> = all(conn, sql::BOUND_TRACKERS, [id.0])?;
    let trackers = trackers.into_iter().map(|(id,)| TrackerId(id)).collect();
    Ok(User { trackers, ..user })
}

/// Removes a user that nothing belongs to any more.
pub(in crate::store::sqlite) fn remove(conn: &Connection, id: UserId) -> Result<(), Failure> {
    let (trackers, sub_users): (bool, bool) = one(conn, sql::USER_IN_USE, [id.0])?;
    if trackers {
        return Err(StoreError::Conflict("the user still has trackers".to_owned()).into());
    }
    if sub_users {
        return Err(StoreError::Conflict("the user still has sub-users".to_owned()).into());
    }
    Ok(found(execute(conn, sql::DELETE_USER, [id.0])?, "user")?)
}
