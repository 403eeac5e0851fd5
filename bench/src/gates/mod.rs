//! The gates: what the gateway must reach beside its yardsticks. One file per kind of work.
//!
//! A figure's letters: `G1` is the gate, `G1b` its second answer.

mod api;
mod decode;
mod frames;
mod idle;
mod latency;
mod memory;
mod stalled;
mod storm;
mod teltonika;
mod texts;
mod truth;
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
        name: "g2",
        question: "memory of sessions that do nothing, and whether it grows",
        in_all: true,
        run: memory::of_sessions,
    },
    Goal {
        name: "g3",
        question: "all devices reconnect at once",
        in_all: true,
        run: storm::reconnects,
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
    Goal {
        name: "g10",
        question: "latency of devices beside others that have stopped reading",
        in_all: true,
        run: stalled::peers,
    },
    Goal {
        name: "g11",
        question: "processor time of sessions that do nothing",
        in_all: true,
        run: idle::sessions,
    },
    Goal {
        name: "g12",
        question: "what is lost or comes twice when the gateway is killed at full load",
        in_all: true,
        run: truth::after_kills,
    },
];
