//! Pieces that several wire formats share.

pub mod bcd;
pub mod cursor;
