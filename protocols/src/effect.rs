//! What a session wants done, as data.

use bytes::Bytes;

use crate::event::Event;
use crate::session::{Credentials, Lane};

/// The effects of one input, in the order in which they are to be carried out.
#[derive(Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
}

impl Effects {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { list: Vec::new() }
    }

    /// Adds one effect.
    pub fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    /// Writes bytes now.
    pub fn transmit(&mut self, bytes: impl Into<Bytes>) {
        self.push(Effect::Transmit(bytes.into()));
    }

    /// Stores events, then writes `ack`, or `nack` if storing failed.
    pub fn record(
        &mut self,
        lane: Lane,
        events: Vec<Event>,
        ack: impl Into<Bytes>,
        nack: impl Into<Bytes>,
    ) {
        self.push(Effect::Record { lane, events, ack: ack.into(), nack: nack.into() });
    }

    /// Takes all effects out, leaving the capacity for the next input.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Effect> {
        self.list.drain(..)
    }

    /// What has been pushed so far.
    #[must_use]
    pub fn as_slice(&self) -> &[Effect] {
        &self.list
    }

    /// Nothing pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Moves a tunnelled session's effects over, wrapping the bytes it wants written in the carrier's frame and leaving events
    /// and receipts untouched.
    pub fn tunnel(&mut self, inner: &mut Self, mut wrap: impl FnMut(Bytes) -> Bytes) {
        let mut wrap_some = |bytes: Bytes| if bytes.is_empty() { bytes } else { wrap(bytes) };
        for effect in inner.drain() {
            self.push(match effect {
                Effect::Transmit(bytes) => Effect::Transmit(wrap_some(bytes)),
                Effect::Record { lane, events, ack, nack } => {
                    Effect::Record { lane, events, ack: wrap_some(ack), nack: wrap_some(nack) }
                }
                other => other,
            });
        }
    }
}

/// One thing a session wants done.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// Write now: link-level answers, heartbeat replies, texts. Never waits behind a [`Effect::Record`].
    Transmit(Bytes),
    /// Ask who this is. No frame is handed over until [`crate::Session::handle_admission`] has been called.
    Authenticate {
        /// For which lane.
        lane: Lane,
        /// What the device presented.
        credentials: Credentials,
    },
    /// The device is accepted: it becomes the live connection of its tracker (an older one is closed) and may get texts.
    /// Only valid after [`crate::Admission::Known`] for that lane.
    Online {
        /// The lane.
        lane: Lane,
    },
    /// The session refused the device (wrong secret, policy). Logged once with the peer; nothing it sends is stored.
    Refuse {
        /// The lane.
        lane: Lane,
        /// Why, in the operator's words.
        reason: &'static str,
    },
    /// The device said goodbye or was replaced by another identity: the lane is offline.
    Offline {
        /// The lane.
        lane: Lane,
    },
    /// Store first, then write one of the answers. Answers leave in the order of their records. Empty bytes write nothing.
    /// The records of one input are stored together, all or none: one answer for several lanes stands in the last of them.
    Record {
        /// Which device.
        lane: Lane,
        /// What it reported. Empty: nothing to store, but the answer keeps its place in the order.
        events: Vec<Event>,
        /// Written after the commit.
        ack: Bytes,
        /// Written if storing failed for good.
        nack: Bytes,
    },
    /// Something became known about a downlink.
    Delivery {
        /// Which lane.
        lane: Lane,
        /// Which downlink.
        receipt: Receipt,
        /// What became known.
        stage: DeliveryStage,
    },
    /// Close after everything before this has been written.
    Close(CloseReason),
}

/// Opaque name of a downlink: comes in with it, comes back with its receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryToken(pub u64);

/// Which downlink a receipt is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// One that this session has in flight.
    Token(DeliveryToken),
    /// One of an earlier connection or process: the device quoted this serial, whose width is `bits`. The outbox finds the
    /// pending text with such a [`crate::Downlink::serial`] (a text that was sent lately, for [`DeliveryStage::Read`]), or
    /// ignores it.
    Serial {
        /// Quoted serial.
        serial: u32,
        /// Bits of it that are significant (16: modulo 65 536).
        bits: u8,
    },
}

/// What became known about a downlink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryStage {
    /// Bytes are on their way. Never makes anything DELIVERED.
    Transmitted,
    /// The device confirmed it: DELIVERED.
    Confirmed(Evidence),
    /// The driver opened it. May come at any time after the part was sent, also after [`DeliveryStage::Confirmed`] has ended its
    /// token; only the last part of a text counts. Changes no status.
    Read,
    /// The device refused it.
    Refused {
        /// The protocol's code.
        code: u16,
        /// Trying again later may help.
        retry: bool,
    },
    /// No answer within the protocol's time; the session has forgotten the token.
    TimedOut,
}

/// How strong a confirmation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The display reported showing it.
    Displayed,
    /// The terminal stored or accepted it.
    Accepted,
    /// No receipt exists; the operator chose to take a following packet as one.
    Inferred,
}

/// Why a session closes its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The device is not admitted.
    #[error("not admitted")]
    NotAdmitted,
    /// It did not log in in time.
    #[error("no login in time")]
    LoginTimeout,
    /// It said goodbye.
    #[error("device logged out")]
    LoggedOut,
    /// Silent for too long.
    #[error("silent for too long")]
    Idle,
    /// It does not answer texts any more: half-open.
    #[error("does not answer")]
    Unresponsive,
    /// Too many frames that make no sense.
    #[error("too many bad frames")]
    TooManyErrors,
}
