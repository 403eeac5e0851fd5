//! GT06: the protocol of Concox, Jimi and many clones, the most common low-cost vehicle trackers, over TCP; no text from the
//! driver, commands with a numbered answer to the device.
//!
//! # Specification
//! The makers' *GT06* documents have many editions; section numbers in this folder are those of the project's own digest of them:
//! 1 packet, 2 protocol numbers and answers, 3 position, 4 text-like traffic, 5 timers. Inferred from published frames rather than
//! written: everything in `models`, the codes of alarms, the status bits, which byte behind a cell is the ignition.
//!
//! # Framing
//! ```text
//! 78 78 │ length 1 │ protocol 1 │ content │ serial 2 │ CRC 2 │ 0D 0A
//! 79 79 │ length 2 │ protocol 1 │ content │ serial 2 │ CRC 2 │ 0D 0A
//! ```
//! Big-endian. The length counts protocol number to CRC; the CRC is CRC-16/X-25 over length to serial. The framer hands out whole
//! packets.
//!
//! # Messages
//! | number | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | 01 | login | up | `session` | 01, at once |
//! | 13, 23 | heartbeat | up | `session`, `report` | the same number, at once |
//! | 10, 12, 22 | position | up | `report` | – |
//! | 16, 26, 27 | alarm with position | up | `report` | the same number, after the commit |
//! | 15, 21 | answer to a command | up | `session` | – |
//! | 8A | time request | up | `session` | 8A with the time, at once |
//! | 11, 17, 19, 24, 25, 32, 34, 36, 37, 61, 70, 94, 95, 9B, A0, A3, A5, F2 | positions, alarms and states of single models | up | `models`, `report` | – |
//! | 1A, 97 and others | address requests, cells, photographs | up | `session`: kept raw | – |
//! | 80 | command | down | `session` | 15 or 21 with its flag |
//!
//! # Rules and quirks
//! * The first login decides the device; before it everything is dropped. Refusal has no word: the connection is closed.
//! * A text is a command by the device's `template`; without one the model has no display and texts are refused. The command's flag
//!   is the text's number over 0x10000, so that it is never 0 and an answer counts on a later connection too. An answer with
//!   one of the words in `errors` refuses, any other confirms. An answer with flag 0 is about nothing, unless the operator says that
//!   the device answers everything so (`flag_zero`). The raw answer is kept as `command_answer`.
//! * A command is written once per attempt: nothing tells a device that it is a repeat.
//! * A heartbeat is answered at once: the answer says that the connection lives, not that its state was stored.
//! * Address requests (17, 1A, 97) would put a text into an SMS to a telephone, not on a display: not answered.
//! * Tolerated: a wrong checksum (the packet is dropped), a wrong length (the packet ends before the next start bits behind stop
//!   bits), line ends and zeros between packets.
//! * Clocks run in UTC, unless `time_offset` says otherwise: the zone that some logins carry says how the device shows the time,
//!   not how it sends it.

mod decode;
mod encode;
mod explain;
mod frame;
mod message;
mod models;
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
pub(crate) struct Gt06;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "gt06",
    title: "GT06 (Concox, Jimi and clones)",
    default_port: 5023,
    identity: "IMEI",
    example_identity: "352093081234567",
    uplink_text: false,
    downlink_text: true,
    profiles: options::PROFILES,
    idle_seconds: 600,
    options: options::OPTIONS,
};

impl Protocol for Gt06 {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::Gt06Framer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::Gt06Session::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::Gt06Terminal::new(settings))
    }

    /// A connection begins with a login.
    fn detect(&self, start: &[u8]) -> Detection {
        match *start {
            [0x78] | [0x78, 0x78] | [0x78, 0x78, 0x0d..=0x20] => Detection::Maybe,
            [0x78, 0x78, 0x0d..=0x20, message::kind::LOGIN, ..] => Detection::Yes,
            _ => Detection::No,
        }
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        let settings = options::Settings::read(options);
        if !settings.has_display() {
            return Err(TextRefusal::NotSupported);
        }
        plan(&options::fit(text), settings.parts())
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        black_box(&decode::uplink(frame)?);
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
