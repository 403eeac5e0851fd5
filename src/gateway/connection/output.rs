//! Writing: once per poll, whatever has gathered.

use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll};

use protocols::Now;
use tokio::io::AsyncWrite;

use super::Connection;
use crate::gateway::scratch::Scratch;

/// Unwritten bytes at which a peer is given up.
const GIVE_UP: usize = 1024 * 1024;

impl Connection {
    /// Writes what has gathered; keeps what the peer does not take now.
    pub(super) fn flush(&mut self, cx: &mut Context<'_>, now: Now, scratch: &mut Scratch) {
        if !self.outbound.is_empty() {
            let kept = std::mem::take(&mut self.outbound);
            let written = self.write(cx, &kept, now);
            if written < kept.len() {
                self.outbound.extend_from_slice(kept.get(written..).unwrap_or_default());
            }
        }
        if self.outbound.is_empty() {
            let written = self.write(cx, &scratch.out, now);
            self.outbound.extend_from_slice(scratch.out.get(written..).unwrap_or_default());
        } else {
            self.outbound.extend_from_slice(&scratch.out);
        }
        scratch.out.clear();
        if self.outbound.is_empty() {
            self.clocks.stuck = None;
        } else if self.outbound.len() > GIVE_UP {
            self.outbound = Vec::new();
            self.end("does not take what is written", now);
        }
    }

    /// Writes from `bytes` until the socket takes no more; returns how many bytes are dealt with.
    fn write(&mut self, cx: &mut Context<'_>, bytes: &[u8], now: Now) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut self.io).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => break,
                Poll::Ready(Ok(written)) => {
                    at += written;
                    self.clocks.stuck = None;
                }
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(_)) => {
                    self.end("connection reset", now);
                    return bytes.len();
                }
                Poll::Pending => {
                    self.clocks.stuck.get_or_insert(now.monotonic);
                    break;
                }
            }
        }
        at
    }

    /// Ends our side, and takes what the peer has sent meanwhile: closing with unread bytes would reset the connection and could
    /// destroy the last answer on its way.
    pub(super) fn say_goodbye(&mut self, cx: &mut Context<'_>) {
        if let Poll::Ready(Err(error)) = Pin::new(&mut self.io).poll_shutdown(cx) {
            tracing::trace!(%error, "peer was gone already");
        }
        let mut rest = [0_u8; 4096];
        for _ in 0..16 {
            match self.io.try_read(&mut rest) {
                Ok(count) if count > 0 => {}
                _ => break,
            }
        }
    }
}
