//! Pieces that several wire formats share.

pub mod bcd;
pub mod cursor;
pub(crate) mod digits;
pub(crate) mod fault;
pub(crate) mod located;
pub(crate) mod number;
pub(crate) mod plain;
pub(crate) mod shown;
