//! Galileosky: trackers of one maker over TCP, as tagged records; commands down, and a Garmin navigator behind the tracker.
//!
//! # Specification
//! *GalileoSky GLONASS/GPS v5.1 (firmware 223), user's manual*, chapter 12, in the project's own digest of it (FMI carriers
//! specification, section 4); sections named in this folder are those of the digest. From frames of real devices and an open
//! tracking server rather than from the manual: the checksum's polynomial, the lengths of tags above 0x80, the extended tag FE,
//! compressed packets, what answers a photo, the packets of a satellite modem. Inferred: Garmin packets towards the device.
//!
//! # Framing
//! ```text
//! 01 | archive 1 bit, length 15 bits LE | tags … | CRC-16/MODBUS LE     records; a command; the answer to a command
//! 06 | length 2 LE | Garmin FMI bytes            | CRC                  both ways
//! 07 | length 2 LE | part 1, picture bytes       | CRC
//! 08 | length 2 LE | compressed records          | CRC
//! 02 | CRC of the packet that is confirmed                              both ways, three bytes
//! tag = id 1 | value, whose length the id decides
//! ```
//! The checksum covers everything from the header on. A frame is a whole packet: its checksum is what the answer quotes.
//!
//! # Messages
//! | id | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | 01 | head packet: IMEI (03), number (04), versions | up | `session`, `report` | 02 and its checksum, after the commit |
//! | 01 | records | up | `session`, `report` | 02 and its checksum, after the commit |
//! | 01 with E0, E1 | command | down | `session` | the same with E0 quoted |
//! | 01 with E0, E1 | answer to a command | up | `session` | 02 and its checksum, after the commit |
//! | 06 | a Garmin navigator's packets | both | `garmin`; without option `fmi` kept as they are | nothing; the navigator |
//! | 07 | part of a photo | up | `session`: read, counted, dropped | 07 and its checksum (option `photo_ack`) |
//! | 08 | compressed records | up | `session`, `report` | 02 and its checksum, after the commit |
//! | 02 | confirmation | both | `terminal` | – |
//!
//! # Rules and quirks
//! * The first packet with an IMEI, or failing that with a device number, decides who it is; its records wait for the admission
//!   and are acknowledged like all others. Packets before it are not.
//! * What is not stored is not answered: the device repeats the packet.
//! * Tags ascend within a record, so a tag that does not begins the next one.
//! * Tags have no length on the wire. What stands behind a tag that this project does not know is kept raw and acknowledged:
//!   otherwise the device would repeat it for ever.
//! * The tracker has no display. A text travels as a command, and only to devices whose profile says that something behind the
//!   tracker shows it (option `display`). The answer with its number confirms it, unless its first word says otherwise.
//! * A text is not repeated on the same connection: the tracker would carry the command out twice.
//! * With a Garmin navigator (profile `garmin`) texts both ways are its packets, and what counts as a receipt is the navigator's.
//! * A satellite modem's packets (big-endian length, 01 00 1C behind it) have no checksum; they are recognised and rejected.

mod decode;
mod encode;
mod explain;
mod frame;
mod garmin;
mod message;
mod options;
mod report;
mod session;
mod tags;
mod terminal;
#[cfg(test)]
mod tests;

use std::hint::black_box;

use self::message::Packet;
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
pub(crate) struct Galileosky;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "galileosky",
    title: "Galileosky",
    // What the most common open tracking server uses; the manual leaves it to the operator.
    default_port: 5034,
    identity: "IMEI",
    example_identity: "868345032065000",
    uplink_text: true,
    downlink_text: true,
    profiles: options::PROFILES,
    idle_seconds: 900,
    options: options::OPTIONS,
};

impl Protocol for Galileosky {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::GalileoskyFramer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::GalileoskySession::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::GalileoskyTerminal::new(&settings))
    }

    fn detect(&self, start: &[u8]) -> Detection {
        frame::detect(start)
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        options::plan(text, options)
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        match decode::packet(frame)? {
            Packet::Main(main) => main.tags.iter().for_each(report::read_tag),
            Packet::Compressed { records, .. } => {
                for record in &records {
                    black_box(record.minimal);
                    record.tags.iter().for_each(report::read_tag);
                }
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
