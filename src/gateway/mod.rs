//! The device side: listeners, connections, who is connected where.

mod limits;

pub use limits::Limits;
