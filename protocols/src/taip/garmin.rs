//! Garmin FMI through the tracker: `>RFM.,hex;…<` up and, in the same form, `>SFM.,hex<` down (FMI carriers specification,
//! section 5).
//!
//! The bytes are packet id, size and payload: the tracker adds and removes framing, checksum and stuffing, and acknowledges on
//! the cable.

use super::message::Message;

/// What stands before the digits.
const MARK: &[u8] = b".,";

/// The bytes of an `RFM` or `SFM`; `None` for anything else, such as the word that the cable was unplugged.
pub(crate) fn unwrap(message: &Message<'_>) -> Option<Vec<u8>> {
    let ([b'R' | b'S', b'F', b'M'], Some(digits)) = (message.name, message.data.strip_prefix(MARK))
    else {
        return None;
    };
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() || pairs.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| u8::try_from(nibble(high)? * 16 + nibble(low)?).ok()).collect()
}
