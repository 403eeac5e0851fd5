//! Simulated devices over real TCP: what `cabwire simulate` runs, and what the end-to-end tests use as their devices.
//!
//! * [`Device`]: one connection, moved by hand;
//! * [`Behaviour`] and [`run`]: a device that lives by itself: heartbeats, reports, answers, mishaps, reconnects;
//! * [`Fleet`]: many of those, counted together.
//!
//! The words of each protocol come from its [`protocols::Terminal`]; nothing here knows one by name. Chance comes from a seed, so
//! that a run can be repeated.

mod behaviour;
mod device;
mod fleet;
mod life;
mod random;
mod route;

pub use behaviour::{Behaviour, Confirm, parse_duration};
pub use device::{Closed, Device, DeviceEvent, Text};
pub use fleet::{Counts, Fleet, Identity};
pub use life::{Happening, Life, run};
pub use random::Random;
pub use route::Route;

#[cfg(test)]
mod tests;
