//! Before the dialogue: the PROXY header, and finding out which protocol is spoken. Not a byte is lost.

use std::net::SocketAddr;

use protocols::{Detection, Now, Protocol, registry};

use super::{Connection, Dialogue};
use crate::gateway::proxy;

/// Bytes after which a protocol that has not been recognised will not be.
const DETECT_BYTES: usize = 1024;

/// What is not known yet.
pub(super) struct Opening {
    pub(super) proxy_header: bool,
    pub(super) protocol: Option<&'static dyn Protocol>,
}

/// What the first bytes say.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Wait,
    Nobody,
    Is(usize),
}

impl Connection {
    /// Deals with the first bytes; returns how many of them are not the protocol's. The dialogue exists afterwards, or more
    /// bytes are needed, or the connection ends.
    pub(super) fn open(&mut self, input: &[u8], now: Now) -> usize {
        let Some(mut opening) = self.opening.take() else { return 0 };
        let mut consumed = 0;
        if opening.proxy_header {
            match proxy::parse(input) {
                Ok(Some(header)) => {
                    opening.proxy_header = false;
                    consumed = header.length;
                    self.peer = header.source.unwrap_or(self.peer);
                }
                Ok(None) => {
                    self.opening = Some(opening);
                    return 0;
                }
                Err(error) => {
                    tracing::warn!(peer = %self.peer, %error, "connection refused");
                    self.end("no PROXY header", now);
                    return 0;
                }
            }
        }
        let rest = input.get(consumed..).unwrap_or_default();
        let protocol = opening.protocol.or_else(|| self.recognise(rest, now));
        match protocol {
            Some(protocol) => self.begin(protocol),
            None => self.opening = Some(opening),
        }
        consumed
    }

    fn begin(&mut self, protocol: &'static dyn Protocol) {
        let limits = &self.shared.protocol_limits;
        self.dialogue = Some(Dialogue {
            protocol,
            framer: protocol.framer(limits),
            session: protocol.session(limits),
        });
        let metrics = self.shared.metrics(Some(protocol.info().name));
        self.metrics.connections.decrement(1);
        metrics.connections.increment(1);
        self.metrics = metrics;
    }

    fn recognise(&mut self, start: &[u8], now: Now) -> Option<&'static dyn Protocol> {
        match detect(registry::ALL, start) {
            Verdict::Is(index) => registry::ALL.get(index).copied(),
            Verdict::Wait => None,
            Verdict::Nobody => {
                let shown = start.get(..32).unwrap_or(start);
                let address = as_address(self.peer);
                let reason = format!("no protocol begins with {}", crate::secret::hex(shown));
                let limit = self.shared.limits.strangers_per_minute;
                self.shared.strangers.note("auto", "", address, &reason, now.wall.into(), limit);
                self.end("unknown protocol", now);
                None
            }
        }
    }
}

fn as_address(peer: SocketAddr) -> std::net::IpAddr {
    peer.ip().to_canonical()
}

fn detect(all: &[&dyn Protocol], start: &[u8]) -> Verdict {
    if start.is_empty() {
        return Verdict::Wait;
    }
    let verdicts = || all.iter().map(|protocol| protocol.detect(start));
    let undecided = verdicts().any(|verdict| verdict == Detection::Maybe);
    match verdicts().position(|verdict| verdict == Detection::Yes) {
        Some(index) => Verdict::Is(index),
        None if undecided && start.len() < DETECT_BYTES => Verdict::Wait,
        None => Verdict::Nobody,
    }
}
