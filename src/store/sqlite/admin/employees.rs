//! Employees, and who drives what.

use rusqlite::{Connection, params};

use super::found;
use crate::model::{Assignment, Employee, EmployeeId, NewEmployee, TrackerId, UserId};
use crate::store::StoreError;
use crate::store::sqlite::error::{Failure, is_broken_reference};
use crate::store::sqlite::query::{execute, first};
use crate::store::sqlite::sql;

/// Creates an employee.
pub(in crate::store::sqlite) fn create(
    conn: &Connection,
    user: UserId,
    employee: &NewEmployee,
) -> Result<Employee, Failure> {
    match write(conn, sql::INSERT_EMPLOYEE, user.0, employee) {
        Ok(Some(employee)) => Ok(employee),
        Ok(None) => Err(rusqlite::Error::QueryReturnedNoRows.into()),
        Err(error) if is_broken_reference(&error) => Err(StoreError::NotFound("user").into()),
        Err(error) => Err(error.into()),
    }
}

/// Replaces an employee's values.
pub(in crate::store::sqlite) fn change(
    conn: &Connection,
    id: EmployeeId,
    employee: &NewEmployee,
) -> Result<Employee, Failure> {
    let employee = write(conn, sql::UPDATE_EMPLOYEE, id.0, employee)?;
    Ok(employee.ok_or(StoreError::NotFound("employee"))?)
}

/// Both statements take the key first, then the values, and return the row.
fn write(
    conn: &Connection,
    statement: &'static str,
    key: i64,
    employee: &NewEmployee,
) -> rusqlite::Result<Option<Employee>> {
    let row = params![
        key,
        employee.first_name,
        employee.middle_name,
        employee.last_name,
        employee.email,
        employee.phone,
        employee.hardware_key,
        employee.personnel_number,
    ];
    first(conn, statement, row)
}

/// Removes an employee.
pub(in crate::store::sqlite) fn remove(conn: &Connection, id: EmployeeId) -> Result<(), Failure> {
    Ok(found(execute(conn, sql::DELETE_EMPLOYEE, [id.0])?, "employee")?)
}

/// Assigns an employee, or nobody, to a tracker.
pub(in crate::store::sqlite) fn assign(
    conn: &Connection,
    tracker: TrackerId,
    assignment: &Assignment,
) -> Result<(), Failure> {
    let employee = assignment.employee.map(|employee| employee.0);
    match execute(conn, sql::ASSIGN, params![tracker.0, employee]) {
        Ok(changed) => found(changed, "tracker")?,
        Err(error) if is_broken_reference(&error) => {
            return Err(StoreError::NotFound("employee").into());
        }
        Err(error) => return Err(error.into()),
    }
    let entry = params![tracker.0, employee, assignment.changed.0, assignment.by_device];
    execute(conn, sql::INSERT_ASSIGNMENT, entry)?;
    Ok(())
}
