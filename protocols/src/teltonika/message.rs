//! What is in a frame, as views over its bytes: the handshake, AVL records with their IO elements (specification 2), and the
//! platform's two answers. Message codecs have a room of their own, `envelope`.

use bytes::Bytes;

/// Layout of AVL records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Codec 8: ids and counts of one byte.
    C8,
    /// Codec 8 Extended: ids and counts of two bytes, values of any length.
    C8E,
    /// Codec 16: ids of two bytes, counts of one, and why the record was made.
    C16,
}

impl Codec {
    /// The codec with this id.
    pub(super) const fn by_id(id: u8) -> Option<Self> {
        match id {
            0x08 => Some(Self::C8),
            0x8e => Some(Self::C8E),
            0x10 => Some(Self::C16),
            _ => None,
        }
    }

    pub(super) const fn id(self) -> u8 {
        match self {
            Self::C8 => 0x08,
            Self::C8E => 0x8e,
            Self::C16 => 0x10,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::C8 => "codec 8",
            Self::C8E => "codec 8 extended",
            Self::C16 => "codec 16",
        }
    }

    /// Bytes of an IO id.
    pub(super) const fn id_width(self) -> usize {
        if matches!(self, Self::C8) { 1 } else { 2 }
    }

    /// Bytes of a count of IO elements.
    pub(super) const fn count_width(self) -> usize {
        if matches!(self, Self::C8E) { 2 } else { 1 }
    }
}

/// One AVL record (specification 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Milliseconds since 1970 UTC.
    pub timestamp: u64,
    /// 0 low, 1 high, 2 panic, 3 security.
    pub priority: u8,
    /// Degrees × 10⁷.
    pub longitude: i32,
    /// Degrees × 10⁷.
    pub latitude: i32,
    /// Metres.
    pub altitude: i16,
    /// Degrees clockwise from north.
    pub angle: u16,
    /// 0: no fix.
    pub satellites: u8,
    /// km/h.
    pub speed: u16,
    /// IO element that made the record; 0: periodic.
    pub event: u16,
    /// Why it did, in codec 16.
    pub generation: Option<u8>,
    /// Number of IO elements by the record's own count.
    pub total: u16,
    /// The IO elements.
    pub io: Elements<'a>,
}

/// IO elements by the size of their values: ids and values as they stand on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Elements<'a> {
    /// Ids have two bytes.
    pub wide: bool,
    /// Values of 1 byte.
    pub one: &'a [u8],
    /// Values of 2 bytes.
    pub two: &'a [u8],
    /// Values of 4 bytes.
    pub four: &'a [u8],
    /// Values of 8 bytes.
    pub eight: &'a [u8],
    /// Values of 16 bytes: in codec 8 of some old devices.
    pub sixteen: &'a [u8],
    /// Id, length (two bytes) and value each: codec 8 Extended.
    pub any: &'a [u8],
}

/// Value of an IO element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IoValue<'a> {
    /// Of 1, 2, 4 or 8 bytes.
    Number {
        /// Without sign.
        value: u64,
        /// Bytes.
        size: u8,
    },
    /// Of any other length.
    Bytes(&'a [u8]),
}

impl<'a> Elements<'a> {
    /// How many elements there are; of those of any length, how many at most if they are not very short.
    pub(super) const fn about(&self) -> usize {
        let id = if self.wide { 2 } else { 1 };
        self.one.len() / (id + 1)
            + self.two.len() / (id + 2)
            + self.four.len() / (id + 4)
            + self.eight.len() / (id + 8)
            + self.sixteen.len() / 17
            + self.any.len() / 8
    }

    /// Hands every element to `visit`, in wire order.
    #[inline]
    pub fn each(&self, mut visit: impl FnMut(u16, IoValue<'a>)) {
        let visit = &mut visit;
        if self.wide {
            numbers::<3, 1>(self.one, visit);
            numbers::<4, 2>(self.two, visit);
            numbers::<6, 4>(self.four, visit);
            numbers::<10, 8>(self.eight, visit);
        } else {
            numbers::<2, 1>(self.one, visit);
            numbers::<3, 2>(self.two, visit);
            numbers::<5, 4>(self.four, visit);
            numbers::<9, 8>(self.eight, visit);
        }
        self.each_long(visit);
    }

    /// Hands the elements of 8 bytes and more to `visit`: identities are among them.
    pub(super) fn each_identity(&self, mut visit: impl FnMut(u16, IoValue<'a>)) {
        if self.wide {
            numbers::<10, 8>(self.eight, &mut visit);
        } else {
            numbers::<9, 8>(self.eight, &mut visit);
        }
        self.each_long(&mut visit);
    }

    fn each_long(&self, visit: &mut impl FnMut(u16, IoValue<'a>)) {
        for element in self.sixteen.chunks_exact(17) {
            if let [id, value @ ..] = element {
                visit(u16::from(*id), IoValue::Bytes(value));
            }
        }
        let mut rest = self.any;
        while let Some((&[i0, i1, l0, l1], behind)) = rest.split_first_chunk()
            && let Some((value, behind)) =
                behind.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))
        {
            visit(u16::from_be_bytes([i0, i1]), IoValue::Bytes(value));
            rest = behind;
        }
    }
}

/// Elements of `STEP` bytes, of which the last `SIZE` are the value.
#[inline]
fn numbers<'a, const STEP: usize, const SIZE: usize>(
    group: &'a [u8],
    visit: &mut impl FnMut(u16, IoValue<'a>),
) {
    for element in group.as_chunks::<STEP>().0 {
        if let Some((id, value)) = element.split_last_chunk::<SIZE>() {
            let id = id.iter().fold(0, |id, &byte| (id << 8) | u16::from(byte));
            let value = value.iter().fold(0, |value, &byte| (value << 8) | u64::from(byte));
            visit(id, IoValue::Number { value, size: SIZE as u8 });
        }
    }
}

const fn counts() -> [[u8; 4]; 256] {
    let mut counts = [[0; 4]; 256];
    let mut count = 0;
    while count < 256 {
        counts[count][3] = count as u8;
        count += 1;
    }
    counts
}

static COUNTS: [[u8; 4]; 256] = counts();

/// The platform's answer to an AVL frame: how many records it has stored.
pub(super) fn accepted(count: u8) -> Bytes {
    COUNTS.get(usize::from(count)).map_or_else(Bytes::new, |count| Bytes::from_static(count))
}

/// The platform's answer to the handshake: the device is welcome.
pub(super) const WELCOME: &[u8] = &[1];
/// It is not.
pub(super) const NOT_WELCOME: &[u8] = &[0];
