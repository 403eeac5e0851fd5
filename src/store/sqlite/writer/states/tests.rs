//! Folding, step by step.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::op::{Call, Recorded};
use super::*;
use crate::model::{DeviceState, Millis};
use crate::store::sqlite::SqliteOptions;
use crate::store::sqlite::schema;
use crate::store::sqlite::states::Delta;

/// Trackers whose states take three pieces.
const MANY: i64 = (FOLD_PIECE * 5 / 2) as i64;

/// A database, the writer's side of states, and a connection with a transaction open whenever the test says so.
struct Bench {
    _directory: tempfile::TempDir,
    conn: Connection,
    states: States,
}

impl Bench {
    fn new(trackers: i64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("states.db");
        let conn = schema::open(&path, &SqliteOptions::migrating()).unwrap();
        let statements = format!(
            "INSERT INTO user (login, password_hash, title, time_zone, locale, created_ms) \
                 VALUES ('x', '', '', '', '', 0); \
             INSERT INTO model (code, name, vendor, kind, id_type) VALUES ('m', '', '', '', ''); \
             WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < {trackers}) \
             INSERT INTO tracker (user_id, label, protocol, identity, options, model, tariff_id, \
                 created_ms) \
             SELECT 1, '', 'p', n, '{{}}', 'm', 1, 0 FROM n"
        );
        conn.execute_batch(&statements).unwrap();
        Self { _directory: directory, conn, states: States::new(Dirty::default()) }
    }

    /// Appends in a transaction of its own.
    fn append(&mut self, states: Vec<(i64, &str)>) {
        let states = states
            .into_iter()
            .map(|(id, name)| (TrackerId(id), Delta::new(&named(name)).unwrap()))
            .collect();
        self.record(states);
    }

    fn record(&mut self, states: Vec<(TrackerId, Delta)>) {
        let recorded = Recorded { texts: Vec::new(), states };
        let mut calls = [Call::new(recorded, oneshot::channel().0)];
        self.states.append(&self.conn, &calls).unwrap();
        self.states.committed(&mut calls);
    }

    /// Folds one piece in a transaction of its own.
    fn fold_piece(&mut self) {
        self.states.fold_piece(&self.conn).unwrap();
        self.states.committed(&mut []);
    }

    fn fold(&mut self) {
        self.states.start_fold();
        while self.states.is_folding() {
            self.fold_piece();
        }
    }

    /// The names of the states in the table.
    fn table(&mut self) -> Vec<(i64, String)> {
        let query = "SELECT tracker_id, state -> 'attributes' ->> 'name' FROM device_state ORDER BY tracker_id";
        all(&self.conn, query, []).unwrap()
    }

    fn journal(&mut self) -> i64 {
        let query = "SELECT count(*) FROM state_journal";
        let (rows,) = one(&self.conn, query, []).unwrap();
        rows
    }

    /// What the next process sees: the memory is gone.
    fn crash(&mut self) -> Vec<(i64, String)> {
        self.states = States::new(Dirty::default());
        replay(&self.conn).unwrap();
        self.table()
    }
}

/// A state to be told from others by a name.
fn named(name: &str) -> DeviceState {
    let mut state = DeviceState::default();
    state.attributes.insert("name", name);
    state
}

fn rows(states: &[(i64, &str)]) -> Vec<(i64, String)> {
    states.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
}

#[test]
fn a_fold_moves_the_newest_states_and_trims_the_journal() {
    let mut bench = Bench::new(3);
    bench.append(vec![(1, "a"), (2, "b"), (1, "c")]);
    bench.append(vec![(2, "d"), (9, "nobody")]);
    assert_eq!((bench.journal(), bench.table()), (2, Vec::new()));
    bench.fold();
    assert_eq!((bench.journal(), bench.states.is_dirty()), (0, false));
    assert_eq!(bench.table(), rows(&[(1, "c"), (2, "d")]));
    bench.append(vec![(1, "e")]);
    bench.fold();
    assert_eq!(bench.table(), rows(&[(1, "e"), (2, "d")]));
}

#[test]
fn states_that_come_during_a_fold_stay_in_the_journal() {
    let mut bench = Bench::new(MANY);
    let all: Vec<(i64, &str)> = (1..=MANY).map(|id| (id, "old")).collect();
    bench.append(all);
    bench.states.start_fold();
    bench.fold_piece();
    // One of the first and the last tracker is folded by now, the other is not.
    bench.append(vec![(1, "new"), (MANY, "new")]);
    bench.fold_piece();
    assert!(bench.states.is_folding());
    bench.fold_piece();
    assert!(!bench.states.is_folding() && bench.states.is_dirty());
    assert_eq!(bench.journal(), 1, "the row that came in between");

    let table = bench.crash();
    assert_eq!(bench.journal(), 0);
    assert_eq!(table.len() as i64, MANY);
    let new: Vec<i64> =
        table.iter().filter(|(_, state)| state == "new").map(|(id, _)| *id).collect();
    assert_eq!(new, [1, MANY]);
}

#[test]
fn a_crash_between_two_pieces_loses_nothing() {
    let mut bench = Bench::new(MANY);
    bench.append((1..=MANY).map(|id| (id, "old")).collect());
    bench.append((1..=MANY).map(|id| (id, "new")).collect());
    bench.states.start_fold();
    bench.fold_piece();
    let table = bench.crash();
    assert_eq!(table.len() as i64, MANY);
    assert!(table.iter().all(|(_, state)| state == "new"));
}

#[test]
fn a_piece_that_is_rolled_back_is_folded_later() {
    let mut bench = Bench::new(2);
    bench.append(vec![(1, "a"), (2, "b")]);
    bench.states.start_fold();
    let transaction = bench.conn.unchecked_transaction().unwrap();
    bench.states.fold_piece(&transaction).unwrap();
    transaction.rollback().unwrap();
    bench.states.rolled_back();
    assert!(bench.states.is_dirty() && bench.table().is_empty());
    bench.fold();
    assert_eq!(bench.table(), rows(&[(1, "a"), (2, "b")]));
}

#[test]
fn what_a_later_state_does_not_say_is_kept() {
    let mut bench = Bench::new(1);
    bench.append(vec![(1, "a")]);
    bench.fold();
    let located =
        DeviceState { fix_time: Some(Millis(5)), latitude: Some(1.0), ..DeviceState::default() };
    bench.record(vec![(TrackerId(1), Delta::new(&located).unwrap())]);
    assert_eq!(bench.table(), rows(&[(1, "a")]), "not folded yet");
    bench.fold();
    assert_eq!(bench.table(), rows(&[(1, "a")]), "the name is still known");
    let query = "SELECT state ->> 'latitude' FROM device_state";
    let (latitude,): (f64,) = one(&bench.conn, query, []).unwrap();
    assert_eq!(latitude, 1.0);
}

#[test]
fn a_removed_tracker_is_forgotten() {
    let mut bench = Bench::new(2);
    bench.append(vec![(1, "a")]);
    let dirty = bench.states.dirty.clone();
    assert_eq!(dirty.of(&[TrackerId(1), TrackerId(2)]).len(), 1);
    bench.states.forget(TrackerId(1));
    assert!(dirty.is_empty());
}
