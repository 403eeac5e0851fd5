//! Reading: bytes into frames, frames into the session.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use protocols::{Frame, Now};
use tokio::io::{AsyncRead, ReadBuf};

use super::{Connection, Dialogue, READS_PER_POLL, whole_seconds};
use crate::gateway::scratch::{READ_BYTES, Scratch};

/// Seconds over which the frame rate is averaged.
const RATE_WINDOW: u32 = 10;
/// Unwritten bytes above which nothing more is read: the peer asks faster than it listens.
const MAX_OUTBOUND: usize = 256 * 1024;

impl Connection {
    /// Reads what is there and lets the session answer.
    pub(super) fn read(&mut self, cx: &mut Context<'_>, now: Now, scratch: &mut Scratch) {
        for _ in 0..READS_PER_POLL {
            if !self.may_read(now) {
                return;
            }
            let room = self.partial.room();
            if scratch.read.len() < room + READ_BYTES {
                scratch.read.resize(room + READ_BYTES, 0);
            }
            let Some(space) = scratch.read.get_mut(room..room + READ_BYTES) else { return };
            let mut buffer = ReadBuf::new(space);
            match Pin::new(&mut self.io).poll_read(cx, &mut buffer) {
                Poll::Pending => return,
                Poll::Ready(Err(_)) => return self.end("connection reset", now),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    return self.end("closed by the device", now);
                }
                Poll::Ready(Ok(())) => {
                    let arrived = buffer.filled().len();
                    self.clocks.last_read = now.monotonic;
                    self.take_in(arrived, now, scratch);
                    self.submit(scratch);
                    if arrived == READ_BYTES {
                        // There is more, and others have been waiting for as long as that took.
                        break;
                    }
                }
            }
        }
        cx.waker().wake_by_ref();
    }

    pub(super) fn may_read(&self, now: Now) -> bool {
        self.ending.is_none()
            && self.commits.len() < self.shared.limits.uncommitted
            && self.outbound.len() <= MAX_OUTBOUND
            && self.resume_reading(now).is_none()
    }

    /// When reading goes on, if the peer sent too many frames.
    pub(super) fn resume_reading(&self, now: Now) -> Option<Duration> {
        let (began, frames) = self.clocks.window;
        let limit = u64::from(self.shared.limits.frames_per_second) * u64::from(RATE_WINDOW);
        let end = Duration::from_secs(u64::from(began) + u64::from(RATE_WINDOW));
        (u64::from(frames) >= limit && now.monotonic < end).then_some(end)
    }

    /// Hands what was kept, and what has arrived, to the session frame by frame, and keeps what is incomplete.
    fn take_in(&mut self, arrived: usize, now: Now, scratch: &mut Scratch) {
        let mut read = std::mem::take(&mut scratch.read);
        let mut partial = std::mem::take(&mut self.partial);
        partial.feed(&mut read, arrived, |input| self.frames(input, now, scratch));
        if self.ending.is_none() {
            self.partial = partial;
        }
        scratch.read = read;
    }

    /// Hands `input` to the session frame by frame; returns the bytes dealt with.
    fn frames(&mut self, input: &[u8], now: Now, scratch: &mut Scratch) -> usize {
        let mut frame = std::mem::take(&mut scratch.frame);
        let mut at = self.open(input, now);
        while self.ending.is_none() {
            let Some(mut dialogue) = self.dialogue.take() else { break };
            let consumed = self.next_frame(
                &mut dialogue,
                input.get(at..).unwrap_or_default(),
                &mut frame,
                now,
                scratch,
            );
            self.dialogue = Some(dialogue);
            self.carry_out(now, scratch);
            match consumed {
                0 => break,
                consumed => at += consumed,
            }
        }
        scratch.frame = frame;
        at
    }

    /// Cuts one frame and lets the session handle it; returns the bytes dealt with.
    fn next_frame(
        &mut self,
        dialogue: &mut Dialogue,
        input: &[u8],
        buffer: &mut Vec<u8>,
        now: Now,
        scratch: &mut Scratch,
    ) -> usize {
        if input.is_empty() {
            return 0;
        }
        let cut = match dialogue.framer.cut(input, buffer) {
            Ok(cut) => cut,
            Err(error) => {
                let protocol = dialogue.protocol.info().name;
                tracing::warn!(protocol, peer = %self.peer, %error, "framing lost, closing");
                self.end("framing lost", now);
                return 0;
            }
        };
        match cut.frame {
            None => self.metrics.noise.increment(cut.consumed as u64),
            Some(Frame::Rejected { raw, reason }) => {
                self.count_frame(now);
                self.metrics.rejected.increment(1);
                tracing::debug!(peer = %self.peer, %reason, "frame rejected");
                dialogue.session.handle_rejected(raw, reason, now, &mut scratch.fx);
            }
            Some(Frame::Valid(frame)) => {
                self.count_frame(now);
                self.metrics.frames.increment(1);
                self.handle_frame(dialogue, frame, now, scratch);
            }
        }
        cut.consumed
    }

    fn handle_frame(
        &mut self,
        dialogue: &mut Dialogue,
        frame: &[u8],
        now: Now,
        scratch: &mut Scratch,
    ) {
        let protocol = dialogue.protocol.info().name;
        // A mistake in one session must cost one connection, not the daemon.
        let handled = catch_unwind(AssertUnwindSafe(|| {
            dialogue.session.handle_frame(frame, now, &mut scratch.fx)
        }));
        match handled {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                self.metrics.errors.increment(1);
                tracing::debug!(protocol, peer = %self.peer, %error, "frame not understood");
            }
            Err(_) => {
                self.metrics.panics.increment(1);
                let frame = crate::secret::hex(frame);
                tracing::error!(protocol, peer = %self.peer, frame, "session panicked, closing the connection");
                drop(scratch.fx.drain());
                self.end("internal error", now);
            }
        }
    }

    fn count_frame(&mut self, now: Now) {
        let (began, frames) = &mut self.clocks.window;
        let now = whole_seconds(now.monotonic);
        if now >= began.saturating_add(RATE_WINDOW) {
            (*began, *frames) = (now, 0);
        }
        *frames = frames.saturating_add(1);
    }
}
