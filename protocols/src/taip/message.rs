//! A message as it stands between `>` and `<`, borrowed.

/// Which bytes the checksum covers (section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Rule {
    /// Through the `*`.
    #[default]
    A,
    /// Up to the `*`.
    B,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// Qualifier and command: `REV`, `STX`, `ACK`, …
    pub(super) name: [u8; 3],
    /// What follows up to the first `;`.
    pub(super) data: &'a [u8],
    /// Tags in the order in which they stand, index and checksum left out.
    pub(super) tags: Vec<Tag<'a>>,
    /// `#…`, with the number of tags before it.
    pub(super) index: Option<(&'a [u8], usize)>,
    /// The rule by which its checksum is right; `None` without a checksum, or with a wrong one.
    pub(super) rule: Option<Rule>,
}

/// `XX=value`; without `=` the name is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// What stands before `=`.
    pub(super) name: &'a [u8],
    /// What stands behind it.
    pub(super) value: &'a [u8],
}

impl<'a> Message<'a> {
    /// The value of the first tag `name`.
    pub(super) fn tag(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.tags.iter().find(|tag| tag.name == name).map(|tag| tag.value)
    }

    /// Whether the index stands before the identity.
    pub(super) fn index_first(&self) -> bool {
        let id = self.tags.iter().position(|tag| tag.name == b"ID");
        matches!((self.index, id), (Some((_, before)), Some(id)) if before <= id)
    }
}
