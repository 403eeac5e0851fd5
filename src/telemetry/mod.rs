//! What the daemon says about itself: metrics and logs. No device ids in labels.

pub mod logging;
pub mod metrics;
pub mod prometheus;
