//! Framing: what stands between `>` and `<`, and the checksum by either rule (section 1).

use memchr::{memchr, memchr2, memrchr};

use super::message::Rule;
use crate::framing::{Cut, Framer, FramingError, Limits, Rejection};
use crate::protocol::Detection;

/// Longest frame.
const MAX_FRAME: usize = 1024;
/// Bytes of an oversized frame that are handed out.
const REJECTED_HEAD: usize = 256;

/// The XOR of a frame's bytes, `>` included, up to its last `*` exclusive, by `rule`.
pub(super) fn checksum(covered: &[u8], rule: Rule) -> u8 {
    let star = if rule == Rule::A { b'*' } else { 0 };
    covered.iter().fold(b'>' ^ star, |sum, byte| sum ^ byte)
}

/// The checksum that a frame carries and what it covers: `*` and two hexadecimal digits at its end.
pub(super) fn carried(content: &[u8]) -> Option<(&[u8], u8)> {
    let at = memrchr(b'*', content)?;
    let (covered, tail) = content.split_at_checked(at)?;
    let &[b'*', high, low] = tail else { return None };
    let digit = |digit: u8| char::from(digit).to_digit(16);
    Some((covered, u8::try_from(digit(high)? * 16 + digit(low)?).ok()?))
}

/// By which rule a checksum is right.
pub(super) fn rule(covered: &[u8], found: u8) -> Option<Rule> {
    [Rule::A, Rule::B].into_iter().find(|&rule| checksum(covered, rule) == found)
}

/// The framer.
#[derive(Debug)]
pub(super) struct TaipFramer {
    max_frame: usize,
    max_garbage: usize,
    /// Bytes since the last frame that belong to none.
    garbage: usize,
    /// Front bytes known to hold no end.
    scanned: usize,
    /// The rest of an oversized frame is being thrown away.
    skipping: bool,
}

impl TaipFramer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            max_frame: limits.max_frame.min(MAX_FRAME),
            max_garbage: limits.max_garbage,
            garbage: 0,
            scanned: 0,
            skipping: false,
        }
    }

    fn noise<'a>(&mut self, bytes: usize) -> Result<Cut<'a>, FramingError> {
        self.garbage = self.garbage.saturating_add(bytes);
        if self.garbage > self.max_garbage {
            return Err(FramingError::Garbage { skipped: self.garbage, limit: self.max_garbage });
        }
        Ok(Cut::skip(bytes))
    }

    fn content<'a>(&mut self, consumed: usize, content: &'a [u8]) -> Cut<'a> {
        self.scanned = 0;
        let bad = carried(content).filter(|&(covered, found)| rule(covered, found).is_none());
        if let Some((covered, found)) = bad {
            let expected = checksum(covered, Rule::A).into();
            let reason = Rejection::Checksum { expected, found: found.into() };
            return Cut::rejected(consumed, content, reason);
        }
        self.garbage = 0;
        Cut::valid(consumed, content)
    }
}

impl Framer for TaipFramer {
    fn cut<'a>(
        &mut self,
        input: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<Cut<'a>, FramingError> {
        if self.skipping {
            // A new beginning ends it as well.
            let end = memchr2(b'<', b'>', input);
            self.skipping = end.is_none();
            let bytes =
                end.map_or(input.len(), |at| at + usize::from(input.get(at) == Some(&b'<')));
            if bytes > 0 || self.skipping {
                return if input.is_empty() { Ok(Cut::WAIT) } else { self.noise(bytes) };
            }
        }
        let Some((b'>', behind)) = input.split_first() else {
            return match memchr(b'>', input).unwrap_or(input.len()) {
                0 => Ok(Cut::WAIT),
                noise => self.noise(noise),
            };
        };
        let window = behind.get(..=self.max_frame).unwrap_or(behind);
        let unseen = window.get(self.scanned..).unwrap_or_default();
        if let Some(end) = memchr2(b'<', b'>', unseen).map(|at| at + self.scanned) {
            let content = behind.get(..end).unwrap_or_default();
            return Ok(match behind.get(end) {
                Some(b'<') => self.content(end + 2, content),
                // The next frame's beginning is left where it is; line ends before it are no content.
                _ => self.content(end + 1, content.trim_ascii_end()),
            });
        }
        if behind.len() > self.max_frame {
            (self.scanned, self.skipping) = (0, true);
            let raw = window.get(..REJECTED_HEAD).unwrap_or(window);
            let reason = Rejection::TooLong { limit: self.max_frame };
            return Ok(Cut::rejected(window.len() + 1, raw, reason));
        }
        self.scanned = window.len();
        Ok(Cut::WAIT)
    }
}

/// A connection begins with a response or report: `>R` and two capitals.
pub(super) fn detect(start: &[u8]) -> Detection {
    let start = start.trim_ascii_start();
    match *start {
        [] | [b'>'] | [b'>', b'R'] => Detection::Maybe,
        [b'>', b'R', a] if a.is_ascii_uppercase() => Detection::Maybe,
        [b'>', b'R', a, b, ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => {
            Detection::Yes
        }
        _ => Detection::No,
    }
}
