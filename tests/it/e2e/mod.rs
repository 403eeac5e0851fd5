//! End to end: a real daemon, real TCP terminals, real HTTP, a real database file.
//!
//! Nothing here waits for a fixed time; [`daemon::eventually`] asks until the answer is there.

mod accounts;
mod admission;
mod child;
mod crash;
pub mod daemon;
mod delivery;
mod faulty;
mod identity;
mod limits;
mod listeners;
mod long_texts;
mod metrics;
mod outage;
mod positions;
mod profiles;
mod relay;
mod repeats;
mod restart;
mod takeover;
mod threads;
mod transcripts;
mod wire;
