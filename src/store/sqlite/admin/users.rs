//! Users and sub-users.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;

use super::found;
use crate::model::{Millis, NewUser, TrackerId, User, UserChange, UserId};
use crate::store::StoreError;
use crate::store::sqlite::error::{Failure, is_broken_reference, is_duplicate};
use crate::store::sqlite::rows::UserRow;
use crate::store::sqlite::{json, sql};

/// Creates a user.
pub(in crate::store::sqlite) async fn create(
    conn: &mut SqliteConnection,
    user: NewUser,
    now: Millis,
) -> Result<User, Failure> {
    let created = sqlx::query_scalar(sql::INSERT_USER)
        .bind(&user.login)
        .bind(&user.password_hash)
        .bind(&user.title)
        .bind(&user.time_zone)
        .bind(&user.locale)
        .bind(user.master.map(|master| master.0))
        .bind(now.0)
        .fetch_one(conn)
        .await;
    let id = match created {
        Ok(id) => UserId(id),
        Err(error) if is_duplicate(&error) => return Err(login_taken(&user.login).into()),
        Err(error) if is_broken_reference(&error) => {
            return Err(StoreError::NotFound("master user").into());
        }
        Err(error) => return Err(error.into()),
    };
    Ok(User {
        id,
        login: user.login,
        password_hash: user.password_hash,
        title: user.title,
        time_zone: user.time_zone,
        locale: user.locale,
        master: user.master,
        blocked: false,
        created: now,
        trackers: BTreeSet::new(),
    })
}

fn login_taken(login: &str) -> StoreError {
    StoreError::Conflict(format!("the login {login} is taken"))
}

/// Changes a user.
pub(in crate::store::sqlite) async fn change(
    conn: &mut SqliteConnection,
    id: UserId,
    change: UserChange,
) -> Result<User, Failure> {
    let changed = sqlx::query(sql::UPDATE_USER)
        .bind(id.0)
        .bind(&change.login)
        .bind(&change.password_hash)
        .bind(&change.title)
        .bind(&change.time_zone)
        .bind(&change.locale)
        .bind(change.blocked)
        .execute(&mut *conn)
        .await;
    match changed {
        Ok(done) => found(&done, "user")?,
        Err(error) if is_duplicate(&error) => {
            return Err(login_taken(change.login.as_deref().unwrap_or_default()).into());
        }
        Err(error) => return Err(error.into()),
    }
    if change.password_hash.is_some() || change.blocked == Some(true) {
        sqlx::query(sql::END_SESSIONS).bind(id.0).execute(&mut *conn).await?;
    }
    if let Some(trackers) = &change.trackers {
        bind(conn, id, trackers).await?;
    }
    read(conn, id).await
}

/// Binds exactly these trackers to a sub-user.
async fn bind(
    conn: &mut SqliteConnection,
    id: UserId,
    trackers: &BTreeSet<TrackerId>,
) -> Result<(), Failure> {
    let trackers = json::array(trackers);
    sqlx::query(sql::UNBIND_TRACKERS).bind(id.0).bind(&trackers).execute(&mut *conn).await?;
    match sqlx::query(sql::BIND_TRACKERS).bind(id.0).bind(&trackers).execute(conn).await {
        Err(error) if is_broken_reference(&error) => Err(StoreError::NotFound("tracker").into()),
        other => Ok(other.map(drop)?),
    }
}

async fn read(conn: &mut SqliteConnection, id: UserId) -> Result<User, Failure> {
    let row: UserRow = sqlx::query_as(sql::USER).bind(id.0).fetch_one(&mut *conn).await?;
    let trackers: Vec<i64> =
        sqlx::query_scalar(sql::BOUND_TRACKERS).bind(id.0).fetch_all(conn).await?;
    Ok(row.with_trackers(trackers.into_iter().map(TrackerId).collect()))
}

/// Removes a user that nothing belongs to any more.
pub(in crate::store::sqlite) async fn remove(
    conn: &mut SqliteConnection,
    id: UserId,
) -> Result<(), Failure> {
    let (trackers, sub_users): (bool, bool) =
        sqlx::query_as(sql::USER_IN_USE).bind(id.0).fetch_one(&mut *conn).await?;
    if trackers {
        return Err(StoreError::Conflict("the user still has trackers".to_owned()).into());
    }
    if sub_users {
        return Err(StoreError::Conflict("the user still has sub-users".to_owned()).into());
    }
    Ok(found(&sqlx::query(sql::DELETE_USER).bind(id.0).execute(conn).await?, "user")?)
}
