//! Test support, never shipped.
//!
//! * [`transcript`]: the files under `fixtures/`, as data: what a device sends, what the host does, what must come out. Tests
//!   over real sockets use the same data.
//! * [`host`]: everything around one session that the daemon would be, without I/O: framer, buffer, clock, commits. It watches
//!   the rules that every session must keep.
//! * [`play`]: a transcript against a [`host::Host`]; `UPDATE_FIXTURES=1` rewrites the expected lines.
//! * [`rows`]: the frames of real devices under `fixtures/`.
//! * [`pair`]: a simulated terminal and a session talking to each other.
//!
//! `README.md` beside this crate describes the format of transcripts.

pub mod host;
mod literal;
pub mod pair;
pub mod play;
pub mod rows;
mod show;
pub mod transcript;

pub use literal::{bytes_literal, parse_bytes};
