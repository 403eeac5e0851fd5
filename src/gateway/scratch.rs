//! Buffers that connections borrow while they have something to do.
//!
//! An idle connection holds none; there are as many as threads were ever busy at once.

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use protocols::Effects;

use crate::model::Uplink;

/// Bytes read at once: a hundred frames or so. Whoever pours in more waits for its turn again, and delays the others by no more than
/// these.
pub(crate) const READ_BYTES: usize = 8 * 1024;
/// Scratch space that has grown beyond this is given back to the system.
const KEEP_BYTES: usize = 32 * READ_BYTES;

/// Everything one poll of one connection needs.
pub(crate) struct Scratch {
    /// What was read, behind room for a partial frame of earlier reads.
    pub(crate) read: Vec<u8>,
    /// Unescaped or inflated frame.
    pub(crate) frame: Vec<u8>,
    /// What is to be written.
    pub(crate) out: Vec<u8>,
    /// Effects of the input at hand.
    pub(crate) fx: Effects,
    /// The same, while it is carried out.
    pub(crate) carrying: Effects,
    /// What this read wants stored.
    pub(crate) uplink: Uplink,
    /// What is answered when it is stored.
    pub(crate) answers: Vec<Answer>,
}

/// What is written when an uplink was stored, or could not be.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) ack: Bytes,
    pub(crate) nack: Bytes,
}

impl Answer {
    /// What is written for several records that are stored together; takes them out.
    pub(crate) fn joined(answers: &mut Vec<Self>) -> Option<Self> {
        if answers.len() <= 1 {
            return answers.pop();
        }
        let join = |part: fn(&Self) -> &Bytes| {
            let mut bytes = BytesMut::new();
            answers.iter().for_each(|answer| bytes.extend_from_slice(part(answer)));
            bytes.freeze()
        };
        let joined = Self { ack: join(|answer| &answer.ack), nack: join(|answer| &answer.nack) };
        answers.clear();
        Some(joined)
    }
}

#[derive(Default)]
pub(crate) struct Pool {
    #[allow(clippy::vec_box)] // taking one out moves a pointer, not its buffers' headers
    free: Mutex<Vec<Box<Scratch>>>,
}

impl Pool {
    pub(crate) fn take(&self) -> Box<Scratch> {
        let free = self.free.lock().pop();
        free.unwrap_or_else(|| {
            Box::new(Scratch {
                read: vec![0; READ_BYTES],
                frame: Vec::new(),
                out: Vec::new(),
                fx: Effects::new(),
                carrying: Effects::new(),
                uplink: Uplink::default(),
                answers: Vec::new(),
            })
        })
    }

    pub(crate) fn give(&self, mut scratch: Box<Scratch>) {
        for buffer in [&mut scratch.frame, &mut scratch.out] {
            buffer.clear();
            if buffer.capacity() > KEEP_BYTES {
                buffer.shrink_to(READ_BYTES);
            }
        }
        self.free.lock().push(scratch);
    }
}
