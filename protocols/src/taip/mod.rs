//! TAIP: the printable protocol that Trimble began and makers of Latin America extended, over TCP; texts to and from a terminal
//! in the cab.
//!
//! # Specification
//! *Trimble ASCII Interface Protocol* and vendor manuals of two generations, in the project's own digest of them (TAIP
//! specification; section numbers here are the digest's), and for Garmin navigators FMI carriers specification, section 5.
//! Inferred: that the echo of a text travels to the platform (4), the order of date digits in `RUV`, what the fields of `RUS` are.
//!
//! # Framing
//! ```text
//! >qualifier command data;tag;…;#index;*checksum<      outside of > and < nothing has meaning
//! ```
//! The checksum is the XOR of all from `>` on, in two digits: through the `*` (rule A) or up to it (rule B); it may be missing. A
//! frame comes out without `>` and `<`.
//!
//! # Messages
//! | id | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | `REV`, `RPV`, `RGP`, `RPI`, `RCQ`, `RUS`, `RUV` | positions | up | `report` | `SAK`, `ACK` or the bare identity, after the commit |
//! | `RAL`, `RCP`, `RLN` | nothing that is used | up | `session` | the same |
//! | `RTX` | text of the terminal, or the echo of one to it | up | `session` | `SAK`, `ACK` if it has an index |
//! | `STX` | text to the terminal | down | `session` | `RTX` with the same text, or see below |
//! | `RER` | error | up | `session` | – |
//! | `QID`, `RID` | identity | down, up | `session` | – |
//! | `QVR`, `RVR` | probe | down, up | `session` | – |
//! | `RFM`, `SFM` | a Garmin navigator's packets | up, down | `garmin`, `session`; without option `fmi` kept as they are | `SAK`, `ACK` if it has an index; the navigator |
//! | others | kept raw | up | `session` | `SAK`, `ACK` if it has an index |
//!
//! # Rules and quirks
//! * There is no login: the first frame with an identity asks for its admission, with its password if it has one (`KY=`). Three
//!   frames without an identity make us ask `QID`.
//! * An index that begins with `#IP` is answered by `SAK` without a checksum, any other by `ACK` with one, by the rule that the
//!   device uses. Reports without an index are answered by the identity alone.
//! * A frame whose checksum fits neither rule is ignored; the connection is kept.
//! * One text is under way at a time. An echo confirms it, `RER` refuses it. After 20 s without either a probe goes out; the
//!   stream is ordered, so its answer shows that the device has read the text, which counts if `probe_receipt` says so. An echo
//!   cannot be told from a driver who types the same words.
//! * Speeds are miles per hour, in `RUV` km/h. Weeks count from 1980, leap seconds are left out; a date more than 15 years back is
//!   moved by 1024 weeks if that does not bring it into the future.
//! * With a Garmin navigator (profile `garmin`) texts both ways are its packets, and what counts as a receipt is the navigator's.
//! * Tolerated: a missing `<` before the next `>`, index and checksum without `;` between them.

mod decode;
mod encode;
mod escape;
mod explain;
mod frame;
mod garmin;
mod message;
mod options;
mod report;
mod session;
mod terminal;
#[cfg(test)]
mod tests;
mod time;

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
pub(crate) struct Taip;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "taip",
    title: "TAIP",
    // What the most common open tracking server uses; no manual names one.
    default_port: 5031,
    identity: "identity (ID=), an IMEI on newer devices",
    example_identity: "356612020083541",
    uplink_text: true,
    downlink_text: true,
    profiles: options::PROFILES,
    idle_seconds: 1200,
    options: options::OPTIONS,
};

impl Protocol for Taip {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::TaipFramer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::TaipSession::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::TaipTerminal::new(settings))
    }

    fn detect(&self, start: &[u8]) -> Detection {
        frame::detect(start)
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        options::plan(text, options)
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        let message = decode::message(frame)?;
        if let Some(report) = report::report(&message, None) {
            black_box(&report?);
        }
        black_box(&message);
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
