//! Why a frame's content could not be understood.

/// A complete frame whose content does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}: field {field} at offset {offset}: {kind}")]
pub struct DecodeError {
    /// Message name with its id.
    pub message: &'static str,
    /// Field name, as the specification has it.
    pub field: &'static str,
    /// Offset of the field from the start of the frame (binary protocols) or of the body (text protocols).
    pub offset: usize,
    /// What is wrong.
    pub kind: DecodeErrorKind,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The frame ends before the field does.
    #[error("ends too early")]
    Truncated,
    /// The value is not one the field can have.
    #[error("has no valid value")]
    Invalid,
    /// Bytes are left over where the specification allows none.
    #[error("bytes left over")]
    Trailing,
}
