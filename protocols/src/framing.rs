//! Cutting a byte stream into frames.
//!
//! A framer borrows what has arrived and says how far the first frame reaches. It owns no buffer: the driver reads into memory
//! that is shared between connections and keeps bytes only for a connection whose last frame is incomplete.

/// Cuts frames off the front of a stream.
///
/// Contract (checked for every registered protocol by the conformance suite):
/// * the frames do not depend on how the stream was split into reads;
/// * a prefix of a frame is never an error, only "not yet";
/// * no input panics, and no input makes `scratch` or the framer grow beyond the limits.
pub trait Framer: Send {
    /// Takes at most one frame off the front of `input`.
    ///
    /// The frame may borrow from `input` or, where bytes had to be rewritten (escapes, compression), from `scratch`, whose old
    /// content is discarded. The caller drops [`Cut::consumed`] bytes from the front and calls again until `consumed` is 0,
    /// which means: nothing more without further bytes.
    ///
    /// The next call then has the same bytes in front of those that arrived meanwhile. A frame may trickle in byte by byte: a framer
    /// that searches for an end remembers how far it has searched.
    ///
    /// # Errors
    /// [`FramingError`] when the stream cannot be followed any more; the connection is to be closed.
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError>;
}

/// One step of a [`Framer`].
#[derive(Debug, PartialEq, Eq)]
pub struct Cut<'a> {
    /// Bytes of the input that are dealt with. 0: wait for more.
    pub consumed: usize,
    /// What they were; `None` with `consumed > 0` is noise between frames that was skipped.
    pub frame: Option<Frame<'a>>,
}

impl<'a> Cut<'a> {
    /// Nothing to cut yet.
    pub const WAIT: Self = Self { consumed: 0, frame: None };

    /// `consumed` bytes of noise between frames.
    #[must_use]
    pub const fn skip(consumed: usize) -> Self {
        Self { consumed, frame: None }
    }

    /// A frame in good order.
    #[must_use]
    pub const fn valid(consumed: usize, frame: &'a [u8]) -> Self {
        Self { consumed, frame: Some(Frame::Valid(frame)) }
    }

    /// A frame that was delimited but is not acceptable.
    #[must_use]
    pub const fn rejected(consumed: usize, raw: &'a [u8], reason: Rejection) -> Self {
        Self { consumed, frame: Some(Frame::Rejected { raw, reason }) }
    }
}

/// A delimited frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Unescaped, checksum verified where the framing layer has one.
    Valid(&'a [u8]),
    /// Delimited but invalid; the stream is still in step.
    Rejected {
        /// The frame's bytes, unescaped where that was possible, cut to a bound when oversized.
        raw: &'a [u8],
        /// What was wrong.
        reason: Rejection,
    },
}

/// Why a delimited frame was not accepted. The stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The checksum does not match.
    #[error("checksum is {found:#06x}, expected {expected:#06x}")]
    Checksum {
        /// Computed over the bytes.
        expected: u32,
        /// Carried by the frame.
        found: u32,
    },
    /// Shorter than the shortest frame.
    #[error("frame of {found} bytes is shorter than {minimum}")]
    TooShort {
        /// Bytes there.
        found: usize,
        /// Bytes needed.
        minimum: usize,
    },
    /// Longer than the configured limit; its bytes were skipped, not kept.
    #[error("frame is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// Compressed content does not inflate within the limit.
    #[error("compressed content is broken or too large")]
    Compression,
    /// The delimiters are there but what is between them is not a frame of this protocol.
    #[error("not a frame of this protocol")]
    Malformed,
}

/// The stream cannot be followed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FramingError {
    /// So many bytes without any frame.
    #[error("{skipped} bytes without a frame (limit {limit})")]
    Garbage {
        /// Bytes seen since the last frame.
        skipped: usize,
        /// The limit.
        limit: usize,
    },
    /// A length field beyond the limit where the stream cannot be resynchronised.
    #[error("frame declares {declared} bytes (limit {limit})")]
    Oversize {
        /// Declared length.
        declared: usize,
        /// The limit.
        limit: usize,
    },
    /// The first bytes belong to another protocol.
    #[error("first byte {first:#04x} belongs to another protocol")]
    Foreign {
        /// The byte.
        first: u8,
    },
}

/// Counts the bytes of a stream that belong to no frame.
#[derive(Debug)]
pub(crate) struct Noise {
    skipped: usize,
    limit: usize,
}

impl Noise {
    pub(crate) const fn new(limits: &Limits) -> Self {
        Self { skipped: 0, limit: limits.max_garbage }
    }

    /// So many more bytes belong to none.
    ///
    /// # Errors
    /// There have been too many since the last valid frame.
    pub(crate) const fn count(&mut self, bytes: usize) -> Result<(), FramingError> {
        self.skipped = self.skipped.saturating_add(bytes);
        if self.skipped > self.limit {
            return Err(FramingError::Garbage { skipped: self.skipped, limit: self.limit });
        }
        Ok(())
    }

    /// [`Noise::count`] for bytes that are skipped.
    ///
    /// # Errors
    /// See there.
    pub(crate) fn skip<'a>(&mut self, bytes: usize) -> Result<Cut<'a>, FramingError> {
        self.count(bytes)?;
        Ok(Cut::skip(bytes))
    }

    /// A valid frame came.
    pub(crate) const fn reset(&mut self) {
        self.skipped = 0;
    }
}

/// Bounds that hold for one connection, whatever the peer sends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest frame kept, in bytes, after unescaping or inflating. Protocols with a smaller natural maximum use that.
    pub max_frame: usize,
    /// Bytes without a valid frame after which the connection is closed.
    pub max_garbage: usize,
    /// Bytes of half-received multi-frame messages kept per connection, all together.
    pub max_reassembly: usize,
    /// Bad frames in a row after which a session asks to close.
    pub max_bad_frames: u32,
    /// Devices (lanes) on one connection.
    pub max_lanes: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame: 256 * 1024,
            max_garbage: 64 * 1024,
            max_reassembly: 1024 * 1024,
            max_bad_frames: 20,
            max_lanes: 256,
        }
    }
}
