//! A frame explained for a human reader.

/// What a frame is, field by field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// One line: message name and id.
    pub title: String,
    /// The fields in wire order.
    pub fields: Vec<Field>,
    /// What is wrong with it, if anything.
    pub problem: Option<String>,
}

/// One field of an explained frame.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field {
    /// The specification's name.
    pub name: String,
    /// Interpreted value, with unit.
    pub value: String,
    /// Raw bytes, as hexadecimal or (text protocols) as they stand; may be empty.
    pub raw: String,
    /// Parts of it.
    pub children: Vec<Self>,
}

impl Field {
    /// A field without children.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>, raw: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), raw: raw.into(), children: Vec::new() }
    }

    /// Adds parts.
    #[must_use]
    pub fn with(mut self, children: Vec<Self>) -> Self {
        self.children = children;
        self
    }
}
