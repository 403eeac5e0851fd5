//! Cutting the stream at every `#` (specification, section 1), and closing our own frames.
//!
//! A frame is what stands in front of the `#`: prefix, word, data.

use bytes::Bytes;
use memchr::memchr;

use crate::framing::{Cut, Framer, FramingError, Limits, Rejection};

/// Longest frame.
const MAX_FRAME: usize = 8192;
/// Bytes of a rejected frame that are handed out.
const REJECTED_HEAD: usize = 256;

/// Whose dialect it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Prefix {
    /// `IW`: watches with a screen.
    #[default]
    Iw,
    /// `TRV`: trackers.
    Trv,
}

impl Prefix {
    /// As it is written.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Iw => "IW",
            Self::Trv => "TRV",
        }
    }
}

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) prefix: Prefix,
    /// Four letters or digits: `AP00`.
    pub(super) word: [u8; 4],
    /// What stands behind the word.
    pub(super) data: &'a [u8],
    /// Where the data begins in the frame.
    pub(super) offset: usize,
}

/// Takes a frame apart; `None` if it is none.
pub(super) fn split(frame: &[u8]) -> Option<Parts<'_>> {
    let (prefix, rest) = match frame {
        [b'I', b'W', rest @ ..] => (Prefix::Iw, rest),
        [b'T', b'R', b'V', rest @ ..] => (Prefix::Trv, rest),
        _ => return None,
    };
    let (word, data) = rest.split_first_chunk::<4>()?;
    let [direction, _, rest @ ..] = word;
    let fits = direction.is_ascii_uppercase()
        && word[1] == b'P'
        && rest.iter().all(u8::is_ascii_alphanumeric);
    let offset = frame.len() - data.len();
    fits.then_some(Parts { prefix, word: *word, data, offset })
}

/// One frame as it goes on the wire.
pub(super) fn seal(prefix: Prefix, word: &str, data: &str) -> Bytes {
    format!("{}{word}{data}#", prefix.text()).into()
}

/// The framer.
#[derive(Debug)]
pub(super) struct IwFramer {
    max_frame: usize,
    max_garbage: usize,
    /// Bytes since the last valid frame that belong to none.
    garbage: usize,
    /// Front bytes of the input known to hold no `#`.
    scanned: usize,
    /// Inside a frame that is too long.
    skipping: bool,
    /// A frame was seen: the peer speaks this protocol.
    started: bool,
}

impl IwFramer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            max_frame: limits.max_frame.min(MAX_FRAME),
            max_garbage: limits.max_garbage,
            garbage: 0,
            scanned: 0,
            skipping: false,
            started: false,
        }
    }

    fn noise<'a>(&mut self, bytes: usize) -> Result<Cut<'a>, FramingError> {
        self.garbage = self.garbage.saturating_add(bytes);
        if self.garbage > self.max_garbage {
            return Err(FramingError::Garbage { skipped: self.garbage, limit: self.max_garbage });
        }
        Ok(Cut::skip(bytes))
    }

    fn rejected<'a>(
        &mut self,
        consumed: usize,
        frame: &'a [u8],
        reason: Rejection,
    ) -> Result<Cut<'a>, FramingError> {
        (self.scanned, self.started) = (0, true);
        self.noise(consumed)?;
        Ok(Cut::rejected(consumed, frame.get(..REJECTED_HEAD).unwrap_or(frame), reason))
    }
}

/// Bytes between frames.
const fn is_filler(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | b' ' | 0)
}

impl Framer for IwFramer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        let Some(&first) = input.first() else {
            return Ok(Cut::WAIT);
        };
        if self.skipping {
            let end = memchr(b'#', input).map(|at| at + 1);
            self.skipping = end.is_none();
            return self.noise(end.unwrap_or(input.len()));
        }
        if is_filler(first) {
            return self.noise(input.iter().take_while(|&&byte| is_filler(byte)).count());
        }
        if !self.started && !matches!(first, b'I' | b'T') {
            return Err(FramingError::Foreign { first });
        }
        let window = input.get(..=self.max_frame).unwrap_or(input);
        let unseen = window.get(self.scanned..).unwrap_or_default();
        let Some(at) = memchr(b'#', unseen).map(|at| at + self.scanned) else {
            if window.len() > self.max_frame {
                self.skipping = true;
                let limit = self.max_frame;
                return self.rejected(window.len(), window, Rejection::TooLong { limit });
            }
            self.scanned = window.len();
            return Ok(Cut::WAIT);
        };
        let frame = window.get(..at).unwrap_or(window);
        if split(frame).is_none() {
            return self.rejected(at + 1, frame, Rejection::Malformed);
        }
        (self.garbage, self.scanned, self.started) = (0, 0, true);
        Ok(Cut::valid(at + 1, frame))
    }
}
