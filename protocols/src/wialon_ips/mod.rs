//! Wialon IPS: the text protocol that very many trackers speak to fleet platforms, over TCP; texts go both ways.
//!
//! # Specification
//! *Wialon IPS* 1.1 and 2.0 by Gurtam, and what is public of 2.1; section numbers in this folder are those of the project's own
//! digest of them: 1 framing, 2 versions, 3 checksum, 4 packets, 5 texts, 6 datagrams, 7 compression, 9 traps. Inferred from
//! devices and other servers rather than written: what a device answers to a text (5.1), the charset of texts (5.3), texts without
//! a checksum in 2.0, blanks, commas, NULs and leading zeros that are tolerated.
//!
//! # Framing
//! ```text
//! #PT#body[;CRC]\r\n             a packet: type of 1 to 3 capitals, fields between semicolons
//! #I#Sz;…;CRC\r\n<Sz bytes>      with binary bytes behind the line: I, T, US, UC
//! FF | length u16 LE | zlib      a container: one packet, with or without its line end
//! text\r\n                       a plain command of the device's maker
//! ```
//! The checksum is CRC-16/ARC in hexadecimal over the body up to and including the last separator (of binary bytes only, where
//! there are any); 1.1 has none.
//!
//! # Messages
//! | type | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | `L` | login | up | `session` | `AL` 1, 0, 01, 10, at once |
//! | `P` | ping | up | `session` | `AP`, at once |
//! | `SD` | short data | up | `session`, `report` | `ASD`, after the commit |
//! | `D` | extended data | up | `session`, `report` | `AD`, after the commit |
//! | `B` | black box | up | `session`, `report` | `AB` and the number of records, after the commit |
//! | `M` | text | both | `session` | `AM`, after the commit; from the device, see below |
//! | `I`, `IT`, `T` | picture, tachograph file | up | `session`: read, counted, dropped | `AI`, `AIT`, `AT` |
//! | `QI`, `QT`, `US`, `UC` | request for those, firmware, configuration | down | encoded and decoded only | – |
//! | others | 2.1 video and the future | up | `session`: counted | – |
//!
//! # Rules and quirks
//! * The first login decides the device and the dialect. Before it, data is refused with its own answer (`ASD` −1, `AM` 0, …) and
//!   a ping is not answered.
//! * Data that could not be stored: `ASD` −1, `AD` −1, `AB` 0, `AM` 0. −1 (structure) is chosen because 0 would blame the time.
//! * A black box with unreadable records is stored without them, and answered with the number stored.
//! * Texts have no number. One is outstanding per connection and the next `AM` is about it: 1 confirms, 0 refuses for good (unless
//!   `retry_refused`), 01 makes it go out once more, unchanged, before it counts as refused. An `M` from the device is a text,
//!   never a receipt. Devices that answer nothing: option `receipt`. An answer that comes after the time limit is about nothing, or,
//!   if the next text is out already, about that one: the format cannot tell, so the limit is long.
//! * A text with position and time comes as parameter `text:3:…` of `D` and `B`.
//! * Line ends and `#` in a text to the device become blanks; the format has no escape.
//! * Tolerated: LF alone, NUL and blanks between packets (several trackers), blanks around fields, decimal commas, short data that
//!   carries an extended body, fields missing at the end of extended data, checksums in lower case, without leading zeros, with
//!   `0x`, or computed without the last separator (one server), longitudes with two digits of degrees.

mod decode;
mod encode;
mod explain;
mod fields;
mod frame;
mod inflate;
mod message;
mod options;
mod record;
mod refusal;
mod report;
mod session;
mod terminal;
#[cfg(test)]
mod tests;

use std::hint::black_box;

use self::message::Version;
use crate::error::DecodeError;
use crate::explain::Explanation;
use crate::framing::{Framer, Limits};
use crate::options::DeviceOptions;
use crate::protocol::{Detection, Protocol, ProtocolInfo};
use crate::session::Session;
use crate::single::one_line;
use crate::terminal::{Terminal, TerminalSettings};
use crate::text::{TextPlan, TextRefusal, plan};

/// The protocol.
#[derive(Debug)]
pub(crate) struct WialonIps;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "wialon_ips",
    title: "Wialon IPS 1.1, 2.0, 2.1",
    default_port: 20332,
    identity: "IMEI or unit id",
    example_identity: "352094081234567",
    uplink_text: true,
    downlink_text: true,
    profiles: options::PROFILES,
    idle_seconds: 600,
    options: options::OPTIONS,
};

impl Protocol for WialonIps {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::IpsFramer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::IpsSession::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::IpsTerminal::new(settings))
    }

    /// A connection begins with a login, as it stands or compressed.
    fn detect(&self, start: &[u8]) -> Detection {
        const LOGIN: &[u8] = b"#L#";
        if start.starts_with(LOGIN) {
            return Detection::Yes;
        }
        match *start {
            // A zlib stream behind the container's mark and length: 32 KiB window, any level.
            [0xff, _, _, 0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Detection::Yes,
            [0xff] | [0xff, _] | [0xff, _, _] | [0xff, _, _, 0x78] => Detection::Maybe,
            _ if LOGIN.starts_with(start) => Detection::Maybe,
            _ => Detection::No,
        }
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        plan(&one_line(text, options::UNFIT), options::Settings::read(options).parts())
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        let read = |version| decode::packet(frame, version);
        // The older version has no checksum, which would be one more field.
        let packet = read(Version::V2).or_else(|_| read(Version::V1));
        black_box(&packet?);
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
