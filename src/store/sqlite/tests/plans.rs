//! Every statement can be prepared, and none reads more than it needs.

use rusqlite::Connection;

use crate::store::sqlite::{SqliteOptions, schema, sql};

/// A connection to a fresh database.
fn fresh() -> (tempfile::TempDir, Connection) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plans.db");
    let conn = schema::open(&path, &SqliteOptions::migrating()).unwrap();
    (directory, conn)
}

#[test]
fn every_statement_can_be_prepared() {
    let (_directory, conn) = fresh();
    for (name, statement) in sql::ALL {
        if let Err(error) = conn.prepare(statement) {
            panic!("{name}: {error}");
        }
    }
}

/// Statements that read a whole table because that is what they are for, or because it has one row, or hardly any.
const WHOLE_TABLES: &[&str] = &[
    "HIGHEST_ID", // high_water
    "RAISE_HIGH_WATER",
    "JOURNAL",
    "STRANGERS", // at most 1000
    "DROP_STRANGERS",
    "REMOVED_TRACKERS",
    "MODEL_CODES",
    "BEAT",
    "ALL_USERS",
    "ALL_BINDINGS",
    "ALL_CREDENTIALS",
    "ALL_TRACKERS",
    "ALL_MODELS",
    "ALL_TARIFFS",
    "ALL_EMPLOYEES",
];

/// How SQLite carries out a statement, step by step.
fn plan(conn: &Connection, statement: &str) -> Vec<String> {
    let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
    // Parameters that are not bound are NULL, which does not matter here.
    let mut rows = explain.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    steps
}

#[test]
fn no_statement_reads_a_table_from_end_to_end() {
    let (_directory, conn) = fresh();
    for (name, statement) in sql::ALL {
        for step in plan(&conn, statement) {
            // What a subquery found by an index, or what is no table.
            let kinds = ["VIRTUAL TABLE", "CONSTANT ROW", "(subquery"];
            let harmless = kinds.iter().any(|kind| step.contains(kind));
            let scans = step.starts_with("SCAN") && !harmless;
            assert!(!scans || WHOLE_TABLES.contains(name), "{name}: {step}");
            assert!(!step.contains("AUTOMATIC"), "{name} builds an index: {step}");
        }
    }
}

#[test]
fn the_hot_statements_use_the_index_made_for_them() {
    let (_directory, conn) = fresh();
    for (statement, index) in [
        (sql::NEXT_SERIAL, "message_out"),
        (sql::RECENT_TEXTS, "message_in (tracker_id=? AND status=?)"),
        (sql::LAST_SUBMITS, "message_in (tracker_id=? AND status=?)"),
        (sql::LAST_SUBMITS, "message_out (tracker_id=?)"),
        (sql::LIST_ASCENDING, "message_in (tracker_id=? AND status=? AND submit_ms>?"),
        (sql::LIST_ASCENDING, "message_out (tracker_id=? AND submit_ms>?"),
        (sql::LIST_DESCENDING, "message_in (tracker_id=? AND status=? AND submit_ms>?"),
        (sql::LIST_DESCENDING, "message_out (tracker_id=? AND submit_ms>?"),
        (sql::DELETE_MESSAGES, "message_in"),
        (sql::DELETE_MESSAGES, "message_out"),
        (sql::PENDING_TEXTS, "message_pending"),
        (sql::PENDING_BY_SERIAL, "message_pending"),
        (sql::SENT_BY_SERIAL, "message_out (tracker_id=?)"),
        (sql::DUE_RETRIES, "message_retry"),
        (sql::UNREAD_COUNTS, "COVERING INDEX message_in"),
        (sql::MARK_ALL_READ, "message_in"),
    ] {
        let plan = plan(&conn, statement);
        assert!(plan.iter().any(|step| step.contains(index)), "{statement}: {plan:#?}");
    }
}

#[test]
fn lists_come_out_of_the_index_in_order() {
    let (_directory, conn) = fresh();
    for statement in [sql::LIST_ASCENDING, sql::LIST_DESCENDING] {
        let plan = plan(&conn, statement);
        assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{plan:#?}");
        assert!(plan.iter().any(|step| step.contains("MERGE")), "{plan:#?}");
    }
}
