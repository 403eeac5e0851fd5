//! What no gate asks: how cost grows, how long a start takes, what one slow part does to the rest.

mod hundred_thousand;

use crate::goal::Goal;

pub const ALL: &[Goal] = &[Goal {
    name: "sessions",
    question: "100 000 sessions on one machine",
    in_all: false,
    run: hundred_thousand::sessions,
}];
