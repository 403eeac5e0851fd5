//! Inflating a container's zlib stream within a bound (specification 7).

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use crate::framing::Rejection;

/// Output taken at first; texts shrink to about a third.
const FIRST_ROOM: usize = 1024;

/// Inflates `stream` into `out`, whose old content is discarded, to at most `limit` bytes.
///
/// # Errors
/// [`Rejection::Compression`] if the stream is broken, has bytes left over, or holds more than `limit` bytes; `out` is then
/// empty.
pub(super) fn inflate(stream: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Rejection> {
    match inflated_length(stream, limit, out) {
        Some(length) => {
            out.truncate(length);
            Ok(())
        }
        None => {
            out.clear();
            Err(Rejection::Compression)
        }
    }
}

fn inflated_length(stream: &[u8], limit: usize, out: &mut Vec<u8>) -> Option<usize> {
    let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = DecompressorOxide::new();
    let (mut read, mut written) = (0_usize, 0_usize);
    let mut room = FIRST_ROOM.min(limit);
    out.clear();
    loop {
        // Exactly: a vector left to itself would take up to twice the limit.
        out.reserve_exact(room.saturating_sub(out.len()));
        out.resize(room, 0);
        let (status, took, gave) = decompress(&mut state, stream.get(read..)?, out, written, flags);
        read = read.checked_add(took)?;
        written = written.checked_add(gave)?;
        match status {
            TINFLStatus::Done if read == stream.len() => return Some(written),
            TINFLStatus::HasMoreOutput if room < limit => room = room.saturating_mul(4).min(limit),
            _ => return None,
        }
    }
}
