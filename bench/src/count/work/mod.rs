//! What is counted: decoding, steps of a session, batches of the writer, calls of the API.

mod api;
mod decode;
mod session;
mod store;

use anyhow::Result;

/// Something that can be done again and again.
pub struct Piece {
    /// The kind of work, and which.
    pub name: String,
    /// The two numbers of repetitions whose difference counts.
    pub few: usize,
    pub many: usize,
    /// How often it is counted; the median is taken. More than once where threads make counts vary.
    pub runs: usize,
    pub prepare: Box<dyn Fn() -> Result<Job> + Sync>,
}

/// A piece of work that is ready to be done.
pub struct Job {
    /// How many operations one time is.
    pub operations: usize,
    pub once: Box<dyn FnMut() -> Result<()>>,
}

impl Piece {
    fn new(name: String, few: usize, many: usize, prepare: fn() -> Result<Job>) -> Self {
        Self { name, few, many, runs: 1, prepare: Box::new(prepare) }
    }
}

pub fn all() -> Vec<Piece> {
    let pieces = [decode::pieces(), session::pieces(), store::pieces(), api::pieces()];
    pieces.into_iter().flatten().collect()
}
