//! Employees, and who drives what.

use sqlx::SqliteConnection;

use super::found;
use crate::model::{Assignment, Employee, EmployeeId, NewEmployee, TrackerId, UserId};
use crate::store::StoreError;
use crate::store::sqlite::error::{Failure, is_broken_reference};
use crate::store::sqlite::rows::EmployeeRow;
use crate::store::sqlite::sql;

/// Creates an employee.
pub(in crate::store::sqlite) async fn create(
    conn: &mut SqliteConnection,
    user: UserId,
    employee: NewEmployee,
) -> Result<Employee, Failure> {
    match write(conn, sql::INSERT_EMPLOYEE, user.0, employee).await {
        Ok(Some(row)) => Ok(row.into()),
        Ok(None) => Err(sqlx::Error::RowNotFound.into()),
        Err(error) if is_broken_reference(&error) => Err(StoreError::NotFound("user").into()),
        Err(error) => Err(error.into()),
    }
}

/// Replaces an employee's values.
pub(in crate::store::sqlite) async fn change(
    conn: &mut SqliteConnection,
    id: EmployeeId,
    employee: NewEmployee,
) -> Result<Employee, Failure> {
    let row = write(conn, sql::UPDATE_EMPLOYEE, id.0, employee).await?;
    Ok(row.ok_or(StoreError::NotFound("employee"))?.into())
}

/// Both statements take the key first, then the values, and return the row.
async fn write(
    conn: &mut SqliteConnection,
    statement: &'static str,
    key: i64,
    employee: NewEmployee,
) -> Result<Option<EmployeeRow>, sqlx::Error> {
    sqlx::query_as(statement)
        .bind(key)
        .bind(employee.first_name)
        .bind(employee.middle_name)
        .bind(employee.last_name)
        .bind(employee.email)
        .bind(employee.phone)
        .bind(employee.hardware_key)
        .bind(employee.personnel_number)
        .fetch_optional(conn)
        .await
}

/// Removes an employee.
pub(in crate::store::sqlite) async fn remove(
    conn: &mut SqliteConnection,
    id: EmployeeId,
) -> Result<(), Failure> {
    Ok(found(&sqlx::query(sql::DELETE_EMPLOYEE).bind(id.0).execute(conn).await?, "employee")?)
}

/// Assigns an employee, or nobody, to a tracker.
pub(in crate::store::sqlite) async fn assign(
    conn: &mut SqliteConnection,
    tracker: TrackerId,
    assignment: Assignment,
) -> Result<(), Failure> {
    let employee = assignment.employee.map(|employee| employee.0);
    let assigned =
        sqlx::query(sql::ASSIGN).bind(tracker.0).bind(employee).execute(&mut *conn).await;
    match assigned {
        Ok(done) => found(&done, "tracker")?,
        Err(error) if is_broken_reference(&error) => {
            return Err(StoreError::NotFound("employee").into());
        }
        Err(error) => return Err(error.into()),
    }
    sqlx::query(sql::INSERT_ASSIGNMENT)
        .bind(tracker.0)
        .bind(employee)
        .bind(assignment.changed.0)
        .bind(assignment.by_device)
        .execute(conn)
        .await?;
    Ok(())
}
