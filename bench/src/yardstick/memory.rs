//! A store that keeps messages in memory and nothing of device states; administered records come from a real one.

use std::collections::{BTreeSet, HashMap, VecDeque};

use async_trait::async_trait;
use cabwire::model::*;
use cabwire::store::sqlite::SqliteStore;
use cabwire::store::*;
use parking_lot::Mutex;

/// The store.
pub struct MemoryStore {
    records: SqliteStore,
    texts: Mutex<Texts>,
}

#[derive(Default)]
struct Texts {
    last_id: i64,
    next_serial: HashMap<TrackerId, u32>,
    pending: HashMap<TrackerId, VecDeque<PendingText>>,
    /// Whose a pending text is.
    owner: HashMap<MessageId, TrackerId>,
}

impl MemoryStore {
    pub fn over(records: SqliteStore) -> Self {
        Self { records, texts: Mutex::default() }
    }
}

impl Texts {
    fn id(&mut self) -> MessageId {
        self.last_id += 1;
        MessageId(self.last_id)
    }

    fn queue(&mut self, text: NewText, submit: Millis) -> QueuedText {
        let (id, tracker) = (self.id(), text.tracker);
        let parts = u32::try_from(text.cuts.len()).unwrap_or(u32::MAX).saturating_add(1);
        let next = self.next_serial.entry(tracker).or_insert(1);
        let serial = *next;
        *next = next.wrapping_add(parts);
        self.owner.insert(id, tracker);
        self.pending.entry(tracker).or_default().push_back(PendingText {
            id,
            tracker,
            text: text.text,
            cuts: text.cuts,
            parts_done: 0,
            serial,
            attempts: 0,
            submit,
            accepted: None,
        });
        QueuedText { id, submit, serial }
    }

    /// The load has texts of one part only, and its devices confirm what their connection waits for.
    fn update(&mut self, update: &DeliveryUpdate) -> DeliveryOutcome {
        let DeliveryUpdate::Confirmed { id, .. } = update else {
            return DeliveryOutcome::Unchanged;
        };
        let Some(tracker) = self.owner.remove(id) else { return DeliveryOutcome::Unchanged };
        if let Some(pending) = self.pending.get_mut(&tracker) {
            pending.retain(|text| text.id != *id);
        }
        DeliveryOutcome::Delivered(*id)
    }
}

/// What the real store answers.
macro_rules! through {
    ($($name:ident($($a:ident: $t:ty),*) -> $out:ty;)*) => {
        #[async_trait]
        impl Store for MemoryStore {
            async fn queue_texts(
                &self,
                texts: Vec<NewText>,
                now: Millis,
            ) -> Result<Vec<QueuedText>, StoreError> {
                let mut kept = self.texts.lock();
                Ok(texts.into_iter().map(|text| kept.queue(text, now)).collect())
            }

            async fn pending_texts(
                &self,
                trackers: &[TrackerId],
                limit: usize,
                _now: Millis,
            ) -> Result<Vec<PendingText>, StoreError> {
                let kept = self.texts.lock();
                let of = |tracker| kept.pending.get(tracker).into_iter().flatten().take(limit);
                Ok(trackers.iter().flat_map(of).cloned().collect())
            }

            async fn update_deliveries(
                &self,
                updates: Vec<DeliveryUpdate>,
            ) -> Result<Vec<DeliveryOutcome>, StoreError> {
                let mut kept = self.texts.lock();
                Ok(updates.iter().map(|update| kept.update(update)).collect())
            }

            fn record(&self, uplink: Uplink) -> Recording {
                let mut kept = self.texts.lock();
                let stored = uplink.texts.iter().map(|_| StoredText::New(kept.id())).collect();
                Recording::done(Ok(stored))
            }

            $(async fn $name(&self, $($a: $t),*) -> Result<$out, StoreError> {
                self.records.$name($($a),*).await
            })*

            async fn close(&self) {
                self.records.close().await;
            }
        }
    };
}

through! {
    due_retries(since: Millis, now: Millis) -> Vec<TrackerId>;
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
