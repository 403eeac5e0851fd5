//! Queclink @Track: vehicle and portable trackers over TCP; text to and from a terminal at the tracker's serial port.
//!
//! # Specification
//! *@Track Air Interface Protocol*, vendor manuals of two models, in the project's own digest of it (Queclink specification;
//! section numbers here are the digest's). The digest leaves the two binary forms out: their layout is taken from frames of real
//! devices and published readings of them; both checksums were recomputed on those frames. Inferred: what stands where in reports
//! that no manual was at hand for (`attributes`), which models have which password.
//!
//! # Framing
//! ```text
//! +RESP:GTxxx,version,id,name,…,send time,count$       report; +BUFF: the same, late; +ACK: answer to a command, heartbeat
//! AT+GTxxx=password,…,serial$   +SACK:count$           down
//! +RSP type mask 4 length 2 … count 2 | CRC-16 | CR LF binary (HEX); +EVT, +INF, +ACK, +HBD, … alike
//! 2B 00 length 2 flags … count 2 | CRC-8 | 24          binary (Protocol Pro); 2D: late; 2B 10: heartbeat
//! ```
//! Text has no checksum. CRC-16/CCITT-FALSE covers what stands between the four letters and the checksum, CRC-8 (polynomial 31,
//! initial FF) all before it. A text frame comes out without its `$`.
//!
//! # Messages
//! | id | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | `+ACK:GTHBD` | heartbeat | up | `session` | `+SACK:GTHBD`, at once |
//! | `+RESP`, `+BUFF` | reports | up | `blocks`, `attributes` | `+SACK:count`, after the commit |
//! | `+RESP:GTDAT`, `GTDTT` | bytes of the serial port | up | `serial` | `+SACK:count`, after the commit |
//! | `+RESP:GTDTT`, `AT+GTDAT` in hexadecimal | a Garmin navigator's packets (options `fmi`, `fmi_down`) | up, down | `navigator` | as above; the navigator |
//! | `AT+GTDAT` | text to the serial port | down | `session` | `+ACK:GTDAT` with its serial |
//! | `+ACK:GT…` | answer to a command | up | `session` | `+SACK:count` if `sack_ack` |
//! | HEX `+RSP`, `+BSP`, `+EVT`, `+BVT`, `+INF`, `+BNF` | reports | up | `hex` | `+SACK:count` if `binary_sack` |
//! | HEX, others | recognised, kept raw | up | `hex` | as above |
//! | Protocol Pro | reports, heartbeat | up | `pro` | `+SACK:count`, after the commit |
//!
//! # Rules and quirks
//! * There is no login: the first frame that names a device asks for its admission and is answered after it.
//! * The position block is found by its form, not its place: two decimals and a time of 14 digits. Accuracy 0 is an old position.
//! * The send time is UTC or local, nothing tells which: only the time of a position is used.
//! * A frame without its four hexadecimal digits of count is stored and not acknowledged: there is nothing to quote.
//! * Tolerated: a missing `$` before the next frame's head, NUL as the end, CR, LF and NUL between frames.
//! * Texts: printable ASCII, at most 100; commas and dollar signs are replaced. The acknowledgement shows that the tracker took
//!   the command, not that a terminal showed it; a wrong password gets no answer at all.
//! * With a Garmin navigator (profile `garmin`) texts both ways are its packets, and what counts as a receipt is the navigator's.
//!   No document says how its packets go down; as data in hexadecimal is a guess, which an option names.

mod attributes;
mod blocks;
mod decode;
mod encode;
mod explain;
mod frame;
mod hex;
mod message;
mod navigator;
mod options;
mod pro;
mod reader;
mod serial;
mod session;
mod terminal;
#[cfg(test)]
mod tests;

use std::hint::black_box;

use self::message::Message;
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
pub(crate) struct Queclink;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "queclink",
    title: "Queclink @Track",
    default_port: 5004,
    identity: "IMEI or MEID",
    example_identity: "864802030541624",
    uplink_text: true,
    downlink_text: true,
    profiles: options::PROFILES,
    // Two periods of the longest usual heartbeat.
    idle_seconds: 1800,
    options: options::OPTIONS,
};

impl Protocol for Queclink {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::QueclinkFramer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::QueclinkSession::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::QueclinkTerminal::new(settings))
    }

    fn detect(&self, start: &[u8]) -> Detection {
        frame::detect(start)
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        options::plan(text, options)
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        match decode::message(frame)? {
            Message::Sentence(sentence) => {
                let blocks = blocks::blocks(sentence.content());
                black_box(&attributes::attributes(&sentence, blocks.last()));
                black_box(&(blocks, sentence));
            }
            Message::Hex(frame) => {
                black_box(&hex::events(&frame));
            }
            Message::Pro(frame) if !frame.heartbeat => {
                black_box(&pro::events(&frame)?);
            }
            other => {
                black_box(&other);
            }
        }
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
