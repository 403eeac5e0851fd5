//! What a connection keeps between reads: the start of a frame whose end has not arrived.
//!
//! A frame may arrive in as many reads as it has bytes. Copying what is kept on every read would cost a slow or hostile peer
//! nothing and us the square of the frame's length. So the shorter of the two moves to the longer: what is kept goes in front of a
//! read that is larger, a read that is smaller is appended to what is kept. Either way a byte that arrives costs a few bytes moved,
//! however it arrives. That nothing is searched twice is the framer's part.

use crate::gateway::scratch::READ_BYTES;

/// Bytes that are not dealt with. Empty, it owns no memory.
#[derive(Debug, Default)]
pub(super) struct Carry {
    bytes: Vec<u8>,
    /// Bytes copied so far.
    #[cfg(test)]
    moved: usize,
}

impl Carry {
    /// Room that a read must leave free in its buffer, in front of at most [`READ_BYTES`] that it reads.
    pub(super) fn room(&self) -> usize {
        if self.bytes.len() <= READ_BYTES { self.bytes.len() } else { 0 }
    }

    /// Shows `deal` what was kept, followed by the `arrived` bytes behind the room in `read`. It returns how many from the front it
    /// has dealt with; the rest is kept.
    pub(super) fn feed(
        &mut self,
        read: &mut [u8],
        arrived: usize,
        deal: impl FnOnce(&[u8]) -> usize,
    ) {
        let room = self.room();
        if self.bytes.len() <= arrived {
            if let Some(front) = read.get_mut(..room) {
                front.copy_from_slice(&self.bytes);
                self.count(room);
            }
            let input = read.get(..room + arrived).unwrap_or(read);
            let dealt = deal(input);
            self.replace(input.get(dealt..).unwrap_or_default());
        } else {
            self.append(read.get(room..room + arrived).unwrap_or_default());
            let dealt = deal(&self.bytes);
            if dealt > 0 {
                // At most what has just arrived: before that, no frame had ended.
                let rest = self.bytes.get(dealt..).unwrap_or_default().to_vec();
                self.count(rest.len());
                self.bytes = rest;
            }
        }
    }

    fn replace(&mut self, rest: &[u8]) {
        if rest.is_empty() {
            self.bytes = Vec::new();
            return;
        }
        self.bytes.clear();
        self.bytes.reserve_exact(rest.len());
        self.bytes.extend_from_slice(rest);
        self.count(rest.len());
    }

    /// Grows by a quarter at least: what is kept is bounded, and so is what is reserved for it.
    fn append(&mut self, more: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() < more.len() {
            self.count(self.bytes.len());
            self.bytes.reserve_exact(more.len().max(self.bytes.len() / 4));
        }
        self.bytes.extend_from_slice(more);
        self.count(more.len());
    }

    #[cfg(test)]
    const fn count(&mut self, bytes: usize) {
        self.moved += bytes;
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self)] // it is used in tests
    const fn count(&mut self, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a stream of lines in reads of these sizes (repeated), as a connection does; the lines, and the bytes moved.
    fn lines(stream: &[u8], sizes: &[usize]) -> (Vec<Vec<u8>>, Carry) {
        let (mut carry, mut found) = (Carry::default(), Vec::new());
        let (mut left, mut sizes) = (stream, sizes.iter().cycle());
        let (mut buffer, mut searched) = (Vec::new(), 0);
        while !left.is_empty() {
            let size = (*sizes.next().unwrap()).min(left.len()).min(READ_BYTES);
            let (piece, rest) = left.split_at(size);
            left = rest;
            let room = carry.room();
            buffer.resize(room + READ_BYTES, 0xee);
            buffer[room..room + size].copy_from_slice(piece);
            carry.feed(&mut buffer, size, |input| {
                let mut dealt = 0;
                for at in searched..input.len() {
                    if input[at] == b'\n' {
                        found.push(input[dealt..at].to_vec());
                        dealt = at + 1;
                    }
                }
                searched = input.len() - dealt;
                dealt
            });
        }
        (found, carry)
    }

    fn line(length: usize, fill: u8) -> Vec<u8> {
        let mut line = vec![fill; length];
        line.push(b'\n');
        line
    }

    #[test]
    fn a_long_frame_that_trickles_in_is_not_copied_again_and_again() {
        let long = line(256 * 1024, b'x');
        for size in [1, 2, 7, 100, 1460, 65_536] {
            let (found, carry) = lines(&long, &[size]);
            assert_eq!(found, [&long[..long.len() - 1]]);
            let per_byte = carry.moved / long.len();
            assert!(per_byte <= 6, "{size} at a time: every byte was moved {per_byte} times");
        }
    }

    #[test]
    fn short_frames_cost_little_however_they_are_cut() {
        let stream: Vec<u8> = (0..5000_usize).flat_map(|n| line(n % 97, b'a')).collect();
        let whole: Vec<Vec<u8>> =
            stream.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).take(5000).collect();
        for sizes in [&[1][..], &[3, 50, 1], &[1000, 1], &[65_536], &[60_000, 10]] {
            let (found, carry) = lines(&stream, sizes);
            assert_eq!(found, whole, "{sizes:?}");
            assert!(carry.moved <= 6 * stream.len(), "{sizes:?}: {} bytes moved", carry.moved);
        }
    }

    #[test]
    fn frames_of_all_sizes_come_out_whole_and_leave_no_memory_behind() {
        let lengths = [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000, 5, 262_144, 3];
        let wanted: Vec<Vec<u8>> = (b'a'..).zip(lengths).map(|(fill, n)| vec![fill; n]).collect();
        let stream: Vec<u8> = (b'a'..).zip(lengths).flat_map(|(fill, n)| line(n, fill)).collect();
        for sizes in [&[17][..], &[65_536], &[65_536, 1], &[1, 65_536, 4096], &[40_000, 30_000]] {
            let (found, carry) = lines(&stream, sizes);
            assert!(found == wanted, "{sizes:?}");
            assert_eq!(carry.bytes.capacity(), 0, "{sizes:?}");
            assert!(carry.moved <= 6 * stream.len(), "{sizes:?}: {} bytes moved", carry.moved);
        }
    }

    #[test]
    fn what_is_kept_reserves_little_more_than_it_is() {
        let unfinished = vec![b'x'; 256 * 1024];
        for size in [1, 1460, 65_536] {
            let (found, carry) = lines(&unfinished, &[size]);
            assert!(found.is_empty() && carry.bytes == unfinished);
            let capacity = carry.bytes.capacity();
            assert!(capacity <= unfinished.len() / 4 * 5 + READ_BYTES, "{size}: {capacity}");
        }
    }
}
