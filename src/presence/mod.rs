//! Which device is connected where, and how to reach its connection.
//!
//! What lies between the [`crate::outbox`], which has texts for devices, and the [`crate::gateway`], which has their
//! connections: neither needs to know more of the other.

mod handle;
mod registry;

pub use handle::{Closing, Handle};
pub(crate) use handle::{Item, millis};
pub use registry::Registry;
