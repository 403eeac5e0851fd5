//! A store whose calls fail, wait or lose their answer when a test says so: what a full disk, a slow disk and a crash between
//! commit and answer look like from outside. Everything else goes through to the real store.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use cabwire::model::*;
use cabwire::store::*;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc};

use super::daemon::Wrap;

/// Calls that can be disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    Record,
    UpdateDeliveries,
    QueueTexts,
    PendingTexts,
    DueRetries,
}

/// What goes wrong with a call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It fails, and nothing is stored.
    Fails(StoreError),
    /// It is carried out, and the answer is this error.
    AnswerLost(StoreError),
    /// Call by call it is decided whether it is carried out or fails.
    Decided(Decisions),
    /// It is carried out; the answer comes once it gets a permit.
    AnswerWaits(Arc<Semaphore>),
}

/// Whether the next call succeeds.
pub type Decisions = Arc<tokio::sync::Mutex<mpsc::Receiver<bool>>>;

impl Fault {
    /// What is sent decides about the calls, in their order.
    pub fn decided() -> (mpsc::Sender<bool>, Self) {
        let (decide, decisions) = mpsc::channel(16);
        (decide, Self::Decided(Arc::new(decisions.into())))
    }

    pub fn unavailable() -> Self {
        Self::Fails(StoreError::Unavailable("disk full".into()))
    }
}

/// The store.
#[derive(Clone)]
pub struct Faulty {
    inner: Arc<dyn Store>,
    faults: Arc<Mutex<HashMap<Call, Fault>>>,
    calls: Arc<Mutex<HashMap<Call, usize>>>,
    answered: Arc<Mutex<HashMap<Call, usize>>>,
    failed: Arc<AtomicUsize>,
}

impl Faulty {
    /// What puts it around a daemon's store; it is in the cell then.
    pub fn wrap() -> (Wrap, Arc<OnceLock<Self>>) {
        let cell = Arc::new(OnceLock::new());
        let kept = Arc::clone(&cell);
        let wrap = move |inner| {
            let (faults, failed) = (Arc::default(), Arc::default());
            let (calls, answered) = (Arc::default(), Arc::default());
            let store = Self { inner, faults, calls, answered, failed };
            assert!(kept.set(store.clone()).is_ok(), "one store for one daemon");
            Arc::new(store) as Arc<dyn Store>
        };
        (Box::new(wrap), cell)
    }

    /// From now on this happens to calls of this kind.
    pub fn disturb(&self, call: Call, fault: Fault) {
        self.faults.lock().insert(call, fault);
    }

    /// All goes well again.
    pub fn heal(&self) {
        self.faults.lock().clear();
    }

    /// How many calls of this kind there were, done or not.
    pub fn calls(&self, call: Call) -> usize {
        self.calls.lock().get(&call).copied().unwrap_or(0)
    }

    /// Whether every call of this kind has its answer.
    pub fn is_quiet(&self, call: Call) -> bool {
        self.answered.lock().get(&call).copied().unwrap_or(0) == self.calls(call)
    }

    /// How many calls failed because they were told to.
    pub fn failed(&self) -> usize {
        self.failed.load(Ordering::Relaxed)
    }

    async fn around<T>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        *self.calls.lock().entry(call).or_insert(0) += 1;
        let fault = self.faults.lock().get(&call).cloned();
        let answer = self.disturbed(fault, work).await;
        *self.answered.lock().entry(call).or_insert(0) += 1;
        answer
    }

    async fn disturbed<T>(
        &self,
        fault: Option<Fault>,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match fault {
            None => work.await,
            Some(Fault::Fails(error)) => self.fail(error),
            Some(Fault::AnswerLost(error)) => {
                work.await?;
                self.fail(error)
            }
            Some(Fault::Decided(decisions)) => match decisions.lock().await.recv().await {
                Some(true) => work.await,
                _ => self.fail(StoreError::Busy),
            },
            Some(Fault::AnswerWaits(permits)) => {
                let answer = work.await;
                permits.acquire().await.unwrap().forget();
                answer
            }
        }
    }

    fn fail<T>(&self, error: StoreError) -> Result<T, StoreError> {
        self.failed.fetch_add(1, Ordering::Relaxed);
        Err(error)
    }
}

/// The calls in the first block can be disturbed, those in the second go straight through.
macro_rules! store {
    (
        { $($call:ident: $around:ident($($a:ident: $at:ty),*) -> $ao:ty;)* }
        { $($through:ident($($b:ident: $bt:ty),*) -> $bo:ty;)* }
    ) => {
        #[async_trait]
        impl Store for Faulty {
            $(async fn $around(&self, $($a: $at),*) -> Result<$ao, StoreError> {
                self.around(Call::$call, self.inner.$around($($a),*)).await
            })*
            $(async fn $through(&self, $($b: $bt),*) -> Result<$bo, StoreError> {
                self.inner.$through($($b),*).await
            })*
            fn record(&self, uplink: Uplink) -> Recording {
                let (reply, recording) = Recording::pair();
                let this = self.clone();
                tokio::spawn(async move {
                    let work = async { this.inner.record(uplink).await };
                    drop(reply.send(this.around(Call::Record, work).await));
                });
                recording
            }
            async fn close(&self) {
                self.inner.close().await;
            }
        }
    };
}

store! {
    {
        QueueTexts: queue_texts(texts: Vec<NewText>, now: Millis) -> Vec<QueuedText>;
        PendingTexts: pending_texts(trackers: &[TrackerId], limit: usize, now: Millis) -> Vec<PendingText>;
        UpdateDeliveries: update_deliveries(updates: Vec<DeliveryUpdate>) -> Vec<DeliveryOutcome>;
        DueRetries: due_retries(since: Millis, now: Millis) -> Vec<TrackerId>;
    }
    {
        device_states(trackers: &[TrackerId]) -> Vec<(TrackerId, DeviceState)>;
        note_strangers(strangers: Vec<Stranger>) -> ();
        strangers() -> Vec<Stranger>;
        list_messages(query: MessageQuery) -> Vec<Message>;
        messages(ids: &[MessageId]) -> Vec<Message>;
        last_submits(trackers: &[TrackerId]) -> Vec<(TrackerId, Millis)>;
        unread_counts(trackers: &[TrackerId]) -> Vec<(TrackerId, i64)>;
        mark_read(ids: Vec<MessageId>) -> ();
        mark_all_read(trackers: Vec<TrackerId>) -> ();
        delivery_record(id: MessageId) -> Option<DeliveryRecord>;
        reference(since: Option<Revision>) -> Reference;
        create_user(user: NewUser, now: Millis) -> User;
        change_user(id: UserId, change: UserChange) -> User;
        remove_user(id: UserId) -> ();
        add_credential(credential: Credential) -> ();
        remove_credential(digest: Digest) -> ();
        touch_sessions(used: Vec<(Digest, Millis)>) -> ();
        remove_idle_sessions(before: Millis) -> ();
        create_trackers(trackers: Vec<NewTracker>, now: Millis) -> Vec<Tracker>;
        change_tracker(id: TrackerId, change: TrackerChange) -> Tracker;
        remove_tracker(id: TrackerId) -> ();
        put_model(model: Model) -> ();
        create_tariff(name: String, features: BTreeSet<String>, has_reports: bool) -> Tariff;
        change_tariff(tariff: Tariff) -> ();
        remove_tariff(id: TariffId) -> ();
        create_employee(user: UserId, employee: NewEmployee) -> Employee;
        change_employee(id: EmployeeId, employee: NewEmployee) -> Employee;
        remove_employee(id: EmployeeId) -> ();
        assign_employee(tracker: TrackerId, assignment: Assignment) -> ();
        last_assignment(tracker: TrackerId) -> Option<Assignment>;
        setting(name: &str, value: &str) -> String;
        ping() -> ();
    }
}
