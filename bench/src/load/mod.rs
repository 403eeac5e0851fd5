//! The generator: terminals and API clients, one thread with one event loop, written apart from the code under test on purpose:
//! what measures must not cost what is measured.

pub mod events;
pub mod fleet;
pub mod http;
pub mod jt808;
pub mod schedule;
pub mod speech;
pub mod ticks;
pub mod traffic;
pub mod wialon;
pub mod wire;
