//! What the tests of several protocols need: bytes from their digits, and streams cut in all ways.

use crate::framing::{Frame, Framer, FramingError, Limits, Rejection};

/// Bytes written in hexadecimal, blanks ignored.
pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.chars().filter(|c| !c.is_ascii_whitespace());
    let digits: Vec<u32> = digits.map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// A frame, owned.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Valid(Vec<u8>),
    Rejected(Vec<u8>, Rejection),
}

/// The frames of a stream, and how many bytes are left or what went wrong.
pub(crate) type Cuts = (Vec<Seen>, Result<usize, FramingError>);

/// What comes out when `stream` arrives in pieces of `step` bytes.
pub(crate) fn cut<F: Framer>(
    framer: impl Fn(&Limits) -> F,
    stream: &[u8],
    step: usize,
    limits: &Limits,
) -> Cuts {
    let mut framer = framer(limits);
    let (mut buffer, mut scratch, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    for piece in stream.chunks(step) {
        buffer.extend_from_slice(piece);
        loop {
            let cut = match framer.cut(&buffer, &mut scratch) {
                Ok(cut) => cut,
                Err(error) => return (seen, Err(error)),
            };
            match cut.frame {
                Some(Frame::Valid(frame)) => seen.push(Seen::Valid(frame.to_vec())),
                Some(Frame::Rejected { raw, reason }) => {
                    seen.push(Seen::Rejected(raw.to_vec(), reason));
                }
                None => {}
            }
            match cut.consumed {
                0 => break,
                consumed => drop(buffer.drain(..consumed)),
            }
        }
        assert!(scratch.capacity() <= limits.max_frame);
    }
    (seen, Ok(buffer.len()))
}

/// What comes out when `stream` arrives at once, which is what comes out when it arrives in small pieces.
pub(crate) fn cut_all_ways<F: Framer>(
    framer: impl Fn(&Limits) -> F,
    stream: &[u8],
    limits: &Limits,
) -> Cuts {
    let whole = cut(&framer, stream, stream.len().max(1), limits);
    for step in [1, 2, 3, 7] {
        let (seen, left) = cut(&framer, stream, step, limits);
        assert_eq!((&seen, left.ok()), (&whole.0, whole.1.ok()), "in pieces of {step}");
    }
    whole
}

/// The valid frames of a stream that is followed to its end, and how many frames were rejected.
pub(crate) fn frames<F: Framer>(
    framer: impl Fn(&Limits) -> F,
    stream: &[u8],
) -> (Vec<Vec<u8>>, usize) {
    let (seen, left) = cut(framer, stream, stream.len().max(1), &Limits::default());
    left.unwrap();
    let all = seen.len();
    let valid = seen.into_iter().filter_map(|seen| match seen {
        Seen::Valid(frame) => Some(frame),
        Seen::Rejected(..) => None,
    });
    let valid: Vec<_> = valid.collect();
    let rejected = all - valid.len();
    (valid, rejected)
}
