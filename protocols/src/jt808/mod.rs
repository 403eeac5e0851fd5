//! JT/T 808: Chinese and exported vehicle terminals over TCP; text in both directions.
//!
//! **Specification.** JT/T 808 in its editions of 2011, 2013 and 2019; "section" below and in all files means a section of
//! this project's summary of it. Inferred, because no edition says so: that header and body edition are independent (4), which
//! answers count as receipt (15), vendors' text messages (14). What goes beyond the standard comes from published frames.
//!
//! **Framing.** Big-endian. `7E` inside is sent as `7D 02`, `7D` as `7D 01`; the checksum is the XOR of header and body.
//!
//! ```text
//! 7E │ id 2 │ properties 2 │           │ phone 6  │ serial 2 │ [total 2, index 2] │ body 0–1023 │ XOR 1 │ 7E    2011, 2013
//! 7E │ id 2 │ properties 2 │ version 1 │ phone 10 │ serial 2 │ [total 2, index 2] │ body 0–1023 │ XOR 1 │ 7E    2019
//! ```
//!
//! The framer hands out header and body, unescaped, without the checksum.
//!
//! **Messages.**
//!
//! | id | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | 0001 | general answer | up | `session/delivery` | – |
//! | 0002, 0506 | heartbeat | up | `session/uplinks` | 8001 |
//! | 0003 | logout | up | `session/admission` | 8001 |
//! | 0004, 0105, 0109 | time query | up | `session/admission` | 8004, 8005, 8109 |
//! | 0005 / 8003 | fragments wanted again | up / down | `session/delivery`, `fragments` | the fragments |
//! | 0100 | registration | up | `session/admission` | 8100 |
//! | 0102 | authentication | up | `session/admission` | 8001 |
//! | 0104, 0107, 0108, 0303, 0701 | parameters, properties, upgrade, menu choice, waybill | up | `info`, `session/uplinks` | 8001 |
//! | 0200, 0201, 0500, 0704 | locations | up | `location` | 8001 after the commit |
//! | 0900 / 8900 of the option `fmi_port` | a navigator's packets | up / down | `session/navigator` | 8001 after the commit / 0001 |
//! | 0301, 0302, 1300, 6006, 0900 types 40 and F0 | driver texts | up | `session/texts` | 8001 after the commit |
//! | 0702 | driver identity | up | `info` | 8001 after the commit |
//! | 0800, 0801 | multimedia, not stored | up | `session/uplinks` | 8001; 8800 |
//! | 0304, 0700, 0705, 0802, 0805, 0901, 1007, 6007, other 0900 | kept raw | up | `session/uplinks` | 8001 |
//! | any other | kept raw | up | `session/uplinks` | 8001 result 3, or 0 (`ack_unknown`) |
//! | 5501, 5502 | a related protocol's positions: recognised, counted, not decoded | up | `session` | – |
//! | 8300 | text | down | `session/delivery` | 0001 |
//! | 8301 | canned answers | down | `session/delivery` | 0001 |
//! | 8302 | question | down | `session/delivery` | 0001, later 0302 |
//!
//! All others of the standard's downlinks are encoded and decoded too (`message`, `encode`, `decode`); the session has no use
//! for them.
//!
//! **Rules and quirks.**
//! * A text goes out under the serial that the host persisted for it, so that a repeat is recognisable and a receipt counts
//!   after a crash ([`Receipt::Serial`](crate::Receipt::Serial)). Everything else has a counter of its own per terminal. A
//!   fragmented text (option `fragments`) needs consecutive serials, which only that counter has: its receipts are matched on
//!   the same connection only.
//! * Receipts are matched by message id and serial, loosely where exactly one text is in flight (`loose_match`): serial 0, or
//!   id 0. Fragmented: the first, the last or any fragment's serial.
//! * Unanswered texts are sent again after 10, 20 and 60 s (same bytes); after 60 s more the connection counts as dead.
//! * Answers copy the phone, version and flag bit of the last uplink. The header's form is found by length (`header`): flag
//!   bits are wrong in the field.
//! * An answer 3 to a text makes us try the other layout (type byte or not), to a question a plain text with its choices.
//! * With a Garmin navigator behind the terminal (profile `garmin`) texts both ways are its packets in transparent data, and what
//!   counts as a receipt is the navigator's; the terminal's answer to 0x8900 proves nothing.
//! * Wrong lengths, counts, broken item lists, hexadecimal phones, 7D without escape, idle and shared 7E are tolerated; each
//!   stands next to its parser with the section that knows the device.

mod decode;
mod encode;
mod explain;
mod fragments;
mod frame;
mod header;
mod info;
mod location;
mod message;
mod session;
mod settings;
mod terminal;
#[cfg(test)]
mod tests;
mod time;

use std::hint::black_box;

use self::header::Header;
use self::message::{Context, Message};
use crate::error::DecodeError;
use crate::explain::Explanation;
use crate::framing::{Framer, Limits};
use crate::options::DeviceOptions;
use crate::protocol::{Detection, Protocol, ProtocolInfo};
use crate::session::Session;
use crate::terminal::{Terminal, TerminalSettings};
use crate::text::{TextPlan, TextRefusal};

/// The protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jt808;

const INFO: ProtocolInfo = ProtocolInfo {
    name: "jt808",
    title: "JT/T 808",
    // No port is registered. 808 needs privileges; this is what the most common open tracking server uses (section 0).
    default_port: 5015,
    identity: "phone",
    example_identity: "13912345678",
    uplink_text: true,
    downlink_text: true,
    profiles: settings::PROFILES,
    idle_seconds: 180,
    options: settings::OPTIONS,
};

impl Protocol for Jt808 {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::Jt808Framer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::Jt808Session::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::Jt808Terminal::new(&settings))
    }

    fn detect(&self, start: &[u8]) -> Detection {
        frame::detect(start)
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        settings::plan(text, options)
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        let (header, body) = Header::parse(frame, None)?;
        if header.encrypted() || header.fragment.is_some() {
            return Ok(());
        }
        let style = header.address.style;
        let context = Context { style, edition: style.usual_edition() };
        match decode::message(&header, body, context)? {
            Message::Location(location) | Message::LocationAnswer { location, .. } => {
                location.read()
            }
            Message::Batch(batch) => batch.locations().for_each(|location| location.read()),
            other => {
                black_box(&other);
            }
        }
        black_box(header);
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
