//! The one driver for all protocols: bytes in, effects carried out, bytes out.
//!
//! A connection is one future without inner tasks. Each poll borrows a [`Scratch`], takes what has arrived (its inbox, finished
//! commits, bytes, passed deadlines), lets the session answer, and writes once. Between polls an idle connection owns no buffer.
//!
//! Invariants: an acknowledgement is written after the commit of what it acknowledges ([`effects`]); answers to records leave in
//! the order of the records; nothing of a device that is not admitted is stored or acknowledged; a receipt counts only on the
//! newest login of its device.

mod carry;
mod effects;
mod input;
mod lanes;
mod output;
mod prelude;

use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use protocols::{Framer, Now, Protocol, Session};
use tokio::net::TcpStream;

use super::Shared;
use super::scratch::{Answer, Scratch};
use crate::outbox::queue::DeviceQueue;
use crate::presence::{Closing, Handle, Item};
use crate::store::Recording;
use crate::telemetry::metrics::ProtocolMetrics;

use carry::Carry;
use lanes::LaneState;
use prelude::Opening;

/// Reads per poll before other connections get their turn.
const READS_PER_POLL: u32 = 4;
/// How long a refused peer that tries too often waits for its answer.
const SLOW_ANSWER: Duration = Duration::from_secs(5);

/// One device connection.
pub(crate) struct Connection {
    io: TcpStream,
    shared: Arc<Shared>,
    handle: Arc<Handle>,
    peer: SocketAddr,
    metrics: Arc<ProtocolMetrics>,
    /// Only at the beginning.
    opening: Option<Box<Opening>>,
    dialogue: Option<Dialogue>,
    lanes: Vec<LaneState>,
    /// Start of a frame whose end has not arrived.
    partial: Carry,
    /// What the peer did not take yet.
    outbound: Vec<u8>,
    /// Records on their way into the store, oldest first.
    commits: VecDeque<Commit>,
    /// Idle limit of the listener, if it has its own.
    idle_override: Option<Duration>,
    clocks: Clocks,
    ending: Option<&'static str>,
}

/// The protocol's part, once the protocol is known.
struct Dialogue {
    protocol: &'static dyn Protocol,
    framer: Box<dyn Framer>,
    session: Box<dyn Session>,
}

/// Moments of the monotonic clock.
struct Clocks {
    opened: Duration,
    last_read: Duration,
    /// Since when the peer has not taken what we write.
    stuck: Option<Duration>,
    /// Nothing is read or written before: a peer that was refused too often waits for its answer.
    hold: Option<Duration>,
    /// When it began to end.
    ending: Option<Duration>,
    /// When the current window began, in whole seconds, and the frames in it.
    window: (u32, u32),
}

/// Records of one read on their way into the store.
struct Commit {
    answer: Answer,
    /// `None`: there was nothing to store, but the answer keeps its place.
    recording: Option<Recording>,
}

/// What the listener knows of a new connection.
pub(crate) struct Accepted {
    /// Unique in this process.
    pub(crate) id: u64,
    pub(crate) io: TcpStream,
    pub(crate) peer: SocketAddr,
    /// `None`: find out from the first bytes.
    pub(crate) protocol: Option<&'static dyn Protocol>,
    pub(crate) proxy_header: bool,
    pub(crate) idle: Option<Duration>,
}

impl Connection {
    pub(crate) fn new(accepted: Accepted, shared: Arc<Shared>) -> Self {
        let now = shared.clock.now().monotonic;
        let handle = Handle::new(accepted.id);
        shared.wheel.add(&handle);
        let metrics = shared.metrics(accepted.protocol.map(|protocol| protocol.info().name));
        metrics.connections.increment(1);
        Self {
            io: accepted.io,
            handle,
            peer: SocketAddr::new(accepted.peer.ip().to_canonical(), accepted.peer.port()),
            metrics,
            opening: Some(Box::new(Opening {
                proxy_header: accepted.proxy_header,
                protocol: accepted.protocol,
            })),
            dialogue: None,
            lanes: Vec::new(),
            partial: Carry::default(),
            outbound: Vec::new(),
            commits: VecDeque::new(),
            idle_override: accepted.idle,
            clocks: Clocks {
                opened: now,
                last_read: now,
                stuck: None,
                hold: None,
                ending: None,
                window: (whole_seconds(now), 0),
            },
            ending: None,
            shared,
        }
    }

    pub(crate) const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Takes everything that has arrived, and answers. `true`: the connection is done.
    fn step(&mut self, cx: &mut Context<'_>, now: Now, scratch: &mut Scratch) -> bool {
        let inbox = self.handle.take();
        for item in inbox.items {
            match item {
                Item::Offer(lane, text) => self.with_queue(lane, |queue| queue.offer(text)),
                Item::Nudge(lane) => self.with_queue(lane, DeviceQueue::nudge),
                Item::Loaded(lane, epoch, texts) => self.loaded(lane, epoch, texts),
                Item::TakenOver(lane, epoch) => self.taken_over(lane, epoch, now),
            }
        }
        if let Some(why) = inbox.close {
            self.close_by_host(why, now, scratch);
        }
        if inbox.due {
            self.deadline_passed(now, scratch);
        }
        self.finish_commits(cx, scratch);
        self.clocks.hold.take_if(|until| *until <= now.monotonic);
        if self.clocks.hold.is_none() {
            self.read(cx, now, scratch);
            self.check_silence(now);
            self.finish_commits(cx, scratch);
            self.send_texts(now, scratch);
        }
        // Whatever asked for it: a buffer must not be given back with something of this connection in it.
        self.submit(scratch);
        // What was just read may be what the peer has to wait for.
        if self.clocks.hold.is_some() {
            self.outbound.append(&mut scratch.out);
            return false;
        }
        self.flush(cx, now, scratch);
        self.is_done(cx)
    }

    /// Silent is who says nothing although it is listened to: while reading pauses, what it says lies in the socket.
    fn check_silence(&mut self, now: Now) {
        if self.may_read(now) && self.idle_deadline() <= now.monotonic {
            self.end("silent for too long", now);
        }
    }

    fn close_by_host(&mut self, why: Closing, now: Now, scratch: &mut Scratch) {
        if self.ending.is_some() {
            return;
        }
        if why == Closing::Shutdown
            && let Some(dialogue) = &mut self.dialogue
        {
            dialogue.session.handle_shutdown(now, &mut scratch.fx);
            self.carry_out(now, scratch);
        }
        self.end(
            match why {
                Closing::Reconfigured => "device record changed",
                Closing::Shutdown => "shutdown",
            },
            now,
        );
    }

    /// Begins to end: nothing more is read, what was accepted is finished.
    fn end(&mut self, reason: &'static str, now: Now) {
        if self.ending.is_none() {
            self.ending = Some(reason);
            self.clocks.ending = Some(now.monotonic);
            self.partial = Carry::default();
        }
    }

    fn deadline_passed(&mut self, now: Now, scratch: &mut Scratch) {
        let at = now.monotonic;
        if self.ending.is_none()
            && let Some(dialogue) = &mut self.dialogue
            && dialogue.session.poll_timeout().is_some_and(|timeout| timeout <= at)
        {
            dialogue.session.handle_timeout(now, &mut scratch.fx);
            self.carry_out(now, scratch);
        }
        if self.login_deadline().is_some_and(|deadline| deadline <= at) {
            self.end("no login in time", now);
        }
        if self.write_deadline().is_some_and(|deadline| deadline <= at) {
            // It takes nothing: there is no point in waiting for the rest to be written.
            self.outbound.clear();
            scratch.out.clear();
            self.end("does not take what is written", now);
        }
    }

    fn seconds(seconds: u32) -> Duration {
        Duration::from_secs(u64::from(seconds))
    }

    fn login_deadline(&self) -> Option<Duration> {
        let logged_in = self.lanes.iter().any(LaneState::is_online);
        (!logged_in).then(|| self.clocks.opened + Self::seconds(self.shared.limits.login_seconds))
    }

    fn idle_deadline(&self) -> Duration {
        let configured = self.shared.limits.idle_seconds;
        let own =
            self.dialogue.as_ref().map_or(0, |dialogue| dialogue.protocol.info().idle_seconds);
        let of_devices = self.lanes.iter().filter_map(LaneState::idle_option).max();
        let idle = match (of_devices, self.idle_override) {
            (Some(device), _) => device,
            (None, Some(listener)) => listener,
            (None, None) if configured > 0 => Self::seconds(configured),
            (None, None) => Self::seconds(own.max(30)),
        };
        self.clocks.last_read + idle
    }

    fn write_deadline(&self) -> Option<Duration> {
        self.clocks.stuck.map(|since| since + Self::seconds(self.shared.limits.write_seconds))
    }

    /// Makes sure that the connection is polled again in time.
    fn arm(&self, now: Now) {
        let deadlines = [
            self.login_deadline(),
            self.may_read(now).then(|| self.idle_deadline()),
            self.write_deadline(),
            self.clocks.hold,
            self.clocks.ending.map(|since| since + Self::seconds(self.shared.limits.drain_seconds)),
            self.resume_reading(now),
        ];
        // Nothing is asked of a session that has ended.
        let of_session = self.dialogue.as_ref().filter(|_| self.ending.is_none());
        let deadlines = deadlines.into_iter().chain([
            of_session.and_then(|dialogue| dialogue.session.poll_timeout()),
            of_session.and_then(|_| self.held_text(now)),
        ]);
        self.handle.set_deadline(deadlines.flatten().min());
        self.shared.wheel.arm(&self.handle);
    }

    fn is_done(&mut self, cx: &mut Context<'_>) -> bool {
        if self.ending.is_none() {
            return false;
        }
        let drained = self.commits.is_empty() && self.outbound.is_empty();
        let overdue = self.clocks.ending.is_some_and(|since| {
            let limit = Self::seconds(self.shared.limits.drain_seconds);
            self.shared.clock.now().monotonic >= since + limit
        });
        if drained {
            self.say_goodbye(cx);
        }
        drained || overdue
    }
}

/// Enough for more than a century since the start.
fn whole_seconds(monotonic: Duration) -> u32 {
    u32::try_from(monotonic.as_secs()).unwrap_or(u32::MAX)
}

impl Future for Connection {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let connection = &mut *self;
        connection.handle.register(cx.waker());
        let now = connection.shared.clock.now();
        let mut scratch = connection.shared.pool.take();
        let done = connection.step(cx, now, &mut scratch);
        connection.shared.pool.give(scratch);
        if done {
            return Poll::Ready(());
        }
        connection.arm(now);
        Poll::Pending
    }
}

impl Drop for Connection {
    /// Also after a panic: the device is offline, what was in flight is PENDING again.
    fn drop(&mut self) {
        let now = self.shared.clock.now();
        for index in 0..self.lanes.len() {
            self.leave(index, now);
        }
        self.shared.wheel.remove(&self.handle);
        self.shared.open.fetch_sub(1, Ordering::Relaxed);
        self.metrics.connections.decrement(1);
        let reason = self.ending.unwrap_or("aborted");
        let protocol =
            self.dialogue.as_ref().map_or("unknown", |dialogue| dialogue.protocol.info().name);
        metrics::counter!(crate::telemetry::metrics::CLOSED, "protocol" => protocol, "reason" => reason)
            .increment(1);
        tracing::debug!(protocol, peer = %self.peer, reason, "connection closed");
    }
}
