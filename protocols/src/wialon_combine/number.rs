//! Numbers of variable width (specification, introduction): `x*` takes 1 byte, or 2 when the top bit is set; `x**` takes 2 bytes, or
//! 4 when the top bit is set. High byte first. Devices write small numbers in the wide form too.

use crate::wire::number::{be_u8, be_u16};
use nom::IResult;

/// Largest `x*`.
pub(super) const MAX_SHORT: u16 = 0x7fff;
/// Largest `x**`.
pub(super) const MAX_LONG: u32 = 0x7fff_ffff;

/// `x*`: 15 bits.
pub(super) fn short(input: &[u8]) -> IResult<&[u8], u16> {
    let (rest, first) = be_u8(input)?;
    if first < 0x80 {
        return Ok((rest, first.into()));
    }
    let (rest, word) = be_u16(input).map(|(rest, word)| (rest, word & MAX_SHORT))?;
    Ok((rest, word))
}

/// `x**`: 31 bits.
pub(super) fn long(input: &[u8]) -> IResult<&[u8], u32> {
    let (rest, high) = be_u16(input)?;
    if high < 0x8000 {
        return Ok((rest, high.into()));
    }
    let (rest, low) = be_u16(rest)?;
    Ok((rest, u32::from(high & MAX_SHORT) << 16 | u32::from(low)))
}

/// Writes `x*`, in one byte if that is enough. Values beyond 15 bits lose their top bit.
pub(super) fn put_short(value: u16, out: &mut Vec<u8>) {
    match u8::try_from(value) {
        Ok(byte) if byte < 0x80 => out.push(byte),
        _ => out.extend_from_slice(&(value | 0x8000).to_be_bytes()),
    }
}

/// Writes `x**`, in two bytes if that is enough. Values beyond 31 bits lose their top bit.
pub(super) fn put_long(value: u32, out: &mut Vec<u8>) {
    match u16::try_from(value) {
        Ok(word) if word <= MAX_SHORT => out.extend_from_slice(&word.to_be_bytes()),
        _ => out.extend_from_slice(&(value | 0x8000_0000).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_widths_come_back() {
        for value in [0, 1, 0x7f, 0x80, 0x4d9, 0x7fff] {
            let mut bytes = Vec::new();
            put_short(value, &mut bytes);
            assert_eq!(bytes.len(), if value < 0x80 { 1 } else { 2 });
            assert_eq!(short(&bytes), Ok((&[][..], value)));
        }
        for value in [0, 0x7f, 0x7fff, 0x8000, 33_018, 0x7fff_ffff] {
            let mut bytes = Vec::new();
            put_long(value, &mut bytes);
            assert_eq!(bytes.len(), if value < 0x8000 { 2 } else { 4 });
            assert_eq!(long(&bytes), Ok((&[][..], value)));
        }
    }

    #[test]
    fn a_small_number_in_the_wide_form_is_the_same_number() {
        assert_eq!(short(&[0x80, 0x0e]), Ok((&[][..], 14)));
        assert_eq!(long(&[0x80, 0, 0, 0x0e]), Ok((&[][..], 14)));
    }

    #[test]
    fn half_a_number_is_none() {
        for bytes in [&[][..], &[0x80]] {
            assert!(short(bytes).is_err());
        }
        for bytes in [&[][..], &[0], &[0x80, 0], &[0x80, 0, 0]] {
            assert!(long(bytes).is_err());
        }
    }
}
