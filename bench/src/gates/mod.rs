//! The gates: what the gateway must reach beside its yardsticks. One file per kind of work.
//!
//! A figure's letters: `G1` is the gate, `G1b` its second answer.

mod api;
mod decode;
mod frames;
mod latency;
mod teltonika;
mod texts;
mod uplinks;

use crate::goal::Goal;

pub const ALL: &[Goal] = &[
    Goal {
        name: "g1",
        question: "frames acknowledged, against a bare echo, on one processor",
        in_all: true,
        run: frames::against_echo,
    },
    Goal {
        name: "g4",
        question: "devices that empty their memory: many frames in one write",
        in_all: true,
        run: frames::bursts,
    },
    Goal {
        name: "g5",
        question: "texts from the API to DELIVERED, as many as possible",
        in_all: true,
        run: texts::delivered,
    },
    Goal {
        name: "g5c",
        question: "driver texts stored and then acknowledged, as many as possible",
        in_all: true,
        run: uplinks::stored,
    },
    Goal {
        name: "g6",
        question: "time from the API to DELIVERED at 1000 texts a second",
        in_all: true,
        run: latency::at_a_thousand,
    },
    Goal {
        name: "g7",
        question: "requests that send a text to a device that is not there",
        in_all: true,
        run: api::sends,
    },
    Goal {
        name: "g8",
        question: "reading real frames of each protocol, against a reader written by hand",
        in_all: true,
        run: decode::by_hand,
    },
    Goal {
        name: "g9",
        question: "latency of frames when the gateway has more to do than it can",
        in_all: true,
        run: frames::saturated,
    },
];
