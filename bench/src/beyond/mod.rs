//! What no gate asks: how cost grows, how long a start takes, what one slow part does to the rest.

mod broadcast;
mod growth;
mod history;
mod hundred_thousand;
mod reads;
mod start;

use crate::goal::Goal;

pub const ALL: &[Goal] = &[
    Goal {
        name: "sessions",
        question: "100 000 sessions on one machine",
        in_all: false,
        run: hundred_thousand::sessions,
    },
    Goal {
        name: "start",
        question: "time from the start of the program until it is ready, with much to do waiting",
        in_all: true,
        run: start::until_ready,
    },
    Goal {
        name: "broadcast",
        question: "one text to 300 trackers in one call",
        in_all: true,
        run: broadcast::against_sends,
    },
    Goal {
        name: "reads",
        question: "lists, updates and unread counts, alone and beside as many texts as possible",
        in_all: true,
        run: reads::beside_texts,
    },
    Goal {
        name: "growth",
        question: "cost as sessions, messages, backlog and one tracker's history grow",
        in_all: false,
        run: growth::curves,
    },
];
