//! What can be measured: one list, from which the commands, `all` and the documentation follow.

use anyhow::Result;

use crate::report::Figure;
use crate::rig::Rig;
use crate::{beyond, gates};

/// Something to measure.
pub struct Goal {
    /// The command.
    pub name: &'static str,
    /// What is asked.
    pub question: &'static str,
    /// Whether `all` measures it.
    pub in_all: bool,
    pub run: fn(&Rig) -> Result<Vec<Figure>>,
}

/// All goals, in the order in which they are measured.
pub fn all() -> impl Iterator<Item = &'static Goal> {
    gates::ALL.iter().chain(beyond::ALL)
}
