//! The handshake and AVL records from bytes. Offsets in errors count from the start of the frame.
//!
//! A record is a view: its fixed fields are read at once, groups of IO elements are only measured, and walked when somebody asks.

use super::frame::{IMEI_LENGTHS, TAIL, data};
use super::message::{Codec, Elements, Record};
use crate::error::{DecodeError, DecodeErrorKind};

/// The fixed fields of a record with their widths, for errors.
pub(super) const FIXED: [(&str, usize); 8] = [
    ("timestamp", 8),
    ("priority", 1),
    ("longitude", 4),
    ("latitude", 4),
    ("altitude", 2),
    ("angle", 2),
    ("satellites", 1),
    ("speed", 2),
];
const FIXED_BYTES: usize = 24;

/// The digits of a handshake (specification 1).
pub(super) fn handshake(frame: &[u8]) -> Result<&str, DecodeError> {
    let error =
        |offset, kind| Err(DecodeError { message: "IMEI handshake", field: "IMEI", offset, kind });
    let Some((length, imei)) = frame.split_first_chunk::<2>() else {
        return error(0, DecodeErrorKind::Truncated);
    };
    let declared = usize::from(u16::from_be_bytes(*length));
    if declared != imei.len() || !IMEI_LENGTHS.contains(&declared) {
        return error(0, DecodeErrorKind::Invalid);
    }
    match imei.iter().position(|digit| !digit.is_ascii_digit()) {
        Some(at) => error(2 + at, DecodeErrorKind::Invalid),
        None => std::str::from_utf8(imei).or_else(|_| error(2, DecodeErrorKind::Invalid)),
    }
}

/// The codec of a frame; `None` for what is no frame.
pub(super) fn codec(frame: &[u8]) -> Option<u8> {
    data(frame).first().copied()
}

/// Records of an AVL frame, one after another.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    reader: Reader<'a>,
    codec: Codec,
    /// Codec 8 has a group of 16-byte values (specification 2).
    extended: bool,
    /// Number of records in the frame.
    pub(super) count: u8,
    left: u8,
}

/// Begins to read an AVL frame.
pub(super) fn records(
    frame: &[u8],
    codec: Codec,
    extended: bool,
) -> Result<Records<'_>, DecodeError> {
    records_of(data(frame), frame.len().saturating_sub(TAIL), codec, extended)
}

/// Begins to read `data`, from codec id to second count, which ends at offset `end` of whatever it stands in.
pub(super) fn records_of(
    data: &[u8],
    end: usize,
    codec: Codec,
    extended: bool,
) -> Result<Records<'_>, DecodeError> {
    let mut reader = Reader { rest: data, end, message: codec.name() };
    reader.take("codec id", 1)?;
    let count = reader.number("number of data 1", 1)? as u8;
    Ok(Records { reader, codec, extended, count, left: count })
}

impl<'a> Records<'a> {
    /// The next record; `None` after the last, when the frame has ended as it must.
    ///
    /// # Errors
    /// A field that is cut short; counts that differ, or bytes left over, at the end.
    #[inline]
    pub fn next_record(&mut self) -> Result<Option<Record<'a>>, DecodeError> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                self.record().map(Some)
            }
            None => self.end().map(|()| None),
        }
    }

    /// Where the next record begins.
    pub(super) const fn offset(&self) -> usize {
        self.reader.offset()
    }

    fn end(&mut self) -> Result<(), DecodeError> {
        let before = self.reader.clone();
        if self.reader.number("number of data 2", 1)? != u16::from(self.count) {
            return Err(before.error("number of data 2", DecodeErrorKind::Invalid));
        }
        match self.reader.rest {
            [] => Ok(()),
            _ => Err(self.reader.error("number of data 2", DecodeErrorKind::Trailing)),
        }
    }

    #[inline]
    fn record(&mut self) -> Result<Record<'a>, DecodeError> {
        let codec = self.codec;
        let reader = &mut self.reader;
        let f = reader.fixed()?;
        let event = reader.number("event IO id", codec.id_width())?;
        let generation = match codec {
            Codec::C16 => Some(reader.number("generation type", 1)? as u8),
            Codec::C8 | Codec::C8E => None,
        };
        let total = reader.number("total IO count", codec.count_width())?;
        let mut io = Elements { wide: codec.id_width() == 2, ..Elements::default() };
        io.one = reader.group("1-byte IO", codec, 1)?;
        io.two = reader.group("2-byte IO", codec, 2)?;
        io.four = reader.group("4-byte IO", codec, 4)?;
        io.eight = reader.group("8-byte IO", codec, 8)?;
        match codec {
            Codec::C8 if self.extended => io.sixteen = reader.group("16-byte IO", codec, 16)?,
            Codec::C8E => io.any = reader.any()?,
            Codec::C8 | Codec::C16 => {}
        }
        Ok(Record {
            timestamp: u64::from_be_bytes([f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]]),
            priority: f[8],
            longitude: i32::from_be_bytes([f[9], f[10], f[11], f[12]]),
            latitude: i32::from_be_bytes([f[13], f[14], f[15], f[16]]),
            altitude: i16::from_be_bytes([f[17], f[18]]),
            angle: u16::from_be_bytes([f[19], f[20]]),
            satellites: f[21],
            speed: u16::from_be_bytes([f[22], f[23]]),
            event,
            generation,
            total,
            io,
        })
    }
}

/// What has not been read yet.
#[derive(Debug, Clone)]
struct Reader<'a> {
    rest: &'a [u8],
    /// Offset of its end.
    end: usize,
    message: &'static str,
}

impl<'a> Reader<'a> {
    const fn offset(&self) -> usize {
        self.end.saturating_sub(self.rest.len())
    }

    #[cold]
    fn error(&self, field: &'static str, kind: DecodeErrorKind) -> DecodeError {
        DecodeError { message: self.message, field, offset: self.offset(), kind }
    }

    #[inline]
    fn take(&mut self, field: &'static str, count: usize) -> Result<&'a [u8], DecodeError> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.error(field, DecodeErrorKind::Truncated)),
        }
    }

    /// One or two bytes.
    #[inline]
    fn number(&mut self, field: &'static str, width: usize) -> Result<u16, DecodeError> {
        match self.take(field, width)? {
            [low] => Ok((*low).into()),
            [high, low] => Ok(u16::from_be_bytes([*high, *low])),
            _ => Err(self.error(field, DecodeErrorKind::Invalid)),
        }
    }

    /// The fixed fields of a record.
    #[inline]
    fn fixed(&mut self) -> Result<&'a [u8; FIXED_BYTES], DecodeError> {
        match self.rest.split_first_chunk() {
            Some((fixed, rest)) => {
                self.rest = rest;
                Ok(fixed)
            }
            None => Err(self.cut_short()),
        }
    }

    /// Which of the fixed fields is not whole.
    #[cold]
    fn cut_short(&mut self) -> DecodeError {
        for (field, width) in FIXED {
            if let Err(error) = self.take(field, width) {
                return error;
            }
        }
        self.error("record", DecodeErrorKind::Truncated)
    }

    /// A count, and so many ids with values of `size` bytes.
    #[inline]
    fn group(
        &mut self,
        field: &'static str,
        codec: Codec,
        size: usize,
    ) -> Result<&'a [u8], DecodeError> {
        let count = self.number(field, codec.count_width())?;
        // 65 535 times 18 is far from any overflow.
        self.take(field, usize::from(count) * (codec.id_width() + size))
    }

    /// A count, and so many ids with length and value.
    fn any(&mut self) -> Result<&'a [u8], DecodeError> {
        const FIELD: &str = "X-byte IO";
        let count = self.number(FIELD, 2)?;
        let begin = self.rest;
        for _ in 0..count {
            self.take(FIELD, 2)?;
            let length = self.number(FIELD, 2)?;
            self.take(FIELD, length.into())?;
        }
        Ok(begin.get(..begin.len().saturating_sub(self.rest.len())).unwrap_or(&[]))
    }
}
