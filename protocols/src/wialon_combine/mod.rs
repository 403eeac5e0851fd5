//! Wialon Combine: the binary protocol that trackers speak to fleet platforms beside Wialon IPS, over TCP.
//!
//! # Specification
//! *Wialon Combine* 1.0.3 by Gurtam, and what is public of 1.0.4; section numbers in this folder are those of the project's own
//! digest of them: 1 packets, 2 answers, 3 login, 4 data, 5 parameters, 6 texts and commands, 7 limits. Inferred from
//! implementations rather than written: I/O, fuel, temperature, CAN, counter and ADC sub-records (4), the driver message and every way
//! in which a text goes to a device (6), the widths of value types 5 and 6, about which implementations disagree (5).
//!
//! # Framing
//! High byte first. `x*` is 1 byte, or 2 with the top bit set; `x**` is 2 bytes, or 4 with the top bit set.
//! ```text
//! 24 24 │ type* │ seq 2 │ length** │ data │ CRC-16/ARC 2     a packet of the device
//! 24 24 │ 02 │ seq 2                                         its keep-alive
//! 40 40 │ code 1 │ seq 2                                     the answer
//! 40 40 │ FF │ length** │ time 4 │ type* │ text │ CRC 2      a command to the device
//! #M#text\r\n                                                a text to a device that takes bare lines
//! ```
//! The checksum covers all before it, the head included. The head occurs inside data, so where no head follows a packet the stream is
//! lost and the connection ends.
//!
//! # Messages
//! | type | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | 0 | login | up | `session` | code 0, 1, 2, at once |
//! | 1 | data: parameters, position, I/O, picture, LBS, fuel, temperature, CAN, counters, ADC, driver code, driver message | up | `session`, `report` | code 0 after the commit, else 3 |
//! | 2 | keep-alive | up | `session` | code 0, at once |
//! | others | – | up | `session`: kept raw | code 3 |
//! | code 255 | command: a text | down | `options`, `session` | nothing |
//!
//! # Rules and quirks
//! * The first packet is a login; anything else before it: code 1 and close. Code 1 (unknown, blocked) and 2 (wrong password) close.
//! * A 64-bit id is an IMEI that has lost its leading zeros: the form with 15 digits is tried as an alias.
//! * Sub-records have no length: behind one of an unknown type (the tachograph file is one) the rest of the packet cannot be read. It
//!   is kept raw, what came before it is stored, and the packet is answered with 0, since a repeat would not help. A packet that ends
//!   inside a field is answered with 3 and nothing of it is stored.
//! * A packet that is repeated because its answer was lost is stored again; of a driver's message the host recognises the repeat by time
//!   and words. Pictures are read, counted and dropped.
//! * One server answers a driver message with code 255. That is a command to every client that knows commands, so it gets 0.
//! * No document says how a text is marked or that a device confirms one: texts are off unless option `text_downlink` names a way. Then
//!   one is outstanding per connection, and what confirms it is the next driver message that is not older than the text by more than
//!   five minutes or, by option `receipt`, the next data or keep-alive packet. Either is an inference, never a statement of the device.
//! * Line ends and `#` in a text to the device become blanks: commands are lines.
//! * Tolerated: small numbers in the wide form, strings that end with the packet instead of a NUL, bytes behind a login's password.

mod decode;
mod encode;
mod explain;
mod frame;
mod message;
mod number;
mod options;
mod report;
mod session;
mod terminal;
#[cfg(test)]
mod tests;

use std::hint::black_box;

use self::decode::Integers;
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
pub(crate) struct WialonCombine;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "wialon_combine",
    title: "Wialon Combine 1.0",
    // No port is customary; this one is beside that of Wialon IPS.
    default_port: 20333,
    identity: "IMEI or unit id",
    example_identity: "352094081234567",
    uplink_text: true,
    downlink_text: true,
    profiles: options::PROFILES,
    idle_seconds: 600,
    options: options::OPTIONS,
};

impl Protocol for WialonCombine {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::CombineFramer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::CombineSession::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::CombineTerminal::new(settings))
    }

    fn detect(&self, start: &[u8]) -> Detection {
        frame::detect(start)
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        options::Settings::read(options).plan(text)
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        let read = |integers| decode::message(frame, integers);
        let message =
            read(Integers::Document).or_else(|error| read(Integers::Exchanged).map_err(|_| error));
        black_box(&message?);
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
