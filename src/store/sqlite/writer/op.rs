//! What the writer is asked to do, and how it answers.

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::model::{
    DeliveryOutcome, DeliveryUpdate, MessageId, Millis, NewDriverText, NewText, QueuedText,
    StoredText, TrackerId,
};
use crate::store::StoreError;
use crate::store::sqlite::error::Failure;
use crate::store::sqlite::states::Delta;

/// Where an answer goes. A caller that has given up waiting is no error.
pub(in crate::store::sqlite) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Something asked, with the place for its result until the transaction is committed.
pub(super) struct Call<I, O> {
    pub(super) input: I,
    pub(super) result: Result<O, StoreError>,
    reply: Reply<O>,
}

impl<I, O: Default> Call<I, O> {
    pub(super) fn new(input: I, reply: Reply<O>) -> Self {
        Self { input, result: Ok(O::default()), reply }
    }

    fn answer(self) {
        drop(self.reply.send(self.result));
    }

    fn fail(self, error: StoreError) {
        drop(self.reply.send(Err(error)));
    }
}

/// Texts to be queued, with the time of the call.
pub(super) type QueueCall = Call<(Vec<NewText>, Millis), Vec<QueuedText>>;
/// Updates of deliveries.
pub(super) type DeliverCall = Call<Vec<DeliveryUpdate>, Vec<DeliveryOutcome>>;
/// What one read of a device connection wants stored.
pub(super) type RecordCall = Call<Recorded, Vec<StoredText>>;
/// Messages that were read.
pub(super) type ReadCall = Call<Read, ()>;
/// A removed tracker.
pub(super) type RemoveCall = Call<TrackerId, ()>;

/// An uplink whose states are written out as JSON already, which the caller does so that the writer need not.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct Recorded {
    pub(in crate::store::sqlite) texts: Vec<NewDriverText>,
    pub(in crate::store::sqlite) states: Vec<(TrackerId, Delta)>,
}

/// Which messages were read.
#[derive(Debug)]
pub(in crate::store::sqlite) enum Read {
    These(Vec<MessageId>),
    AllOf(Vec<TrackerId>),
}

/// Something rare that runs by itself, in a savepoint.
pub(in crate::store::sqlite) trait Job: Send {
    /// Does it. `Err` holds what broke the whole transaction; a refusal is kept for the answer, and reported as `Ok(false)`.
    fn run(&mut self, conn: &Connection) -> rusqlite::Result<bool>;
    /// Answers: with what `run` found, or with `error` if it was not committed.
    fn answer(self: Box<Self>, error: Option<StoreError>);
}

/// A [`Job`] made of a function that may be called more than once.
pub(in crate::store::sqlite) struct FnJob<F, T> {
    work: F,
    result: Option<Result<T, StoreError>>,
    reply: Reply<T>,
}

impl<F, T> FnJob<F, T>
where
    F: Fn(&Connection) -> Result<T, Failure>,
{
    pub(in crate::store::sqlite) const fn new(work: F, reply: Reply<T>) -> Self {
        Self { work, result: None, reply }
    }
}

impl<F, T> Job for FnJob<F, T>
where
    F: Fn(&Connection) -> Result<T, Failure> + Send,
    T: Send,
{
    fn run(&mut self, conn: &Connection) -> rusqlite::Result<bool> {
        let result = match (self.work)(conn) {
            Ok(value) => Ok(value),
            Err(Failure::Refused(error)) => Err(error),
            Err(Failure::Database(error)) => return Err(error),
        };
        let done = result.is_ok();
        self.result = Some(result);
        Ok(done)
    }

    fn answer(self: Box<Self>, error: Option<StoreError>) {
        let result = match (error, self.result) {
            (Some(error), _) => Err(error),
            (None, Some(result)) => result,
            // Dropping the reply tells the caller that there is no answer.
            (None, None) => return,
        };
        drop(self.reply.send(result));
    }
}

/// One call to the writer.
pub(in crate::store::sqlite) enum Op {
    Queue(Vec<NewText>, Millis, Reply<Vec<QueuedText>>),
    Deliver(Vec<DeliveryUpdate>, Reply<Vec<DeliveryOutcome>>),
    Record(Recorded, Reply<Vec<StoredText>>),
    Read(Read, Reply<()>),
    Job(Box<dyn Job>),
    RemoveTracker(TrackerId, Reply<()>),
    Ping(Reply<()>),
}

/// What goes into one transaction, by kind. Within a kind the order is that of the calls.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) reads: Vec<ReadCall>,
    pub(super) queues: Vec<QueueCall>,
    pub(super) deliveries: Vec<DeliverCall>,
    pub(super) records: Vec<RecordCall>,
    pub(super) jobs: Vec<Box<dyn Job>>,
    pub(super) removals: Vec<RemoveCall>,
    pub(super) pings: Vec<Call<(), ()>>,
    calls: usize,
    rows: usize,
}

impl Batch {
    pub(super) fn add(&mut self, op: Op) {
        self.calls += 1;
        self.rows += 1;
        match op {
            Op::Queue(texts, now, reply) => {
                self.rows += texts.len();
                self.queues.push(Call::new((texts, now), reply));
            }
            Op::Deliver(updates, reply) => {
                self.rows += updates.len();
                self.deliveries.push(Call::new(updates, reply));
            }
            Op::Record(recorded, reply) => {
                self.rows += recorded.texts.len() + recorded.states.len();
                self.records.push(Call::new(recorded, reply));
            }
            Op::Read(read, reply) => self.reads.push(Call::new(read, reply)),
            Op::Job(job) => self.jobs.push(job),
            Op::RemoveTracker(id, reply) => self.removals.push(Call::new(id, reply)),
            Op::Ping(reply) => self.pings.push(Call::new((), reply)),
        }
    }

    pub(super) const fn calls(&self) -> usize {
        self.calls
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// Splits into batches of one call each.
    pub(super) fn singly(self) -> Vec<Self> {
        let mut batches = Vec::with_capacity(self.calls);
        let mut one = |fill: &mut dyn FnMut(&mut Self)| {
            let mut batch = Self { calls: 1, ..Self::default() };
            fill(&mut batch);
            batches.push(batch);
        };
        macro_rules! split {
            ($($kind:ident),*) => {
                $(for call in self.$kind {
                    let mut call = Some(call);
                    one(&mut |batch| batch.$kind.extend(call.take()));
                })*
            };
        }
        split!(reads, queues, deliveries, records, jobs, removals, pings);
        batches
    }

    /// Answers all calls but the removals, which are answered when the messages are gone too.
    pub(super) fn answer(self) -> Vec<RemoveCall> {
        self.reads.into_iter().for_each(Call::answer);
        self.queues.into_iter().for_each(Call::answer);
        self.deliveries.into_iter().for_each(Call::answer);
        self.records.into_iter().for_each(Call::answer);
        self.pings.into_iter().for_each(Call::answer);
        self.jobs.into_iter().for_each(|job| job.answer(None));
        let (removed, refused) =
            self.removals.into_iter().partition::<Vec<_>, _>(|call| call.result.is_ok());
        refused.into_iter().for_each(Call::answer);
        removed
    }

    /// Tells all calls that nothing was stored.
    pub(super) fn fail(self, error: &StoreError) {
        self.reads.into_iter().for_each(|call| call.fail(error.clone()));
        self.queues.into_iter().for_each(|call| call.fail(error.clone()));
        self.deliveries.into_iter().for_each(|call| call.fail(error.clone()));
        self.records.into_iter().for_each(|call| call.fail(error.clone()));
        self.pings.into_iter().for_each(|call| call.fail(error.clone()));
        self.removals.into_iter().for_each(|call| call.fail(error.clone()));
        self.jobs.into_iter().for_each(|job| job.answer(Some(error.clone())));
    }
}

impl RemoveCall {
    /// The messages are gone.
    pub(super) fn finish(self) {
        self.answer();
    }
}
