//! NDTP 6: the binary protocol of Russian vehicle terminals (Granit, M2M-Cyber and relatives) over TCP; texts go both ways.
//!
//! # Specification
//! *Navigation Data Transfer Protocol* 6.x. The vendor's document is not public; section numbers in this folder are those of the
//! project's own digest of what open implementations and captured packets show: 1 NPL packets, 2 NPH packets, 3 login, 4 navigation
//! data, 5 texts to the driver, 6 texts from the driver. Inferred: everything about texts from the driver (6), the four cells with
//! contents (one implementation each but the first), meanings of result codes other than 0.
//!
//! # Framing
//! Low byte first, except the checksum. It is CRC-16/MODBUS over the body; nothing protects the header.
//! ```text
//! 7E 7E │ length 2 │ flags 2 │ CRC 2 (high byte first) │ type 1 │ peer 4 │ request 2 │ body        NPL packet
//! service 2 │ type 2 │ flags 2 │ request 4 │ data                                                 its body, if type is 2: NPH packet
//! type 1 │ index 1 │ payload                                                                      a cell of navigation data
//! ```
//!
//! # Messages
//! | service, type | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | any, 0 | result | both | `session`, `delivery` | – |
//! | 0, 100 | login | up | `session` | result 0, or 303 |
//! | 1, 100 | navigation history | up | `session`, `report` | result 0 after the commit, else 400 |
//! | 1, 101 | navigation in real time | up | `session`, `report` | result 0 after the commit, else 400 |
//! | 5, 100 | text, or another title | up | `session`, `markup` | 5, 102 with 0 after the commit, else 400 |
//! | 5, 100 | text for the display | down | `delivery`, `markup` | 5, 102 |
//! | 5, 102 | result of a text | both | `delivery` | – |
//! | others | file transfer, client list, debug | up | `session`: kept raw | result 100, or 0 (`ack_unknown`) |
//! | NPL types 1 and 3 | error, debug | up | `session`: kept raw | – |
//!
//! # Rules and quirks
//! * A result goes only to a packet whose flags ask for one, except that a login and a text from the driver always get theirs. It is both
//!   headers of the request, without the NPH flags.
//! * Before the login everything else is dropped unanswered. The identity is the IMEI, with the device address as an alias, or the device
//!   address alone. The address has 32 bits.
//! * A text's NPH request id is the serial that the host persisted, its message number the lower 16 bits (65 535 instead of 0), so a
//!   result counts after a crash. It is matched by both and by a fragment word of 0 or 0x8000; NPL request ids mean nothing.
//! * 5, 102 with 0 means that the terminal accepted the text for its display, not that anybody read it. 1 is busy: later again. Any other
//!   code refuses for good, unless `retry_refused`; so does a plain result of service 5 other than 0.
//! * One text is outstanding. Without a result it goes out again after 30 s, three times, with the same numbers.
//! * Texts are never fragmented, since the layout of further fragments is not known: longer ones go in parts. One that is larger than the
//!   packet that the device declares in its login is refused with 201 without being sent.
//! * `<`, `>` and `&` in a text become ‹, › and +, line feeds `<br/>`: the markup has no escapes. A question with one or two answers has
//!   buttons, with more it is a text.
//! * What a driver's text or a pressed button looks like is not known. The markup is removed; of markup that is not just what surrounds
//!   every text, the raw form is kept beside the message. A button that is named becomes what the button says, and answers the text that
//!   is named, or the newest with buttons. A first fragment of several counts as the text it holds.
//! * A repeat of a driver's text is known by message number and NPH request id. Whether terminals keep the latter over a reconnect is
//!   not known; without it, a terminal that does not number its messages would lose a second `ok`.
//! * Cells have no length: behind one of an unknown type, or one that is cut short, nothing can be read. The rest is kept raw and the
//!   packet is answered with 0, since the terminal would repeat it.
//! * Tolerated: bytes between packets (a signature counts only with flags below 0x100 and a known type behind it), packets without
//!   checksum. Encrypted packets end the connection.

mod decode;
mod delivery;
mod encode;
mod explain;
mod frame;
mod markup;
mod message;
mod options;
mod report;
mod session;
mod terminal;
#[cfg(test)]
mod tests;

use std::hint::black_box;

use crate::error::DecodeError;
use crate::explain::Explanation;
use crate::framing::{Framer, Limits};
use crate::options::DeviceOptions;
use crate::protocol::{Detection, Protocol, ProtocolInfo};
use crate::session::Session;
use crate::terminal::{Terminal, TerminalSettings};
use crate::text::{TextPlan, TextRefusal};

/// The protocol.
#[derive(Debug)]
pub(crate) struct Ndtp;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "ndtp",
    title: "NDTP 6",
    // None is registered; this is what the most common open tracking server uses.
    default_port: 5243,
    identity: "IMEI or device address",
    example_identity: "352094081234567",
    uplink_text: true,
    downlink_text: true,
    profiles: options::PROFILES,
    idle_seconds: 900,
    options: options::OPTIONS,
};

impl Protocol for Ndtp {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::NdtpFramer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::NdtpSession::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::NdtpTerminal::new(settings))
    }

    fn detect(&self, start: &[u8]) -> Detection {
        frame::detect(start)
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        options::Settings::read(options).plan(text)
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        black_box(&decode::packet(frame)?);
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
