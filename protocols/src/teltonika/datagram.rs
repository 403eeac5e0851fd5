//! Datagrams (specification 1.2): how the same records travel over UDP. The gateway listens on TCP; datagrams are only explained.
//!
//! ```text
//! length u16 | packet id u16 | type u8 | AVL packet id u8 | IMEI length u16 | IMEI | codec … number of data 2      up
//! length u16 | packet id u16 | type u8 | AVL packet id u8 | accepted u8                                              down
//! ```

/// A datagram that fits its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Datagram<'a> {
    /// Comes back in the answer.
    pub(super) packet_id: u16,
    /// 0: the channel wants an acknowledgement, 1: it does not, 2: this is one.
    pub(super) kind: u8,
    /// What is in it.
    pub(super) content: Content<'a>,
}

/// What a datagram brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content<'a> {
    /// Nothing: the channel's own acknowledgement.
    Nothing,
    /// Records.
    Records {
        /// Comes back in the answer.
        avl_packet_id: u8,
        /// Digits.
        imei: &'a [u8],
        /// From codec id to second count.
        data: &'a [u8],
    },
    /// The platform's answer.
    Accepted {
        /// Which records.
        avl_packet_id: u8,
        /// How many of them.
        count: u8,
    },
}

/// Bytes in front of the IMEI.
pub(super) const HEAD: usize = 8;

/// Reads a datagram; `None` for anything else.
pub(super) fn read(datagram: &[u8]) -> Option<Datagram<'_>> {
    let (&[l0, l1, p0, p1, kind], rest) = datagram.split_first_chunk()?;
    if usize::from(u16::from_be_bytes([l0, l1])) != rest.len() + 3 {
        return None;
    }
    let content = match *rest {
        [] if kind == 2 => Content::Nothing,
        [avl_packet_id, count] => Content::Accepted { avl_packet_id, count },
        [avl_packet_id, i0, i1, ref rest @ ..] => {
            let length = usize::from(u16::from_be_bytes([i0, i1]));
            let (imei, data) = rest.split_at_checked(length)?;
            if imei.is_empty() || !imei.iter().all(u8::is_ascii_digit) {
                return None;
            }
            Content::Records { avl_packet_id, imei, data }
        }
        _ => return None,
    };
    Some(Datagram { packet_id: u16::from_be_bytes([p0, p1]), kind, content })
}
