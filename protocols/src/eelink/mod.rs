//! Eelink (Keelin, TK and GPT models): trackers of one maker, over TCP or in datagrams; instructions with a numbered answer to the
//! device, SMS that it received up.
//!
//! # Specification
//! The maker's *Communication Protocol* has a 1.x and a 2.x line; section numbers in this folder are those of the project's own
//! digest of them: 1 package and datagram, 2 login and answers, 3 position, 4 text, 5 timers. Inferred from published frames rather
//! than written: the temperatures' units and places, package 07, warning 0x25.
//!
//! # Framing
//! ```text
//! 67 67 │ id 1 │ size 2 │ sequence 2 │ content              a package; the size counts what is behind it
//! 45 4C │ size 2 │ check sum 2 │ IMEI 8 │ package, …        a datagram: EL
//! ```
//! Big-endian. A package has no checksum; a datagram's check sum is over all behind it, rotated left before each byte is added. The
//! framer hands out whole packages and whole datagrams.
//!
//! # Messages
//! | id | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | 01 | login | up | `session` | 01, at once |
//! | 03, 07 | heartbeat, status | up | `session` | the same id, at once |
//! | 02, 12 | position | up | `report` | the same id, after the commit |
//! | 04, 14 | warning | up | `report` | the same id, after the commit |
//! | 05, 15 | state, report | up | `report` | the same id, after the commit |
//! | 06, 16 | SMS that the tracker received | up | `report` | the same id, after the commit |
//! | others | | up | `session`: kept raw | the same id, after the commit |
//! | 80 | instruction | both | `session` | 80 with its unique id |
//!
//! # Rules and quirks
//! * The login, or a datagram's header, decides the device; before it everything is dropped. Refusal has no word: the connection
//!   is closed.
//! * A login of 22 bytes or more is one of version 2, whose answer has the server's time.
//! * A text is an instruction of type 2 (`text_type`), only to models that are configured as having a display. Its unique id is the
//!   text's number over 0x10000, so that it is never 0 and an answer counts on a later connection too. Unanswered, it goes out again
//!   twice with the same id. An answer with one of the `errors` refuses, any other confirms.
//! * An SMS is stored as a text with its sender's number in front. It is not keyboard input.
//! * A heartbeat is answered at once: the answer says that the connection lives, not that its status was stored.
//! * Tolerated: sizes out of bounds (the search for the next mark goes on), line ends and zeros between packages, tails that end
//!   anywhere, a position of 0/0 (none).

mod decode;
mod encode;
mod explain;
mod frame;
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
use crate::text::{TextPlan, TextRefusal, plan};

/// The protocol.
#[derive(Debug)]
pub(crate) struct Eelink;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "eelink",
    title: "Eelink",
    default_port: 5064,
    identity: "IMEI",
    example_identity: "352093081234567",
    uplink_text: true,
    downlink_text: true,
    profiles: options::PROFILES,
    idle_seconds: 900,
    options: options::OPTIONS,
};

impl Protocol for Eelink {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::EelinkFramer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::EelinkSession::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::EelinkTerminal::new(settings))
    }

    /// A connection begins with a login, or with a datagram.
    fn detect(&self, start: &[u8]) -> Detection {
        match *start {
            [0x67] | [0x67, 0x67] | [b'E'] | [b'E', b'L'] => Detection::Maybe,
            [0x67, 0x67, message::id::LOGIN, ..] => Detection::Yes,
            [b'E', b'L', ref rest @ ..] => match rest.get(12..) {
                None | Some([] | [0x67]) => Detection::Maybe,
                Some([0x67, 0x67, ..]) => Detection::Yes,
                Some(_) => Detection::No,
            },
            _ => Detection::No,
        }
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        let settings = options::Settings::read(options);
        if !settings.has_display() {
            return Err(TextRefusal::NotSupported);
        }
        plan(text, settings.parts())
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        for package in frame::packages(frame) {
            black_box(&decode::uplink(&package)?);
        }
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
