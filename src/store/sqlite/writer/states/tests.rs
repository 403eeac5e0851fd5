//! Folding, step by step.

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::oneshot;

use super::super::op::{Call, Recorded};
use super::*;
use crate::model::{DeviceState, Millis};
use crate::store::sqlite::SqliteOptions;
use crate::store::sqlite::schema;
use crate::store::sqlite::states::Delta;

/// A database, the writer's side of states, and a connection with a transaction open whenever the test says so.
struct Bench {
    _directory: tempfile::TempDir,
    conn: SqliteConnection,
    states: States,
}

impl Bench {
    async fn new(trackers: i64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("states.db");
        let mut conn = schema::open(&path, &SqliteOptions::migrating()).await.unwrap();
        let statement = "INSERT INTO user (login, password_hash, title, time_zone, locale, created_ms) \
                 VALUES ('x', '', '', '', '', 0); \
             INSERT INTO model (code, name, vendor, kind, id_type) VALUES ('m', '', '', '', ''); \
             WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < ?1) \
             INSERT INTO tracker (user_id, label, protocol, identity, options, model, tariff_id, \
                 created_ms) \
             SELECT 1, '', 'p', n, '{}', 'm', 1, 0 FROM n";
        sqlx::query(statement).bind(trackers).execute(&mut conn).await.unwrap();
        Self { _directory: directory, conn, states: States::new(Dirty::default()) }
    }

    /// Appends in a transaction of its own.
    async fn append(&mut self, states: Vec<(i64, &str)>) {
        let states = states
            .into_iter()
            .map(|(id, name)| (TrackerId(id), Delta::new(&named(name)).unwrap()))
            .collect();
        let recorded = Recorded { texts: Vec::new(), states };
        let calls = [Call::new(recorded, oneshot::channel().0)];
        self.states.append(&mut self.conn, &calls).await.unwrap();
        self.states.committed();
    }

    /// Folds one piece in a transaction of its own.
    async fn fold_piece(&mut self) {
        self.states.fold_piece(&mut self.conn).await.unwrap();
        self.states.committed();
    }

    async fn fold(&mut self) {
        self.states.start_fold();
        while self.states.is_folding() {
            self.fold_piece().await;
        }
    }

    /// The names of the states in the table.
    async fn table(&mut self) -> Vec<(i64, String)> {
        let query = "SELECT tracker_id, state -> 'attributes' ->> 'name' FROM device_state ORDER BY tracker_id";
        sqlx::query_as(query).fetch_all(&mut self.conn).await.unwrap()
    }

    async fn journal(&mut self) -> i64 {
        let query = "SELECT count(*) FROM state_journal";
        sqlx::query_scalar(query).fetch_one(&mut self.conn).await.unwrap()
    }

    /// What the next process sees: the memory is gone.
    async fn crash(&mut self) -> Vec<(i64, String)> {
        self.states = States::new(Dirty::default());
        replay(&mut self.conn).await.unwrap();
        self.table().await
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

#[tokio::test]
async fn a_fold_moves_the_newest_states_and_trims_the_journal() {
    let mut bench = Bench::new(3).await;
    bench.append(vec![(1, "a"), (2, "b"), (1, "c")]).await;
    bench.append(vec![(2, "d"), (9, "nobody")]).await;
    assert_eq!((bench.journal().await, bench.table().await), (2, Vec::new()));
    bench.fold().await;
    assert_eq!((bench.journal().await, bench.states.is_dirty()), (0, false));
    assert_eq!(bench.table().await, rows(&[(1, "c"), (2, "d")]));
    bench.append(vec![(1, "e")]).await;
    bench.fold().await;
    assert_eq!(bench.table().await, rows(&[(1, "e"), (2, "d")]));
}

#[tokio::test]
async fn states_that_come_during_a_fold_stay_in_the_journal() {
    let mut bench = Bench::new(2500).await;
    let all: Vec<(i64, &str)> = (1..=2500).map(|id| (id, "old")).collect();
    bench.append(all).await;
    bench.states.start_fold();
    bench.fold_piece().await;
    // Tracker 2500 is folded by now, tracker 1 is not.
    bench.append(vec![(1, "new"), (2500, "new")]).await;
    bench.fold_piece().await;
    assert!(bench.states.is_folding());
    bench.fold_piece().await;
    assert!(!bench.states.is_folding() && bench.states.is_dirty());
    assert_eq!(bench.journal().await, 1, "the row that came in between");

    let table = bench.crash().await;
    assert_eq!(bench.journal().await, 0);
    assert_eq!(table.len(), 2500);
    let new: Vec<i64> =
        table.iter().filter(|(_, state)| state == "new").map(|(id, _)| *id).collect();
    assert_eq!(new, [1, 2500]);
}

#[tokio::test]
async fn a_crash_between_two_pieces_loses_nothing() {
    let mut bench = Bench::new(2500).await;
    bench.append((1..=2500).map(|id| (id, "old")).collect()).await;
    bench.append((1..=2500).map(|id| (id, "new")).collect()).await;
    bench.states.start_fold();
    bench.fold_piece().await;
    let table = bench.crash().await;
    assert_eq!(table.len(), 2500);
    assert!(table.iter().all(|(_, state)| state == "new"));
}

#[tokio::test]
async fn a_piece_that_is_rolled_back_is_folded_later() {
    let mut bench = Bench::new(2).await;
    bench.append(vec![(1, "a"), (2, "b")]).await;
    bench.states.start_fold();
    let mut transaction = bench.conn.begin().await.unwrap();
    bench.states.fold_piece(&mut transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    bench.states.rolled_back();
    assert!(bench.states.is_dirty() && bench.table().await.is_empty());
    bench.fold().await;
    assert_eq!(bench.table().await, rows(&[(1, "a"), (2, "b")]));
}

#[tokio::test]
async fn what_a_later_state_does_not_say_is_kept() {
    let mut bench = Bench::new(1).await;
    bench.append(vec![(1, "a")]).await;
    bench.fold().await;
    let located =
        DeviceState { fix_time: Some(Millis(5)), latitude: Some(1.0), ..DeviceState::default() };
    let recorded =
        Recorded { texts: Vec::new(), states: vec![(TrackerId(1), Delta::new(&located).unwrap())] };
    let calls = [Call::new(recorded, oneshot::channel().0)];
    bench.states.append(&mut bench.conn, &calls).await.unwrap();
    bench.states.committed();
    assert_eq!(bench.table().await, rows(&[(1, "a")]), "not folded yet");
    bench.fold().await;
    assert_eq!(bench.table().await, rows(&[(1, "a")]), "the name is still known");
    let query = "SELECT state ->> 'latitude' FROM device_state";
    let latitude: f64 = sqlx::query_scalar(query).fetch_one(&mut bench.conn).await.unwrap();
    assert_eq!(latitude, 1.0);
}

#[tokio::test]
async fn a_removed_tracker_is_forgotten() {
    let mut bench = Bench::new(2).await;
    bench.append(vec![(1, "a")]).await;
    let dirty = bench.states.dirty.clone();
    assert_eq!(dirty.of(&[TrackerId(1), TrackerId(2)]).len(), 1);
    bench.states.forget(TrackerId(1));
    assert!(dirty.is_empty());
}
