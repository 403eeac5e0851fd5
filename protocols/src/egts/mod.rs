//! EGTS (ERA-GLONASS telematics standard): binary, over TCP; on-board units of Russian fleets and the platforms between them;
//! texts go both ways.
//!
//! # Specification
//! GOST R 54619-2011, GOST 33472-2015, GOST R 56361-2015 and Order 285 of the Russian Ministry of Transport (2012); section
//! numbers in this folder are those of the project's own digest of them. Inferred, because no standard says so: what makes a text
//! delivered (7.3), the byte order of UCS2 (7), which identity counts (5.1), what to do after a damaged header (2.1). Nobody
//! has published a captured driver text; COMMANDS is built from the standards and checked against independent codecs.
//!
//! # Framing
//! Little-endian. The header has a CRC-8, the body, if there is any, a CRC-16.
//!
//! ```text
//! 01 │ key 1 │ flags 1 │ HL 1 │ HE 1 │ body length 2 │ PID 2 │ type 1 │ [from 2, to 2, hops 1] │ CRC-8 │ body │ CRC-16 2
//! RESPONSE:         PID 2 │ result 1 │ records         APPDATA: records         SIGNED_APPDATA: length 2 │ signature │ records
//! record:           RL 2 │ RN 2 │ flags 1 │ [OID 4] │ [EVID 4] │ [TM 4] │ SST 1 │ RST 1 │ sub-records, RL bytes
//! sub-record:       SRT 1 │ SRL 2 │ SRL bytes
//! ```
//!
//! # Messages
//! | service, type | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | – | RESPONSE | both | `session/delivery` | – |
//! | – | APPDATA without a body: sign of life | up | `session` | RESPONSE |
//! | any, 0 | RECORD_RESPONSE | both | `session/delivery` | – |
//! | 1, 1 | TERM_IDENTITY | up | `session/admission` | RECORD_RESPONSE, then RESULT_CODE |
//! | 1, 2 and 3 | MODULE_DATA, VEHICLE_DATA | up | `session/admission`, `about` | RECORD_RESPONSE |
//! | 1, 5 | DISPATCHER_IDENTITY | up | `session/admission` | RECORD_RESPONSE, then RESULT_CODE |
//! | 1, 6 and 7 | AUTH_PARAMS, AUTH_INFO | down, up | `session/admission` | RECORD_RESPONSE, then RESULT_CODE |
//! | 1, 8 | SERVICE_INFO | both | `session/admission` | RECORD_RESPONSE |
//! | 1, 9 | RESULT_CODE | down | `session/admission` | RESPONSE |
//! | 2, 16–28 | positions and sensors | up | `report` | RECORD_RESPONSE after the commit |
//! | 4, 51 | CT_MSGTO, CT_COM | down | `session/delivery` | RECORD_RESPONSE, then CT_DELIV, CT_MSGCONF, CT_COMCONF |
//! | 4, 51 | CT_MSGFROM | up | `session/commands` | RECORD_RESPONSE after the commit, then CT_MSGCONF |
//! | 4, 51 | CT_DELIV, CT_MSGCONF, CT_COMCONF | up | `session/commands` | RECORD_RESPONSE |
//! | 4, 51 | CT_DELCOM, CT_SUBREQ | both | encoded and decoded only | – |
//! | 9, 10, and unknown types | firmware, emergency call | up | counted, not interpreted | RECORD_RESPONSE after the commit |
//!
//! # Rules and quirks
//! * The identity is the IMEI, else the unit id TID, else the VIN, else the object id OID, else the user name of AUTH_INFO; the
//!   others are aliases. A unit that sends no identity at all is who its first OID says.
//! * TERM_IDENTITY makes the connection that unit's, whatever OIDs its records carry. DISPATCHER_IDENTITY, or OIDs without any
//!   identity, make it a relay: one lane for each OID, admitted one by one. A dispatcher itself is nobody's device: it is let in,
//!   which gives it nothing, and what it presents as a password counts for each of its objects.
//! * A configured password that was not presented is asked for with AUTH_PARAMS.
//! * A packet with records of several objects has one RESPONSE, in the last of their [`Effect::Record`](crate::Effect::Record)s.
//! * A packet whose records do not fit its body is refused with 132 and not taken in part. A record with a broken sub-record is
//!   refused alone. A repeated packet is processed again: everything it can carry is recognised as a repeat further on.
//! * A text is numbered by the host's serial (CID), so a late or repeated confirmation is matched after a crash. Texts wait until
//!   the unit has answered RESULT_CODE, or has sent something that only a unit that is let in sends.
//! * A damaged header (137), a foreign one (128, 131) ends the connection once it is answered: its length cannot be trusted. A
//!   damaged body (138) does not.
//! * Encrypted (129) and compressed (132) packets are refused: the standards name no algorithm. Signatures are skipped.
//! * Routed packets are answered along the way they came. Flags SSOD, RSOD, GRP are not looked at.
//! * TID 0 without any other identity: the unit is being configured; RESULT_CODE 153, and the connection stays.

mod about;
mod charset;
mod decode;
mod encode;
mod explain;
mod frame;
mod header;
mod ids;
mod message;
mod names;
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
use crate::text::{self, TextPlan, TextRefusal};

/// The protocol.
#[derive(Debug)]
pub(crate) struct Egts;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "egts",
    title: "EGTS (ERA-GLONASS)",
    // The standards name none; this is what the most common open tracking server uses.
    default_port: 5162,
    identity: "IMEI or unit id",
    example_identity: "866104029690008",
    uplink_text: true,
    downlink_text: true,
    profiles: options::PROFILES,
    idle_seconds: 900,
    options: options::OPTIONS,
};

impl Protocol for Egts {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::EgtsFramer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::EgtsSession::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::EgtsTerminal::new(settings))
    }

    fn detect(&self, start: &[u8]) -> Detection {
        frame::detect(start)
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        let settings = options::Settings::read(options);
        if !settings.display {
            return Err(TextRefusal::NotSupported);
        }
        text::plan(text, settings.parts(text))
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        let header = decode::header(frame)?;
        if header.refusal().is_some() {
            return Ok(());
        }
        let packet = decode::packet_of(header, frame)?;
        for record in packet.body.records() {
            for raw in decode::subs(record) {
                let raw = raw?;
                match &decode::contents(record.source, &raw) {
                    Ok(sub) => {
                        black_box(sub);
                    }
                    Err(error) => {
                        return Err(decode::misfit(record.source, &raw, error.clone()));
                    }
                }
            }
        }
        black_box(&packet);
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
