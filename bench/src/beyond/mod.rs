//! What no gate asks: how cost grows, how long a start takes, what one slow part does to the rest.

mod slow_disk;

use crate::goal::Goal;

pub const ALL: &[Goal] = &[Goal {
    name: "slow-disk",
    question: "a disk on which a flush takes 20 ms",
    in_all: false,
    run: slow_disk::slow_disk,
}];
