//! Running statements. Each is prepared once per connection and kept.

use rusqlite::{Connection, OptionalExtension as _, Params, Result, Row};

/// Statements kept ready per connection: all there are.
const STATEMENTS: usize = 200;

/// Sets the connection up to keep every statement.
pub(super) fn keep_statements(conn: &Connection) {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
}

/// Runs a statement that returns no rows; how many it changed.
pub(super) fn execute(conn: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    conn.prepare_cached(sql)?.execute(params)
}

/// The one row there is.
pub(super) fn one<T: FromRow>(conn: &Connection, sql: &str, params: impl Params) -> Result<T> {
    conn.prepare_cached(sql)?.query_row(params, T::from_row)
}

/// The first row, if there is any.
pub(super) fn first<T: FromRow>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>> {
    one(conn, sql, params).optional()
}

/// All rows.
pub(super) fn all<T: FromRow>(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map(params, T::from_row)?.collect()
}

/// What a row can be read as: records, and tuples in the order of the columns.
pub(super) trait FromRow: Sized {
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

macro_rules! tuples {
    ($($($name:ident $index:literal),+;)*) => {
        $(impl<$($name: rusqlite::types::FromSql),+> FromRow for ($($name,)+) {
            fn from_row(row: &Row<'_>) -> Result<Self> {
                Ok(($(row.get::<_, $name>($index)?,)+))
            }
        })*
    };
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
}
