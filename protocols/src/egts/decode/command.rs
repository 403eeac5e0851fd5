//! COMMAND_DATA (section 7), and what its CD holds by command type (section 7.1).

use super::{Outcome, bytes, u8_of, u32_of, when};
use crate::egts::message::{Command, Order, OrderAnswer, Sub};

/// COMMAND_DATA.
pub(super) fn command(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, types) = u8_of("CT/CCT", input)?;
    let (rest, id) = u32_of("CID", rest)?;
    let (rest, sender) = u32_of("SID", rest)?;
    let (rest, flags) = u8_of("ACFE/CHSFE", rest)?;
    let (mut rest, charset) = when(flags & 1 != 0, "CHS", u8_of, rest)?;
    let mut authorisation = None;
    if flags & 2 != 0 {
        let (after, length) = u8_of("ACL", rest)?;
        let (after, code) = bytes("AC", length.into(), after)?;
        (rest, authorisation) = (after, Some(code));
    }
    let (kind, result) = (types >> 4, types & 0x0f);
    Ok(Sub::Command(Command { kind, result, id, sender, charset, authorisation, data: rest }))
}

/// CD of COM, DELCOM and SUBREQ; `None` if it is empty or too short to be one.
pub(in crate::egts) fn order(data: &[u8]) -> Option<Order<'_>> {
    let (&[a0, a1, act, c0, c1], data) = data.split_first_chunk()?;
    Some(Order {
        address: u16::from_le_bytes([a0, a1]),
        size: act >> 4,
        action: act & 0x0f,
        code: u16::from_le_bytes([c0, c1]),
        data,
    })
}

/// CD of COMCONF; `None` if it is empty or too short to be one.
pub(in crate::egts) fn order_answer(data: &[u8]) -> Option<OrderAnswer<'_>> {
    let (&[a0, a1, c0, c1], data) = data.split_first_chunk()?;
    Some(OrderAnswer {
        address: u16::from_le_bytes([a0, a1]),
        code: u16::from_le_bytes([c0, c1]),
        data,
    })
}
