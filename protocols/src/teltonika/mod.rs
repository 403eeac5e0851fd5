//! Teltonika: the vendor's trackers, from small ones without any display to units with a text terminal or a Garmin navigator on
//! their serial port.
//!
//! # Specification
//! *Teltonika data sending protocols* by the vendor: codecs 8, 8 Extended, 16 (records) and 12 to 15 (messages), from its wiki, the
//! manuals *FM5300 with protocols*, the protocol description v2.10 for FM devices and those of FM5500 and FMB630; section numbers in this folder are those
//! of the project's own digest of them: 1 session, 2 records, 3 message codecs, 4 serial port, 5 navigators, 7 contradictions, 9
//! samples. Inferred from other servers and frames of real devices rather than written: that no message codec is acknowledged, that
//! time in codecs 13 and 15 has four bytes and counts seconds, the fifth group of codec 8, that any type can come.
//!
//! # Framing
//! ```text
//! 00 0F | 15 digits                                     handshake: the IMEI with its length; answered by 01 or 00
//! 00 00 00 00 | L u32 | codec … count | 00 00 | CRC u16      everything else, both ways
//! FF                                                    keep-alive, between frames: skipped
//! ```
//! Big-endian. The checksum is CRC-16/ARC over the L bytes. A frame with a wrong one is dropped; anything but the above ends the
//! connection, as nothing marks where to go on.
//!
//! # Messages
//! | codec | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | – | handshake | up | `session` | `01`, `00`, at once |
//! | 08, 8E, 10 | records | up | `decode`, `report`, `driver` | number of records in four bytes, after the commit |
//! | 0C type 05, 0E type 05 | text command | down | `session::texts` | response, type 06 |
//! | 0C type 0E | line for the serial port | down | `session::texts` | – |
//! | 0C type 07 | bytes for a Garmin navigator | down | `session/navigator` | the navigator |
//! | 0C, 0E type 06 | response to a command | up | `session::serial` | – |
//! | 0E type 11 | the IMEI is another's | up | `session::serial` | – |
//! | 0C, 0D, 0F | serial data | up | `session::serial` | – |
//! | 0C type 0D | picture | up | `session::serial`: counted | – |
//! | 07 | records of the GH3000 family | up | not read, an error | – |
//!
//! # Rules and quirks
//! * Records that could not be stored are answered with 0. A frame that cannot be read is not answered: the device repeats it.
//! * The same handshake again is answered again; another one is refused.
//! * A serial port and a command line share type 06. While a command waits, such a message is its response, unless `serial_type`
//!   says what type the port's bytes have. Responses are kept as texts of the device.
//! * Texts wait for the end of the backlog: until a packet of one record, or three seconds without a packet of more, or a minute.
//! * Texts are not numbered and their receipts name nothing: one is outstanding, in order. A receipt that comes too late is, on a
//!   terminal, a line like any other: better one line too many on the platform than a driver's word lost.
//! * A message goes down behind the answers to all records before it: its preamble would pass for an answer of 0.
//! * A driver is reported when he changes, not with every record that names him; records older than the last such are not asked.
//! * Records may come newest first, and repeated: reports keep the order of the frame.
//! * Longitude comes before latitude. Without satellites the place is the last known one.

mod datagram;
mod decode;
mod driver;
mod encode;
pub(crate) mod envelope;
mod explain;
mod frame;
mod message;
mod names;
mod options;
mod report;
mod session;
mod terminal;
#[cfg(test)]
mod tests;

use std::hint::black_box;

pub use self::decode::Records;
pub use self::message::{Codec, Elements, IoValue, Record};

use self::envelope::MessageCodec;
use crate::error::DecodeError;
use crate::explain::Explanation;
use crate::framing::{Framer, Limits};
use crate::options::DeviceOptions;
use crate::protocol::{Detection, Protocol, ProtocolInfo};
use crate::session::Session;
use crate::terminal::{Terminal, TerminalSettings};
use crate::text::{TextPlan, TextRefusal};

/// The records of one frame, as the framer hands it out, as views over its bytes: what a session makes its reports of. `None` if
/// the frame is none of records.
///
/// # Errors
/// The frame ends before its first record.
pub fn records(frame: &[u8]) -> Result<Option<Records<'_>>, DecodeError> {
    let codec = decode::codec(frame).and_then(Codec::by_id);
    codec.map(|codec| decode::records(frame, codec, false)).transpose()
}

/// Reads every value of every record of a frame, and drops them.
fn read_records(mut records: Records<'_>) -> Result<(), DecodeError> {
    while let Some(record) = records.next_record()? {
        record.io.each(|id, value| {
            black_box(&(id, value));
        });
        black_box(record);
    }
    Ok(())
}

/// The protocol.
#[derive(Debug)]
pub(crate) struct Teltonika;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "teltonika",
    title: "Teltonika codecs 8, 8E, 16, 12 to 15",
    default_port: 5027,
    identity: "IMEI",
    example_identity: "352094081234567",
    uplink_text: true,
    downlink_text: true,
    profiles: options::PROFILES,
    // A tracker that stands still reports every hour or less often, and messages need an open link (1).
    idle_seconds: 7200,
    options: options::OPTIONS,
};

/// Keep-alives that may come before the handshake.
const MAX_EARLY_KEEP_ALIVES: usize = 16;

impl Protocol for Teltonika {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::TeltonikaFramer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::TeltonikaSession::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::TeltonikaTerminal::new(settings))
    }

    /// A connection begins with the IMEI and its length.
    fn detect(&self, start: &[u8]) -> Detection {
        let early = start.iter().take_while(|&&byte| byte == frame::KEEP_ALIVE).count();
        if early > MAX_EARLY_KEEP_ALIVES {
            return Detection::No;
        }
        match start.get(early..).unwrap_or(&[]) {
            [] | [0] => Detection::Maybe,
            [0, length, digits @ ..] => {
                let length = usize::from(*length);
                let imei = digits.get(..length).unwrap_or(digits);
                match imei.iter().all(u8::is_ascii_digit) && frame::IMEI_LENGTHS.contains(&length) {
                    false => Detection::No,
                    true if imei.len() < length => Detection::Maybe,
                    true => Detection::Yes,
                }
            }
            _ => Detection::No,
        }
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        options::plan(text, options)
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        let id = decode::codec(frame).unwrap_or(0);
        if !frame.starts_with(&[0; 4]) {
            black_box(&decode::handshake(frame)?);
        } else if let Some(codec) = Codec::by_id(id) {
            let read = |long| read_records(decode::records(frame, codec, long)?);
            return read(false).or_else(|error| read(true).map_err(|_| error));
        } else if let Some(codec) = MessageCodec::by_id(id) {
            black_box(&envelope::unwrap(frame, codec)?);
        }
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
