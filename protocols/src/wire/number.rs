//! Numbers of fixed size, for nom. Its own read them byte by byte through an iterator, which costs most of a small frame's decoding.

use nom::IResult;
use nom::error::{ErrorKind, ParseError};

/// The first bytes, as many as asked for.
#[inline]
fn first<'a, const N: usize, E: ParseError<&'a [u8]>>(
    input: &'a [u8],
) -> IResult<&'a [u8], [u8; N], E> {
    match input.split_first_chunk() {
        Some((bytes, rest)) => Ok((rest, *bytes)),
        None => Err(nom::Err::Error(E::from_error_kind(input, ErrorKind::Eof))),
    }
}

macro_rules! numbers {
    ($($name:ident $type:ty = $read:expr;)*) => {$(
        #[inline]
        pub(crate) fn $name<'a, E: ParseError<&'a [u8]>>(
            input: &'a [u8],
        ) -> IResult<&'a [u8], $type, E> {
            let (rest, bytes) = first(input)?;
            Ok((rest, $read(bytes)))
        }
    )*};
}

numbers! {
    be_u8 u8 = u8::from_be_bytes;
    be_u16 u16 = u16::from_be_bytes;
    be_u24 u32 = |[a, b, c]: [u8; 3]| u32::from_be_bytes([0, a, b, c]);
    be_u32 u32 = u32::from_be_bytes;
    be_u64 u64 = u64::from_be_bytes;
    be_i8 i8 = i8::from_be_bytes;
    be_i16 i16 = i16::from_be_bytes;
    be_i32 i32 = i32::from_be_bytes;
    be_i64 i64 = i64::from_be_bytes;
    be_f32 f32 = f32::from_be_bytes;
    be_f64 f64 = f64::from_be_bytes;
    le_u8 u8 = u8::from_le_bytes;
    le_u16 u16 = u16::from_le_bytes;
    le_u32 u32 = u32::from_le_bytes;
    le_i16 i16 = i16::from_le_bytes;
    le_i32 i32 = i32::from_le_bytes;
}
