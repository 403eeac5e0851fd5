//! What no gate asks: how cost grows, how long a start takes, what one slow part does to the rest.

use crate::goal::Goal;

pub const ALL: &[Goal] = &[];
